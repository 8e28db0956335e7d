"""`unplugd doctor`: prints the result of each check."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from unplugd.cli.doctor_report import write_report
from unplugd.cli.service_checks import find_manager, inspect_service
from unplugd.cli.terminal import make_console, make_printable
from unplugd.doctor import Finding, examine
from unplugd.errors import Failure
from unplugd.platforms.current import current_platform

if TYPE_CHECKING:
    import argparse

    from unplugd.paths import Paths


def doctor(arguments: argparse.Namespace, where: Paths) -> int:
    """Print the result of each check, or write a report on them; exit status 1 if a check failed that was printed."""
    # Pass no paths, so that the platform does not find and replace the daemon's notification.
    computer = current_platform()

    def check(notify: bool) -> list[Finding]:
        return [*examine(computer, where, notify=notify or arguments.notify), _check_service(where)]

    if arguments.report is not None:
        if arguments.json:
            raise Failure("--report writes text, not JSON", "leave out --json or --report")
        return write_report(arguments.report, computer, where, check)
    findings = check(False)
    failed = any(finding.ok is False for finding in findings)
    if arguments.json:
        rows = [{"layer": f.layer, "ok": f.ok, "what": f.what, "hint": f.hint, "by": f.by} for f in findings]
        print(json.dumps(rows, indent=2))
        return int(failed)
    console = make_console()
    for finding in findings:
        mark, style = {True: ("ok", "good"), None: ("--", "unused"), False: ("NO", "trouble")}[finding.ok]
        console.print(mark, style=style, end="  ")
        layer = f"{finding.layer} (via {finding.by})" if finding.by else finding.layer
        console.print(f"{layer}: {make_printable(finding.what, 200)}", markup=False)
        if finding.hint and finding.ok is not True:
            console.print(f"      hint: {make_printable(finding.hint, 1000)}", markup=False)
    return int(failed)


def _check_service(where: Paths) -> Finding:
    try:
        _, defects = inspect_service(find_manager(), where)
    except Failure as failure:
        # unplugd also runs without a service manager, for example in a container.
        return Finding("service", ok=None, what=str(failure), hint=failure.hint)
    if defects:
        return Finding("service", ok=None, what=defects[0].what, hint=defects[0].repair)
    return Finding("service", ok=True, what="installed, up to date and running")
