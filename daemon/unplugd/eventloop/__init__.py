"""The event loop: many sources in one thread."""
