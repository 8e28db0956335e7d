"""Arbitrary bytes as journals, through all that reads them: `python -m tests.fuzz [seconds]`."""
