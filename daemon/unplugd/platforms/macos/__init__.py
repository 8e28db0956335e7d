"""macOS: the I/O Registry, run loop announcements, an applet. `platform.MacOS` puts them together."""
