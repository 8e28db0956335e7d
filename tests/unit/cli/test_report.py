"""`unplugd report`: what a person sees, the page that is written, and one line for whatever goes wrong."""

from __future__ import annotations

import json
import re
import socket
import stat
import sys
import time
from datetime import datetime
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.rig import sample_report
from tests.rig.report_command import MONTH, RANGE, make_user
from tests.rig.zone import ANOTHER_ZONE, set_zone
from unplugd.cli.local_zone import find_local_zone
from unplugd.cli.report_text import make_lines, make_screen
from unplugd.cli.text_layout import Layout
from unplugd.journal.timestamps import format_timestamp
from unplugd.paths import find_paths
from unplugd.review import days
from unplugd.review.figures import Figures, Report
from unplugd.review.model import Absence, End, HeldBack, Period, Reminder, Review, Snooze, Use, Watched
from unplugd.review.notes import NOTES
from unplugd.review.report_builder import build_report
from unplugd.watch import client

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.rig.daemon import Done


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Return what runs `unplugd report`."""
    return make_user(tmp_path, monkeypatch, capsys)


EXPECTED = """\
1 \u2013 31 October 2026

  Left plugged in unused  14 h 50 min  (91 % of the time plugged in)
  Plugged in              8 times, 16 h 20 min in all
                          longest time 11 h, longest unused 10 h 50 min
  Used                    4 times, 1 h 30 min
  Reminders               9
                          5  you unplugged it
                          1  you snoozed it
                          1  you closed it
                          2  no response before the next one, or unknown
  Unplugged               55 minutes after the first reminder (median)
                          not within half an hour: 3 times
                          not within three hours: once
  Snoozed                 once, 15 minutes
  Unknown programs        thermometer
"""


def test_month(run: Callable[..., Done]) -> None:
    """The month that was worked out by hand, in words."""
    done = run(*RANGE, MONTH)
    assert done.code == 0
    assert done.stdout.startswith(EXPECTED)
    assert "Mon 5 Oct" in done.stdout
    assert "\n  CareLink USB " in done.stdout
    assert "By computer" not in done.stdout, "there is only one"
    assert "unplugd was not running for 24 d 20 h; there is no data for that time." in done.stdout
    assert "One line of the journal was cut off (by a crash) and was skipped." in done.stdout
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_json_says_the_same(run: Callable[..., Done]) -> None:
    """The same figures for machines, in local time."""
    found = json.loads(run(*RANGE, "--json", MONTH).stdout)
    assert found["total"]["unused_for"] == 53_405
    assert (found["since"], found["until"]) == (
        "2026-10-01T00:00:00.000+02:00",
        "2026-11-01T00:00:00.000+01:00",
    )
    # Wine takes it for that of a neighbour, which has the same clocks.
    assert found["zone"] == ("Europe/Budapest" if sys.platform == "win32" else "Europe/Berlin")


def test_a_part_of_a_day_is_named_as_one(run: Callable[..., Done], tmp_path: Path) -> None:
    """The title has the times where the report does not cover whole days, and is the same on the page."""
    page = tmp_path / "page.html"
    for arguments, title in (
        (
            ("--since", "2026-10-05T20:00", "--until", "2026-10-05T20:59"),
            "Monday 5 October 2026, from 20:00 until 21:00",
        ),
        (("--since", "2026-10-05T20:00", "--until", "2026-10-05"), "Monday 5 October 2026, from 20:00"),
        (RANGE, "1 \u2013 31 October 2026"),
    ):
        assert run(*arguments, MONTH).stdout.splitlines()[0] == title
        run(*arguments, "--html", page, MONTH)
        assert f"{title}</title>" in page.read_text()


def test_everything_there_is(run: Callable[..., Done]) -> None:
    """Without a range it is all of the journal."""
    found = json.loads(run("--json", MONTH).stdout)
    assert (found["total"]["periods"], found["before"]) == (8, None)
    assert found["since"] == "2026-10-02T17:00:00.000+02:00"


def test_own_journal_goes_on_until_now(run: Callable[..., Done]) -> None:
    """The user's own journal tells until now; what is plugged in while nobody runs ends where it was last seen."""
    own = find_paths().journal
    own.parent.mkdir(parents=True)
    now = time.time()
    head = {"host": socket.gethostname(), "boot": "1", "schema": 1}
    about = {"device": "1-1", "id": "0a21:8001", "name": "CareLink USB"}
    events = [
        {"time": format_timestamp(now - 7300), "event": "started", "uptime": 100.0, **head},
        {"time": format_timestamp(now - 7200), "event": "plugged_in", "uptime": 200.0, **head, **about},
        {"time": format_timestamp(now - 3600), "event": "checkpoint", "uptime": 3800.0, **head, **about},
    ]
    own.write_text("".join(json.dumps(event) + "\n" for event in events))
    found = json.loads(run("--json").stdout)
    assert found["total"]["plugged_for"] == 3600
    assert found["not_watched_for"] == pytest.approx(3600, abs=30)
    shown = run().stdout
    assert "Last seen plugged in    CareLink USB, Tue 1 Dec 12:00; no data since then" in shown
    assert "Still plugged in" not in shown


