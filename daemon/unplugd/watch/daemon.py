"""The daemon. Its loop polls the devices, lets the rules decide, carries out the actions, and waits.

    platform ── observer ──► rules ──► reminders ──► journal (recorder), notification channels (notifier)

Everything runs in one thread. `turn` waits for the sources: signals, the control socket, the platform's announcements,
the channels. Most of them only make a poll or a rescan due, which the loop then does. The platform is passed in;
nothing here depends on which one it is.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from unplugd import __version__, private_folder
from unplugd.eventloop.loop import turn
from unplugd.eventloop.signals import Signals
from unplugd.journal.files import list_files, read_tail
from unplugd.paths import shorten
from unplugd.rules import restore
from unplugd.rules.events import ConfigLoaded, Resumed, Started, Stopped
from unplugd.rules.period import sum_up
from unplugd.watch import sd_notify
from unplugd.watch.configuration import Configuration
from unplugd.watch.control import Control
from unplugd.watch.lock import Lock
from unplugd.watch.observer import Observer
from unplugd.watch.recorder import Recorder
from unplugd.watch.reminders import Reminders
from unplugd.watch.requests import Requests
from unplugd.watch.review_page import ReviewPage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unplugd.config.settings import Settings
    from unplugd.eventloop.loop import Source
    from unplugd.notify.message import Message
    from unplugd.paths import Paths
    from unplugd.platforms.protocol import Platform
    from unplugd.rules.model import Record


class Daemon:
    """The daemon. `load` reads the configuration each time it is called.

    `report` gets each line for the log, `on_record` each event that the rules record. With `defaults_on_error`, an
    invalid configuration is reported and the defaults are used; otherwise ConfigurationError is raised.
    `is_own_configuration`: it is in the file that `unplugd config` changes. `reviewed`: the journal that a click shows
    the review of, the user's own if None.
    """

    def __init__(
        self,
        platform: Platform,
        paths: Paths,
        load: Callable[[], Settings],
        report: Callable[[str], None],
        on_record: Callable[[Record], None] = lambda _record: None,
        *,
        defaults_on_error: bool = False,
        is_own_configuration: bool = True,
        reviewed: Path | None = None,
    ) -> None:
        self._platform = platform
        self._journal_path = paths.journal
        self._configuration = Configuration(
            load,
            report,
            platform.read_locale,
            defaults_on_error=defaults_on_error,
            is_own=is_own_configuration,
        )
        self._observer = Observer(platform, self._configuration, report)
        self._stop_reason: str | None = None
        self._watchdog = sd_notify.Watchdog()
        self._lock = Lock(paths.lock)
        if self._lock.trouble:
            report(f"{self._lock.trouble}\nhint: {self._lock.trouble.hint}")
        self._recorder = Recorder(paths.journal, platform, time.time, report)
        self._write = self._recorder.write
        review_page = ReviewPage(platform.now, report, reviewed)
        self._reminders = Reminders(
            platform,
            self._configuration,
            self._recorder,
            time.time,
            on_record,
            self._observer.poll_now,
            self._reload,
            review_page.open,
        )
        requests = Requests(
            self._configuration,
            self._recorder,
            self._reminders,
            platform,
            time.time,
            self._reload,
            self._lock.trouble,
        )
        try:
            private_folder.make(paths.runtime)
        except private_folder.NotOursError as error:
            report(f"{shorten(paths.runtime)} is not used: {error.what}\nhint: {error.hint}")
        except OSError:
            # Commands find the daemon without it.
            pass
        # A daemon of another journal may have the usual socket, or its folder may not be writable.
        places = (paths.control, paths.state / paths.control.name)
        control = Control(places, platform.now, requests.answer, self._lock)
        self._sources: list[Source] = [
            Signals(self.stop, self._reload),
            control,
            self._reminders.addition,
            review_page,
            *platform.sources(self._observer.on_change, self._observer.on_use),
        ]
        self._sources.extend(self._reminders.open_channels())

    @property
    def message(self) -> Message | None:
        """The latest reminder in words, None before the first."""
        return self._reminders.message

    def run(self) -> str:
        """Watch until stopped; return the reason."""
        now = self._platform.now()
        self._write(Started(__version__))
        self._write(ConfigLoaded())
        self._restore(now)
        # The sources are listening by now: any device plugged in from here on is announced.
        self._poll(now, is_first=True)
        self._reminders.notify_service_manager("READY=1")
        while self._stop_reason is None:
            self._watchdog.keep_alive(now, resting=not self._observer.sees_devices)
            turn(self._sources, self._platform.now, _earliest(self._deadline(), self._watchdog.deadline()))
            now = self._platform.now()
            # From here on the loop may hang, so the short timeout applies again.
            self._watchdog.keep_alive(now, resting=False)
            deadline = self._deadline()
            if self._stop_reason is not None:
                break
            if (deadline is not None and now >= deadline) or self._observer.has_slept():
                self._poll(now)
            elif self._observer.rescan_due:
                self._rescan(now)
        self._finish(self._stop_reason)
        return self._stop_reason

    def stop(self, reason: str) -> None:
        """End the loop; `reason` is what caused it, such as the name of a signal."""
        self._stop_reason = reason

    def close(self) -> None:
        """Release everything."""
        # The signals last: while Windows closes a console or a session, it ends the process as soon as they are.
        for source in reversed(self._sources):
            source.close()
        self._lock.release()

    def _restore(self, now: float) -> None:
        """Continue the periods that an earlier run left open, if their devices are still plugged in.

        If that cannot be seen yet, they are continued until it can.
        """
        written = (event for file in self._list_own_files() for event in read_tail(file))
        found = restore.find_open_periods(written, self._platform.boot_id(), now)
        self._observer.expect(period.device for period, _ in found if period.gone_at is None)
        addresses = {(device.port, device.id): device.address for device in self._observer.scan()}
        periods = []
        for period, known_until in found:
            address = addresses.get((period.device.port, period.device.id))
            is_same = address is not None and period.device.address in (0, address)
            if period.gone_at is not None or is_same:
                periods.append(replace(period, checkpoint_at=now))
            else:
                record = restore.report_missed_unplug(period, known_until)
                self._reminders.apply((self._reminders.state, record), now)
        self._reminders.state = restore.restore_state(periods, now)
        if not self._reminders.state.on_screen:
            self._reminders.withdraw()

    def _list_own_files(self) -> list[Path]:
        """Return the journal's latest files, but none that another user could have put there to silence reminders."""
        files = []
        with suppress(OSError):
            private_folder.check(self._journal_path.parent)
            for file in list_files(self._journal_path)[-2:]:
                with suppress(private_folder.NotOursError):
                    files.append(private_folder.resolve(file))
        return files

    def _deadline(self) -> float | None:
        return _earliest(self._observer.deadline(), self._reminders.deadline(), self._recorder.deadline())

    def _poll(self, now: float, *, is_first: bool = False) -> None:
        observation = None
        while observation is None:
            slept = self._observer.take_sleep()
            if slept:
                self._write(Resumed(round(slept, 3)), at=now)
            observation = self._observer.poll(now, is_first=is_first)
            if observation is None:
                now = self._platform.now()
        self._reminders.observe(observation, now)
        self._recorder.retry()

    def _rescan(self, now: float) -> None:
        observation = self._observer.rescan(now)
        if observation is not None:
            self._reminders.observe(observation, now)

    def _reload(self) -> None:
        channels = self._configuration.settings.channels
        if not self._configuration.reload():
            return
        if self._configuration.settings.channels != channels:
            for channel in self._reminders.close_channels():
                self._sources.remove(channel)
            self._sources.extend(self._reminders.open_channels())
        self._write(ConfigLoaded())
        self._observer.poll_now()

    def _finish(self, reason: str) -> None:
        sd_notify.notify("STOPPING=1")
        # This may report that the notification was closed a moment ago, which belongs before the sums.
        self._reminders.withdraw()
        now = self._platform.now()
        for period in self._reminders.state.present():
            self._write(sum_up(period, now), period.device, now)
        self._write(Stopped(reason))
        self._recorder.report_lost()


def _earliest(*deadlines: float | None) -> float | None:
    return min((deadline for deadline in deadlines if deadline is not None), default=None)
