"""Drift: how far the present is from what a segment or a model was made on. Effect sizes first; tests are there for who asks."""
