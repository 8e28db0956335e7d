"""The commands that review journals, on Windows."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests import TESTS
from tests.rig.wait import GIVE_UP, wait_until
from tests.rig.wine import windows_path

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

    from tests.rig.wine import Windows

MONTH = TESTS / "histories/month.jsonl"
RANGE = ("--since", "2026-10-01", "--until", "2026-10-31")
BERLIN = {"TZ": "Europe/Berlin"}
"""The time zone of the computer, as Wine takes it over."""
ROTATE = """
import json, pathlib, sys
from unplugd.journal.writer import JournalFile
file = JournalFile(pathlib.Path(sys.argv[1]), rotate_at=2000)
for line in sys.stdin:
    for number in map(int, line.split()):
        event = {"time": "2026-10-02T00:00:00.000Z", "event": "checkpoint", "host": "h", "boot": "b", "uptime": number}
        file.msg(json.dumps(event))
    print(file.waiting, file.error, len(list(file.path.parent.glob("events*"))), flush=True)
"""
"""A daemon's journal: writes one event for each number on a line of its input, and says what became of them."""


class Home:
    """A person on that machine who has the journal of a month."""

    def __init__(self, windows: Windows, person: dict[str, str], folder: Path) -> None:
        self.windows = windows
        self.environment = {**person, **BERLIN}
        self.folder = folder
        self.state = folder / "person/AppData/Local/unplugd"
        self.state.mkdir()
        self.journal = self.state / "events.jsonl"
        self.journal.write_bytes(MONTH.read_bytes())

    def run(self, *arguments: str, status: int = 0, **environment: str) -> CompletedProcess[str]:
        """Run a command of unplugd; no traceback, whatever it is."""
        done = self.windows.run(
            *("-m", "unplugd", *arguments),
            environment={**self.environment, **environment},
            cwd=self.folder,
        )
        assert "Traceback" not in done.stderr
        assert done.returncode == status, done
        if status == 1:
            assert done.stderr.splitlines()[-1].startswith("hint: ")
        return done


@pytest.fixture
def home(windows: Windows, person: dict[str, str], tmp_path: Path) -> Home:
    """Return that person."""
    return Home(windows, person, tmp_path)


def test_the_log_is_the_same_bytes_as_everywhere(home: Home) -> None:
    """UTF-8 with plain line ends, whatever the code page is; as JSON, CSV and text."""
    table = home.run("log", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(table.stdout)))
    lines = home.run("log", "--format", "jsonl").stdout.splitlines()
    text = home.run("log", *RANGE).stdout
    assert [row["time"] for row in rows] == [json.loads(line)["time"] for line in lines]
    assert "┌ CareLink USB (port 1-1.2): plugged in" in text
    with home.windows.start("-m", "unplugd", "log", environment=home.environment) as started:
        assert started.stdout
        raw = started.stdout.buffer.read()  # type: ignore[attr-defined]
    assert b"\r" not in raw
    assert "┌".encode() in raw


def test_days_are_exact_across_a_change_of_the_clocks(home: Home) -> None:
    """Report and log are what they are on Linux, to the letter, though Windows has other names for time zones."""

    def run_here(*arguments: str) -> str:
        environment = {"TZ": "Europe/Berlin", "HOME": str(home.folder), "PATH": "", "LANG": "C.UTF-8"}
        command = (sys.executable, "-m", "unplugd", *arguments, str(MONTH))
        return subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout

    for arguments in (
        *(("report", *RANGE), ("report", "--json", *RANGE), ("log", *RANGE)),
        ("log", "--since", "2026-10-24T23:30", "--until", "2026-10-25T02:30"),
    ):
        there, here = home.run(*arguments).stdout, run_here(*arguments)
        # Wine takes this zone for that of a neighbour, which has the same clocks.
        assert there.replace("Europe/Budapest", "Europe/Berlin") == here


def test_a_zone_that_another_shell_names_does_not_mislead(home: Home) -> None:
    """Git's bash sets TZ to a name that Windows would take for something else."""
    expected = home.run("log", *RANGE).stdout
    assert home.run("log", *RANGE, GIVEN_TZ="Europe/Berlin").stdout == expected


def test_the_report_is_a_page(home: Home) -> None:
    """Written where it is asked for, and over what is read; opened by the program that Windows knows for pages."""
    home.run("report", "--html", "out.html", *RANGE)
    page = (home.folder / "out.html").read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    told = home.run("report", "--html", r"C:\no\such\folder\x.html", status=1).stderr
    assert told.startswith(r"unplugd: C:\no\such\folder\x.html: cannot be written")
    seen = home.folder / "opened"
    script = home.folder / "browser.py"
    script.write_text(f"import pathlib, sys\npathlib.Path(r'{windows_path(seen)}').write_text(sys.argv[1])\n")
    command = f'"{windows_path(home.windows.python / "python.exe")}" "{windows_path(script)}" "%1"'
    set_browser = f"""
import winreg
winreg.SetValue(winreg.HKEY_LOCAL_MACHINE, r"Software\\Classes\\.html", winreg.REG_SZ, "test.page")
winreg.SetValue(winreg.HKEY_LOCAL_MACHINE, r"Software\\Classes\\test.page\\shell\\open\\command", winreg.REG_SZ, r'''{command}''')
"""
    home.windows.run("-c", set_browser)
    home.run("report", "--open", *RANGE)
    wait_until(lambda: seen.exists() and seen.read_text(), "the page to be opened")
    assert seen.read_text().endswith(r"AppData\Local\unplugd\report.html")


