"""An event of the journal, read fast: a line goes in, a struct comes out. Pure; nothing that a line holds raises."""

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


class Event(msgspec.Struct, gc=False):
    """What is asked of an event; a text that it does not have is "", a number -1.0. Texts can hold anything."""

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


class _Known(Event, gc=False):
    # Whatever another version wrote fails here and goes the long way, so that what is usual needs no look at all.
    event: Literal[kinds.KINDS]  # type: ignore[valid-type] # msgspec takes the names, mypy wants them spelled out
    schema: Literal[1] = 1


_LINES: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(_Known)
_LINE: Final = msgspec.json.Decoder(Event)
MAX_DEPTH: Final = 64
"""Lists in lists; no event of ours has more than one."""
_OURS: Final = re.compile(rb'\s*\{\s*"(?:t(?:i(?:m(?:e|\Z)|\Z)|\Z)|\Z)|\s*\{\s*\Z')


def decode(chunk: bytes, notes: Counter[str]) -> tuple[list[Event], bytes]:
    """Return the events on whole lines, and the bytes with exactly their lines; what is no event is counted."""
    if b"\r" in chunk:
        # Between words it is a space to JSON; a terminal would write over the line.
        chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b" ")
    try:
        events = _LINES.decode_lines(chunk)
    except (ValueError, RecursionError):
        return _one_by_one(chunk, notes)
    # As many events as lines. (Two on one line and one on two go through as well: three events, whatever they are for.)
    # Taking the line ends out is three times as fast as counting them.
    if len(chunk) - len(chunk.replace(b"\n", b"")) == len(events) and (
        len(chunk) <= MAX_LINE_BYTES or _all_short(chunk)
    ):
        return events, chunk
    return _one_by_one(chunk, notes)


def _all_short(chunk: bytes) -> bool:
    return max(map(len, chunk.split(b"\n"))) <= MAX_LINE_BYTES


def _one_by_one(chunk: bytes, notes: Counter[str]) -> tuple[list[Event], bytes]:
    events: list[Event] = []
    lines: list[bytes] = []
    for line in chunk.split(b"\n"):
        whole = line.strip(b"\0\r\t ")
        if not whole:
            # Zeroes are what a crash leaves of a line that was never written.
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


def parse_line(line: bytes, notes: Counter[str]) -> Event | None:
    """Return the event on a line, or None where it holds none; either is counted where it is unusual."""
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
    """Return every field of the event on a line, or None where it holds none, or lists in lists without end."""
    fields = decode_line(line)
    if fields is not None and line.count(b"[") + line.count(b"{") > MAX_DEPTH and _is_deep(fields):
        # What json reads, other functions need not bear.
        return None
    return fields


def get_fields(event: Event, line: bytes) -> Mapping[str, Any]:
    """Return every field of an event, in which there may be more than is known of it."""
    fields = parse_object(line)
    # Where that fails it is a number of thousands of digits or lists in lists, which only the fast way reads.
    return fields if fields is not None else {"time": event.time, "event": event.event, "name": event.name}


def _is_deep(fields: dict[str, Any]) -> bool:
    layer: list[Any] = [fields]
    for _ in range(MAX_DEPTH):
        inside = (one.values() if isinstance(one, dict) else one for one in layer)
        layer = [value for values in inside for value in values if isinstance(value, dict | list)]
        if not layer:
            return False
    return True


def _coerce(fields: dict[str, Any]) -> Event:
    """Return what makes sense in an event of which something does not."""
    kept: dict[str, Any] = {}
    for name, kind in Event.__annotations__.items():
        if name in fields:
            try:
                # By way of JSON, so that numbers and texts are what they are on other lines.
                raw = msgspec.json.encode(_clean_value(fields[name]))
                kept[name] = msgspec.json.decode(raw, type=_TYPES[kind])
            except (ValueError, RecursionError, OverflowError, TypeError):
                continue
    return Event(**{"time": "", "event": "", **kept})


def _clean_value(value: Any) -> Any:
    if isinstance(value, str):
        # Half a character from another encoding.
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
    """Return an object on one line of ASCII; a number that JSON does not know is null."""
    try:
        text = json.dumps(fields, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(fields))
    return text.replace("\x7f", "\\u007f")


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list) else value
