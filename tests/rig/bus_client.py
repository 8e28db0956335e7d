"""A connection of the product's to a message bus, as a test uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.rig.turning import Clock, turn_once, turn_until
from unplugd.platforms.linux.bus import BUS, Bus

if TYPE_CHECKING:
    from jeepney import DBusAddress
    from jeepney.low_level import Message


class Client:
    """A connection whose clock stands still until a test moves it, and all that it has reported."""

    def __init__(self, address: str) -> None:
        self.clock = Clock()
        self.signals: list[Message] = []
        self.lost: list[str] = []
        self.answers: list[tuple[tuple[Any, ...] | None, str]] = []
        self.late: list[tuple[Any, ...]] = []
        self.bus = Bus(address, self.clock, self.signals.append, self.lost.append)

    def answer(self, body: tuple[Any, ...] | None, error: str) -> None:
        self.answers.append((body, error))

    def call(self, to: DBusAddress = BUS, method: str = "GetId", *arguments: Any, **options: Any) -> None:
        signature = "s" * len(arguments) or None
        self.bus.call(to, method, signature, arguments, self.answer, **options)

    def turn(self) -> None:
        turn_once(self.clock, self.bus)

    def until(self, condition: Any, what: str) -> Any:
        return turn_until(self.clock, condition, what, self.bus)

    def answered(self) -> tuple[tuple[Any, ...] | None, str]:
        """Wait for the next answer and return it."""
        self.until(lambda: self.answers, "an answer")
        return self.answers.pop(0)
