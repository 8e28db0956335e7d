"""The report on many computers, for `unplugd report`: made of their journals, and its faces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unplugd.cli.fleet_text import print_fleet
from unplugd.cli.terminal import make_progress_bar, say
from unplugd.review.fleet_builder import Interval, build_fleet
from unplugd.review.fleet_export import make_fleet_json
from unplugd.review.fleet_reader import Question, read_fleet
from unplugd.review.parallel import sum_plan
from unplugd.review.share import anonymize_sums

if TYPE_CHECKING:
    from datetime import tzinfo

    from unplugd.cli.report_journal import Journal
    from unplugd.languages.language import Language
    from unplugd.review.fleet import Fleet

__all__ = ["make_fleet", "make_fleet_json", "print_fleet"]


def make_fleet(
    journal: Journal,
    since: float | None,
    until: float,
    now: float,
    zone: tzinfo,
    zone_name: str,
    *,
    on: str,
    share: bool,
    language: Language,
) -> Fleet:
    """Return the report on all computers of a journal, made at `now` (Unix seconds).

    With `share`, words in `language` stand in place of names.
    """
    interval = Interval(since, until)
    journal.skip_before(since, until, now)
    with make_progress_bar("Reading the journals", sum_plan(journal.plan)) as progress:
        question = Question(interval, zone)
        sums = read_fleet(
            journal.plan, question, journal.report_error, progress, on, journal.known_since, say
        )
    trouble = journal.list_trouble(now)
    if share:
        sums, trouble = anonymize_sums(sums, language), []
    return build_fleet(sums, interval, zone=zone, name=zone_name, notes=journal.notes, trouble=trouble)
