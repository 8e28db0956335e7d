"""An event as it is read from the journal: a line goes in, a struct comes out. Pure; nothing in a line raises.

Whole chunks are decoded at once, straight into structs, which is much faster than `json`. That succeeds where
every line is what this version writes. Otherwise the chunk is decoded line by line, and what makes no sense is counted.
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
    """The fields that the review needs; a missing text is "", a missing number -1.0. A text can hold anything."""

    time: str
    event: str
    host: str = ""
    boot: str = ""
    schema: int = 1
    uptime: float = -1.0
    device: str = ""
    id: str = ""
    name: str = ""
    plugged_for: float = -1.0
    idle_for: float = -1.0
    used_for: float = -1.0
    snoozed_for: float = -1.0
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


class _Known(JournalEvent, gc=False):
    # Fails for what another version wrote, which then goes the long way; the usual line needs no further check.
    event: Literal[kinds.KINDS]  # type: ignore[valid-type] # msgspec takes the names, mypy wants them spelled out
    schema: Literal[1] = 1


_LINES: Final[msgspec.json.Decoder[JournalEvent]] = msgspec.json.Decoder(_Known)
_LINE: Final = msgspec.json.Decoder(JournalEvent)
MAX_DEPTH: Final = 64
"""Lists within lists; unplugd's own events have one."""
_OURS: Final = re.compile(rb'\s*\{\s*"(?:t(?:i(?:m(?:e|\Z)|\Z)|\Z)|\Z)|\s*\{\s*\Z')


def decode(chunk: bytes, notes: Counter[str]) -> tuple[list[JournalEvent], bytes]:
    """Return the events on whole lines, and the bytes of exactly their lines; count in `notes` what is no event."""
    if b"\r" in chunk:
        # To JSON it is a space; a terminal would write over the line.
        chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b" ")
    try:
        events = _LINES.decode_lines(chunk)
    except (ValueError, RecursionError):
        return _decode_by_line(chunk, notes)
    # As many events as lines. (Two on one line and one on two pass too: they are three events all the same.)
    # Removing the line ends is three times as fast as counting them.
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
            # A crash leaves zeroes where a line was to be written.
            notes["torn"] += b"\0" in line
            continue
        event = parse_line(whole, notes)
        if event is not None:
            if (b"NaN" in whole or b"Infinity" in whole) and (fields := parse_object(whole)):
                # Some programs write these, and most others cannot read them.
                whole = format_value(fields).encode()
            events.append(event)
            lines.append(whole)
    return events, b"".join(line + b"\n" for line in lines)


def parse_line(line: bytes, notes: Counter[str]) -> JournalEvent | None:
    """Return the event on a line, or None if there is none; count in `notes` what is unusual."""
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
    """Return every field of the event on a line, or None if there is none or it is nested too deep."""
    fields = decode_line(line)
    if fields is not None and line.count(b"[") + line.count(b"{") > MAX_DEPTH and _is_deep(fields):
        # Other functions need not bear what json reads.
        return None
    return fields


def get_fields(event: JournalEvent, line: bytes) -> Mapping[str, Any]:
    """Return every field of an event, also those that this version does not know."""
    fields = parse_object(line)
    # It fails for numbers of thousands of digits and for deep lists, which only the fast decoder reads.
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
    """Return an event with those fields that make sense."""
    kept: dict[str, Any] = {}
    for name, kind in JournalEvent.__annotations__.items():
        if name in fields:
            try:
                # By way of JSON, so that values are converted as on other lines.
                raw = msgspec.json.encode(_clean_value(fields[name]))
                kept[name] = msgspec.json.decode(raw, type=_TYPES[kind])
            except (ValueError, RecursionError, OverflowError, TypeError):
                continue
    return JournalEvent(**{"time": "", "event": "", **kept})


def _clean_value(value: Any) -> Any:
    if isinstance(value, str):
        # It can hold half a surrogate pair.
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
    """Return an object as one line of ASCII; NaN and infinity become null."""
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
