"""One result: what was measured, what came out, what it may be, and how it was measured."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Row:
    """A line of the report; `kept` is whether the budget was kept, None where there is none."""

    what: str
    measured: str
    budget: str
    how: str
    kept: bool | None = None

    def __str__(self) -> str:
        verdict = {True: "kept", False: "MISSED", None: "-"}[self.kept]
        return f"| {self.what} | {self.measured} | {self.budget} | {verdict} | {self.how} |"


HEAD = "| what | measured | budget | | how |\n|---|---|---|---|---|"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the values do not exceed (the nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)]


def milliseconds(values: Sequence[float]) -> str:
    """Return the median and the 99th percentile of seconds, as milliseconds."""
    return f"median {statistics.median(values) * 1000:.2f} ms, p99 {percentile(values, 0.99) * 1000:.2f} ms"
