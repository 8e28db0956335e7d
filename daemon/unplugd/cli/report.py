"""`unplugd report`: reviews the journal and shows the result as text, JSON or an HTML page."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from unplugd.cli.local_zone import find_local_zone
from unplugd.cli.report_journal import Journal, check_interval, is_running
from unplugd.cli.terminal import make_progress_bar, say
from unplugd.cli.timespan import parse_range
from unplugd.errors import Failure
from unplugd.journal.host import find_host_name
from unplugd.languages.language import ENGLISH
from unplugd.review import parallel
from unplugd.review.export import make_json
from unplugd.review.fleet import MIN_COMPUTERS, Fleet
from unplugd.review.report_builder import build_report

if TYPE_CHECKING:
    import argparse
    from datetime import tzinfo
    from types import ModuleType

    from unplugd.languages.language import Language
    from unplugd.paths import Paths
    from unplugd.review.figures import Report
    from unplugd.review.model import Review


def report(arguments: argparse.Namespace, where: Paths) -> int:
    """Print a report on the journal, or write it as an HTML page."""
    if arguments.html or arguments.open:
        return _make_page(arguments, where)
    report, now, _ = _build(arguments, where, ENGLISH)
    if arguments.json:
        _print_json(report)
    elif isinstance(report, Fleet):
        _load_fleet_report().print_fleet(report, now)
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


def _print_json(report: Report | Fleet) -> None:
    # The json module would take seconds to indent a report on several years.
    print(msgspec.json.format(_dump(report), indent=2))


def _dump(report: Report | Fleet) -> str:
    if isinstance(report, Fleet):
        return json.dumps(_load_fleet_report().make_fleet_json(report))
    return json.dumps(make_json(report))


def _build(
    arguments: argparse.Namespace, where: Paths, language: Language
) -> tuple[Report | Fleet, float, tzinfo]:
    """Return the report, when it was made (Unix seconds), and the time zone.

    `language` is that of what stands in place of names in a report that is shared.
    """
    now = time.time()
    zone, zone_name = find_local_zone()
    since, until = parse_range(arguments, now, zone)
    if arguments.on and not parallel.is_place(arguments.on):
        raise Failure(
            "--on says where to review: inline, processes, processes:4, or the address of a Dask scheduler",
            "unplugd report --on tcp://scheduler:8786",
        )
    # Ask before reading the journal, so that an event that is written in between is read.
    running = not arguments.file and is_running(where)
    journal = Journal(arguments.file, where.journal)
    if arguments.computer is not None:
        journal.choose_computer(arguments.computer)
    elif len(journal.plan) >= MIN_COMPUTERS:
        until = now if until is None else min(until, now)
        check_interval(since, until, "report")
        fleet = _load_fleet_report().make_fleet(
            journal,
            since,
            until,
            now,
            zone,
            zone_name,
            on=arguments.on or "",
            share=arguments.share,
            language=language,
        )
        return fleet, now, zone
    if not arguments.share:
        # The computers of a shared report are numbered in the order of their first event.
        journal.skip_before(since, until, now)
    review = _make_review(journal, arguments.on or "", now if running else None)
    last = _find_last(review)
    # The end is exclusive: take the next full second. A clock may have been ahead.
    end = now if last is None or last <= now else math.floor(last) + 1
    if until is not None:
        until = min(until, end)
    elif not arguments.file or (since is not None and last is not None and last <= since):
        until = end
    check_interval(since, until, "report")
    if arguments.share:
        from unplugd.review.share import anonymize  # noqa: PLC0415 - 4 ms that only --share needs

        review = anonymize(review, language)
    made = build_report(
        review, since=since, until=until, zone=zone, name=zone_name, known_since=journal.known_since
    )
    return made, now, zone


def _make_review(journal: Journal, on: str, until: float | None) -> Review:
    notes = journal.notes
    with make_progress_bar("Reading the journal", parallel.sum_plan(journal.plan)) as progress:
        review = parallel.review_plan(journal.plan, notes, say, progress, until, find_host_name(), on)
    return replace(review, notes=notes + Counter(review.notes))


def _load_fleet_report() -> ModuleType:
    from unplugd.cli import fleet_report  # noqa: PLC0415 - 25 ms that only many computers are worth

    return fleet_report


def _find_last(review: Review) -> float | None:
    """Return the end of what is known, in Unix seconds; None if nothing is."""
    ends = [period.ended for period in review.periods] + [watched.ended for watched in review.watched]
    return max(ends, default=None)
