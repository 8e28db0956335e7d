"""macOS: the I/O Registry, its announcements, and an applet for notifications. `platform.MacOS` combines them."""