def test_running_one_goes_on(run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    """While unplugd runs, what is plugged in here is plugged in until now; on another computer nobody knows."""
    monkeypatch.setattr(client, "ask", lambda _path, _request: {"running": True})
    own = find_paths().journal
    own.parent.mkdir(parents=True)
    now = time.time()
    about = {
        "boot": "1",
        "schema": 1,
        "uptime": 100.0,
        "device": "1-1",
        "id": "0a21:8001",
        "name": "CareLink USB",
    }
    hosts = (socket.gethostname(), "another")
    events = [
        {"time": format_timestamp(now - 600), "event": "plugged_in", "host": host, **about} for host in hosts
    ]
    own.write_text("".join(json.dumps(event) + "\n" for event in events))
    found = json.loads(run("--json").stdout)
    lengths = {one["host"]: one["plugged_for"] for one in found["periods"]}
    assert lengths == {socket.gethostname(): pytest.approx(600, abs=30), "another": 0}
    assert [one["end"] for one in found["periods"]] == ["open", "open"]


def test_a_time_that_has_not_come_is_left_out(run: Callable[..., Done], tmp_path: Path) -> None:
    """A report until a day in the future ends now, or with the last thing in the journal if its clock was ahead."""
    found = json.loads(run("--until", "9000-01-01", "--json", MONTH).stdout)
    assert found["until"] == "2026-12-01T13:00:00.000+01:00"
    ahead = tmp_path / "ahead.jsonl"
    ahead.write_text(MONTH.read_text().replace('"2026-', '"2096-'))
    found = json.loads(run("--until", "9000-01-01", "--json", ahead).stdout)
    assert found["until"] == json.loads(run("--json", ahead).stdout)["until"]
    assert len(found["periods"]) == 8


def test_a_time_after_a_journal_is_reported_as_such(run: Callable[..., Done]) -> None:
    """A journal of which nothing came since says so for the time until now, and a time that has not come is refused."""
    done = run("--since", "2026-11-20", MONTH)
    assert done.stdout.startswith("20 November \N{EN DASH} 1 December 2026, until 13:00\n")
    assert "There is no data for this time" in done.stdout
    done = run("--since", "2027-01-01", MONTH)
    assert (done.code, done.stdout) == (1, "")
    assert "that time is in the future" in done.stderr


def test_share(run: Callable[..., Done]) -> None:
    """What is given away names no computer."""
    for arguments in ((), ("--json",)):
        shown = run(*RANGE, "--share", *arguments, MONTH).stdout
        assert "anna" not in shown
        assert "thermometer" not in shown
    assert json.loads(shown)["computers"][0]["host"] == "computer 1"


def test_page(run: Callable[..., Done], tmp_path: Path) -> None:
    """The page is written at once, for the user alone, in the place of an older one; nothing else stays behind."""
    page = tmp_path / "report.html"
    page.write_text("old")
    page.chmod(0o644)
    done = run(*RANGE, "--html", page, MONTH)
    assert (done.code, done.stdout) == (0, "")
    assert done.stderr == f"Written: {page}\n"
    assert page.read_text().lower().startswith("<!doctype html>")
    assert sys.platform == "win32" or stat.S_IMODE(page.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.glob("*report*")] == ["report.html"]


OTHER_PATHS = pytest.mark.not_on_windows("paths are written in another way")


@pytest.mark.not_on_windows("Wine makes no links that it would know again")
def test_page_behind_a_link(run: Callable[..., Done], tmp_path: Path) -> None:
    """A link of the user's stays one: the page is where it leads."""
    page, link = tmp_path / "sync/report.html", tmp_path / "report.html"
    page.parent.mkdir()
    link.symlink_to(page)
    assert run(*RANGE, "--html", link, MONTH).code == 0
    assert link.is_symlink()
    assert page.read_text().lower().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "there is no journal yet"),
        (("missing.jsonl",), "missing.jsonl: no such file"),
        (("--since", "soon", MONTH), '"soon" is not a time'),
        (("--since", "2026-10-05", "--until", "2026-10-03", MONTH), "--since is not before --until"),
        (("--since", "2027-01-01", "--until", "2027-01-31", MONTH), "that time is in the future"),
        pytest.param(
            ("--html", "/nowhere/at/all.html", MONTH),
            "/nowhere/at/all.html: cannot be written: No such file or directory",
            marks=OTHER_PATHS,
        ),
        pytest.param(("--html", "/", MONTH), "/: cannot be written: Is a directory", marks=OTHER_PATHS),
    ],
)
def test_what_goes_wrong(run: Callable[..., Done], arguments: tuple[str | Path, ...], says: str) -> None:
    """One line of what and one of what helps."""
    done = run(*arguments)
    assert done.code == 1
    assert done.stdout == ""
    what, hint = done.stderr.splitlines()
    assert what == f"unplugd: {says}"
    assert hint.startswith("hint: ")


