"""The command line: arguments in; exit status, data on stdout, talk on stderr out. No traceback, whatever a user does."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
import tomllib  # noqa: F401 - see as_nobody
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil  # noqa: F401 - see as_nobody
import pytest

import unplugd.platforms.linux.platform
import unplugd.watch.daemon  # noqa: F401 - see as_nobody
from tests.rig.daemon import Done
from tests.rig.tools import need
from tests.rig.turning import Clock, turn_once
from tests.rig.usb import HUB, METER, MOUSE, Model
from unplugd import __version__
from unplugd.cli import dispatch
from unplugd.cli.terminal import say_without_waiting
from unplugd.config.file import load_settings, parse_settings
from unplugd.config.settings import Settings
from unplugd.config.write import TEMPLATE
from unplugd.paths import Paths, find_paths
from unplugd.watch import control
from unplugd.watch.lock import Lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.rig.daemon import Daemon
    from tests.rig.server import Server
    from tests.rig.usb import Testbed

UNPLUGD = str(Path(sys.executable).with_name("unplugd"))
START = "hint: unplugd service install   (or, in this terminal only: unplugd run)\n"
GIVE = "hint: give a journal, such as events.jsonl, or a folder with one\n"
NOBODY = 65534


class Shell:
    """A user with folders of their own, who runs commands in this process: `main` is all that the command is."""

    def __init__(self, home: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self.where: Paths = find_paths()
        self._capture = capture

    def run(self, *arguments: str) -> Done:
        """Run a command, and see that it keeps the promises that every command makes."""
        mask = os.umask(0o022)
        self._capture.readouterr()
        try:
            code = dispatch.main(arguments)
        except SystemExit as end:
            code = int(str(end.code))
        finally:
            os.umask(mask)
        done = Done(code, *self._capture.readouterr())
        assert "Traceback" not in done.stderr
        if code == 1 and done.stderr:
            *said, hint = done.stderr.splitlines()
            assert hint.startswith("hint: ")
            assert said
        if code == 2:
            assert done.stderr.startswith("usage: unplugd")
        assert harmless(done.stdout + done.stderr)
        return done

    def configure(self, text: str | bytes) -> None:
        self.where.configuration.mkdir(parents=True, exist_ok=True)
        self.where.config.write_bytes(text if isinstance(text, bytes) else text.encode())

    def journal(self, *lines: str | bytes | dict[str, Any], name: str = "events.jsonl") -> Path:
        """Write a journal of these lines."""
        self.where.state.mkdir(parents=True, exist_ok=True)
        file = self.where.state / name
        raw = [
            json.dumps(one).encode()
            if isinstance(one, dict)
            else one
            if isinstance(one, bytes)
            else one.encode()
            for one in lines
        ]
        file.write_bytes(b"".join(line + b"\n" for line in raw))
        return file


def harmless(text: str) -> bool:
    """Whether a terminal shows this text and does nothing else."""
    return not any(unicodedata.category(character)[0] == "C" for character in text.replace("\n", ""))


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    """Return a user at home."""
    for name in list(os.environ):
        if name.startswith(("XDG_", "UNPLUGD_")):
            monkeypatch.delenv(name)
    home = tmp_path / "home-of-ann"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    time.tzset()
    return Shell(home, capfd)


# --- the table: what a user may type

NOT_RUNNING = "unplugd: unplugd is not running, so you get no reminders\n"
TABLE: dict[str, tuple[int, str, str]] = {
    # arguments: exit status, stdout, stderr; a text that begins and ends with / is a regular expression
    "": (2, "", "/the following arguments are required: COMMAND/"),
    "--version": (0, f"unplugd {__version__}\n", ""),
    "--help": (0, "/usage: unplugd .*run.*demo.*status.*snooze.*log.*devices.*doctor.*config/", ""),
    "explode": (2, "", "/invalid choice: 'explode'/"),
    "run extra": (2, "", "/unrecognized arguments: extra/"),
    "run --config": (2, "", "/expected one argument/"),
    "run --config /no/such.toml": (
        1,
        "",
        "unplugd: there is no file /no/such.toml\nhint: unplugd config init writes one to start from\n",
    ),
    "run --help": (0, "/--config FILE/", ""),
    "demo --slow": (2, "", "/unrecognized arguments: --slow/"),
    "status": (1, "", NOT_RUNNING + START),
    "status --json": (1, '{"running": false}\n', NOT_RUNNING + START),
    "snooze": (1, "", "unplugd: unplugd is not running, so there is nothing to snooze\n" + START),
    "snooze 15m": (1, "", "unplugd: unplugd is not running, so there is nothing to snooze\n" + START),
    "snooze --cancel": (1, "", "unplugd: unplugd is not running, so there is nothing to snooze\n" + START),
    "snooze 0s": (1, "", "unplugd: a snooze must be longer than zero and at most a day\nhint: unplugd snooze 15m\n"),
    "snooze 25h": (1, "", "unplugd: a snooze must be longer than zero and at most a day\nhint: unplugd snooze 15m\n"),
    "snooze long": (2, "", "/'long' is not a duration; write it like \"15m\" or \"1h30m\"/"),
    "snooze -5m": (2, "", "/error:/"),
    "log": (1, "", "unplugd: there is no journal yet\n" + START),
    "log --last x": (2, "", "/invalid int value: 'x'/"),
    "log --last -1": (1, "", "/unplugd: there is no journal yet/"),
    "log --event explode": (2, "", "/invalid choice: 'explode'/"),
    "log --since soon": (1, "", '/unplugd: "soon" is not a time\nhint: write it like 2026-11-22, /'),
    "log --until 2026-02-30": (1, "", '/unplugd: "2026-02-30" is not a time\nhint: /'),
    "log --format xml": (2, "", "/invalid choice: 'xml'/"),
    "log /no/such.jsonl": (1, "", "unplugd: /no/such.jsonl: no such file\n" + GIVE),
    "log /proc/self": (1, "", "unplugd: /proc/self: no journal in this folder\n" + GIVE),
    "log /dev/null": (1, "", "unplugd: /dev/null: not a file\n" + GIVE),
    "devices learn nonsense": (
        1,
        "",
        'unplugd: "nonsense" is not a USB id\nhint: ids look like 0a21:8001; unplugd devices lists them\n',
    ),
    "devices learn dead:beef": (
        1,
        "",
        "unplugd: no device dead:beef is plugged in\nhint: plug it in; to see what is plugged in: unplugd devices\n",
    ),
    "devices forget": (2, "", "/invalid choice: 'forget'/"),
    "config": (2, "", "/required: path|show|check|init|add-uploader/"),
    "config path": (0, "/home-of-ann/.config/unplugd/config.toml\n/", ""),
    "config show": (0, '/\\[remind\\]\nafter_plug_in = "5m"\n.*channels = \\["desktop", "plyer", "terminal"\\]\n/', ""),
    "config check": (0, "", "There is no ~/.config/unplugd/config.toml; using the defaults.\n"),
    "config init": (0, "", "Wrote ~/.config/unplugd/config.toml: it lists every setting with its default.\n"),
    "config add-uploader": (2, "", "/required: PROGRAM/"),
    "config add-uploader *": (1, "", "/unplugd: config.toml:3: uploader.process = .*\nhint: /"),
    "config add-uploader my-uploader": (0, "", "my-uploader now counts as upload software.\n"),
    "config add-uploader /opt/x/up": (0, "", "up now counts as upload software.\n"),
    "config add-uploader java:up.jar --name Mine": (0, "", "Mine now counts as upload software.\n"),
}  # fmt: skip


@pytest.mark.parametrize("arguments", TABLE, ids=lambda text: text or "nothing")
def test_what_a_user_may_type(shell: Shell, arguments: str) -> None:
    """Exit 0 done, 1 could not with what and a hint, 2 usage; data to stdout, talk to stderr."""
    code, *expected = TABLE[arguments]
    done = shell.run(*arguments.split())
    assert done.code == code, done
    for text, said in zip(expected, done[1:], strict=True):
        if len(text) > 1 and text[0] == text[-1] == "/":
            assert re.search(text[1:-1], said, re.DOTALL), said
        else:
            assert said == text


# --- the configuration


BROKEN = {
    "[remind\n": ["config.toml:1: not TOML"],
    "[remind]\nafter = '5m'": ["config.toml:2: unknown key"],
    "[remind]\nafter_use = '-5m'\nsnooze = 5\n[x]": ["config.toml:2: ", "config.toml:3: ", "config.toml:4: "],
    "[[device]]\nname = 'x'\nid = 'zz'": ["config.toml:3: device.id"],
    b"\xff\xfe": ["config.toml: the file is not text"],
    b"#" * 1_000_001: ["config.toml: the file is too long"],
}


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: repr(text[:30]))
@pytest.mark.parametrize(
    "command",
    [
        "config check",
        "config show",
        "run",
        "run --config",
        "devices",
        "devices learn 0a21:8001",
        "config add-uploader x",
    ],
)
def test_a_broken_configuration_is_told(shell: Shell, text: str | bytes, command: str) -> None:
    """By every command that reads it: exit 1, one line for each error, one hint with the file, nothing changed."""
    shell.configure(text)
    before = shell.where.config.read_bytes()
    arguments = command.split()
    if command == "run --config":
        arguments.append(str(shell.where.config))
    done = shell.run(*arguments)
    assert (done.code, done.stdout) == (1, "")
    *told, hint = done.stderr.splitlines()
    assert len(told) == len(BROKEN[text])
    for line, expected in zip(told, BROKEN[text], strict=True):
        assert line.startswith(f"unplugd: {expected}")
    assert hint == "hint: edit ~/.config/unplugd/config.toml, then: unplugd config check"
    assert shell.where.config.read_bytes() == before
    assert not shell.where.journal.exists()


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Have no rights to the user's files, for which root has to become somebody else; what is imported later fails."""
    myself = os.geteuid()
    os.seteuid(myself or NOBODY)
    try:
        yield
    finally:
        os.seteuid(myself)


