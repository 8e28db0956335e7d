"""The interface of a notification channel, and of the listener that it reports back to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

from unplugd.eventloop.loop import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal

    from unplugd.notify.message import Message


class Channel(Source, ABC):
    """A way to notify the person; also a source of the event loop. No method blocks."""

    name: str
    """Its name in the configuration and the journal."""
    replaces: bool = False
    """Whether the message on the screen can be replaced and withdrawn."""
    confirms: bool = True
    """Whether a successful `check` means that the person would see the message."""
    hint: str = ""
    """Advice if it does not work, unless the platform has a better hint."""

    @abstractmethod
    def show(self, message: Message, on_done: Callable[[str | None], None]) -> None:
        """Show the message; `on_done` gets None once the channel has taken it, or an error."""

    @abstractmethod
    def withdraw(self) -> None:
        """Remove the message from the screen, if the channel can."""

    @abstractmethod
    def check(self, on_result: Callable[[str | None, str], None]) -> None:
        """Check, showing nothing, whether it would work; `on_result` gets an error (or None) and a description."""


class NotificationListener(Protocol):
    """Is told what happens to the notification on the screen."""

    def on_action(self, key: str) -> None:
        """Handle a press of a button, or a click on the notification."""

    def on_closed(self, outcome: Literal["dismissed", "expired"]) -> None:
        """Handle that the person or the server closed the notification."""

    def on_lost(self) -> None:
        """Handle that the notification disappeared along with its server."""

    def on_server_back(self) -> None:
        """Handle that a notification server is available again."""

    def label_menu(self) -> Sequence[tuple[str, str]]:
        """Return the key and the label of each entry of a menu that is always there, on desktops that have one."""
