"""The journals that are reviewed: what was found, what is to be read of it, and what is wrong with it."""

from __future__ import annotations

import difflib
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.cli.daemon_client import ask_if_running
from unplugd.cli.terminal import START_HINT, say
from unplugd.errors import Failure
from unplugd.journal import sources
from unplugd.journal.extent import find_extent, skip_before
from unplugd.journal.files import strip_rotation
from unplugd.journal.plan import Planner
from unplugd.journal.streams import ignore_error
from unplugd.review.fleet import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from unplugd.journal.extent import Extent
    from unplugd.journal.plan import Plan
    from unplugd.journal.segment import Segment
    from unplugd.journal.sources import Source
    from unplugd.journal.url import Url
    from unplugd.paths import Paths

MAX_AHEAD_SECONDS: Final = 600.0
"""Seconds by which the clock of a computer may be ahead without being named."""


class Journal:
    """The journals in the files that a person gave, by default the `own` one; Failure if there is none."""

    def __init__(self, given: Sequence[Path | Url], own: Path) -> None:
        self.notes: Counter[str] = Counter()
        self._errors: list[str] = []
        self._found = sources.find_sources(given, own, self.notes, self.report_error)
        if not self._found:
            raise Failure("there is no journal yet", START_HINT)
        planner = Planner(self.notes, self.report_error, say)
        plan = planner.plan(self._found)
        self._unreadable = planner.unreadable
        self._hosts = {computer: groups.hosts for computer, groups in plan.items()}
        self._journals = frozenset(chain.from_iterable(groups.journals for groups in plan.values()))
        self._extents: dict[str, Extent | None] = {}
        self.plan: Plan = plan
        self.known_since: dict[str, float] = {}
        """When the data of a computer begins (in Unix seconds), if the plan leaves out its beginning."""

    def choose_computer(self, name: str) -> None:
        """Leave out all other computers and what was unusual about them; Failure if there is none of this name."""
        names = {sanitize.one_line(host): host for host in self.plan}
        host = names.get(name, name)
        if host not in self.plan:
            near = difflib.get_close_matches(name, names, 3) or sorted(names)[:3]
            raise Failure(
                f'there is no computer "{sanitize.one_line(name)}" in the journal',
                f"its computers have names such as {', '.join(near)}" if near else "give another journal",
            )
        self.plan = {host: self.plan[host]}
        self.notes.clear()
        own = {segment.source for segment in _list_segments(self.plan)}
        Planner(self.notes, ignore_error).plan([source for source in self._found if source in own])

    def skip_before(self, since: float | None, until: float | None, now: float) -> None:
        """Leave out what is not needed for a report from `since` to `until`, and on the time before.

        If `until` is None, the report ends now, or with the last event if a clock was ahead.
        """
        extents = {host: self._find_extent(host) for host in self.plan} if since is not None else {}
        ends = [extent[1] for extent in extents.values() if extent]
        if since is None or not ends:
            return
        end = max(now, max(ends) + 1)
        if until is not None:
            end = min(until, end)
        shorter = skip_before(self.plan, 2 * since - end)
        for host, groups in self.plan.items():
            if shorter[host] is not groups and (own := extents[host]):
                name = sanitize.one_line(host)
                self.known_since[name] = min(own[0], self.known_since.get(name, own[0]))
        self.plan = shorter

    def list_trouble(self, now: float) -> list[Trouble]:
        """Return what is wrong with the files, and with the names and clocks of computers; `now` in Unix seconds."""
        found = {
            "same_name": sorted(map(sanitize.one_line, self._find_same_names())),
            "clock_ahead": sorted(map(sanitize.one_line, self._find_ahead(now))),
            "empty": [sources.show_name(source.name) for source in self._find_empty()],
            "unreadable": [error.removeprefix("unplugd: ") for error in self._errors],
        }
        return [Trouble(kind, tuple(places)) for kind, places in found.items() if places]

    def report_error(self, message: str) -> None:
        """Say once that a file cannot be read, and remember it as trouble."""
        if message in self._errors:
            return
        self._errors.append(message)
        say(message)

    def _find_extent(self, host: str) -> Extent | None:
        """Return the first and the last time of a computer, also after its beginning was left out."""
        if host not in self._extents:
            self._extents[host] = find_extent({host: self.plan[host]})
        return self._extents[host]

    def _find_same_names(self) -> Iterator[str]:
        by_host: dict[str, set[str]] = {}
        for computer, hosts in self._hosts.items():
            for host in hosts:
                by_host.setdefault(host, set()).add(computer)
        for computers in by_host.values():
            if len(computers) > 1:
                yield from computers

    def _find_ahead(self, now: float) -> Iterator[str]:
        """Yield the computers that wrote events with a time that is yet to come."""
        for host in self._hosts:
            extent = self._find_extent(host)
            if extent and extent[1] > now + MAX_AHEAD_SECONDS:
                yield host

    def _find_empty(self) -> Iterator[Source]:
        """Yield the files of journals that have no event in any file."""
        for source in self._found:
            if strip_rotation(source.name) not in self._journals and source.name not in self._unreadable:
                yield source


def _list_segments(plan: Plan) -> Iterable[Segment]:
    return (segment for groups in plan.values() for segment in chain.from_iterable(groups))


def is_running(where: Paths) -> bool:
    """Return whether unplugd is running: then a device without an unplug event is still plugged in."""
    try:
        return ask_if_running(where, "status").get("running") is True
    except OSError:
        return False


def check_interval(since: float | None, until: float | None, command: str) -> None:
    """Raise Failure if the interval that a command is asked for begins at the end of what is known, or later."""
    if since is not None and until is not None and since >= until:
        raise Failure("that time is in the future", f"unplugd {command} --since 7d")
