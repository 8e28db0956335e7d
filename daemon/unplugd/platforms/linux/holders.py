"""Finds the processes that hold device nodes open, and running upload software, in Linux's /proc."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from unplugd.platforms import processes
from unplugd.platforms.linux.mounts import Mounts
from unplugd.platforms.shortage import raise_shortage
from unplugd.rules import uploaders

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from unplugd.rules.model import Running
    from unplugd.rules.uploaders import Uploader

NO_USB: Final = ("/dev/pts/", "/dev/dri/", "/dev/null", "/dev/urandom")
"""What many processes have open below /dev, and what is never a USB device."""


@dataclass(frozen=True, slots=True)
class OpenNodes:
    """The processes that hold each node; `blind`: not even the user's own processes may be inspected."""

    pids: dict[str, tuple[int, ...]]
    blind: bool


def find_holders(
    nodes: Iterable[str], proc: str = "/proc", skip: dict[str, tuple[int, int]] | None = None
) -> OpenNodes:
    """Return the processes, other than this one, that have any of `nodes` open.

    Only the user's own processes can be inspected. A node is identified by its device number or its inode, not by its
    path: a container sees the same device under another name. `skip` is a cache kept by the caller: the processes that
    held none of the nodes, with the inode and size of their fd folder; they are skipped while both are unchanged.
    OSError in a shortage.
    """
    wanted: dict[tuple[int, int, int], str] = {}
    for node in nodes:
        try:
            status = os.stat(node)
        except OSError:
            continue
        wanted.update(dict.fromkeys(_device_keys(status), node))
    found: dict[str, list[int]] = {}
    without: dict[str, tuple[int, int]] = {}
    mounts = Mounts(proc)
    inspected = denied = 0
    me = os.getpid()
    uid = os.geteuid()
    for entry in os.listdir(proc):
        if not entry.isdigit() or int(entry) == me:
            continue
        folder = f"{proc}/{entry}/fd"
        try:
            status = os.stat(folder)
            # Since Linux 6.2 the size is the number of open descriptors; before that, it is always 0.
            mark = (status.st_ino, status.st_size)
            if skip is not None and status.st_size and skip.get(entry) == mark:
                without[entry] = mark
                inspected += 1
                continue
            held = _find_open(entry, folder, wanted, mounts)
        except PermissionError:
            denied += _is_owned_by(f"{proc}/{entry}", uid)
            continue
        except OSError as error:
            raise_shortage(error)
            continue
        inspected += 1
        if not held:
            without[entry] = mark
        for node in held:
            found.setdefault(node, []).append(int(entry))
    if skip is not None:
        skip.clear()
        skip.update(without)
    return OpenNodes({node: tuple(pids) for node, pids in found.items()}, blind=denied > 0 and not inspected)


def _find_open(pid: str, folder: str, wanted: Mapping[tuple[int, int, int], str], mounts: Mounts) -> set[str]:
    found: set[str] = set()
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for descriptor in os.listdir(opened) if wanted else ():
            try:
                target = os.readlink(descriptor, dir_fd=opened)
                # Most are sockets, pipes and regular files; the path of a device node contains "/dev/". So does that of
                # a file in somebody's folder "dev", and a stat of one on a dead network mount would hang for ever.
                if "/dev/" not in target or target.startswith(NO_USB) or not mounts.is_local(pid, descriptor):
                    continue
                keys = _device_keys(os.stat(descriptor, dir_fd=opened))
            except OSError as error:
                raise_shortage(error)
                continue
            found.update(wanted[key] for key in keys if key in wanted)
    finally:
        os.close(opened)
    return found


def _device_keys(status: os.stat_result) -> tuple[tuple[int, int, int], ...]:
    """Return the keys that identify a node: its inode, and its device number if it is a character device."""
    inode = (0, status.st_dev, status.st_ino)
    return (inode, (1, status.st_rdev, 0)) if stat.S_ISCHR(status.st_mode) else (inode,)


def _is_owned_by(folder: str, uid: int) -> bool:
    try:
        return os.stat(folder).st_uid == uid
    except OSError:
        return False


def find_running(software: Sequence[Uploader], proc: str = "/proc") -> Running | None:
    """Return, of the upload software that is running, the one that started first; None if none is running.

    Its start is on the clock that counts sleep. OSError in a shortage.
    """
    alone = [uploader for uploader in software if uploader.alone]
    first: Running | None = None
    for pid in _find_candidates(alone, proc):
        import psutil

        try:
            process = psutil.Process(pid)
            program = processes.read_program(process)
            uploader = uploaders.find_uploader(program, alone)
            if uploader is None:
                continue
            started = _read_start(pid, proc)
        except (psutil.Error, OSError, ValueError, IndexError) as error:
            raise_shortage(error)
            continue
        if first is None or started < first.started:
            first = processes.describe_running(uploader, program, started)
    return first


def _find_candidates(software: Sequence[Uploader], proc: str) -> list[int]:
    """Return the processes whose names may match `software`, with one short read per process."""
    # Many processes share a name, so each name is matched only once.
    matches: dict[bytes, bool] = {}
    found = []
    for entry in os.listdir(proc):
        if not entry.isdigit():
            continue
        try:
            descriptor = os.open(f"{proc}/{entry}/comm", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise_shortage(error)
            continue
        try:
            name = os.read(descriptor, 64).rstrip(b"\n")
        except OSError:
            continue
        finally:
            os.close(descriptor)
        if name not in matches:
            matches[name] = uploaders.may_match(os.fsdecode(name), software)
        if matches[name]:
            found.append(int(entry))
    return found


def _read_start(pid: int, proc: str) -> float:
    """Return when a process started, in seconds on the clock that counts sleep."""
    # Field 22 counts from boot, including sleep; psutil only has the start on the wall clock, which people set.
    with open(f"{proc}/{pid}/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[19]) / float(os.sysconf("SC_CLK_TCK"))
