"""The control socket: it answers only its user, and invalid requests do no harm."""

from __future__ import annotations

import json
import os
import select
import selectors
import shutil
import socket
import stat
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.rig.shortage import no_descriptors
from tests.rig.turning import Clock, ask_while_turning, turn_once, turn_until
from tests.rig.wait import GIVE_UP
from unplugd.paths import Paths
from unplugd.watch.client import ask
from unplugd.watch.control_socket import PAUSE_SECONDS, Control
from unplugd.watch.protocol import CLIENT_TIMEOUT_SECONDS, MAX_CLIENTS, MAX_REQUEST_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Rig:
    """The daemon's end, and clients."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.where = Paths(path.parent, path.parent.parent / "state", path.parent)
        self.clock = Clock()
        self.requests: list[dict[str, Any]] = []
        self.reply: dict[str, Any] = {"answer": "ünïcode"}
        self.control = Control((path,), self.clock, self.answer)
        self.clients: list[socket.socket] = []

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request)
        return self.reply

    def turn(self) -> None:
        turn_once(self.clock, self.control)

    def deadlines(self) -> list[float]:
        """Return when something of it is due."""
        return [at for part in self.control.parts() if (at := part.deadline()) is not None]

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask as the command line does, while the daemon turns."""
        return ask_while_turning(self.clock, lambda: ask(self.where, request), self.control)

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(GIVE_UP)
        client.connect(str(self.path))
        self.clients.append(client)
        return client

    def send(self, raw: bytes) -> bytes:
        """Send bytes, and return everything received until the daemon closes the connection."""
        client = self.connect()
        client.sendall(raw)
        client.shutdown(socket.SHUT_WR)
        client.setblocking(False)
        received = bytearray()

        def is_over() -> bool:
            try:
                more = client.recv(65536)
            except BlockingIOError:
                return False
            except ConnectionResetError:
                return True
            received.extend(more)
            return not more

        turn_until(self.clock, is_over, "the end", self.control, seconds=1)
        client.close()
        return bytes(received)

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.control.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path / "run/unplugd/control")
    yield rig
    rig.close()


def test_a_request_is_answered(rig: Rig) -> None:
    """One object each way, one after another."""
    assert rig.ask({"command": "status", "ü": 1}) == {"answer": "ünïcode"}
    assert rig.ask({"command": "snooze"}) == {"answer": "ünïcode"}
    assert rig.requests == [{"command": "status", "ü": 1}, {"command": "snooze"}]
    rig.turn()
    assert rig.deadlines() == []


def test_an_answer_of_megabytes_arrives(rig: Rig) -> None:
    """In pieces, as the client takes it."""
    rig.reply = {"answer": "x" * 3_000_000}
    assert rig.ask({}) == rig.reply


def test_the_socket_is_the_users_alone(tmp_path: Path) -> None:
    """0600 in a folder with 0700, whatever the umask, which stays as it was; nothing is left after the end."""
    before = os.umask(0)
    try:
        rig = Rig(tmp_path / "run/unplugd/control")
        assert os.umask(0) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(rig.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(rig.path.parent.stat().st_mode) == 0o700
    rig.close()
    assert not rig.path.exists()


def test_a_socket_left_by_a_crash_is_replaced(tmp_path: Path) -> None:
    """Nobody listens at it any more."""
    path = tmp_path / "run/unplugd/control"
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    rig = Rig(path)
    assert rig.ask({}) == rig.reply
    rig.close()


def test_the_socket_of_another_daemon_stays(rig: Rig, tmp_path: Path) -> None:
    """A second daemon that could have the same socket listens at the next place, and removes only its own."""
    elsewhere = tmp_path / "state/unplugd/control"
    second = Control((rig.path, elsewhere), rig.clock, lambda _request: {"second": True})
    assert second.path == elsewhere
    assert rig.ask({}) == rig.reply
    second.close()
    assert not elsewhere.exists()
    assert rig.ask({}) == rig.reply


def test_no_socket_is_made_in_another_users_folder(tmp_path: Path) -> None:
    """They could put their own in its place; one that is theirs already is not touched."""
    if os.geteuid():
        pytest.skip("needs root, to give a folder away")
    theirs = tmp_path / "theirs/control"
    theirs.parent.mkdir()
    theirs.touch()
    os.chown(theirs.parent, 65534, 65534)
    control = Control((theirs, tmp_path / "ours/control"), Clock(), lambda request: request)
    assert control.path == tmp_path / "ours/control"
    assert theirs.is_file()
    control.close()


def test_the_socket_comes_back_if_its_folder_is_removed(rig: Rig) -> None:
    """With the next thing that happens; what somebody else put there meanwhile is not removed at the end."""
    shutil.rmtree(rig.path.parent)
    rig.turn()
    assert rig.ask({}) == rig.reply
    rig.path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(rig.path))
        other.listen()
        rig.control.close()
        assert rig.path.exists()


@pytest.mark.parametrize("folder", ["file", "x" * 200])
def test_no_socket_is_no_reason_to_end(tmp_path: Path, folder: str) -> None:
    """Where none can be made, the daemon runs without one, and makes it once it can."""
    (tmp_path / "file").touch()
    path = tmp_path / folder / "control"
    rig = Rig(path)
    rig.turn()
    assert rig.control.path is None
    if folder == "file":
        (tmp_path / "file").unlink()
        rig.turn()
        assert rig.ask({}) == rig.reply
    rig.close()


