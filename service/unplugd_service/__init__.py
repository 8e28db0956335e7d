"""How the desktop runs unplugd as a service."""
