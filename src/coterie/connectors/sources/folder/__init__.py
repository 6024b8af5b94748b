"""Files of a folder or a bucket as a source: CSV, JSON lines, Parquet and Excel, here or in the cloud."""
