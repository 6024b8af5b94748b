"""Kinds of rules, one file each: the form in which a rule is written, and what it does to a value."""
