"""What a source has, read again through its mapping, against what landed of it."""
