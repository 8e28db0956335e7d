"""The messages that are not reminders: the greeting, the test, and the warning about an invalid configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from unplugd.notify.message import Message
    from unplugd.notify.notifier import Notifier

NEWS_NUMBER: Final = -1
"""The number of messages that are not reminders; reminders have positive ones."""


class News:
    """A message that is not a reminder; it is kept until a channel has accepted it."""

    def __init__(self, message: Message | None = None) -> None:
        self._message = message
        self.delivery: dict[str, Any] | None = None
        """The channel that accepted the latest message (None if none did), and whether that was a reminder instead.

        None until the outcome is known.
        """

    def announce(self, message: Message, reminder_channel: str | None) -> None:
        """Take a new message. A reminder already on the screen, through `reminder_channel`, counts as its delivery."""
        self._message = None if reminder_channel else message
        is_shown = reminder_channel is not None
        self.delivery = {"channel": reminder_channel or None, "reminder": True} if is_shown else None

    def show(self, notifier: Notifier) -> None:
        """Show the message, if any."""
        if self._message:
            notifier.show(NEWS_NUMBER, self._message)

    def on_delivered(self, channel: str) -> None:
        """Handle that a channel accepted the message."""
        self.delivery = {"channel": channel}
        self._message = None

    def on_undelivered(self) -> None:
        """Handle that no channel accepted the message: it is shown again once a notification server is available."""
        self.delivery = {"channel": None}
