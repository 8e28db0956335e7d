"""Pictures of a screen: where two of them differ, and one as a PNG file."""

from __future__ import annotations

import struct
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PIXEL = 4
"""Bytes of a pixel: blue, green, red, nothing."""


class Box(NamedTuple):
    """A part of a screen, in pixels; `right` and `bottom` are just outside."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Picture:
    """What a screen shows at one moment."""

    width: int
    height: int
    pixels: bytes

    def difference(self, other: Picture, within: Box) -> Box | None:
        """Return the smallest box with all that differs from another picture of the same screen; None if nothing does."""
        if self.pixels == other.pixels:
            return None
        rows = [y for y in range(within.top, within.bottom) if self._row(y, within) != other._row(y, within)]
        if not rows:
            return None
        left, right = within.right, within.left
        for y in rows:
            mine, others = self._row(y, within), other._row(y, within)
            columns = range(0, len(mine), PIXEL)
            differ = [x // PIXEL for x in columns if mine[x : x + PIXEL] != others[x : x + PIXEL]]
            left, right = min(left, within.left + differ[0]), max(right, within.left + differ[-1] + 1)
        return Box(left, rows[0], right, rows[-1] + 1)

    def is_plain(self, within: Box) -> bool:
        """Whether a part of it has one color only."""
        first = self._row(within.top, within)[:PIXEL] * (within.right - within.left)
        return all(self._row(y, within) == first for y in range(within.top, within.bottom))

    def save(self, path: Path) -> None:
        """Write it as a PNG file."""
        rows = bytearray()
        for y in range(self.height):
            row = self._row(y, Box(0, 0, self.width, self.height))
            colors = bytearray(self.width * 3)
            colors[0::3], colors[1::3], colors[2::3] = row[2::4], row[1::4], row[0::4]
            rows += b"\0" + colors
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b"")]
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks))

    def _row(self, y: int, within: Box) -> bytes:
        start = (y * self.width + within.left) * PIXEL
        return self.pixels[start : start + (within.right - within.left) * PIXEL]


def read_xwd(data: bytes) -> Picture:
    """Return the picture that an X window dump holds."""
    header, _, _, _, width, height, *others = struct.unpack_from(">25I", data)
    bits, line, colors = others[5], others[6], others[13]
    assert (bits, line) == (32, width * PIXEL), "a screen of another kind"
    start = header + colors * 12
    return Picture(width, height, data[start : start + height * line])


def read_ppm(data: bytes) -> Picture:
    """Return the picture that a PPM file holds, as grim writes it."""
    magic, size, deepest, colors = data.split(b"\n", 3)
    assert (magic, deepest) == (b"P6", b"255"), "a file of another kind"
    width, height = map(int, size.split())
    pixels = bytearray(width * height * PIXEL)
    pixels[0::4], pixels[1::4], pixels[2::4] = colors[2::3], colors[1::3], colors[0::3]
    return Picture(width, height, bytes(pixels))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


class Still:
    """A condition: a part of the screen that `take` shows has looked the same for so many seconds."""

    def __init__(self, take: Callable[[], Picture], within: Box, seconds: float) -> None:
        self._take, self._within, self._seconds = take, within, seconds
        self.latest, self._since = take(), time.monotonic()

    def __call__(self) -> bool:
        """Look once more; `latest` is then how it looks since its last change."""
        picture = self._take()
        if picture.difference(self.latest, self._within):
            self.latest, self._since = picture, time.monotonic()
        return time.monotonic() - self._since >= self._seconds
