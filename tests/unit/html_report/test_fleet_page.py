"""The page on many computers: whom to call comes first, it stays small, and what is not listed is said."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.rig.fleet_maker import UNTIL, enlarge_fleet, hostile_fleet, make_fleet, silent_fleet
from tests.rig.sample_report import DAY, HOSTILE, HOUR
from tests.rig.tree import Element, Tree
from unplugd.html_report.fleet_page import render_fleet
from unplugd.html_report.fleet_tables import MAX_COMPUTERS, MAX_NAMES, MAX_OPEN_CALLS
from unplugd.languages.language import LANGUAGES, load_language
from unplugd.review.fleet import Trouble

if TYPE_CHECKING:
    from unplugd.languages.language import Language
    from unplugd.review.fleet import Fleet

FINISHED: dict[str, Language] = {tag: found for tag in LANGUAGES if (found := load_language(tag))}
KILOBYTE, MEGABYTE = 1e3, 1e6


def draw(fleet: Fleet, made: float = UNTIL) -> Tree:
    """Return the elements of the page."""
    return Tree(render_fleet(fleet, made=made))


def find_section(tree: Tree, key: str) -> Element:
    """Return a section by the id of its heading."""
    (found,) = [one for one in tree.all("section") if one.attributes["aria-labelledby"] == key]
    return found


def list_rows(tree: Tree, key: str) -> list[Element]:
    """Return the rows of the tables of a section, without their heads."""
    return [row for body in tree.inside(find_section(tree, key), "tbody") for row in tree.inside(body, "tr")]


def test_the_calls_to_make_come_first() -> None:
    """The large figure is how many computers to call, and below is each, with device, since when and how long."""
    fleet = make_fleet(200)
    tree = draw(fleet)
    assert [one.attributes["aria-labelledby"] for one in tree.all("section")][:3] == [
        "summary",
        "now",
        "silent",
    ]
    summary = find_section(tree, "summary").text
    assert "Plugged in unused now 8 computers" in summary
    assert "Heard from in the last 24 hours179 of 200 computers" in summary
    rows = list_rows(tree, "now")
    assert [row.children[0].text for row in rows] == [one.host for one in fleet.plugged_in]
    assert [cell.text for cell in rows[0].children] == [
        "station-0048",
        "CareLink USB",
        "Sun 22 Nov 18:23",
        "4 d 18 h",
        "221",
    ]
    assert [tree.value(row.children[3]) for row in rows] == pytest.approx(
        [fleet.until - one.unused_since for one in fleet.plugged_in], abs=0.001
    )


def test_a_silent_computer_is_unknown_not_good() -> None:
    """Computers that were not heard from are named, and nothing says that nothing is plugged in there."""
    tree = draw(silent_fleet())
    silent = find_section(tree, "silent").text
    assert "12 computers were not heard from for 7 days: what is plugged in there is unknown." in silent
    assert silent.count("never") == 12
    unknown = "No computer was heard from in the last 24 hours: what is plugged in is unknown."
    assert find_section(tree, "now").text.endswith(unknown)
    assert "Plugged in unused now not known" in find_section(tree, "summary").text
    quiet = draw(replace(make_fleet(11), plugged_in=()))
    assert find_section(quiet, "now").text.endswith("Nothing is known to be plugged in unused.")
    assert "There is no data for this time" in find_section(tree, "summary").text


def test_an_earlier_time_is_not_now() -> None:
    """A page on a time that is over does not say that something is plugged in now."""
    text = draw(make_fleet(11), made=UNTIL + DAY).all("body")[0].text
    assert "Plugged in unused at the end" in text
    assert "Plugged in unused now" not in text
    assert "Plugged in unused now" in draw(make_fleet(11), made=UNTIL + HOUR).all("body")[0].text


def test_the_classes_are_all_computers() -> None:
    """The histogram counts each computer once, those without data, too."""
    fleet = make_fleet(200)
    tree = draw(fleet)
    rows = list_rows(tree, "shares")
    assert [row.children[0].text for row in rows][-2:] == ["always", "no data"]
    assert sum(tree.value(row.children[2]) for row in rows) == len(fleet.computers)
    assert rows[-1].children[3].text == "under 1 %"


def test_the_trend_is_drawn_to_scale() -> None:
    """Each line of the picture has a point for each week, as high as its figure in the table, and none beyond the frame."""
    fleet = make_fleet(60, days=60)
    tree = draw(fleet)
    (picture,) = [one for one in tree.all("svg", "trend") if one.attributes.get("role") == "img"]
    (frame,) = [one for one in picture.children if one.tag == "svg"]
    lines = {
        one.attributes["class"]: [float(number) for number in one.attributes["d"][1:].split()[1::2]]
        for one in tree.inside(frame, "path")
        if one.attributes["class"] != "band"
    }
    spreads = [week.spread for week in fleet.weeks]
    labels = [one.text for one in tree.inside(picture, "text")]
    assert labels == ["2 h", "4 h", "6 h", "28 Sep", "19 Oct", "9 Nov"]
    top = 6 * HOUR
    assert lines["median"] == pytest.approx([1 - one.median / top for one in spreads], abs=0.001)
    assert lines["ninety"] == pytest.approx([1 - one.ninety_percent / top for one in spreads], abs=0.001)
    assert all(0 <= height <= 1 for heights in lines.values() for height in heights)
    assert [tree.value(row.children[2]) for row in list_rows(tree, "weeks")] == pytest.approx(
        [one.median for one in reversed(spreads)], abs=0.001
    )


def test_one_week_has_no_trend() -> None:
    """A report on a single week has no section on weeks."""
    fleet = make_fleet(11, days=3)
    assert len(fleet.weeks) == 1
    assert "weeks" not in [one.attributes["aria-labelledby"] for one in draw(fleet).all("section")]


@pytest.mark.parametrize("language", FINISHED.values(), ids=list(FINISHED))
def test_it_stays_small(language: Language) -> None:
    """200 computers take 300 kB at most, and 10,000 take 3 MB, in each language, whatever they are called."""
    fleet = make_fleet(200)
    assert len(render_fleet(fleet, made=UNTIL, language=language).encode()) <= 300 * KILOBYTE
    many = enlarge_fleet(fleet, 50)
    assert len(many.computers) == 10_000
    assert len(render_fleet(many, made=UNTIL, language=language).encode()) <= 3 * MEGABYTE
    if language.tag == "pl":
        wide = "\N{CJK UNIFIED IDEOGRAPH-9C57}" * 55
        computers = tuple(replace(one, host=f"{one.host[8:]}{wide}") for one in many.computers)
        source = render_fleet(replace(many, computers=computers), made=UNTIL, language=language)
        assert len(source.encode()) <= 3 * MEGABYTE


def test_what_is_not_listed_is_said() -> None:
    """Of more computers than fit, those where something was left longest are listed by name, and the rest is counted."""
    many = enlarge_fleet(make_fleet(200), 50)
    tree = draw(many)
    hosts = [row.children[0].text for row in list_rows(tree, "computers")]
    assert len(hosts) == MAX_COMPUTERS
    assert hosts == sorted(hosts)

    listed = set(hosts)
    least = min(one.figures.unused_for for one in many.computers if one.host in listed)
    assert max(one.figures.unused_for for one in many.computers if one.host not in listed) <= least
    more = f"{10_000 - MAX_COMPUTERS:,}".replace(",", " ")
    sentence = f"{more} more are not listed here; unplugd report --json lists everything."
    assert sentence in find_section(tree, "computers").text
    assert "open" not in tree.inside(find_section(tree, "computers"), "details")[0].attributes


def test_calls_beyond_the_first_hundred_are_folded() -> None:
    """A long list of calls does not push the rest of the page out of sight: a hundred are shown, the others by a click."""
    fleet = enlarge_fleet(make_fleet(200), 20)
    tree = draw(fleet)
    section = find_section(tree, "now")
    assert [one.text for one in tree.inside(section, "summary")] == ["60 more"]
    assert [row.children[0].text for row in list_rows(tree, "now")] == [one.host for one in fleet.plugged_in]
    shown = [row for table in section.children if table.tag == "table" for row in tree.inside(table, "tr")]
    assert len(shown) == 1 + MAX_OPEN_CALLS


def test_trouble_names_the_computers() -> None:
    """Each trouble is a sentence with the names of the computers, as many as can be read."""
    hosts = tuple(f"station-{number}" for number in range(MAX_NAMES + 5))
    fleet = replace(
        make_fleet(11), trouble=(Trouble("same_name", hosts), Trouble("something_new", hosts[:2]))
    )
    tree = draw(fleet)
    items = tree.inside(find_section(tree, "trouble"), "li")
    assert items[0].text.startswith(f"{MAX_NAMES + 5} computers have the name of another one: station-0, ")
    assert items[0].text.endswith(f", station-{MAX_NAMES - 1} and 5 more")
    assert items[1].text == "something new: station-0, station-1"


def test_hostile_names_change_nothing_but_words() -> None:
    """With hostile names the page has the same elements and attributes as with harmless ones, and no control characters."""
    fleet = hostile_fleet()
    source = render_fleet(fleet, made=UNTIL)
    names = {name: f"name {number}" for number, name in enumerate(HOSTILE)}

    def rename(text: str) -> str:
        return names.get(text, text)

    harmless = replace(
        fleet,
        computers=tuple(replace(one, host=rename(one.host)) for one in fleet.computers),
        worst=tuple(replace(one, host=rename(one.host)) for one in fleet.worst),
        plugged_in=tuple(
            replace(one, host=rename(one.host), name=rename(one.name)) for one in fleet.plugged_in
        ),
        perhaps_plugged_in=tuple(
            replace(one, host=rename(one.host), name=rename(one.name)) for one in fleet.perhaps_plugged_in
        ),
        silent=tuple((rename(host), heard) for host, heard in fleet.silent),
        devices=tuple((rename(name), rename(id_), figures) for name, id_, figures in fleet.devices),
        trouble=tuple(Trouble(rename(one.kind), tuple(map(rename, one.hosts))) for one in fleet.trouble),
        held_back=tuple((rename(program), *rest) for program, *rest in fleet.held_back),
        notes={rename(key): count for key, count in fleet.notes.items()},
    )
    tree, other = Tree(source), draw(harmless)
    assert [one.tag for one in tree.elements] == [one.tag for one in other.elements]
    assert [list(one.attributes) for one in tree.elements] == [list(one.attributes) for one in other.elements]
    found = {unicodedata.category(character) for character in source if character != "\n"}
    assert not found & {"Cc", "Cf", "Cs", "Cn"}
    assert '<script>alert("host")</script>' in find_section(tree, "now").text
    source.encode()
