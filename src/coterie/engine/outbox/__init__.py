"""Deliveries on their way: written in the commit that decided them, tried until they arrive or are given up."""