@pytest.mark.parametrize(
    "command", ["config check", "config show", "run", "config add-uploader x", "devices"]
)
def test_an_unreadable_configuration_is_told(shell: Shell, command: str) -> None:
    """It is not taken for none, and no command writes over it."""
    shell.configure("# mine")
    shell.where.config.chmod(0)
    with as_nobody():
        done = shell.run(*command.split())
    assert (done.code, done.stdout) == (1, "")
    assert (
        done.stderr.splitlines()[0]
        == "unplugd: config.toml: Permission denied; make it a file that you can read"
    )


@pytest.mark.parametrize(
    "command", ["log", "run --config {folder}/x.toml", "config init", "status", "log {folder}/x"]
)
def test_folders_that_cannot_be_entered_are_told(shell: Shell, command: str) -> None:
    """No right even to look whether a file is there."""
    shell.journal(*EVENTS)
    shell.configure("")
    for folder in (shell.where.state, shell.where.configuration):
        folder.chmod(0)
    with as_nobody():
        done = shell.run(*command.format(folder=shell.where.state).split())
    assert done.code == 1


def test_init_does_not_write_over_anything(shell: Shell) -> None:
    """A configuration that is there stays, a link too."""
    shell.run("config", "init")
    assert shell.where.config.read_text() == TEMPLATE
    assert shell.where.config.stat().st_mode & 0o777 == 0o600
    assert shell.where.configuration.stat().st_mode & 0o777 == 0o700
    shell.configure("# mine")
    done = shell.run("config", "init")
    assert (done.code, done.stderr) == (
        1,
        "unplugd: ~/.config/unplugd/config.toml already exists\nhint: unplugd config show\n",
    )
    assert shell.where.config.read_text() == "# mine"
    shell.where.config.unlink()
    shell.where.config.symlink_to(shell.home / "elsewhere")
    assert shell.run("config", "init").code == 1
    assert not (shell.home / "elsewhere").exists()


