"""The composition root: the only room that names every part. ``serve`` runs a project until it is told to stop."""
