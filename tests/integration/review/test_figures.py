"""The figures of a large journal are right."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.rig.story import Station, Told, truth
from unplugd.journal.event import decode
from unplugd.review.export import make_json
from unplugd.review.report_builder import build_report
from unplugd.review.reviewer import review_events

BERLIN = ZoneInfo("Europe/Berlin")
STATIONS = 5


def local(text: str) -> float:
    """Return the Unix time of a local one in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def stations() -> tuple[list[Told], list[tuple[str, int, int]], list[str]]:
    """Return a year of five stations: the true periods, when unplugd ran, and the journal."""
    began = round(local("2026-01-01T07:00")) * 1000
    truths, watched, lines = [], [], []
    for number in range(STATIONS):
        station = Station(f"station-{number}", Random(number), began)  # noqa: S311 - a story, no secret
        while station.true < began + 364 * 86_400_000:
            station.day()
        station._end_run()
        truths += station.told
        watched += [(station.host, *span) for span in station.watched]
        lines += station.lines
    return truths, watched, lines


def is_same(figures: dict[str, Any], true: dict[str, Any]) -> bool:
    """Return whether figures are the true ones, to the millisecond."""
    for key, value in true.items():
        shown = figures[key]
        if key == "outcomes":
            shown = {"" if outcome == "unanswered" else outcome: n for outcome, n in shown.items() if n}
        elif isinstance(shown, float):
            # The median of an even number of times can be half a millisecond.
            shown = shown * 1000 if key == "reaction" else round(shown * 1000)
        assert shown == pytest.approx(value, abs=0.01), key
    return True


def test_year_of_five_stations() -> None:
    """Every figure is the true one, which was counted while the story was made up."""
    truths, watched, lines = stations()
    found = make_json(
        build_report(
            review_events(decode("".join(f"{one}\n" for one in lines).encode(), Counter())[0]), zone=BERLIN
        )
    )
    assert len(truths) > 1000
    low = round(datetime.fromisoformat(found["since"]).timestamp() * 1000)
    high = round(datetime.fromisoformat(found["until"]).timestamp() * 1000)
    assert is_same(found["total"], truth(truths, low, high))
    for computer in found["computers"]:
        assert is_same(computer, truth([one for one in truths if one.host == computer["host"]], low, high))
    for device in found["devices"]:
        assert is_same(
            device,
            truth([one for one in truths if (one.name, one.id) == (device["name"], device["id"])], low, high),
        )
    for day in found["days"]:
        began = datetime.fromisoformat(day["date"]).replace(tzinfo=BERLIN)
        ended = (began.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=BERLIN)
        first, last = round(began.timestamp() * 1000), round(ended.timestamp() * 1000)
        near = [one for one in truths if one.began < last and one.ended >= first]
        assert is_same(day, truth(near, max(first, low), min(last, high)))
    missing = 0
    for host in {host for host, _, _ in watched}:
        spans = sorted((began, ended) for name, began, ended in watched if name == host)
        seen = spans[0][0]
        for first, last in [*spans, (high, high)]:
            missing += max(0, first - seen)
            seen = max(seen, last)
    assert found["not_watched_for"] * 1000 == pytest.approx(missing)
