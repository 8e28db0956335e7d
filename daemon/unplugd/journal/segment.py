"""The unit of reading: a part of a file in which the events of one computer are in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from unplugd.journal.sources import Source


@dataclass(slots=True)
class Segment:
    """A part of a file, between two offsets, in which the events of one computer are in order.

    `boots` has the lowest position in each boot and its wall-clock time, `last` the last boot and the highest position
    in it. If not `exact`, these come from the samples, and the segment extends to the end of the file; if it is, it has
    one boot.
    """

    source: Source
    host: str
    begin: int
    end: int
    boots: dict[str, tuple[float, float]]
    last: tuple[str, float]
    first_seen: dict[str, int]
    """The offset of each boot's first line; if not `exact`, of its first sample, up to `plan.find_sample_step` later."""
    exact: bool
    alone: bool = True
    """Whether there are no other lines between the two offsets."""
    latest: dict[str, tuple[float, str]] = field(default_factory=dict)
    """The highest position in each boot, and the time that its line gives."""
    newest: dict[str, str] = field(default_factory=dict)
    """The latest time on a line of a boot, if that is not the one in `latest`, because the wall clock was set back."""
    uncertain: AbstractSet[str] = frozenset()
    """The boots of which this cannot be told: a time has another form, or a sampled clock was set."""
    stations: AbstractSet[tuple[str, str]] = frozenset()
    """Each boot with the stations on its lines."""
    sessions: AbstractSet[str] = frozenset()
    """The sessions on its lines."""
    starts: set[float] = field(default_factory=set)
    """The positions at which unplugd started; if not `exact`, there are none."""
    computer: str = ""
    """The computer's name; it differs from `host` if another computer has the same one."""
    session: str = ""
    """The session of the lines that do not name one."""

    @property
    def size(self) -> int:
        """The length of the segment in bytes."""
        return self.end - self.begin
