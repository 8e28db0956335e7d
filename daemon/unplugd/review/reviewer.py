"""Events → plugged-in periods with their uses, idle stretches, reminders, snoozes. Pure, streaming, in one pass.

Times are Unix seconds (UTC), durations seconds. A period is laid out backwards from the last event about it, by the
clock that counts sleep and is never set (`uptime`): so its durations are exact when the wall clock jumps, and a clock
that was wrong at plug-in and right later puts it where it belongs.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar, Final

from unplugd import sanitize
from unplugd.journal.timestamps import parse_timestamp
from unplugd.review.model import End, Part, Period, Reminder, Review, Snooze, Use, Watched
from unplugd.review.open_period import (
    JUMP_SECONDS,
    MAX_SECONDS,
    MAX_WALL_TIME,
    BootClock,
    OpenPeriod,
    check_number,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from unplugd.journal.event import Event


OUTCOMES: Final = frozenset({"unplugged", "dismissed", "snoozed", "in_use", "expired"})
REPLUG_SECONDS: Final = 11.0
"""Seconds within which a replug continues the period: the rule's ten, and one for a look that came late."""
MAX_BOOTS: Final = 8
"""Boots of one computer that are kept in mind: events of different ones can be mixed where clocks were wrong."""
MAX_CLEANED: Final = 10_000
"""Cleaned strings kept, since the same few come again and again."""


def review_events(events: Iterable[Event], until: float | None = None, host: str | None = None) -> Review:
    """Return what the events tell; those of each computer come in order, computers may be mixed.

    What is open at the end ends with its last event; with `until` it goes on until that time, on `host` (None: on
    every computer) and where the last event is not that unplugd stopped.
    """
    return review_part(events, until, host).review


def join_parts(parts: Sequence[Part]) -> Review | None:
    """Return what parts in a row tell together, None where only a review of all events in one go can say that.

    It can where each boot is in one part, and each computer in one or in several that say of each other that it goes on.
    What an event means that does not say when it was depends on what stands before it.
    """
    if not all(one.placed for one in parts):
        return None
    boots: set[tuple[str, str]] = set()
    later: set[str] = set()
    follows: frozenset[str] = frozenset()
    for one in reversed(parts):
        hosts = {host for host, _ in one.boots}
        if boots & one.boots or hosts & later - {one.goes_on} or not {one.goes_on} - {None} <= follows:
            return None
        boots |= one.boots
        later |= hosts
        follows = one.hosts
    return _make_review(
        chain.from_iterable(one.review.periods for one in parts),
        chain.from_iterable(one.review.watched for one in parts),
        sum((Counter(one.review.notes) for one in parts), Counter()),
    )


# Also where clocks were wrong, so that two boots are laid over one another: the same whichever is known first.
_ORDER: Final = attrgetter("began", "host", "device", "ended", "end", "id", "name")


def _make_review(periods: Iterable[Period], watched: Iterable[Watched], notes: Counter[str]) -> Review:
    return Review(
        tuple(sorted(periods, key=_ORDER)),
        tuple(sorted(watched, key=lambda one: (one.began, one.host, one.ended))),
        dict(+notes),
    )


def review_part(
    events: Iterable[Event],
    until: float | None = None,
    host: str | None = None,
    goes_on: str | None = None,
) -> Part:
    """Return what a part of the events tells; the computer that `goes_on` has later ones in the next part."""
    reviewer = Reviewer()
    # Nearly all events are checkpoints, and of those of a period in a row only the latest one counts: comparing costs
    # less than looking up.
    period: OpenPeriod | None = None
    latest: Event | None = None
    for event in events:
        is_checkpoint = event.event == "checkpoint"
        if (
            is_checkpoint
            and latest is not None
            and event.device == latest.device
            and event.boot == latest.boot
            and event.host == latest.host
            and latest.uptime <= event.uptime <= MAX_SECONDS
            and latest.time <= event.time
        ):
            latest = event
            continue
        set_back = False
        if period is not None and latest is not None:
            set_back = period.pass_over(latest, event.time)
        period = latest = None
        if is_checkpoint and not set_back:
            period = reviewer.open_period(event)
        if period is not None and period.at <= event.uptime <= MAX_SECONDS:
            latest = event
        else:
            reviewer.take(event)
    if period is not None and latest is not None:
        period.pass_over(latest, latest.time)
    return reviewer.finish(until, host, goes_on)


