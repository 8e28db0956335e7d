"""When to remind and when to be quiet. Every decision about that lives here, and nothing else does.

Time goes in, the next deadline comes out: no clock, no I/O. `step` takes each poll (`Observation`) and compares what
is on the screen with what should be; `next_deadline` says when to call it again at the latest. The result of a
delivery goes to `confirm_delivery` or `fail_delivery`, what the person did to `close`, `snooze`, `cancel_snooze` or
`hold_back`. They return the new state, most of them with the actions to carry out. A failed delivery changes nothing
but `retry_at`, so it is simply tried again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from unplugd.rules import events
from unplugd.rules.model import (
    Action,
    DeviceUse,
    Observation,
    PluggedIn,
    Policy,
    Record,
    Reminder,
    Show,
    State,
    Use,
    Withdraw,
)

if TYPE_CHECKING:
    from unplugd.rules.devices import Device

REPLUG_SECONDS: Final = 10.0
"""A replug within so many seconds continues the period: people replug a stick that hangs."""
CHECKPOINT_SECONDS: Final = 300.0
"""Seconds between checkpoints in the journal while a device is plugged in."""
DELIVERY_TIMEOUT_SECONDS: Final = 60.0
"""Delivery timeout in seconds; must exceed the timeouts of all channels together."""


def step(
    state: State, observation: Observation, now: float, policy: Policy
) -> tuple[State, tuple[Action, ...]]:
    """Return the state after a poll at `now`, and the actions to carry out."""
    actions: list[Action] = []
    before = {plug.device.port: plug for plug in state.plugs}
    after: dict[str, PluggedIn] = {}
    for seen in observation.uses:
        port = seen.device.port
        plug = _plug_in(before.pop(port, None), seen.device, now, actions)
        plug = _update_use(plug, seen, now, policy, actions)
        plug = _expire_snooze(plug, now, actions)
        plug = _note_unknown_programs(plug, seen, actions)
        after[port] = _checkpoint(plug, now, actions)
    for port, plug in before.items():
        if plug.gone_at is None:
            after[port] = unplug(plug, now, actions)
        elif now < plug.gone_at + REPLUG_SECONDS:
            after[port] = plug
        else:
            end_snooze(plug, plug.gone_at, "unplugged", actions)
    state = replace(
        state,
        plugs=tuple(after.values()),
        running_since=observation.running_since,
        quiet_until=observation.quiet_until,
        retry_at=None if state.retry_at is not None and state.retry_at <= now else state.retry_at,
    )
    return _update_reminder(state, now, policy, actions)


def due_at(plug: PluggedIn, state: State, policy: Policy) -> float:
    """Return when the next reminder of `plug` is due, provided that nothing uses the device until then."""
    return max(_first_due_at(plug, state, policy), _repeat_at(plug, policy))


def next_deadline(state: State, policy: Policy, now: float) -> float | None:
    """Return when `step` must be called again if nothing else happens; None if it need not be."""
    deadlines: list[float] = []
    for plug in state.present():
        deadlines.append(plug.checkpoint_at)
        if plug.snoozed_until is not None:
            deadlines.append(plug.snoozed_until)
        if plug.use and plug.doubtful_since is not None:
            deadlines.append(plug.doubtful_since + policy.running_counts_for)
        if not plug.use:
            due = max(due_at(plug, state, policy), state.retry_at or 0.0, state.quiet_until or 0.0)
            # During a delivery only its timeout matters, not that the reminder is due.
            if due > now or state.notice is None or state.notice.delivered:
                deadlines.append(due)
    # A snooze survives a replug; without one, its end must still reach the journal.
    deadlines.extend(
        plug.gone_at + REPLUG_SECONDS
        for plug in state.plugs
        if plug.gone_at is not None and plug.snoozed_at is not None
    )
    if state.notice and not state.notice.delivered:
        deadlines.append(state.notice.sent_at + DELIVERY_TIMEOUT_SECONDS)
    if state.retry_at is not None:
        deadlines.append(state.retry_at)
    return min(deadlines, default=None)


def confirm_delivery(state: State, serial: int, channel: str, now: float) -> tuple[State, tuple[Action, ...]]:
    """Record that the reminder with this serial number was delivered by `channel`."""
    notice = state.notice
    if notice is None or notice.serial != serial or notice.delivered:
        return state, ()
    plugs = []
    for plug in state.plugs:
        port = plug.device.port
        is_due = port in notice.due
        reminded_at = now if is_due else plug.reminded_at
        programs_shown = plug.programs_shown.union(
            program for program, device in notice.unknown_programs if device.port == port
        )
        reminds = bool(notice.due) and port in notice.ports
        shown = plug.shown or reminds
        plugs.append(
            replace(
                plug,
                reminders=plug.reminders + is_due,
                reminded_at=reminded_at,
                shown=shown,
                programs_shown=programs_shown,
            )
        )
    state = replace(state, plugs=tuple(plugs), notice=replace(notice, delivered=True), retry_at=None)
    if not notice.due:
        return state, ()
    reminded = events.Reminded(
        count_=notice.count,
        urgency="critical" if notice.critical else "normal",
        channel=channel,
        devices=tuple(sorted(notice.ports)),
        due=tuple(sorted(notice.due)),
    )
    return state, (Record(reminded),)


def fail_delivery(state: State, serial: int, now: float, policy: Policy) -> State:
    """Record that no channel delivered the reminder; it is tried again after `policy.retry` seconds."""
    if state.notice is None or state.notice.serial != serial or state.notice.delivered:
        return state
    return replace(state, notice=None, retry_at=now + policy.retry)


def forget_shown(state: State) -> State:
    """Record that the notification vanished although nobody closed it; it comes back as an update."""
    return replace(state, notice=None) if state.notice and state.notice.delivered else state


def retry_now(state: State) -> State:
    """End the wait after a failed delivery: a channel has just come back."""
    return replace(state, retry_at=None)


def close(state: State, outcome: Literal["dismissed", "expired"]) -> tuple[State, tuple[Action, ...]]:
    """Record that the person or the desktop closed the notification."""
    if state.notice is None:
        return state, ()
    actions: list[Action] = []
    plugs = tuple(replace(_end_reminder(p, outcome, actions), unknown_programs=()) for p in state.plugs)
    return replace(state, plugs=plugs, notice=None, on_screen=False), tuple(actions)


def snooze(
    state: State, seconds: float, now: float, policy: Policy, only: frozenset[str] | None = None
) -> tuple[State, tuple[Action, ...]]:
    """Snooze the plugged-in devices (or those on the ports `only`) for `seconds`, each within the rest of its limit."""
    actions: list[Action] = []
    plugs: list[PluggedIn] = []
    for plug in state.plugs:
        wanted = plug.gone_at is None and (only is None or plug.device.port in only)
        length = min(seconds, plug.snooze_left(now, policy))
        if not wanted or length <= 0:
            plugs.append(plug)
            continue
        ended = end_snooze(_end_reminder(plug, "snoozed", actions), now, "replaced", actions)
        plugs.append(replace(ended, snoozed_at=now, snoozed_until=now + length))
        actions.append(Record(events.Snoozed(_to_milliseconds(length)), plug.device))
    return _update_reminder(replace(state, plugs=tuple(plugs)), now, policy, actions)


def cancel_snooze(state: State, now: float, policy: Policy) -> tuple[State, tuple[Action, ...]]:
    """End every snooze now; only the time used counts towards the limit."""
    actions: list[Action] = []
    plugs = tuple(end_snooze(plug, now, "cancelled", actions) for plug in state.plugs)
    return _update_reminder(replace(state, plugs=plugs), now, policy, actions)


def hold_back(state: State, now: float, policy: Policy) -> tuple[State, tuple[Action, ...]]:
    """Take the person's word that an upload is going on: hold reminders back for `policy.running_counts_for`."""
    ports = state.notice.ports if state.notice else frozenset()
    actions: list[Action] = []
    plugs = tuple(
        replace(
            _end_reminder(plug, "in_use", actions, policy.running_counts_for),
            held_until=now + policy.running_counts_for,
        )
        if plug.device.port in ports
        else plug
        for plug in state.plugs
    )
    return _update_reminder(replace(state, plugs=plugs), now, policy, actions)


