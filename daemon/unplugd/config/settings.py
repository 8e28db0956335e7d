"""The settings and their defaults. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from unplugd.rules import devices, uploaders
from unplugd.rules.events import CHANNELS
from unplugd.rules.model import Policy


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Daily quiet hours in local time, as minutes of the day; they may span midnight."""

    begins: int
    ends: int

    def until(self, now: datetime) -> datetime | None:
        """Return when the current quiet hours end, or None if `now` (local time, with time zone) is outside them."""
        for days in (-1, 0):
            day = now.date() + timedelta(days=days)
            begin = _local_time(day, self.begins)
            end = _local_time(day + timedelta(days=self.ends <= self.begins), self.ends)
            if begin <= now < end:
                return end
        return None

    def __str__(self) -> str:
        return f"{self.begins // 60:02}:{self.begins % 60:02}-{self.ends // 60:02}:{self.ends % 60:02}"


def _local_time(day: date, minutes: int) -> datetime:
    # Use the system's zone each time: the offset of `now` would be wrong across a daylight-saving change. Convert
    # through the timestamp: astimezone() of a skipped local time is an hour off.
    moment = datetime.combine(day, time(minutes // 60, minutes % 60)).timestamp()
    return datetime.fromtimestamp(moment, UTC).astimezone()


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, with their defaults. Durations are in seconds."""

    policy: Policy = field(default_factory=Policy)
    quiet_hours: tuple[QuietHours, ...] = ()
    look_every: float = 15.0
    channels: tuple[str, ...] = CHANNELS
    language: str = ""
    """The language of notifications and the page, "" for that of the session."""
    watches: tuple[devices.Watch, ...] = devices.BUILT_IN
    uploaders: tuple[uploaders.Uploader, ...] = uploaders.BUILT_IN