def test_hostile_journal(run: Callable[..., Done], tmp_path: Path) -> None:
    """Names that are escape sequences, numbers beyond all bounds, nonsense between: harmless in each form."""
    head = {"host": "\x1b]0;mine\x07", "boot": "\x1b[2J", "schema": 1}
    about = {"device": "\x1b[31m", "id": "=1+1", "name": "<b>\x1b[5m[red]\u202e" + "x" * 9999}
    lines: list[object] = []
    uptimes: list[object] = [1.0, 1e9, 1e308, -1.0, "1e5", None, 2.0, [[]]]
    for number, up in enumerate(uptimes):
        at = format_timestamp(1.79e9 + number * 1000)
        for kind in ("plugged_in", "use_began", "reminded", "unplugged", "started", "\x1b[1m", "gap"):
            more = {
                "plugged_for": 1e300,
                "used_for": "NaN",
                "program": "\x1b[7m",
                "devices": ["\x1b[31m", 7],
                "lost": 1e308,
            }
            lines.append({"time": at, "event": kind, "uptime": up, **head, **about, **more})
    lines += [{"time": "9999-12-31T23:59:59.999Z", "event": "started"}, [], 7, {"time": "x", "event": "y"}]
    journal = tmp_path / "hostile.jsonl"
    journal.write_bytes(
        "".join(json.dumps(line) + "\n" for line in lines).encode() + b'\xff\xfe{"time":NaN}\n'
    )
    for form in ((), ("--json",), ("--share",), ("--html", tmp_path / "page.html")):
        done = run(*form, journal)
        assert done.code == 0, done.stderr
        assert not {"\x1b", "\x07", "\u202e"} & set(done.stdout + done.stderr)
    assert "<b>[" not in (tmp_path / "page.html").read_text()


def test_nothing_in_it(run: Callable[..., Done], tmp_path: Path) -> None:
    """An empty journal is no error."""
    (tmp_path / "empty.jsonl").touch()
    done = run(tmp_path / "empty.jsonl")
    assert (done.code, done.stderr) == (0, "")
    assert "There is no data for this time" in done.stdout


# --- the words, at any width


def text(made: Any, width: int = 80, rows: int = 14) -> str:
    """Return the summary as plain text."""
    return "\n".join(line.plain.rstrip() for line in make_lines(made, Layout(width, rows)))


def years(count: int, *, host: str = "anna") -> Review:
    """Return so many years with an hour a day, ten minutes of it used."""
    began = [1_767_225_600.0 + day * 86_400 for day in range(365 * count)]
    periods = tuple(
        Period(
            host, "1-1", "0a21:8001", "CareLink USB", at, at + 3600, "unplugged",
            (Use(at + 60, at + 660, "x", ""),), (Reminder(at + 780, 1, "normal", "desktop", "unplugged"),),
        )
        for at in began
    )  # fmt: skip
    return Review(periods, (Watched(host, began[0], began[-1] + 86_400),))


def test_months() -> None:
    """A long time is shown by months, and only the latest that fit."""
    shown = text(build_report(years(2)), rows=12)
    assert "By month, latest 12 of 24" in shown
    assert "Dec 2027      1 d 1 h" in shown


