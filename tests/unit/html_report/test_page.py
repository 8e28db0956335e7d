"""The page: complete, exact, safe, accessible, and no larger than necessary."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from functools import cache
from hashlib import sha256
from itertools import combinations, pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.rig import sample_report, sight
from tests.rig.fleet_maker import hostile_fleet, make_fleet, silent_fleet
from tests.rig.sample_report import DAY, HOSTILE, ZONE, at, plugged, report_of
from tests.rig.tree import Element, Tree
from unplugd.durations import describe
from unplugd.html_report.document import SENTENCE
from unplugd.html_report.fleet_page import render_fleet
from unplugd.html_report.page import render_page
from unplugd.review.model import Absence, End, Period, Reminder, Review, Snooze, Use, Watched
from unplugd.review.notes import NOTES, describe_notes
from unplugd.review.report_builder import build_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.review.figures import Report
    from unplugd.review.fleet import Fleet

REPORTS: dict[str, Callable[[], Report]] = {
    "a home month": sample_report.home_month,
    "a clinic": lambda: sample_report.clinic(40),
    "two years": lambda: sample_report.clinic(730, plug_ins=1, stations=2),
    "nothing": sample_report.nothing,
    "one day": sample_report.one_day,
    "a busy day": sample_report.busy_day,
    "hostile names": sample_report.hostile,
}
FLEETS: dict[str, Callable[[], Fleet]] = {
    "eleven computers": lambda: make_fleet(11),
    "two hundred computers": lambda: make_fleet(200, days=400),
    "computers without data": silent_fleet,
    "computers with hostile names": hostile_fleet,
}
MEGABYTE = 1e6


@cache
def made(name: str) -> tuple[Report, str, Tree]:
    """Return the report, its page, and the page's elements."""
    report = REPORTS[name]()
    source = render_page(report, made=report.until + 3600)
    return report, source, Tree(source)


@cache
def made_fleet(name: str) -> tuple[str, Tree]:
    """Return the page on many computers, and its elements."""
    fleet = FLEETS[name]()
    source = render_fleet(fleet, made=fleet.until)
    return source, Tree(source)


@pytest.fixture(params=REPORTS)
def shown(request: pytest.FixtureRequest) -> tuple[Report, str, Tree]:
    """Return each report in turn."""
    return made(request.param)


@pytest.fixture(params=[*REPORTS, *FLEETS])
def page(request: pytest.FixtureRequest) -> tuple[str, Tree]:
    """Return each page in turn, those on many computers, too."""
    return made_fleet(request.param) if request.param in FLEETS else made(request.param)[1:]


def sections(tree: Tree) -> dict[str, Element]:
    """Return the sections by the id of their heading."""
    return {one.attributes["aria-labelledby"]: one for one in tree.all("section")}


def rows(tree: Tree, table: str) -> list[Element]:
    """Return the rows of the tables of a class, without their heads."""
    return [
        row
        for found in tree.all("table", table)
        for body in tree.inside(found, "tbody")
        for row in tree.inside(body, "tr")
    ]


