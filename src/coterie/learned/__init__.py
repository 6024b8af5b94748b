"""Learned artefacts: what was fitted, on which data, with which seed, for how long it holds; signed files, never pickles."""
