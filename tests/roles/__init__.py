"""Least privilege: what the other tests saw the functions ask of AWS, held against their roles."""
