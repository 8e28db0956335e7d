"""What commands learn of the daemon: who they ask, and what they say if nobody answers."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from tests.rig.turning import Clock, ask_while_turning
from unplugd.paths import Paths
from unplugd.watch import client, socket_client
from unplugd.watch.client import NoAnswerError, NotRunningError, ask
from unplugd.watch.control import Control
from unplugd.watch.lock import Lock
from unplugd.watch.protocol import MAX_ANSWER_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any


@pytest.fixture
def where(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "config", tmp_path / "state", tmp_path / "run")


class Answerer:
    """A daemon's lock and control socket, which answer with `name`."""

    def __init__(self, where: Paths, name: str) -> None:
        self.lock = Lock(where.lock)
        self._clock = Clock()
        places = (where.control, where.state / "control")
        self.control = Control(places, self._clock, lambda _request: {"name": name}, self.lock)

    def ask(self, where: Paths) -> dict[str, Any]:
        """Ask from another thread, as another process would."""
        return ask_while_turning(self._clock, lambda: ask(where, {}), self.control)

    def close(self) -> None:
        self.control.close()
        self.lock.release()


@pytest.fixture
def answerer(where: Paths) -> Iterator[Answerer]:
    answerer = Answerer(where, "first")
    yield answerer
    answerer.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no answer for long."""
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 0.05)


def test_any_shell_finds_the_daemon(answerer: Answerer, where: Paths, tmp_path: Path) -> None:
    """Without the variable that names the runtime folder, or with somebody else's."""
    for runtime in (where.state, tmp_path / "other", tmp_path / "x" / ("y" * 200)):
        assert answerer.ask(Paths(where.configuration, where.state, runtime)) == {"name": "first"}


def test_the_lock_says_where_the_socket_is_without_a_name(
    answerer: Answerer, where: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on systems that have no names for sockets."""
    monkeypatch.setattr(socket_client, "make_name", lambda _lock: None)
    assert answerer.ask(Paths(where.configuration, where.state, where.state)) == {"name": "first"}


def test_a_removed_runtime_folder_hides_nobody(answerer: Answerer, where: Paths) -> None:
    """The question itself has the socket made again."""
    shutil.rmtree(where.runtime)
    assert answerer.ask(where) == {"name": "first"}
    assert where.control.is_socket()


def test_each_journal_has_its_own_daemon(answerer: Answerer, where: Paths, tmp_path: Path) -> None:
    """Two daemons with one runtime folder: each is found by its own state folder, and stays when the other ends."""
    other = Paths(where.configuration, tmp_path / "other", where.runtime)
    second = Answerer(other, "second")
    assert second.ask(other) == {"name": "second"}
    assert answerer.ask(where) == {"name": "first"}
    second.close()
    assert answerer.ask(where) == {"name": "first"}


def test_without_a_daemon_there_is_an_error(tmp_path: Path, where: Paths) -> None:
    """No socket, a file in its place, a socket that nobody listens on, a path that is too long."""
    for name in ("none", "file", "dead", "x" * 200):
        (tmp_path / name).mkdir()
    (tmp_path / "file/control").touch()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead/control"))
    for name in ("none", "file", "dead", "x" * 200):
        with pytest.raises(NotRunningError) as raised:
            ask(Paths(where.configuration, where.state, tmp_path / name), {})
        assert str(raised.value) == "unplugd is not running"
    assert not where.state.exists()


@pytest.mark.usefixtures("impatient")
def test_a_daemon_that_cannot_be_reached_is_running(where: Paths) -> None:
    """It holds the lock but listens nowhere, as in a container with a network of its own."""
    lock = Lock(where.lock)
    assert lock.named
    lock.named.close()
    with pytest.raises(NoAnswerError) as raised:
        ask(where, {})
    assert str(raised.value) == "the daemon is running but not responding"
    assert raised.value.hint == f"stop it (process {os.getpid()}) and start it again"
    lock.release()
    with pytest.raises(NotRunningError):
        ask(where, {})


class Impostor:
    """Whatever else may listen where the daemon would."""

    def __init__(self, path: Path, answer: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen()
        self._thread = threading.Thread(target=self._play, args=(answer,))
        self._thread.start()

    def _play(self, answer: bytes) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(1000)
                    connection.sendall(answer)
                except OSError:
                    continue

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "answer",
    [b"", b"nonsense\n", b"\xff\n", b'{"a":', b"[" * 100_000 + b"\n", b"x" * (MAX_ANSWER_BYTES + 70_000)],
    ids=["nothing", "nonsense", "no text", "a part", "deep", "endless"],
)
def test_an_invalid_answer_is_an_error(where: Paths, answer: bytes) -> None:
    """Whatever else listens there, however much it says."""
    impostor = Impostor(where.control, answer)
    with pytest.raises(NoAnswerError):
        ask(where, {})
    impostor.close()


@pytest.mark.usefixtures("impatient")
def test_a_daemon_that_hangs_is_not_waited_for(where: Paths) -> None:
    """The client times out, also where so many wait already that it cannot even connect."""
    where.runtime.mkdir()
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(where.control))
        hung.listen(0)
        # The first one stays in the queue, which is then full.
        for _ in range(2):
            with pytest.raises(NoAnswerError):
                ask(where, {})
