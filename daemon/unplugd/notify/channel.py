"""The channels besides the desktop's own: plyer in a child process, and the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal


from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.notify.message import Message


class Channel(Protocol):
    """A way to reach the person. `replaces`: what it showed can be replaced and withdrawn."""

    @property
    def name(self) -> str:
        """What the configuration and the journal call it."""

    @property
    def replaces(self) -> bool:
        """Whether an update makes sense on it."""

    def show(self, words: Message, done: Callable[[str | None], None]) -> None:
        """Show `words`; call `done` with None once the channel took them, or with why it did not."""

    def withdraw(self) -> None:
        """Take away what was shown, if the channel can."""

    def check(self, told: Callable[[str | None, str], None]) -> None:
        """Find out whether it would work, showing nothing; call `told` with the trouble, or None and what is there."""


class Events(Protocol):
    """Who is told what became of a notification."""

    def pressed(self, key: str) -> None:
        """A button was pressed."""

    def closed(self, outcome: Literal["dismissed", "expired"]) -> None:
        """The person or the server closed it."""

    def lost(self) -> None:
        """It is gone with the server that showed it."""

    def back(self) -> None:
        """A server is there again."""