def test_what_is_shown_is_a_file_that_means_the_same(shell: Shell) -> None:
    """`config show` can be saved and used."""
    shell.configure("[remind]\nafter_use = '90s'\n[[uploader]]\nname = 'x'\nprocess = ['x']")
    shown = shell.run("config", "show").stdout
    assert parse_settings(shown) == load_settings(shell.where.config)


def test_what_is_added_leaves_the_rest_alone(shell: Shell) -> None:
    """Comments, order and settings stay; the entry stands at the end; the file is the user's alone."""
    shell.configure("# mine\n[remind]\nafter_use = '90s' # because\n\n\n")
    assert shell.run("config", "add-uploader", "my tool").code == 0
    assert shell.where.config.read_text() == (
        "# mine\n[remind]\nafter_use = '90s' # because\n\n"
        '[[uploader]]\nname = "my tool"\nprocess = ["my tool"]\n'
    )
    assert shell.where.config.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in shell.where.configuration.iterdir()] == ["config.toml"]


def test_a_program_that_is_added_twice_is_added(shell: Shell) -> None:
    """No error, no harm."""
    for _ in range(2):
        assert shell.run("config", "add-uploader", "up").code == 0
    assert shell.run("config", "check").code == 0


@pytest.mark.parametrize("name", ["\x1b[31mred", "a\nb", '"]\n[remind]\nafter_use="0s"', "ünïcode", "-x"])
def test_a_hostile_program_name_stays_a_name(shell: Shell, name: str) -> None:
    """It cannot add a setting, and is shown harmless."""
    assert shell.run("config", "add-uploader", "--", name).code == 0
    assert load_settings(shell.where.config).policy == Settings().policy
    assert load_settings(shell.where.config).uploaders[0].process == (name,)


def test_a_folder_that_cannot_be_written_to_is_told(shell: Shell) -> None:
    """By all that write the configuration."""
    (shell.home / ".config").write_text("")
    for command in ("config init", "config add-uploader x"):
        done = shell.run(*command.split())
        assert done.code == 1
        assert "of-ann" not in done.stderr


# --- the journal

EVENTS: list[dict[str, Any]] = [
    {"time": "2025-11-24T06:00:00.123Z", "event": "started", "version": "1"},
    {"time": "2025-11-24T06:01:00.000Z", "event": "plugged_in", "device": "1-1.2", "id": "0a21:8001", "name": "CareLink USB"},
    {"time": "2025-11-24T06:06:00.000Z", "event": "reminded", "count": 1, "urgency": "normal", "channel": "desktop", "devices": ["1-1.2"]},
    {"time": "2025-11-24T06:07:00.000Z", "event": "unplugged", "device": "1-1.2", "id": "0a21:8001", "name": "CareLink USB", "plugged_for": 360, "idle_for": 360},
]  # fmt: skip
DAY = "Monday 24 November 2025"
TOLD = [
    DAY,
    "  06:00:00    unplugd 1 started",
    "  06:01:00  ┌ CareLink USB (port 1-1.2): plugged in",
    "  06:06:00  ├ reminder 1 by desktop",
    "  06:07:00  └ unplugged after 6 minutes, unused for 6 minutes",
]
LAST = "CareLink USB (port 1-1.2): unplugged after 6 minutes, unused for 6 minutes"


