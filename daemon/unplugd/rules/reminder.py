"""Decides when to remind and when to be quiet, and tracks the plug-ins, uses and checkpoints that this depends on.

Pure: the time is an argument, the next deadline a result. `step` takes each poll (`Observation`) and compares what is
on the screen with what should be; `next_deadline` says when it must be called again at the latest. The result of a
delivery goes to `confirm_delivery` or `fail_delivery`; what the person did, to `close`, `snooze`, `cancel_snooze`,
`hold_back` or `accept_program`. They return the new state, most of them with actions to carry out. A failed delivery
changes nothing but `retry_at`, so the reminder is simply tried again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from unplugd.rules import held_back
from unplugd.rules.events import REPLUG_SECONDS, Away, Back, Reminded, Snoozed
from unplugd.rules.model import (
    Action,
    Observation,
    PluggedPeriod,
    Policy,
    Record,
    Reminder,
    Show,
    State,
    Withdraw,
)
from unplugd.rules.period import (
    checkpoint,
    end_reminder,
    end_snooze,
    expire_snooze,
    find_use_limit,
    note_unknown_programs,
    plug_in,
    to_milliseconds,
    unplug,
    update_use,
)

if TYPE_CHECKING:
    from unplugd.rules.events import Absence

DELIVERY_TIMEOUT_SECONDS: Final = 60.0
"""Delivery timeout in seconds; must exceed the timeouts of all channels together."""
DELIVERY_ANSWER_TIMEOUT_SECONDS: Final = DELIVERY_TIMEOUT_SECONDS + 5.0
"""Seconds that a command waits for the result of a delivery, so that it still gets one that takes the longest."""


def step(
    state: State, observation: Observation, now: float, policy: Policy
) -> tuple[State, tuple[Action, ...]]:
    """Return the state after a poll at `now`, and the actions to carry out."""
    actions: list[Action] = []
    before = {period.device.port: period for period in state.periods}
    after: dict[str, PluggedPeriod] = {}
    state = replace(state, chain=held_back.follow_chain(state.chain, observation.running, now, policy))
    for seen in observation.uses:
        port = seen.device.port
        period = plug_in(before.pop(port, None), seen.device, now, actions)
        period = _end_held_back(period, state, now, policy, actions)
        if not observation.is_rescan:
            period = update_use(period, seen, now, policy, actions)
        # Again, since what was held back for a program may now be due because of its forgotten window.
        period = _end_held_back(period, state, now, policy, actions)
        period = expire_snooze(period, now, actions)
        period = note_unknown_programs(period, seen, actions)
        until = find_held_back_until(period, state, policy, now)
        if state.chain and until is not None:
            period = held_back.begin(period, state.chain, now, until, actions)
        after[port] = checkpoint(period, now, actions)
    for port, period in before.items():
        if period.gone_at is None:
            after[port] = unplug(period, now, actions)
        elif now < period.gone_at + REPLUG_SECONDS:
            after[port] = period
        else:
            end_snooze(period, period.gone_at, "unplugged", actions)
    state = replace(
        state,
        periods=tuple(after.values()),
        quiet_until=observation.quiet_until,
        retry_at=None if state.retry_at is not None and state.retry_at <= now else state.retry_at,
    )
    state = _note_absence(state, observation.away, actions)
    return _update_reminder(state, now, policy, actions)


def next_deadline(state: State, policy: Policy, now: float) -> float | None:
    """Return when `step` must be called again if nothing else happens, None if never."""
    deadlines: list[float] = []
    for period in state.present():
        deadlines.append(period.checkpoint_at)
        if period.snoozed_until is not None:
            deadlines.append(period.snoozed_until)
        if period.use:
            deadlines.append(find_use_limit(period, policy))
        else:
            own_due = _own_due_at(period, policy)
            if state.chain and state.chain.is_running and own_due > now:
                deadlines.append(own_due)
            due = max(due_at(period, state, policy), state.retry_at or 0.0, state.quiet_until or 0.0)
            # While a delivery is under way, only its timeout matters; while nobody is in front, nothing is due.
            if due > now or (not state.away and (state.reminder is None or state.reminder.delivered)):
                deadlines.append(due)
    # A snooze survives a replug. If the device stays away, the end of the snooze must still be recorded.
    deadlines.extend(
        period.gone_at + REPLUG_SECONDS
        for period in state.periods
        if period.gone_at is not None and period.snoozed_at is not None
    )
    if state.reminder and not state.reminder.delivered:
        deadlines.append(state.reminder.sent_at + DELIVERY_TIMEOUT_SECONDS)
    if state.retry_at is not None:
        deadlines.append(state.retry_at)
    return min(deadlines, default=None)


def confirm_delivery(state: State, number: int, channel: str, now: float) -> tuple[State, tuple[Action, ...]]:
    """Record that the reminder with this number was delivered by `channel`."""
    reminder = state.reminder
    if reminder is None or reminder.number != number or reminder.delivered:
        return state, ()
    periods = []
    for period in state.periods:
        port = period.device.port
        is_due = port in reminder.due
        reminded_at = now if is_due else period.reminded_at
        programs = {program for program, device in reminder.unknown_programs if device.port == port}
        reminds = bool(reminder.due) and port in reminder.ports
        is_named = port in reminder.ports or bool(programs)
        shown = period.shown or reminds
        periods.append(
            replace(
                period,
                reminders=period.reminders + is_due,
                reminded_at=reminded_at,
                shown=shown,
                expired=period.expired and not is_named,
                programs_shown=period.programs_shown | programs,
            )
        )
    state = replace(state, periods=tuple(periods), reminder=replace(reminder, delivered=True), retry_at=None)
    if not reminder.due:
        return state, ()
    reminded = Reminded(
        count_=reminder.count,
        urgency="critical" if reminder.critical else "normal",
        channel=channel,
        devices=tuple(sorted(reminder.ports)),
        due=tuple(sorted(reminder.due)),
    )
    return state, (Record(reminded),)


def fail_delivery(state: State, number: int, now: float, policy: Policy) -> State:
    """Record that no channel delivered the reminder; it is retried after `policy.retry` seconds."""
    if state.reminder is None or state.reminder.number != number or state.reminder.delivered:
        return state
    return replace(state, reminder=None, retry_at=now + policy.retry)


def forget_shown(state: State) -> State:
    """Record that the notification vanished without being closed; it comes back as an update."""
    return replace(state, reminder=None) if state.reminder and state.reminder.delivered else state


def retry_now(state: State) -> State:
    """End the wait after a failed delivery: a channel has just come back."""
    return replace(state, retry_at=None)


def close(state: State, outcome: Literal["dismissed", "expired"]) -> tuple[State, tuple[Action, ...]]:
    """Record that the person or the desktop closed the notification.

    What the desktop closed may not have been seen, and may still lie in a list of notifications.
    """
    if state.reminder is None:
        return state, ()
    actions: list[Action] = []
    has_expired = outcome == "expired"
    # A program that was found while warnings had to wait is not among them: nobody has been told of it.
    named = {(program, device.port) for program, device in state.reminder.unknown_programs}
    periods = []
    for period in state.periods:
        over = {program for program in period.warnings if (program, period.device.port) in named}
        periods.append(
            replace(
                end_reminder(period, outcome, actions),
                programs_over=period.programs_over | over,
                expired=has_expired and (period.shown or bool(over)),
            )
        )
    return replace(state, periods=tuple(periods), reminder=None, on_screen=has_expired), tuple(actions)


def snooze(
    state: State, seconds: float, now: float, policy: Policy, only: frozenset[str] | None = None
) -> tuple[State, tuple[Action, ...]]:
    """Snooze the plugged-in devices (or those on the ports `only`) for `seconds`, within their limits."""
    actions: list[Action] = []
    periods: list[PluggedPeriod] = []
    for period in state.periods:
        wanted = period.gone_at is None and (only is None or period.device.port in only)
        length = min(seconds, period.snooze_left(now, policy))
        if not wanted or length <= 0:
            periods.append(period)
            continue
        ended = held_back.end(period, now, "snoozed", actions)
        ended = end_snooze(end_reminder(ended, "snoozed", actions), now, "replaced", actions)
        periods.append(replace(ended, expired=False, snoozed_at=now, snoozed_until=now + length))
        actions.append(Record(Snoozed(to_milliseconds(length)), period.device))
    return _update_reminder(replace(state, periods=tuple(periods)), now, policy, actions)


def cancel_snooze(state: State, now: float, policy: Policy) -> tuple[State, tuple[Action, ...]]:
    """End every snooze now; only the time actually snoozed counts towards the limit."""
    actions: list[Action] = []
    periods = tuple(end_snooze(period, now, "cancelled", actions) for period in state.periods)
    return _update_reminder(replace(state, periods=periods), now, policy, actions)


def hold_back(state: State, now: float, policy: Policy) -> tuple[State, tuple[Action, ...]]:
    """Hold reminders back for `policy.running_counts_for`, since the person says that an upload is in progress."""
    ports = find_announced_ports(state)
    actions: list[Action] = []
    periods = tuple(
        replace(
            end_reminder(
                held_back.end(period, now, "in_use", actions), "in_use", actions, policy.running_counts_for
            ),
            expired=False,
            held_until=now + policy.running_counts_for,
        )
        if period.device.port in ports
        else period
        for period in state.periods
    )
    return _update_reminder(replace(state, periods=periods), now, policy, actions)


def find_announced_ports(state: State) -> frozenset[str]:
    """Return the ports of the devices that the notification, on the screen or in a list, asks to unplug."""
    if state.reminder:
        return state.reminder.ports
    return frozenset(period.device.port for period in state.periods if period.expired)


def accept_program(
    state: State, program: str, now: float, policy: Policy
) -> tuple[State, tuple[Action, ...]]:
    """Record that the person says that an unknown program uploads; the reminder is answered, the warning over."""
    actions: list[Action] = []
    periods = tuple(
        replace(
            end_reminder(period, "in_use", actions),
            expired=False,
            programs_over=period.programs_over | {program},
        )
        if program in period.unknown_programs
        else period
        for period in state.periods
    )
    return _update_reminder(replace(state, periods=periods), now, policy, actions)


def _end_held_back(
    period: PluggedPeriod, state: State, now: float, policy: Policy, actions: list[Action]
) -> PluggedPeriod:
    """Record that the program that held reminders back no longer does: it ended, another runs, or its time is over."""
    if period.held_back is None or period.held_back.ended is not None:
        return period
    chain = state.chain
    if chain is None or not chain.is_running or chain.program != period.held_back.program:
        return held_back.end(period, now, "ended", actions)
    if find_held_back_until(period, state, policy, now) is None:
        return held_back.end(period, now, "over", actions)
    return period


def _note_absence(state: State, away: Absence | None, actions: list[Action]) -> State:
    """Record that nobody is in front, or somebody again; without a device it is nobody's business."""
    away = away if state.present() else None
    if away and away != state.away:
        actions.append(Record(Away(away)))
    elif state.away and not away and state.present():
        actions.append(Record(Back()))
    return replace(state, away=away)


