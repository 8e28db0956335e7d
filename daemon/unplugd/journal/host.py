"""The host name that identifies this computer in the journal."""

from __future__ import annotations

import binascii
import os
import pwd
import socket

from unplugd import sanitize
from unplugd.journal.station import HOST_SUBSTITUTE


def find_host_name() -> str:
    """Return the computer's name, or a substitute if it contains the user's name.

    macOS derives the computer's name from its owner's.
    """
    name = sanitize.one_line(socket.gethostname())
    try:
        user = pwd.getpwuid(os.getuid())
    except KeyError:
        return name
    # Shorter words may be part of the name by chance.
    words = [word for word in (user.pw_name, *user.pw_gecos.replace(",", " ").split()) if len(word) > 2]
    if any(word.lower() in name.lower() for word in words):
        return f"{HOST_SUBSTITUTE}{binascii.crc32(name.encode()):08x}"
    return name
