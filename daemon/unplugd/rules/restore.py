"""Restores the plugged-in periods of this boot from the journal after a restart of the daemon. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from unplugd import sanitize
from unplugd.durations import DAY_SECONDS
from unplugd.rules.devices import Device, parse_id
from unplugd.rules.events import (
    HELD_BACK_ENDS,
    HeldBackEnded,
    ReminderEnded,
    SnoozeEnded,
    Unplugged,
    UseEnded,
)
from unplugd.rules.held_back import restore_chain
from unplugd.rules.model import Action, HeldBack, Hold, PluggedPeriod, Record, State, Use
from unplugd.rules.period import end_snooze, unplug

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_REMINDERS: Final = 1_000_000
"""Largest plausible count of reminders."""


def find_open_periods(
    lines: Iterable[dict[str, Any]], boot: str, now: float
) -> tuple[tuple[PluggedPeriod, float], ...]:
    """Return the open periods of the boot `boot` as of the last event, each with the time of its own last event.

    Events that are incomplete, implausible or later than `now` are skipped: the file may contain anything, and nothing
    in it may silence a reminder forever.
    """
    periods: dict[str, PluggedPeriod] = {}
    known_until: dict[str, float] = {}
    for event in lines:
        if event.get("boot") != boot:
            continue
        try:
            at = _read_number(event, "uptime", now)
            _apply_event(periods, event, at)
            for port in [event["device"]] if "device" in event else event.get("devices", ()):
                known_until[str(port)] = at
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            continue
    found = []
    for port, period in periods.items():
        until = known_until.get(port, period.plugged_at)
        use, hold = period.use, period.hold
        # Treat doubtful use and an open device as continued until now: a restart must not grant another
        # `running_counts_for`. But in a use, nobody saw whether data moved since the last checkpoint.
        if hold:
            moved_at = now - (hold.seen_at - hold.moved_at) if use else hold.moved_at
            hold = replace(hold, moved_at=moved_at, seen_at=now)
        known = replace(
            period,
            use=replace(use, seen_at=max(use.began, until)) if use else None,
            doubtful_at=None if period.doubtful_since is None else now,
            hold=hold,
        )
        found.append((known, until))
    return tuple(found)


def _apply_event(periods: dict[str, PluggedPeriod], event: dict[str, Any], at: float) -> None:
    what = event["event"]
    if what == "reminded":
        count = int(_read_number(event, "count", MAX_REMINDERS))
        due = event.get("due", event["devices"])
        for port in event["devices"]:
            if port in due and port in periods:
                # The count is the highest of all devices; with a single device it is that device's.
                reminded = count if len(due) == 1 else periods[port].reminders + 1
                periods[port] = replace(periods[port], reminders=reminded, reminded_at=at)
            if port in periods:
                periods[port] = replace(periods[port], shown=True, expired=False)
        return
    port = str(event["device"])
    period = periods.get(port)
    if what == "plugged_in":
        device = _read_device(event)
        if event.get("continued") and period:
            periods[port] = replace(period, device=device, plugged_at=at, used_for=0.0, gone_at=None)
        else:
            periods[port] = PluggedPeriod(device, since=at, plugged_at=at, checkpoint_at=at)
    elif what == "checkpoint" and period is None:
        # The start is before the part of the journal that is read; it is computed from the checkpoint.
        began = at - _read_number(event, "plugged_for", at)
        used_for = at - began - _read_number(event, "idle_for", at - began)
        periods[port] = PluggedPeriod(
            _read_device(event), since=began, plugged_at=began, checkpoint_at=at, used_for=used_for
        )
    elif period is None:
        return
    elif what == "checkpoint":
        periods[port] = _follow_hold(period, event, at)
    elif what == "unplugged":
        periods[port] = replace(period, gone_at=at, use=None, hold=None, shown=False)
    elif what == "use_began":
        use = Use(
            sanitize.one_line(str(event["program"])),
            sanitize.one_line(str(event["evidence"]), 200),
            began=at,
            seen_at=at,
        )
        since = _read_number(event, "doubtful_since", at) if "doubtful_since" in event else None
        periods[port] = replace(
            period,
            use=use,
            hold=None,
            reminders=0,
            reminded_at=None,
            held_until=None,
            expired=False,
            doubtful_since=since,
        )
    elif what == "use_ended":
        periods[port] = _end_use(period, event, at)
    elif what == "held_back":
        program = sanitize.one_line(str(event["program"]))
        since = _read_number(event, "running_since", at)
        periods[port] = replace(period, held_back=HeldBack(program, since, at))
    elif what == "held_back_ended":
        periods[port] = _end_held_back(period, str(event["how"]), at)
    elif what == "reminder_ended":
        held_until = (
            at + _read_number(event, "held_for", DAY_SECONDS) if "held_for" in event else period.held_until
        )
        periods[port] = replace(
            period, shown=False, expired=event["outcome"] == "expired", held_until=held_until
        )
    elif what == "snoozed":
        until = at + _read_number(event, "snoozed_for", DAY_SECONDS)
        periods[port] = replace(period, expired=False, snoozed_at=at, snoozed_until=until)
    elif what == "snooze_ended":
        total = period.snoozed_for + _read_number(event, "snoozed_for", DAY_SECONDS)
        periods[port] = replace(
            period, snoozed_at=None, snoozed_until=None, snoozed_for=total, reminded_at=None
        )
    elif what == "stranger":
        program = sanitize.one_line(str(event["program"]))
        periods[port] = replace(
            period,
            programs_seen=period.programs_seen | {program},
            programs_shown=period.programs_shown | {program},
            programs_over=period.programs_over | {program},
        )


def _follow_hold(period: PluggedPeriod, event: dict[str, Any], at: float) -> PluggedPeriod:
    if period.use is None or "still_for" not in event:
        return period
    moved_at = at - _read_number(event, "still_for", at)
    # The next poll finds out whether data can be seen to move, and the limit.
    hold = Hold(period.use.program, moved_at, seen_at=at, counts_until=at, sees_moves=False)
    return replace(period, hold=hold)


def _end_use(period: PluggedPeriod, event: dict[str, Any], at: float) -> PluggedPeriod:
    sees_moves = "still_for" in event
    used_for = _read_number(event, "used_for", at)
    # It may have ended before this event: when data last moved, or a poll last saw it.
    if period.use:
        ended_at = min(at, period.use.began + used_for)
    else:
        ended_at = at - _read_number(event, "still_for", at) if sees_moves else at
    hold = None
    if event.get("forgotten"):
        hold = Hold(sanitize.one_line(str(event["program"])), ended_at, at, at, sees_moves)
    return replace(period, use=None, hold=hold, last_use=ended_at, used_for=period.used_for + used_for)


def _end_held_back(period: PluggedPeriod, how: str, at: float) -> PluggedPeriod:
    if period.held_back is None:
        return period
    end = HELD_BACK_ENDS[HELD_BACK_ENDS.index(how)]  # ValueError for any other word
    return replace(period, held_back=replace(period.held_back, ended=at, how=end))


def _read_number(event: dict[str, Any], key: str, most: float) -> float:
    value = float(event[key])
    if not 0 <= value <= most:  # also rejects NaN
        raise ValueError(key)
    return value


def _read_device(event: dict[str, Any]) -> Device:
    address = int(event.get("address", 0))
    return Device(
        str(event["device"]),
        *parse_id(event["id"]),
        address=address,
        name=sanitize.one_line(str(event["name"])),
    )


def report_missed_unplug(period: PluggedPeriod, known_until: float) -> tuple[Action, ...]:
    """Return the events for an unplug while unplugd was down; all times end at `known_until`, the last event."""
    if period.gone_at is not None:
        return ()
    actions: list[Action] = []
    unplug(end_snooze(period, known_until, "unplugged", actions), known_until, actions)
    return tuple(_mark_unseen(action) for action in actions)


def _mark_unseen(action: Action) -> Action:
    if isinstance(action, Record) and isinstance(
        action.event, HeldBackEnded | UseEnded | ReminderEnded | SnoozeEnded | Unplugged
    ):
        return replace(action, event=action.event._replace(unseen=True))
    return action


def restore_state(periods: Iterable[PluggedPeriod], now: float) -> State:
    """Return the state to continue with at `now`; a reminder that was on the screen comes back as an update."""
    kept = tuple(periods)
    return State(periods=kept, on_screen=any(period.shown for period in kept), chain=restore_chain(kept, now))
