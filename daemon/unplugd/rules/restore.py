"""What an earlier run left behind: the plugged-in periods of this boot, read back from the journal. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unplugd.rules.devices import Device
from typing import TYPE_CHECKING, Any

from unplugd import sanitize
from unplugd.durations import DAY_SECONDS
from unplugd.rules.devices import Device, parse_id
from unplugd.rules.model import Action, PluggedIn, Record, State, Use
from unplugd.rules.reminder import end_snooze, unplug

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_REMINDERS: Final = 1_000_000


def find_open_periods(
    events: Iterable[dict[str, Any]], boot: str, now: float
) -> tuple[tuple[PluggedIn, float], ...]:
    """Return the periods of boot `boot` that were not over, as the last event left them, each with its time.

    An event with fields that are missing or make no sense is passed over, one later than `now` too: the file can
    be anything, and nothing in it may silence a reminder for ever.
    """
    plugs: dict[str, PluggedIn] = {}
    known_until: dict[str, float] = {}
    for event in events:
        if event.get("boot") != boot:
            continue
        try:
            at = _number(event, "uptime", now)
            _apply(plugs, event, at)
            for port in [event["device"]] if "device" in event else event.get("devices", ()):
                known_until[str(port)] = at
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            continue
    # Doubtful use as if it had gone on until now: a restart must not give somebody unknown another twenty minutes.
    return tuple(
        (
            replace(plug, doubtful_at=None if plug.doubtful_since is None else now),
            known_until.get(port, plug.plugged_at),
        )
        for port, plug in plugs.items()
    )


def _apply(plugs: dict[str, PluggedIn], event: dict[str, Any], at: float) -> None:
    what = event["event"]
    if what == "reminded":
        count = int(_number(event, "count", MAX_REMINDERS))
        due = event.get("due", event["devices"])
        for port in event["devices"]:
            if port in due and port in plugs:
                # The count is the largest of them all: with one device it is that one's.
                reminded = count if len(due) == 1 else plugs[port].reminded + 1
                plugs[port] = replace(plugs[port], reminded=reminded, reminded_at=at)
            if port in plugs:
                plugs[port] = replace(plugs[port], shown=True)
        return
    port = str(event["device"])
    plug = plugs.get(port)
    if what == "plugged_in":
        device = _device(event)
        if event.get("continued") and plug:
            plugs[port] = replace(plug, device=device, plugged_at=at, used_for=0.0, gone_at=None)
        else:
            plugs[port] = PluggedIn(device, since=at, plugged_at=at, checkpoint_at=at)
    elif what == "checkpoint" and plug is None:
        # Plugged in for so long that the beginning was not read: the checkpoint knows when it was.
        began = at - _number(event, "plugged_for", at)
        used_for = at - began - _number(event, "idle_for", at - began)
        plugs[port] = PluggedIn(
            _device(event), since=began, plugged_at=began, checkpoint_at=at, used_for=used_for
        )
    elif plug is None:
        return
    elif what == "unplugged":
        plugs[port] = replace(plug, gone_at=at, use=None, shown=False)
    elif what == "use_began":
        use = Use(
            sanitize.one_line(str(event["program"])), sanitize.one_line(str(event["evidence"]), 200), at
        )
        since = _number(event, "doubtful_since", at) if "doubtful_since" in event else None
        plugs[port] = replace(
            plug, use=use, reminded=0, reminded_at=None, held_until=None, doubtful_since=since
        )
    elif what == "use_ended":
        used_for = plug.used_for + _number(event, "used_for", at)
        plugs[port] = replace(plug, use=None, last_use=at, used_for=used_for)
    elif what == "reminder_ended":
        held_until = at + _number(event, "held_for", DAY_SECONDS) if "held_for" in event else plug.held_until
        plugs[port] = replace(plug, shown=False, held_until=held_until)
    elif what == "snoozed":
        until = at + _number(event, "snoozed_for", DAY_SECONDS)
        plugs[port] = replace(plug, snoozed_at=at, snoozed_until=until)
    elif what == "snooze_ended":
        total = plug.snoozed_for + _number(event, "snoozed_for", DAY_SECONDS)
        plugs[port] = replace(plug, snoozed_at=None, snoozed_until=None, snoozed_for=total, reminded_at=None)
    elif what == "stranger":
        program = sanitize.one_line(str(event["program"]))
        plugs[port] = replace(plug, warned=plug.warned | {program}, told=plug.told | {program})


def _number(event: dict[str, Any], key: str, most: float) -> float:
    value = float(event[key])
    if not 0 <= value <= most:  # not a number is neither
        raise ValueError(key)
    return value


def _device(event: dict[str, Any]) -> Device:
    address = int(event.get("address", 0))
    return Device(
        str(event["device"]),
        *parse_id(event["id"]),
        address=address,
        name=sanitize.one_line(str(event["name"])),
    )


def report_missed_unplug(plug: PluggedIn, known_until: float) -> tuple[Action, ...]:
    """Return what to write of a device that was unplugged while unplugd did not run: its times end where known."""
    if plug.gone_at is not None:
        return ()
    actions: list[Action] = []
    unplug(end_snooze(plug, known_until, "unplugged", actions), known_until, actions)
    return tuple(
        replace(action, fields={**action.fields, "unseen": True}) if isinstance(action, Record) else action
        for action in actions
    )


def restore_state(plugs: Iterable[PluggedIn]) -> State:
    """Return the state that an earlier run left behind; what was shown comes back as an update."""
    kept = tuple(plugs)
    return State(plugs=kept, on_screen=any(plug.shown for plug in kept))
