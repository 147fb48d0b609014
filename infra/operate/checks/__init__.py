"""The checks of `guichet doctor`, by subject. Each yields findings."""
