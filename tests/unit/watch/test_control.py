"""The control socket: it answers only its user, and invalid requests do no harm."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.rig.turning import Clock, turn_once, turn_until
from unplugd.watch import control
from unplugd.watch.control import (
    CLIENT_TIMEOUT_SECONDS,
    MAX_CLIENTS,
    MAX_REQUEST_BYTES,
    Control,
    NoAnswerError,
    NotRunningError,
    ask,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Rig:
    """The daemon's end, and clients."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = Clock()
        self.requests: list[dict[str, Any]] = []
        self.reply: dict[str, Any] = {"answer": "ünïcode"}
        self.control = Control(path, self.clock, self.answer)
        self.clients: list[socket.socket] = []

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request)
        return self.reply

    def turn(self) -> None:
        turn_once(self.clock, self.control)

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask as the command line does, while the daemon turns."""
        answers: list[Any] = []

        def asking() -> None:
            try:
                answers.append(ask(self.path, request))
            except NotRunningError as error:
                answers.append(error)

        client = threading.Thread(target=asking)
        client.start()
        turn_until(self.clock, lambda: answers, "the answer", self.control)
        client.join()
        if isinstance(answers[0], Exception):
            raise answers[0]
        answer: dict[str, Any] = answers[0]
        return answer

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(10)
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
    assert rig.control.deadline() is None


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


def test_a_socket_left_by_a_crash_is_replaced(rig: Rig) -> None:
    """The lock has made sure that no other daemon is running."""
    again = Rig(rig.path)
    assert again.ask({}) == again.reply
    assert rig.requests == []
    again.control.close()


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
    turn_until(rig.clock, lambda: rig.control.deadline() is not None, "the client", rig.control)
    assert rig.control.deadline() == rig.clock.now + CLIENT_TIMEOUT_SECONDS
    rig.clock.now += CLIENT_TIMEOUT_SECONDS / 2
    assert rig.ask({}) == rig.reply
    rig.clock.now += CLIENT_TIMEOUT_SECONDS / 2
    rig.turn()
    assert client.recv(100) == b""
    assert rig.control.deadline() is None


def test_a_client_that_does_not_read_is_dropped(rig: Rig) -> None:
    """The answer does not stay in memory."""
    rig.reply = {"answer": "x" * 3_000_000}
    client = rig.connect()
    client.sendall(b"{}\n")
    turn_until(rig.clock, lambda: rig.requests, "the request", rig.control)
    rig.clock.now += CLIENT_TIMEOUT_SECONDS
    rig.turn()
    assert rig.control.deadline() is None


def test_a_client_that_hangs_up_does_no_harm(rig: Rig) -> None:
    """Before, within or after a request."""
    for raw in (b"", b"{", b"{}\n"):
        client = rig.connect()
        client.sendall(raw)
        client.close()
        rig.turn()
        rig.turn()
        rig.turn()
    turn_until(rig.clock, lambda: rig.control.deadline() is None, "the end of all", rig.control, seconds=1)
    assert rig.ask({}) == rig.reply


def test_a_crowd_is_bounded(rig: Rig) -> None:
    """Only so many clients are served at a time; the next one is refused and can try again."""
    crowd = [rig.connect() for _ in range(MAX_CLIENTS)]
    turn_until(rig.clock, lambda: len(rig.control._clients) == MAX_CLIENTS, "the crowd", rig.control)
    late = rig.connect()
    rig.turn()
    assert late.recv(1) == b""
    for client in crowd:
        client.close()
    turn_until(rig.clock, lambda: not rig.control._clients, "the end of the crowd", rig.control)
    assert rig.ask({}) == rig.reply


# --- the client


def test_without_a_daemon_there_is_an_error(tmp_path: Path) -> None:
    """No socket, a file in its place, a socket that nobody listens on, a path that is too long."""
    (tmp_path / "file").touch()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    for name in ("none", "file", "dead", "x" * 200):
        with pytest.raises(NotRunningError):
            ask(tmp_path / name, {})


@pytest.mark.parametrize("answer", [b"", b"nonsense\n", b"\xff\n", b'{"a":', b"[" * 100_000 + b"\n"])
def test_an_invalid_answer_is_an_error(tmp_path: Path, answer: bytes) -> None:
    """Whatever else listens there."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()

        def play() -> None:
            connection, _ = other.accept()
            connection.recv(1000)
            connection.sendall(answer)
            connection.close()

        player = threading.Thread(target=play)
        player.start()
        with pytest.raises(NoAnswerError):
            ask(path, {})
        player.join()


def test_a_daemon_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client times out."""
    monkeypatch.setattr(control, "CLIENT_TIMEOUT_SECONDS", -2.95)
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(tmp_path / "s"))
        hung.listen()
        with pytest.raises(NoAnswerError):
            ask(tmp_path / "s", {})
