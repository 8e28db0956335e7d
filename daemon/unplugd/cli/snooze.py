"""`unplugd snooze`: pauses reminders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unplugd import durations
from unplugd.cli.daemon_client import ask_daemon, explain_other_version
from unplugd.cli.terminal import START_HINT, format_time, make_printable, say
from unplugd.errors import Failure
from unplugd.watch import client

if TYPE_CHECKING:
    import argparse

    from unplugd.paths import Paths


def snooze(arguments: argparse.Namespace, where: Paths) -> int:
    """Ask the daemon to pause reminders for a while, or to end the pause."""
    request: dict[str, Any] = {"command": "snooze"}
    if arguments.cancel:
        request["cancel"] = True
    elif arguments.duration is not None:
        if not 0 < arguments.duration <= durations.DAY_SECONDS:
            raise Failure("a snooze must be longer than zero and at most a day", "unplugd snooze 15m")
        request["seconds"] = arguments.duration
    try:
        answer = ask_daemon(where, request)
    except client.NotRunningError as error:
        what = f"unplugd is not running, so there is nothing to snooze{error.remark}"
        raise Failure(what, error.hint or START_HINT) from None
    with explain_other_version():
        if arguments.cancel:
            _print_cancelled(answer)
        else:
            _print_snoozed(answer)
    return 0


def _print_cancelled(answer: dict[str, Any]) -> None:
    names = ", ".join(make_printable(name) for name in answer["cancelled"])
    say(f"Reminders are on again for {names}." if names else "Nothing was snoozed.")


def _print_snoozed(answer: dict[str, Any]) -> None:
    if not answer.get("plugged_in"):
        raise Failure("nothing is plugged in, so there is nothing to snooze", "unplugd status")
    if not answer["snoozed"]:
        limit = durations.describe(answer["limit"])
        raise Failure(f"no snooze time is left for this plug-in (limit: {limit})", "unplug the device")
    for snoozed in answer["snoozed"]:
        say(f"No reminders for {make_printable(snoozed['name'])} until {format_time(snoozed['until'])}.")
