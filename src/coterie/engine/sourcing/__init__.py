"""Sources at work: their rows through a mapping into the log, by a command or all the time in the server."""
