"""`unplugd log` in a terminal, with a pager, and while the journal is written."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import pytest

from tests.unit.cli.test_log_reading import DAY, EVENTS, LAST

if TYPE_CHECKING:
    from collections.abc import Iterator


from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests import PROJECT
from tests.rig import journal_maker
from tests.rig.screen import on_terminal
from tests.rig.tools import need
from tests.rig.wait import GIVE_UP, wait_until
from tests.unit.cli.test_log import TALE, Reader, number

if TYPE_CHECKING:
    from collections.abc import Iterator

UNPLUGD = str(Path(sys.executable).with_name("unplugd"))


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Reader:
    """Return a person at home, in UTC."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return Reader(tmp_path, capfd)


# --- on a terminal


def surroundings(home: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(home), "PATH": os.environ["PATH"], "TZ": "UTC", "TERM": "xterm", "PYTHONUTF8": "1", **more}  # fmt: skip


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_lines_fit_the_terminal(reader: Reader, columns: int) -> None:
    """Long sentences go on below, beside their line; in colour."""
    file = reader.file(*TALE)
    # It adds nothing of its own.
    environment = surroundings(reader.home, PAGER="cat")
    shown = on_terminal([UNPLUGD, "log", str(file)], columns, environment)
    assert "\x1b[" in shown
    plain = on_terminal([UNPLUGD, "log", str(file)], columns, {**environment, "NO_COLOR": "1"})
    assert "\x1b[" not in plain
    assert max(map(len, plain.splitlines())) <= columns
    assert ("holds the device open)" in plain) == (columns != 60) or "open)" in plain


def test_a_long_journal_goes_through_the_pager(reader: Reader) -> None:
    """The one that is chosen; only on a terminal that can do more than print."""
    (folder,) = journal_maker.make(reader.home, 3000)
    pager = reader.home / "pager"
    pager.write_text("#!/bin/sh\necho PAGED; exec head -3\n")
    pager.chmod(0o755)
    environment = surroundings(reader.home, PAGER=f"{pager} -x")
    paged = on_terminal([UNPLUGD, "log", str(folder)], 80, environment)
    assert (paged.splitlines()[0], len(paged.splitlines())) == ("PAGED", 4)
    assert "PAGED" not in on_terminal([UNPLUGD, "log", str(folder)], 80, {**environment, "TERM": "dumb"})
    piped = subprocess.run([UNPLUGD, "log", folder], env=environment, capture_output=True, check=True)
    assert b"PAGED" not in piped.stdout


def test_less_shows_what_fits_and_ends(reader: Reader) -> None:
    """No key has to be pressed for a few lines; of more it shows a screen, and leaving it then is no error."""
    (folder,) = journal_maker.make(reader.home, 3000)
    few = on_terminal([UNPLUGD, "log", "--last", "3", str(folder)], 80, surroundings(reader.home))
    assert few.count("\n") >= 3
    many = on_terminal([UNPLUGD, "log", str(folder)], 80, surroundings(reader.home), b"q")
    assert 20 < many.count("\n") < 30
    assert "Traceback" not in many


@pytest.mark.parametrize("pager", ["/no/such/pager", "", "'"])
def test_without_a_pager_the_terminal_scrolls(reader: Reader, pager: str) -> None:
    (folder,) = journal_maker.make(reader.home, 1000)
    shown = on_terminal([UNPLUGD, "log", str(folder)], 80, surroundings(reader.home, PAGER=pager))
    assert shown.count("\n") > 24


# --- following


