"""The connection to a message bus, with everything that can be wrong with one; a test plays the bus."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_return, new_signal
from jeepney.low_level import Parser

from tests.rig.bus_client import Client
from tests.rig.shortage import no_descriptors
from tests.rig.wait import GIVE_UP
from unplugd.platforms.linux import bus as module
from unplugd.platforms.linux.bus import (
    BUS_SILENT,
    HANDSHAKE_TIMEOUT_SECONDS,
    MAX_BACKLOG_BYTES,
    BusError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jeepney.low_level import Message

SOMEBODY = DBusAddress("/x", "org.example.Somebody", "org.example.Somebody")


class Script:
    """The other end of a connection, as a test plays it, for what a real bus never does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(path))
        self.listening.listen(4)
        self.connection: socket.socket | None = None
        self.parser = Parser()
        self.calls: dict[str, Message] = {}

    @property
    def address(self) -> str:
        return f"unix:path={self.path}"

    def accept(self) -> socket.socket:
        self.connection, _ = self.listening.accept()
        self.connection.settimeout(GIVE_UP)
        return self.connection

    def say(self, data: bytes) -> None:
        assert self.connection
        self.connection.sendall(data)

    def let_in(self, client: Client) -> None:
        """Play the login."""
        connection = self.accept()
        assert connection.recv(100).startswith(b"\0AUTH EXTERNAL ")
        self.say(b"OK 1234deadbeef\r\n")
        client.until(self.has_begun, "the login")
        assert connection.recv(7) == b"BEGIN\r\n"

    def has_begun(self) -> bool:
        """Whether the client knows that it was let in, and says so."""
        assert self.connection
        try:
            said = self.connection.recv(7, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        return said == b"BEGIN\r\n"

    def heard(self, member: str) -> Message:
        """Return the call of this name."""
        assert self.connection
        while member not in self.calls:
            message = self.parser.get_next_message()
            if message is None:
                self.parser.add_data(self.connection.recv(65536))
            else:
                self.calls[message.header.fields[HeaderFields.member]] = message
        return self.calls.pop(member)

    def close(self) -> None:
        self.listening.close()
        if self.connection:
            self.connection.close()


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Script]:
    script = Script(tmp_path / "bus")
    yield script
    script.close()


@pytest.fixture
def client(script: Script) -> Iterator[Client]:
    """Yield a connection that has just been made to the script."""
    client = Client(script.address)
    yield client
    client.bus.close()


@pytest.fixture
def inside(script: Script, client: Client) -> Client:
    """Yield a connection that the script has let in."""
    script.let_in(client)
    return client


# --- where no bus is


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nonsense",
        "unix:",
        "unix:path=/no/such/socket",
        "tcp:host=localhost,port=1",
        "unix:path=" + "x" * 200,
        ";",
        "unix:path=/etc/passwd",
        "unix:path=",
        "unix:path=/a%00b",
        "unix:path=/%zz,guid",
        "unix:runtime=yes",
        "autolaunch:",
        "unix:path=/no/such/socket;unix:path=" + "x" * 200 + ";tcp:host=localhost,port=1",
    ],
)
def test_an_address_that_leads_nowhere_is_an_error(address: str) -> None:
    """It says why, and names no path, which may hold the user's name."""
    with pytest.raises(BusError) as raised:
        Client(address)
    assert str(raised.value).startswith("the bus cannot be reached: ")
    assert "/" not in str(raised.value)
    assert "None" not in str(raised.value)


@pytest.mark.parametrize(
    "dead",
    [
        "unix:path=/no/such/socket",
        "unix:abstract=/tmp/no-such-bus,guid=0123456789abcdef0123456789abcdef",
        "unix:path=" + "x" * 200,
        "tcp:host=localhost,port=1",
        "unixexec:path=/bin/false",
        "unix:runtime=yes",
        "unix:tmpdir=/tmp",
        "autolaunch:",
        "nonsense",
        "",
    ],
)
@pytest.mark.parametrize("after", [False, True])
def test_each_address_of_a_list_is_tried(script: Script, dead: str, after: bool) -> None:
    """The first that can be connected to is used, whatever stands before and after it."""
    addresses = [dead, dead, f"{script.address},guid=0123456789abcdef0123456789abcdef"]
    client = Client(";".join(reversed(addresses) if after else addresses))
    script.let_in(client)
    client.bus.close()


