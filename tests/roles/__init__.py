"""Least privilege: the functions' requests to AWS in the other tests, compared with their roles."""
