"""The exit codes of all commands other than 0. Click also uses 2 for wrong usage."""

INCOMPLETE, INVALID, UNAVAILABLE, INTERRUPTED = 1, 2, 3, 130
