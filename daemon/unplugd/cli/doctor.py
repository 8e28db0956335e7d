"""`unplugd doctor`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from unplugd.cli.computer import here
from unplugd.cli.terminal import console, shown

if TYPE_CHECKING:
    import argparse

    from unplugd.paths import Paths


def doctor(arguments: argparse.Namespace, where: Paths) -> int:
    """Print what each check found."""
    from unplugd import doctor  # noqa: PLC0415 - as above

    # Without the note of what is on the screen: the daemon's reminder is not the doctor's to replace.
    findings = doctor.examine(here(), where, notify=arguments.notify)
    failed = any(finding.ok is False for finding in findings)
    if arguments.json:
        rows = [{"layer": f.layer, "ok": f.ok, "what": f.what, "hint": f.hint, "by": f.by} for f in findings]
        print(json.dumps(rows, indent=2))
        return int(failed)
    out = console()
    for finding in findings:
        mark, style = {True: ("ok", "green"), None: ("--", "yellow"), False: ("NO", "bold red")}[finding.ok]
        out.print(mark, style=style, end="  ")
        layer = f"{finding.layer} (by {finding.by})" if finding.by else finding.layer
        out.print(f"{layer}: {shown(finding.what, 200)}", markup=False)
        if finding.hint and finding.ok is not True:
            out.print(f"      hint: {finding.hint}", markup=False)
    return int(failed)
