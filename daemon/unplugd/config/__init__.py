"""The configuration: the settings, how they are checked, and how the file is read and written."""
