"""Draws unplugd's icon in the sizes of Windows, from the shapes of its SVG.

It knows what that file has: rectangles with round corners, and paths of lines and arcs of circles, each with a color.
"""

from __future__ import annotations

import math
import re
import struct
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Point = tuple[float, float]
    Outline = list[Point]
    Pixels = list[list[list[float]]]

SIZES: Final = (16, 20, 24, 32, 40, 48, 64)
"""Widths in pixels: the taskbar and a notification, at the scales that people set."""
GRID: Final = 16.0
"""Width of the drawing, in its own units."""
ROWS: Final = 16
"""Rows that each row of pixels is measured in; the parts of a row are measured exactly."""
ARC_STEPS: Final = 16
TOKEN: Final = re.compile(r"[A-Za-z]|-?(?:\d+\.?\d*|\.\d+)")


def make_icon(svg: str) -> bytes:
    """Return the file of the icon (ICO) for a drawing."""
    images = [_encode(draw(svg, size)) for size in SIZES]
    directory, offset = b"", 6 + 16 * len(images)
    for size, image in zip(SIZES, images, strict=True):
        directory += struct.pack("<BBBBHHII", size, size, 0, 0, 1, 32, len(image), offset)
        offset += len(image)
    return struct.pack("<HHH", 0, 1, len(images)) + directory + b"".join(images)


def draw(svg: str, size: int) -> Pixels:
    """Return rows of pixels, from the top; each has its red, green and blue (0 to 255) and its opacity (0 to 1)."""
    pixels: Pixels = [[[0.0, 0.0, 0.0, 0.0] for _ in range(size)] for _ in range(size)]
    for outlines, color in _read_shapes(svg):
        scaled = [[(x * size / GRID, y * size / GRID) for x, y in outline] for outline in outlines]
        for row, line in enumerate(pixels):
            for pixel, share in zip(line, _measure_row(scaled, row, size), strict=True):
                opacity = share + pixel[3] * (1 - share)
                for index in range(3):
                    below = pixel[index] * pixel[3] * (1 - share)
                    pixel[index] = (color[index] * share + below) / opacity if opacity else 0.0
                pixel[3] = opacity
    return pixels


def _read_shapes(svg: str) -> Iterator[tuple[list[Outline], tuple[int, int, int]]]:
    """Yield the outlines and the color of each shape."""
    for shape in ET.fromstring(svg):  # noqa: S314 - it is our own
        kind = shape.tag.rpartition("}")[2]
        digits = shape.attrib["fill"].removeprefix("#")
        if len(digits) == 3:
            digits = "".join(digit * 2 for digit in digits)
        color = (int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16))
        if kind == "rect":
            width, height, radius = (float(shape.attrib[name]) for name in ("width", "height", "rx"))
            path = (
                f"M{radius} 0H{width - radius}A{radius} {radius} 0 0 1 {width} {radius}V{height - radius}"
                f"A{radius} {radius} 0 0 1 {width - radius} {height}H{radius}"
                f"A{radius} {radius} 0 0 1 0 {height - radius}V{radius}A{radius} {radius} 0 0 1 {radius} 0z"
            )
        elif kind == "path":
            path = shape.attrib["d"]
        else:
            raise ValueError(f"a <{kind}> cannot be drawn")
        yield list(_trace(TOKEN.findall(path))), color


def _trace(tokens: Sequence[str]) -> Iterator[Outline]:
    """Yield the outlines of a path."""
    outline: Outline = []
    x = y = 0.0
    command, rest = "", list(tokens)
    while rest:
        if rest[0].isalpha():
            command = rest.pop(0)
        is_relative = command.islower()
        if command in "Zz":
            yield outline
            x, y = outline[0]
            outline = []
        elif command in "Hh":
            x = float(rest.pop(0)) + (x if is_relative else 0)
            outline.append((x, y))
        elif command in "Vv":
            y = float(rest.pop(0)) + (y if is_relative else 0)
            outline.append((x, y))
        elif command == "A":
            radius, _, _, _, turn, end_x, end_y = (float(rest.pop(0)) for _ in range(7))
            outline += _follow_arc((x, y), (end_x, end_y), radius, clockwise=turn == 1)
            x, y = end_x, end_y
        elif command in "MmLl":
            x, y = (
                float(rest.pop(0)) + (x if is_relative else 0),
                float(rest.pop(0)) + (y if is_relative else 0),
            )
            outline.append((x, y))
        else:
            raise ValueError(f"the command {command} of a path cannot be drawn")


def _follow_arc(start: Point, end: Point, radius: float, *, clockwise: bool) -> Iterator[Point]:
    """Yield points on the smaller arc of a circle, after the start and up to the end."""
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    apart = math.dist(start, end)
    height = math.sqrt(max(0.0, radius**2 - apart**2 / 4)) * (1 if clockwise else -1)
    center = (
        middle[0] - height * (end[1] - start[1]) / apart,
        middle[1] + height * (end[0] - start[0]) / apart,
    )
    first = math.atan2(start[1] - center[1], start[0] - center[0])
    turn = math.remainder(math.atan2(end[1] - center[1], end[0] - center[0]) - first, math.tau)
    for step in range(1, ARC_STEPS + 1):
        angle = first + turn * step / ARC_STEPS
        yield center[0] + radius * math.cos(angle), center[1] + radius * math.sin(angle)


def _measure_row(outlines: Sequence[Outline], row: int, size: int) -> list[float]:
    """Return which share of each pixel in a row is inside the outlines, of which none is inside another."""
    shares = [0.0] * size
    for part in range(ROWS):
        y = row + (part + 0.5) / ROWS
        crossings = sorted(
            start[0] + (y - start[1]) * (end[0] - start[0]) / (end[1] - start[1])
            for outline in outlines
            for start, end in zip(outline, (*outline[1:], outline[0]), strict=True)
            if min(start[1], end[1]) <= y < max(start[1], end[1])
        )
        for left, right in zip(crossings[::2], crossings[1::2], strict=True):
            for column in range(max(0, int(left)), min(size, math.ceil(right))):
                shares[column] += max(0.0, min(right, column + 1) - max(left, column)) / ROWS
    return [min(1.0, share) for share in shares]


def _encode(pixels: Pixels) -> bytes:
    """Return an image as an ICO has it: a bitmap from the bottom, and a mask that counts where there is no opacity."""
    size = len(pixels)
    header = struct.pack("<IiiHHIIiiII", 40, size, 2 * size, 1, 32, 0, 0, 0, 0, 0, 0)
    colors = b"".join(
        struct.pack("4B", round(blue), round(green), round(red), round(opacity * 255))
        for row in reversed(pixels)
        for red, green, blue, opacity in row
    )
    mask = b"\0" * (-(-size // 32) * 4 * size)
    return header + colors + mask