# --- one device -------------------------------------------------------------------------------------------------


def _plug_in(plug: PluggedIn | None, device: Device, now: float, actions: list[Action]) -> PluggedIn:
    if plug and plug.gone_at is None:
        same_address = plug.device.address in (0, device.address)
        if plug.device.id == device.id and same_address:
            return replace(plug, device=device)
        # Another device on this port, or the same one with a new address: replugged between two polls.
        plug = unplug(plug, now, actions)
    if (
        plug
        and plug.gone_at is not None
        and plug.device.id == device.id
        and now < plug.gone_at + REPLUG_SECONDS
    ):
        actions.append(Record(events.PluggedIn(device.address, continued=True), device))
        return replace(
            plug,
            device=device,
            plugged_at=now,
            used_for=0.0,
            gone_at=None,
            checkpoint_at=now + CHECKPOINT_SECONDS,
        )
    if plug:
        end_snooze(plug, now if plug.gone_at is None else plug.gone_at, "unplugged", actions)
    actions.append(Record(events.PluggedIn(device.address), device))
    return PluggedIn(device, since=now, plugged_at=now, checkpoint_at=now + CHECKPOINT_SECONDS)


def _update_use(
    plug: PluggedIn, seen: DeviceUse, now: float, policy: Policy, actions: list[Action]
) -> PluggedIn:
    program = seen.program or "unknown"
    in_use = seen.verdict == "in use"
    if in_use and seen.doubtful:
        # The limit starts anew only after a rest just as long, so a program that polls the device every minute for
        # days cannot silence the reminder.
        rested = plug.doubtful_at is None or now > plug.doubtful_at + policy.running_counts_for
        since = now if rested or plug.doubtful_since is None else plug.doubtful_since
        plug = replace(plug, doubtful_since=since, doubtful_at=now)
        in_use = now < since + policy.running_counts_for
    elif in_use:
        plug = replace(plug, doubtful_since=None, doubtful_at=None)
    plug = replace(plug, verdict="in use" if in_use else "idle" if seen.verdict == "in use" else seen.verdict)

    if plug.use and (not in_use or plug.use.program != program):
        plug = _end_use(plug, now, actions)
    if in_use and not plug.use:
        doubtful_since = None if plug.doubtful_since is None else _to_milliseconds(plug.doubtful_since)
        actions.append(Record(events.UseBegan(program, seen.evidence, doubtful_since), plug.device))
        use = Use(program, seen.evidence, now)
        # A device forgotten after this use is a new case: reminders start again from the first.
        plug = _end_reminder(plug, "in_use", actions)
        plug = replace(plug, use=use, reminders=0, reminded_at=None, held_until=None)
    return plug


