"""Whatever is in a journal, and whatever stands where one should be: every format comes out harmless, or says why not."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.rig import harmless
from tests.rig.daemon import Done
from tests.rig.wait import GIVE_UP
from unplugd.cli import dispatch
from unplugd.journal import plan, sources
from unplugd.journal.plan import SCAN_ALL_BYTES
from unplugd.journal.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NOON: Final = 1_790_000_000.0
NOBODY: Final = 65534
MEGABYTE: Final = 1_000_000
FORMATS: Final = {
    "log": ("log",),
    "log backwards": ("log", "--last", "30"),
    "log as JSON Lines": ("log", "--format", "jsonl"),
    "log as a table": ("log", "--format", "csv"),
    "report": ("report",),
    "report to share": ("report", "--share"),
    "report as JSON": ("report", "--json"),
    "report as JSON to share": ("report", "--share", "--json"),
    "page": ("report", "--html", "page.html"),
    "page to share": ("report", "--share", "--html", "page.html"),
}


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Return what runs the real program for a user in Berlin, and fails where anything that it says could do harm."""
    for name in ("HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    monkeypatch.chdir(tmp_path)

    def run(arguments: Iterable[str], *files: Path) -> Done:
        capfd.readouterr()
        code = dispatch.main([*arguments, *map(str, files)])
        done = Done(code, *capfd.readouterr())
        assert "Traceback" not in done.stderr
        harmless.on_terminal(done.stderr)
        if not {"csv", "jsonl"} & set(arguments):
            harmless.on_terminal(done.stdout)
        return done

    return run


def checked(form: str, done: Done) -> Any:
    """Return what a format holds, read as strictly as that can be."""
    if form == "log as JSON Lines":
        return harmless.as_json_lines(done.stdout)
    if form == "log as a table":
        return harmless.as_table(done.stdout)
    if "JSON" in form:
        found = harmless.as_json(done.stdout)
        harmless.adds_up(found)
        return found
    if "page" in form:
        return harmless.as_page(Path("page.html").read_text(encoding="utf-8"))
    return done.stdout


# --- what is in a journal


def event(what: str, at: float, **fields: Any) -> dict[str, Any]:
    """Return an event so many seconds after a noon."""
    head = {"time": format_timestamp(NOON + at), "event": what, "host": "ann", "boot": "b", "schema": 1}
    return {**head, "uptime": 1000.0 + at, **fields}


def tale(text: str) -> list[dict[str, Any]]:
    """Return a plug-in with all that belongs to it, in which every text is this one."""
    about = {"device": text, "id": text, "name": text, "host": text, "boot": text}
    by = {"program": text, "evidence": text}
    return [
        event("started", 0, host=text, boot=text, version=text),
        event("plugged_in", 10, **about),
        event("use_began", 20, **about, **by),
        event("use_ended", 50, **about, **by, used_for=30),
        event("stranger", 60, **about, **by, how=text),
        event(
            "reminded",
            90,
            **{**about, "device": ""},
            count=1,
            urgency=text,
            channel=text,
            devices=[text],
            due=[text],
        ),
        event("delivery_failed", 91, **about, channel=text, error=text),
        event("reminder_ended", 95, **about, outcome=text),
        event("snoozed", 96, **about, snoozed_for=5),
        event("snooze_ended", 101, **about, snoozed_for=5, how=text),
        event(text, 102, **about),
        event("unplugged", 200, **about, plugged_for=190, idle_for=160),
        event("gap", 210, host=text, boot=text, lost=3, **{"from": text, "until": text}),
        event("stopped", 220, host=text, boot=text, reason=text, **{text: text}),
    ]


def lined(events: Iterable[dict[str, Any]], *, ascii_: bool = True) -> bytes:
    """Return events as lines."""
    written = (json.dumps(one, ensure_ascii=ascii_) + "\n" for one in events)
    return "".join(written).encode(errors="surrogatepass")


TEXTS: Final = {
    "script": "<script>alert(1)</script>",
    "markup": "</title></style></svg><h1>mine</h1><img src=x onerror=alert(1)>",
    "attribute": "\"' onmouseover='alert(1)' x=\"",
    "entities": "&lt;script&gt;&#60;b&#x3e;",
    "comment": "--><!--]]><![CDATA[",
    "escapes": "\x1b[2J\x1b]0;title\x07\x1b]52;c;cm0gLXJm\x07\x9b31m\x85\x90q\x9c",
    "direction": "\u202egpj.exe\u2066\u2069\u200f\u061c\u200b\ufeff\U000e0041",
    "formula": "=cmd|' /C calc'!A0",
    "plus": "+1+1",
    "minus": "-1+1|x",
    "at": "@SUM(A1)",
    "hidden formula": "\t\r\n =1+1",
    "wide formula": "\uff1d1+1",
    "quotes": '",\r\n"=1+1"',
    "zeroes": "\0\0=1\0",
    "lines": "a\r\nb\u2028c\u2029d\x0be\x0cf",
    "half a letter": "a\ud800b\udfff",
    "rich markup": "[bold red]x[/] :bomb: [link=file:///]",
    "template": "%s %(x)s {0} {x.__class__}",
    "long": "x" * 5000,
    "wide": "\u6f22" * 200,
    "marks": "e" + "\u0301" * 300,
    "nothing": "",
    "spaces": " \u00a0\u3000 ",
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("text", TEXTS)
def test_names_are_only_names(run: Callable[..., Done], tmp_path: Path, form: str, text: str) -> None:
    """Whatever computers, devices and programs are called, by letters or by numbers of letters."""
    events = tale(TEXTS[text])
    # One more, so that tables of computers and devices are there.
    events += [
        event("plugged_in", 300, device="1-1", host="bea"),
        event("unplugged", 400, device="1-1", host="bea"),
    ]
    file = tmp_path / "events.jsonl"
    file.write_bytes(lined(events) + lined(events[1:3], ascii_=False))
    done = run(FORMATS[form], file)
    assert done.code == 0
    found = checked(form, done)
    if form == "log as a table" and text == "formula":
        assert {row["program"] for row in found} == {"", f"'{TEXTS[text]}"}
    if "to share" in form:
        assert "alert" not in done.stdout
        assert "SUM" not in done.stdout


NUMBERS: Final = (
    *("1e308", "-1e308", "1e999", "-1e999", "1e-300", "-0.0", "NaN", "Infinity", "-Infinity"),
    *(str(10**400), str(-(10**400)), "9" * 4000, "9" * 5000, str(2**63), str(2**64), "1e9", "-1", "0"),
)
TIMES: Final = (
    *(
        "0001-01-01T00:00:00.000Z",
        "0000-01-01T00:00:00.000Z",
        "9999-12-31T23:59:59.999Z",
        "1969-12-31T23:59:59.999Z",
    ),
    *(
        "275760-09-13T00:00:00.000Z",
        "-271821-04-20T00:00:00.000Z",
        "2026-02-30T00:00:00.000Z",
        "1e3",
        "",
        "now",
    ),
    *(
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-10-01T00:00:60.000Z",
        "2026-W40-1",
        "20261001",
    ),
)


def numbers() -> bytes:
    """Return events in which any number is any of these."""
    found = []
    fields = (
        "uptime",
        "plugged_for",
        "idle_for",
        "used_for",
        "snoozed_for",
        "slept_for",
        "count",
        "lost",
        "schema",
    )
    for at, number in enumerate(NUMBERS):
        for one in tale("1-1.2"):
            one = {**one, "time": format_timestamp(NOON + at * 1000)}  # noqa: PLW2901 - the same with another time
            for field in fields:
                if field in one or field == "uptime":
                    raw = json.dumps({**one, field: "HERE"}).replace('"HERE"', number)
                    found.append(raw.encode() + b"\n")
    return b"".join(found)


def times() -> bytes:
    """Return events at any of these times, with an uptime and without."""
    found: list[dict[str, Any]] = []
    for at in TIMES:
        for one in tale("1-1.2"):
            found += [
                {**one, "time": at},
                {name: value for name, value in one.items() if name != "uptime"} | {"time": at},
            ]
    return lined(found)


def back_and_forth() -> bytes:
    """Return events without uptime, whose clock goes from one end of time to the other again and again."""
    ends = ("1970-01-01T00:00:00.000Z", "2286-11-20T17:46:39.000Z")
    events = [one | {"time": ends[at % 2], "n": at} for at, one in enumerate(tale("1-1.2") * 40)]
    return lined({name: value for name, value in one.items() if name != "uptime"} for one in events)


def deep() -> bytes:
    """Return events with lists in lists, up to any depth that something on the way bears or does not bear."""
    found: list[bytes] = []
    for depth in (10, 200, 450, 600, 800, 900, 940, 960, 970, 980, 990, 1000, 3000, 30_000):
        for inner in ("1", "NaN", '"\x7f"'):
            nested = "[" * depth + inner + "]" * depth
            objects = '{"a":' * depth + inner + "}" * depth
            for what in (nested, objects):
                for field in ("name", "devices", "program", "new", "event", "count"):
                    one = json.dumps(event("reminded", len(found), device="1-1", new="") | {field: "HERE"})
                    found.append(one.replace('"HERE"', what).encode() + b"\n")
    return b"".join(found)


def lots(what: str) -> bytes:
    """Return 10,000 computers or devices, each plugged in and unplugged."""
    chosen = range(10_000)
    events = [
        event("plugged_in", n / 10, **{"device": "1", "name": f"n{n}"} | {what: f"{what} {n}"})
        for n in chosen
    ]
    events += [event("unplugged", 2000 + n / 10, **{"device": "1"} | {what: f"{what} {n}"}) for n in chosen]
    return lined(events)


GOOD: Final = lined(tale("1-1.2"))
CONTENTS: Final[dict[str, Callable[[], bytes]]] = {
    "numbers": numbers,
    "times": times,
    "back and forth": back_and_forth,
    "deep": deep,
    "nothing": lambda: b"",
    "one line end": lambda: b"\n",
    "a megabyte on a line": lambda: GOOD + b'{"time":"' + b"x" * MEGABYTE + b'"}\n' + GOOD,
    "a megabyte without an end": lambda: GOOD + b"{" * MEGABYTE,
    "a megabyte of escapes": lambda: b"\x1b[31m" * 200_000,
    "invalid UTF-8": lambda: GOOD.replace(b"1-1.2", b"\xff\xfe\xc0\xaf\xed\xa0\x80\xf5"),
    "half letters": lambda: GOOD.replace(b"1-1.2", rb"\ud800\udc00\udfff"),
    "zeroes": lambda: GOOD + b"\0" * 5000 + b"\n" + GOOD.replace(b"1-1.2", b"\0"),
    "zeroes by number": lambda: GOOD.replace(b"1-1.2", rb"\u0000\u001b"),
    "carriage returns": lambda: GOOD.replace(b"\n", b"\r\n"),
    "carriage returns inside": lambda: GOOD.replace(b", ", b",\r"),
    "spaces inside": lambda: GOOD.replace(b", ", b" \t, "),
    "only carriage returns": lambda: GOOD.replace(b"\n", b"\r"),
    "a byte-order mark": lambda: b"\xef\xbb\xbf" + GOOD,
    "UTF-16": lambda: GOOD.decode().encode("utf-16"),
    "UTF-16, the other end first": lambda: b"\xfe\xff" + GOOD.decode().encode("utf-16-be"),
    "UTF-32": lambda: GOOD.decode().encode("utf-32"),
    "delete": lambda: GOOD.replace(b"1-1.2", b"\x7f"),
    "backwards": lambda: b"".join(reversed(GOOD.splitlines(keepends=True))),
    "not JSON": lambda: Path(sys.executable).read_bytes()[:300_000],
    "words that JSON does not have": lambda: GOOD.replace(b"1000.0", b"NaN").replace(b"1-1.2", b"Infinity"),
    "keys twice": lambda: GOOD.replace(b"}", b', "name": "\\u001b[1m", "event": "\\u001b"}'),
}
MANY: Final[dict[str, Callable[[], bytes]]] = {
    "ten thousand computers": lambda: lots("host"),
    "ten thousand devices": lambda: lots("device"),
    "ten thousand boots": lambda: lots("boot"),
    "deep": deep,
    "a megabyte without an end": CONTENTS["a megabyte without an end"],
    "thirty megabytes without an end": lambda: b"{" * 30 * MEGABYTE,
}
BOUNDED: Final = """
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, (250_000_000, 250_000_000))
from unplugd.cli import main
sys.exit(main(sys.argv[1:]))
"""


@cache
def content(name: str) -> bytes:
    """Return the bytes of a journal."""
    return (CONTENTS | MANY)[name]()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", CONTENTS)
def test_any_content_is_harmless(run: Callable[..., Done], tmp_path: Path, form: str, name: str) -> None:
    """It is read, or counted and left out: one short line for each kind of trouble."""
    file = tmp_path / "events.jsonl"
    file.write_bytes(content(name))
    done = run(FORMATS[form], file)
    assert done.code == 0
    assert done.stderr.count("\n") <= 8
    assert max(map(len, done.stderr.splitlines()), default=0) < 200
    checked(form, done)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not keep to the limit")
@pytest.mark.parametrize("form", ["log as JSON Lines", "report", "page"])
@pytest.mark.parametrize("name", MANY)
def test_memory_is_bounded(tmp_path: Path, form: str, name: str) -> None:
    """250 MB are enough for whatever it is, and nothing is told but what is wrong with the lines."""
    file = tmp_path / "events.jsonl"
    file.write_bytes(content(name))
    command = [sys.executable, "-c", BOUNDED, *FORMATS[form], str(file)]
    environment = {**os.environ, "HOME": str(tmp_path), "TZ": "UTC"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=GIVE_UP
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stderr.count("\n") <= 8


def test_ages_are_not_believed(run: Callable[..., Done], tmp_path: Path) -> None:
    """A clock that goes to and fro between 1970 and 2286 is not added up to thousands of years."""
    (tmp_path / "events.jsonl").write_bytes(back_and_forth())
    found = checked("report as JSON", run(FORMATS["report as JSON"], tmp_path / "events.jsonl"))
    assert found["notes"]["no_time"] > 200
    assert found["total"]["plugged_for"] <= 1e9


def test_many_computers_need_few_descriptors(run: Callable[..., Done], tmp_path: Path) -> None:
    """Interleaved computers are told in order of time, though there are more of them than files may be open."""
    file = tmp_path / "events.jsonl"
    file.write_bytes(content("ten thousand computers"))
    done = run(FORMATS["log as JSON Lines"], file)
    assert done.stderr == ""
    assert done.stdout.encode() == content("ten thousand computers")


def test_nothing_of_a_port_is_shared(run: Callable[..., Done], tmp_path: Path) -> None:
    """A port is shared where it is one; by other programs anything can stand there."""
    file = tmp_path / "events.jsonl"
    file.write_bytes(lined([*tale("1-1.2"), *tale("anna's desk")]))
    found = checked("report as JSON to share", run(FORMATS["report as JSON to share"], file))
    assert {period["device"] for period in found["periods"]} == {"1-1.2", ""}
    assert "anna" not in json.dumps(found)


# --- what stands where a journal should be


def fifo(place: Path) -> Path:
    """Return a pipe that nobody ever writes to."""
    os.mkfifo(place)
    return place


def loop(place: Path) -> Path:
    """Return a link to itself."""
    place.symlink_to(place)
    return place


def listener(place: Path) -> Path:
    """Return a socket's file."""
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(place))
    return place


def folder(place: Path) -> Path:
    """Return a folder without a journal, but with a folder that is called like one."""
    (place / "events.jsonl").mkdir(parents=True)
    return place


THINGS: Final[dict[str, tuple[Callable[[Path], Path], str]]] = {
    "a pipe": (fifo, "it is a pipe, not a file"),
    "a loop": (loop, "Too many levels of symbolic links"),
    "a socket": (listener, "it is a socket, not a file"),
    "a folder": (folder, "no journal in this folder"),
    "nothing": (lambda place: place, "no such file"),
    "endless zeroes": (lambda _: Path("/dev/zero"), "it is a device, not a file"),
    "a terminal": (lambda _: Path("/dev/tty"), ""),
    "a long name": (lambda place: place.with_name("x" * 300), "File name too long"),
    "a pattern": (lambda place: place / "*.jsonl", "no such file"),
    "a hostile name": (lambda place: place / "\x1b[31m\u202e\n=x", "no such file"),
    "a zero byte": (lambda place: place / "a\0b", "zero byte"),
    "a file as a folder": (lambda _: Path(sys.executable) / "events.jsonl", ""),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", THINGS)
def test_what_is_no_journal_is_told_in_a_line(
    run: Callable[..., Done], tmp_path: Path, form: str, name: str
) -> None:
    """With a hint where nothing else could be read; else the rest is told."""
    make, reason = THINGS[name]
    thing = make(tmp_path / "thing")
    alone = run(FORMATS[form], thing)
    assert alone.code == 1
    assert alone.stdout == ""
    what, hint = alone.stderr.splitlines()
    assert what.startswith("unplugd: ")
    assert reason in what
    assert hint == f"hint: {sources.HINT}"
    good = tmp_path / "good.jsonl"
    good.write_bytes(GOOD)
    beside = run(FORMATS[form], thing, good)
    assert beside.code == 0
    assert beside.stderr.splitlines()[0] == what
    assert len(beside.stderr.splitlines()) <= 2
    checked(form, beside)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("shut", ["file", "folder"])
def test_without_permission_it_is_told(
    run: Callable[..., Done], open_folder: Path, form: str, shut: str
) -> None:
    """As another user: a line of what, and a line of what helps."""
    place = open_folder / "shut"
    place.mkdir()
    file = place / "events.jsonl"
    file.write_bytes(GOOD)
    # Python's own files may not be for everybody to read: what the command loads is loaded before.
    assert run(FORMATS[form], file).code == 0
    (file if shut == "file" else place).chmod(0)
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        done = run(FORMATS[form], file)
    finally:
        os.seteuid(0)
        os.setegid(0)
    what, hint = done.stderr.splitlines()
    assert (done.code, done.stdout) == (1, "")
    assert what.startswith("unplugd: ")
    assert what.endswith(": Permission denied")
    assert hint.startswith("hint: ")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("exact", [SCAN_ALL_BYTES, 0])
def test_a_file_that_vanishes_is_told(
    run: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, exact: int
) -> None:
    """It was there when it was found, and is gone when it is to be read: a line says so, and the rest is told."""
    monkeypatch.setattr(plan, "SCAN_ALL_BYTES", exact)
    gone, good = tmp_path / "gone.jsonl", tmp_path / "good.jsonl"
    gone.write_bytes(GOOD * 20)
    good.write_bytes(GOOD * 20)
    find = sources.find_sources

    def found(*arguments: Any) -> list[sources.Source]:
        told = find(*arguments)
        gone.unlink()
        return told

    monkeypatch.setattr(sources, "find_sources", found)
    done = run(FORMATS[form], gone, good)
    assert done.code == 0
    assert done.stderr.count("gone.jsonl: no such file") == 1
    checked(form, done)
