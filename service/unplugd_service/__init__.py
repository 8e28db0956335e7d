"""Runs unplugd as a systemd user service or a launchd agent. Knows the command to run, and nothing else of unplugd."""
