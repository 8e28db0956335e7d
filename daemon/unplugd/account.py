"""The account whose process this is."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    from unplugd.win32 import advapi32, netapi32

    def find_user() -> int:
        """Return the owner that the files of this account are shown with: on Windows, every file has this one."""
        return 0

    def is_root() -> bool:
        """Whether what this process makes would be closed to the person in front: on Windows it never is."""
        return False

    def find_number() -> str:
        """Return what tells this account from any other of this computer, "" if that cannot be found out."""
        try:
            return advapi32.read_own_sid()
        except OSError:
            return ""

    def find_names() -> list[str]:
        """Return the names of the person: how the account is called, and whose it is."""
        try:
            name = os.getlogin()
            return [name, netapi32.read_full_name(name)]
        except OSError:
            return []

else:
    import pwd

    def find_user() -> int:
        """Return the owner that the files of this account are shown with."""
        return os.geteuid()

    def is_root() -> bool:
        """Whether what this process makes would be closed to the person in front."""
        return os.geteuid() == 0

    def find_number() -> str:
        """Return what tells this account from any other of this computer."""
        return str(os.getuid())

    def find_names() -> list[str]:
        """Return the names of the person: how the account is called, and whose it is; none in a container."""
        try:
            user = pwd.getpwuid(os.getuid())
        except KeyError:
            return []
        # Behind the name may be a room and telephone numbers.
        return [user.pw_name, user.pw_gecos]
