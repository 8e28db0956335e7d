"""What happens to one plugged-in device: its plug-in, uses, snoozes, reminders, checkpoints and unplug. Pure.

Each function takes the device's period and returns it changed, and appends the events to `actions`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from unplugd.rules import held_back
from unplugd.rules.events import (
    REPLUG_SECONDS,
    Checkpoint,
    Outcome,
    PluggedIn,
    ReminderEnded,
    SnoozeEnd,
    SnoozeEnded,
    Stranger,
    Unplugged,
    UseBegan,
    UseEnded,
)
from unplugd.rules.model import Action, DeviceUse, Hold, PluggedPeriod, Policy, Record, Use

if TYPE_CHECKING:
    from unplugd.rules.devices import Device

CHECKPOINT_SECONDS: Final = 300.0
"""Seconds between checkpoints in the journal while a device is plugged in."""
BLIND_HOLD_SECONDS: Final = 7200.0
"""Seconds for which upload software that has a device open is a use, where nobody can see whether data move."""


def plug_in(period: PluggedPeriod | None, device: Device, now: float, actions: list[Action]) -> PluggedPeriod:
    """Begin the period of a device that is plugged in, or go on with it."""
    if period and period.gone_at is None:
        same_address = period.device.address in (0, device.address)
        if period.device.id == device.id and same_address:
            return replace(period, device=device)
        # This is another device, or the same one with a new address: it was replugged between two polls.
        period = unplug(period, now, actions)
    if (
        period
        and period.gone_at is not None
        and period.device.id == device.id
        and now < period.gone_at + REPLUG_SECONDS
    ):
        actions.append(Record(PluggedIn(device.address, continued=True), device))
        return replace(
            period,
            device=device,
            plugged_at=now,
            used_for=0.0,
            gone_at=None,
            checkpoint_at=now + CHECKPOINT_SECONDS,
        )
    if period:
        end_snooze(period, now if period.gone_at is None else period.gone_at, "unplugged", actions)
    actions.append(Record(PluggedIn(device.address), device))
    return PluggedPeriod(device, since=now, plugged_at=now, checkpoint_at=now + CHECKPOINT_SECONDS)


def update_use(
    period: PluggedPeriod, seen: DeviceUse, now: float, policy: Policy, actions: list[Action]
) -> PluggedPeriod:
    """Begin and end uses as a poll saw them.

    A single poll that cannot tell ends no use. A second one does, since what is unknown must not silence for long.
    """
    use = period.use
    if (
        use
        and seen.verdict == "unknown"
        and use.unknown_at in (None, now)
        and now < find_use_limit(period, policy)
    ):
        return replace(period, verdict="unknown", use=replace(use, unknown_at=now))
    program = seen.program or "unknown"
    in_use = seen.verdict == "in use"
    if in_use and seen.doubtful:
        # The limit starts again only after an equally long pause, so a program that polls the device every minute for
        # days cannot silence the reminder.
        rested = period.doubtful_at is None or now > period.doubtful_at + policy.running_counts_for
        since = now if rested or period.doubtful_since is None else period.doubtful_since
        period = replace(period, doubtful_since=since, doubtful_at=now)
        in_use = now < since + policy.running_counts_for
    elif in_use:
        hold = _follow_hold(period, seen, now, policy)
        period = replace(period, hold=hold, doubtful_since=None, doubtful_at=None)
        in_use = now < hold.counts_until
    if period.hold and (seen.verdict == "idle" or seen.doubtful):
        period = replace(period, hold=replace(period.hold, is_open=False))
    period = replace(
        period, verdict="in use" if in_use else "idle" if seen.verdict == "in use" else seen.verdict
    )

    if use and (not in_use or use.program != program):
        if seen.verdict == "unknown":
            period = replace(period, use=replace(use, unknown_at=now))
        period = _end_use(
            period, now, actions, is_forgotten=seen.verdict == "in use" and not seen.doubtful and not in_use
        )
    elif use:
        period = replace(period, use=replace(use, seen_at=now, unknown_at=None))
    if in_use and not period.use:
        period = held_back.end(period, now, "in_use", actions)
        doubtful_since = None if period.doubtful_since is None else to_milliseconds(period.doubtful_since)
        actions.append(Record(UseBegan(program, seen.evidence, doubtful_since), period.device))
        use = Use(program, seen.evidence, began=now, seen_at=now)
        # If the device is forgotten after this use, reminders start again from the first.
        period = end_reminder(period, "in_use", actions)
        period = replace(period, use=use, reminders=0, reminded_at=None, held_until=None, expired=False)
    return period


def find_use_limit(period: PluggedPeriod, policy: Policy) -> float:
    """Return until when what is seen of the device counts as a use if no more data move."""
    if period.doubtful_since is not None:
        return period.doubtful_since + policy.running_counts_for
    return period.hold.counts_until if period.hold else math.inf


def _follow_hold(period: PluggedPeriod, seen: DeviceUse, now: float, policy: Policy) -> Hold:
    """Return the hold of upload software that a poll at `now` found to have the device open.

    Opening the device anew counts like data that move only after a rest as long as the limit, so a program that opens
    it again and again cannot silence the reminder. Where data cannot be seen to move, opening it is all that is seen.
    """
    hold, program = period.hold, seen.program or "unknown"
    if seen.moved_at is None:
        moved_at = hold.moved_at if hold and hold.is_open else now
        return Hold(
            program,
            moved_at,
            now,
            moved_at + max(policy.running_counts_for, BLIND_HOLD_SECONDS),
            sees_moves=False,
        )
    # No reminder comes sooner than that after a use, and a limit of 0 must not make every use a forgotten window.
    limit = max(policy.running_counts_for, policy.after_use)
    rested = hold is None or (not hold.is_open and now > hold.seen_at + limit)
    moved_at = max(now if hold is None or rested else hold.moved_at, seen.moved_at)
    return Hold(program, moved_at, now, moved_at + limit, sees_moves=True)


def _end_use(
    period: PluggedPeriod, now: float, actions: list[Action], *, is_forgotten: bool = False
) -> PluggedPeriod:
    if period.use is None:
        return period
    ended_at = now if period.use.unknown_at is None else period.use.seen_at
    if is_forgotten and period.hold and period.hold.sees_moves:
        ended_at = max(period.use.began, period.hold.moved_at)
    used_for = max(0.0, ended_at - period.use.began)
    ended = UseEnded(period.use.program, period.use.evidence, to_milliseconds(used_for))
    if is_forgotten:
        still_for = to_milliseconds(now - ended_at) if period.hold and period.hold.sees_moves else None
        ended = ended._replace(forgotten=True, still_for=still_for)
    actions.append(Record(ended, period.device))
    return replace(period, use=None, used_for=period.used_for + used_for, last_use=ended_at)


def expire_snooze(period: PluggedPeriod, now: float, actions: list[Action]) -> PluggedPeriod:
    """End a snooze whose time is over."""
    if period.snoozed_until is not None and now >= period.snoozed_until:
        return end_snooze(period, now, "over", actions)
    return period


def end_snooze(period: PluggedPeriod, now: float, how: SnoozeEnd, actions: list[Action]) -> PluggedPeriod:
    """End the snooze of a device, if any; `how` is recorded in the journal."""
    if period.snoozed_at is None or period.snoozed_until is None:
        return period
    snoozed_for = max(0.0, min(now, period.snoozed_until) - period.snoozed_at)
    actions.append(Record(SnoozeEnded(how, to_milliseconds(snoozed_for)), period.device))
    # After a snooze the next reminder is due at once: the snooze replaced the pause.
    return replace(
        period,
        snoozed_at=None,
        snoozed_until=None,
        snoozed_for=period.snoozed_for + snoozed_for,
        reminded_at=None,
    )


def end_reminder(
    period: PluggedPeriod, outcome: Outcome, actions: list[Action], held_for: float | None = None
) -> PluggedPeriod:
    """Record how the reminder about the device ended, if one is on the screen."""
    if not period.shown:
        return period
    held = None if held_for is None else to_milliseconds(held_for)
    actions.append(Record(ReminderEnded(outcome, held), period.device))
    return replace(period, shown=False)


def note_unknown_programs(period: PluggedPeriod, seen: DeviceUse, actions: list[Action]) -> PluggedPeriod:
    """Record unknown programs that have the device open, each once. The warning of one that closes it is over."""
    found = dict.fromkeys(seen.unknown_programs)
    still = [program for program in period.unknown_programs if program in found]
    opened = [program for program in found if program not in period.unknown_programs]
    fresh = [program for program in opened if program not in period.programs_seen]
    actions.extend(Record(Stranger(program), period.device) for program in fresh)
    return replace(
        period,
        unknown_programs=(*still, *opened),
        programs_seen=period.programs_seen.union(fresh),
        programs_over=period.programs_over.union(set(period.unknown_programs).difference(still)),
    )


def checkpoint(period: PluggedPeriod, now: float, actions: list[Action]) -> PluggedPeriod:
    """Write a checkpoint if one is due."""
    if now < period.checkpoint_at:
        return period
    actions.append(Record(sum_up(period, now), period.device))
    return replace(period, checkpoint_at=now + CHECKPOINT_SECONDS)


def unplug(period: PluggedPeriod, now: float, actions: list[Action]) -> PluggedPeriod:
    """End the use and the reminder of a device that was unplugged at `now`."""
    period = held_back.end(period, now, "unplugged", actions)
    period = _end_use(period, now, actions)
    period = end_reminder(period, "unplugged", actions)
    total = sum_up(period, now)
    actions.append(Record(Unplugged(total.plugged_for, total.idle_for), period.device))
    return replace(period, gone_at=now, hold=None, verdict="idle", unknown_programs=())


def sum_up(period: PluggedPeriod, now: float) -> Checkpoint:
    """Return how long a device has been plugged in, unused, and used without data that move, until `now`."""
    used_by = period.hold if period.use and period.hold and period.hold.is_open else None
    return Checkpoint(
        to_milliseconds(period.seconds_plugged_in(now)),
        to_milliseconds(period.seconds_idle(now)),
        to_milliseconds(now - used_by.moved_at) if used_by else None,
    )


def to_milliseconds(seconds: float) -> float:
    """Round to milliseconds, like every time in the journal."""
    return round(seconds, 3)
