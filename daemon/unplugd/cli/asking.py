"""What is asked of the running daemon: `unplugd status`, `unplugd snooze`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from unplugd import durations
from unplugd.cli.terminal import START, say, shown, when
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
        raise Failure("unplugd is not running, so you get no reminders", START) from None
    if arguments.json:
        print(json.dumps(status, indent=2))
        return 0
    try:
        _print_status(status)
    except (KeyError, TypeError, AttributeError, IndexError):
        raise OTHER_VERSION from None
    return 0


def _print_status(status: dict[str, Any]) -> None:
    print(
        f"unplugd {status['version']} is running since {when(status['since'])} (process {status['process']})."
    )
    for device in status["devices"]:
        print()
        print(f"{shown(device['name'])}, port {shown(device['device'])}")
        for line in _about(device):
            print(f"  {line}")
    if not status["devices"]:
        print("No watched device is plugged in.")
    print()
    last = status["last_delivery"]
    if status["quiet_until"]:
        print(f"Quiet hours until {when(status['quiet_until'])}.")
    if last is None:
        print(f"Reminders come by {status['channels'][0]}; none has been needed yet.")
    elif last.get("error"):
        print(f"The last reminder could not be delivered by {last['channel']}: {shown(last['error'])}.")
        say("hint: unplugd doctor")
    else:
        print(f"The last reminder came by {last['channel']} at {when(last['time'])}.")
    if status["journal"]["trouble"]:
        print(
            f"The journal cannot be written: {status['journal']['trouble']}. Events waiting: {status['journal']['waiting']}."
        )
    if status["configuration"]["problems"]:
        print("The new configuration has errors; the previous one is still used:")
        for problem in status["configuration"]["problems"]:
            print(f"  {shown(problem, 300)}")


def _about(device: dict[str, Any]) -> Iterator[str]:
    plugged_in = f"plugged in since {when(device['plugged_in'])}"
    if device["program"]:
        yield f"{plugged_in}, in use by {shown(device['program'])} ({shown(device['evidence'])})"
        yield "no reminders while it is in use"
        return
    used = f"not used since {when(device['used_until'])}" if device["used_until"] else "not used"
    yield f"{plugged_in}, {used}"
    for program in device["strangers"]:
        yield f"held open by {shown(program)}, which is not known as upload software"
    if device["snoozed_until"]:
        yield f"snoozed until {when(device['snoozed_until'])}"
    if device["next_reminder"]:
        sent = f" ({device['reminded']} so far)" if device["reminded"] else ""
        yield f"next reminder at {when(device['next_reminder'])}{sent}"


def snooze(arguments: argparse.Namespace, where: Paths) -> int:
    """Have the daemon be silent for a while."""
    request: dict[str, Any] = {"command": "snooze"}
    if arguments.cancel:
        request["cancel"] = True
    elif arguments.duration is not None:
        if not 0 < arguments.duration <= durations.DAY_SECONDS:
            raise Failure("a snooze must be longer than zero and at most a day", "unplugd snooze 15m")
        request["seconds"] = arguments.duration
    try:
        answer = control.ask(where.control, request)
    except control.NotRunningError:
        raise Failure("unplugd is not running, so there is nothing to snooze", START) from None
    try:
        return _print_snooze(arguments, answer)
    except (KeyError, TypeError, AttributeError, IndexError):
        raise OTHER_VERSION from None


def _print_snooze(arguments: argparse.Namespace, answer: dict[str, Any]) -> int:
    if arguments.cancel:
        names = ", ".join(shown(name) for name in answer["cancelled"])
        say(f"Reminders are on again for {names}." if names else "Nothing was snoozed.")
        return 0
    if not answer.get("plugged_in"):
        raise Failure("nothing is plugged in, so there is nothing to snooze", "unplugd status")
    if not answer["snoozed"]:
        limit = durations.describe(answer["limit"])
        raise Failure(f"no snooze time is left for this plug-in (limit: {limit})", "unplug the device")
    for snoozed in answer["snoozed"]:
        say(f"No reminders for {shown(snoozed['name'])} until {when(snoozed['until'])}.")
    return 0
