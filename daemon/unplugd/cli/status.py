"""What is asked of the running daemon: `unplugd status`, `unplugd snooze`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from unplugd.cli.terminal import START_HINT, format_time, make_printable, say
from unplugd.errors import Failure
from unplugd.watch import control

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from unplugd.paths import Paths

OTHER_VERSION: Final = Failure("the running unplugd is a different version", "stop it and start it again")


def status(arguments: argparse.Namespace, where: Paths) -> int:
    """Print what the daemon sees and when it will remind."""
    try:
        status = control.ask(where.control, {"command": "status"})
    except control.NotRunningError:
        if arguments.json:
            print(json.dumps({"running": False}))
        raise Failure("unplugd is not running, so you get no reminders", START_HINT) from None
    if arguments.json:
        print(json.dumps(status, indent=2))
        return 0
    try:
        _print_text(status)
    except (KeyError, TypeError, AttributeError, IndexError):
        raise OTHER_VERSION from None
    return 0


def _print_text(status: dict[str, Any]) -> None:
    print(
        f"unplugd {status['version']} is running since {format_time(status['since'])} (process {status['process']})."
    )
    for device in status["devices"]:
        print()
        print(f"{make_printable(device['name'])}, port {make_printable(device['device'])}")
        for line in _describe_device(device):
            print(f"  {line}")
    if not status["devices"]:
        print("No watched device is plugged in.")
    print()
    last = status["last_delivery"]
    if status["quiet_until"]:
        print(f"Quiet hours until {format_time(status['quiet_until'])}.")
    if last is None:
        print(f"Reminders come by {status['channels'][0]}; none has been needed yet.")
    elif last.get("error"):
        print(
            f"The last reminder could not be delivered by {last['channel']}: {make_printable(last['error'])}."
        )
        say("hint: unplugd doctor")
    else:
        print(f"The last reminder came by {last['channel']} at {format_time(last['time'])}.")
    if status["journal"]["trouble"]:
        print(
            f"The journal cannot be written: {status['journal']['trouble']}. Events waiting: {status['journal']['waiting']}."
        )
    if status["configuration"]["problems"]:
        print("The new configuration has errors; the previous one is still used:")
        for problem in status["configuration"]["problems"]:
            print(f"  {make_printable(problem, 300)}")


def _describe_device(device: dict[str, Any]) -> Iterator[str]:
    plugged_in = f"plugged in since {format_time(device['plugged_in'])}"
    if device["program"]:
        yield f"{plugged_in}, in use by {make_printable(device['program'])} ({make_printable(device['evidence'])})"
        yield "no reminders while it is in use"
        return
    used = f"not used since {format_time(device['used_until'])}" if device["used_until"] else "not used"
    yield f"{plugged_in}, {used}"
    for program in device["strangers"]:
        yield f"held open by {make_printable(program)}, which is not known as upload software"
    if device["snoozed_until"]:
        yield f"snoozed until {format_time(device['snoozed_until'])}"
    if device["next_reminder"]:
        sent = f" ({device['reminded']} so far)" if device["reminded"] else ""
        yield f"next reminder at {format_time(device['next_reminder'])}{sent}"