def test_log_tells_the_journal(shell: Shell) -> None:
    """Every event a line, oldest first, in the local time; rotated files before the present one."""
    shell.journal(*EVENTS[:1], name="events.jsonl.2")
    shell.journal(*EVENTS[1:2], name="events.jsonl.1")
    shell.journal(*EVENTS[2:])
    assert shell.run("log").stdout.splitlines() == TOLD


@pytest.mark.parametrize(
    ("last", "lines"),
    [("0", []), ("1", [DAY, f"  06:07:00  └ {LAST}"]), ("3", [DAY, *TOLD[2:]]), ("99", TOLD)],
)
def test_log_tells_the_last_events(shell: Shell, last: str, lines: list[str]) -> None:
    """As many as there are, at most as many as asked for."""
    shell.journal(*EVENTS)
    assert shell.run("log", "--last", last).stdout.splitlines() == lines


def test_log_refuses_a_negative_number(shell: Shell) -> None:
    """With the way to say it."""
    shell.journal(*EVENTS)
    done = shell.run("log", "--last", "-1")
    assert done == (1, "", "unplugd: --last cannot be negative\nhint: unplugd log --last 20\n")


def test_log_prints_json_lines(shell: Shell) -> None:
    """The events as they are, for other programs."""
    shell.journal(*EVENTS)
    assert [json.loads(line) for line in shell.run("log", "--format", "jsonl").stdout.splitlines()] == EVENTS


def test_log_reads_the_files_it_is_given(shell: Shell) -> None:
    """In the order of time, and none of the user's own."""
    shell.journal(*EVENTS)
    one = shell.journal(EVENTS[3], name="one")
    two = shell.journal(EVENTS[0], name="two")
    told = shell.run("log", str(one), str(two)).stdout.splitlines()
    assert told == [*TOLD[:2], f"  06:07:00  └ {LAST}"]


HOSTILE: list[str | bytes | dict[str, Any]] = [
    "",
    "{",
    "[]",
    "null",
    "5",
    b"\xff\xfe\x00",
    b"\x00" * 100,
    "[" * 50_000,
    '{"event": "x", "time": "t", "n": ' + "9" * 5000 + "}",
    '{"event": "x", "time": "t", "pad": "' + "x" * 100_000 + '"}',
    {"event": 5, "time": "t"},
    {
        "event": "unplugged",
        "time": "\x1b[2J",
        "name": "\x1b]0;owned\x07",
        "device": "\u202e\n",
        "plugged_for": -1,
    },
    {"event": "\x9b31m", "time": "9999-12-31T23:59:59-14:00", "name": "\ud800"},
    {"event": "reminded", "time": "0001-01-01T00:00:00Z", "devices": [{"a": "\x07"}], "count": None},
    '{"event": "x\\udc80", "time": "t", "n": NaN, "m": Infinity}',
]


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_log_bears_any_file(shell: Shell, form: str) -> None:
    """Torn, foreign and hostile lines are passed over or shown harmless, and what is right is told all the same."""
    shell.journal(EVENTS[0], *HOSTILE, EVENTS[3])
    done = shell.run("log", "--format", form)
    assert done.code == 0
    assert done.stderr.splitlines() == [
        "unplugd: 2 lines of the journal were cut off (by crashes) and were skipped.",
        "unplugd: 6 lines of the journal are not events and were skipped.",
        "unplugd: 3 events are of kinds that this version does not know.",
        "unplugd: One line of the journal is too long and was skipped.",
        "unplugd: 3 events have values that make no sense.",
    ]
    lines = done.stdout.splitlines()
    if form == "text":
        assert "  06:00:00    unplugd 1 started" in lines
        assert any(line.endswith(TOLD[4][14:]) for line in lines)
    else:
        read = [json.loads(line, parse_constant=pytest.fail, parse_int=float) for line in lines]
        assert EVENTS[0] in read
        assert EVENTS[3] in read
        assert len(lines) == 7


def test_log_bears_an_endless_line(tmp_path: Path) -> None:
    """A file of one line of many megabytes does not fill the memory, nor hide what comes after it."""
    file = tmp_path / "events.jsonl"
    with file.open("wb") as writing:
        writing.truncate(300_000_000)
        writing.seek(0, os.SEEK_END)
        writing.write(b"\n" + json.dumps(EVENTS[3]).encode() + b"\n")
    command = f"ulimit -v 250000; {UNPLUGD} log {file}"
    environment = {"HOME": "/nowhere", "PATH": os.environ["PATH"], "TZ": "UTC", "PYTHONUTF8": "1"}
    done = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout == f"{DAY}\n  06:07:00  └ {LAST}\n"
    assert done.stderr == "unplugd: One line of the journal is too long and was skipped.\n"


