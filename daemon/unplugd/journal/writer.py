"""The journal: one JSON object a line, appended for years, read by people and by other programs."""

from __future__ import annotations

import binascii
import json
import os
import pwd
import socket
import sys
import types
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from unplugd import sanitize
from unplugd.journal.timestamps import format_timestamp
from unplugd.rules import events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping
    from pathlib import Path

    from unplugd.rules.devices import Device

SCHEMA: Final = 1
ROTATE_BYTES: Final = 8_000_000
"""Bytes after which a new file begins: about four months of a device that is always plugged in."""
MAX_ROTATED_FILES: Final = 40
"""Rotated files kept: more than ten years even so."""
MAX_WAITING_EVENTS: Final = 1000
"""Events kept while they cannot be written: three days of checkpoints."""


class JournalFile:
    """The file that lines are appended to: each by one write, what cannot be written kept and written later."""

    def __init__(
        self, path: Path, *, rotate_at: int = ROTATE_BYTES, in_memory: int = MAX_WAITING_EVENTS
    ) -> None:
        self.path = path
        self.rotate_at = rotate_at
        self.trouble: str | None = None
        self.lost = 0
        self.lost_from = self.lost_until = ""
        self._waiting: deque[str] = deque()
        self._in_memory = in_memory
        self._descriptor: int | None = None

    @property
    def waiting(self) -> int:
        """How many events could not be written yet."""
        return len(self._waiting)

    def msg(self, line: str) -> None:
        """Append one line (structlog's name for it); never raises for a disk that is full or gone."""
        self._waiting.append(line)
        while len(self._waiting) > self._in_memory:
            moment = json.loads(self._waiting.popleft())["time"]
            self.lost_from = self.lost_from or moment
            self.lost_until = moment
            self.lost += 1
        self.flush()

    info = msg

    def flush(self) -> bool:
        """Write what waits, oldest first, and return whether nothing waits any more."""
        try:
            while self._waiting:
                self._append(self._waiting[0].encode(errors="backslashreplace") + b"\n")
                self._waiting.popleft()
        except OSError as error:
            # The path is left out on purpose: it holds the user's name.
            self.trouble = error.strerror or type(error).__name__
            self.close()
            return False
        self.trouble = None
        return True

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _append(self, line: bytes) -> None:
        descriptor = self._open(len(line))
        size = os.fstat(descriptor).st_size
        if os.write(descriptor, line) != len(line):
            # A disk that is nearly full takes a part of the line: better none of it than a torn one.
            os.ftruncate(descriptor, size)
            raise OSError(28, os.strerror(28))

    def _open(self, more: int) -> int:
        if self._descriptor is not None and not self._is_current(self._descriptor):
            self.close()
        if self._descriptor is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self.path, flags, 0o600)
            self._end_torn_line(self._descriptor)
        if os.fstat(self._descriptor).st_size + more > self.rotate_at and os.fstat(self._descriptor).st_size:
            self.close()
            self._rotate()
            return self._open(more)
        return self._descriptor

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self.path.stat())
        except OSError:
            return False

    @staticmethod
    def _end_torn_line(descriptor: int) -> None:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            os.write(descriptor, b"\n")

    def _rotate(self) -> None:
        for number in range(MAX_ROTATED_FILES - 1, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number}")
            if older.exists():
                older.replace(self.path.with_name(f"{self.path.name}.{number + 1}"))
        self.path.replace(self.path.with_name(f"{self.path.name}.1"))


class Journal:
    """Where events are written. `now` is the clock that counts sleep, `wall` the wall clock, both in seconds."""

    def __init__(
        self, file: JournalFile, *, boot: str, now: Callable[[], float], wall: Callable[[], float]
    ) -> None:
        self.file = file
        self._now = now
        self._wall = wall
        host = find_host_name()

        def stamp(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
            present = now()
            at = event.pop("at", present)
            moment = format_timestamp(wall() - (present - at))
            head = {"time": moment, "event": event.pop("event"), "host": host, "boot": boot}
            return {**head, "schema": SCHEMA, "uptime": round(at, 3), **event}

        structlog = _load_structlog()
        self._log = structlog.wrap_logger(
            file,
            processors=[stamp, structlog.processors.JSONRenderer(ensure_ascii=False)],
            wrapper_class=structlog.BoundLogger,
        )

    def write(self, event: events.Event, device: Device | None = None, at: float | None = None) -> None:
        """Write one event, of `device` where it is about one, that happened `at` (None: now)."""
        about = (
            {"device": device.port, "id": device.id, "name": sanitize.one_line(device.name)} if device else {}
        )
        when = {} if at is None else {"at": at}
        self._log.info(events.NAMES[type(event)], **when, **about, **events.get_fields(event))
        self._tell_lost()

    def retry(self) -> bool:
        """Write what could not be written before and say what was lost; return whether all is written."""
        if self.file.waiting and not self.file.flush():
            return False
        self._tell_lost()
        return not self.file.waiting

    def _tell_lost(self) -> None:
        """Write what was lost, once all is written that was not."""
        if self.file.lost and not self.file.trouble:
            gap = events.Gap(self.file.lost, self.file.lost_from, self.file.lost_until)
            self.file.lost, self.file.lost_from, self.file.lost_until = 0, "", ""
            self._log.info(events.NAMES[events.Gap], **events.get_fields(gap))


def _load_structlog() -> Any:
    # structlog imports these for what unplugd's daemon never does, and they would cost that 10 MB for months: it gets an empty
    # stand-in for the time of the import only. What only reads a journal does not wait for it at all.
    stand_ins = [name for name in ("rich", "asyncio", "uuid") if name not in sys.modules]
    for name in stand_ins:
        sys.modules[name] = types.ModuleType(name)
    import structlog

    for name in stand_ins:
        del sys.modules[name]
    return structlog


def find_host_name() -> str:
    """Return what tells this computer from others: its name, or a stand-in where that holds the user's.

    macOS makes a computer's name from its owner's.
    """
    name = sanitize.one_line(socket.gethostname())
    try:
        user = pwd.getpwuid(os.getuid())
    except KeyError:
        return name
    # Shorter words are in many names by chance.
    words = [word for word in (user.pw_name, *user.pw_gecos.replace(",", " ").split()) if len(word) > 2]
    if any(word.lower() in name.lower() for word in words):
        return f"computer-{binascii.crc32(name.encode()):08x}"
    return name
