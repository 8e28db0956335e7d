"""Tries the channels in order; the first that accepts the message is the one named in the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from unplugd.notify.channel import Channel
    from unplugd.notify.message import Message

REPEAT_ERROR_SECONDS: Final = 300.0
"""Seconds after which a channel's error is reported again if it has not changed."""


class DeliveryListener(Protocol):
    """Is told how each delivery went."""

    def on_delivered(self, number: int, channel: str) -> None:
        """Handle that a channel accepted the message."""

    def on_undelivered(self, number: int) -> None:
        """Handle that no channel accepted the message."""

    def on_delivery_error(self, channel: str, error: str) -> None:
        """Handle that one channel did not accept the message."""


class Notifier:
    """Shows one message at a time on the first channel that works; updates only use channels that can replace."""

    def __init__(
        self, channels: Sequence[Channel], listener: DeliveryListener, now: Callable[[], float]
    ) -> None:
        self.channels = tuple(channels)
        self._listener = listener
        self._now = now
        self._number = 0
        self._errors: dict[str, tuple[str, float]] = {}
        self.last_channel: str = ""
        """The channel that accepted the latest message, "" before the first one."""
        self.checks: dict[str, tuple[str | None, str] | None] = {}
        """What the latest check of each channel has found: an error (or None) and a description; None until then."""

    def show(self, number: int, message: Message) -> None:
        """Show the message; the outcome is reported with the number unless a newer message comes first."""
        self._number = number
        usable = [channel for channel in self.channels if message.fresh or channel.replaces]
        self._try_channels(number, message, usable)

    def withdraw(self) -> None:
        """Remove the message from the screen."""
        self._number = 0
        for channel in self.channels:
            channel.withdraw()

    def check(self) -> None:
        """Check, showing nothing, whether each channel would work; the results go to `checks`."""
        self.checks = checks = dict.fromkeys(channel.name for channel in self.channels)
        for channel in self.channels:

            def on_result(error: str | None, what: str, name: str = channel.name) -> None:
                checks[name] = (error, what)

            channel.check(on_result)

    def _try_channels(self, number: int, message: Message, channels: list[Channel]) -> None:
        if number != self._number:
            return
        if not channels:
            self._listener.on_undelivered(number)
            return
        channel, *rest = channels

        def on_done(error: str | None) -> None:
            if number != self._number:
                return
            if error is None:
                self._errors.pop(channel.name, None)
                self.last_channel = channel.name
                self._listener.on_delivered(number, channel.name)
                return
            self._report_error(channel.name, error)
            self._try_channels(number, message, rest)

        channel.show(message, on_done)

    def _report_error(self, channel: str, error: str) -> None:
        """Report a new error at once and a lasting one only now and then: deliveries are retried every few seconds."""
        previous = self._errors.get(channel)
        now = self._now()
        if previous is None or previous[0] != error or now >= previous[1] + REPEAT_ERROR_SECONDS:
            self._errors[channel] = (error, now)
            self._listener.on_delivery_error(channel, error)
