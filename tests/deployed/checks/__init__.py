"""The checks of a deployed stack, by actor. A check is a function, named after what it shows."""