def test_log_of_a_file_that_cannot_be_read(shell: Shell) -> None:
    """Told in one line."""
    file = shell.journal(*EVENTS)
    file.chmod(0)
    myself = os.geteuid()
    os.seteuid(myself or NOBODY)
    try:
        done = shell.run("log", str(file))
    finally:
        os.seteuid(myself)
    assert (done.code, done.stdout) == (1, "")


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    """`unplugd log | head -1` ends quietly."""
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps({**EVENTS[0], "version": f"{n}"}) + "\n" for n in range(50_000)))
    command = f"{UNPLUGD} log {file} | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env={"HOME": "/nowhere", "PATH": os.environ["PATH"], "TZ": "UTC", "PYTHONUTF8": "1"}, capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert (done.stdout, done.stderr) == (f"{DAY}\n0\n", "")


@pytest.mark.parametrize("command", ["log", "log --format jsonl", "report", "report --json", "doctor"])
@pytest.mark.parametrize("reader", ["gone", "none"])
def test_output_that_nobody_reads_is_no_error(tmp_path: Path, command: str, reader: str) -> None:
    """The other end of the pipe is closed, or stdout itself is."""
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(EVENTS[0]) + "\n")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [UNPLUGD, *command.split(), *([file] if command != "doctor" else [])],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=(lambda: os.close(1)) if reader == "none" else None,
    )
    os.close(write)
    # The doctor finds what is wrong here, and says so.
    assert (done.returncode, done.stderr) == (0, "") or (command, done.returncode) == ("doctor", 1)
    assert "Traceback" not in done.stderr


