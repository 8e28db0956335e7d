"""Realistic journals, and what may become of them: lines moved, doubled, torn, their fields filled with nonsense."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from tests.fuzz.target import SEPARATOR
from tests.rig import journal_maker
from unplugd.journal.event import JournalEvent
from unplugd.journal.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

MONTH: Final = Path(__file__).parents[1] / "histories/month.jsonl"
MOST: Final = 60
"""Lines of an input: more cost time and find nothing more."""
TEXTS: Final = (
    "",
    "\x1b[2J\x1b]0;x\x07",
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "@x",
    "\u202e\u2066\ud800\x85\x9b31m",
    "\U000e0041" * 40,
    "漢字" * 70,
    "a\r\nb\0c\x7f",
    "[red]{}%s\\",
    "x" * 3000,
)
NUMBERS: Final = (
    *(0, -1, 1, 1e308, -1e308, 1e-300, 10**400, -(10**400), 2**63, 2**64, 1e9, 1e9 + 1, 1e10, 0.1, -0.0),
    *(float("nan"), float("inf"), float("-inf")),
)
TIMES: Final = (
    *("0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "275760-09-13T00:00:00.000Z"),
    *("1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00.000Z", "2286-11-20T17:46:40.000Z"),
    *(
        "2026-10-25T00:30:00.000Z",
        "2026-10-25T01:30:00.000Z",
        "2026-10-02T15:00:60.000Z",
        "2026-W01-1",
        "now",
    ),
    *(
        "2026-10-02T15:00:00+14:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2011-12-30T12:00:00.000Z",
    ),
)
NONSENSE: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    [],
    {},
    [[]],
    {"a": {}},
    ["1-1.2", 5],
    ["1-1.2"],
    ["\x1b[1m", "=1"],
)
FIELDS: Final = (*JournalEvent.__annotations__, "from", "until", "new")


def seeds() -> list[bytes]:
    """Return inputs to begin with."""
    month = MONTH.read_bytes().splitlines(keepends=True)
    found = [b"".join(month[at : at + 30]) for at in range(0, len(month), 15)]
    for seed in range(12):
        with mock.patch.object(journal_maker, "BEGIN", 1_790_950_000):
            source = journal_maker.lines(f"station-{seed % 3}", seed)
            made = [next(source).encode() for _ in range(300)]
        telling = [line for line in made if b"checkpoint" not in line][:40]
        found.append(b"".join(telling))
        found.append(b"".join(telling[:20]) + SEPARATOR + b"".join(month[:20]))
        found.append(b"".join(telling[::2]) + SEPARATOR + b"".join(telling[1::2]))
    return [one + bytes([number * 37 % 256]) for number, one in enumerate(found)]


def mutate(raw: bytes, most: int, seed: int, blind: Callable[[bytes, int], bytes]) -> bytes:
    """Return a journal changed in a few places; sometimes blindly, byte by byte."""
    chance = random.Random(seed)  # noqa: S311 - the same for the same seed
    if chance.random() < 0.15 or len(raw) < 2:
        return blind(raw, most)
    how = raw[-1] if chance.random() < 0.8 else chance.randrange(256)
    lines = raw[:-1].split(b"\n")
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        at = chance.randrange(len(lines))
        lines[at : at + 1] = _changed(lines, at, chance, blind)
        lines = lines or [b""]
    return b"\n".join(lines[:MOST])[: most - 1] + bytes([how])


def _changed(
    lines: list[bytes], at: int, chance: random.Random, blind: Callable[[bytes, int], bytes]
) -> list[bytes]:
    line = lines[at]
    kind = chance.randrange(12)
    if kind == 0:
        return []
    if kind == 1:
        return [line, chance.choice(lines)]
    if kind == 2:
        other = chance.randrange(len(lines))
        mine, lines[other] = lines[other], line
        return [mine]
    if kind == 3:
        return [line[: chance.randrange(len(line) + 1)]]
    if kind == 4:
        return [blind(line, 2000)]
    if kind == 5:
        return [
            chance.choice(
                (b"", b"\0" * 50, b"\r", b"\x1c", b"\xef\xbb\xbf" + line, line + b"\r", b"[" * 3000)
            )
        ]
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return [line]
    if not isinstance(fields, dict) or not fields:
        return [line]
    _bend(fields, chance)
    return [json.dumps(fields, ensure_ascii=chance.random() < 0.7).encode(errors="surrogatepass")]


def _bend(fields: dict[str, Any], chance: random.Random) -> None:
    kind = chance.randrange(7)
    name = chance.choice(FIELDS) if chance.random() < 0.3 else chance.choice(list(fields))
    if kind == 0:
        fields.pop(name, None)
    elif kind == 1:
        fields[name] = chance.choice((*TEXTS, *NONSENSE))
    elif kind == 2:
        fields[name] = chance.choice(NUMBERS)
    elif kind == 3:
        fields["time"] = chance.choice(TIMES)
    elif kind == 4:
        fields["event"] = chance.choice(KINDS)
    elif kind == 5:
        numbers = [key for key, value in fields.items() if isinstance(value, int | float)]
        if numbers:
            key = chance.choice(numbers)
            fields[key] = fields[key] * chance.choice((-1, 0, 0.5, 1.001, 2, 1e3, 1e6))
    else:
        fields[chance.choice(("host", "boot", "device"))] = chance.choice(("a", "b", "1-1.2", "", *TEXTS))
