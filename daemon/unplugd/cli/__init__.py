"""The command line: one module per command, named after it. Only this package prints."""

from unplugd.cli.dispatch import main

__all__ = ["main"]