class Followed:
    """`unplugd log --follow` in a process of its own, and what it has shown."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        assert process.stdout
        self._descriptor = process.stdout.fileno()
        os.set_blocking(self._descriptor, False)
        self._read = bytearray()

    def numbers(self) -> list[int]:
        with suppress(BlockingIOError):
            while more := os.read(self._descriptor, 65536):
                self._read.extend(more)
        return [json.loads(line)["number"] for line in self._read.splitlines() if line.endswith(b"}")]

    def wait_for(self, expected: list[int], what: str) -> None:
        wait_until(lambda: self.numbers() == expected or len(self.numbers()) > len(expected), what)
        assert self.numbers() == expected, what


@contextmanager
def following(home: Path, *arguments: str | Path) -> Iterator[Followed]:
    command = [UNPLUGD, "log", "--follow", "--format", "jsonl", *map(str, arguments)]
    with subprocess.Popen(
        command, env=surroundings(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield Followed(process)
            process.send_signal(signal.SIGINT)
            assert process.wait(GIVE_UP) == 130
            assert process.stderr
            assert b"Traceback" not in process.stderr.read()
        finally:
            process.kill()


def test_what_comes_is_told_once(tmp_path: Path) -> None:
    """Through a torn write, two rotations, a cut, a removal; each event once, and none is missed."""
    file = tmp_path / "events.jsonl"
    file.write_text(number(0))
    with following(tmp_path, file) as log:
        log.wait_for([0], "what was there")
        with file.open("a") as writing:
            writing.write(number(1)[:30])
            writing.flush()
            writing.write(number(1)[30:] + "no event\n")
        log.wait_for([0, 1], "a line written in two parts")
        writing = file.open("a")
        file.rename(f"{file}.2")
        (tmp_path / "events.jsonl.1").write_text(number(3))
        file.write_text(number(4))
        log.wait_for([0, 1, 3, 4], "two rotations at once")
        writing.close()
        file.write_text("")
        file.write_text(number(5)[:-1].replace("stranger", "gap") + "\n")
        log.wait_for([0, 1, 3, 4, 5], "the file cut")
        file.unlink()
        file.write_text(number(6))
        log.wait_for([0, 1, 3, 4, 5, 6], "another file in its place")


def test_a_journal_that_is_not_there_yet_is_followed(tmp_path: Path) -> None:
    file = tmp_path / "folder/events.jsonl"
    with following(tmp_path, file) as log:
        assert log.process.stderr
        assert b"no such file" in log.process.stderr.readline()
        file.parent.mkdir()
        file.write_text(number(1))
        log.wait_for([1], "the first event")


def test_nothing_is_missed_between_reading_and_following(tmp_path: Path) -> None:
    """While old events are read somebody writes and rotates as fast as can be."""
    script = (
        "import sys, json, pathlib; from unplugd.journal.writer import JournalFile\n"
        "from tests.unit.cli.test_log import number\n"
        "file = JournalFile(pathlib.Path(sys.argv[1]), rotate_at=60_000)\n"
        "for at in range(3000): file.msg(number(at).strip())"
    )
    file = tmp_path / "events.jsonl"
    with subprocess.Popen([sys.executable, "-c", script, file], cwd=PROJECT) as writer:
        wait_until(file.exists, "the first event")
        with following(tmp_path, file.parent) as log:
            assert writer.wait(GIVE_UP) == 0
            wait_until(lambda: log.numbers()[-1:] == [2999], "the last event")
            assert log.numbers() == list(range(3000))


def test_follow_ends_when_nobody_reads(tmp_path: Path) -> None:
    """`unplugd log --follow | head -1` ends, though nothing comes any more."""
    file = tmp_path / "events.jsonl"
    file.write_text(number(0))
    command = (
        f"{quote(UNPLUGD)} log --follow --format jsonl {quote(str(file))} | head -1; echo ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", command], env=surroundings(tmp_path), capture_output=True, text=True, timeout=GIVE_UP, check=False)  # fmt: skip
    assert (done.stdout, done.stderr) == (f"{number(0)}0\n", "")


def test_log_bears_an_endless_line(tmp_path: Path) -> None:
    """A file of one line of many megabytes does not fill the memory, nor hide what comes after it."""
    file = tmp_path / "events.jsonl"
    with file.open("wb") as writing:
        writing.truncate(300_000_000)
        writing.seek(0, os.SEEK_END)
        writing.write(b"\n" + json.dumps(EVENTS[3]).encode() + b"\n")
    command = f"ulimit -v 250000; {quote(UNPLUGD)} log {quote(str(file))}"
    environment = {"HOME": "/nowhere", "PATH": os.environ["PATH"], "TZ": "UTC", "PYTHONUTF8": "1"}
    done = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, timeout=GIVE_UP, check=False
    )
    assert done.stdout == f"{DAY}\n  06:07:00  └ {LAST}\n"
    assert done.stderr == "unplugd: One line of the journal is too long and was skipped.\n"


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    """`unplugd log | head -1` ends quietly."""
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps({**EVENTS[0], "version": f"{n}"}) + "\n" for n in range(50_000)))
    command = f"{quote(UNPLUGD)} log {quote(str(file))} | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env={"HOME": "/nowhere", "PATH": os.environ["PATH"], "TZ": "UTC", "PYTHONUTF8": "1"}, capture_output=True, text=True, timeout=GIVE_UP, check=False)  # fmt: skip
    assert (done.stdout, done.stderr) == (f"{DAY}\n0\n", "")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "command",
    [
        "cat {0} | {1} log --format jsonl -",
        "cat {0} | {1} log --format jsonl /dev/stdin",
        "{1} log --format jsonl <(cat {0})",
        "{1} log --format jsonl - < {0}",
    ],
)
def test_a_journal_that_comes_through_a_pipe(tmp_path: Path, command: str, packed: bool) -> None:
    """From another program, compressed or not; no copy of it stays behind."""
    need("bash")
    content = "".join(json.dumps(event) + "\n" for event in EVENTS).encode()
    file = tmp_path / "journal"
    file.write_bytes(gzip.compress(content) if packed else content)
    (tmp_path / "tmp").mkdir()
    done = subprocess.run(
        ["bash", "-c", command.format(quote(str(file)), quote(str(UNPLUGD)))],
        env={"HOME": "/nowhere", "PATH": os.environ["PATH"], "TMPDIR": str(tmp_path / "tmp")},
        capture_output=True,
        timeout=GIVE_UP,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert [json.loads(line) for line in done.stdout.splitlines()] == EVENTS
    assert not list((tmp_path / "tmp").iterdir())


def test_a_device_for_stdin_is_no_journal(tmp_path: Path) -> None:
    """As in a job of cron's, which has none: one line, and nothing waits."""
    done = subprocess.run(
        [UNPLUGD, "log", "-"],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=GIVE_UP,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("unplugd: -: it is a device, not a file\nhint: ")


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "ascii"])
def test_a_table_for_excel_says_that_it_is_utf_8(tmp_path: Path, encoding: str) -> None:
    """With --bom every letter arrives, in any locale; without it programs find "time" in the first column."""
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps({**EVENTS[1], "name": "Zähler"}, ensure_ascii=False) + "\n", encoding="utf-8")
    environment = {"HOME": "/nowhere", "PATH": os.environ["PATH"], "PYTHONIOENCODING": encoding}
    command = [str(UNPLUGD), "log", "--format", "csv", str(file)]
    table = subprocess.check_output([*command, "--bom"], env=environment, timeout=GIVE_UP)
    assert table.startswith(b"\xef\xbb\xbftime,event,")
    assert "Zähler" in table.decode()
    assert subprocess.check_output(command, env=environment, timeout=GIVE_UP).startswith(b"time,event,")


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
            timeout=GIVE_UP,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"1-1.2" in done.stdout
