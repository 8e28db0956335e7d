"""Writes the journal: one JSON object per line, appended for years, read by people and programs.

`Journal` formats events as lines, adding the time, the host and the boot. `JournalFile` appends lines to the file, each
with a single write, so that a reader never sees half a line. While the disk is full or missing, lines wait in memory;
if there are too many, the oldest are dropped, and a `gap` event later says how many.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
import types
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from unplugd import private_folder, regular_file, sanitize
from unplugd.clock_offset import read_offset
from unplugd.errors import advise
from unplugd.journal.files import find_first_time, find_rotated_name, list_rotated
from unplugd.journal.host import find_host_name
from unplugd.journal.station import UNKNOWN, Station
from unplugd.journal.timestamps import format_timestamp
from unplugd.rules.events import NAMES, Event, Gap, get_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping
    from pathlib import Path

    from unplugd.rules.devices import Device

SCHEMA: Final = 1
ROTATE_BYTES: Final = 8_000_000
"""Maximum size of a file, reached after about four months with a device that is always plugged in."""
MAX_ROTATED_FILES: Final = 40
"""Maximum number of rotated files, enough for more than ten years."""
MAX_WAITING_EVENTS: Final = 1000
"""Maximum number of events kept while they cannot be written: three days of checkpoints."""


class JournalFile:
    """The file. `error` says why the last write failed, `hint` what to do; `lost` is the number of dropped lines."""

    def __init__(
        self, path: Path, *, rotate_at: int = ROTATE_BYTES, max_waiting: int = MAX_WAITING_EVENTS
    ) -> None:
        self.path = path
        self._place = path
        """Where the file is: elsewhere if `path` is a link, which it stays."""
        self.rotate_at = rotate_at
        self.error: str | None = None
        self.hint: str | None = None
        self.lost = 0
        self.lost_from = self.lost_until = ""
        self._waiting: deque[str] = deque()
        self._max_waiting = max_waiting
        self._descriptor: int | None = None

    @property
    def waiting(self) -> int:
        """The number of events that could not be written yet."""
        return len(self._waiting)

    def msg(self, line: str) -> None:
        """Append a line; a full or missing disk raises no error. The name is structlog's."""
        self._waiting.append(line)
        while len(self._waiting) > self._max_waiting:
            moment = json.loads(self._waiting.popleft())["time"]
            self.lost_from = self.lost_from or moment
            self.lost_until = moment
            self.lost += 1
        self.flush()

    info = msg

    def flush(self) -> bool:
        """Write the waiting lines, oldest first; return whether all were written."""
        try:
            while self._waiting:
                self._append(self._waiting[0].encode(errors="backslashreplace") + b"\n")
                self._waiting.popleft()
        except OSError as error:
            # Leave out the path, which contains the user's name.
            self.error = error.strerror or type(error).__name__
            self.hint = advise(error, self.path)
            self.close()
            return False
        self.error = self.hint = None
        return True

    def close(self) -> None:
        """Close the file; the next write opens it again."""
        if self._descriptor is not None:
            # Network file systems report only now that the disk is full. The descriptor is closed all the same.
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    def _append(self, line: bytes) -> None:
        descriptor = self._open(len(line))
        size = os.fstat(descriptor).st_size
        if os.write(descriptor, line) != len(line):
            # A nearly full disk may take only part of the line. No line is better than a torn one.
            os.ftruncate(descriptor, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _open(self, line_bytes: int) -> int:
        if self._descriptor is not None and not self._is_current(self._descriptor):
            self.close()
        if self._descriptor is None:
            self._descriptor = self._open_file()
        size = os.fstat(self._descriptor).st_size
        if size and size + line_bytes > self.rotate_at:
            self._rotate(self._descriptor)
            self._descriptor = self._open_file()
        return self._descriptor

    def _open_file(self) -> int:
        private_folder.make(self.path.parent)
        self._place = private_folder.resolve(self.path)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        descriptor = regular_file.open_file(self._place, flags)
        self._end_torn_line(descriptor)
        return descriptor

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self.path.stat())
        except OSError:
            return False

    @staticmethod
    def _end_torn_line(descriptor: int) -> None:
        size = os.fstat(descriptor).st_size
        if size and regular_file.read_at(descriptor, 1, size - 1) != b"\n":
            os.write(descriptor, b"\n")

    def _rotate(self, descriptor: int) -> None:
        """Close the file, give it the name that it keeps, if that is possible, and remove the oldest rotated ones."""
        first = find_first_time(descriptor)
        # Windows renames no file that is open.
        self.close()
        try:
            self._place.rename(find_rotated_name(self._place, first))
        except OSError:
            # A file that is too long is better than no journal.
            return
        for older in list_rotated(self._place)[:-MAX_ROTATED_FILES]:
            with contextlib.suppress(OSError):
                older.unlink()


class Journal:
    """Writes events. `now` is the clock that counts sleep, `wall` the wall clock, both in seconds."""

    def __init__(
        self,
        file: JournalFile,
        *,
        boot: str,
        now: Callable[[], float],
        wall: Callable[[], float],
        station: Station = UNKNOWN,
    ) -> None:
        self.file = file
        host = find_host_name()
        stand_ins = {name: value for name, value in station._asdict().items() if value}

        def stamp(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
            at = event.pop("at", now())
            moment = format_timestamp(at + read_offset(wall, now))
            head = {"time": moment, "event": event.pop("event"), "host": host, "boot": boot}
            return {**head, "schema": SCHEMA, "uptime": round(at, 3), **stand_ins, **event}

        structlog = _load_structlog()
        self._log = structlog.wrap_logger(
            file,
            processors=[stamp, structlog.processors.JSONRenderer(ensure_ascii=False)],
            wrapper_class=structlog.BoundLogger,
        )

    def write(self, event: Event, device: Device | None = None, at: float | None = None) -> None:
        """Write an event that happened at the time `at` (None: now), with the device it is about."""
        about = (
            {"device": device.port, "id": device.id, "name": sanitize.one_line(device.name)} if device else {}
        )
        when = {} if at is None else {"at": at}
        self._log.info(NAMES[type(event)], **when, **about, **get_fields(event))
        self._write_gap()

    def retry(self) -> bool:
        """Write the waiting lines, and a gap if any were lost; return whether everything was written."""
        if self.file.waiting and not self.file.flush():
            return False
        self._write_gap()
        return not self.file.waiting

    def _write_gap(self) -> None:
        """Record how many events were lost, once the file can be written again."""
        if self.file.lost and not self.file.error:
            gap = Gap(self.file.lost, self.file.lost_from, self.file.lost_until)
            self.file.lost, self.file.lost_from, self.file.lost_until = 0, "", ""
            self._log.info(NAMES[Gap], **get_fields(gap))


def _load_structlog() -> Any:
    # structlog imports these for features that the daemon does not use, and they would take 10 MB all the time. During
    # the import they are replaced by empty modules. Commands that only read a journal do not load structlog at all.
    stand_ins = [name for name in ("rich", "asyncio", "uuid") if name not in sys.modules]
    for name in stand_ins:
        sys.modules[name] = types.ModuleType(name)
    import structlog

    for name in stand_ins:
        del sys.modules[name]
    return structlog