# --- when it is due ---------------------------------------------------------------------------------------------


def due_at(period: PluggedPeriod, state: State, policy: Policy) -> float:
    """Return when the next reminder of `period` is due, provided that nothing uses the device until then."""
    return max(_own_due_at(period, policy), held_back.find_limit(period, state.chain, policy))


def find_held_back_until(period: PluggedPeriod, state: State, policy: Policy, now: float) -> float | None:
    """Return until when running upload software holds back a reminder that is due; None if it holds none back."""
    if period.use or _own_due_at(period, policy) > now:
        return None
    limit = held_back.find_limit(period, state.chain, policy)
    return limit if now < limit else None


def _own_due_at(period: PluggedPeriod, policy: Policy) -> float:
    """Return when the next reminder would be due if no upload software were running."""
    return max(_first_own_due_at(period, policy), _repeat_at(period, policy))


def _first_due_at(period: PluggedPeriod, state: State, policy: Policy) -> float:
    """Return when the first reminder is due; repeats are never due before it."""
    return max(_first_own_due_at(period, policy), held_back.find_limit(period, state.chain, policy))


def _first_own_due_at(period: PluggedPeriod, policy: Policy) -> float:
    if period.last_use is None:
        due = period.since + policy.after_plug_in
    else:
        # A forgotten window was given its time already.
        due = period.last_use + (0.0 if period.is_forgotten else policy.after_use)
    return max(due, period.held_until or 0.0, period.snoozed_until or 0.0)


