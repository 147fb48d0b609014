"""Promises 1 to 3 as experiments: nothing is lost and nothing happens twice, whatever fails and whenever."""
