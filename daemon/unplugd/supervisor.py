"""What the program tells whoever started it as a service: systemd's notification protocol (sd_notify(3))."""

from __future__ import annotations

import os
import socket


def tell(*lines: str) -> None:
    """Send lines such as `READY=1`; without a supervisor that listens this does nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
            sender.send("\n".join(lines).encode())
    except OSError:
        # A supervisor that does not listen is no reason to stop reminding.
        return
