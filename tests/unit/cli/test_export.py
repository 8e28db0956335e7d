"""`unplugd export`: a row for each stretch, for spreadsheets and other programs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig import harmless
from tests.rig.report_command import MONTH, NOW
from tests.rig.zone import set_zone
from unplugd.cli.export import COLUMNS
from unplugd.journal.timestamps import format_timestamp
from unplugd.watch import client

if TYPE_CHECKING:
    from tests.rig.command_line import Shell

STICK = {"device": "1-1.2", "id": "0a21:8001", "name": "CareLink USB"}


@pytest.fixture
def shell(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Return a user in Berlin, a month after the month."""
    set_zone("Europe/Berlin")
    monkeypatch.setattr(time, "time", lambda: NOW)
    return shell


def event(what: str, at: float, host: str = "ann", **fields: Any) -> dict[str, Any]:
    """Return an event so many seconds before now."""
    head = {"time": format_timestamp(NOW - at), "event": what, "host": host, "boot": host}
    return {**head, "schema": 1, "uptime": 10_000.0 - at, **fields}


def rows(text: str) -> list[dict[str, str]]:
    return harmless.as_table(text, COLUMNS)


def test_a_stretch_a_row(shell: Shell) -> None:
    """A plug-in with an upload has three, with the program and the reminders, in UTC."""
    done = shell.run("export", "--since", "2026-10-05", "--until", "2026-10-06", str(MONTH))
    assert done.code == 0
    assert done.stdout.replace("\r\n", "\n") == (
        "computer,device,id,name,began,ended,state,seconds,program,reminders,plugged_in_since\n"
        "anna-laptop,1-1.2,0a21:8001,CareLink USB,2026-10-05T18:00:00.000Z,2026-10-05T18:05:00.000Z,unused,300.0,,0,2026-10-05T18:00:00.000Z\n"
        "anna-laptop,1-1.2,0a21:8001,CareLink USB,2026-10-05T18:05:00.000Z,2026-10-05T18:15:00.000Z,used,600.0,Tidepool Uploader,0,2026-10-05T18:00:00.000Z\n"
        "anna-laptop,1-1.2,0a21:8001,CareLink USB,2026-10-05T18:15:00.000Z,2026-10-06T05:00:00.000Z,unused,38700.0,,2,2026-10-05T18:00:00.000Z\n"
    )
    assert "One line of the journal was cut off (by a crash) and was skipped." in done.stderr


def test_it_is_cut_where_the_report_is(shell: Shell) -> None:
    """At local midnight, say; the moment of the plug-in stays."""
    done = shell.run("export", "--since", "2026-10-05T20:10", "--until", "2026-10-05", str(MONTH))
    assert [(row["began"], row["ended"], row["state"], row["plugged_in_since"]) for row in rows(done.stdout)] == [
        ("2026-10-05T18:10:00.000Z", "2026-10-05T18:15:00.000Z", "used", "2026-10-05T18:00:00.000Z"),
        ("2026-10-05T18:15:00.000Z", "2026-10-05T22:00:00.000Z", "unused", "2026-10-05T18:00:00.000Z"),
    ]  # fmt: skip


def test_the_formats_say_the_same(shell: Shell) -> None:
    """JSON Lines have the same values, as numbers and texts."""
    table = rows(shell.run("export", str(MONTH)).stdout)
    objects = harmless.as_json_lines(shell.run("export", "--format", "jsonl", str(MONTH)).stdout)
    assert [{key: str(value) for key, value in one.items()} for one in objects] == table
    assert all(isinstance(one["seconds"], float) and isinstance(one["reminders"], int) for one in objects)


def test_hostile_names_are_harmless(shell: Shell) -> None:
    """Nothing is a formula in a spreadsheet, and no terminal does anything."""
    evil = {"device": "=1+1", "id": "@x", "name": '=HYPERLINK("http://x")\x1b[31m\r\n,"'}
    file = shell.journal(
        event("plugged_in", 300, "+host\u202e", **evil),
        event("use_began", 200, "+host\u202e", **evil, program="-cmd|'/c calc'!A0", evidence="holds"),
        event("unplugged", 100, "+host\u202e", **evil, plugged_for=200, idle_for=100),
    )
    for options in ([], ["--bom"]):
        done = shell.run("export", *options, str(file))
        table = rows(done.stdout.removeprefix("\ufeff"))
        assert [row["state"] for row in table] == ["unused", "used"]
        assert table[1]["program"] == "'-cmd|'/c calc'!A0"
        assert table[1]["computer"] == "'+host"
    (_, used) = harmless.as_json_lines(shell.run("export", "--format", "jsonl", str(file)).stdout)
    assert (used["computer"], used["device"]) == ("+host", "=1+1")


