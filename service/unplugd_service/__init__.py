"""Installs unplugd as a systemd user service or a launchd agent. All it knows about unplugd is the command to run."""
