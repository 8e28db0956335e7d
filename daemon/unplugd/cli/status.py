"""`unplugd status`: prints what the daemon sees."""

from __future__ import annotations

import json
from shlex import quote
from typing import TYPE_CHECKING, Any

from unplugd.cli.daemon_client import ask_daemon, explain_other_version
from unplugd.cli.metrics import print_metrics
from unplugd.cli.terminal import START_HINT, format_time, make_printable, say
from unplugd.errors import Failure
from unplugd.rules import uploaders
from unplugd.watch import client

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from unplugd.paths import Paths


def status(arguments: argparse.Namespace, where: Paths) -> int:
    """Print what the daemon sees, and when the next reminder is due."""
    if arguments.prometheus:
        return print_metrics(where)
    try:
        # In JSON, control characters are escaped.
        answer = (client.ask if arguments.json else ask_daemon)(where, {"command": "status"})
    except client.NotRunningError as error:
        if arguments.json:
            print(json.dumps({"running": False}))
        what = f"unplugd is not running, so you get no reminders{error.remark}"
        raise Failure(what, error.hint or START_HINT) from None
    if arguments.json:
        print(json.dumps(answer, indent=2))
        return 0
    with explain_other_version():
        _print_answer(answer)
    return 0


def _print_answer(answer: dict[str, Any]) -> None:
    print(
        f"unplugd {answer['version']} has been running since {format_time(answer['since'])}"
        f" (process {make_printable(answer['process'])})."
    )
    for device in answer["devices"]:
        print()
        print(f"{make_printable(device['name'])}, port {make_printable(device['device'])}")
        for line in _describe_device(device):
            print(f"  {line}")
    if not answer["devices"]:
        print("No watched device is plugged in.")
    print()
    if answer["quiet_until"]:
        print(f"Quiet hours until {format_time(answer['quiet_until'])}.")
    if answer["away"] == "inactive":
        print("Somebody else is in front of the computer; reminders wait until you are.")
    elif answer["away"]:
        print("The screen is locked; reminders wait until it is unlocked.")
    hints = []
    last = answer["last_delivery"]
    if last is None:
        print(f"Reminders are sent via {answer['channels'][0]}; none has been needed yet.")
    elif last.get("error"):
        error = make_printable(last["error"])
        print(f"The last reminder could not be delivered via {last['channel']}: {error}.")
        hints.append("unplugd doctor")
    else:
        print(f"The last reminder was sent via {last['channel']} at {format_time(last['time'])}.")
    journal = answer["journal"]
    if journal["trouble"]:
        print(f"The journal cannot be written: {journal['trouble']}. Events waiting: {journal['waiting']}.")
        hints.append(journal["hint"])
    lock = answer["lock"]
    if lock["trouble"]:
        print(f"{lock['trouble'][:1].upper()}{lock['trouble'][1:]}.")
        hints.append(lock["hint"])
    if answer["configuration"]["problems"]:
        print("The new configuration has errors; the previous one is still in effect:")
        for problem in answer["configuration"]["problems"]:
            print(f"  {make_printable(problem, 300)}")
        hints.append("unplugd config check")
    # The disk that takes no journal often takes no lock either.
    for hint in dict.fromkeys(hints):
        say(f"hint: {hint}")


def _describe_device(device: dict[str, Any]) -> Iterator[str]:
    plugged_in = f"plugged in since {format_time(device['plugged_in'])}"
    unknown = device["use"] == "unknown"
    if device["program"]:
        user = f"{make_printable(device['program'])} ({make_printable(device['evidence'])})"
        yield f"{plugged_in}, in use by {user}"
        yield "no reminders while it is in use"
        return
    used_until = format_time(device["used_until"]) if device["used_until"] else None
    if unknown:
        yield f"{plugged_in}, last used at {used_until}" if used_until else plugged_in
        yield "cannot tell whether it is in use now, so it counts as unused"
    else:
        yield f"{plugged_in}, not used since {used_until}" if used_until else f"{plugged_in}, not used"
    for program in device["strangers"]:
        yield f"held open by {make_printable(program)}, which is not known as upload software"
        if uploaders.can_be_added(program):
            yield f"if you upload with it, run: unplugd config add-uploader {quote(program)}"
    if device["forgotten_by"]:
        since = f" since {format_time(device['moved_at'])}" if device["moved_at"] else ""
        yield f"still open in {make_printable(device['forgotten_by'])}, but nothing has moved{since}: a forgotten window"
    if device["held_back_by"]:
        until = format_time(device["held_back_until"])
        yield f"reminder held back until {until}, as {make_printable(device['held_back_by'])} is running"
    if device["uploading_until"]:
        yield f"no reminder until {format_time(device['uploading_until'])}, as you said that you are uploading"
    if device["snoozed_until"]:
        yield f"snoozed until {format_time(device['snoozed_until'])}"
    if device["next_reminder"]:
        sent = f" ({device['reminded']} so far)" if device["reminded"] else ""
        yield f"next reminder at {format_time(device['next_reminder'])}{sent}"
