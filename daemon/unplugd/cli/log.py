"""`unplugd log`: which events are wanted, in what form, and where they go."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from unplugd.cli import log_formats
from unplugd.cli.log_follow import Follower
from unplugd.cli.pager import open_output as paged
from unplugd.cli.terminal import START_HINT, parse_times, say
from unplugd.errors import Failure
from unplugd.journal import sources, streams
from unplugd.journal.files import list_files
from unplugd.journal.merge import Batch
from unplugd.journal.timestamps import parse_timestamp
from unplugd.review.notes import describe_notes

if TYPE_CHECKING:
    import argparse

    from unplugd.cli.log_formats import Format
    from unplugd.journal.event import Event
    from unplugd.paths import Paths


def log(arguments: argparse.Namespace, where: Paths) -> int:
    """Print the journal."""
    wanted = Wanted(arguments)
    notes: Counter[str] = Counter()
    following = None
    if arguments.follow:
        # Opened before the old events are read, so that none is missed in between.
        following = Follower(sources.current_files(arguments.file, where.journal), notes)
    if not arguments.file and not following and not list_files(where.journal):
        raise Failure("there is no journal yet", START_HINT)
    if arguments.last is not None and arguments.last < 0:
        raise Failure("--last cannot be negative", "unplugd log --last 20")
    try:
        found = sources.find_sources(arguments.file, where.journal, notes, say)
    except Failure as failure:
        if not following:
            raise
        say(f"unplugd: {failure}")
        found = []
    if following:
        found = following.until_now(found)
    if arguments.last is None:
        hosts, batches = streams.read_merged(found, notes, say)
    else:
        hosts, batches = streams.read_last(found, notes, say, wanted.of, arguments.last)
    with paged(page=not following) as output:
        form = log_formats.make_format(arguments.format, output, hosts)
        for batch in batches:
            form.show(batch if arguments.last is not None else wanted.of(batch))
        if following:
            output.flush()
            for batch in following.batches():
                form.show(wanted.of(batch))
                output.flush()
        form.end()
    _tell(form, wanted, notes)
    return 0


class Wanted:
    """Which events are to be shown."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        since, until = parse_times(arguments)
        self._since = -math.inf if since is None else since
        self._until = math.inf if until is None else until
        self._events: frozenset[str] | None = frozenset(arguments.event) if arguments.event else None
        self._device: str = (arguments.device or "").casefold()
        self._at_port: dict[tuple[str, str, str], bool] = {}
        """Whether it is the device meant that is plugged in there."""
        # For a person they are noise: one every five minutes.
        self._checkpoints = arguments.format != "text" or self._events is not None
        self._timeless = math.isinf(self._since) and math.isinf(self._until)
        self.checkpoints_left_out = 0
        self.everything = self._checkpoints and self._events is None and not self._device and self._timeless

    def of(self, batch: Batch) -> Batch:
        """Return what is wanted of a batch."""
        if self.everything:
            return batch
        if self._device:
            self._learn(batch.events)
        kept = [number for number, one in enumerate(batch.events) if self._is_wanted(one)]
        if len(kept) == len(batch.events):
            return batch
        if not kept:
            return Batch([], b"")
        lines = batch.lines
        return Batch.from_pairs((batch.events[number], lines[number]) for number in kept)

    def _is_wanted(self, one: Event) -> bool:
        # First of all: what is not shown tells all the same which device is where.
        if self._device and not self._is_of_device(one):
            return False
        if self._events is not None and one.event not in self._events:
            return False
        # What has no time is in no stretch of time.
        if not self._timeless and not self._since <= parse_timestamp(one.time) < self._until:
            return False
        if not self._checkpoints and one.event == "checkpoint":
            self.checkpoints_left_out += 1
            return False
        return True

    def _learn(self, events: list[Event]) -> None:
        """Note which device was at each port when these began, whether they are read forwards or backwards."""
        self._at_port |= {_place(one): self._is_named(one) for one in reversed(events) if one.device}

    def _is_of_device(self, one: Event) -> bool:
        if one.device:
            self._at_port[_place(one)] = named = self._is_named(one)
            return named
        # A reminder says only where its devices are.
        return any(
            port.casefold() == self._device or self._at_port.get((one.host, one.boot, port), False)
            for port in one.devices
        )

    def _is_named(self, one: Event) -> bool:
        text = self._device
        return text in (one.device.casefold(), one.id.casefold()) or text in one.name.casefold()


def _place(one: Event) -> tuple[str, str, str]:
    return one.host, one.boot, one.device


def _tell(form: Format, wanted: Wanted, notes: Counter[str]) -> None:
    """Tell what was unusual, in one line each."""
    if not form.shown:
        left = wanted.checkpoints_left_out
        say(
            f"No events but {left} checkpoints; --event checkpoint shows them." if left else "No such events."
        )
    # Which file could not be read has been told.
    for sentence in describe_notes({key: count for key, count in notes.items() if key != "unreadable_file"}):
        say(f"unplugd: {sentence}")