NONSENSE = [
    b"{",
    b"[]",
    b"null",
    b"5",
    b'"x"',
    b"\xff\xfe",
    b"",
    b"[" * 4000,
    b'{"a": ' + b"9" * 4000 + b"x}",
]


@pytest.mark.parametrize("line", NONSENSE, ids=repr)
def test_an_invalid_request_is_answered_with_an_error(rig: Rig, line: bytes) -> None:
    """It says what a request looks like, and the daemon never sees the line."""
    assert b"one JSON object on one line" in rig.send(line + b"\n")
    assert rig.requests == []
    assert rig.ask({}) == rig.reply


@given(st.binary(max_size=300))
@example(b"{}\n{}\n{}\n")
@example(b"x" * MAX_REQUEST_BYTES)
@example(b"x" * 3 * MAX_REQUEST_BYTES)
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_get_one_line_or_none(rig: Rig, raw: bytes) -> None:
    """Whatever a client sends, there is at most one answer, and then the connection ends."""
    answer = rig.send(raw)
    assert answer.count(b"\n") <= 1
    if answer:
        assert isinstance(json.loads(answer), dict)
    if b"\n" in raw[:MAX_REQUEST_BYTES]:
        assert answer


def test_a_request_in_pieces_is_put_together(rig: Rig) -> None:
    """Byte by byte."""
    client = rig.connect()
    for byte in b'{"command": "x"}\n':
        client.sendall(bytes([byte]))
        rig.turn()
    turn_until(rig.clock, lambda: rig.requests, "the request", rig.control)
    rig.turn()
    assert json.loads(client.recv(1000)) == rig.reply


def test_a_silent_client_is_dropped(rig: Rig) -> None:
    """At its timeout, not before; the others are served meanwhile."""
    client = rig.connect()
    client.sendall(b"{")
    turn_until(rig.clock, rig.deadlines, "the client", rig.control)
    assert rig.deadlines() == [rig.clock.now + CLIENT_TIMEOUT_SECONDS]
    rig.clock.now += CLIENT_TIMEOUT_SECONDS / 2
    assert rig.ask({}) == rig.reply
    rig.clock.now += CLIENT_TIMEOUT_SECONDS / 2
    rig.turn()
    assert client.recv(100) == b""
    assert rig.deadlines() == []


def test_a_client_that_does_not_read_is_dropped(rig: Rig) -> None:
    """The answer does not stay in memory."""
    rig.reply = {"answer": "x" * 3_000_000}
    client = rig.connect()
    client.sendall(b"{}\n")
    turn_until(rig.clock, lambda: rig.requests, "the request", rig.control)
    rig.clock.now += CLIENT_TIMEOUT_SECONDS
    rig.turn()
    assert rig.deadlines() == []


def test_a_client_that_hangs_up_does_no_harm(rig: Rig) -> None:
    """Before, within or after a request."""
    for raw in (b"", b"{", b"{}\n"):
        client = rig.connect()
        client.sendall(raw)
        client.close()
        rig.turn()
        rig.turn()
        rig.turn()
    turn_until(rig.clock, lambda: not rig.deadlines(), "the end of all", rig.control, seconds=1)
    assert rig.ask({}) == rig.reply


def test_a_crowd_is_bounded(rig: Rig) -> None:
    """Only so many clients are served at a time: each new one takes the place of the one that is idle for longest."""
    crowd = [rig.connect() for _ in range(MAX_CLIENTS + 1)]
    turn_until(rig.clock, lambda: len(rig.control._clients) == MAX_CLIENTS, "the crowd", rig.control)
    turn_until(rig.clock, lambda: is_over(crowd[0]), "the end of the first", rig.control)
    assert not is_over(crowd[1])
    assert rig.ask({}) == rig.reply


def test_a_thousand_idle_clients_keep_nobody_from_an_answer(rig: Rig) -> None:
    """Whoever says what they want is answered, even if all who are dropped come again at once."""
    crowd: list[socket.socket] = []
    for _ in range(20):
        crowd += [rig.connect() for _ in range(50)]
        for _ in range(20):
            rig.turn()
    assert len(rig.control._clients) == MAX_CLIENTS
    assert rig.ask({}) == rig.reply
    for client in crowd:
        client.close()


def test_a_client_that_sends_more_than_a_request_costs_no_turns(rig: Rig) -> None:
    """While it does not read its answer, what it sent beyond the request does not wake the daemon."""
    rig.reply = {"answer": "x" * 3_000_000}
    client = rig.connect()
    client.sendall(b"{}\n" + b"y" * 10_000)
    turn_until(rig.clock, lambda: rig.requests, "the request", rig.control)
    rig.turn()
    woken = select.poll()
    for part in rig.control.parts():
        if part.fileno() >= 0:
            woken.register(
                part.fileno(), select.POLLOUT if part.events() & selectors.EVENT_WRITE else select.POLLIN
            )
    assert woken.poll(0) == []


def test_without_descriptors_it_waits_a_moment(rig: Rig) -> None:
    """A client that cannot be accepted does not keep the loop busy, and is served once there is a descriptor."""
    client = rig.connect()
    client.sendall(b"{}\n")
    with no_descriptors(left=0):
        rig.control._own.ready()  # type: ignore[union-attr]
        assert all(part.fileno() < 0 for part in rig.control.parts())
        assert rig.deadlines() == [rig.clock.now + PAUSE_SECONDS]
    rig.clock.now += PAUSE_SECONDS
    turn_until(rig.clock, lambda: rig.requests, "the request", rig.control)


def is_over(client: socket.socket) -> bool:
    """Return whether the daemon has closed the connection."""
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
