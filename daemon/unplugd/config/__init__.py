"""The configuration: settings, checks, reading and writing the file."""
