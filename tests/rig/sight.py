"""How well colours can be seen: contrast, and differences to colour-blind eyes."""

from __future__ import annotations

import math
from typing import Final

Colour = tuple[float, float, float]
"""sRGB, each part from 0 to 1."""

SEEN: Final = {
    "everybody": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
"""Machado, Oliveira and Fernandes 2009, the whole of each deficiency, on linear light."""


def linear(colour: Colour) -> list[float]:
    """Return the parts of an sRGB colour in linear light."""
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of WCAG 2, 1 to 21."""
    weights = (0.2126, 0.7152, 0.0722)
    low, high = sorted(
        sum(w * part for w, part in zip(weights, linear(c), strict=True)) for c in (one, other)
    )
    return (high + 0.05) / (low + 0.05)


def seen(colour: Colour, eyes: str) -> Colour:
    """Return the colour as these eyes see it, in CIE L*a*b*."""
    light = linear(colour)
    r, g, b = (
        min(1, max(0, sum(w * part for w, part in zip(row, light, strict=True)))) for row in SEEN[eyes]
    )
    x, y, z = (
        value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116
        for value in (
            (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047,
            0.2126 * r + 0.7152 * g + 0.0722 * b,
            (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883,
        )
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: Colour, other: Colour, eyes: str) -> float:
    """Return how far apart two colours are to these eyes; about 2 is what can just be told apart."""
    return math.dist(seen(one, eyes), seen(other, eyes))
