"""Events → plugged-in periods with their uses, idle stretches, reminders, snoozes. Pure, streaming, in one pass.

Times are Unix seconds (UTC), durations seconds. A period is laid out backwards from the last event about it, by the
clock that counts sleep and is never set (`uptime`): so its durations are exact when the wall clock jumps, and a clock
that was wrong at plug-in and right later puts it where it belongs.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar, Final, Literal

import msgspec

from unplugd import sanitize
from unplugd.journal.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from unplugd.journal.event import Event

End = Literal["unplugged", "unseen", "cut", "open"]
"""How a period ended: seen; while unplugd did not run (known until the last word of it); cut by a crash, likewise; not yet."""

OUTCOMES: Final = frozenset({"unplugged", "dismissed", "snoozed", "in_use", "expired"})
LATEST: Final = 1e10
"""A wall clock beyond this (the year 2286) or before 1970 is no time."""
LONGEST: Final = 1e9
"""Seconds (31 years) beyond which no uptime and no duration is believed."""
JUMP: Final = 60.0
"""Seconds by which wall clock and uptime may disagree before it counts as a jump; drift stays far below."""
REPLUG: Final = 11.0
"""Seconds within which a replug continues the period: the rule's ten, and one for a look that came late."""
MADE_UP: Final = 1.0
"""Seconds of use beyond which it is missed where the events of it are lost."""
BOOTS: Final = 8
"""Boots of one computer that are kept in mind: events of different ones can be mixed where clocks were wrong."""
CLEANED: Final = 10_000
"""Cleaned strings kept, since the same few come again and again."""


class Use(msgspec.Struct, frozen=True, gc=False):
    """One use by upload software, or by somebody who cannot be named (`program` "")."""

    began: float
    ended: float
    program: str
    evidence: str


class Reminder(msgspec.Struct, frozen=True, gc=False):
    """One reminder and what became of it; `outcome` "" where the journal does not say: the next one took its place."""

    at: float
    count: int
    urgency: str
    channel: str
    outcome: str


class Snooze(msgspec.Struct, frozen=True, gc=False):
    """One time of silence that the person asked for."""

    began: float
    ended: float


