"""Cuts the stream from a message bus into messages, and throws away what cannot be meant for us.

Any program on the bus can send us a message, and the bus lets it be as large as 128 MiB. So no more than
`MAX_MESSAGE_BYTES` is ever kept: what is larger, and every call, since we serve none, is thrown away while it arrives.
"""

from __future__ import annotations

import struct
from typing import Final

from jeepney.low_level import Message, MessageType

MAX_MESSAGE_BYTES: Final = 65_536
"""Maximum size of a message that is parsed, which may take twenty times the memory; ours have a few hundred bytes."""
MAX_STREAM_BYTES: Final = 2**27
"""Maximum size of any message according to the specification."""
START_BYTES: Final = 16
"""Number of bytes at the start of a message that tell its size."""
BYTE_ORDERS: Final = {ord("l"): "<", ord("B"): ">"}
WANTED: Final = frozenset(
    {MessageType.method_return.value, MessageType.error.value, MessageType.signal.value}
)


class StreamError(Exception):
    """The stream is not one of messages, or its place in it is lost."""


class IncomingMessages:
    """The messages of a stream; `add` takes what has arrived, `take` returns the next message."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._excess = 0
        """How many of the next bytes belong to a message that is thrown away."""

    def add(self, data: bytes) -> None:
        """Take the next part of the stream."""
        excess = min(self._excess, len(data))
        self._excess -= excess
        self._data += data[excess:]

    def take(self) -> Message | None:
        """Return the next signal, answer or error, None if none has arrived completely; may raise StreamError."""
        while len(self._data) >= START_BYTES:
            kind, size = _read_start(self._data)
            if kind not in WANTED or size > MAX_MESSAGE_BYTES:
                self._excess = max(0, size - len(self._data))
                del self._data[:size]
                continue
            if len(self._data) < size:
                return None
            raw = bytes(self._data[:size])
            del self._data[:size]
            try:
                return Message.from_buffer(raw)
            except Exception:  # noqa: BLE001, S112 - jeepney raises all kinds of errors; the next message is unaffected
                continue
        return None


def _read_start(data: bytearray) -> tuple[int, int]:
    """Return the type of the message at the start of `data`, and its size in bytes."""
    order = BYTE_ORDERS.get(data[0])
    if order is None or data[3] != 1:
        raise StreamError
    body, _serial, fields = struct.unpack_from(f"{order}III", data, 4)
    size: int = START_BYTES + -(-fields // 8) * 8 + body
    if size > MAX_STREAM_BYTES:
        raise StreamError
    return data[1], size
