"""Clusters: groups nobody wrote down; algorithms, choice of k, validity, explanation, stable names, live assignment. Arrays in, facts out."""
