"""Reads what launchctl prints. Pure. Apple calls none of it an interface, so what is missing or strange is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from unplugd_service.manager import parse_process_id
from unplugd_service.system import ProgramResult


@dataclass(frozen=True, slots=True)
class Service:
    """A service, or the exit status with which it could not be shown. `process` is 0 while there is none.

    `ended` says how the last process did, in parentheses; it is "" if none has.
    """

    code: int
    state: str = ""
    process: int = 0
    ended: str = ""

    @property
    def is_throttled(self) -> bool:
        """Whether launchd starts it again once `ThrottleInterval` is over."""
        return not self.process and self.state == "spawn scheduled"


def parse_service(text: str) -> Service:
    """Return the service that `print` shows."""
    ended = _describe_end(
        find_value(text, "last terminating signal"),
        find_value(text, "last exit code") or find_value(text, "last exit reason"),
    )
    return Service(0, find_value(text, "state"), parse_process_id(find_value(text, "pid")), ended)


def find_value(text: str, key: str) -> str:
    """Return a value of the service that `print` shows, "" if there is none."""
    # Only match the first level: nested sections repeat the same keys.
    found = re.search(rf"^(?:\t| {{1,4}}){key} = (.+)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def is_disabled(text: str, label: str) -> bool:
    """Whether `print-disabled` shows a service as disabled; older versions print `true`."""
    return re.search(rf'"{re.escape(label)}" => (disabled|true)\b', text) is not None


def find_message(result: ProgramResult) -> str:
    """Return the line that says what is wrong, with its number.

    A line behind it may advise to try again as root, which is never right here.
    """
    lines = (result.err.strip() or result.out.strip()).splitlines()
    numbered = (line for line in lines if re.search(r": \d+: ", line))
    others = [line for line in lines if not line.startswith("Try ")]
    return ProgramResult(result.code, err=next(numbered, others[-1] if others else "")).message


def _describe_end(by_signal: str, status: str) -> str:
    # After a signal, launchd prints its name and number, such as `Killed: 9`, and mostly no status.
    if number := re.search(r"\d+$", by_signal):
        return f" (killed by signal {number[0]})"
    return f" (last exit status {status})" if status and status != "(never exited)" else ""
