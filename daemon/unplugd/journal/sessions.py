"""Finds out which of several daemons on one computer wrote the lines that do not say so. Pure.

Lines of older versions do not name their session. But if two journals each begin the same boot with a start of unplugd
that the other does not have, two daemons wrote them: neither is a copy or a part of the other. All such lines of a
journal are of one session: the one that its newer lines name, or else a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from unplugd.journal.files import strip_rotation

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from unplugd.journal.segment import Segment

    Starts = dict[Path, set[float]]
    """When unplugd started in a boot, by journal."""


def find_sessions(segments: Iterable[Segment]) -> dict[Path, str]:
    """Return the session of the journals of one computer of which several daemons wrote some at the same time."""
    begins: dict[str, dict[Path, tuple[float, bool]]] = {}
    starts: dict[str, Starts] = {}
    named: dict[Path, set[str]] = {}
    for segment in segments:
        journal = strip_rotation(segment.source.name)
        named.setdefault(journal, set()).update(segment.sessions)
        for boot, (begin, _) in segment.boots.items():
            in_boot = begins.setdefault(boot, {})
            in_boot[journal] = min(in_boot.get(journal, (begin, segment.exact)), (begin, segment.exact))
        if segment.starts:
            starts.setdefault(segment.last[0], {}).setdefault(journal, set()).update(segment.starts)
    if len(named) == 1:
        return {}
    copies: dict[Path, Path] = {}
    apart: set[Path] = set()
    for boot, started in starts.items():
        originals: Starts = {}
        for journal, at in sorted(started.items()):
            original = next((one for one in originals if not originals[one].isdisjoint(at)), None)
            if original:
                copies[journal] = copies.get(original, original)
            elif _begins_with(begins[boot][journal], at):
                originals[journal] = at
        if len(originals) > 1:
            apart.update(originals)
    sessions: dict[Path, str] = {}
    for number, journal in enumerate(sorted(apart, key=lambda one: _find_first(one, starts)), 1):
        names = named[journal]
        sessions[journal] = next(iter(names)) if len(names) == 1 else str(number)
    return sessions | {copy: sessions[original] for copy, original in copies.items() if original in sessions}


def _begins_with(begin: tuple[float, bool], starts: set[float]) -> bool:
    """Return whether a journal begins a boot with a start of unplugd; if the file was only sampled, it may."""
    at, is_exact = begin
    return not is_exact or at == min(starts)


def _find_first(journal: Path, starts: dict[str, Starts]) -> tuple[str, float]:
    return min((boot, min(in_boot[journal])) for boot, in_boot in starts.items() if journal in in_boot)