def test_the_configuration_is_where_windows_keeps_it(home: Home) -> None:
    """Its path is printed and shown without the person's name; upload software is added by name and by path."""
    file = home.folder / "person/AppData/Roaming/unplugd/config.toml"
    assert home.run("config", "path").stdout.strip() == windows_path(file)
    told = home.run("config", "init").stderr
    assert told.startswith(r"Wrote ~\AppData\Roaming\unplugd\config.toml: ")
    home.run("config", "add-uploader", r"C:\Program Files\My Uploader\up.exe")
    home.run("config", "add-uploader", "My Other.exe")
    assert "python:SCRIPT" in home.run("config", "add-uploader", r"C:\Python\python.exe", status=1).stderr
    home.run("config", "check")
    shown = home.run("config", "show").stdout
    assert (
        r"C:\\Program Files\\My Uploader\\up.exe" in shown or r"C:\Program Files\My Uploader\up.exe" in shown
    )


def test_the_doctors_report_names_nobody(home: Home) -> None:
    """It is written on Windows, too, and the name of the person's folder is not in it."""
    home.run("doctor", "--report", "report.md")
    report = (home.folder / "report.md").read_text(encoding="utf-8")
    assert "- Windows: 10.0, build " in report
    assert "- id of this computer: there" in report
    assert not {"person", "Z:"} & set(report.split())
    found = home.windows.run("-m", "unplugd", "doctor", environment=home.environment)
    assert "USB devices" in found.stdout
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize(
    "command",
    [
        *("status", "snooze"),
        *("service status --manager launchd", "service install --manager systemd"),
    ],
)
def test_without_a_daemon_one_line_and_a_hint(home: Home, command: str) -> None:
    """As everywhere."""
    assert len(home.run(*command.split(), status=1).stderr.splitlines()) == 2


def test_a_reader_never_keeps_the_journal_from_being_rotated(home: Home) -> None:
    """A log that is followed across many rotations shows every event once, and no event waits for it."""
    home.journal.unlink()
    follow = ("-m", "unplugd", "log", "--follow", "--format", "jsonl")
    code = ("-c", ROTATE, windows_path(home.journal))
    with (
        home.windows.start(*code, environment=home.environment) as writer,
        home.windows.start(*follow, environment=home.environment) as reader,
    ):
        assert writer.stdin
        assert writer.stdout
        assert reader.stdout
        try:
            files = ""
            number = 0
            seen: list[int] = []
            for _ in range(40):
                numbers = range(number, number + 10)
                number += 10
                writer.stdin.write(" ".join(map(str, numbers)) + "\n")
                writer.stdin.flush()
                waiting, error, files = writer.stdout.readline().split()
                assert (waiting, error) == ("0", "None")
                seen += [int(json.loads(reader.stdout.readline())["uptime"]) for _ in numbers]
            assert seen == list(range(number))
            assert int(files) > 10
        finally:
            reader.kill()
            writer.kill()


def test_replacing_a_file_waits_for_other_programs(home: Home) -> None:
    """One that has it open without letting others rename it, such as one that looks for viruses, does so for a moment."""
    code = """
import pathlib, threading, time
from unplugd_service import atomic
# Long enough, however long a busy machine makes that moment.
atomic.ATTEMPTS = 10_000
file = pathlib.Path("config.toml")
file.write_text("old")
other = file.open()
threading.Timer(0.05, other.close).start()
atomic.write(file, b"new")
print(file.read_text(), sorted(one.name for one in file.parent.glob("*config*")))
"""
    done = home.windows.run("-c", code, environment=home.environment, cwd=home.folder)
    assert done.stdout == "new ['config.toml']\n", done.stderr


def test_a_reader_that_leaves_is_no_trouble(home: Home) -> None:
    """Windows calls the broken pipe by another name."""
    home.journal.write_bytes(MONTH.read_bytes() * 200)
    with home.windows.start("-m", "unplugd", "log", "--format", "jsonl", environment=home.environment) as log:
        assert log.stdout
        assert log.stderr
        log.stdout.readline()
        log.stdout.close()
        assert log.wait(GIVE_UP) == 0
        assert "Traceback" not in log.stderr.read()
