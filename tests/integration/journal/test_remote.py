"""Journals that are elsewhere: memory, a web server and an SSH server give the report that their files give."""

from __future__ import annotations

import base64
import functools
import gzip
import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.rig import journal_maker
from tests.rig.cluster import Cluster
from tests.rig.report_command import MONTH, make_user
from tests.rig.ssh_server import start_ssh_server
from tests.rig.wait import GIVE_UP
from unplugd.errors import Failure
from unplugd.journal import sources, spool
from unplugd.journal.plan import Planner
from unplugd.journal.streams import ignore_error
from unplugd.journal.url import COPIES, Url, parse_place
from unplugd.review import parallel
from unplugd.review.fleet_builder import Interval, build_fleet
from unplugd.review.fleet_reader import Question, read_fleet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.rig.daemon import Done

fsspec = pytest.importorskip("fsspec")
pytest.importorskip("aiohttp")
WORD = "open sesame/@"


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Return what runs `unplugd report` for a user in Berlin, with a folder of their own for copies."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return make_user(tmp_path, monkeypatch, capsys)


@pytest.fixture
def station(tmp_path: Path) -> Path:
    """Return a folder with journals as they lie at a station: rotated, compressed, one in a folder below."""
    folder = tmp_path / "station 1"
    (folder / "below").mkdir(parents=True)
    lines = MONTH.read_bytes().splitlines(keepends=True)
    (folder / "events.jsonl.2.gz").write_bytes(gzip.compress(b"".join(lines[:20])))
    (folder / "events.jsonl.1").write_bytes(b"".join(lines[20:40]))
    (folder / "events.jsonl").write_bytes(b"".join(lines[40:]))
    (folder / "notes.txt").write_text("not a journal")
    other = b"".join(lines).replace(b"anna-laptop", b"bert-laptop")
    (folder / "below/events.jsonl").write_bytes(other)
    return folder


