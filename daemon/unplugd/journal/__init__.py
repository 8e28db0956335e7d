"""The journal: written by the daemon, read by people and by the review."""
