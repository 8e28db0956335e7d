"""Holds the state of the rules and carries out their actions: events to the journal, reminders to the notifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from unplugd import local_time, sanitize
from unplugd.journal.timestamps import format_timestamp
from unplugd.notify import message
from unplugd.notify.notifier import Notifier
from unplugd.rules import reminder, uploaders
from unplugd.rules.events import DeliveryFailed
from unplugd.rules.model import Record, Show, State
from unplugd.watch import sd_notify
from unplugd.watch.addition import Addition
from unplugd.watch.news import NEWS_NUMBER, News

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal

    from unplugd.languages.language import Language
    from unplugd.notify.channel import Channel
    from unplugd.platforms.protocol import Platform
    from unplugd.rules.model import Action, Observation, Reminder
    from unplugd.watch.configuration import Configuration
    from unplugd.watch.recorder import Recorder

JOURNAL_TROUBLE: Final = "journal"
"""The news that the journal cannot be written."""


class Reminders:
    """Applies the decisions of the rules; handles the results of deliveries and what happens to the notification.

    `on_record` gets each event that the rules record, `poll_now` makes the next poll due, `reload` reads the
    configuration again, `open_review` opens the review.
    """

    def __init__(
        self,
        platform: Platform,
        configuration: Configuration,
        recorder: Recorder,
        wall: Callable[[], float],
        on_record: Callable[[Record], None],
        poll_now: Callable[[], None],
        reload: Callable[[], None],
        open_review: Callable[[], None],
    ) -> None:
        self._platform = platform
        self._configuration = configuration
        self._recorder = recorder
        self._write = recorder.write
        self._wall = wall
        self._on_record = on_record
        self._poll_now = poll_now
        self._reload = reload
        self.addition = Addition(platform.now, self._on_added)
        """Adds upload software to the configuration; a source of the event loop."""
        self._open_review = open_review
        language = configuration.language
        self._news = News(message.explain_invalid_configuration(language) if configuration.problems else None)
        self._notifier = Notifier((), self, platform.now)
        self.state = State()
        self.message: message.Message | None = None
        """The latest reminder in words."""
        self.last_delivery: dict[str, Any] | None = None
        """Time, channel and error of the latest delivery, as shown by `unplugd status`."""

    @property
    def greeting_delivery(self) -> dict[str, Any] | None:
        """The channel of the latest greeting or test, None until its outcome is known."""
        return self._news.delivery

    @property
    def channel_checks(self) -> dict[str, dict[str, Any] | None]:
        """What `check_channels` has found out about each channel, None until then."""
        return {
            name: found and {"error": found[0] and sanitize.one_line(found[0]), "what": found[1]}
            for name, found in self._notifier.checks.items()
        }

    # --- channels

    def open_channels(self) -> Sequence[Channel]:
        """Make and return the channels that the configuration names."""
        made = [self._platform.channel(name, self) for name in self._configuration.settings.channels]
        self._notifier = Notifier([channel for channel in made if channel], self, self._platform.now)
        return self._notifier.channels

    def close_channels(self) -> Sequence[Channel]:
        """Withdraw what is shown, close the channels and return them."""
        self._notifier.withdraw()
        for channel in self._notifier.channels:
            channel.close()
        self.state = reminder.forget_shown(self.state)
        return self._notifier.channels

    def check_channels(self) -> None:
        """Check, showing nothing, whether each channel would work; `channel_checks` has the results once they come."""
        self._notifier.check()

    def withdraw(self) -> None:
        """Remove the notification from the screen, even one left by an earlier run."""
        self._notifier.withdraw()

    # --- decisions of the rules

    def observe(self, observation: Observation, now: float) -> None:
        """Let the rules decide on a poll's result."""
        self.apply(reminder.step(self.state, observation, now, self._configuration.settings.policy), now)
        if self._recorder.error is None:
            self._news.take_back(JOURNAL_TROUBLE)
        elif not self._is_busy() and self.state.quiet_until is None:
            trouble = message.explain_journal_trouble(self._recorder.error, self._configuration.language)
            self._news.announce_once(JOURNAL_TROUBLE, trouble)
        if not self._is_busy():
            self._news.show(self._notifier)

    def deadline(self) -> float | None:
        """Return when the rules must decide again."""
        return reminder.next_deadline(self.state, self._configuration.settings.policy, self._platform.now())

    def apply(self, decided: tuple[State, tuple[Action, ...]], at: float) -> None:
        """Adopt the state that was decided at the time `at`, and carry out the actions."""
        before = self.state.present()
        self.state, actions = decided
        for action in actions:
            if isinstance(action, Record):
                # Use the time of the decision, so that times and durations in the journal add up.
                self._write(action.event, action.device, at)
                self._on_record(action)
            elif isinstance(action, Show):
                self._news.show_again()
                self._notifier.show(action.reminder.number, self._compose(action.reminder, at))
            else:
                self._notifier.withdraw()
        if len(before) != len(self.state.present()):
            self.notify_service_manager()

    def _compose(self, notice: Reminder, at: float) -> message.Message:
        self.message = message.compose(
            notice,
            at,
            local_time.read_now(),
            self._configuration.settings.watches,
            self._configuration.language,
            can_add=self._configuration.is_own,
        )
        return self.message

    def notify_service_manager(self, *lines: str) -> None:
        """Send the service manager `lines` and which devices are plugged in."""
        names = ", ".join(period.device.name for period in self.state.present())
        sd_notify.notify(*lines, f"STATUS={f'Plugged in: {names}' if names else 'Nothing plugged in'}")

    # --- news

    def greet(self, write: Callable[[Language], message.Message] = message.greet) -> None:
        """Show a message that proves that reminders reach the person; `greeting_delivery` has the outcome."""
        channel = self._notifier.last_channel if self.state.reminder else None
        self._news.announce(write(self._configuration.language), channel)
        # Somebody waits for it, so even an upload does not delay it.
        if not self.state.reminder:
            self._news.show(self._notifier)

    def _is_busy(self) -> bool:
        """Return whether other news than the greeting have to wait, for a reminder or for the end of an upload."""
        return self.state.reminder is not None or any(period.use for period in self.state.present())

    # --- results of deliveries

    def on_delivered(self, number: int, channel: str) -> None:
        """Handle that a channel accepted the message."""
        if number == NEWS_NUMBER:
            self._news.on_delivered(channel)
            return
        now = self._platform.now()
        decided = reminder.confirm_delivery(self.state, number, channel, now)
        if decided[1]:
            self.last_delivery = {"time": format_timestamp(self._wall()), "channel": channel}
        self.apply(decided, now)

    def on_undelivered(self, number: int) -> None:
        """Handle that no channel accepted the message."""
        if number == NEWS_NUMBER:
            self._news.on_undelivered()
            return
        policy = self._configuration.settings.policy
        self.state = reminder.fail_delivery(self.state, number, self._platform.now(), policy)

    def on_delivery_error(self, channel: str, error: str) -> None:
        """Handle that one channel did not accept the message."""
        self.last_delivery = {"time": format_timestamp(self._wall()), "channel": channel, "error": error}
        failure = DeliveryFailed(channel, error)
        self._write(failure)
        self._on_record(Record(failure))

    # --- what happens to the notification

    def on_action(self, key: str) -> None:
        """Handle a press of a button, or a click on the notification."""
        if key == message.REVIEW_KEY:
            self._open_review()
            return
        now, policy = self._platform.now(), self._configuration.settings.policy
        if key == message.SNOOZE_KEY:
            ports = reminder.find_announced_ports(self.state)
            self.apply(reminder.snooze(self.state, policy.snooze, now, policy, ports), now)
        elif key == message.UPLOADING_KEY:
            self.apply(reminder.hold_back(self.state, now, policy), now)
        elif key.startswith(message.ADD_UPLOADER_KEY):
            program = key.removeprefix(message.ADD_UPLOADER_KEY)
            # The key comes from the server, so it may only name a program that was found.
            is_known = any(program in period.programs_seen for period in self.state.present())
            if is_known and uploaders.can_be_added(program) and self._configuration.is_own:
                self.apply(reminder.accept_program(self.state, program, now, policy), now)
                if not self._counts_as_uploader(program):
                    self.addition.add(program)

    def _on_added(self, program: str, error: str | None) -> None:
        """Handle that a program was added to the configuration, or why not."""
        if error is not None:
            failure = message.explain_failed_addition(program, error, self._configuration.language)
            self._news.announce(failure, None)
            self._poll_now()
        elif not self._counts_as_uploader(program):
            # The command could not reach us.
            self._reload()

    def _counts_as_uploader(self, program: str) -> bool:
        """Return whether the configuration in force names a program as upload software."""
        return any(program in entry.process for entry in self._configuration.settings.uploaders)

    def on_closed(self, outcome: Literal["dismissed", "expired"]) -> None:
        """Handle that the person or the desktop closed the notification."""
        self.apply(reminder.close(self.state, outcome), self._platform.now())
        # News may have waited for that.
        self._poll_now()

    def on_lost(self) -> None:
        """Handle that the notification disappeared along with its server."""
        self.state = reminder.forget_shown(self.state)
        self._poll_now()

    def on_server_back(self) -> None:
        """Handle that a notification server is available again."""
        if self.state.present():
            self.state = reminder.retry_now(self.state)
            self._poll_now()
        self._news.show_again()
        if not self._is_busy():
            self._news.show(self._notifier)

    def label_menu(self) -> Sequence[tuple[str, str]]:
        """Return the key and the label of each entry of a menu that is always there."""
        return message.label_menu(self._configuration.language)
