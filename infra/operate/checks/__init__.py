"""The checks of `guichet doctor`, by what they look at. Each yields findings."""
