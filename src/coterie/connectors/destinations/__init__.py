"""Destinations: where deliveries go. One file for each kind."""