def test_compared() -> None:
    """The time before is named, and what is different."""
    more = years(1)
    first = 1_767_225_600.0
    quiet = Review(more.periods[:10] + more.periods[15:], more.watched)
    made = build_report(quiet, since=first + 10 * 86_400, until=first + 20 * 86_400)
    assert "4 h 10 min less than in the 10 days before (8 h 20 min)" in " ".join(text(made).split())
    same = build_report(more, since=first + 10 * 86_400, until=first + 20 * 86_400)
    assert "as long as in the 10 days before" in text(same)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (
            1,
            "One device was unplugged while unplugd was not running; its time counts until it was last seen.",
        ),
        (
            2,
            "2 devices were unplugged while unplugd was not running; their time counts until they were last seen.",
        ),
    ],
)
def test_what_nobody_saw_counts_until_the_last_sign_of_it(count: int, said: str) -> None:
    """A device that was unplugged unseen does not count until that moment, which nobody knows."""
    periods = tuple(Period("a", str(n), "0a21:8001", "n", 0.0, 60.0, "unseen") for n in range(count))
    assert said in " ".join(text(build_report(Review(periods))).split())


def everything() -> Report:
    """Return a report with all that a report can say, of names of every width."""
    hosts = ["a" * 60, "東京" * 30, "b", ""]
    several = [years(1, host=host) for host in hosts]
    periods = [period for one in several for period in one.periods]
    first = periods[0].began
    outcomes = ("unplugged", "in_use", "snoozed", "dismissed", "expired", "")
    reminders = tuple(
        Reminder(first + 1000 + at, 1, "normal", "desktop", outcomes[at % 6]) for at in range(600)
    )
    programs = ("東京" * 9, "b" * 90, "c d e f g " * 9)
    ends: tuple[End, ...] = ("open", "unseen", "cut", "unplugged")
    for number, (end, host) in enumerate(product(ends, hosts)):
        device = f"2-{number}"
        one = Period(
            host, device, f"0a21:{number:04}", programs[number % 3], first + 1, first + 9e6 + number, end
        )
        snoozes = (Snooze(first + 2000, first + 3000),)
        periods.append(replace(one, reminders=reminders, snoozes=snoozes, strangers=programs))
    made = build_report(
        Review(
            tuple(periods),
            tuple(replace(watched, ended=first + 9e6) for one in several for watched in one.watched),
            {**dict.fromkeys(NOTES, 1234), "something_new": 2},
        )
    )
    return replace(made, since=made.since + 60, before=Figures(unused_for=1e7))


@pytest.fixture(scope="module")
def reports() -> tuple[Report, ...]:
    """Return reports of every kind, first the one that says all."""
    several = everything()
    most = [*several.periods, replace(several.periods[-1], end="open", ended=several.until)]
    return (
        several,
        replace(several, periods=tuple(most)),
        replace(several, days=several.days[:20]),
        replace(several, total=replace(several.total, periods=0, uses=0)),
        build_report(Review(), since=0, until=1e6),
        sample_report.clinic(40),
        sample_report.home_month(),
        sample_report.nothing(),
    )


@pytest.mark.parametrize("width", [*range(40, 130), 300])
def test_any_width(reports: tuple[Report, ...], width: int) -> None:
    """It fits, whatever things are called: no line is longer than the terminal is wide, nor than can be read well."""
    for made in reports:
        found = list(make_lines(made, Layout(width)))
        assert max(line.cell_len for line in found) <= min(width, 110)
    shown = text(reports[0], width)
    assert "By computer" in shown
    assert "something new: 2" in shown


