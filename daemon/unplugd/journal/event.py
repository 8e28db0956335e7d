"""Decodes lines of the journal into events. Pure; no content of a line raises an error.

Whole chunks are decoded at once, directly into structs, which is much faster than `json`. That works if every line
looks as this version writes it. Otherwise the chunk is decoded line by line, and invalid data is counted.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from unplugd.journal import kinds
from unplugd.journal.files import MAX_LINE_BYTES, decode_line

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping


class JournalEvent(msgspec.Struct, gc=False):
    """The fields that the review needs; a missing text is "", a missing number -1.0. Texts are untrusted."""

    time: str
    event: str
    host: str = ""
    boot: str = ""
    schema: int = 1
    uptime: float = -1.0
    station: str = ""
    session: str = ""
    device: str = ""
    id: str = ""
    name: str = ""
    address: float = -1.0
    plugged_for: float = -1.0
    idle_for: float = -1.0
    used_for: float = -1.0
    snoozed_for: float = -1.0
    held_for: float = -1.0
    count: float = -1.0
    lost: float = -1.0
    continued: bool = False
    unseen: bool = False
    program: str = ""
    evidence: str = ""
    urgency: str = ""
    channel: str = ""
    outcome: str = ""
    devices: tuple[str, ...] = ()
    due: tuple[str, ...] | None = None
    why: str = ""
    version: str = ""


class _Known(JournalEvent, gc=False):
    # Lines of another version fail here and are then decoded one by one; usual lines need no further check.
    event: Literal[kinds.KINDS]  # type: ignore[valid-type] # msgspec takes the names, mypy wants them spelled out
    schema: Literal[1] = 1


_LINES: Final[msgspec.json.Decoder[JournalEvent]] = msgspec.json.Decoder(_Known)
_LINE: Final = msgspec.json.Decoder(JournalEvent)
MAX_DEPTH: Final = 64
"""Maximum nesting of lists and objects; unplugd's own events have one level."""
_OURS: Final = re.compile(rb'\s*\{\s*"(?:t(?:i(?:m(?:e|\Z)|\Z)|\Z)|\Z)|\s*\{\s*\Z')


def decode(chunk: bytes, notes: Counter[str]) -> tuple[list[JournalEvent], bytes]:
    """Return the events on whole lines, and exactly their lines as bytes; count in `notes` what is not an event."""
    if b"\r" in chunk:
        # JSON treats it as a space, but a terminal would overwrite the line.
        chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b" ")
    try:
        events = _LINES.decode_lines(chunk)
    except (ValueError, RecursionError):
        return _decode_by_line(chunk, notes)
    # There are as many events as lines. (Two events on one line and one on two lines also pass, which is harmless.)
    # Removing the newlines is three times as fast as counting them.
    if len(chunk) - len(chunk.replace(b"\n", b"")) == len(events) and (
        len(chunk) <= MAX_LINE_BYTES or _are_all_short(chunk)
    ):
        return events, chunk
    return _decode_by_line(chunk, notes)


def _are_all_short(chunk: bytes) -> bool:
    return max(map(len, chunk.split(b"\n"))) <= MAX_LINE_BYTES


def _decode_by_line(chunk: bytes, notes: Counter[str]) -> tuple[list[JournalEvent], bytes]:
    events: list[JournalEvent] = []
    lines: list[bytes] = []
    for line in chunk.split(b"\n"):
        whole = line.strip(b"\0\r\t ")
        if not whole:
            # After a crash there may be zero bytes in place of a line.
            notes["torn"] += b"\0" in line
            continue
        event = parse_line(whole, notes)
        if event is not None:
            if (b"NaN" in whole or b"Infinity" in whole) and (fields := parse_object(whole)):
                # Some programs write these values, but most cannot read them.
                whole = format_value(fields).encode()
            events.append(event)
            lines.append(whole)
    return events, b"".join(line + b"\n" for line in lines)


def parse_line(line: bytes, notes: Counter[str]) -> JournalEvent | None:
    """Return the event on a line, None if there is none; count in `notes` what is unusual."""
    if len(line) > MAX_LINE_BYTES:
        notes["too_long"] += 1
        return None
    try:
        event = _LINE.decode(line) if line.startswith(b"{") else None
    except (ValueError, RecursionError):
        event = None
    if event is None:
        fields = parse_object(line)
        if fields is None:
            notes["torn" if _OURS.match(line) and not line.endswith(b"}") else "foreign"] += 1
            return None
        event = _coerce(fields)
        notes["odd_value"] += 1
    if event.schema != 1:
        notes["other_schema"] += 1
    if event.event not in kinds.KINDS:
        notes["unknown_event"] += 1
    return event


def parse_object(line: bytes) -> dict[str, Any] | None:
    """Return every field of the event on a line, None if there is none or it is nested too deeply."""
    fields = decode_line(line)
    if fields is not None and line.count(b"[") + line.count(b"{") > MAX_DEPTH and _is_deep(fields):
        # json can read it, but other functions might fail.
        return None
    return fields


def get_fields(event: JournalEvent, line: bytes) -> Mapping[str, Any]:
    """Return every field of an event, including those unknown to this version."""
    fields = parse_object(line)
    # It fails for numbers with thousands of digits and for deep nesting, which only the fast decoder can read.
    return fields if fields is not None else {"time": event.time, "event": event.event, "name": event.name}


def _is_deep(fields: dict[str, Any]) -> bool:
    layer: list[Any] = [fields]
    for _ in range(MAX_DEPTH):
        inside = (value.values() if isinstance(value, dict) else value for value in layer)
        layer = [value for values in inside for value in values if isinstance(value, dict | list)]
        if not layer:
            return False
    return True


def _coerce(fields: dict[str, Any]) -> JournalEvent:
    """Return an event with the fields that are valid."""
    kept: dict[str, Any] = {}
    for name, kind in JournalEvent.__annotations__.items():
        if name in fields:
            try:
                # Go through JSON, so that values are converted as on other lines.
                raw = msgspec.json.encode(_clean_value(fields[name]))
                kept[name] = msgspec.json.decode(raw, type=_TYPES[kind])
            except (ValueError, RecursionError, OverflowError, TypeError):
                continue
    return JournalEvent(**{"time": "", "event": "", **kept})


def _clean_value(value: Any) -> Any:
    if isinstance(value, str):
        # It may contain half a surrogate pair.
        return value.encode(errors="replace").decode()
    return value


_TYPES: Final[dict[str, Any]] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "tuple[str, ...]": tuple[str, ...],
    "tuple[str, ...] | None": tuple[str, ...] | None,
}


def format_value(fields: Mapping[str, Any]) -> str:
    """Return an object as one line of ASCII JSON; NaN and infinity become null."""
    try:
        text = json.dumps(fields, allow_nan=False)
    except ValueError:
        text = json.dumps(_replace_infinite(fields))
    return text.replace("\x7f", "\\u007f")


def _replace_infinite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {name: _replace_infinite(inner) for name, inner in value.items()}
    return [_replace_infinite(inner) for inner in value] if isinstance(value, list) else value
