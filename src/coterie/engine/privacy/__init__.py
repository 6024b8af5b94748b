"""Access, erasure and retention over everything that a project keeps."""