def test_the_reason_is_that_of_the_last_address(script: Script) -> None:
    """An address that cannot be used at all is none."""
    script.listening.close()
    with pytest.raises(BusError) as raised:
        Client(f"unix:path=/no/such/socket;{script.address};autolaunch:")
    assert str(raised.value) == "the bus cannot be reached: Connection refused"


def test_without_descriptors_the_bus_cannot_be_reached(script: Script) -> None:
    """That is an error like any other, after which the connection is tried again."""
    with no_descriptors(), pytest.raises(BusError, match="Too many open files"):
        Client(script.address)


def test_an_address_may_be_escaped(tmp_path: Path) -> None:
    """Byte by byte, also in a path that is not ASCII."""
    script = Script(tmp_path / "ä b;")
    client = Client(f"unix:path={tmp_path}/%c3%A4%20b%3b")
    script.let_in(client)
    client.bus.close()
    script.close()


def test_a_bus_that_does_not_even_accept_is_not_waited_for(script: Script) -> None:
    """Connecting never blocks the loop."""
    script.listening.listen(0)
    waiting: list[Client] = []
    troubles: list[str] = []
    for _ in range(20):
        try:
            waiting.append(Client(script.address))
        except BusError as error:
            troubles.append(str(error))
    assert set(troubles) == {BUS_SILENT}
    for client in waiting:
        client.bus.close()


