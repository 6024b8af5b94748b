"""Rules by which values are made normal, and the catalogue of every field with its lineage. Pure: files are read elsewhere."""