class Period(msgspec.Struct, frozen=True):
    """A device plugged into a computer, from plug-in to unplug; a replug within ten seconds goes on with it.

    Uses and snoozes lie within it, in order, and those of a kind never overlap.
    """

    host: str
    device: str
    id: str
    name: str
    began: float
    ended: float
    end: End
    uses: tuple[Use, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    snoozes: tuple[Snooze, ...] = ()
    strangers: tuple[str, ...] = ()

    @property
    def plugged_for(self) -> float:
        """Seconds plugged in; the moments of a replug count, since the period goes on."""
        return self.ended - self.began

    @property
    def used_for(self) -> float:
        """Seconds used."""
        return sum(use.ended - use.began for use in self.uses)

    @property
    def unused_for(self) -> float:
        """Seconds left plugged in unused."""
        return self.plugged_for - self.used_for


class Watched(msgspec.Struct, frozen=True, gc=False):
    """A stretch in which unplugd ran on a computer: outside of it nobody knows what was plugged in."""

    host: str
    began: float
    ended: float


class Review(msgspec.Struct, frozen=True):
    """All that a journal tells: `notes` counts what was met on the way, by the keys of `notes.NOTES`."""

    periods: tuple[Period, ...] = ()
    watched: tuple[Watched, ...] = ()
    notes: dict[str, int] = msgspec.field(default_factory=dict)


class Part(msgspec.Struct, frozen=True):
    """What a part of the events tells: see `joined`."""

    review: Review
    boots: frozenset[tuple[str, str]]
    """Computer and boot of all events, also of those that make no sense."""
    hosts: frozenset[str]
    """The computers of those that do."""
    goes_on: str | None
    """The computer of which the next part has the later events."""
    placed: bool
    """Whether all events of a boot say when in it they were."""


def review(events: Iterable[Event], until: float | None = None, host: str | None = None) -> Review:
    """Return what the events tell; those of each computer come in order, computers may be mixed.

    What is open at the end ends with its last event; with `until` it goes on until that time, on `host` (None: on
    every computer) and where the last event is not that unplugd stopped.
    """
    return part(events, until, host).review


def joined(parts: Sequence[Part]) -> Review | None:
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
    return _review(
        chain.from_iterable(one.review.periods for one in parts),
        chain.from_iterable(one.review.watched for one in parts),
        sum((Counter(one.review.notes) for one in parts), Counter()),
    )


# Also where clocks were wrong, so that two boots are laid over one another: the same whichever is known first.
_ORDER: Final = attrgetter("began", "host", "device", "ended", "end", "id", "name")


def _review(periods: Iterable[Period], watched: Iterable[Watched], notes: Counter[str]) -> Review:
    return Review(
        tuple(sorted(periods, key=_ORDER)),
        tuple(sorted(watched, key=lambda one: (one.began, one.host, one.ended))),
        dict(+notes),
    )


def part(
    events: Iterable[Event],
    until: float | None = None,
    host: str | None = None,
    goes_on: str | None = None,
) -> Part:
    """Return what a part of the events tells; the computer that `goes_on` has later ones in the next part."""
    reviewer = _Reviewer()
    # Nearly all events are checkpoints, and of those of a period in a row only the latest one counts: comparing costs
    # less than looking up.
    period: _Open | None = None
    latest: Event | None = None
    for event in events:
        is_checkpoint = event.event == "checkpoint"
        if (
            is_checkpoint
            and latest is not None
            and event.device == latest.device
            and event.boot == latest.boot
            and event.host == latest.host
            and latest.uptime <= event.uptime <= LONGEST
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
        if period is not None and period.at <= event.uptime <= LONGEST:
            latest = event
        else:
            reviewer.take(event)
    if period is not None and latest is not None:
        period.pass_over(latest, latest.time)
    return reviewer.finish(until, host, goes_on)


class _Open:
    """A period as it grows; its times are on the clock of its boot."""

    __slots__ = (
        "anchor",
        "at",
        "began",
        "boot",
        "ended",
        "gone",
        "id",
        "name",
        "plugged_at",
        "reminders",
        "seen",
        "shown",
        "snooze",
        "snoozes",
        "strangers",
        "unseen",
        "use",
        "uses",
        "wall",
    )

    def __init__(self, boot: _Boot, event: Event, began: float, at: float, wall: float) -> None:
        self.boot = boot
        self.id = event.id
        self.name = event.name
        self.began = self.plugged_at = began
        self.at = self.anchor = at
        self.wall = wall
        """The wall clock at `anchor`."""
        self.seen: Event | None = None
        """The last event, if it has not been looked at."""
        self.gone = self.unseen = self.shown = False
        self.ended = at
        """When it was unplugged, if it is `gone`."""
        self.use: tuple[float, str, str] | None = None
        self.uses: list[tuple[float, float, str, str]] = []
        self.snooze: tuple[float, float] | None = None
        self.snoozes: list[tuple[float, float]] = []
        self.reminders: list[tuple[float, int, str, str, str]] = []
        self.strangers: list[str] = []

    def settle(self) -> None:
        """Look at the last event after all: it ties the clock of the boot to the wall clock."""
        if self.seen is not None:
            self.wall = _wall_of(self.seen, self.wall + self.at - self.anchor)
            self.anchor = self.at
            self.seen = None

    def pass_over(self, event: Event, then: str) -> bool:
        """Take note of checkpoints without a look at them, of which this is the last one.

        `then` is the time of the event after it. Return whether the clock was set back in between: what it was before
        and after could not be seen any more once it is right again.
        """
        self.at, self.seen = event.uptime, event
        if self.at > self.boot.at:
            self.boot.at, self.boot.seen = self.at, event
        if then < event.time:
            self.boot.settle()
            return True
        return False

    def touch(self, at: float, wall: float) -> float:
        """Take note of an event about it, and return its time: never before the one before."""
        if at >= self.at:
            self.at = self.anchor = at
            self.wall = wall
            self.seen = None
        return self.at

    def end_use(self, at: float) -> None:
        """End the use that goes on, if one does."""
        if self.use:
            began, program, evidence = self.use
            self.uses.append((began, max(began, at), program, evidence))
            self.use = None

    def make_up(self, event: Event, until: float) -> None:
        """Add what `event` says that it was used for since it was plugged in, and no event is left of.

        When that was is not known: it is put where nothing else is.
        """
        plugged_for, idle_for = number(event.plugged_for), number(event.idle_for)
        if plugged_for is None or idle_for is None:
            return
        earlier = [use for use in self.uses if use[1] <= self.plugged_at]
        known = self.uses[len(earlier) :]
        missing = plugged_for - idle_for - sum(ended - began for began, ended, _, _ in known)
        if missing <= MADE_UP:
            return
        free = self.plugged_at
        found: list[tuple[float, float, str, str]] = []
        for use in [*known, (until, until, "", "")]:
            length = min(missing, use[0] - free)
            if length > 0:
                found.append((free, free + length, "", ""))
                missing -= length
            found.append(use)
            free = use[1]
        self.uses = [*earlier, *found[:-1]]

    def end_snooze(self, at: float) -> None:
        """End the snooze that goes on, if one does."""
        if self.snooze:
            began, until = self.snooze
            self.snoozes.append((began, max(began, min(at, until))))
            self.snooze = None


class _Boot:
    """One boot of a computer: its clock, the run of unplugd, the periods that are open."""

    __slots__ = ("at", "began", "ended", "host", "jumps", "open", "run", "seen", "skew", "stopped", "wall")

    def __init__(self, host: str, at: float, wall: float) -> None:
        self.host = host
        self.at = self.began = at
        self.wall = wall
        """The wall clock at `at`, or at an earlier event if the last one has not been looked at."""
        self.seen: Event | None = None
        """The last event, if it has not been looked at."""
        self.skew: float | None = None
        """How far the wall clock is ahead of uptime."""
        self.jumps = 0
        """How often the wall clock was set."""
        self.run: float | None = None
        """When unplugd started, while it runs."""
        self.stopped = False
        self.open: dict[str, _Open] = {}
        """The periods that are open, by port; those that are gone, but may be replugged, too."""
        self.ended: dict[str, float] = {}
        """When the latest period of each port was over."""

    def settle(self) -> None:
        """Look at the last event after all."""
        if self.seen is not None:
            self.wall = _wall_of(self.seen, self.at + (self.skew or 0.0))
            self.compare(self.wall - self.at)
            self.seen = None

    def compare(self, skew: float) -> None:
        """Notice if the wall clock was set since the last time that it was compared."""
        if self.skew is not None and abs(skew - self.skew) > JUMP:
            self.jumps += 1
        self.skew = skew


def _wall_of(event: Event, otherwise: float) -> float:
    wall = parse_timestamp(event.time)
    return wall if 0 <= wall <= LATEST else otherwise


class _Reviewer:
    def __init__(self) -> None:
        self._boots: dict[tuple[str, str], _Boot] = {}
        self._of_host: dict[str, list[str]] = {}
        self._latest: dict[str, str] = {}
        self._met: set[tuple[str, str]] = set()
        self._all_placed = True
        self._periods: list[Period] = []
        self._watched: list[Watched] = []
        self._notes: Counter[str] = Counter()
        self._cleaned: dict[tuple[str, int], str] = {}

    def open_period(self, event: Event) -> _Open | None:
        """Return the period that a checkpoint is of, if nothing has to be done about it first."""
        state = self._boots.get((event.host, event.boot))
        # The first event after unplugd stopped says that it runs again.
        if state is None or state.run is None:
            return None
        period = state.open.get(event.device)
        return None if period is None or period.gone else period

    # --- one event

    def take(self, event: Event) -> None:
        state = self._boots.get((event.host, event.boot))
        wall, at = parse_timestamp(event.time), event.uptime
        if state is not None and 0 <= wall <= LATEST and 0 <= at <= LONGEST and at >= state.at - JUMP:
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
            self._notes["lost_events"] += int(number(event.lost) or 0)
        elif what == "delivery_failed":
            self._notes["failed_deliveries"] += 1

    def _placed(self, state: _Boot | None, event: Event, wall: float) -> tuple[_Boot, float, float] | None:
        """Return the boot of an event that is not simply its next one, and when it was; None where that is not to be found."""
        uptime = number(event.uptime)
        self._met.add((event.host, event.boot))
        self._all_placed &= uptime is not None or not event.boot
        if not 0 <= wall <= LATEST:
            if uptime is None or state is None or state.skew is None:
                self._notes["no_time"] += 1
                return None
            # Its boot says what the wall clock cannot.
            wall = uptime + state.skew
        if state is None or (uptime is not None and uptime < state.at - JUMP):
            state = self._other_boot(state, event, uptime, wall)
        if state is None:
            self._notes["out_of_order"] += 1
            return None
        if uptime is not None:
            state.compare(wall - uptime)
            return state, uptime, wall
        state.settle()
        at = state.at + max(0.0, wall - state.wall)
        if at - state.began > LONGEST:
            self._notes["no_time"] += 1
            return None
        return state, at, wall

    def _other_boot(
        self, known: _Boot | None, event: Event, uptime: float | None, wall: float
    ) -> _Boot | None:
        """Return a boot that begins with this event, None where it is one of the `known` boot that comes too late."""
        host, boot = event.host, event.boot
        if known is not None and uptime is not None:
            if known.skew is not None and abs(wall - uptime - known.skew) <= JUMP:
                return None
            # The same name for another boot: nothing goes on.
            self._end_boot(host, boot)
        of_host = self._of_host.setdefault(host, [])
        if len(of_host) >= BOOTS:
            self._end_boot(host, of_host[0])
        of_host.append(boot)
        state = self._boots[host, boot] = _Boot(host, wall if uptime is None else uptime, wall)
        return state

    # --- events about a device: each returns whether it makes sense

    def _plugged_in(self, state: _Boot, event: Event, at: float, wall: float) -> bool:
        period = state.open.get(event.device)
        if period is not None:
            if event.continued and period.id == event.id:
                soon = not period.gone or at - period.ended <= REPLUG
                if soon and not period.unseen:
                    period.plugged_at = period.touch(at, wall)
                    period.gone = False
                    return True
            if not period.gone and at <= period.began:
                return False  # the same again
            self._close(state, event.device, "cut")
        self._begin(state, event, at, at, wall)
        return True

    def _checkpoint(self, state: _Boot, event: Event, at: float, wall: float) -> bool:
        period = state.open.get(event.device)
        if period is not None and not period.gone:
            period.touch(at, wall)
            return True
        return self._begun_before(state, event, at, wall) is not None

    def _unplugged(self, state: _Boot, event: Event, at: float, wall: float) -> bool:
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
            plugged_for = number(event.plugged_for)
            ended = known_until if plugged_for is None else period.plugged_at + plugged_for
            period.ended = min(max(period.began, ended), at)
            period.unseen = True
        else:
            period.ended = at
        period.end_use(period.ended)
        period.make_up(event, period.ended)
        period.gone = True
        return True

    def _use_began(self, state: _Boot, event: Event, at: float, wall: float) -> bool:
        period = self._known(state, event, at, wall)
        at = period.touch(at, wall)
        period.end_use(at)
        period.use = (at, event.program, event.evidence)
        return True

    def _use_ended(self, state: _Boot, event: Event, at: float, wall: float) -> bool:
        used_for = number(event.used_for)
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

    def _reminder_ended(self, state: _Boot, event: Event, at: float, wall: float) -> bool:
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

    def _snoozed(self, state: _Boot, event: Event, at: float, wall: float) -> bool:
        snoozed_for = number(event.snoozed_for)
        if snoozed_for is None:
            return False
        period = self._known(state, event, at, wall)
        at = period.touch(at, wall)
        period.end_snooze(at)
        period.snooze = (at, at + snoozed_for)
        return True

    def _snooze_ended(self, state: _Boot, event: Event, at: float, wall: float) -> bool:
        period = state.open.get(event.device)
        if period is None or period.snooze is None:
            return False
        # After an unplug it is written ten seconds later, or at the next start: how long it was says when it ended.
        snoozed_for = number(event.snoozed_for)
        period.end_snooze(at if snoozed_for is None else min(at, period.snooze[0] + snoozed_for))
        if not period.gone:
            period.touch(at, wall)
        return True

    def _stranger(self, state: _Boot, event: Event, at: float, wall: float) -> bool:
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

    def _reminded(self, state: _Boot, event: Event, at: float, wall: float) -> None:
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
                    count = int(number(event.count) or 0)
                else:
                    count = period.reminders[-1][1] + 1
                period.reminders.append((when, count, event.urgency, event.channel, ""))

    # --- periods and runs

    def _begin(self, state: _Boot, event: Event, began: float, at: float, wall: float) -> _Open:
        port = event.device
        period = _Open(state, event, max(began, state.ended.get(port, began)), at, wall)
        period.at = max(period.at, period.began)
        state.open[port] = period
        return period

    def _known(self, state: _Boot, event: Event, at: float, wall: float) -> _Open:
        """Return the period that an event is about, from the event on where nothing was known of it."""
        period = state.open.get(event.device)
        if period is not None and not period.gone:
            return period
        self._notes["begun_before"] += 1
        if period is not None:
            self._close(state, event.device, "cut")
        return self._begin(state, event, at, at, wall)

    def _begun_before(self, state: _Boot, event: Event, at: float, wall: float) -> _Open | None:
        """Begin a period as long ago as the event says that it was, and used for as long as it says."""
        plugged_for = number(event.plugged_for)
        if plugged_for is None:
            return None
        idle_for = number(event.idle_for)
        self._notes["begun_before"] += 1
        self._close(state, event.device, "cut")
        period = self._begin(state, event, at - plugged_for, at, wall)
        used_for = 0.0 if idle_for is None else plugged_for - idle_for
        if used_for > 0:
            # When it was used is not known; how long is.
            period.uses.append((period.began, min(period.began + used_for, period.at), "", ""))
        return period

    def _close(self, state: _Boot, port: str, end: End) -> None:
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
                    Use(when(began), when(over), _named(clean(program)), clean(evidence, 200))
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

    def _end_run(self, state: _Boot) -> None:
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
        for name, boot in list(self._boots):
            last = self._latest.get(name) == boot and name != goes_on
            state = self._boots[name, boot]
            if last and until is not None and host in (None, name) and not state.stopped:
                self._go_on(state, until)
            self._end_boot(name, boot, last=last)
        reviewed = _review(self._periods, self._watched, self._notes)
        return Part(reviewed, frozenset(self._met), frozenset(self._latest), goes_on, self._all_placed)

    def _go_on(self, state: _Boot, until: float) -> None:
        """Have what goes on go on until now."""
        state.settle()
        passed = until - state.wall
        if 0 < passed <= LONGEST:
            state.at, state.wall = state.at + passed, until
            for period in state.open.values():
                if not period.gone:
                    period.touch(state.at, until)

    def _clean(self, text: str, limit: int = sanitize.MAX_CHARACTERS) -> str:
        found = self._cleaned.get((text, limit))
        if found is None:
            found = sanitize.one_line(text, limit)
            if len(self._cleaned) < CLEANED and len(text) <= 4 * limit:
                self._cleaned[text, limit] = found
        return found


def number(value: float, most: float = LONGEST) -> float | None:
    """Return `value` if it is from 0 to `most`, else None."""
    return value if 0 <= value <= most else None


def _named(program: str) -> str:
    """The journal's word for somebody who cannot be named is no name."""
    return "" if program == "unknown" else program
