"""`unplugd doctor`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from unplugd.cli import service
from unplugd.cli.terminal import console, make_printable
from unplugd.doctor import Finding, examine
from unplugd.errors import Failure
from unplugd.platforms.current import current_platform

if TYPE_CHECKING:
    import argparse

    from unplugd.paths import Paths


def doctor(arguments: argparse.Namespace, where: Paths) -> int:
    """Print what each check found."""
    # Without the note of what is on the screen: the daemon's reminder is not the doctor's to replace.
    findings = [*examine(current_platform(), where, notify=arguments.notify), _service(where)]
    failed = any(finding.ok is False for finding in findings)
    if arguments.json:
        rows = [{"layer": f.layer, "ok": f.ok, "what": f.what, "hint": f.hint, "by": f.by} for f in findings]
        print(json.dumps(rows, indent=2))
        return int(failed)
    out = console()
    for finding in findings:
        mark, style = {True: ("ok", "good"), None: ("--", "unused"), False: ("NO", "trouble")}[finding.ok]
        out.print(mark, style=style, end="  ")
        layer = f"{finding.layer} (via {finding.by})" if finding.by else finding.layer
        out.print(f"{layer}: {make_printable(finding.what, 200)}", markup=False)
        if finding.hint and finding.ok is not True:
            out.print(f"      hint: {finding.hint}", markup=False)
    return int(failed)


def _service(where: Paths) -> Finding:
    try:
        problems = service.problems(where)
    except Failure as trouble:
        # It can be run without: in a container, or by whatever starts programs there.
        return Finding("service", ok=None, what=str(trouble), hint=trouble.hint)
    if problems:
        return Finding("service", ok=None, what=problems[0].what, hint=problems[0].repair)
    return Finding("service", ok=True, what="installed, up to date and running")
