"""Validity: how compact and how far apart clusters are, by the usual indices."""
