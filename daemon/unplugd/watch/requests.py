"""Answers requests on the control socket: status, snooze, greet, test, check_channels and reload."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from unplugd import __version__, durations
from unplugd.clock_offset import read_offset
from unplugd.journal.timestamps import format_timestamp
from unplugd.notify import message
from unplugd.rules import reminder

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.errors import Failure
    from unplugd.platforms.protocol import Platform
    from unplugd.rules.model import PluggedPeriod
    from unplugd.watch.configuration import Configuration
    from unplugd.watch.recorder import Recorder
    from unplugd.watch.reminders import Reminders


class Requests:
    """Answers requests; `wall` reads the wall clock."""

    def __init__(
        self,
        configuration: Configuration,
        recorder: Recorder,
        reminders: Reminders,
        platform: Platform,
        wall: Callable[[], float],
        reload: Callable[[], None],
        lock_trouble: Failure | None = None,
    ) -> None:
        self._configuration = configuration
        self._recorder = recorder
        self._reminders = reminders
        self._platform = platform
        self._now = platform.now
        self._wall = wall
        self._reload = reload
        self._lock_trouble = lock_trouble
        self._started = wall()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out a request and return the answer, which has an "error" if that is not possible."""
        command = request.get("command")
        if command == "status":
            return self._report_status()
        if command == "snooze":
            return self._snooze(request)
        if command == "greet":
            self._reminders.greet()
            return {}
        if command == "test":
            self._reminders.greet(message.test)
            return {}
        if command == "check_channels":
            self._reminders.check_channels()
            return {}
        if command == "reload":
            self._reload()
            settings = self._configuration.settings
            return {
                "problems": list(self._configuration.problems),
                # The daemon may have been started with another file than the one that was changed.
                "entries": [
                    *(process for uploader in settings.uploaders for process in uploader.process),
                    *(f"{watch.vendor:04x}:{watch.product or 0:04x}" for watch in settings.watches),
                ],
            }
        return {"error": "unknown command"}

    def _snooze(self, request: dict[str, Any]) -> dict[str, Any]:
        now, policy = self._now(), self._configuration.settings.policy
        present = self._reminders.state.present()
        if request.get("cancel"):
            names = [period.device.name for period in present if period.snoozed_until is not None]
            self._reminders.apply(reminder.cancel_snooze(self._reminders.state, now, policy), now)
            return {"cancelled": names}
        seconds = request.get("seconds", policy.snooze)
        if (
            not isinstance(seconds, int | float)
            or isinstance(seconds, bool)
            or not 0 < seconds <= durations.DAY_SECONDS
        ):
            return {"error": "not a duration"}
        self._reminders.apply(reminder.snooze(self._reminders.state, seconds, now, policy), now)
        return {
            "plugged_in": len(present),
            "limit": policy.snooze_limit,
            "snoozed": [
                {"name": period.device.name, "until": self._format_time(period.snoozed_until)}
                for period in self._reminders.state.present()
                if period.snoozed_at == now
            ],
        }

    def _report_status(self) -> dict[str, Any]:
        now, state = self._now(), self._reminders.state
        return {
            "running": True,
            "version": __version__,
            "process": os.getpid(),
            "since": format_timestamp(self._started),
            "unwatched_nodes": self._platform.list_unwatched_nodes(),
            "devices": [self._describe_device(period, now) for period in state.present()],
            "upload_software_runs_since": self._format_time(
                state.chain.since if state.chain and state.chain.is_running else None
            ),
            "quiet_until": self._format_time(state.quiet_until),
            "away": state.away,
            "channels": list(self._configuration.settings.channels),
            "last_delivery": self._reminders.last_delivery,
            "greeted": self._reminders.greeting_delivery,
            "channel_checks": self._reminders.channel_checks,
            "journal": {
                "trouble": self._recorder.error,
                "hint": self._recorder.hint,
                "waiting": self._recorder.waiting,
            },
            "lock": {
                "trouble": str(self._lock_trouble) if self._lock_trouble else None,
                "hint": self._lock_trouble.hint if self._lock_trouble else None,
            },
            "configuration": {"problems": list(self._configuration.problems)},
        }

    def _describe_device(self, period: PluggedPeriod, now: float) -> dict[str, Any]:
        state, policy = self._reminders.state, self._configuration.settings.policy
        due = None if period.use else reminder.due_at(period, state, policy)
        if due is not None:
            due = max(due, state.quiet_until or 0.0, state.retry_at or 0.0, now)
        held_back_until = reminder.find_held_back_until(period, state, policy, now)
        return {
            "device": period.device.port,
            "id": period.device.id,
            "name": period.device.name,
            "plugged_in": self._format_time(period.since),
            "plugged_for": round(period.seconds_plugged_in(now)),
            "idle_for": round(period.seconds_idle(now)),
            "use": period.verdict,
            "program": period.use.program if period.use else None,
            "evidence": period.use.evidence if period.use else None,
            "used_until": self._format_time(period.last_use),
            "strangers": list(period.unknown_programs),
            "reminded": period.reminders,
            "next_reminder": self._format_time(due),
            "snoozed_until": self._format_time(period.snoozed_until),
            "held_back_by": state.chain.program if state.chain and held_back_until else None,
            "held_back_until": self._format_time(held_back_until),
            "uploading_until": self._format_time(
                period.held_until if period.held_until and period.held_until > now else None
            ),
            "forgotten_by": period.hold.program if period.hold and period.is_forgotten else None,
            "moved_at": self._format_time(
                period.hold.moved_at
                if period.hold and period.hold.is_open and period.hold.sees_moves
                else None
            ),
        }

    def _format_time(self, time: float | None) -> str | None:
        """Return a time on the platform's clock as a timestamp."""
        return None if time is None else format_timestamp(time + read_offset(self._wall, self._now))
