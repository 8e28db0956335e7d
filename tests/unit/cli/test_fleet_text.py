"""The report on many computers as text: whom to call comes first, and it fits any terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.rig.fleet_maker import UNTIL, hostile_fleet, make_fleet, silent_fleet
from tests.rig.sample_report import DAY, HOUR
from unplugd.cli.fleet_text import MAX_CALLS, make_fleet_lines, print_fleet
from unplugd.cli.text_layout import Layout
from unplugd.review.fleet import Computer, Trouble
from unplugd.review.fleet_wording import TROUBLE

if TYPE_CHECKING:
    from unplugd.review.fleet import Fleet


def show(fleet: Fleet, width: int = 80, made: float = UNTIL) -> str:
    """Return the text."""
    return "\n".join(line.plain.rstrip() for line in make_fleet_lines(fleet, Layout(width, 31), made))


EXPECTED = """\
200 computers, 179 heard from in the last 24 hours, 8 with something plugged in
  unused now
29 October \u2013 27 November 2026, until 13:00

Plugged in unused now
  computer       unused for  device                   since  reminders
  station-0048     4 d 18 h  CareLink USB  Sun 22 Nov 18:23        221
"""


def test_the_calls_to_make_come_first() -> None:
    """How many computers were heard from, then each that has something plugged in unused, the longest first."""
    shown = show(make_fleet(200))
    assert shown.startswith(EXPECTED)
    fleet = make_fleet(200)
    calls = [shown.index(f"\n  {one.host} ") for one in fleet.plugged_in]
    assert calls == sorted(calls)
    headings = re.findall(r"^[A-Z].*", shown, re.MULTILINE)
    wanted = ("Plugged in unused now", "Not heard from for 7 days: 15 computers", "Perhaps plugged in")
    assert [headings.index(heading) for heading in wanted] == sorted(map(headings.index, wanted))


def test_what_is_left_out_is_said() -> None:
    """Of more calls than can be read, it says how many are left out, and what lists them all."""
    found = make_fleet(50)
    calls = tuple(replace(found.plugged_in[0], host=f"station-{number}") for number in range(MAX_CALLS + 12))
    shown = show(replace(found, plugged_in=calls))
    assert "50 computers, " in shown
    assert f"{MAX_CALLS + 12} with something plugged in unused now" in " ".join(shown.split())
    assert "\n  and 12 more: unplugd report --json\n" in shown


def test_a_silent_computer_is_unknown_not_good() -> None:
    """Computers that were not heard from are listed as unknown, and none of them as one with nothing plugged in."""
    shown = show(silent_fleet())
    assert shown.startswith("12 computers, 0 heard from in the last 24 hours, 0 with")
    assert "No computer was heard from in the last 24 hours: what is plugged in is unknown." in shown
    assert "Not heard from for 7 days: 12 computers\nWhat is plugged in there is unknown.\n" in shown
    assert "never" in shown
    assert "There is no data for this time: unplugd was not running." in shown
    assert "Worst" not in shown
    assert "\nNothing is known to be plugged in unused.\n" in show(replace(make_fleet(11), plugged_in=()))


def test_an_earlier_time_is_not_now() -> None:
    """A report that ends earlier does not say that something is plugged in now."""
    shown = show(make_fleet(11), made=UNTIL + DAY)
    assert not re.search(r"\bnow\b", shown)
    assert "in the last 24 hours of this time, 1 with something\n  plugged in unused at the end\n" in shown


def test_where_nobody_answers_is_said() -> None:
    """Among the worst, the share of reminders without an answer is shown, and what it may mean."""
    found = make_fleet(200)
    assert "perhaps nobody sees them" in show(found)
    answered = tuple(one for one in found.worst if one.figures.outcomes[""] < one.figures.reminders * 0.9)
    shown = show(replace(found, worst=answered))
    assert re.search(r"station-0095 +\d+ d \d+ h +28 of 28 +982 +82 % +4 h 5 min", shown)
    assert "perhaps nobody sees them" not in shown
    clean = tuple(replace(one, figures=replace(one.figures, unused_for=0.0)) for one in found.worst)
    assert "Worst" not in show(replace(found, worst=clean))


@pytest.mark.parametrize("kind", [*TROUBLE, "something_new"])
def test_trouble_names_the_computers(kind: str) -> None:
    """Each kind of trouble is said in a sentence, with as many names as fit on two lines, and how many more."""
    hosts = tuple(f"station-{number:04}" for number in range(100))
    for width in (40, 80):
        shown = show(replace(make_fleet(11), trouble=(Trouble(kind, hosts),)), width)
        said = shown.split("\nTrouble\n")[1].split("\n\n")[0]
        assert "station-0000, station-0001, " in " ".join(said.split())
        named = said.count("station-")
        assert said.endswith(f"{100 - named} more")
        assert "100" in said or kind == "something_new"


def test_without_a_time_before_nothing_is_compared() -> None:
    """A report whose journals do not go back further has no column for the time before."""
    found = make_fleet(11)
    assert "time before" in show(found)
    alone = show(replace(found, before=None, spread_before=None))
    assert "time before" not in alone
    assert re.search(r"\n +this time\n  median +32 minutes\n", alone)


def test_a_computer_without_data_is_in_no_class() -> None:
    """Computers without data have a row of their own in the histogram."""
    found = make_fleet(11)
    nothing = replace(found.total, unused_for=0.0, reminders=0)
    unknown = Computer("station-x", None, "", nothing, None, 0, 0, 0.0, 0, 0, {})
    assert re.search(r"\n  no data +1 ", show(replace(found, computers=(*found.computers, unknown))))
    assert "\n  no data " not in show(found)


@pytest.fixture(scope="module")
def fleets() -> tuple[Fleet, ...]:
    """Return reports of each kind."""
    return make_fleet(11), make_fleet(60, days=400), silent_fleet(), hostile_fleet()


@pytest.mark.parametrize("width", [*range(40, 130, 3), 300])
def test_any_width(fleets: tuple[Fleet, ...], width: int) -> None:
    """No line is longer than the terminal is wide, nor than can be read well, whatever things are called."""
    for fleet in fleets:
        lines = list(make_fleet_lines(fleet, Layout(width, 31), UNTIL))
        assert max(line.cell_len for line in lines) <= min(width, 110)
        assert not any(set(line.plain) & set("\x1b\x07\x00\u202e\u2066\r\t") for line in lines)
        assert "computer" in lines[0].plain


def test_names_are_whole_rather_than_all_columns_shown() -> None:
    """Where names are long, columns of other things are left out: a call can be made."""
    host = "download-station-ward-7-east-2"
    found = make_fleet(11)
    calls = tuple(replace(one, host=host) for one in found.plugged_in)
    assert f"\n  {host}  8 h 42 min  CareLink USB\n" in show(replace(found, plugged_in=calls), 60)


def test_it_is_plain_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Printed into a pipe it has no colours, and 80 columns."""
    print_fleet(make_fleet(200), UNTIL + HOUR)
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.startswith(EXPECTED)
