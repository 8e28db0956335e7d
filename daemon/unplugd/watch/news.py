"""What is shown besides reminders: the greeting, and that the configuration is invalid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from unplugd.notify.message import Message
    from unplugd.notify.notifier import Notifier

NEWS_NUMBER: Final = -1
"""The number of a message that is no reminder; those of reminders are positive."""


class News:
    """One message that is no reminder; it is kept until a channel has accepted it."""

    def __init__(self, message: Message | None = None) -> None:
        self._message = message
        self.delivery: dict[str, Any] | None = None
        """The channel that accepted the latest one (None if none did); None before the outcome is known."""

    def announce(self, message: Message, reminder_channel: str | None) -> None:
        """Take a new message. A reminder that is on the screen, on `reminder_channel`, stands for it."""
        self._message = message
        self.delivery = {"channel": reminder_channel or None} if reminder_channel is not None else None

    def show(self, notifier: Notifier) -> None:
        """Show the message if there is one."""
        if self._message:
            notifier.show(NEWS_NUMBER, self._message)

    def on_delivered(self, channel: str) -> None:
        """Handle that a channel accepted the message."""
        self.delivery = {"channel": channel}
        self._message = None

    def on_undelivered(self) -> None:
        """Handle that no channel accepted the message: it is shown again when a server is there."""
        self.delivery = {"channel": None}
