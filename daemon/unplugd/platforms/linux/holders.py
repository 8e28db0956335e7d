"""Which processes hold a device's nodes open, and the upload software that runs, from Linux's /proc."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unplugd.platforms import processes
from unplugd.rules import uploaders

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from unplugd.rules.uploaders import Uploader


@dataclass(frozen=True, slots=True)
class OpenNodes:
    """Which processes hold which of the wanted nodes; `blind` where not even one's own processes may be seen."""

    pids: dict[str, tuple[int, ...]]
    blind: bool


def find_holders(
    nodes: Iterable[str], proc: str = "/proc", passed: dict[str, tuple[int, int]] | None = None
) -> OpenNodes:
    """Return the processes that have one of `nodes` open.

    Only the user's own processes tell. A node is recognised by its device number or its inode, not by its path: a
    container sees the same device under another name. `passed` is the caller's: it remembers the processes that held
    none of the nodes, by inode and number of descriptors, and they are passed over as long as these are the same.
    """
    wanted: dict[tuple[int, int, int], str] = {}
    for node in nodes:
        try:
            status = os.stat(node)
        except OSError:
            continue
        wanted.update(dict.fromkeys(_identities(status), node))
    found: dict[str, list[int]] = {}
    marks: dict[str, tuple[int, int]] = {}
    seen_own = own = 0
    me = os.getpid()
    uid = os.geteuid()
    for entry in os.listdir(proc):
        if not entry.isdigit() or int(entry) == me:
            continue
        folder = f"{proc}/{entry}/fd"
        try:
            status = os.stat(folder)
            # Since Linux 6.2 the size is the number of open descriptors; before that it is 0 and says nothing.
            mark = (status.st_ino, status.st_size)
            if passed is not None and status.st_size and passed.get(entry) == mark:
                marks[entry] = mark
                seen_own += 1
                continue
            held = _among(folder, wanted)
        except PermissionError:
            own += _belongs_to(f"{proc}/{entry}", uid)
            continue
        except OSError:
            continue
        seen_own += 1
        if not held:
            marks[entry] = mark
        for node in held:
            found.setdefault(node, []).append(int(entry))
    if passed is not None:
        passed.clear()
        passed.update(marks)
    return OpenNodes({node: tuple(pids) for node, pids in found.items()}, blind=own > 0 and not seen_own)


def _among(folder: str, wanted: Mapping[tuple[int, int, int], str]) -> set[str]:
    found: set[str] = set()
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for descriptor in os.listdir(opened) if wanted else ():
            try:
                target = os.readlink(descriptor, dir_fd=opened)
                # Sockets, pipes and plain files are most of them; a device node has "/dev/" in its path somewhere.
                if "/dev/" not in target or target.startswith(("/dev/pts/", "/dev/null", "/dev/urandom")):
                    continue
                identities = _identities(os.stat(descriptor, dir_fd=opened))
            except OSError:
                continue
            found.update(wanted[key] for key in identities if key in wanted)
    finally:
        os.close(opened)
    return found


def _identities(status: os.stat_result) -> tuple[tuple[int, int, int], ...]:
    inode = (0, status.st_dev, status.st_ino)
    return (inode, (1, status.st_rdev, 0)) if stat.S_ISCHR(status.st_mode) else (inode,)


def _belongs_to(folder: str, uid: int) -> bool:
    try:
        return os.stat(folder).st_uid == uid
    except OSError:
        return False


def find_running(software: Sequence[Uploader], proc: str = "/proc") -> tuple[str, float] | None:
    """Return the upload software started last, and when: seconds on the clock that counts sleep. None if none runs.

    A child of the same program is not another start.
    """
    alone = [uploader for uploader in software if uploader.alone]
    latest: tuple[str, float] | None = None
    for pid in _named_like(alone, proc):
        import psutil

        try:
            process = psutil.Process(pid)
            uploader = uploaders.find_uploader(processes.read_program(process), alone)
            parent = process.parent() if uploader else None
            if uploader is None or (
                parent and uploaders.find_uploader(processes.read_program(parent), alone) == uploader
            ):
                continue
            started = _started(pid, proc)
        except (psutil.Error, OSError, ValueError, IndexError):
            continue
        if latest is None or started > latest[1]:
            latest = (uploader.name, started)
    return latest


def _named_like(software: Sequence[Uploader], proc: str) -> list[int]:
    """Return the processes that may be one of `software` by their names: one short read for each."""
    # Most processes share their names with others: each name is compared once.
    known: dict[bytes, bool] = {}
    found = []
    for entry in os.listdir(proc):
        if not entry.isdigit():
            continue
        try:
            descriptor = os.open(f"{proc}/{entry}/comm", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            name = os.read(descriptor, 64).rstrip(b"\n")
        except OSError:
            continue
        finally:
            os.close(descriptor)
        if name not in known:
            known[name] = uploaders.may_match(os.fsdecode(name), software)
        if known[name]:
            found.append(int(entry))
    return found


def _started(pid: int, proc: str) -> float:
    # Field 22 counts from boot, sleep included. psutil's own time is on the wall clock, which people set.
    with open(f"{proc}/{pid}/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[19]) / float(os.sysconf("SC_CLK_TCK"))
