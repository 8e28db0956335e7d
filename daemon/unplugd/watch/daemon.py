"""The loop: look, step, act, wait. It knows no platform; it is handed one."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from unplugd import __version__, durations
from unplugd.config.settings import Settings
from unplugd.errors import ConfigurationError
from unplugd.eventloop.loop import turn
from unplugd.eventloop.signals import Signals
from unplugd.journal import writer
from unplugd.journal.files import list_files, read_tail
from unplugd.journal.timestamps import format_timestamp
from unplugd.notify import message
from unplugd.notify.notifier import Notifier
from unplugd.rules import events, reminder, restore
from unplugd.rules.model import DeviceUse, Observation, Record, Show, State
from unplugd.watch import sd_notify
from unplugd.watch.control import Control
from unplugd.watch.lock import Lock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal

    from unplugd.eventloop.loop import Source
    from unplugd.notify.channel import Channel
    from unplugd.notify.message import Message
    from unplugd.paths import Paths
    from unplugd.platforms.protocol import Platform
    from unplugd.rules.devices import Device
    from unplugd.rules.model import Action, PluggedIn

RESCAN_SECONDS: Final = 0.2
"""Seconds after a burst of changes: an announcement can come before the list of devices is right."""
JOURNAL_RETRY_SECONDS: Final = 60.0
"""Seconds after which events that could not be written are tried again, if nothing happens before."""
NO_REMINDER: Final = -1
"""The serial number of what is no reminder."""
SLEPT_SECONDS: Final = 1.0
"""Seconds of sleep that are worth an event."""


class Daemon:
    """The running program. `settings` reads the configuration anew each time it is called.

    `stubborn`: with an invalid configuration it watches by the defaults and says so, rather than not at all.
    """

    def __init__(
        self,
        platform: Platform,
        paths: Paths,
        settings: Callable[[], Settings],
        diagnose: Callable[[str], None],
        told: Callable[[Record], None] = lambda _record: None,
        *,
        stubborn: bool = False,
    ) -> None:
        self._platform = platform
        self._paths = paths
        self._load = settings
        self._diagnose = diagnose
        self._config_problems: tuple[str, ...] = ()
        self._news: Message | None = None
        try:
            self._settings = settings()
        except ConfigurationError as error:
            if not stubborn:
                raise
            self._settings = Settings()
            self._refuse(error, "the configuration is refused, the defaults hold:")
            self._news = message.INVALID_CONFIGURATION
        self._told = told
        self._state = State()
        self._known: dict[str, Device] = {}
        self._look_at: float | None = None
        self._glance_at: float | None = None
        self._sightings: dict[str, DeviceUse] = {}
        self._running: tuple[str, float] | None = None
        self._second_look_at: float | None = None
        self._slept = platform.sleep_seconds()
        self._stopping: str | None = None
        self._last_delivery: dict[str, Any] | None = None
        self._greeted: dict[str, Any] | None = None
        self._watchdog = sd_notify.Watchdog()
        self._started = time.time()
        self._lock = Lock(paths.lock)
        self._journal = writer.Journal(
            writer.JournalFile(paths.journal), boot=platform.boot_id(), now=platform.now, wall=time.time
        )
        self._journal_trouble: str | None = None
        self._journal_tried_at = 0.0
        self._control = Control(paths.control, platform.now, self._answer)
        self._signals = Signals(
            {signal.SIGTERM: self.stop, signal.SIGINT: self.stop, signal.SIGHUP: self._reload}
        )
        self._sources: list[Source] = [self._signals, self._control, *platform.sources(self._changed)]
        self._notifier = self._channels()

    # --- running

    def run(self) -> str:
        """Watch until told to stop, and return by what."""
        now = self._platform.now()
        self._write(events.Started(__version__))
        self._write(events.ConfigLoaded())
        self._restore(now)
        # Sources are listening by now: what is plugged in from here on is announced.
        self._look(now, everything=True)
        self._tell_supervisor("READY=1")
        self._tell_news()
        while self._stopping is None:
            self._watchdog.sign(now, resting=not self._known)
            turn(self._sources, self._platform.now, _earliest(self._deadline(), self._watchdog.deadline()))
            now = self._platform.now()
            # Whatever woke it up: from here on it may hang.
            self._watchdog.sign(now, resting=False)
            deadline = self._deadline()
            if self._stopping is not None:
                break
            if (deadline is not None and now >= deadline) or self._has_slept():
                self._look(now)
            elif self._glance_at is not None:
                self._glance(now)
        self._finish(self._stopping)
        return self._stopping

    def stop(self, name: str) -> None:
        """End the loop; `name` says what asked for it."""
        self._stopping = name

    def close(self) -> None:
        """Let go of everything."""
        for source in self._sources:
            source.close()
        self._lock.release()

    def _finish(self, reason: str) -> None:
        sd_notify.notify("STOPPING=1")
        now = self._platform.now()
        for plug in self._state.present():
            self._write(reminder.sum_up(plug, now), plug.device, now)
        self._notifier.withdraw()
        self._write(events.Stopped(reason))

    def _restore(self, now: float) -> None:
        """Go on with the periods that an earlier run left, of devices that are still there."""
        written = (event for file in list_files(self._paths.journal)[-2:] for event in read_tail(file))
        there = {(device.port, device.id): device.address for device in self._scan()}
        plugs = []
        for plug, known_until in restore.find_open_periods(written, self._platform.boot_id(), now):
            address = there.get((plug.device.port, plug.device.id))
            same = address is not None and plug.device.address in (0, address)
            if plug.gone_at is not None or same:
                plugs.append(replace(plug, checkpoint_at=now))
            else:
                self._do((self._state, restore.report_missed_unplug(plug, known_until)), now)
        self._state = restore.restore_state(plugs)
        if not self._state.on_screen:
            self._notifier.withdraw()

    # --- looking

    def _changed(self) -> None:
        now = self._platform.now()
        self._glance_at = now
        self._second_look_at = now + RESCAN_SECONDS

    def _deadline(self) -> float | None:
        rules = reminder.next_deadline(self._state, self._settings.policy, self._platform.now())
        waiting = self._journal_tried_at + JOURNAL_RETRY_SECONDS if self._journal.file.waiting else None
        return _earliest(self._look_at, self._second_look_at, rules, waiting)

    def _scan(self) -> list[Device]:
        try:
            return self._platform.scan(self._settings.watches)
        except OSError as error:
            self._diagnose(f"cannot list the USB devices: {error.strerror}")
            return list(self._known.values())

    def _look(self, now: float, *, everything: bool = False) -> None:
        """Look at the world once, and do what the rules say."""
        self._notice_sleep(now)
        watched = self._scan()
        new = [] if everything else self._new(watched)
        settled = [device for device in watched if device not in new]
        software = self._settings.uploaders
        running = self._platform.find_running(software) if watched else None
        sightings = self._platform.find_usage(settled, software, running, now)
        if self._has_slept():
            # Sleep froze this look midway: what it saw and when is of before.
            self._look(self._platform.now(), everything=everything)
            return
        if self._second_look_at is not None and now >= self._second_look_at:
            self._second_look_at = None
        self._look_at = now + self._settings.look_every if watched else None
        self._step(watched, (*sightings, *map(DeviceUse, new)), running, now)
        self._retry_journal()

    def _glance(self, now: float) -> None:
        """See what is plugged in after an announcement: quick, since announcements come in hundreds.

        Who uses the devices that were there before is as the last look saw it; the next one is 200 ms away.
        """
        self._glance_at = None
        watched = self._scan()
        new = self._new(watched)
        if not new and len(watched) == len(self._known):
            return
        running = self._platform.find_running(self._settings.uploaders) if new else self._running
        sightings = tuple(
            DeviceUse(device) if device in new else self._sightings[device.port] for device in watched
        )
        self._step(watched, sightings, running, now)

    def _new(self, watched: Sequence[Device]) -> list[Device]:
        """Return those that appeared since the last look.

        Nobody can use a device in the moment it appears: whoever takes it is seen at the second look.
        """
        known = {(device.port, device.id, device.address) for device in self._known.values()}
        return [device for device in watched if (device.port, device.id, device.address) not in known]

    def _step(
        self,
        watched: Sequence[Device],
        sightings: tuple[DeviceUse, ...],
        running: tuple[str, float] | None,
        now: float,
    ) -> None:
        if self._new(watched) and self._second_look_at is None:
            self._second_look_at = now + RESCAN_SECONDS
        self._glance_at = None
        self._known = {device.port: device for device in watched}
        self._sightings = {sighting.device.port: sighting for sighting in sightings}
        self._running = running
        seen = Observation(sightings, running[1] if running else None, self._quiet_until(now))
        self._do(reminder.step(self._state, seen, now, self._settings.policy), now)

    def _quiet_until(self, now: float) -> float | None:
        if not self._settings.quiet_hours:
            return None
        wall = datetime.now().astimezone()
        ends = [end for quiet in self._settings.quiet_hours if (end := quiet.until(wall))]
        return now + (max(ends) - wall).total_seconds() if ends else None

    def _has_slept(self) -> bool:
        return self._platform.sleep_seconds() - self._slept >= SLEPT_SECONDS

    def _notice_sleep(self, now: float) -> None:
        slept = self._platform.sleep_seconds()
        if self._has_slept():
            self._write(events.Resumed(round(slept - self._slept, 3)), at=now)
        self._slept = slept

    # --- doing

    def _do(self, decided: tuple[State, tuple[Action, ...]], at: float) -> None:
        """Take on the state that was decided on for the time `at`, and do what goes with it."""
        before = self._state.present()
        self._state, actions = decided
        for action in actions:
            if isinstance(action, Record):
                # The time of the decision, so that the journal's times add up to its durations.
                self._write(action.event, action.device, at)
                self._told(action)
            elif isinstance(action, Show):
                wall = datetime.now().astimezone()
                self._notifier.show(
                    action.reminder.serial, message.compose(action.reminder, at, wall, self._settings.watches)
                )
            else:
                self._notifier.withdraw()
        if len(before) != len(self._state.present()):
            self._tell_supervisor()

    def delivered(self, serial: int, channel: str) -> None:
        """A channel took the notification."""
        if serial == NO_REMINDER:
            self._greeted = {"channel": channel}
            self._news = None
            return
        now = self._platform.now()
        decided = reminder.confirm_delivery(self._state, serial, channel, now)
        if decided[1]:
            self._last_delivery = {"time": format_timestamp(time.time()), "channel": channel}
        self._do(decided, now)

    def undelivered(self, serial: int) -> None:
        """No channel took the notification."""
        if serial == NO_REMINDER:
            self._greeted = {"channel": None}
            return
        self._state = reminder.fail_delivery(self._state, serial, self._platform.now(), self._settings.policy)

    def failed(self, channel: str, error: str) -> None:
        """One channel did not take the notification."""
        self._last_delivery = {"time": format_timestamp(time.time()), "channel": channel, "error": error}
        event = events.DeliveryFailed(channel, error)
        self._write(event)
        self._told(Record(event))

    def pressed(self, key: str) -> None:
        """A button of the notification was pressed."""
        now, policy = self._platform.now(), self._settings.policy
        if key == message.SNOOZE_KEY and self._state.reminder:
            self._do(
                reminder.snooze(self._state, policy.snooze, now, policy, self._state.reminder.ports), now
            )
        elif key == message.UPLOADING_KEY:
            self._do(reminder.hold_back(self._state, now, policy), now)

    def closed(self, outcome: Literal["dismissed", "expired"]) -> None:
        """The person or the desktop closed the notification."""
        self._do(reminder.close(self._state, outcome), self._platform.now())

    def lost(self) -> None:
        """The notification is gone with the server that showed it."""
        self._state = reminder.forget_shown(self._state)
        self._look_at = self._platform.now()

    def back(self) -> None:
        """A notification server is there again."""
        if self._state.present():
            self._state = reminder.retry_now(self._state)
            self._look_at = self._platform.now()
        self._tell_news()

    def _write(self, event: events.Event, device: Device | None = None, at: float | None = None) -> None:
        self._journal.write(event, device, at)
        self._watch_journal()

    def _retry_journal(self) -> None:
        self._journal.retry()
        self._watch_journal()

    def _watch_journal(self) -> None:
        """Take note of a try to write the journal, and say when it begins or ceases to fail."""
        self._journal_tried_at = self._platform.now()
        trouble = self._journal.file.trouble
        if trouble != self._journal_trouble:
            self._journal_trouble = trouble
            self._diagnose(
                f"the journal cannot be written: {trouble}" if trouble else "the journal is written again"
            )

    def _tell_supervisor(self, *more: str) -> None:
        names = [plug.device.name for plug in self._state.present()]
        sd_notify.notify(
            *more, f"STATUS={'Plugged in: ' + ', '.join(names) if names else 'Nothing plugged in'}"
        )

    # --- the configuration

    def _channels(self) -> Notifier:
        channels: list[Channel] = []
        for name in self._settings.channels:
            made = self._platform.channel(name, self)
            if made:
                channels.append(made[0])
                if made[1]:
                    self._sources.append(made[1])
        return Notifier(channels, self, self._platform.now)

    def _reload(self, _name: str = "") -> None:
        """Read the configuration again; an invalid one is refused and the present one stays."""
        try:
            settings = self._load()
        except ConfigurationError as error:
            self._refuse(error, "the new configuration is refused, the old one stays:")
            return
        self._config_problems = ()
        channels = self._settings.channels
        self._settings = settings
        if settings.channels != channels:
            self._replace_channels()
        self._write(events.ConfigLoaded())
        self._look_at = self._platform.now()

    def _refuse(self, error: ConfigurationError, what: str) -> None:
        self._config_problems = tuple(map(str, error.problems))
        self._diagnose(what)
        for problem in self._config_problems:
            self._diagnose(problem)

    def _replace_channels(self) -> None:
        self._notifier.withdraw()
        for source in list(self._sources):
            if hasattr(source, "show"):
                self._sources.remove(source)
                source.close()
        self._notifier = self._channels()
        self._state = reminder.forget_shown(self._state)

    # --- answering

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        command = request.get("command")
        if command == "status":
            return self._status()
        if command == "snooze":
            return self._snooze(request)
        if command == "greet":
            return self._greet()
        if command == "reload":
            self._reload()
            return {"problems": list(self._config_problems)}
        return {"error": "unknown command"}

    def _greet(self) -> dict[str, Any]:
        """Show that reminders reach the person; how it went is in the status."""
        self._greeted = {"channel": self._notifier.last or None} if self._state.reminder else None
        self._news = message.GREETING
        self._tell_news()
        return {}

    def _tell_news(self) -> None:
        """Show what is no reminder, unless there is one on the screen; later where nothing can be shown yet."""
        if self._news and not self._state.reminder:
            self._notifier.show(NO_REMINDER, self._news)

    def _snooze(self, request: dict[str, Any]) -> dict[str, Any]:
        now, policy = self._platform.now(), self._settings.policy
        present = self._state.present()
        if request.get("cancel"):
            cancelled = [plug.device.name for plug in present if plug.snoozed_until is not None]
            self._do(reminder.cancel_snooze(self._state, now, policy), now)
            return {"cancelled": cancelled}
        seconds = request.get("seconds", policy.snooze)
        if (
            not isinstance(seconds, int | float)
            or isinstance(seconds, bool)
            or not 0 < seconds <= durations.DAY_SECONDS
        ):
            return {"error": "not a duration"}
        self._do(reminder.snooze(self._state, seconds, now, policy), now)
        return {
            "plugged_in": len(present),
            "limit": policy.snooze_limit,
            "snoozed": [
                {"name": plug.device.name, "until": self._wall(plug.snoozed_until, now)}
                for plug in self._state.present()
                if plug.snoozed_at == now
            ],
        }

    def _status(self) -> dict[str, Any]:
        now = self._platform.now()
        return {
            "running": True,
            "version": __version__,
            "process": os.getpid(),
            "since": format_timestamp(self._started),
            "devices": [self._about(plug, now) for plug in self._state.present()],
            "upload_software_runs_since": self._wall(self._state.running_since, now),
            "quiet_until": self._wall(self._state.quiet_until, now),
            "channels": list(self._settings.channels),
            "last_delivery": self._last_delivery,
            "greeted": self._greeted,
            "journal": {"trouble": self._journal_trouble, "waiting": self._journal.file.waiting},
            "configuration": {"problems": list(self._config_problems)},
        }

    def _about(self, plug: PluggedIn, now: float) -> dict[str, Any]:
        due = None if plug.use else reminder.due_at(plug, self._state, self._settings.policy)
        if due is not None:
            due = max(due, self._state.quiet_until or 0.0, self._state.retry_at or 0.0, now)
        return {
            "device": plug.device.port,
            "id": plug.device.id,
            "name": plug.device.name,
            "plugged_in": self._wall(plug.since, now),
            "plugged_for": round(plug.seconds_plugged_in(now)),
            "idle_for": round(plug.seconds_idle(now)),
            "use": plug.verdict,
            "program": plug.use.program if plug.use else None,
            "evidence": plug.use.evidence if plug.use else None,
            "used_until": self._wall(plug.last_use, now),
            "strangers": list(plug.unknown_programs),
            "reminded": plug.reminders,
            "next_reminder": self._wall(due, now),
            "snoozed_until": self._wall(plug.snoozed_until, now),
        }

    def _wall(self, moment: float | None, now: float) -> str | None:
        return None if moment is None else format_timestamp(time.time() + moment - now)


def _earliest(*deadlines: float | None) -> float | None:
    return min((deadline for deadline in deadlines if deadline is not None), default=None)
