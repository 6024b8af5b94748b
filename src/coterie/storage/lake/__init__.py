"""Delta Lake tables on a disk or in an object store: written here, read by anything that reads Delta or Parquet."""
