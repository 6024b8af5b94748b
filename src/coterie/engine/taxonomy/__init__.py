"""The tracking plan of a project: its files, what history says about them, what broke it."""
