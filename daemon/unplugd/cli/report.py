"""`unplugd report`: reviews the journal and shows the result as text, JSON or an HTML page."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from unplugd.cli.daemon_client import ask_if_running
from unplugd.cli.local_zone import find_local_zone
from unplugd.cli.terminal import START_HINT, make_progress_bar, say
from unplugd.cli.timespan import parse_range
from unplugd.errors import Failure
from unplugd.journal import sources
from unplugd.journal.host import find_host_name
from unplugd.languages.language import ENGLISH
from unplugd.review import parallel
from unplugd.review.export import make_json
from unplugd.review.report_builder import build_report

if TYPE_CHECKING:
    import argparse
    from datetime import tzinfo

    from unplugd.languages.language import Language
    from unplugd.paths import Paths
    from unplugd.review.figures import Report
    from unplugd.review.model import Review


def report(arguments: argparse.Namespace, where: Paths) -> int:
    """Print a report on the journal, or write it as an HTML page."""
    if arguments.html or arguments.open:
        return _make_page(arguments, where)
    report, _, _ = _build(arguments, where, ENGLISH)
    if arguments.json:
        _print_json(report)
    else:
        from unplugd.cli.report_print import print_report  # noqa: PLC0415 - takes 25 ms, and only the text needs it

        print_report(report)
    return 0


def _make_page(arguments: argparse.Namespace, where: Paths) -> int:
    from unplugd.cli import browser, report_file  # noqa: PLC0415 - takes 20 ms, and only the page needs it

    file = arguments.html or report_file.find_place(where)
    language = report_file.choose_language_of_page(where)
    try:
        report, now, zone = _build(arguments, where, language)
    except Failure as failure:
        if not arguments.html:
            # The desktop may have started this: without a terminal, only a page reaches the person.
            report_file.write_notice(file, failure, language)
            browser.open_page(file)
        raise
    report_file.write_page(file, report, now, zone, language)
    if arguments.json:
        _print_json(report)
    if arguments.open:
        browser.open_page(file)
    return 0


def _print_json(report: Report) -> None:
    # The json module would take seconds to indent a report on several years.
    print(msgspec.json.format(json.dumps(make_json(report)), indent=2))


def _build(arguments: argparse.Namespace, where: Paths, language: Language) -> tuple[Report, float, tzinfo]:
    """Return the report, when it was made (Unix seconds), and the time zone.

    `language` is that of what stands in place of names in a report that is shared.
    """
    now = time.time()
    zone, zone_name = find_local_zone()
    since, until = parse_range(arguments, now, zone)
    review = _make_review(arguments, where, now)
    end = _find_end(review, now)
    if until is not None:
        until = min(until, end)
    elif not arguments.file:
        until = end
    if since is not None and until is not None and since >= until:
        raise Failure("that time is in the future", "unplugd report --since 7d")
    if arguments.share:
        from unplugd.review.share import anonymize  # noqa: PLC0415 - 4 ms that only --share needs

        review = anonymize(review, language)
    return build_report(review, since=since, until=until, zone=zone, name=zone_name), now, zone


def _make_review(arguments: argparse.Namespace, where: Paths, now: float) -> Review:
    notes: Counter[str] = Counter()
    found = sources.find_sources(arguments.file, where.journal, notes, say)
    if not found:
        raise Failure("there is no journal yet", START_HINT)
    # If the daemon is running, a device without an unplug event is still plugged in. Ask before reading the journal, so
    # that an event that is written in between is read.
    running = not arguments.file and _is_running(where)
    with make_progress_bar("Reading the journal", sum(source.size for source in found)) as progress:
        review = parallel.review_files(
            found, notes, say, progress, now if running else None, find_host_name()
        )
    return replace(review, notes=+(notes + Counter(review.notes)))


def _is_running(where: Paths) -> bool:
    try:
        return ask_if_running(where, "status").get("running") is True
    except OSError:
        return False


def _find_end(review: Review, now: float) -> float:
    """Return the end of the report in Unix seconds: now, or the end of the journal if a clock was ahead."""
    ends = [period.ended for period in review.periods] + [watched.ended for watched in review.watched]
    last = max(ends, default=now)
    # The end is exclusive: take the next full second.
    return now if last <= now else math.floor(last) + 1
