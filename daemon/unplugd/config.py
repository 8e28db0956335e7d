"""The configuration file: TOML, checked, all its errors at once, each with its line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from unplugd import durations, sanitize
from unplugd.durations import DAY_SECONDS
from unplugd.errors import ConfigurationError, Problem
from unplugd.rules import devices, uploaders
from unplugd.rules.model import CHANNELS, Policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LARGEST: Final = 1_000_000
"""Bytes of a configuration file that are read: far more than any person writes."""

TEMPLATE: Final = """\
# unplugd's configuration. Every line is a default: change what you need and remove the "#" before it.
# Durations are written like "90s", "5m" or "1h30m". Check with: unplugd config check

[remind]
# after_plug_in = "5m"         # the first reminder, when nothing has used the device
# after_use = "2m"             # the first reminder after an upload
# running_counts_for = "20m"   # how long a running uploader holds the reminder back without using the device
# repeat = ["5m", "10m", "15m", "30m"]   # then again after these; the last one goes on
# critical_after = 3           # from this reminder on it is shown as urgent
# snooze = "15m"
# snooze_limit = "1h"          # for one plug-in, in all
# quiet_hours = ["22:00-07:00"]   # no notification then; the journal goes on

[watch]
# look_every = "15s"           # how often to look who uses a device; only while one is plugged in

[notify]
# channels = ["desktop", "plyer", "terminal"]   # tried in this order

# A device to watch besides the built-in ones; "unplugd devices learn" writes this for you.
# [[device]]
# name = "CareLink USB 2.4"
# id = "0a21:8002"

# Upload software besides the built-in list: names, full paths, or "java:uploader.jar".
# [[uploader]]
# name = "My uploader"
# process = ["my-uploader"]
"""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Daily quiet hours in local time, as minutes of the day; they may span midnight."""

    begins: int
    ends: int

    def until(self, now: datetime) -> datetime | None:
        """Return when the quiet hours that `now` (local, aware) lies in end, or None outside them."""
        for days in (-1, 0):
            day = now.date() + timedelta(days=days)
            begin = _local(day, self.begins)
            end = _local(day + timedelta(days=self.ends <= self.begins), self.ends)
            if begin <= now < end:
                return end
        return None

    def __str__(self) -> str:
        return f"{self.begins // 60:02}:{self.begins % 60:02}-{self.ends // 60:02}:{self.ends % 60:02}"


