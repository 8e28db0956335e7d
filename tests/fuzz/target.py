"""What a target is: a function that takes any bytes, and inputs to begin with. Whatever raises is a bug."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

SEPARATOR: Final = b"\n\x1c\n"
"""Between two parts of an input, such as files or answers."""
FOLDER: Final = Path(tempfile.gettempdir()) / f"unplugd-fuzz-{os.getpid()}"
"""What a target writes; tests put theirs in its place."""
PIECES: Final = (
    *(b"\0", b"\n", b"\r\n", b"\x1b[2J", b"\xff\xfe", b"\xed\xb2\x80", b"\xe2\x80\xae", b"\xe2\x80\xa8", b"\xc2\x85"),
    *(b"-1", b"0", b"9" * 400, b"1e999", b"NaN", b"null", b"[" * 200, b"{" * 200, b'"', b"'", b"\\", b"%s", b"$", b"%h"),
    *(b" ", b"=", b"/", b"..", b"<", b"&#0;", b"a" * 3000, SEPARATOR),
)  # fmt: skip
"""What is put into inputs."""


@dataclass(frozen=True, slots=True)
class Target:
    """`take` is given each input; `mutate`, if any, knows its format: see `mutate_blindly`."""

    take: Callable[[bytes], object]
    find_seeds: Callable[[], Sequence[bytes]]
    mutate: Callable[[bytes, int, int, Callable[[bytes, int], bytes]], bytes] | None = None


def folder_for(name: str) -> Path:
    """Return a target's folder, which exists."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def split(raw: bytes, count: int) -> list[bytes]:
    """Return so many parts of an input, the missing ones empty."""
    parts = raw.split(SEPARATOR, count - 1)
    return parts + [b""] * (count - len(parts))


def mutate_blindly(raw: bytes, most: int, chance: random.Random) -> bytes:
    """Return at most `most` bytes: the input changed in a few places, by one who knows nothing of its format."""
    out = bytearray(raw)
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        at, end = sorted(chance.randrange(len(out) + 1) for _ in range(2))
        kind = chance.randrange(6)
        if kind == 0 and out:
            out[chance.randrange(len(out))] = chance.randrange(256)
        elif kind == 1:
            out[at:at] = chance.choice(PIECES)
        elif kind == 2:
            out[at : min(end, at + 40)] = b""
        elif kind == 3:
            out[at:at] = out[at : min(end, at + 200)]
        elif kind == 4:
            out[at : min(end, at + 12)] = chance.choice(PIECES)
        else:
            del out[end:]
    return bytes(out[:most])
