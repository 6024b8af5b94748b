"""The edge: HTTP in and out. ``api`` answers questions, ``collect`` takes events, ``access`` knows who may do what."""