def _repeat_at(period: PluggedPeriod, policy: Policy) -> float:
    if period.reminded_at is None:
        return 0.0
    return period.reminded_at + policy.repeat[min(period.reminders, len(policy.repeat)) - 1]


# --- the notification -------------------------------------------------------------------------------------------


def _update_reminder(
    state: State, now: float, policy: Policy, actions: list[Action]
) -> tuple[State, tuple[Action, ...]]:
    """Show, update or withdraw the notification so that it matches the state."""
    if (
        state.reminder
        and not state.reminder.delivered
        and now >= state.reminder.sent_at + DELIVERY_TIMEOUT_SECONDS
    ):
        state = fail_delivery(state, state.reminder.number, now, policy)
    reminder = state.reminder
    quiet = state.quiet_until is not None and now < state.quiet_until
    waiting = quiet or state.retry_at is not None or state.away is not None

    free = [period for period in state.present() if not period.use and not _is_silenced(period, now)]
    if state.away == "inactive":
        # Another person is in front. What was shown comes back together with its person.
        free = []
    due = frozenset(p.device.port for p in free if not waiting and due_at(p, state, policy) <= now)
    stay = reminder.ports if reminder and not reminder.delivered else frozenset()
    listed = tuple(
        period
        for period in free
        if period.shown or period.device.port in stay or (due and _first_due_at(period, state, policy) <= now)
    )
    unknown_programs = tuple(
        (program, period.device)
        for period in free
        for program in period.warnings
        if program in period.programs_shown or not waiting
    )
    if not listed and not unknown_programs:
        if reminder is None and any(period.expired for period in free):
            # What the desktop has moved to a list is still true.
            return state, tuple(actions)
        if state.on_screen:
            actions.append(Withdraw())
        return replace(state, reminder=None, on_screen=False), tuple(actions)
    if reminder is None and waiting:
        return state, tuple(actions)

    ports = frozenset(period.device.port for period in listed)
    same = reminder is not None and (reminder.ports, reminder.unknown_programs) == (ports, unknown_programs)
    if reminder and same and (not reminder.delivered or not due):
        return state, tuple(actions)

    programs_shown = {period.device.port: period.programs_shown for period in free}
    count = max((period.reminders + (period.device.port in due) for period in listed), default=0)
    number = state.number + 1
    wanted = Reminder(
        number=number,
        devices=listed,
        unknown_programs=unknown_programs,
        due=due,
        fresh=bool(due)
        or any(program not in programs_shown[device.port] for program, device in unknown_programs),
        count=count,
        critical=count >= policy.critical_after or any(period.expired for period in listed),
        snooze=min(policy.snooze, max((period.snooze_left(now, policy) for period in listed), default=0.0)),
        sent_at=now,
    )
    actions.append(Show(wanted))
    return replace(state, reminder=wanted, number=number, on_screen=True), tuple(actions)


def _is_silenced(period: PluggedPeriod, now: float) -> bool:
    """Whether the person has silenced the device: by a snooze, or by saying that an upload is in progress."""
    return max(period.snoozed_until or 0.0, period.held_until or 0.0) > now
