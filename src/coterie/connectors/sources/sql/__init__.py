"""SQL databases as sources: one file per database, and what they share."""