def _local(day: date, minutes: int) -> datetime:
    # Through the system's zone each time: an offset kept from `now` would be wrong across a daylight-saving change.
    # By way of the timestamp: astimezone() of a local time that is skipped is an hour off.
    moment = datetime.combine(day, time(minutes // 60, minutes % 60)).timestamp()
    return datetime.fromtimestamp(moment, UTC).astimezone()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured; durations in seconds."""

    policy: Policy = field(default_factory=Policy)
    quiet_hours: tuple[Quiet, ...] = ()
    look_every: float = 15.0
    channels: tuple[str, ...] = CHANNELS
    watches: tuple[devices.Watch, ...] = devices.BUILT_IN
    uploaders: tuple[uploaders.Uploader, ...] = uploaders.BUILT_IN


# --- values: each turns what TOML gave into what is used, or raises ValueError with what is allowed -----------------


def _seconds(least: float, most: float) -> Callable[[Any], float]:
    allowed = f'write a duration from "{durations.format_exact(least)}" to "{durations.format_exact(most)}", like "90s" or "1h30m"'

    def check(value: Any) -> float:
        try:
            seconds = durations.parse(value) if isinstance(value, str) else -1.0
        except ValueError:
            seconds = -1.0
        if not least <= seconds <= most:
            raise ValueError(allowed)
        return seconds

    return check


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
        raise ValueError("write a whole number from 1 to 1000")
    return value


def _list_of(check: Callable[[Any], Any], what: str, *, least: int = 0) -> Callable[[Any], tuple[Any, ...]]:
    def check_all(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not least <= len(value) <= 100:
            raise ValueError(f"write a list of {what}" + (", at least one" if least else ""))
        return tuple(check(entry) for entry in value)

    return check_all


def _quiet(value: Any) -> Quiet:
    written = re.fullmatch(
        r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", value if isinstance(value, str) else ""
    )
    if not written or written[0][:5] == written[0][6:]:
        raise ValueError('write times of the day like "22:00-07:00"')
    hours = [int(group) for group in written.groups()]
    return Quiet(hours[0] * 60 + hours[1], hours[2] * 60 + hours[3])


def _channel(value: Any) -> str:
    if value not in CHANNELS:
        raise ValueError(f"write a list of {', '.join(CHANNELS)}")
    return str(value)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not sanitize.one_line(value):
        raise ValueError("write a name in quotes")
    return sanitize.one_line(value)


def _id(value: Any) -> tuple[int, int]:
    try:
        return devices.parse_id(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError('write an id like "0a21:8001" (unplugd devices lists them)') from None


def _process(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    relative = "/" in text and not text.startswith("/")
    if not text.strip("*?") or relative or text.startswith(":") or text.endswith((":", "/")):
        raise ValueError('write names, full paths or "java:uploader.jar" of programs, in quotes')
    return str(value)


CHECKS: Final[dict[str, dict[str, Callable[[Any], Any]]]] = {
    "remind": {
        "after_plug_in": _seconds(0, DAY_SECONDS),
        "after_use": _seconds(0, DAY_SECONDS),
        "running_counts_for": _seconds(0, DAY_SECONDS),
        "repeat": _list_of(_seconds(0.05, DAY_SECONDS), 'durations like ["5m", "10m"]', least=1),
        "critical_after": _count,
        "snooze": _seconds(0.05, DAY_SECONDS),
        "snooze_limit": _seconds(0, DAY_SECONDS),
        "quiet_hours": _list_of(_quiet, 'times of the day like ["22:00-07:00"]'),
    },
    "watch": {"look_every": _seconds(0.05, 3600)},
    "notify": {"channels": _list_of(_channel, ", ".join(CHANNELS), least=1)},
    "device": {"name": _name, "id": _id},
    "uploader": {"name": _name, "process": _list_of(_process, "program names", least=1)},
}
TABLES: Final = ("device", "uploader")
"""Sections that stand as `[[name]]`, as often as one likes."""


def load(path: Path) -> Settings:
    """Return the settings of the file, the defaults where there is none; ConfigurationError for all that is wrong."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ConfigurationError(
            [Problem(path.name, 0, reason, "make it a file that you can read")]
        ) from None
    if len(raw) > LARGEST:
        raise ConfigurationError(
            [Problem(path.name, 0, "the file is too long", f"at most {LARGEST} bytes are read")]
        )
    try:
        # Some Windows editors begin a file with a mark that TOML does not know.
        return parse(raw.decode("utf-8-sig"), path.name)
    except UnicodeDecodeError:
        raise ConfigurationError(
            [Problem(path.name, 0, "the file is not text", "save it as UTF-8")]
        ) from None


def parse(text: str, name: str = "config.toml") -> Settings:
    """Return the settings that `text` says; ConfigurationError names the file `name` and the line of each problem."""
    import tomllib

    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        found = re.search(r"\(at (?:line (\d+), column \d+|end of document)\)", str(error))
        line = int(found[1]) if found and found[1] else 0
        what = sanitize.one_line(str(error).partition(" (at ")[0], 100).rstrip(".")
        allowed = 'values are written key = "value", sections [section]'
        raise ConfigurationError([Problem(name, line, f"not TOML: {what}", allowed)]) from None

    problems: list[Problem] = []
    checked: dict[str, list[dict[str, Any]]] = {}
    for section, content in document.items():
        line = _line(text, section, None)
        if section not in CHECKS:
            allowed = "allowed are " + ", ".join(f"[[{s}]]" if s in TABLES else f"[{s}]" for s in CHECKS)
            problems.append(Problem(name, line, f'unknown section "{sanitize.one_line(section)}"', allowed))
            continue
        entries = content if section in TABLES and isinstance(content, list) else [content]
        shape = f"[[{section}]]" if section in TABLES else f"[{section}]"
        if (section in TABLES) != isinstance(content, list) or not all(isinstance(e, dict) for e in entries):
            problems.append(Problem(name, line, f'"{section}" is not a section', f"write it as {shape}"))
            continue
        for number, entry in enumerate(entries):
            values: dict[str, Any] = {}
            for key, value in entry.items():
                line = _line(text, section, key, number)
                check = CHECKS[section].get(key)
                if check is None:
                    allowed = f"allowed in {shape} are {', '.join(CHECKS[section])}"
                    problems.append(Problem(name, line, f'unknown key "{sanitize.one_line(key)}"', allowed))
                    continue
                try:
                    values[key] = check(value)
                except ValueError as error:
                    shown = sanitize.one_line(_toml(value), 40)
                    problems.append(Problem(name, line, f"{section}.{key} = {shown}", str(error)))
            missing = [key for key in CHECKS[section] if key not in entry] if section in TABLES else []
            if missing:
                line = _line(text, section, None, number)
                problems.append(Problem(name, line, f"{shape} has no {' and no '.join(missing)}", "add it"))
            checked.setdefault(section, []).append(values)
    if problems:
        raise ConfigurationError(problems)

    remind = dict(checked.get("remind", [{}])[0])
    watch = checked.get("watch", [{}])[0]
    quiet_hours = remind.pop("quiet_hours", ())
    look_every = watch.get("look_every", Settings().look_every)
    added = tuple(
        devices.Watch(e["name"], e["id"][0], e["id"][1], built_in=False) for e in checked.get("device", [])
    )
    own = tuple(uploaders.Uploader(e["name"], e["process"]) for e in checked.get("uploader", []))
    return Settings(
        policy=Policy(**remind, retry=look_every),
        quiet_hours=quiet_hours,
        look_every=look_every,
        channels=checked.get("notify", [{}])[0].get("channels", CHANNELS),
        watches=(*added, *devices.BUILT_IN),
        uploaders=(*own, *uploaders.BUILT_IN),
    )


def written(settings: Settings) -> str:
    """Return the settings as a complete file that `parse` reads back to the same settings."""
    policy = settings.policy
    lines = ["[remind]"]
    for entry in fields(policy):
        value = getattr(policy, entry.name)
        if entry.name == "retry":
            continue
        if entry.name == "critical_after":
            lines.append(f"{entry.name} = {value}")
        else:
            shown = (
                [durations.format_exact(v) for v in value]
                if isinstance(value, tuple)
                else durations.format_exact(value)
            )
            lines.append(f"{entry.name} = {_toml(shown)}")
    lines.append(f"quiet_hours = {_toml([str(quiet) for quiet in settings.quiet_hours])}")
    lines += ["", "[watch]", f"look_every = {_toml(durations.format_exact(settings.look_every))}"]
    lines += ["", "[notify]", f"channels = {_toml(list(settings.channels))}"]
    for watch in settings.watches:
        if not watch.built_in and watch.product is not None:
            lines += ["", device_entry(watch.name, f"{watch.vendor:04x}:{watch.product:04x}").rstrip()]
    for uploader in settings.uploaders:
        if uploader not in uploaders.BUILT_IN:
            lines += ["", uploader_entry(uploader.name, uploader.process).rstrip()]
    return "\n".join(lines) + "\n"


def device_entry(name: str, usb_id: str) -> str:
    """Return the lines that add a device to a configuration file."""
    return f"[[device]]\nname = {_toml(name)}\nid = {_toml(usb_id)}\n"


def uploader_entry(name: str, process: tuple[str, ...]) -> str:
    """Return the lines that add upload software to a configuration file."""
    return f"[[uploader]]\nname = {_toml(name)}\nprocess = {_toml(list(process))}\n"


def _toml(value: Any) -> str:
    if isinstance(value, str):
        escaped = "".join(
            f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else f"\\{c}" if c in '"\\' else c
            for c in value
        )
        return f'"{escaped}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, int) and abs(value) > LARGEST:
        # Python refuses to write out numbers of thousands of digits.
        return "a huge number"
    return str(value)


def _line(text: str, section: str, key: str | None, number: int = 0) -> int:
    """Return the line of a section or of a key in its `number`th occurrence, 0 where it is written in another way."""
    header = re.compile(rf"\s*\[\[?\s*[\"']?{re.escape(section)}[\"']?\s*\]\]?")
    entry = re.compile(rf"\s*[\"']?{re.escape(key or '')}[\"']?\s*=")
    inside = -1
    for line, content in enumerate(text.splitlines(), 1):
        if header.match(content):
            inside += 1
            if key is None and inside == number:
                return line
        elif content.lstrip().startswith("["):
            if inside == number:
                break
        elif key is not None and inside == number and entry.match(content):
            return line
    return 0
