"""What the report says as a text and as a page: the same of the same."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.rig.sample_report import DAY, HOUR, ZONE, at, plugged
from tests.rig.tree import Tree
from unplugd.cli.report_text import Paper, make_lines
from unplugd.html_report.page import render_page
from unplugd.review.model import Review, Watched
from unplugd.review.report_builder import build_report

if TYPE_CHECKING:
    from unplugd.review.figures import Report

SINCE = at("2026-10-05T00:00")


def said(made: Report) -> tuple[str, str]:
    """Return the text of a report, and that of the summary of its page; any space is one."""
    text = " ".join(" ".join(line.plain for line in make_lines(made, Paper(200))).split())
    tree = Tree(render_page(made, made=made.until))
    (summary,) = [one for one in tree.all("section") if one.attributes["aria-labelledby"] == "summary"]
    return text, summary.text


def of(*periods: tuple[float, float, float], since: float = SINCE, until: float = SINCE + DAY) -> Report:
    """Return a report of periods, each with its begin and its length in minutes, and the minutes that it was used."""
    found = tuple(
        plugged(SINCE + began * 60, minutes, use=(0, used) if used else None)
        for began, minutes, used in periods
    )
    watched = Watched("anna-laptop", SINCE - 9 * DAY, SINCE + 9 * DAY)
    return build_report(Review(found, (watched,)), since=since, until=until, zone=ZoneInfo(ZONE), name=ZONE)


@pytest.mark.parametrize(
    ("minutes", "used", "share"),
    [(100, 0, "100 %"), (1000, 0.5, "over 99 %"), (100, 30, "70 %"), (1000, 999, "under 1 %")],
)
def test_the_share(minutes: float, used: float, share: str) -> None:
    """What is left of a hundred is never rounded away."""
    text, summary = said(of((600, minutes, used), until=SINCE + 2 * DAY))
    assert f"({share} of the time plugged in)" in text
    assert f"That is {share} of the " in summary


@pytest.mark.parametrize(("minutes", "used"), [(0.7 / 60, 0), (50, 50)])
def test_of_no_time_there_is_no_share(minutes: float, used: float) -> None:
    """Less than a second is no time, and no part of anything."""
    text, summary = said(of((600, minutes, used)))
    assert "Left plugged in unused none about" in text
    assert "Left plugged in, unused no time at all" in summary
    assert not {"%", "0 seconds"} & set(f"{text} {summary}".split())


@pytest.mark.parametrize(
    ("minutes", "compared"),
    [
        (1200, "about as long as in the day before (20 h)"),
        (1211, "about as long as in the day before (20 h)"),
        (1213, "13 minutes more than in the day before (20 h)"),
        (600, "10 h less than in the day before (20 h)"),
    ],
)
def test_the_time_before(minutes: float, compared: str) -> None:
    """A difference of less than a hundredth is none."""
    text, summary = said(of((-1320, 1200, 0), (120, minutes, 0)))
    assert compared in text
    assert f"{compared[0].upper()}{compared[1:]}." in summary


def test_what_had_begun_before_is_not_called_never() -> None:
    """Time without a beginning in it is told as what goes on from before."""
    text, summary = said(of((-60, 75, 66)))
    assert "Plugged in 15 minutes in all, already plugged in at the start longest" in text
    assert "Used 6 minutes, started earlier" in text
    assert "never" not in text
    assert "6 minutes started earlier" in summary
    text, _ = said(of((-60, 75, 66), (600, 10, 0)))
    assert "Plugged in once, 25 minutes in all 1 more was already plugged in at the start" in text


@pytest.mark.parametrize("seen", [0, 1, 2, 40 * DAY])
def test_only_what_is_plugged_in_at_the_end_is_still_plugged_in(seen: float) -> None:
    """What was last seen plugged in a second before the end, and longer ago, is told with the time of that."""
    period = plugged(SINCE, 9 * 60, end="open")
    made = build_report(
        Review((period,)), since=SINCE, until=period.ended + seen, zone=ZoneInfo(ZONE), name=ZONE
    )
    text, summary = said(made)
    row = Tree(render_page(made, made=made.until)).all("table", "list")[0].text
    if seen <= 1:
        assert "Still plugged in CareLink USB" in text
        assert (
            "Still plugged in when the report ends: CareLink USB on anna-laptop, since Mon 5 Oct 00:00."
            in summary
        )
        assert "still plugged in" in row
    else:
        assert "Last seen plugged in CareLink USB, Mon 5 Oct 09:00; no data since then" in text
        assert (
            "Last seen plugged in: CareLink USB on anna-laptop, Mon 5 Oct 09:00; no data since then."
            in summary
        )
        assert "end not known" in row
    assert ("still plugged in" in f"{text} {render_page(made, made=made.until)}".lower()) is (seen <= 1)


def test_a_moment_of_another_year_has_its_year() -> None:
    """Which year it was is not left open."""
    period = plugged(SINCE, 60, end="open")
    made = build_report(
        Review((period,)), since=SINCE, until=SINCE + 365 * DAY, zone=ZoneInfo(ZONE), name=ZONE
    )
    assert all("Mon 5 Oct 2026 01:00; no data since then" in one for one in said(made))


def test_what_a_report_cuts_is_still_plugged_in() -> None:
    """A device that is unplugged after the end of the report is still plugged in then."""
    text, summary = said(of((600, 2 * 1440, 0)))
    assert "Still plugged in CareLink USB" in text
    assert "Still plugged in when the report ends" in summary


def test_programs_count_where_their_period_began() -> None:
    """A program unknown to unplugd is named in the report of the time in which its period began, and in no other."""
    period = plugged(SINCE - HOUR, 120, strangers=("thermometer",))
    watched = Watched("anna-laptop", SINCE - DAY, SINCE + DAY)
    for since, named in ((SINCE - DAY, True), (SINCE, False)):
        made = build_report(
            Review((period,), (watched,)), since=since, until=SINCE + DAY, zone=ZoneInfo(ZONE), name=ZONE
        )
        text, summary = said(made)
        assert ("thermometer" in text) is named
        assert ("unknown to unplugd" in summary) is named