@pytest.mark.parametrize(
    ("address", "runtime", "expected"),
    [
        ("unix:path=/a", True, "unix:path=/a"),
        ("", True, "unix:path={runtime}/bus"),
        ("", False, None),
    ],
)
def test_where_the_session_bus_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, runtime: bool, expected: str | None
) -> None:
    """The environment's address, else the user's runtime folder, else nowhere."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    if runtime:
        (tmp_path / "bus").touch()
    if expected:
        assert module.find_session_address() == expected.format(runtime=tmp_path)
    else:
        with pytest.raises(BusError, match="no session bus"):
            module.find_session_address()


def test_where_the_system_bus_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's address, else where it always is."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/a")
    assert module.find_system_address() == "unix:path=/a"
    monkeypatch.delenv("DBUS_SYSTEM_BUS_ADDRESS")
    assert module.find_system_address() == "unix:path=/run/dbus/system_bus_socket"


# --- a bus that refuses the login


@pytest.mark.parametrize(
    "said", [b"REJECTED EXTERNAL\r\n", b"ERROR\r\n", b"OK 12\r\nmore", b"x" * 9000, b"\r\n", b"\xff\r\n"]
)
def test_a_refused_login_is_told(script: Script, client: Client, said: bytes) -> None:
    """What waited is answered with that."""
    client.call()
    script.accept()
    script.say(said)
    client.until(lambda: client.lost, "the loss")
    assert client.lost == ["the bus refused the login"]
    assert client.answers == [(None, "the bus refused the login")]


def test_a_silent_bus_is_given_up(script: Script, client: Client) -> None:
    """After three seconds of our clock, and not before."""
    client.call(timeout_seconds=60)
    script.accept()
    client.clock.now += HANDSHAKE_TIMEOUT_SECONDS - 0.001
    client.turn()
    assert client.lost == []
    assert client.bus.deadline() == client.clock.now + 0.001
    client.clock.now += 0.001
    client.turn()
    assert client.lost == [BUS_SILENT]
    assert client.answers == [(None, "the bus does not answer")]


def test_a_login_in_pieces_is_a_login(script: Script, client: Client) -> None:
    """Byte by byte, as a slow machine may send it."""
    assert script.accept().recv(100).startswith(b"\0AUTH EXTERNAL ")
    for byte in b"OK 1234deadbeef\r\n":
        script.say(bytes([byte]))
        client.turn()
    client.until(script.has_begun, "the login")
    assert client.lost == []


def test_a_slow_login_uses_up_no_timeout(script: Script, client: Client) -> None:
    """A call that waited for the login has all its time from then on."""
    client.call(timeout_seconds=5)
    assert script.accept().recv(100).startswith(b"\0AUTH EXTERNAL ")
    client.clock.now += HANDSHAKE_TIMEOUT_SECONDS + 0.2
    script.say(b"OK 1234deadbeef\r\n")
    client.until(script.has_begun, "the login")
    assert (client.answers, client.lost) == ([], [])
    client.clock.now += 4.9
    client.turn()
    assert client.answers == []
    client.clock.now += 0.1
    client.turn()
    assert client.answers == [(None, "no answer in time")]


# --- a bus that has let us in


def test_answers_find_their_calls(script: Script, inside: Client) -> None:
    """In whatever order they come, byte by byte."""
    inside.call(SOMEBODY, "First")
    inside.call(SOMEBODY, "Second")
    inside.turn()
    first, second = script.heard("First"), script.heard("Second")
    said = new_method_return(second, "s", ("2",)).serialise(serial=1)
    said += new_method_return(first, "s", ("1",)).serialise(serial=2)
    for byte in said:
        script.say(bytes([byte]))
        inside.turn()
    assert [inside.answered(), inside.answered()] == [(("2",), ""), (("1",), "")]


def test_an_answer_that_does_not_come_is_given_up(script: Script, inside: Client) -> None:
    """At its deadline, and the answer that comes after it goes nowhere."""
    timeout = HANDSHAKE_TIMEOUT_SECONDS + 0.5
    inside.call(SOMEBODY, "Slow", timeout_seconds=timeout)
    inside.turn()
    call = script.heard("Slow")
    inside.clock.now += timeout
    inside.turn()
    # Hello was not answered either.
    assert inside.answers == [(None, "no answer in time")]
    assert inside.bus.deadline() is None
    assert inside.bus.pending == 0, "months of calls without an answer would add up"
    script.say(new_method_return(call, "s", ("late",)).serialise(serial=1))
    script.say(new_signal(SOMEBODY, "Marker").serialise(serial=2))
    inside.until(lambda: inside.signals, "the signal")
    assert inside.answers == [(None, "no answer in time")]
    assert inside.lost == []


def test_a_late_answer_can_be_wanted(script: Script, inside: Client) -> None:
    """Once, where the caller said so; a late error is none."""
    for member in ("Slow", "Slower"):
        inside.call(SOMEBODY, member, on_late_answer=inside.late.append)
    inside.turn()
    calls = [script.heard("Slow"), script.heard("Slower")]
    inside.clock.now += HANDSHAKE_TIMEOUT_SECONDS
    inside.turn()
    inside.clock.now += 1000
    inside.turn()
    assert inside.answers == [(None, "no answer in time")] * 2
    reply = new_method_return(calls[0], "s", ("late",)).serialise(serial=1)
    script.say(reply + new_error(calls[1], "a.b").serialise(serial=2) + reply)
    script.say(new_signal(SOMEBODY, "Marker").serialise(serial=3))
    inside.until(lambda: inside.signals, "the signal")
    assert inside.late == [("late",)]
    assert len(inside.answers) == 2


def test_a_call_that_the_computer_slept_through_gets_its_time_again(script: Script, inside: Client) -> None:
    """Who was asked slept, too; and once only, as sleep is not told from a computer that is always late."""
    for member in ("Awaited", "Ignored"):
        inside.call(SOMEBODY, member)
    inside.turn()
    calls = [script.heard("Awaited"), script.heard("Ignored")]
    inside.clock.now += 8 * 3600
    inside.turn()
    assert inside.answers == []
    script.say(new_method_return(calls[0], "s", ("morning",)).serialise(serial=1))
    assert inside.answered() == (("morning",), "")
    inside.clock.now += 8 * 3600
    inside.turn()
    assert inside.answers == [(None, "no answer in time")]


def test_what_nobody_asked_is_passed_over(script: Script, inside: Client) -> None:
    """Answers to no call, and calls, which we do not take."""
    inside.call(SOMEBODY, "Real")
    inside.turn()
    call = script.heard("Real")
    stray = new_method_return(call, "s", ("stray",))
    stray.header.fields[HeaderFields.reply_serial] = 4711
    request = new_signal(SOMEBODY, "Do")
    request.header.message_type = MessageType.method_call
    for serial, message in enumerate((stray, request, new_method_return(call, "s", ("real",))), 1):
        script.say(message.serialise(serial=serial))
    assert inside.answered() == (("real",), "")
    assert (inside.lost, inside.signals) == ([], [])


def test_the_connection_can_be_closed_from_an_answer(script: Script, inside: Client) -> None:
    """What came behind it in the same breath is not delivered any more."""
    inside.bus.call(SOMEBODY, "Last", None, (), lambda _body, _error: inside.bus.close())
    inside.turn()
    reply = new_method_return(script.heard("Last")).serialise(serial=1)
    script.say(reply + new_signal(SOMEBODY, "After").serialise(serial=2))
    inside.until(lambda: inside.bus.fileno() < 0, "the end")
    assert (inside.signals, inside.lost) == ([], [])


def test_closing_is_quiet(inside: Client) -> None:
    """Nobody is called for a connection that was closed on purpose."""
    inside.call(SOMEBODY, "Wait")
    inside.bus.close()
    inside.clock.now += 1000
    inside.bus.expire(inside.clock.now)
    assert (inside.answers, inside.lost, inside.bus.deadline()) == ([], [], None)


GARBAGE = [
    b"GET / HTTP/1.1\r\n\r\n",
    b"\0" * 64,
    b"\xff" * 64,
    b"l\x04\x01\x01" + struct.pack("<III", 0, 1, 8) + b"\x01\x01\x01\x00\x00\x00\x00\x00",
    b"l\x09\x00\x01" + struct.pack("<III", 0, 1, 0),
    b"l\x04\x00\x01" + struct.pack("<III", 4, 1, 7) + b"\x08\x01g\x00\x01s\x00\x00" + b"\xff\xff\xff\xff",
]


@given(
    st.sampled_from(GARBAGE)
    | st.binary(min_size=1, max_size=200).map(lambda rest: b"l\x04\x00\x01" + rest)
    | st.binary(min_size=1, max_size=200)
)
@example(GARBAGE[0])
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_ends_the_connection_and_nothing_else(tmp_path: Path, said: bytes) -> None:
    """Whatever a bus sends: at most the connection breaks, once, and every call is answered."""
    path = tmp_path / "garbage"
    path.unlink(missing_ok=True)
    script = Script(path)
    client = Client(script.address)
    try:
        script.let_in(client)
        client.call(SOMEBODY, "Wait", timeout_seconds=60)
        script.say(said)
        assert script.connection
        script.connection.shutdown(socket.SHUT_WR)
        client.until(lambda: client.lost, "the loss")
    finally:
        client.bus.close()
        script.close()
    assert len(client.lost) == 1
    assert client.lost[0].startswith("the bus connection was lost")
    assert "None" not in client.lost[0]
    assert client.answers == [(None, client.lost[0])]


def test_a_bus_that_does_not_read_is_given_up(inside: Client) -> None:
    """A megabyte that it does not take means that it hangs; no more than about that is kept for it."""
    for _ in range(3 * MAX_BACKLOG_BYTES // 10_000):
        inside.call(SOMEBODY, "Take", "x" * 10_000, timeout_seconds=60)
        if inside.lost:
            break
    inside.turn()
    assert inside.lost
    assert "has stopped reading" in inside.lost[0]
    assert inside.bus.backlog <= 2 * MAX_BACKLOG_BYTES
    assert all(body is None for body, _ in inside.answers)


def test_a_large_call_goes_out_in_pieces(script: Script, inside: Client) -> None:
    """What the socket does not take at once is sent when it does."""
    import threading

    inside.call(SOMEBODY, "Take", "x" * 900_000)
    heard: list[Message] = []
    reader = threading.Thread(target=lambda: heard.append(script.heard("Take")))
    reader.start()
    inside.until(lambda: heard, "the call")
    reader.join()
    assert len(heard[0].body[0]) == 900_000
    assert inside.bus.backlog == 0
