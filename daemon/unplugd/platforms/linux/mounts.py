"""Tells which open files can be examined without waiting for a server or another program."""

from __future__ import annotations

from typing import Final

LOCAL: Final = frozenset(
    (
        "devtmpfs",
        "tmpfs",
        "ramfs",
        "ext2",
        "ext3",
        "ext4",
        "btrfs",
        "xfs",
        "f2fs",
        "bcachefs",
        "zfs",
        "overlay",
    )
)
"""The kernel's own filesystems that device nodes are on. Of a file on any other, such as NFS or FUSE, even the kind may
have to be asked of a server that never answers."""


class Mounts:
    """The mounts that processes have files open on; it is only valid for one scan, since mount ids are reused."""

    def __init__(self, proc: str = "/proc") -> None:
        self._proc = proc
        self._types: dict[str, str] = {}
        """The filesystem's type of each mount id."""
        self._read: set[str] = set()
        """The processes whose mounts are in `_types`."""

    def is_local(self, pid: str, descriptor: str) -> bool:
        """Return whether a process's open file is on a `LOCAL` filesystem; False if it cannot be told.

        OSError if the process or the descriptor is gone. The kernel answers this by itself.
        """
        # A driver may add lines of its own, with names that programs give and that may be any bytes.
        with open(f"{self._proc}/{pid}/fdinfo/{descriptor}", "rb") as file:
            mount = next((line.split()[1] for line in file if line.startswith(b"mnt_id:")), b"").decode()
        # A program in a container has mounts of its own, but may have been handed a file from outside.
        for owner in ("self", pid):
            if mount not in self._types and owner not in self._read:
                self._read.add(owner)
                self._read_types(owner)
        return self._types.get(mount) in LOCAL

    def _read_types(self, owner: str) -> None:
        with open(f"{self._proc}/{owner}/mountinfo", "rb") as file:
            for line in file:
                # The number of fields before the hyphen varies.
                mount, _, kind = line.decode(errors="replace").partition(" - ")
                self._types[mount.partition(" ")[0]] = kind.partition(" ")[0]
