"""Turns events into plugged-in periods with their uses, reminders and snoozes. Pure, streaming, in one pass.

The idea: the journal has two clocks. The wall clock may be wrong at first, or be set; `uptime` counts the seconds since
boot, including sleep, and is never set. So everything in a period is kept in uptime, and its durations are exact. It is
dated only when it is over, backwards from its last event: if the clock was wrong at plug-in and corrected later, the
dates are still right.

Nearly all events are checkpoints, which repeat totals so that a crash loses little. Of a run of checkpoints about the
same device, only the last one matters, and only if no other event has its data. So a run is skipped by comparing a few
fields, and not even the date of its last event is parsed until it is needed (`OpenPeriod.unread`).

A journal can be reviewed in parts (see `parts`). `boots` finds the boot of an event, `device_events` applies each kind
of event to a period (`open_period`), `results` dates and sanitizes what is finished, `shared_boot` unites what several
sessions saw. Times are Unix seconds once they are dated; durations are in seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from unplugd.journal.timestamps import MAX_WALL_SECONDS, parse_timestamp
from unplugd.review.boots import Boots
from unplugd.review.device_events import DeviceEvents
from unplugd.review.model import Part, Review
from unplugd.review.open_period import (
    JUMP_SECONDS,
    MAX_SECONDS,
    BootClock,
    OpenPeriod,
    check_number,
)
from unplugd.review.parts import make_review
from unplugd.review.results import Results

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unplugd.journal.event import JournalEvent
    from unplugd.review.model import Period


def review_events(
    events: Iterable[JournalEvent], until: float | None = None, host: str | None = None
) -> Review:
    """Return the review of these events; those of each computer must be in order, but computers may be mixed.

    A period still open at the end ends with its last event. With `until` (Unix seconds) it is extended to that time, on
    `host` (None: on every computer), unless the computer's last event says that unplugd stopped.
    """
    return review_part(events, until, host).review


def review_part(
    events: Iterable[JournalEvent],
    until: float | None = None,
    host: str | None = None,
    continued_host: str | None = None,
) -> Part:
    """Return the review of a part of the events, to be joined to others.

    `until` and `host` are as in `review_events`; `continued_host` has later boots in the next part.
    """
    periods: list[Period] = []
    results = Results(periods.append)
    boots = take_events(events, results, until, host, continued_host)
    review = make_review(periods, results.watched, results.notes)
    return Part(review, frozenset(boots.seen), frozenset(boots.latest), continued_host, boots.all_timed)


def take_events(
    events: Iterable[JournalEvent],
    results: Results,
    until: float | None = None,
    host: str | None = None,
    continued_host: str | None = None,
) -> Boots:
    """Review events into `results`, with the other arguments as in `review_part`; return the boots."""
    reviewer = Reviewer(results)
    # Comparing with the previous checkpoint is faster than any lookup.
    period: OpenPeriod | None = None
    latest: JournalEvent | None = None
    device = boot = host_name = session = ""
    for event in events:
        is_checkpoint = event.event == "checkpoint"
        if (
            is_checkpoint
            and latest is not None
            and event.device == device
            and event.boot == boot
            and event.host == host_name
            and event.session == session
            and latest.uptime <= event.uptime <= MAX_SECONDS
            and latest.time <= event.time
        ):
            latest = event
            continue
        set_back = False
        if period is not None and latest is not None:
            set_back = period.skip_checkpoints(latest, event.time)
        period = latest = None
        if is_checkpoint and not set_back:
            period = reviewer.find_plugged_in(event)
        if period is not None and period.at <= event.uptime <= MAX_SECONDS:
            latest = event
            device, boot, host_name, session = event.device, event.boot, event.host, event.session
        else:
            reviewer.take(event)
    if period is not None and latest is not None:
        period.skip_checkpoints(latest, latest.time)
    reviewer.finish(until, host, continued_host)
    return reviewer.boots


class Reviewer:
    """Takes the events that are not skipped, one at a time."""

    def __init__(self, results: Results) -> None:
        self.boots = Boots(results)
        self._results = results
        self._notes = results.notes
        self._device_events = DeviceEvents(results)
        # Needed for each event.
        self._by_name = self.boots.by_name
        self._latest = self.boots.latest
        self._handlers = self._device_events.make_handlers()

    def find_plugged_in(self, event: JournalEvent) -> OpenPeriod | None:
        """Return the period of a checkpoint that may be skipped, None if the checkpoint must be taken."""
        boot = self._by_name.get((event.host, event.boot, event.session))
        # The first event after unplugd stopped shows that it is running again.
        if boot is None or boot.run_began is None:
            return None
        # `boot.find_plugged_in` would be slower, and this is called for each run of checkpoints.
        period = boot.open.get(event.device)
        return None if period is None or period.unplugged_at is not None else period

    def take(self, event: JournalEvent) -> None:
        """Take one event."""
        boot = self._by_name.get((event.host, event.boot, event.session))
        wall, at = parse_timestamp(event.time), event.uptime
        if (
            boot is not None
            and 0 <= wall <= MAX_WALL_SECONDS
            and 0 <= at <= MAX_SECONDS
            and at >= boot.at - JUMP_SECONDS
        ):
            boot.note_skew(wall - at)
        else:
            placed = self.boots.place(boot, event, wall)
            if placed is None:
                return
            boot, at, wall = placed
        kind = event.event
        if kind == "started":
            self._results.finish_run(boot)
            boot.run_began = at
            if event.version:
                self._results.note_version(wall, event.version)
        elif boot.run_began is None:
            # The beginning of the journal is missing, or the previous events were lost.
            boot.run_began = at
        if at >= boot.at:
            boot.at, boot.wall = at, wall
            boot.unread = None
        self._latest[event.host] = event.boot
        boot.stopped = kind == "stopped"
        if handle := self._handlers.get(kind):
            if not (event.device and handle(boot, event, at, wall)):
                self._notes["odd_events"] += 1
        elif kind == "reminded":
            self._device_events.apply_reminder(boot, event, at, wall)
        elif kind in ("away", "back"):
            self._device_events.apply_presence(boot, event, at, wall)
        elif kind == "stopped":
            self._results.finish_run(boot)
        elif kind == "gap":
            self._notes["gaps"] += 1
            lost = int(check_number(event.lost) or 0)
            self._notes["lost_events"] += lost
            self._results.lost_events.append((wall, lost))
        elif kind == "delivery_failed":
            self._notes["failed_deliveries"] += 1
            self._results.failed_reminders.append(wall)

    def finish(self, until: float | None, host: str | None, continued_host: str | None) -> None:
        """Finish everything that is open; see `review_part` for the arguments."""
        boots = self.boots
        for (name, boot), sessions in list(boots.sessions.items()):
            last = boots.latest.get(name) == boot and name != continued_host
            if last and until is not None and host in (None, name):
                for clock in (boots.by_name[name, boot, session] for session in sessions):
                    if not clock.stopped:
                        _extend(clock, until)
            boots.end_boot(name, boot, last=last)


def _extend(boot: BootClock, until: float) -> None:
    """Extend the open periods to `until` (Unix seconds)."""
    boot.read_last_event()
    passed = until - boot.wall
    if 0 < passed <= MAX_SECONDS:
        boot.at, boot.wall = boot.at + passed, until
        for period in boot.open.values():
            if period.unplugged_at is None:
                period.touch(boot.at, until)
