"""The operator's commands: what the person who runs Guichet needs without AWS's console."""
