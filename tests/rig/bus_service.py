"""A service on a private bus that answers what it knows, in a thread of its own, and refuses the rest."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

from jeepney import HeaderFields, Message, MessageType, message_bus, new_error
from jeepney.io.blocking import Proxy

from tests.rig.wait import GIVE_UP

if TYPE_CHECKING:
    from tests.rig.bus import Bus


class BusService:
    """Owns a name on the bus. What nobody should ask of it is noted in `refused`."""

    def __init__(self, bus: Bus, name: str) -> None:
        self.refused: list[str] = []
        self.hangs = False
        self._held: list[Message] = []
        self._connection = bus.connect()
        self._in_turn = threading.Lock()
        proxy = Proxy(message_bus, self._connection, timeout=GIVE_UP)
        proxy.RequestName(name)
        # The bus answers before it tells others who owns the name. It has done so when it answers again.
        proxy.GetId()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def answer(self, call: Message) -> Message | None:
        """Return the answer to a call, None if it is unknown."""
        raise NotImplementedError

    def emit(self, signal: Message) -> None:
        """Send a signal."""
        self._connection.send(signal)

    def hang(self) -> None:
        """Take calls and answer none."""
        self.hangs = True

    def catch_up(self) -> None:
        """Answer what was held back, and behave again."""
        with self._in_turn:
            self.hangs = False
            held, self._held = self._held, []
        for call in held:
            self._connection.send(self._answer_or_refuse(call))

    def close(self) -> None:
        """Leave the bus, as a crash does, unless it has left or the bus has ended."""
        with contextlib.suppress(OSError):
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(GIVE_UP)
        self._connection.close()

    def _serve(self) -> None:
        try:
            while True:
                message = self._connection.receive()
                if message.header.message_type is not MessageType.method_call:
                    continue
                with self._in_turn:
                    is_held = self.hangs
                    if is_held:
                        self._held.append(message)
                if not is_held:
                    self._connection.send(self._answer_or_refuse(message))
        except (OSError, EOFError):
            return

    def _answer_or_refuse(self, call: Message) -> Message:
        answer = self.answer(call)
        if answer:
            return answer
        fields = call.header.fields
        self.refused.append(f"{fields[HeaderFields.path]} {fields[HeaderFields.member]} {call.body}")
        return new_error(call, "org.freedesktop.DBus.Error.UnknownObject")
