"""The channels in their order: the first that takes the words is the one that the journal names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from unplugd.notify.channel import Channel
    from unplugd.notify.message import Message

REPEAT_ERROR_SECONDS: Final = 300.0
"""Seconds after which the same trouble of the same channel is worth another line in the journal."""


class DeliveryEvents(Protocol):
    """Who is told how a delivery went."""

    def delivered(self, serial: int, channel: str) -> None:
        """A channel took it."""

    def undelivered(self, serial: int) -> None:
        """No channel took it."""

    def failed(self, channel: str, error: str) -> None:
        """One channel did not take it."""


class Notifier:
    """Shows one thing at a time, on the first channel that works; an update only where it replaces."""

    def __init__(
        self, channels: Sequence[Channel], outcomes: DeliveryEvents, now: Callable[[], float]
    ) -> None:
        self._channels = channels
        self._outcomes = outcomes
        self._now = now
        self._serial = 0
        self._trouble: dict[str, tuple[str, float]] = {}
        self.last: str = ""
        """The channel that took the latest words, "" before the first."""

    def show(self, serial: int, words: Message) -> None:
        """Show `words`; the outcome comes under this serial number unless something newer is shown before."""
        self._serial = serial
        self._try(serial, words, [channel for channel in self._channels if words.fresh or channel.replaces])

    def withdraw(self) -> None:
        """Take away what is shown."""
        self._serial = 0
        for channel in self._channels:
            channel.withdraw()

    def _try(self, serial: int, words: Message, channels: list[Channel]) -> None:
        if serial != self._serial:
            return
        if not channels:
            self._outcomes.undelivered(serial)
            return
        channel, *rest = channels

        def done(trouble: str | None) -> None:
            if serial != self._serial:
                return
            if trouble is None:
                self._trouble.pop(channel.name, None)
                self.last = channel.name
                self._outcomes.delivered(serial, channel.name)
                return
            self._report(channel.name, trouble)
            self._try(serial, words, rest)

        channel.show(words, done)

    def _report(self, channel: str, trouble: str) -> None:
        """Tell of trouble when it is new, and now and then while it lasts: tries come every few seconds."""
        before = self._trouble.get(channel)
        now = self._now()
        if before is None or before[0] != trouble or now >= before[1] + REPEAT_ERROR_SECONDS:
            self._trouble[channel] = (trouble, now)
            self._outcomes.failed(channel, trouble)
