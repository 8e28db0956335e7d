"""The configuration: what can be set, how it is checked, read and written."""
