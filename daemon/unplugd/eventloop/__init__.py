"""Waiting for many things at once, in one thread."""