def _end_use(plug: PluggedIn, now: float, actions: list[Action]) -> PluggedIn:
    if plug.use is None:
        return plug
    used_for = max(0.0, now - plug.use.began)
    ended = events.UseEnded(plug.use.program, plug.use.evidence, _to_milliseconds(used_for))
    actions.append(Record(ended, plug.device))
    return replace(plug, use=None, used_for=plug.used_for + used_for, last_use=now)


def _expire_snooze(plug: PluggedIn, now: float, actions: list[Action]) -> PluggedIn:
    if plug.snoozed_until is not None and now >= plug.snoozed_until:
        return end_snooze(plug, now, "over", actions)
    return plug


def end_snooze(plug: PluggedIn, now: float, how: events.SnoozeEnd, actions: list[Action]) -> PluggedIn:
    """End the snooze of a device, if there is one; the journal records `how`."""
    if plug.snoozed_at is None or plug.snoozed_until is None:
        return plug
    snoozed_for = max(0.0, min(now, plug.snoozed_until) - plug.snoozed_at)
    actions.append(Record(events.SnoozeEnded(how, _to_milliseconds(snoozed_for)), plug.device))
    # After a snooze the next reminder is due at once: the snooze took the place of the pause.
    return replace(
        plug,
        snoozed_at=None,
        snoozed_until=None,
        snoozed_for=plug.snoozed_for + snoozed_for,
        reminded_at=None,
    )


def _end_reminder(
    plug: PluggedIn, outcome: events.Outcome, actions: list[Action], held_for: float | None = None
) -> PluggedIn:
    if not plug.shown:
        return plug
    held = None if held_for is None else _to_milliseconds(held_for)
    actions.append(Record(events.ReminderEnded(outcome, held), plug.device))
    return replace(plug, shown=False)


def _note_unknown_programs(plug: PluggedIn, seen: DeviceUse, actions: list[Action]) -> PluggedIn:
    fresh = [program for program in dict.fromkeys(seen.unknown_programs) if program not in plug.programs_seen]
    actions.extend(Record(events.Stranger(program), plug.device) for program in fresh)
    still = [program for program in plug.unknown_programs if program in seen.unknown_programs]
    return replace(plug, unknown_programs=(*still, *fresh), programs_seen=plug.programs_seen | set(fresh))


