"""Benchmarks: ratios within one run, never asserts on milliseconds."""
