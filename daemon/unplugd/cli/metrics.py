"""`unplugd status --prometheus`: what the daemon sees as metrics, in Prometheus's text format.

They name no person, program or serial number: labels are ids, ports and the stand-ins that the journal has. Times are
Unix seconds *since*, so a metric changes only when something happens; only the heartbeat changes each time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from unplugd import account
from unplugd.cli.daemon_client import ask_daemon, explain_other_version
from unplugd.cli.terminal import say
from unplugd.errors import Failure
from unplugd.journal.station import find_station
from unplugd.journal.timestamps import parse_timestamp
from unplugd.platforms.current import current_platform
from unplugd.watch import client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unplugd.journal.station import Station
    from unplugd.paths import Paths

    Sample = tuple[str, dict[str, str], int]
    """The name of a metric, its labels and its value."""

HELP: Final = {
    "unplugd_up": "Whether unplugd is running and answers.",
    "unplugd_info": "Its version, and the computer's station in the journal.",
    "unplugd_answered_timestamp_seconds": "When it last answered.",
    "unplugd_start_timestamp_seconds": "When it was started.",
    "unplugd_delivery_failed": "Whether the last reminder could not be shown.",
    "unplugd_journal_waiting_events": "Events that could not be written to the journal yet.",
    "unplugd_device_plugged_in_timestamp_seconds": "Since when a device is plugged in.",
    "unplugd_device_in_use": "Whether upload software is using a device.",
    "unplugd_device_unused_timestamp_seconds": "Since when a device is plugged in unused; missing while it is in use.",
    "unplugd_device_reminders": "Reminders to unplug a device since it was last used.",
}
"""Every metric with its meaning, in the order in which they are printed. All are gauges."""


def print_metrics(where: Paths) -> int:
    """Print the metrics. If the daemon does not answer, say so in them; that is no error, or a timer would lose them."""
    station = find_station(current_platform().machine_id(), account.find_number())
    text = format_metrics(None, station, 0)
    try:
        answer = ask_daemon(where, {"command": "status"})
        with explain_other_version():
            text = format_metrics(answer, station, time.time())
    except client.NotRunningError:
        pass
    except Failure as failure:
        say(f"unplugd: {failure}\nhint: {failure.hint}")
    print(text, end="")
    return 0


def format_metrics(answer: dict[str, Any] | None, station: Station, now: float) -> str:
    """Return the metrics of an answer that came at the time `now` (Unix seconds), None if none came.

    Several people's daemons may run on one computer, so the session is a label of each metric.
    """
    samples = list(_list_samples(answer, station, now)) if answer is not None else [("unplugd_up", {}, 0)]
    session = {"session": station.session} if station.session else {}
    lines = []
    for name, meaning in HELP.items():
        found = [(labels, value) for metric, labels, value in samples if metric == name]
        if found:
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} gauge"]
            lines += [f"{name}{_format_labels({**labels, **session})} {value}" for labels, value in found]
    return "\n".join(lines) + "\n"


def _list_samples(answer: dict[str, Any], station: Station, now: float) -> Iterator[Sample]:
    yield "unplugd_up", {}, 1
    about = {"station": station.station} if station.station else {}
    yield "unplugd_info", {"version": answer["version"], **about}, 1
    yield "unplugd_answered_timestamp_seconds", {}, int(now)
    yield "unplugd_start_timestamp_seconds", {}, _read_time(answer["since"])
    last = answer["last_delivery"]
    yield "unplugd_delivery_failed", {}, int(last is not None and bool(last.get("error")))
    yield "unplugd_journal_waiting_events", {}, int(answer["journal"]["waiting"])
    for device in answer["devices"]:
        labels = {"id": device["id"], "port": device["device"]}
        in_use = device["program"] is not None
        yield "unplugd_device_plugged_in_timestamp_seconds", labels, _read_time(device["plugged_in"])
        yield "unplugd_device_in_use", labels, int(in_use)
        if not in_use:
            unused_since = _read_time(device["used_until"] or device["plugged_in"])
            yield "unplugd_device_unused_timestamp_seconds", labels, unused_since
        yield "unplugd_device_reminders", labels, int(device["reminded"])


def _read_time(written: str) -> int:
    """Return a timestamp of an answer in whole Unix seconds; ValueError if it is none."""
    return round(parse_timestamp(written))


def _format_labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    quoted = (f'{name}="{_escape(value)}"' for name, value in labels.items())
    return f"{{{','.join(quoted)}}}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
