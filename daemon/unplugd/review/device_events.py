"""Applies each kind of event about a device to the device's period. Pure.

The journal may be incomplete: an event about a device that is not known to be plugged in begins a period at the time
computed from its own durations, and an event that cannot be true is ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from unplugd.review.open_period import BootClock, OpenPeriod, OpenReminder, check_number
from unplugd.rules.events import ABSENCES, OUTCOMES, REPLUG_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.journal.event import JournalEvent
    from unplugd.review.results import Results

    Handler = Callable[[BootClock, JournalEvent, float, float], bool]

MAX_REPLUG_SECONDS: Final = REPLUG_SECONDS + 1
"""Seconds within which a replug continues the period: those of the rules, plus one for a late poll."""


class DeviceEvents:
    """Applies events about devices to the periods of their boot.

    Each handler takes the boot, the event, its time in the boot, and its wall-clock time, and returns whether the event
    is plausible.
    """

    def __init__(self, results: Results) -> None:
        self._results = results

    def make_handlers(self) -> dict[str, Handler]:
        """Return what handles each kind of event."""
        # Not an attribute: as part of a cycle, all results would stay in memory for a while.
        return {
            "plugged_in": self.on_plugged_in,
            "checkpoint": self.on_checkpoint,
            "unplugged": self.on_unplugged,
            "use_began": self.on_use_began,
            "use_ended": self.on_use_ended,
            "reminder_ended": self.on_reminder_ended,
            "held_back": self.on_held_back,
            "held_back_ended": self.on_held_back_ended,
            "snoozed": self.on_snoozed,
            "snooze_ended": self.on_snooze_ended,
            "stranger": self.on_stranger,
        }

    def on_plugged_in(self, boot: BootClock, event: JournalEvent, at: float, wall: float) -> bool:
        """Begin a period, or continue one that a replug interrupted."""
        period = boot.open.get(event.device)
        if period is not None:
            if period.unplugged_at is None and _has_same_address(period, event):
                # Each plug-in has another address: this is the line of another daemon, which does not name its session.
                period.addresses += (event.address,)
                period.touch(at, wall)
                return True
            unplugged_at = period.unplugged_at
            in_time = unplugged_at is None or at - unplugged_at <= MAX_REPLUG_SECONDS
            if event.continued and in_time and period.id == event.id and not period.unseen:
                period.plugged_at = period.touch(at, wall)
                period.unplugged_at = None
                period.addresses += (event.address,)
                _continue_absence(boot, period, period.plugged_at)
                return True
            if unplugged_at is None and at <= period.began:
                return False  # a duplicate
            self._results.finish_period(boot, event.device, "cut")
        _begin_period(boot, event, at, at, wall)
        return True

    def on_checkpoint(self, boot: BootClock, event: JournalEvent, at: float, wall: float) -> bool:
        """Record that the device is still plugged in."""
        period = boot.find_plugged_in(event.device)
        if period is not None:
            period.touch(at, wall)
            return True
        return self._begin_earlier_period(boot, event, at, wall) is not None

    def on_unplugged(self, boot: BootClock, event: JournalEvent, at: float, wall: float) -> bool:
        """End the period; it stays open, since a replug may continue it."""
        period = boot.open.get(event.device)
        if period is None:
            period = self._begin_earlier_period(boot, event, at, wall)
        if period is None or period.unplugged_at is not None:
            return period is not None and period.has_several_observers
        last_seen_at = period.at
        ended = at = period.touch(at, wall)
        if event.unseen:
            # It was written at the next start, with the duration known from the last event.
            plugged_for = check_number(event.plugged_for)
            ended = last_seen_at if plugged_for is None else period.plugged_at + plugged_for
            ended = min(max(period.began, ended), at)
            period.unseen = True
        period.unplugged_at = ended
        period.reminders.absences.end(ended)
        if boot.away and all(other.unplugged_at is not None for other in boot.open.values()):
            # No `back` is written while nothing is plugged in.
            boot.away = None
        period.uses.end(ended)
        period.uses.restore_missing(event, period.plugged_at, ended)
        return True

    def on_use_began(self, boot: BootClock, event: JournalEvent, at: float, wall: float) -> bool:
        """Begin a use."""
        period = self._find_or_begin_period(boot, event, at, wall)
        if period.has_several_observers and period.uses.current:
            period.touch(at, wall)
            return True
        period.uses.begin(period.touch(at, wall), event.program, event.evidence)
        return True

    def on_use_ended(self, boot: BootClock, event: JournalEvent, at: float, wall: float) -> bool:
        """End the current use, or add a complete one if its beginning is missing."""
        used_for = check_number(event.used_for)
        period = boot.open.get(event.device)
        if period is None and used_for is not None:
            self._results.notes["begun_before"] += 1
            period = _begin_period(boot, event, at - used_for, at, wall)
        if period is None or period.unplugged_at is not None:
            return False
        at = period.touch(at, wall)
        uses = period.uses
        if not uses.current and period.has_several_observers and uses.finished and used_for is not None:
            # The other daemon may have seen the same use.
            last = uses.finished[-1]
            if at - used_for < last.ended:
                uses.finished[-1] = replace(last, ended=at)
                return True
        if uses.current:
            # If the device was unplugged while unplugd was not running, this event was written at the next start.
            uses.end(at if used_for is None else min(at, uses.current[0] + used_for))
            return True
        if used_for is None:
            return False
        # It cannot begin before the end of the previous use.
        earliest = uses.finished[-1].ended if uses.finished else period.began
        uses.begin(max(earliest, at - used_for), event.program, event.evidence)
        uses.end(at)
        return True

    def on_reminder_ended(self, boot: BootClock, event: JournalEvent, at: float, wall: float) -> bool:
        """Record the outcome of the last reminder."""
        period = boot.open.get(event.device)
        if period is not None and period.has_several_observers:
            # One daemon's reminder may end after the other's, and after the unplug that the other saw.
            unanswered = [reminder for reminder in period.reminders.delivered if not reminder.outcome]
            if unanswered and event.outcome in OUTCOMES:
                unanswered[-1].outcome = event.outcome
            return True
        if period is None or period.unplugged_at is not None or not period.reminders.is_shown:
            return False
        period.touch(at, wall)
        period.reminders.is_shown = False
        if event.outcome not in OUTCOMES:
            return False
        # If the last reminder already has an outcome, this event ends an update, which is not a separate reminder.
        delivered = period.reminders.delivered
        if delivered and not delivered[-1].outcome:
            delivered[-1].outcome = event.outcome
        return True

    def on_snoozed(self, boot: BootClock, event: JournalEvent, at: float, wall: float) -> bool:
        """Begin a snooze."""
        snoozed_for = check_number(event.snoozed_for)
        if snoozed_for is None:
            return False
        period = self._find_or_begin_period(boot, event, at, wall)
        period.snoozes.begin(period.touch(at, wall), snoozed_for)
        return True

    def on_snooze_ended(self, boot: BootClock, event: JournalEvent, at: float, wall: float) -> bool:
        """End the current snooze."""
        period = boot.open.get(event.device)
        if period is None or period.snoozes.current is None:
            return False
        # After an unplug it is written ten seconds later or at the next start, so use its duration.
        snoozed_for = check_number(event.snoozed_for)
        began = period.snoozes.current.began
        period.snoozes.end(at if snoozed_for is None else min(at, began + snoozed_for))
        if period.unplugged_at is None:
            period.touch(at, wall)
        return True

    def on_held_back(self, boot: BootClock, event: JournalEvent, at: float, wall: float) -> bool:
        """Record that a program begins to hold reminders back."""
        period = self._find_or_begin_period(boot, event, at, wall)
        period.held_back.begin(period.touch(at, wall), event.program)
        return True

    def on_held_back_ended(self, boot: BootClock, event: JournalEvent, at: float, wall: float) -> bool:
        """Record that the program no longer does."""
        period = boot.find_plugged_in(event.device)
        if period is None or period.held_back.current is None:
            return False
        # If the device was unplugged while unplugd was not running, this event was written at the next start.
        held_for = check_number(event.held_for)
        began = period.held_back.current[0]
        at = period.touch(at, wall)
        period.held_back.end(at if held_for is None else min(at, began + held_for))
        return True

    def on_stranger(self, boot: BootClock, event: JournalEvent, at: float, wall: float) -> bool:
        """Record an unknown program, once."""
        period = self._find_or_begin_period(boot, event, at, wall)
        period.touch(at, wall)
        if event.program not in period.strangers:
            period.strangers.append(event.program)
        return True

    def apply_reminder(self, boot: BootClock, event: JournalEvent, at: float, wall: float) -> None:
        """Add a reminder to each device for which it is due; the other devices are only shown on the screen."""
        due = event.devices if event.due is None else event.due
        for port in event.devices:
            period = boot.find_plugged_in(port)
            if period is None:
                self._results.notes["odd_events"] += 1
                continue
            reminded_at = period.touch(at, wall)
            period.reminders.is_shown = True
            if port in due:
                # The count is the highest of all devices; it is only certain for a single one.
                delivered = period.reminders.delivered
                if len(due) == 1 or not delivered:
                    count = int(check_number(event.count) or 0)
                else:
                    count = delivered[-1].count + 1
                delivered.append(
                    OpenReminder(reminded_at, count, event.urgency, event.channel, event.session)
                )

    def apply_presence(self, boot: BootClock, event: JournalEvent, at: float, wall: float) -> None:
        """Record for each device that is plugged in that nobody is in front of the session, or somebody again."""
        boot.away = None
        if event.event == "away":
            boot.away = (at, event.why if event.why in ABSENCES else "")
        for period in boot.open.values():
            if period.unplugged_at is None:
                changed_at = period.touch(at, wall)
                period.reminders.absences.end(changed_at)
                _continue_absence(boot, period, changed_at)

    def _find_or_begin_period(
        self, boot: BootClock, event: JournalEvent, at: float, wall: float
    ) -> OpenPeriod:
        """Return the period that an event is about, or begin one if none is known."""
        period = boot.find_plugged_in(event.device)
        if period is not None:
            return period
        self._results.notes["begun_before"] += 1
        self._results.finish_period(boot, event.device, "cut")
        return _begin_period(boot, event, at, at, wall)

    def _begin_earlier_period(
        self, boot: BootClock, event: JournalEvent, at: float, wall: float
    ) -> OpenPeriod | None:
        """Begin a period with the durations given by the event; None if there are none."""
        plugged_for = check_number(event.plugged_for)
        if plugged_for is None:
            return None
        idle_for = check_number(event.idle_for)
        self._results.notes["begun_before"] += 1
        self._results.finish_period(boot, event.device, "cut")
        period = _begin_period(boot, event, at - plugged_for, at, wall)
        used_for = 0.0 if idle_for is None else plugged_for - idle_for
        if used_for > 0:
            # Only its duration is known: put it at the beginning.
            period.uses.begin(period.began, "", "")
            period.uses.end(min(period.began + used_for, period.at))
        return period


def _has_same_address(period: OpenPeriod, event: JournalEvent) -> bool:
    return 0 < event.address == period.addresses[-1] and event.id == period.id


def _begin_period(boot: BootClock, event: JournalEvent, began: float, at: float, wall: float) -> OpenPeriod:
    """Begin a period, but not before the end of the previous one on this port."""
    port = event.device
    period = OpenPeriod(boot, event, max(began, boot.ended.get(port, began)), at, wall)
    period.at = max(period.at, period.began)
    _continue_absence(boot, period, period.began)
    boot.open[port] = period
    return period


def _continue_absence(boot: BootClock, period: OpenPeriod, at: float) -> None:
    """Begin an absence in a period at `at`, if nobody is in front; `away` is only written once for all devices."""
    if boot.away:
        since, why = boot.away
        period.reminders.absences.begin(max(since, at), why)
