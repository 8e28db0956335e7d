"""unplugd on desktops as people have them."""
