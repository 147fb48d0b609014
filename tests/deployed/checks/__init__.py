"""What is checked of a deployed stack, by who does it. A check is a function: its name is what it shows."""