def test_a_terminal_that_cannot_show_a_letter_is_no_error(tmp_path: Path) -> None:
    """With LANG=C and a device name in another script."""
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps({**EVENTS[1], "name": "东芝 é"}, ensure_ascii=False) + "\n", encoding="utf-8")
    for form in ("text", "jsonl"):
        environment = {
            "HOME": "/nowhere",
            "PATH": os.environ["PATH"],
            "LC_ALL": "C",
            "PYTHONIOENCODING": "ascii",
            "PYTHONUTF8": "0",
        }
        done = subprocess.run(
            [UNPLUGD, "log", "--format", form, file],
            env=environment,
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"1-1.2" in done.stdout


# --- asking the daemon

STATUS: dict[str, Any] = {
    "running": True, "version": "1.2.3", "process": 4711, "since": "2025-11-24T06:00:00.000Z", "devices": [],
    "upload_software_runs_since": None, "quiet_until": None, "channels": ["desktop"], "last_delivery": None,
    "journal": {"trouble": None, "waiting": 0}, "configuration": {"problems": []},
}  # fmt: skip
DEVICE: dict[str, Any] = {
    "device": "1-1.2", "id": "0a21:8001", "name": "CareLink USB", "plugged_in": "2025-11-24T05:00:00.000Z",
    "plugged_for": 3600, "idle_for": 3600, "use": "idle", "program": None, "evidence": None, "used_until": None,
    "strangers": [], "reminded": 0, "next_reminder": None, "snoozed_until": None,
}  # fmt: skip


@pytest.fixture
def answering(shell: Shell) -> Iterator[Callable[[dict[str, Any]], list[dict[str, Any]]]]:
    """Yield what makes a daemon's socket answer, and returns the list that requests come into."""
    import threading

    ends: list[Callable[[], None]] = []

    def answer_with(answer: dict[str, Any]) -> list[dict[str, Any]]:
        requests: list[dict[str, Any]] = []
        clock = Clock()
        over = threading.Event()

        def answered(request: dict[str, Any]) -> dict[str, Any]:
            requests.append(request)
            return answer

        listening = control.Control(shell.where.control, clock, answered)

        def serve() -> None:
            while not over.is_set():
                select.select([listening], (), (), 0.02)
                turn_once(clock, listening)
            listening.close()

        server = threading.Thread(target=serve)
        server.start()

        def end() -> None:
            over.set()
            server.join()

        ends.append(end)
        return requests

    yield answer_with
    for end in ends:
        end()


@pytest.mark.parametrize(
    ("status", "lines"),
    [
        ({}, ["unplugd 1.2.3 has been running since 2025-11-24 06:00 (process 4711).", "No watched device is plugged in.", "", "Reminders are sent via desktop; none has been needed yet."]),
        ({"last_delivery": {"time": "2025-11-24T06:05:00Z", "channel": "plyer"}}, ["The last reminder was sent via plyer at 2025-11-24 06:05."]),
        ({"quiet_until": "2025-11-25T07:00:00Z"}, ["Quiet hours until 2025-11-25 07:00."]),
        ({"journal": {"trouble": "No space left on device", "waiting": 3}}, ["The journal cannot be written: No space left on device. Events waiting: 3."]),
        ({"configuration": {"problems": ["config.toml:2: x; y"]}}, ["The new configuration has errors; the previous one is still in effect:", "  config.toml:2: x; y"]),
        ({"devices": [DEVICE]}, ["CareLink USB, port 1-1.2", "  plugged in since 2025-11-24 05:00, not used"]),
        ({"devices": [{**DEVICE, "used_until": "2025-11-24T05:30:00Z", "next_reminder": "2025-11-24T07:00:00Z", "reminded": 2}]}, ["  plugged in since 2025-11-24 05:00, not used since 2025-11-24 05:30", "  next reminder at 2025-11-24 07:00 (2 so far)"]),
        ({"devices": [{**DEVICE, "snoozed_until": "2025-11-24T07:00:00Z", "strangers": ["cat"]}]}, ["  held open by cat, which is not known as upload software", "  snoozed until 2025-11-24 07:00"]),
        ({"devices": [{**DEVICE, "use": "in use", "program": "java", "evidence": "holds /dev/ttyUSB0"}]}, ["  plugged in since 2025-11-24 05:00, in use by java (holds /dev/ttyUSB0)", "  no reminders while it is in use"]),
        ({"devices": [{**DEVICE, "use": "unknown", "program": "java", "evidence": "holds /dev/ttyUSB0"}]}, ["  plugged in since 2025-11-24 05:00, last seen in use by java (holds /dev/ttyUSB0)", "  cannot tell whether it is still in use; no reminders for now"]),
        ({"devices": [{**DEVICE, "use": "unknown", "used_until": "2025-11-24T05:30:00Z"}]}, ["  plugged in since 2025-11-24 05:00, last used at 2025-11-24 05:30", "  cannot tell whether it is in use now, so it counts as unused"]),
        ({"devices": [{**DEVICE, "use": "unknown"}]}, ["  plugged in since 2025-11-24 05:00", "  cannot tell whether it is in use now, so it counts as unused"]),
        ({"devices": [{**DEVICE, "name": "\x1b[31m", "strangers": ["\x1b]0;x\x07"]}]}, ["[31m, port 1-1.2", "  held open by ]0;x, which is not known as upload software"]),
    ],
)  # fmt: skip
def test_status_tells_what_there_is(
    shell: Shell,
    answering: Callable[[dict[str, Any]], list[dict[str, Any]]],
    status: dict[str, Any],
    lines: list[str],
) -> None:
    """In words, in the local time, harmless; as JSON the very answer."""
    requests = answering({**STATUS, **status})
    done = shell.run("status")
    assert done.code == 0
    for line in lines:
        assert line in done.stdout.splitlines()
    assert requests == [{"command": "status"}]


def test_status_as_json_is_the_daemons_answer(
    shell: Shell, answering: Callable[[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    """Whole, for other programs."""
    answering({**STATUS, "devices": [DEVICE]})
    assert json.loads(shell.run("status", "--json").stdout) == {**STATUS, "devices": [DEVICE]}


def test_a_failed_delivery_comes_with_a_hint(
    shell: Shell, answering: Callable[[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    """The person learns that reminders do not reach them, and what to do."""
    answering(
        {**STATUS, "last_delivery": {"time": "2025-11-24T06:05:00Z", "channel": "plyer", "error": "no"}}
    )
    done = shell.run("status")
    assert "The last reminder could not be delivered via plyer: no." in done.stdout
    assert done.stderr == "hint: unplugd doctor\n"


@pytest.mark.parametrize("answer", [{}, {"error": "unknown command"}, {"running": True}])
def test_an_answer_of_another_version_is_borne(
    shell: Shell, answering: Callable[[dict[str, Any]], list[dict[str, Any]]], answer: dict[str, Any]
) -> None:
    """A daemon that was not restarted after an update may answer anything: one line and a hint, no traceback."""
    answering(answer)
    for command in ("status", "snooze", "snooze --cancel"):
        assert shell.run(*command.split()).code == 1


@pytest.mark.parametrize(
    ("arguments", "request_", "answer", "code", "said"),
    [
        ("snooze", {}, {"plugged_in": 1, "limit": 3600, "snoozed": [{"name": "Stick", "until": "2025-11-24T07:00:00Z"}]}, 0, "No reminders for Stick until 2025-11-24 07:00.\n"),
        ("snooze 30m", {"seconds": 1800}, {"plugged_in": 1, "limit": 3600, "snoozed": [{"name": "\x1b[m", "until": "2025-11-24T07:00:00Z"}]}, 0, "No reminders for [m until 2025-11-24 07:00.\n"),
        ("snooze", {}, {"plugged_in": 0, "limit": 3600, "snoozed": []}, 1, "unplugd: nothing is plugged in, so there is nothing to snooze\nhint: unplugd status\n"),
        ("snooze", {}, {"plugged_in": 1, "limit": 3600, "snoozed": []}, 1, "unplugd: no snooze time is left for this plug-in (limit: 1 h)\nhint: unplug the device\n"),
        ("snooze --cancel", {"cancel": True}, {"cancelled": ["Stick", "Meter"]}, 0, "Reminders are on again for Stick, Meter.\n"),
        ("snooze --cancel", {"cancel": True}, {"cancelled": []}, 0, "Nothing was snoozed.\n"),
    ],
)  # fmt: skip
def test_snooze_asks_and_tells(
    shell: Shell,
    answering: Callable[[dict[str, Any]], list[dict[str, Any]]],
    arguments: str,
    request_: dict[str, Any],
    answer: dict[str, Any],
    code: int,
    said: str,
) -> None:
    """What is snoozed until when, or why nothing is."""
    requests = answering(answer)
    assert shell.run(*arguments.split()) == (code, "", said)
    assert requests == [{"command": "snooze", **request_}]


def test_a_running_daemon_is_told_to_read_what_was_added(
    shell: Shell, answering: Callable[[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    """`add-uploader` works without a restart."""
    requests = answering({"problems": []})
    assert shell.run("config", "add-uploader", "x").code == 0
    assert requests == [{"command": "reload"}]


# --- run


def test_a_second_run_is_refused(shell: Shell) -> None:
    """It names the first, and takes nothing away from it: neither its socket nor its lock."""
    lock = Lock(shell.where.lock)
    shell.where.runtime.mkdir(parents=True)
    shell.where.control.touch()
    done = shell.run("run")
    assert done == (
        1,
        "",
        f"unplugd: unplugd is already running (process {os.getpid()})\nhint: unplugd status shows what it sees\n",
    )
    assert shell.where.control.exists()
    lock.release()


@pytest.mark.parametrize("blocked", [".local", ".local/state/unplugd/events.lock"])
def test_run_without_its_folders_says_which(shell: Shell, blocked: str) -> None:
    """A home that cannot be written to: what and a hint, without the user's name."""
    path = shell.home / blocked
    path.parent.mkdir(parents=True, exist_ok=True)
    if blocked.endswith("lock"):
        path.mkdir()
    else:
        path.write_text("")
    done = shell.run("run")
    assert done.code == 1
    assert done.stderr.startswith("unplugd: cannot start: ")
    assert "~/.local/state/unplugd" in done.stderr
    assert "of-ann" not in done.stderr


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "unplugd: watching; unplugd status shows what it sees\n"),
        # The service manager's own log already has a line for it.
        ({"UNPLUGD_SERVICE": "1"}, ""),
    ],
    ids=["by a person", "by a service manager"],
)
def test_run_into_a_log_says_that_it_watches(
    daemon: Daemon, server: Server, environment: dict[str, str], said: str
) -> None:
    """Whoever starts it without a terminal reads one line, which names no key that they cannot press."""
    assert not server.notifications
    daemon.environment |= environment
    daemon.start()
    assert daemon.stop() == 0
    assert daemon.stderr == said


# --- devices, on a machine that the test makes


class Machine:
    """The installed command, on that machine."""

    def __init__(self, usb: Testbed, home: Path) -> None:
        self.usb = usb
        self.home = home
        self.config = home / ".config/unplugd/config.toml"

    def run(self, *arguments: str) -> Done:
        environment = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            **self.usb.environment,
        }
        done = subprocess.run([UNPLUGD, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)  # fmt: skip
        assert "Traceback" not in done.stderr
        assert harmless(done.stdout + done.stderr)
        return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def machine(usb: Testbed, tmp_path: Path) -> Machine:
    need("umockdev-wrapper")
    return Machine(usb, tmp_path)


NEW = Model(0x0483, 0x5740, name='<b>[red]New\x1b[31m stick"\n', serial="SECRET")


def test_devices_are_listed_with_the_reason(machine: Machine) -> None:
    """Watched first, hubs last; whatever a device says of itself is shown as harmless text; no serial number."""
    machine.usb.plug(METER, "1-1.1")
    machine.usb.plug(NEW, "1-1.2")
    machine.usb.plug(MOUSE, "1-1.3")
    machine.usb.plug(Model(0x10C4, 0xEA60, name="x" * 60), "1-1.4")
    done = machine.run("devices")
    assert (done.code, done.stderr) == (0, "")
    flat = " ".join(done.stdout.split())
    for row in (
        "1-1.1 1a79:6210 Contour Next Link 2.4 watched: Contour Next Link 2.4",
        '1-1.2 0483:5740 <b>[red]New[31m stick" not watched: not on the list',
        "1-1.3 046d:c077 USB Optical Mouse not watched: not on the list",
    ):
        assert row in flat
    assert [line.split()[0] for line in done.stdout.splitlines() if re.match(r"\d-|usb", line)] == [
        "1-1.1",
        "1-1.2",
        "1-1.3",
        "1-1.4",
        "1-1",
        "usb1",
    ]
    assert "SECRET" not in done.stdout
    rows = json.loads(machine.run("devices", "--json").stdout)
    assert rows[0] == {
        "device": "1-1.1", "id": "1a79:6210", "product": "Contour Next Link 2.4", "watched": True,
        "why": "watched: Contour Next Link 2.4",
    }  # fmt: skip
    assert [row["watched"] for row in rows] == [True, False, False, False, False, False]


def test_a_pipe_gets_the_whole_list(machine: Machine) -> None:
    """No word of it is cut or broken to the width of a terminal that is not there."""
    machine.usb.plug(Model(0x10C4, 0xEA60, name="x" * 60), "1-1.4")
    lines = machine.run("devices").stdout.splitlines()
    (line,) = [line for line in lines if "10c4:ea60" in line]
    assert "x" * 60 in line
    assert line.rstrip().endswith("not watched: an id that many different devices have")


def test_learn_adds_a_device_that_is_plugged_in(machine: Machine) -> None:
    """By its id; from then on it is watched, under its own harmless name or the one that was given."""
    machine.usb.plug(NEW, "1-1.2")
    done = machine.run("devices", "learn", "0483:5740")
    assert (done.code, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        '0483:5740 on port 1-1.2: <b>[red]New[31m stick"',
        '<b>[red]New[31m stick" (0483:5740) is now watched.',
    ]
    assert load_settings(machine.config).watches[0].name == '<b>[red]New[31m stick"'
    assert json.loads(machine.run("devices", "--json").stdout)[0]["id"] == "0483:5740"
    done = machine.run("devices", "learn", "0483:5740", "--name", "Other")
    assert done.stderr.splitlines()[-1] == 'Already watched, as <b>[red]New[31m stick".'


def test_learn_can_name_it(machine: Machine) -> None:
    """Also in capitals, also one that is on the list and off."""
    machine.usb.plug(Model(0x1A79, 0x6300), "1-1.2")
    assert machine.run("devices", "learn", "1A79:6300", "--name", "My meter").code == 0
    assert load_settings(machine.config).watches[0].name == "My meter"


@pytest.mark.parametrize(
    ("model", "usb_id", "why"),
    [
        (HUB, "05e3:0608", "that is a USB hub"),
        (Model(0x10C4, 0xEA60), "10c4:ea60", "is the id of a chip used in many different devices"),
    ],
)
def test_learn_refuses_what_would_be_wrong(machine: Machine, model: Model, usb_id: str, why: str) -> None:
    """With the reason; nothing is written."""
    machine.usb.plug(model, "1-1.4")
    done = machine.run("devices", "learn", usb_id)
    assert done.code == 1
    assert why in done.stderr
    assert not machine.config.exists()


def test_learn_sees_what_is_plugged_in_now(machine: Machine) -> None:
    """Without an id: what was there before is not meant."""
    machine.usb.plug(MOUSE, "1-1.3")
    environment = {
        "HOME": str(machine.home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        **machine.usb.environment,
    }
    with subprocess.Popen(
        [UNPLUGD, "devices", "learn"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("Plug the device in now")
        machine.usb.plug(NEW, "1-1.2")
        said = process.stderr.read()
        assert process.wait(10) == 0
    assert "0483:5740 on port 1-1.2" in said
    assert load_settings(machine.config).watches[0].product == 0x5740


def test_learn_ends_at_ctrl_c(machine: Machine) -> None:
    """Status 130, and nothing is written."""
    environment = {"HOME": str(machine.home), "PATH": os.environ["PATH"], **machine.usb.environment}
    with subprocess.Popen(
        [UNPLUGD, "devices", "learn"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr.read() == ""
    assert not machine.config.exists()


# --- the doctor's exit status


def test_doctor_ends_with_one_where_something_fails(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each failure with its hint; as JSON a row for each layer."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere")
    done = shell.run("doctor", "--json")
    assert (done.code, done.stderr) == (1, "")
    rows = {row["layer"]: row for row in json.loads(done.stdout)}
    assert (rows["daemon"]["ok"], rows["use detection"]["ok"]) == (False, True)
    done = shell.run("doctor")
    assert done.code == 1
    assert "NO  daemon: unplugd is not running\n      hint: unplugd service install\n" in done.stdout


# --- what the daemon says to a person who may not be there


def heard(terminal: int) -> bytes:
    """Return a line from a terminal, which comes in pieces."""
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(terminal, 100)
    return line


def test_a_halted_terminal_does_not_halt_who_talks_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-S nothing is written, and nobody waits; when it is gone, nothing happens either."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        say_without_waiting("seen")
        assert heard(ours) == b"seen\r\n"
        termios.tcflow(theirs, termios.TCOOFF)
        say_without_waiting("not seen")
        termios.tcflow(theirs, termios.TCOON)
        say_without_waiting("seen again")
        assert heard(ours) == b"seen again\r\n"
        os.close(ours)
        say_without_waiting("to nobody")


def test_a_reader_that_has_gone_ends_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe without a reader, and no stderr at all."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stderr", pipe)
        say_without_waiting("to nobody")
    monkeypatch.setattr(sys, "stderr", None)
    say_without_waiting("to nobody")
