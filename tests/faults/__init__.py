"""Promises 1 to 3 as experiments: nothing lost and nothing twice, whatever fails and whenever."""
