"""The host name that identifies this computer in the journal."""

from __future__ import annotations

import binascii
import socket

from unplugd import account, sanitize
from unplugd.journal.station import HOST_SUBSTITUTE


def find_host_name() -> str:
    """Return the computer's name, or a substitute if it contains the user's name.

    macOS derives the computer's name from its owner's, and so do many who set up Windows.
    """
    name = sanitize.one_line(socket.gethostname())
    # Shorter words may be part of the name by chance.
    words = [
        word
        for written in account.find_names()
        for word in (written, *written.replace(",", " ").split())
        if len(word) > 2
    ]
    if any(word.lower() in name.lower() for word in words):
        return f"{HOST_SUBSTITUTE}{binascii.crc32(name.encode()):08x}"
    return name
