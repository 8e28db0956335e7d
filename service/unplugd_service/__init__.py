"""How the desktop runs unplugd: as a systemd user service or a launchd agent. It knows the command to run, no more."""
