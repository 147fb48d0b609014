"""What the functions are measured against. Each is deployed as one file with its requirements."""