def test_rows_are_by_computer(shell: Shell) -> None:
    """Then by time, and by device where both begin at once."""
    meter = {"device": "1-1.1", "id": "1a79:6210", "name": "Contour Next Link 2.4"}
    file = shell.journal(
        event("plugged_in", 900, "b", **STICK),
        event("plugged_in", 900, "b", **meter),
        event("plugged_in", 800, "a", **STICK),
        event("unplugged", 500, "b", **STICK, plugged_for=400, idle_for=400),
        event("unplugged", 400, "b", **meter, plugged_for=500, idle_for=500),
        event("unplugged", 300, "a", **STICK, plugged_for=500, idle_for=500),
    )
    found = [(row["computer"], row["device"]) for row in rows(shell.run("export", str(file)).stdout)]
    assert found == [("a", "1-1.2"), ("b", "1-1.1"), ("b", "1-1.2")]


def test_names_are_in_the_order_in_which_they_are_shown(shell: Shell) -> None:
    """Whatever a journal calls its computers; two that look the same are one, in order of time."""
    names = ("\x1bz", "b", "a", "\x1ba", "a\u200b")
    file = shell.journal(
        *(event("plugged_in", 900 - at, name, **STICK) for at, name in enumerate(names)),
        *(event("unplugged", 300, name, **STICK, plugged_for=590, idle_for=590) for name in names),
    )
    found = [(row["computer"], row["began"]) for row in rows(shell.run("export", str(file)).stdout)]
    assert [computer for computer, _ in found] == ["a", "a", "a", "b", "z"]
    assert found == sorted(found)


def test_what_is_still_plugged_in_goes_on_until_now(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """If unplugd is running, in one's own journal."""
    monkeypatch.setattr("unplugd.cli.export.find_host_name", lambda: "ann")
    file = shell.journal(
        event("started", 600), event("plugged_in", 300, **STICK), event("checkpoint", 200, **STICK)
    )
    assert rows(shell.run("export", str(file)).stdout)[0]["seconds"] == "100.0"
    monkeypatch.setattr(client, "ask", lambda *_, **__: {"running": True})
    (row,) = rows(shell.run("export").stdout)
    assert (row["seconds"], row["ended"]) == ("300.0", format_timestamp(NOW))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "there is no journal yet"),
        (["--since", "noon"], '"noon" is not a time'),
        (["--since", "2d", "--until", "3d"], "--since is not before --until"),
        (["--format", "jsonl", "--bom"], "--bom is only for tables"),
        (["nowhere.jsonl"], "nowhere.jsonl: no such file"),
    ],
)
def test_one_line_and_a_hint(shell: Shell, arguments: list[str], said: str) -> None:
    """For whatever cannot be exported, as for the log and the report."""
    done = shell.run("export", *arguments)
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == f"unplugd: {said}"


def test_a_future_time_and_an_empty_range(shell: Shell) -> None:
    """The future of one's own journal is a mistake; a range without a plug-in has no rows, which is said."""
    file = shell.journal(event("started", 600), event("stopped", 500))
    done = shell.run("export", "--since", "2030-01-01")
    assert (done.code, done.stderr.splitlines()) == (
        1,
        ["unplugd: that time is in the future", "hint: unplugd export --since 7d"],
    )
    assert shell.run("export", "--since", "2030-01-01", str(file)).code == 0
    done = shell.run("export", str(file))
    assert (done.code, done.stdout.strip(), done.stderr) == (
        0,
        ",".join(COLUMNS),
        "Nothing was plugged in.\n",
    )
    assert shell.run("export", "--format", "jsonl", str(file)).stdout == ""


def test_a_clock_that_was_ahead_has_its_rows(shell: Shell) -> None:
    """The future of this computer is the present of such a journal."""
    shell.journal(
        event("plugged_in", -86_000, **STICK), event("unplugged", -86_400, **STICK, plugged_for=400)
    )
    done = shell.run("export", "--since", "2026-12-02")
    assert [row["seconds"] for row in rows(done.stdout)] == ["400.0"]


def test_an_unreadable_file_is_named(shell: Shell) -> None:
    """The others are exported all the same."""
    missing = shell.home / "missing.jsonl"
    done = shell.run("export", str(MONTH), str(missing))
    assert (done.code, len(rows(done.stdout))) == (0, 16)
    assert done.stderr.startswith(f"unplugd: {Path('~/missing.jsonl')}: no such file\n")