class Reviewer:
    """Takes events one by one and lays out the periods that they tell of."""

    def __init__(self) -> None:
        self._boots: dict[tuple[str, str], BootClock] = {}
        self._of_host: dict[str, list[str]] = {}
        self._latest: dict[str, str] = {}
        self._met: set[tuple[str, str]] = set()
        self._all_placed = True
        self._periods: list[Period] = []
        self._watched: list[Watched] = []
        self._notes: Counter[str] = Counter()
        self._cleaned: dict[tuple[str, int], str] = {}

    def open_period(self, event: Event) -> OpenPeriod | None:
        """Return the period that a checkpoint is of, if nothing has to be done about it first."""
        state = self._boots.get((event.host, event.boot))
        # The first event after unplugd stopped says that it runs again.
        if state is None or state.run is None:
            return None
        period = state.open.get(event.device)
        return None if period is None or period.gone else period

    # --- one event

    def take(self, event: Event) -> None:
        """Take one event."""
        state = self._boots.get((event.host, event.boot))
        wall, at = parse_timestamp(event.time), event.uptime
        if (
            state is not None
            and 0 <= wall <= MAX_WALL_TIME
            and 0 <= at <= MAX_SECONDS
            and at >= state.at - JUMP_SECONDS
        ):
            state.compare(wall - at)
        else:
            placed = self._placed(state, event, wall)
            if placed is None:
                return
            state, at, wall = placed
        what = event.event
        if what == "started":
            self._end_run(state)
            state.run = at
        elif state.run is None:
            # The journal begins in the middle, or what was written before is lost.
            state.run = at
        if at >= state.at:
            state.at, state.wall = at, wall
            state.seen = None
        self._latest[event.host] = event.boot
        state.stopped = what == "stopped"
        if handle := self._about_devices.get(what):
            if not (event.device and handle(self, state, event, at, wall)):
                self._notes["odd_events"] += 1
        elif what == "reminded":
            self._reminded(state, event, at, wall)
        elif what == "stopped":
            self._end_run(state)
        elif what == "gap":
            self._notes["gaps"] += 1
            self._notes["lost_events"] += int(check_number(event.lost) or 0)
        elif what == "delivery_failed":
            self._notes["failed_deliveries"] += 1

    def _placed(
        self, state: BootClock | None, event: Event, wall: float
    ) -> tuple[BootClock, float, float] | None:
        """Return the boot of an event that is not simply its next one, and when it was; None where that is not to be found."""
        uptime = check_number(event.uptime)
        self._met.add((event.host, event.boot))
        self._all_placed &= uptime is not None or not event.boot
        if not 0 <= wall <= MAX_WALL_TIME:
            if uptime is None or state is None or state.skew is None:
                self._notes["no_time"] += 1
                return None
            # Its boot says what the wall clock cannot.
            wall = uptime + state.skew
        if state is None or (uptime is not None and uptime < state.at - JUMP_SECONDS):
            state = self._other_boot(state, event, uptime, wall)
        if state is None:
            self._notes["out_of_order"] += 1
            return None
        if uptime is not None:
            state.compare(wall - uptime)
            return state, uptime, wall
        state.settle()
        at = state.at + max(0.0, wall - state.wall)
        if at - state.began > MAX_SECONDS:
            self._notes["no_time"] += 1
            return None
        return state, at, wall

    def _other_boot(
        self, known: BootClock | None, event: Event, uptime: float | None, wall: float
    ) -> BootClock | None:
        """Return a boot that begins with this event, None where it is one of the `known` boot that comes too late."""
        host, boot = event.host, event.boot
        if known is not None and uptime is not None:
            if known.skew is not None and abs(wall - uptime - known.skew) <= JUMP_SECONDS:
                return None
            # The same name for another boot: nothing goes on.
            self._end_boot(host, boot)
        of_host = self._of_host.setdefault(host, [])
        if len(of_host) >= MAX_BOOTS:
            self._end_boot(host, of_host[0])
        of_host.append(boot)
        state = self._boots[host, boot] = BootClock(host, wall if uptime is None else uptime, wall)
        return state

    # --- events about a device: each returns whether it makes sense

    def _plugged_in(self, state: BootClock, event: Event, at: float, wall: float) -> bool:
        period = state.open.get(event.device)
        if period is not None:
            if event.continued and period.id == event.id:
                soon = not period.gone or at - period.ended <= REPLUG_SECONDS
                if soon and not period.unseen:
                    period.plugged_at = period.touch(at, wall)
                    period.gone = False
                    return True
            if not period.gone and at <= period.began:
                return False  # the same again
            self._close(state, event.device, "cut")
        self._begin(state, event, at, at, wall)
        return True

    def _checkpoint(self, state: BootClock, event: Event, at: float, wall: float) -> bool:
        period = state.open.get(event.device)
        if period is not None and not period.gone:
            period.touch(at, wall)
            return True
        return self._begun_before(state, event, at, wall) is not None

    def _unplugged(self, state: BootClock, event: Event, at: float, wall: float) -> bool:
        period = state.open.get(event.device)
        if period is not None and period.gone:
            return False
        if period is None:
            period = self._begun_before(state, event, at, wall)
            if period is None:
                return False
        known_until = period.at
        at = period.touch(at, wall)
        if event.unseen:
            # Written at the next start; its duration is what was known by then.
            plugged_for = check_number(event.plugged_for)
            ended = known_until if plugged_for is None else period.plugged_at + plugged_for
            period.ended = min(max(period.began, ended), at)
            period.unseen = True
        else:
            period.ended = at
        period.end_use(period.ended)
        period.make_up(event, period.ended)
        period.gone = True
        return True

    def _use_began(self, state: BootClock, event: Event, at: float, wall: float) -> bool:
        period = self._known(state, event, at, wall)
        at = period.touch(at, wall)
        period.end_use(at)
        period.use = (at, event.program, event.evidence)
        return True

    def _use_ended(self, state: BootClock, event: Event, at: float, wall: float) -> bool:
        used_for = check_number(event.used_for)
        period = state.open.get(event.device)
        if period is None and used_for is not None:
            self._notes["begun_before"] += 1
            period = self._begin(state, event, at - used_for, at, wall)
        if period is None or period.gone:
            return False
        at = period.touch(at, wall)
        if period.use:
            # Of a device that went while unplugd did not run it is written at the next start.
            period.end_use(at if used_for is None else min(at, period.use[0] + used_for))
            return True
        if used_for is None:
            return False
        # Its beginning is lost. It cannot reach back behind the use before it.
        earliest = period.uses[-1][1] if period.uses else period.began
        program, evidence = event.program, event.evidence
        period.use = (max(earliest, at - used_for), program, evidence)
        period.end_use(at)
        return True

    def _reminder_ended(self, state: BootClock, event: Event, at: float, wall: float) -> bool:
        period = state.open.get(event.device)
        if period is None or period.gone or not period.shown:
            return False
        period.touch(at, wall)
        period.shown = False
        if event.outcome not in OUTCOMES:
            return False
        # An update that came after the outcome of the last reminder is no reminder of its own.
        if period.reminders and not period.reminders[-1][4]:
            period.reminders[-1] = (*period.reminders[-1][:4], event.outcome)
        return True

    def _snoozed(self, state: BootClock, event: Event, at: float, wall: float) -> bool:
        snoozed_for = check_number(event.snoozed_for)
        if snoozed_for is None:
            return False
        period = self._known(state, event, at, wall)
        at = period.touch(at, wall)
        period.end_snooze(at)
        period.snooze = (at, at + snoozed_for)
        return True

    def _snooze_ended(self, state: BootClock, event: Event, at: float, wall: float) -> bool:
        period = state.open.get(event.device)
        if period is None or period.snooze is None:
            return False
        # After an unplug it is written ten seconds later, or at the next start: how long it was says when it ended.
        snoozed_for = check_number(event.snoozed_for)
        period.end_snooze(at if snoozed_for is None else min(at, period.snooze[0] + snoozed_for))
        if not period.gone:
            period.touch(at, wall)
        return True

    def _stranger(self, state: BootClock, event: Event, at: float, wall: float) -> bool:
        period = self._known(state, event, at, wall)
        period.touch(at, wall)
        if event.program not in period.strangers:
            period.strangers.append(event.program)
        return True

    _about_devices: ClassVar = {
        "plugged_in": _plugged_in,
        "checkpoint": _checkpoint,
        "unplugged": _unplugged,
        "use_began": _use_began,
        "use_ended": _use_ended,
        "reminder_ended": _reminder_ended,
        "snoozed": _snoozed,
        "snooze_ended": _snooze_ended,
        "stranger": _stranger,
    }

    def _reminded(self, state: BootClock, event: Event, at: float, wall: float) -> None:
        due = event.devices if event.due is None else event.due
        for port in event.devices:
            period = state.open.get(port)
            if period is None or period.gone:
                self._notes["odd_events"] += 1
                continue
            when = period.touch(at, wall)
            period.shown = True
            if port in due:
                # The count is the largest of them all: with one device it is that one's.
                if len(due) == 1 or not period.reminders:
                    count = int(check_number(event.count) or 0)
                else:
                    count = period.reminders[-1][1] + 1
                period.reminders.append((when, count, event.urgency, event.channel, ""))

    # --- periods and runs

    def _begin(self, state: BootClock, event: Event, began: float, at: float, wall: float) -> OpenPeriod:
        port = event.device
        period = OpenPeriod(state, event, max(began, state.ended.get(port, began)), at, wall)
        period.at = max(period.at, period.began)
        state.open[port] = period
        return period

    def _known(self, state: BootClock, event: Event, at: float, wall: float) -> OpenPeriod:
        """Return the period that an event is about, from the event on where nothing was known of it."""
        period = state.open.get(event.device)
        if period is not None and not period.gone:
            return period
        self._notes["begun_before"] += 1
        if period is not None:
            self._close(state, event.device, "cut")
        return self._begin(state, event, at, at, wall)

    def _begun_before(self, state: BootClock, event: Event, at: float, wall: float) -> OpenPeriod | None:
        """Begin a period as long ago as the event says that it was, and used for as long as it says."""
        plugged_for = check_number(event.plugged_for)
        if plugged_for is None:
            return None
        idle_for = check_number(event.idle_for)
        self._notes["begun_before"] += 1
        self._close(state, event.device, "cut")
        period = self._begin(state, event, at - plugged_for, at, wall)
        used_for = 0.0 if idle_for is None else plugged_for - idle_for
        if used_for > 0:
            # When it was used is not known; how long is.
            period.uses.append((period.began, min(period.began + used_for, period.at), "", ""))
        return period

    def _close(self, state: BootClock, port: str, end: End) -> None:
        """Lay a period out; `end` is how it ended if it was not unplugged."""
        period = state.open.pop(port, None)
        if period is None:
            return
        latest = period.seen
        period.settle()
        if period.gone:
            end = "unseen" if period.unseen else "unplugged"
            ended = period.ended
        else:
            ended = period.at
        state.ended[port] = ended
        period.end_use(ended)
        period.end_snooze(ended)
        if latest is not None:
            period.make_up(latest, ended)
        at, wall = period.at, period.wall

        def when(clock: float) -> float:
            return wall - (at - min(clock, ended))

        clean = self._clean
        self._periods.append(
            Period(
                clean(state.host),
                clean(port),
                clean(period.id, 20),
                clean(period.name),
                when(period.began),
                when(ended),
                end,
                tuple(
                    Use(when(began), when(over), _name_program(clean(program)), clean(evidence, 200))
                    for began, over, program, evidence in period.uses
                ),
                tuple(
                    Reminder(when(at_), count, clean(urgency, 20), clean(channel, 20), outcome)
                    for at_, count, urgency, channel, outcome in period.reminders
                ),
                tuple(Snooze(when(began), when(over)) for began, over in period.snoozes),
                tuple(map(clean, period.strangers)),
            )
        )

    def _end_run(self, state: BootClock) -> None:
        state.settle()
        if state.run is not None and state.at > state.run:
            began = state.wall - (state.at - state.run)
            self._watched.append(Watched(self._clean(state.host), began, state.wall))
        state.run = None

    def _end_boot(self, host: str, boot: str, *, last: bool = False) -> None:
        state = self._boots.pop((host, boot))
        self._of_host[host].remove(boot)
        self._end_run(state)
        self._notes["clock_jumps"] += state.jumps
        for port in list(state.open):
            self._close(state, port, "open" if last else "cut")

    def finish(self, until: float | None, host: str | None, goes_on: str | None) -> Part:
        """Close what is open and return all that was told."""
        for name, boot in list(self._boots):
            last = self._latest.get(name) == boot and name != goes_on
            state = self._boots[name, boot]
            if last and until is not None and host in (None, name) and not state.stopped:
                self._go_on(state, until)
            self._end_boot(name, boot, last=last)
        reviewed = _make_review(self._periods, self._watched, self._notes)
        return Part(reviewed, frozenset(self._met), frozenset(self._latest), goes_on, self._all_placed)

    def _go_on(self, state: BootClock, until: float) -> None:
        """Have what goes on go on until now."""
        state.settle()
        passed = until - state.wall
        if 0 < passed <= MAX_SECONDS:
            state.at, state.wall = state.at + passed, until
            for period in state.open.values():
                if not period.gone:
                    period.touch(state.at, until)

    def _clean(self, text: str, limit: int = sanitize.MAX_CHARACTERS) -> str:
        found = self._cleaned.get((text, limit))
        if found is None:
            found = sanitize.one_line(text, limit)
            if len(self._cleaned) < MAX_CLEANED and len(text) <= 4 * limit:
                self._cleaned[text, limit] = found
        return found


def _name_program(program: str) -> str:
    """The journal's word for somebody who cannot be named is no name."""
    return "" if program == "unknown" else program
