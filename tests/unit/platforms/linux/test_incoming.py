"""The stream from a message bus: what it is cut into, and what is never kept."""

from __future__ import annotations

import struct
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jeepney import DBusAddress, new_method_call, new_signal

from unplugd.platforms.linux.incoming import (
    MAX_MESSAGE_BYTES,
    MAX_STREAM_BYTES,
    IncomingMessages,
    StreamError,
)

EMITTER = DBusAddress("/x", interface="org.example.Signals")


def signal(text: str) -> bytes:
    return bytes(new_signal(EMITTER, "Said", "s", (text,)).serialise(serial=1))


def call(text: str) -> bytes:
    to = DBusAddress("/x", "org.example.Us", "org.example.Us")
    return bytes(new_method_call(to, "Do", "s", (text,)).serialise(serial=1))


def take_all(incoming: IncomingMessages) -> list[str]:
    texts = []
    while (message := incoming.take()) is not None:
        texts.append(message.body[0])
    return texts


@given(
    st.lists(
        st.tuples(st.sampled_from(["signal", "call"]), st.integers(0, 2 * MAX_MESSAGE_BYTES)), max_size=5
    ),
    st.integers(1, 70_000),
)
def test_only_small_signals_and_answers_come_through(sent: list[tuple[str, int]], piece: int) -> None:
    """In order and whole, in whatever pieces the stream arrives; calls and large messages are passed over."""
    stream, wanted = b"", []
    for kind, length in sent:
        message = (signal if kind == "signal" else call)("x" * length)
        stream += message
        if kind == "signal" and len(message) <= MAX_MESSAGE_BYTES:
            wanted.append("x" * length)
    incoming = IncomingMessages()
    taken = []
    for start in range(0, len(stream), piece):
        incoming.add(stream[start : start + piece])
        taken += take_all(incoming)
    assert taken == wanted


def test_a_large_message_is_never_kept() -> None:
    """Not even for the moment in which it arrives: it takes no more memory than one piece of it."""
    incoming = IncomingMessages()
    start = struct.pack("<4BIII", ord("l"), 4, 0, 1, MAX_STREAM_BYTES - 1000, 1, 0)
    piece = b"x" * 65_536
    tracemalloc.start()
    try:
        incoming.add(start)
        for _ in range(MAX_STREAM_BYTES // len(piece) - 1):
            incoming.add(piece)
            assert incoming.take() is None
        assert tracemalloc.get_traced_memory()[1] < 4 * len(piece)
    finally:
        tracemalloc.stop()


def test_a_message_that_cannot_be_parsed_costs_only_itself() -> None:
    """The bus passes on some that the library does not take: a descriptor that is not there."""
    bad = new_signal(EMITTER, "Said", "u", (7,)).serialise(serial=1).replace(b"\x01u\0", b"\x01h\0")
    incoming = IncomingMessages()
    incoming.add(bad + signal("next"))
    assert take_all(incoming) == ["next"]


@pytest.mark.parametrize(
    "start",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0" * 16,
        b"\xff" * 16,
        struct.pack("<4BIII", ord("l"), 4, 0, 2, 0, 1, 0),
        struct.pack(">4BIII", ord("B"), 4, 0, 1, 2**31, 1, 0),
        struct.pack("<4BIII", ord("l"), 4, 0, 1, 0, 1, 2**32 - 1),
    ],
)
def test_what_is_no_message_is_an_error(start: bytes) -> None:
    """From there on nothing in the stream can be trusted."""
    incoming = IncomingMessages()
    incoming.add(start)
    with pytest.raises(StreamError):
        incoming.take()
