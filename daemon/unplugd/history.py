"""What an earlier run left behind: the plugged-in periods of this boot, read back from the journal. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from unplugd.devices import Device, parse_id
from unplugd.reminder import Plug, Use

if TYPE_CHECKING:
    from collections.abc import Iterable


def open_plugs(events: Iterable[dict[str, Any]], boot: str) -> tuple[tuple[Plug, float], ...]:
    """Return the periods of boot `boot` that were not over, as the last event left them, each with its time.

    An event with fields that are missing or of the wrong type is passed over: the file can be anything.
    """
    plugs: dict[str, Plug] = {}
    known_until: dict[str, float] = {}
    for event in events:
        if event.get("boot") != boot:
            continue
        try:
            at = float(event["uptime"])
            _take(plugs, event, at)
            for port in [event["device"]] if "device" in event else event.get("devices", ()):
                known_until[str(port)] = at
        except (KeyError, TypeError, ValueError):
            continue
    return tuple((plug, known_until.get(port, plug.plugged_at)) for port, plug in plugs.items())


def _take(plugs: dict[str, Plug], event: dict[str, Any], at: float) -> None:
    what = event["event"]
    if what == "reminded":
        for port in event["devices"]:
            if port in plugs:
                plugs[port] = replace(plugs[port], reminded=int(event["count"]), reminded_at=at, shown=True)
        return
    port = str(event["device"])
    plug = plugs.get(port)
    if what == "plugged_in":
        device = _device(event)
        if event.get("continued") and plug:
            plugs[port] = replace(plug, device=device, plugged_at=at, used_for=0.0, gone_at=None)
        else:
            plugs[port] = Plug(device, since=at, plugged_at=at, checkpoint_at=at)
    elif what == "checkpoint" and plug is None:
        # Plugged in for so long that the beginning was not read: the checkpoint knows when it was.
        began = at - float(event["plugged_for"])
        used_for = at - began - float(event["idle_for"])
        plugs[port] = Plug(_device(event), since=began, plugged_at=began, checkpoint_at=at, used_for=used_for)
    elif plug is None:
        return
    elif what == "unplugged":
        plugs[port] = replace(plug, gone_at=at, use=None, snoozed_at=None, snoozed_until=None, shown=False)
    elif what == "use_began":
        use = Use(str(event["program"]), str(event["evidence"]), at)
        plugs[port] = replace(plug, use=use, reminded=0, reminded_at=None)
    elif what == "use_ended":
        used_for = plug.used_for + float(event["used_for"])
        plugs[port] = replace(plug, use=None, last_use=at, used_for=used_for)
    elif what == "reminder_ended":
        plugs[port] = replace(plug, shown=False)
    elif what == "snoozed":
        until = at + float(event["snoozed_for"])
        plugs[port] = replace(plug, snoozed_at=at, snoozed_until=until)
    elif what == "snooze_ended":
        total = plug.snoozed_for + float(event["snoozed_for"])
        plugs[port] = replace(plug, snoozed_at=None, snoozed_until=None, snoozed_for=total)
    elif what == "stranger":
        program = str(event["program"])
        plugs[port] = replace(plug, warned=plug.warned | {program}, told=plug.told | {program})


def _device(event: dict[str, Any]) -> Device:
    address = int(event.get("address", 0))
    return Device(str(event["device"]), *parse_id(event["id"]), address=address, name=str(event["name"]))