@ANOTHER_ZONE
@pytest.mark.parametrize(
    "written",
    ["CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "<+0330>-3:30", "Europe/Lisbon", "UTC"],
)
def test_summer_has_its_own_time(written: str) -> None:
    """Even where the system tells when clocks change, but no name of a time zone."""
    set_zone(written)
    zone, name = find_local_zone()
    for at in (1_768_000_000.0, 1_784_000_000.0):
        assert datetime.fromtimestamp(at, zone).hour == datetime.fromtimestamp(at).hour  # noqa: DTZ006 - as the system shows it
    assert days.find_zone(name).utcoffset(datetime(2026, 7, 1)) == zone.utcoffset(datetime(2026, 7, 1))  # noqa: DTZ001 - local


def test_a_program_without_a_name_is_no_trouble() -> None:
    """Not in its line either, which is then empty."""
    nobody = Period("a", "1", "0a21:8001", "n", 0.0, 60.0, "unplugged", strangers=("",))
    assert "\n  Unknown programs\n" in text(build_report(Review((nobody,)))) + "\n"


def test_a_device_may_be_unplugged_at_once() -> None:
    """That is a time, too."""
    reminder = Reminder(59.7, 1, "normal", "desktop", "unplugged")
    period = Period("a", "1", "0a21:8001", "n", 0.0, 60.0, "unplugged", reminders=(reminder,))
    shown = text(build_report(Review((period,))))
    assert "less than a second after the first reminder (median)" in shown


def test_programs_that_held_reminders_back_are_named() -> None:
    """The one that did for longest first, with how often and how long."""
    held = (
        HeldBack(100.0, 400.0, "Tidepool Uploader"),
        HeldBack(500.0, 530.0, ""),
        HeldBack(600.0, 900.0, "Tidepool Uploader"),
    )
    made = build_report(
        Review((Period("a", "1", "0a21:8001", "n", 0.0, 1000.0, "unplugged", held_back=held),))
    )
    lines = text(made).splitlines()
    at = next(number for number, shown in enumerate(lines) if "Held back by" in shown)
    assert lines[at].endswith("Tidepool Uploader: twice, 10 minutes")
    assert lines[at + 1].strip() == "unknown: once, 30 seconds"


def test_the_time_away_is_told_by_reason() -> None:
    """So is a reminder that was on the screen meanwhile."""
    absences = (Absence(100.0, 7300.0, "locked"), Absence(7300.0, 7900.0, "inactive"))
    reminders = (Reminder(50.0, 1, "normal", "desktop", "away"), Reminder(7900.0, 2, "normal", "desktop", ""))
    period = Period("a", "1", "0a21:8001", "n", 0.0, 9000.0, "unplugged", (), reminders, absences=absences)
    lines = text(build_report(Review((period,)))).splitlines()
    at = next(number for number, shown in enumerate(lines) if shown.startswith("  Away"))
    assert lines[at].endswith("2 h with the screen locked")
    assert lines[at + 1].strip() == "10 minutes with another session in front"
    assert any(shown.strip() == "1  you were away part of the time" for shown in lines)


def test_a_narrow_terminal_has_what_matters() -> None:
    """Each fact has its value, below its name if not beside it, and a table has at least the time unused."""
    made = build_report(years(1))
    for width, expected in (
        (80, "  Left plugged in unused  12 d 16 h  (83 % of the time plugged in)\n"),
        (
            60,
            "  Left plugged in unused  12 d 16 h  (83 % of the time\n                            plugged in)\n",
        ),
        (40, "  Left plugged in unused\n    12 d 16 h  (83 % of the time plugged\n      in)\n"),
    ):
        assert expected in text(made, width)
    heads = {
        width: next(
            line.split()[2:] for line in text(everything(), width).splitlines() if "By device" in line
        )
        for width in (40, 60, 80)
    }
    assert heads == {
        40: ["unused", "used"],
        60: ["unused", "used", "plugged", "in", "times"],
        80: ["unused", "used", "plugged", "in", "times", "reminders"],
    }


@pytest.mark.parametrize("height", [10, 24, 40, 60, 200])
def test_fits_the_screen(height: int) -> None:
    """As many days and computers are shown as fit the screen at once, and seven of each in any case."""
    made = sample_report.clinic(40)
    shown = [line.plain for line in make_screen(made, Layout(80), height)]
    days = [line for line in shown if re.match(r"  (Mon|Tue|Wed|Thu|Fri|Sat|Sun) ", line)]
    everything = list(make_lines(made, Layout(80, 1000)))
    assert len(shown) <= height or len(days) == 7
    assert len(shown) >= min(height, len(everything)) - len(made.computers)


def test_that_nothing_is_known_is_said_once(run: Callable[..., Done]) -> None:
    """Not again in other words below."""
    done = run("--since", "2026-01-01", "--until", "2026-01-31", MONTH)
    assert done.stdout.count("unplugd was not running") == 1


def test_only_as_many_devices_as_fit() -> None:
    """The worst ones; how many more there are is said."""
    periods = tuple(Period("a", "1", "0a21:8001", f"n{n}", 0.0, 60.0 + n, "unplugged") for n in range(50))
    shown = [line.plain for line in make_lines(build_report(Review(periods)), Layout(rows=5))]
    assert [line.split()[0] for line in shown if line.startswith("  n")] == [
        "n49",
        "n48",
        "n47",
        "n46",
        "n45",
    ]
    assert "  and 45 more, each unused for less time" in shown
