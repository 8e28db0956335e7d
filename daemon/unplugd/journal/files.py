"""The journal's files: lists them, reads the events at the end of a file, and decodes a line into a dictionary.

When the journal is rotated, its file `events.jsonl` becomes `events-20261101T080000.123Z.jsonl`, with the time of its
first line, and never changes again, neither in name nor in content. Earlier versions numbered the rotated files instead,
from `events.jsonl.1` on, the newest first.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from unplugd import regular_file
from unplugd.journal.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator


NAME: Final = "events.jsonl"
MAX_LINE_BYTES: Final = 65_536
_DATE: Final = r"[-.]\d{4}-?\d\d-?\d\d(?:[-_T]?\d+)*"
_PACKING: Final = r"\.(?:gz|xz|bz2|zst|lz4|zip|Z)"
_ARCHIVED: Final = rf"{_DATE}|(?:\.\d+|{_DATE})?{_PACKING}"
"""What logrotate appends to a name, other than only a number."""
_NUMBERED: Final = re.compile(rf"(.+?)\.\d+|(.+\.jsonl)(?:{_ARCHIVED})", re.ASCII)
_TIMED: Final = re.compile(r"(.+?)-(\d{8}T\d{6}\.\d{3}Z)(?:_(\d+))?(\.\w+)?", re.ASCII)
"""The name of a rotated file: stem, time, a number if the time is not enough, suffix."""
_FIXED_FORM: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


def list_files(path: Path) -> list[Path]:
    """Return the journal's files, including rotated ones, oldest first; if `path` is a link, also those it leads to."""
    older = [file for name in _follow_link(path) for file in list_rotated(name)]
    return older + ([path] if path.exists() else [])


def list_archived(path: Path) -> list[Path]:
    """Return what logrotate and the like have made of the journal's files: compressed, or with a date in their names."""
    return sorted(
        file
        for name in _follow_link(path)
        for file in _list_beside(name)
        if _strip_archive(file) != file
        and strip_rotation(file) == name
        and _find_number(file, name) is None
        and not file.is_dir()
    )


def strip_rotation(path: Path) -> Path:
    """Return the path of the journal that a rotated or archived file was part of."""
    return _strip_time(_strip_archive(path))


def list_rotated(path: Path) -> list[Path]:
    """Return the files that unplugd has rotated, oldest first."""
    beside = _list_beside(path)
    numbered = [(number, file) for file in beside if (number := _find_number(file, path)) is not None]
    timed = [file for file in beside if _strip_time(file) == path]
    return [file for _, file in sorted(numbered, reverse=True)] + sorted(timed, key=_find_age)


def _follow_link(path: Path) -> list[Path]:
    """Return a path, and where it leads if it is a link."""
    return [*dict.fromkeys((path, Path(os.path.realpath(path))))] if path.is_symlink() else [path]


def find_rotated_name(path: Path, time: str) -> Path:
    """Return the name for the journal's file when it is rotated, which sorts after those of all files rotated before.

    `time` is that of its first line. If the clock was set back since, or if another file has that time, the name has the
    latest time of the others, and a number.
    """
    number = 1
    stamp = time.replace("-", "").replace(":", "")
    # What somebody has compressed keeps its name, too.
    others = [found for file in _list_beside(path) if (found := _find_age(_strip_archive(file)))[0]]
    if others and (stamp, number) <= max(others):
        stamp, number = max(others)
        number += 1
    return path.with_name(f"{path.stem}-{stamp}{f'_{number:02}' if number > 1 else ''}{path.suffix}")


def find_first_time(descriptor: int) -> str:
    """Return the time of the first line of a file, or, if there is none, of its last change, as a timestamp."""
    first, _, _ = regular_file.read_at(descriptor, MAX_LINE_BYTES, 0).partition(b"\n")
    event = decode_line(first)
    if event and _FIXED_FORM.fullmatch(event["time"]):
        return str(event["time"])
    return format_timestamp(os.fstat(descriptor).st_mtime)


def _find_number(file: Path, path: Path) -> int | None:
    """Return the number that an earlier version gave to a rotated file."""
    number = file.name[len(path.name) :].removeprefix(".")
    is_numbered = file.name.startswith(path.name) and number.isascii() and number.isdecimal()
    return int(number) if is_numbered else None


def _strip_time(path: Path) -> Path:
    found = _TIMED.fullmatch(path.name)
    return path.with_name(found[1] + (found[4] or "")) if found else path


def _strip_archive(path: Path) -> Path:
    found = _NUMBERED.fullmatch(path.name)
    return path.with_name(found[1] or found[2]) if found else path


def _find_age(path: Path) -> tuple[str, int]:
    """Return the time in the name of a rotated file, and its number among those of the same time; "" if there is none."""
    found = _TIMED.fullmatch(path.name)
    return (found[2], int(found[3] or 1)) if found else ("", 0)


def _list_beside(path: Path) -> list[Path]:
    """Return the other files whose names begin like that of `path`."""
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry in entries if entry.name.startswith((path.name, f"{path.stem}-"))]
    except OSError:
        return []
    return [path.with_name(name) for name in names if name != path.name]


def read_tail(path: Path, most: int = 4_000_000) -> Iterator[dict[str, Any]]:
    """Yield the events in the last `most` bytes of a file, skipping anything else."""
    try:
        with os.fdopen(regular_file.open_file(path), "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - most))
            if size > most:
                file.readline()
            lines = file.read(most).splitlines()
    except OSError:
        return
    for line in lines:
        event = decode_line(line)
        if event is not None:
            yield event


def decode_line(line: bytes | str) -> dict[str, Any] | None:
    """Return the event on a line, None if the line is torn, too long or not unplugd's."""
    if len(line) > MAX_LINE_BYTES:
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if (
        not isinstance(event, dict)
        or not isinstance(event.get("event"), str)
        or not isinstance(event.get("time"), str)
    ):
        return None
    return event
