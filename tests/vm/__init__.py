"""unplugd in a virtual machine: a real kernel's USB devices, a real systemd, a real user session."""
