"""The configuration file: TOML, checked, all its errors at once, each with its line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from unplugd import sanitize
from unplugd.config.checks import CHECKS, TABLES
from unplugd.config.settings import Settings
from unplugd.config.write import format_value
from unplugd.errors import ConfigurationError, Problem
from unplugd.rules import devices, uploaders
from unplugd.rules.model import CHANNELS, Policy

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES: Final = 1_000_000
"""Bytes of a configuration file that are read: far more than any person writes."""


# --- values: each turns what TOML gave into what is used, or raises ValueError with what is allowed -----------------


def load_settings(path: Path) -> Settings:
    """Return the settings of the file, the defaults where there is none; ConfigurationError for all that is wrong."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ConfigurationError(
            [Problem(path.name, 0, reason, "make it a file that you can read")]
        ) from None
    if len(raw) > MAX_BYTES:
        raise ConfigurationError(
            [Problem(path.name, 0, "the file is too long", f"at most {MAX_BYTES} bytes are read")]
        )
    try:
        # Some Windows editors begin a file with a mark that TOML does not know.
        return parse_settings(raw.decode("utf-8-sig"), path.name)
    except UnicodeDecodeError:
        raise ConfigurationError(
            [Problem(path.name, 0, "the file is not text", "save it as UTF-8")]
        ) from None


def parse_settings(text: str, name: str = "config.toml") -> Settings:
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
        line = _find_line(text, section, None)
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
                line = _find_line(text, section, key, number)
                check = CHECKS[section].get(key)
                if check is None:
                    allowed = f"allowed in {shape} are {', '.join(CHECKS[section])}"
                    problems.append(Problem(name, line, f'unknown key "{sanitize.one_line(key)}"', allowed))
                    continue
                try:
                    values[key] = check(value)
                except ValueError as error:
                    shown = sanitize.one_line(format_value(value), 40)
                    problems.append(Problem(name, line, f"{section}.{key} = {shown}", str(error)))
            missing = [key for key in CHECKS[section] if key not in entry] if section in TABLES else []
            if missing:
                line = _find_line(text, section, None, number)
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


def _find_line(text: str, section: str, key: str | None, number: int = 0) -> int:
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
