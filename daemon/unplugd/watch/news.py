"""The messages that are not reminders: the greeting, the test, and warnings about the configuration and the journal."""

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
        self._is_sent = False
        """Whether the message was given to the channels."""
        self._key = ""
        """The key of the message if it is announced only once."""
        self._announced: set[str] = set()
        """The keys of the messages that are announced only once, and have been."""
        self.delivery: dict[str, Any] | None = None
        """The channel that accepted the latest message (None if none did), and whether that was a reminder instead.

        None until the outcome is known.
        """

    def announce(self, message: Message, reminder_channel: str | None) -> None:
        """Take a new message. A reminder already on the screen, through `reminder_channel`, counts as its delivery."""
        self._message, self._key, self._is_sent = None if reminder_channel else message, "", False
        is_shown = reminder_channel is not None
        self.delivery = {"channel": reminder_channel or None, "reminder": True} if is_shown else None

    def announce_once(self, key: str, message: Message) -> None:
        """Take a new message, unless another one is waiting or one with its key has been announced before."""
        if self._message is None and key not in self._announced:
            self._announced.add(key)
            self._message, self._key, self._is_sent = message, key, False

    def take_back(self, key: str) -> None:
        """Forget the message with this key, which no longer holds, unless a channel has accepted it."""
        if self._message and self._key == key:
            self._message = None

    def show(self, notifier: Notifier) -> None:
        """Show the message, if there is one that the channels have not been given yet."""
        if self._message and not self._is_sent:
            self._is_sent = True
            notifier.show(NEWS_NUMBER, self._message)

    def show_again(self) -> None:
        """Have `show` show the message again, unless a channel has accepted it."""
        self._is_sent = False

    def on_delivered(self, channel: str) -> None:
        """Handle that a channel accepted the message."""
        self.delivery = {"channel": channel}
        self._message = None

    def on_undelivered(self) -> None:
        """Handle that no channel accepted the message: it is shown again once a notification server is available."""
        self.delivery = {"channel": None}