class Web(SimpleHTTPRequestHandler):
    """Serves a folder; some files only with the password, one only in part."""

    def do_GET(self) -> None:
        if "locked" in self.path:
            given = self.headers.get("Authorization", "").removeprefix("Basic ")
            if base64.b64decode(given).decode() != f"ann:{WORD}":
                self.send_error(403)
                return
        if "broken" in self.path:
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            self.wfile.write(MONTH.read_bytes()[:2000])
            return
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def web(tmp_path: Path, station: Path) -> Iterator[str]:
    """Yield the address of a web server that serves the folder of all stations."""
    for name in ("locked.jsonl", "broken.jsonl"):
        (tmp_path / name).write_bytes(MONTH.read_bytes())
    assert station.parent == tmp_path
    handler = functools.partial(Web, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def report(run: Callable[..., Done], *places: str | Path) -> dict[str, Any]:
    """Return the report on these as JSON; nothing is said."""
    done = run("--json", *places)
    assert (done.code, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def put_into_memory(folder: Path) -> str:
    """Copy a folder into fsspec's memory; return its address."""
    memory = fsspec.filesystem("memory")
    for file in (path for path in folder.rglob("*") if path.is_file()):
        memory.pipe(f"/stations/{file.relative_to(folder.parent)}", file.read_bytes())
    return f"memory://stations/{folder.name}"


def test_memory(run: Callable[..., Done], station: Path) -> None:
    """A folder, a file and a pattern mean what they mean here; rotated files belong together."""
    place = put_into_memory(station)
    whole = report(run, station)
    assert {one["host"] for one in whole["computers"]} == {"anna-laptop", "bert-laptop"}
    assert report(run, place) == whole
    assert report(run, f"{place}/") == whole
    assert report(run, f"{place}/events.jsonl") == report(run, station / "events.jsonl")
    assert report(run, f"{place}/events.*") == report(run, f"{station}/events.*")
    assert report(run, "memory://stations/*/below/*") == report(run, station / "below")
    twice, once = report(run, f"{place}/below", station / "below"), report(run, station / "below")
    assert (twice["periods"], twice["notes"]["doubled"] > 0) == (once["periods"], True)


def test_web(run: Callable[..., Done], station: Path, web: str) -> None:
    """A file of a web server, a folder that it lists, and a pattern."""
    place = f"{web}/{quote(station.name)}"
    assert report(run, f"{place}/events.jsonl?version=1") == report(run, station / "events.jsonl")
    assert report(run, f"{place}/") == report(run, station)
    assert report(run, f"{place}/events.*") == report(run, f"{station}/events.*")


def test_ssh(
    run: Callable[..., Done], station: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file, a folder and a pattern of an SSH server that is known; one that is not known gets nothing, and is not read."""
    pytest.importorskip("sshfs")
    with start_ssh_server(tmp_path / "ssh") as server:
        monkeypatch.setenv("HOME", str(server.home))
        done = run(server.find_address(station))
        assert done.code == 1
        assert "Host key is not trusted" in done.stderr
        server.make_known()
        assert report(run, server.find_address(station)) == report(run, station)
        assert report(run, server.find_address(station / "below/events.jsonl")) == report(
            run, station / "below"
        )
        place = server.find_address(station / "events.*").replace("sftp:", "ssh:")
        assert report(run, place) == report(run, f"{station}/events.*")
        done = run(server.find_address(station / "none.jsonl"))
        assert done.code == 1
        assert "none.jsonl: No such file\n" in done.stderr
        fsspec.get_filesystem_class("sftp").clear_instance_cache()


def test_ssh_needs_a_library_that_checks_the_server(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes with fsspec would trust any, and is not used."""

    class Trusting:
        __module__ = "fsspec.implementations.sftp"

    monkeypatch.setattr(fsspec, "get_filesystem_class", lambda _: Trusting)
    done = run("sftp://127.0.0.1/events.jsonl")
    assert (done.code, done.stderr.splitlines()[0]) == (
        1,
        "unplugd: sftp://127.0.0.1/events.jsonl: Install sshfs to access SSH",
    )


def test_what_goes_wrong_is_one_line_without_secrets(run: Callable[..., Done], web: str) -> None:
    """The server says no, is not there, ends in the middle, or nobody knows how to ask it."""
    secret = web.replace("//", f"//ann:{quote(WORD, safe='')}@")
    wrong = web.replace("//", f"//ann:wrong{quote(WORD, safe='')}@")
    assert report(run, f"{secret}/locked.jsonl?key=sesame") == report(run, MONTH)
    cases = {
        f"{web}/locked.jsonl": f"{web}/locked.jsonl: the server says 403",
        f"{wrong}/locked.jsonl?key=sesame": f"{web}/locked.jsonl: the server says 403",
        f"{web}/none.jsonl": f"{web}/none.jsonl: the server says 404",
        f"{secret}/broken.jsonl": f"{web}/broken.jsonl: ",
        f"http://ann:{quote(WORD, safe='')}@127.0.0.1:9/x.jsonl": "http://127.0.0.1:9/x.jsonl: Connect call failed",
        "memory://stations/nowhere.jsonl": "memory://stations/nowhere.jsonl: no such file",
        "memory://stations/nowhere*": "memory://stations/nowhere*: no such file",
        "nonsense://ann:sesame@x/y": "nonsense://x/y: Protocol not known: nonsense",
    }
    for place, said in cases.items():
        done = run(place)
        assert done.code == 1
        first, hint = done.stderr.splitlines()
        assert first.startswith(f"unplugd: {said}")
        assert hint.startswith("hint: ")
        assert "sesame" not in done.stderr


def test_a_file_that_cannot_be_copied_is_named_and_counted(run: Callable[..., Done], web: str) -> None:
    """The others are reviewed; nothing of what came before the error counts."""
    done = run("--json", f"{web}/broken.jsonl", MONTH)
    assert done.code == 0
    assert done.stderr.startswith(f"unplugd: {web}/broken.jsonl: ")
    found = json.loads(done.stdout)
    assert found["notes"].pop("unreadable_file") == 1
    assert found == report(run, MONTH)


def test_without_the_extra(run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, and how to install it."""
    monkeypatch.delitem(sys.modules, "unplugd.journal.remote", raising=False)
    monkeypatch.delattr("unplugd.journal.remote", raising=False)
    monkeypatch.setitem(sys.modules, "fsspec", None)
    done = run("s3://bucket/events.jsonl")
    assert (done.code, done.stdout) == (1, "")
    said, hint = done.stderr.splitlines()
    assert said == "unplugd: s3://bucket/events.jsonl: this needs fsspec, which is not installed"
    assert hint == f"hint: {sys.executable} -m pip install fsspec s3fs"


def test_a_copy_is_bounded(run: Callable[..., Done], station: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that never ends does not fill the disk."""
    place = put_into_memory(station)
    monkeypatch.setattr(spool, "MAX_BYTES", 1000)
    done = run(f"{place}/events.jsonl")
    assert done.code == 1
    assert "it is longer than" in done.stderr


def test_a_hostile_store_writes_only_copies(run: Callable[..., Done], tmp_path: Path) -> None:
    """Whatever its files are called, none is written outside the folder of copies, and none is taken for another."""
    memory = fsspec.filesystem("memory")
    for name in ("a/../../evil.jsonl", "..jsonl", "b/events.jsonl", "c\\d.jsonl", "e\x1b[31m.jsonl"):
        memory.store[f"/hostile/{name}"] = fsspec.implementations.memory.MemoryFile(
            memory, f"/hostile/{name}", MONTH.read_bytes()
        )
    before = {path for path in tmp_path.rglob("*") if (tmp_path / "tmp") not in path.parents}
    done = run("--json", "memory://hostile/")
    assert done.code == 0
    assert "\x1b" not in done.stderr
    after = {path for path in tmp_path.rglob("*") if (tmp_path / "tmp") not in path.parents}
    assert after == before
    memory.rm("/hostile", recursive=True)


def test_nothing_is_left_and_a_large_one_is_shared_out(tmp_path: Path) -> None:
    """Copies are removed when the command ends, also of a journal that two processes review."""
    (folder,) = journal_maker.make(tmp_path / "web", 80_000)
    assert sum(file.stat().st_size for file in folder.iterdir()) > parallel.LARGE_BYTES
    handler = functools.partial(Web, directory=str(folder))
    (tmp_path / "tmp").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp"), "HOME": str(tmp_path), "TZ": "UTC"}
    unplugd = Path(sys.executable).with_name("unplugd")
    shown = []
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            for place in (f"http://127.0.0.1:{server.server_port}/", str(folder)):
                done = subprocess.run(
                    [unplugd, "report", "--json", place],
                    env=environment,
                    capture_output=True,
                    timeout=GIVE_UP,
                    check=True,
                )
                assert done.stderr == b""
                shown.append(done.stdout)
        finally:
            server.shutdown()
            thread.join()
    assert shown[0] == shown[1]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_it_is_opened_where_the_copy_is_not(run: Callable[..., Done], station: Path) -> None:
    """On a worker, which copies and unpacks it itself, once; what is gone there is an error like that of a file."""
    place = put_into_memory(station)
    run(f"{place}/events.jsonl.2.gz")
    notes: Counter[str] = Counter()
    (found,) = sources.find_sources(
        [Url(f"{place}/events.jsonl.2.gz")], Path("/nowhere"), notes, ignore_error
    )
    found = pickle.loads(pickle.dumps(found.take_elsewhere()))  # noqa: S301 - its own
    expected = gzip.decompress((station / "events.jsonl.2.gz").read_bytes())
    for file in [file for file in COPIES if file.is_file()]:
        file.unlink()
    found.path.unlink()
    COPIES.clear()
    temporary: list[set[Path]] = []
    for _ in range(2):
        descriptor = found.open()
        assert os.pread(descriptor, found.size, 0) == expected
        os.close(descriptor)
        temporary.append({*Path(tempfile.gettempdir()).iterdir()})
    assert temporary[0] == temporary[1]
    COPIES.clear()
    fsspec.filesystem("memory").rm(f"/stations/{station.name}", recursive=True)
    with pytest.raises(OSError, match="no such file"):
        found.open()


def test_workers_that_do_not_have_the_copies_make_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On other computers, the review is the same, and nothing has to be read again by this one."""
    pytest.importorskip("distributed")
    folder = tmp_path / "stations"
    journal_maker.make(folder, 12_000, 12)
    (tmp_path / "cluster").mkdir()
    asked: list[str] = []

    class Counted(Web):
        def do_GET(self) -> None:
            asked.append(self.path)
            super().do_GET()

    take_elsewhere = sources.Source.take_elsewhere

    def take_far_away(source: sources.Source) -> sources.Source:
        return replace(take_elsewhere(source), path=Path("/elsewhere/events.jsonl"))

    monkeypatch.setattr(sources.Source, "take_elsewhere", take_far_away)
    handler = functools.partial(Counted, directory=str(folder))
    errors: list[str] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, Cluster(tmp_path / "cluster") as cluster:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = Url(f"http://127.0.0.1:{server.server_port}/")
        notes: Counter[str] = Counter()
        found = sources.find_sources([url], Path("/nowhere"), notes, errors.append)
        plan = Planner(notes, errors.append).plan(found)
        question = Question(Interval(None, 1.9e9), UTC)
        here = read_fleet(plan, question, errors.append, None, "inline")
        there = read_fleet(plan, question, errors.append, None, cluster.address)
        server.shutdown()
        thread.join()
    assert len(found) == 12
    assert errors == []
    assert build_fleet(there, question.interval) == build_fleet(here, question.interval)
    assert len([path for path in asked if path.endswith("events.jsonl")]) >= 2 * 12


def test_it_cannot_be_followed(
    run: Callable[..., Done], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only files can; the log and the export read it otherwise as the report does."""
    from unplugd.cli import dispatch

    assert run("memory://stations/none").code == 1
    fsspec.filesystem("memory").pipe("/stations/month.jsonl", MONTH.read_bytes())
    monkeypatch.setattr(time, "sleep", None)
    assert dispatch.main(["log", "--follow", "memory://stations/month.jsonl"]) == 1
    assert capsys.readouterr().err.splitlines()[0] == (
        "unplugd: memory://stations/month.jsonl: only files can be followed"
    )
    for command in (["log", "--format", "jsonl"], ["export"]):
        assert dispatch.main([*command, str(MONTH)]) == 0
        expected = capsys.readouterr()
        assert dispatch.main([*command, "memory://stations/month.jsonl"]) == 0
        assert capsys.readouterr() == expected


def test_only_what_is_typed_is_an_address() -> None:
    """A path is never one, so none is followed from a configuration or a journal."""
    assert parse_place("s3://bucket/events.jsonl") == Url("s3://bucket/events.jsonl")
    assert parse_place("C://events.jsonl") == Path("C://events.jsonl")
    with pytest.raises(Failure, match="no such file"):
        sources.find_sources([Path("memory://stations/x.jsonl")], Path("/nowhere"), Counter(), ignore_error)
