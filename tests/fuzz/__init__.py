"""Arbitrary bytes wherever something from outside comes in: `python -m tests.fuzz`."""
