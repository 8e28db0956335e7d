"""The event loop: waits for many sources in one thread."""
