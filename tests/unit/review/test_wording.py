"""A report says the same in the terminal and on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.rig.sample_report import DAY, HOUR, ZONE, at, plugged
from tests.rig.tree import Tree
from unplugd.cli.report_text import make_lines
from unplugd.cli.text_layout import Layout
from unplugd.html_report.page import render_page
from unplugd.review.model import Review, Watched
from unplugd.review.report_builder import build_report

if TYPE_CHECKING:
    from unplugd.review.figures import Report

SINCE = at("2026-10-05T00:00")


def show(made: Report) -> tuple[str, str]:
    """Return a report as text, and the text of its page's summary, with single spaces."""
    text = " ".join(" ".join(line.plain for line in make_lines(made, Layout(200))).split())
    tree = Tree(render_page(made, made=made.until))
    (summary,) = [one for one in tree.all("section") if one.attributes["aria-labelledby"] == "summary"]
    return text, summary.text


def make_report(
    *periods: tuple[float, float, float], since: float = SINCE, until: float = SINCE + DAY
) -> Report:
    """Return a report of periods: for each, when it began, its length and how long it was used, in minutes."""
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
    """A share of almost nothing, or almost all, is not rounded to that."""
    text, summary = show(make_report((600, minutes, used), until=SINCE + 2 * DAY))
    assert f"({share} of the time plugged in)" in text
    assert f"That is {share} of the " in summary


@pytest.mark.parametrize(("minutes", "used"), [(0.7 / 60, 0), (50, 50)])
def test_no_share_of_no_time(minutes: float, used: float) -> None:
    """Less than a second is no time, and has no share."""
    text, summary = show(make_report((600, minutes, used)))
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
    """A difference of less than one percent is none."""
    text, summary = show(make_report((-1320, 1200, 0), (120, minutes, 0)))
    assert compared in text
    assert f"{compared[0].upper()}{compared[1:]}." in summary


def test_a_use_that_started_earlier() -> None:
    """A use that began before the report is said to have started earlier, not to be missing."""
    text, summary = show(make_report((-60, 75, 66)))
    assert "Plugged in 15 minutes in all, already plugged in at the start longest" in text
    assert "Used 6 minutes, started earlier" in text
    assert "never" not in text
    assert "6 minutes started earlier" in summary
    text, _ = show(make_report((-60, 75, 66), (600, 10, 0)))
    assert "Plugged in once, 25 minutes in all 1 more was already plugged in at the start" in text


@pytest.mark.parametrize("seen", [0, 1, 2, 40 * DAY])
def test_only_what_is_plugged_in_at_the_end_is_still_plugged_in(seen: float) -> None:
    """A device that was last seen more than a second before the end is shown with that time instead."""
    period = plugged(SINCE, 9 * 60, end="open")
    made = build_report(
        Review((period,)), since=SINCE, until=period.ended + seen, zone=ZoneInfo(ZONE), name=ZONE
    )
    text, summary = show(made)
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
    """A moment of another year than the report's end shows its year."""
    period = plugged(SINCE, 60, end="open")
    made = build_report(
        Review((period,)), since=SINCE, until=SINCE + 365 * DAY, zone=ZoneInfo(ZONE), name=ZONE
    )
    assert all("Mon 5 Oct 2026 01:00; no data since then" in one for one in show(made))


def test_a_period_cut_by_the_report_is_still_plugged_in() -> None:
    """A device that is unplugged after the end of the report is shown as still plugged in."""
    text, summary = show(make_report((600, 2 * 1440, 0)))
    assert "Still plugged in CareLink USB" in text
    assert "Still plugged in when the report ends" in summary


def test_programs_count_where_their_period_began() -> None:
    """An unknown program is named in the report of the time in which its period began, and in no other."""
    period = plugged(SINCE - HOUR, 120, strangers=("thermometer",))
    watched = Watched("anna-laptop", SINCE - DAY, SINCE + DAY)
    for since, named in ((SINCE - DAY, True), (SINCE, False)):
        made = build_report(
            Review((period,), (watched,)), since=since, until=SINCE + DAY, zone=ZoneInfo(ZONE), name=ZONE
        )
        text, summary = show(made)
        assert ("thermometer" in text) is named
        assert ("unknown to unplugd" in summary) is named
