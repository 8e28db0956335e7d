"""`unplugd report`."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec.structs import replace

from unplugd import paths, sanitize
from unplugd.cli.terminal import START_HINT, console, make_progress_bar, parse_times, say
from unplugd.errors import Failure
from unplugd.journal import sources, writer
from unplugd.review import parallel
from unplugd.review.export import make_json
from unplugd.review.report_builder import build_report as reported
from unplugd.review.share import anonymize
from unplugd.watch import control
from unplugd_service import atomic

if TYPE_CHECKING:
    import argparse
    from datetime import tzinfo

    from unplugd.paths import Paths
    from unplugd.review.figures import Report
    from unplugd.review.model import Review

ZONES: Final = "/zoneinfo/"
SIGNS: Final = {"█": "#", "░": "-", "\N{EN DASH}": "-", "…": ".", "\u202f": " "}
"""Signs of the report beyond ASCII, each with another one that every terminal can show in its place."""
BROWSER_SECONDS: Final = 3.0
"""Seconds in which an opener that fails has failed."""


def report(arguments: argparse.Namespace, where: Paths) -> int:
    """Print what the journal comes to, or write it as a page."""
    if arguments.open and not arguments.html:
        raise Failure("--open needs a page", "unplugd report --html report.html --open")
    now = time.time()
    zone, name = find_local_zone()
    since, until = parse_times(arguments, now, zone)
    reviewed = _make_review(arguments, where, now)
    latest = _latest(reviewed, now)
    if until is not None:
        until = min(until, latest)
    elif not arguments.file:
        until = latest
    if since is not None and until is not None and since >= until:
        raise Failure("that time is in the future", "unplugd report --since 7d")
    if arguments.share:
        reviewed = anonymize(reviewed)
    made = reported(reviewed, since=since, until=until, zone=zone, name=name)
    if arguments.html:
        _write_page(arguments.html, made, now, zone)
    if arguments.json:
        # Laid out by msgspec: json's own way takes seconds where there are years.
        print(msgspec.json.format(json.dumps(make_json(made)), indent=2))
    elif not arguments.html:
        _print(made)
    if arguments.open:
        _open(arguments.html)
    return 0


# --- reading


def _make_review(arguments: argparse.Namespace, where: Paths, now: float) -> Review:
    notes: Counter[str] = Counter()
    found = sources.find_sources(arguments.file, where.journal, notes, say)
    if not found:
        raise Failure("there is no journal yet", START_HINT)
    # Asked before it is read, so that what is plugged in now is in the journal.
    running = not arguments.file and _runs(where)
    with make_progress_bar("Reading the journal", sum(source.size for source in found)) as progress:
        reviewed = parallel.review_files(
            found, notes, say, progress, now if running else None, writer.find_host_name()
        )
    return replace(reviewed, notes=+(notes + Counter(reviewed.notes)))


def _latest(reviewed: Review, now: float) -> float:
    """Return until when something can be told: until now, unless a clock was ahead once."""
    ends = [one.ended for one in reviewed.periods] + [one.ended for one in reviewed.watched]
    last = max(ends, default=now)
    # The next full second: what happens in the last moment is before it.
    return now if last <= now else math.floor(last) + 1


def _runs(where: Paths) -> bool:
    try:
        return control.ask(where.control, {"command": "status"}).get("running") is True
    except (control.NotRunningError, control.NoAnswerError, OSError):
        return False


def find_local_zone() -> tuple[tzinfo, str]:
    """Return the time zone of this computer, and its name; a mere offset where it has none."""
    names = [os.environ.get("TZ", "").removeprefix(":")]
    with contextlib.suppress(OSError):
        names.append(str(Path("/etc/localtime").resolve()))
    with contextlib.suppress(OSError, UnicodeDecodeError):
        names.append(Path("/etc/timezone").read_text(encoding="ascii").strip())
    now = time.time()
    # A moment of each week of the year until now.
    weeks = [now - week * 7 * 86400 for week in range(53)]
    offsets = {at: datetime.fromtimestamp(at).astimezone().utcoffset() for at in weeks}
    names = [written.rpartition(ZONES)[2] for written in names]
    if time.daylight:
        # The system knows its clock changes, but not a name for them: one of those with the same will do.
        names += [time.tzname[0], *sorted(available_timezones())]
    for name in names:
        try:
            zone = ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            continue
        # A name that says otherwise than the system's clock is the wrong one.
        if all(datetime.fromtimestamp(at, zone).utcoffset() == offset for at, offset in offsets.items()):
            return zone, name
    fixed = timezone(offsets[now] or timedelta())
    return fixed, datetime.now(fixed).isoformat()[-6:]


# --- showing


def _print(made: Report) -> None:
    from unplugd.cli.report_text import Paper, make_lines, print_screen  # noqa: PLC0415 - it loads rich

    out = console()
    screen = shutil.get_terminal_size() if sys.stdout.isatty() else None
    paper = Paper(screen.columns if screen else 80, rows=31)
    instead = _instead(sys.stdout.encoding or "ascii")
    # With the command above it and the prompt below it.
    for line in print_screen(made, paper, screen.lines - 2) if screen else make_lines(made, paper):
        line.plain = line.plain.translate(instead)
        line.rstrip()
        out.print(line, soft_wrap=True)


def _instead(encoding: str) -> dict[int, str]:
    """Return what is shown in the place of the report's own signs that the encoding does not have."""
    missing = {}
    for sign, other in SIGNS.items():
        try:
            sign.encode(encoding)
        except UnicodeEncodeError:
            missing[ord(sign)] = other
    return missing


def _write_page(file: Path, made: Report, now: float, zone: tzinfo) -> None:
    from unplugd.html_report.page import render_page  # noqa: PLC0415 - most reports are no page

    written = render_page(made, made=now, zone=zone)
    try:
        _write(file, written.encode(errors="backslashreplace"))
    except OSError as error:
        what = f"{sanitize.one_line(paths.shorten(file), 1000)}: cannot be written: {error.strerror or type(error).__name__}"
        raise Failure(what, "choose a folder that you can write to") from None
    say(f"Written: {sanitize.one_line(paths.shorten(file), 1000)}")


def _write(file: Path, content: bytes) -> None:
    """Write it at once or not at all, for the user alone."""
    if file.exists() and not file.is_file() and not file.is_dir():
        # A pipe or the terminal.
        with file.open("wb") as pipe:
            pipe.write(content)
        return
    if file.is_dir():
        raise IsADirectoryError(21, os.strerror(21))
    atomic.write(file, content)


def _open(file: Path) -> None:
    """Show the page; what shows it is a program of its own, and nothing of it is waited for."""
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    command = [opener] if opener else [sys.executable, "-m", "webbrowser", "-t"]
    target = str(file.resolve()) if opener else file.resolve().as_uri()
    try:
        child = subprocess.Popen(
            [*command, target],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        failed = child.wait(BROWSER_SECONDS) != 0
    except subprocess.TimeoutExpired:
        # It is the browser itself, and still there.
        return
    except OSError:
        failed = True
    if failed:
        raise Failure("no browser opened the page", f"open {paths.shorten(file)} yourself")
