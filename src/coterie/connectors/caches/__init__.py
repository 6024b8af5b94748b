"""Caches from which other programs read segments and traits: one file per kind of server, one way to speak to them."""
