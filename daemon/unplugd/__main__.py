"""Runs `python -m unplugd`, which is the same as the command `unplugd`."""

import sys

from unplugd.cli.dispatch import main

if __name__ == "__main__":
    sys.exit(main())