def test_every_reference_is_to_something_on_the_page(page: tuple[str, Tree]) -> None:
    """Ids are unique, and every label and link refers to one that exists."""
    source, tree = page
    ids = [one.attributes["id"] for one in tree.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    for one in tree.elements:
        assert set(one.attributes.get("aria-labelledby", "").split()) <= set(ids)
        if "href" in one.attributes and one.attributes["href"] != "data:,":
            assert one.attributes["href"].removeprefix("#") in ids
    assert set(re.findall(r"url\(#([\w-]+)\)", source)) <= set(ids)


def test_a_screen_reader_can_read_it(page: tuple[str, Tree]) -> None:
    """It has landmarks, headings in order, tables with captions and scopes, and a name for each picture."""
    _, tree = page
    assert tree.all("html")[0].attributes["lang"] == "en"
    assert [len(tree.all(tag)) for tag in ("header", "nav", "main", "footer", "h1", "title")][:5] == [1] * 5
    levels = [int(one.tag[1]) for one in tree.elements if re.fullmatch(r"h[1-6]", one.tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert tree.all("a", "skip")[0].attributes["href"] == "#main"
    for table in tree.all("table"):
        assert table.children[0].tag == "caption"
        assert table.children[0].text
    for head in tree.all("th"):
        assert head.attributes["scope"] in {"col", "row"}
        assert head.text
    for picture in tree.all("svg"):
        around = picture.ancestors()
        named = [one for one in around if one.attributes.get("role") == "img"]
        assert named or any(one.attributes.get("aria-hidden") == "true" for one in around)
        assert all(one.attributes["aria-labelledby"] for one in named)


def test_it_is_complete_in_itself(page: tuple[str, Tree]) -> None:
    """It has no script, no address and nothing to load, and its policy allows its own style only."""
    source, tree = page
    assert not re.search(
        r"http|//(?!x)|@import", re.sub(r"javascript:alert\(1\)//x*", "", source).replace("http-equiv", "")
    )
    forbidden = {"script", "img", "iframe", "object", "embed", "form", "base", "input", "button", "image"}
    assert not forbidden & {one.tag for one in tree.elements}
    assert not [
        name
        for one in tree.elements
        for name in one.attributes
        if name.startswith("on") or name in {"src", "style"}
    ]
    (style,) = tree.all("style")
    digest = b64encode(sha256("".join(style.inside).encode()).digest()).decode()
    policy = tree.all("meta")[1].attributes
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert policy["content"].split("; ")[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]


def test_the_figures_are_those_of_the_report(shown: tuple[Report, str, Tree]) -> None:
    """The summary, each day and each period have their figures, and the days add up to the total."""
    report, _, tree = shown
    total = report.total
    assert SENTENCE in tree.all("blockquote")[0].text
    if not report.periods:
        assert "Nothing was plugged in" in sections(tree)["summary"].text
        return
    assert tree.value(tree.by_id("hero-figure")) == pytest.approx(total.unused_for, abs=0.001)
    assert tree.by_id("hero-figure").text == describe(total.unused_for)
    (figures,) = tree.all("dl", "figures")
    facts = {one.children[0].text: one.children[1] for one in figures.children}
    expected = {
        "Times plugged in": total.periods,
        "Plugged in, total": total.plugged_for,
        "Used by upload software": total.used_for,
        "Longest time left unused": total.longest_unused,
        "Reminders": total.reminders,
    }
    for name, amount in expected.items():
        assert tree.value(facts[name]) == pytest.approx(amount, abs=0.001)
    outcomes = {
        one.attributes["data-outcome"]: int(tree.value(one))
        for one in tree.elements
        if "data-outcome" in one.attributes
    }
    assert sum(outcomes.values()) == sum(total.outcomes.values())
    shown_days = {
        row.children[0].attributes["id"]: row for row in rows(tree, "days") if "quiet" not in row.classes
    }
    for day, figure in report.days:
        if f"d{day}" in shown_days:
            cells = shown_days[f"d{day}"].children[2:]
            values = [figure.periods, figure.plugged_for, figure.used_for, figure.unused_for]
            assert [tree.value(cell) for cell in cells] == pytest.approx(values, abs=0.001)
        else:
            assert not figure.plugged_for
    assert sum(tree.value(row.children[5]) for row in shown_days.values()) == pytest.approx(
        total.unused_for, abs=0.1
    )
    listed = [tree.value(row.children[-3]) for row in rows(tree, "list")]
    newest = sorted(report.periods, key=lambda one: one.began, reverse=True)
    assert listed == pytest.approx([one.unused_for for one in newest[: len(listed)]], abs=0.001)
    for prefix in ("month", "week"):
        sums = [row for row in rows(tree, "sums") if row.children[0].attributes["id"].startswith(prefix)]
        if sums:
            assert sum(tree.value(row.children[5]) for row in sums) == pytest.approx(
                total.unused_for, abs=0.1
            )


def harmless(report: Report) -> Report:
    """Return the report with a letter instead of each hostile name."""
    names = {name: chr(ord("a") + number) for number, name in enumerate(HOSTILE)}

    def period(one: Period) -> Period:
        name = names[one.name]
        return replace(
            one,
            host=name,
            device=name,
            id=name,
            name=name,
            strangers=(name,),
            held_back=tuple(replace(held, program=name) for held in one.held_back),
            uses=tuple(replace(use, program=name) for use in one.uses),
            reminders=tuple(replace(reminder, outcome=name) for reminder in one.reminders),
        )

    return replace(
        report,
        periods=tuple(map(period, report.periods)),
        computers=tuple((names[host], figures) for host, figures in report.computers),
        devices=tuple((names[name], names[id_], figures) for name, id_, figures in report.devices),
        watched=tuple(replace(one, host=names[one.host]) for one in report.watched),
        held_back=tuple((names[program], *rest) for program, *rest in report.held_back),
        total=replace(report.total, outcomes={names.get(k, k): v for k, v in report.total.outcomes.items()}),
        notes={names[key]: value for key, value in report.notes.items()},
    )


def test_hostile_names_change_nothing_but_words() -> None:
    """With hostile names the page has the same elements and attributes as with harmless ones, and no control characters."""
    report, source, tree = made("hostile names")
    other = Tree(render_page(harmless(report), made=report.until + 3600))
    assert [one.tag for one in tree.elements] == [one.tag for one in other.elements]
    assert [list(one.attributes) for one in tree.elements] == [list(one.attributes) for one in other.elements]
    assert not {unicodedata.category(character) for character in source if character != "\n"} & {
        "Cc",
        "Cf",
        "Cs",
        "Cn",
    }
    assert '<script>alert("host")</script>' in sections(tree)["places"].text
    source.encode()


def test_a_thousand_times_on_one_day_are_all_there() -> None:
    """Each of a thousand periods on a day has its times under the pointer, and the long list is folded."""
    report, source, tree = made("a busy day")
    assert len(source.encode()) <= MEGABYTE
    assert len(tree.inside(tree.by_id("t2026-10-06").parent or tree.elements[0], "g")) == 1000
    assert len(rows(tree, "list")) == len(report.periods) == 1000
    assert "open" not in tree.inside(sections(tree)["times"], "details")[0].attributes


@pytest.mark.parametrize(
    ("day", "hours", "noon"),
    [("2026-03-29", 23, 11 / 23), ("2026-03-30", 24, 12 / 24), ("2026-10-25", 25, 13 / 25)],
)
def test_days_of_other_lengths_are_as_long_as_they_are(day: str, hours: int, noon: float) -> None:
    """When the clocks change, the hours of that day are where they were."""
    since = at(f"{day}T00:00")
    began = at(f"{day}T12:00")
    tree = Tree(render_page(report_of([plugged(began, 60)], since, since + hours * 3600), made=since + DAY))
    (lane,) = tree.all("svg", "lane")
    (inner,) = [one for one in lane.children if one.tag == "svg"]
    assert inner.attributes["viewbox"].split()[2] == str(hours * 60)
    assert tree.inside(inner, "path")[0].attributes["d"].startswith(f"M{round(noon * hours * 60)} ")
    lines = [one.attributes["x1"] for one in lane.children if one.tag == "line"]
    assert lines == (
        [] if hours == 24 else [f"{round(100 * (noon + shift / hours), 2):g}%" for shift in (-6, 0, 6)]
    )
    assert (f"{hours} hours" in tree.by_id(f"d{day}").text) == (hours != 24)


def test_an_hour_that_comes_twice_is_named() -> None:
    """02:30 on the day on which the clocks go back is shown with its zone."""
    since = at("2026-10-25T00:00")
    tree = Tree(render_page(report_of([plugged(since + 9000, 60)], since, since + DAY), made=since + DAY))
    assert rows(tree, "list")[0].children[0].text == "Sun 25 Oct 02:30 CEST \N{EN DASH} 02:30 CET"


def test_a_period_of_several_days_is_on_each_of_them() -> None:
    """A period of several days is drawn on each of them, and is one row in the list."""
    since = at("2026-10-05T00:00")
    tree = Tree(
        render_page(report_of([plugged(since + DAY / 2, 3 * 1440)], since, since + 5 * DAY), made=since)
    )
    drawn = [
        row for row in rows(tree, "days") if any("idle" in one.classes for one in tree.inside(row, "path"))
    ]
    assert [row.children[0].text for row in drawn] == ["Thu 8 Oct", "Wed 7 Oct", "Tue 6 Oct", "Mon 5 Oct"]
    (listed,) = rows(tree, "list")
    assert listed.children[0].text == "Mon 5 Oct 12:00 \N{EN DASH} Thu 8 Oct 12:00"


def test_it_is_said_when_unplugd_did_not_run() -> None:
    """The time in which unplugd was not running is hatched in the picture, and given in words."""
    since = at("2026-10-05T00:00")
    watched = [Watched("anna-laptop", since, since + 6 * 3600)]
    report = report_of([plugged(since, 30)], since, since + DAY, watched=watched)
    tree = Tree(render_page(report, made=since))
    (off,) = tree.all("path", "off")
    assert off.attributes["d"].startswith("M360 ")
    assert off.attributes["d"].endswith("h1080")
    assert (
        "unplugd was not running for 18 h; there is no data for that time." in sections(tree)["summary"].text
    )


def test_a_time_in_which_unplugd_did_not_run_is_unknown() -> None:
    """Where unplugd was not running the page says that there is no data, not that nothing was plugged in."""
    since = at("2026-10-05T00:00")
    ran = ((0, 1), (3, 5), (7, 8), (9, 10))
    watched = [Watched("anna-laptop", since + first * DAY, since + last * DAY) for first, last in ran]
    periods = [plugged(since + day * DAY + 3600, 30) for day in (0, 3, 7, 9)]
    unknown = report_of(periods, since + DAY, since + 2 * DAY, watched=watched)
    assert unknown.before is not None
    summary = sections(Tree(render_page(unknown, made=since)))["summary"]
    assert [one.text for one in summary.children[1:]] == [
        "There is no data for this time: unplugd was not running."
    ]
    tree = Tree(render_page(report_of(periods, since, since + 10 * DAY, watched=watched), made=since))
    assert [row.children[1].text for row in tree.all("tr", "quiet")] == [
        "Nothing was seen plugged in on these 3 days; unplugd was not running for 2 d of them.",
        "There is no data for these 2 days: unplugd was not running.",
    ]
    assert tree.by_id("t2026-10-13").text == "no data: unplugd was not running"


def test_what_the_median_hides_is_a_fact_of_its_own() -> None:
    """The page counts the devices that stayed in for half an hour after a reminder, and is silent about none."""
    since = at("2026-10-05T00:00")
    periods = [plugged(since + day * DAY, minutes) for day, minutes in enumerate((15, 15, 50, 300))]
    watched = [Watched("anna-laptop", since, since + 9 * DAY)]

    def list_facts(*shown: Period) -> dict[str, str]:
        made = report_of(shown, since, since + 9 * DAY, watched=watched)
        tree = Tree(render_page(made, made=made.until))
        assert "compare" not in sections(tree)["summary"].text
        (facts,) = tree.all("dl", "figures")
        return {fact.children[0].text: fact.children[1].text for fact in facts.children}

    name = "Not unplugged within half an hour of the first reminder"
    assert list_facts(*periods)[name] == "2 times not within three hours: 1 time"
    assert list_facts(*periods[:3])[name] == "1 time"
    assert name not in list_facts(*periods[:2])


def test_still_plugged_in_is_said_first() -> None:
    _, _, tree = made("one day")
    assert (
        "Still plugged in when the report ends: CareLink USB on anna-laptop" in tree.all("p", "still")[0].text
    )


def test_the_time_away_is_told() -> None:
    """In all, for each time that a device was plugged in, day by day, and as an outcome of reminders."""
    _, source, tree = made("a home month")
    words = "45 minutes with the screen locked"
    assert (
        "Away while it was plugged in1 h 30 min 1 h 30 min with the screen locked"
        in sections(tree)["summary"].text
    )
    assert [
        one.attributes["data-outcome"] for one in tree.all("li") if "data-outcome" in one.attributes
    ].count("away")
    assert sum(f"; away {words}" in row.text for row in rows(tree, "list")) == 2
    assert f", away {words}, unplugged" in tree.by_id("t2026-10-06").text
    assert source.count(f"\naway {words}</title>") == 2


def test_every_note_has_words() -> None:
    """Every note has its sentence, and an unknown one is shown by its key."""
    report = replace(sample_report.nothing(), notes={**dict.fromkeys(NOTES, 2), "brand_new": 7})
    tree = Tree(render_page(report, made=0))
    items = tree.inside(sections(tree)["notes"], "li")
    assert len(items) == len(NOTES) + 1
    assert items[-1].text == "brand new: 7"


def test_every_note_is_whole() -> None:
    """Each note is on the page to its last word, whatever its count."""
    for amount in (1, 123_456):
        notes = dict.fromkeys(NOTES, amount)
        tree = Tree(render_page(replace(sample_report.nothing(), notes=notes), made=0))
        found = [one.text for one in tree.inside(sections(tree)["notes"], "li")]
        # An element's text has one kind of space.
        assert found == [" ".join(sentence.split()) for sentence in describe_notes(notes)]


# Colours


def colours(scheme: str) -> dict[str, sight.Colour]:
    """Return the style's own colours in "light", "dark" or "print"."""
    style = "".join(made("nothing")[2].all("style")[0].inside)
    parts = {
        "light": style.split("@media")[0],
        "dark": style.split("prefers-color-scheme: dark")[1],
        "print": style.split("@media print")[1],
    }
    found = re.findall(r"--(\w+): #(\w{6})", parts[scheme].split(":root")[1].split("}")[0])
    return {name: tuple(int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)) for name, code in found}  # type: ignore[misc]


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_contrast(scheme: str) -> None:
    """Text has a contrast of at least 4.5, and what a picture is read from of 3."""
    found = colours(scheme)
    for text in ("ink", "soft", "link"):
        assert sight.contrast(found[text], found["paper"]) >= 4.5
    for graphic in ("idle", "use", "off", "ink"):
        assert sight.contrast(found[graphic], found["paper"]) >= 3


@pytest.mark.parametrize("eyes", sight.SEEN)
@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_colours_differ_for_every_eye(scheme: str, eyes: str) -> None:
    """Used, unused and paper differ by far for every kind of colour vision (2 is just noticeable)."""
    found = colours(scheme)
    for one, other in combinations(("idle", "use", "paper"), 2):
        assert sight.difference(found[one], found[other], eyes) >= 40


# Any report

TEXT = st.one_of(st.text(max_size=12), st.sampled_from(HOSTILE))
BEGIN = at("2026-10-20T00:00")
MOMENTS = st.floats(0, 40 * DAY).map(lambda after: BEGIN + after)


@st.composite
def any_period(draw: st.DrawFn) -> Period:
    """Return a period of any kind."""
    began = draw(MOMENTS)
    ended = began + draw(st.one_of(st.just(0.0), st.floats(0, 300), st.floats(0, 5 * DAY)))
    edges = sorted(draw(st.lists(st.floats(began, ended), max_size=6)))
    uses = tuple(Use(a, b, draw(TEXT), "open") for a, b in zip(edges[::2], edges[1::2], strict=False))
    outcomes = st.sampled_from(["unplugged", "in_use", "snoozed", "dismissed", "expired", "away", ""])
    reminders = tuple(
        Reminder(moment, count, "normal", draw(TEXT), draw(outcomes)) for count, moment in enumerate(edges, 1)
    )
    ends: list[End] = ["unplugged", "unseen", "cut", "open"]
    return Period(
        host=draw(TEXT),
        device=draw(TEXT),
        id=draw(TEXT),
        name=draw(TEXT),
        began=began,
        ended=ended,
        end=draw(st.sampled_from(ends)),
        uses=uses,
        reminders=reminders,
        snoozes=tuple(Snooze(a, b) for a, b in zip(edges[1::2], edges[2::2], strict=False)),
        strangers=tuple(draw(st.lists(TEXT, max_size=2))),
        absences=tuple(Absence(a, b, "locked") for a, b in zip(edges[::2], edges[1::2], strict=False)),
    )


@given(
    st.lists(any_period(), max_size=6),
    st.lists(st.tuples(TEXT, MOMENTS, MOMENTS), max_size=3),
    st.tuples(MOMENTS, MOMENTS),
    st.sampled_from([ZONE, "UTC", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"]),
    st.dictionaries(TEXT, st.integers(-1, 10**9), max_size=3),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_report_makes_a_whole_page(
    periods: list[Period],
    watched: list[tuple[str, float, float]],
    span: tuple[float, float],
    zone: str,
    notes: dict[str, int],
) -> None:
    """Whatever the names, the times and the zone, all figures are there and all elements are closed."""
    stretches = tuple(Watched(host, *sorted(times)) for host, *times in watched)
    since, until = sorted(span)
    found = build_report(
        Review(tuple(periods), stretches, notes), since=since, until=until, zone=ZoneInfo(zone), name=zone
    )
    tree = Tree(render_page(found, made=until))
    ids = [one.attributes["id"] for one in tree.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    assert len(rows(tree, "list")) == len(found.periods)
    if found.periods:
        assert tree.value(tree.by_id("hero-figure")) == pytest.approx(found.total.unused_for, abs=0.001)
        shares = [value for one in tree.all("use") for value in (one.attributes["x"],) if value.endswith("%")]
        assert all(0 <= float(value[:-1]) <= 100 for value in shares)
