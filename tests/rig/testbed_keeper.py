"""The process behind `usb.Testbed`, run by Debian's Python: keeps a umockdev test bed until its stdin ends.

It answers what programs do with the nodes they open (reads, writes, ioctls) and removes the folder at the end.
"""

import sys

import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import UMockdev  # noqa: E402 - gi wants the version first


def main() -> None:
    """Say where the test bed is, and keep it."""
    testbed = UMockdev.Testbed.new()
    print(testbed.get_root_dir(), flush=True)
    sys.stdin.read()


main()
