"""The command line: one module a command, named like it. The only place that prints."""

from unplugd.cli.dispatch import main

__all__ = ["main"]
