"""The journal's files: lists them, reads the events at the end of a file, and decodes a line into a dictionary."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from unplugd import regular_file

if TYPE_CHECKING:
    from collections.abc import Iterator


NAME: Final = "events.jsonl"
MAX_LINE_BYTES: Final = 65_536
_DATE: Final = r"-\d{8}(?:-?\d+)*"
_PACKING: Final = r"\.(?:gz|xz|bz2|zst)"
_ARCHIVED: Final = re.compile(rf"{_DATE}|(?:\.\d+|{_DATE})?{_PACKING}", re.ASCII)
"""What logrotate appends to a name, other than only a number."""
_ROTATED: Final = re.compile(rf"(.+?)\.\d+|(.+\.jsonl)(?:{_ARCHIVED.pattern})", re.ASCII)


def list_files(path: Path) -> list[Path]:
    """Return the journal's files, including rotated ones, oldest first; if `path` is a link, also those it leads to."""
    place = Path(os.path.realpath(path)) if path.is_symlink() else path
    older = [file for name in dict.fromkeys((path, place)) for file in _list_rotated(name)]
    return older + ([path] if path.exists() else [])


def list_archived(path: Path) -> list[Path]:
    """Return what logrotate and the like have made of the journal's files: compressed, or with a date in their names."""
    names = [path, Path(os.path.realpath(path))] if path.is_symlink() else [path]
    return sorted(
        file
        for name in names
        for file in _list_beside(name)
        if _ARCHIVED.fullmatch(file.name, len(name.name)) and not file.is_dir()
    )


def strip_rotation(path: Path) -> Path:
    """Return the path of the journal that a rotated or archived file was part of."""
    found = _ROTATED.fullmatch(path.name)
    return path.with_name(found[1] or found[2]) if found else path


def _list_rotated(path: Path) -> list[Path]:
    numbered = []
    for rotated in _list_beside(path):
        number = rotated.name[len(path.name) :].removeprefix(".")
        if number.isascii() and number.isdecimal():
            numbered.append((int(number), rotated))
    return [rotated for _, rotated in sorted(numbered, reverse=True)]


def _list_beside(path: Path) -> list[Path]:
    """Return the files whose names are longer than that of `path`."""
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(path.name)]
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
