"""Features: what is measured of every customer as of an instant, as data, and how it becomes numbers that a model can use."""