def _checkpoint(plug: PluggedIn, now: float, actions: list[Action]) -> PluggedIn:
    if now < plug.checkpoint_at:
        return plug
    actions.append(Record(sum_up(plug, now), plug.device))
    return replace(plug, checkpoint_at=now + CHECKPOINT_SECONDS)


def unplug(plug: PluggedIn, now: float, actions: list[Action]) -> PluggedIn:
    """End the use and the reminder of a device that was unplugged at `now`."""
    plug = _end_use(plug, now, actions)
    plug = _end_reminder(plug, "unplugged", actions)
    actions.append(Record(events.Unplugged(*sum_up(plug, now)), plug.device))
    return replace(plug, gone_at=now, unknown_programs=())


def sum_up(plug: PluggedIn, now: float) -> events.Checkpoint:
    """Return how long a device has been plugged in, and unused, until `now`."""
    return events.Checkpoint(
        _to_milliseconds(plug.seconds_plugged_in(now)), _to_milliseconds(plug.seconds_idle(now))
    )


def _to_milliseconds(seconds: float) -> float:
    """Round as the journal rounds its times."""
    return round(seconds, 3)


def _first_due_at(plug: PluggedIn, state: State, policy: Policy) -> float:
    """Return when the first reminder is due; repeats are never due before it."""
    due = plug.since + policy.after_plug_in if plug.last_use is None else plug.last_use + policy.after_use
    if state.running_since is not None:
        due = max(due, max(plug.idle_since, state.running_since) + policy.running_counts_for)
    return max(due, plug.held_until or 0.0, plug.snoozed_until or 0.0)


def _repeat_at(plug: PluggedIn, policy: Policy) -> float:
    if plug.reminded_at is None:
        return 0.0
    return plug.reminded_at + policy.repeat[min(plug.reminders, len(policy.repeat)) - 1]


# --- the one notification ---------------------------------------------------------------------------------------


def _update_reminder(
    state: State, now: float, policy: Policy, actions: list[Action]
) -> tuple[State, tuple[Action, ...]]:
    """Show, update or withdraw the notification, so that it is the one that there should be."""
    if state.notice and not state.notice.delivered and now >= state.notice.sent_at + DELIVERY_TIMEOUT_SECONDS:
        state = fail_delivery(state, state.notice.serial, now, policy)
    notice = state.notice
    quiet = state.quiet_until is not None and now < state.quiet_until
    waiting = quiet or state.retry_at is not None

    free = [plug for plug in state.present() if not plug.use and not _is_silenced(plug, now)]
    due = frozenset(p.device.port for p in free if not waiting and due_at(p, state, policy) <= now)
    stay = notice.ports if notice and not notice.delivered else frozenset()
    listed = tuple(
        plug
        for plug in free
        if plug.shown or plug.device.port in stay or (due and _first_due_at(plug, state, policy) <= now)
    )
    unknown_programs = tuple(
        (program, plug.device)
        for plug in free
        for program in plug.unknown_programs
        if program in plug.programs_shown or not waiting
    )
    if not listed and not unknown_programs:
        if state.on_screen:
            actions.append(Withdraw())
        return replace(state, notice=None, on_screen=False), tuple(actions)
    if notice is None and waiting:
        return state, tuple(actions)

    ports = frozenset(plug.device.port for plug in listed)
    same = notice is not None and (notice.ports, notice.unknown_programs) == (ports, unknown_programs)
    if notice and same and (not notice.delivered or not due):
        return state, tuple(actions)

    programs_shown = {plug.device.port: plug.programs_shown for plug in free}
    count = max((plug.reminders + (plug.device.port in due) for plug in listed), default=0)
    serial = state.serial + 1
    wanted = Reminder(
        serial=serial,
        devices=listed,
        unknown_programs=unknown_programs,
        due=due,
        fresh=bool(due)
        or any(program not in programs_shown[device.port] for program, device in unknown_programs),
        count=count,
        critical=count >= policy.critical_after,
        snooze=min(policy.snooze, max((plug.snooze_left(now, policy) for plug in listed), default=0.0)),
        sent_at=now,
    )
    actions.append(Show(wanted))
    return replace(state, notice=wanted, serial=serial, on_screen=True), tuple(actions)


def _is_silenced(plug: PluggedIn, now: float) -> bool:
    """Whether the person asked for quiet: by a snooze, or by saying that an upload is going on."""
    return max(plug.snoozed_until or 0.0, plug.held_until or 0.0) > now
