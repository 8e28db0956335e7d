"""Reads the configuration file: TOML, with every problem reported at once, each with its line."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

from unplugd import private_folder, regular_file, sanitize
from unplugd.config.checks import CHECKS, TABLES
from unplugd.config.settings import Settings
from unplugd.config.write import format_value
from unplugd.errors import ConfigurationError, Problem
from unplugd.rules import devices, uploaders
from unplugd.rules.events import CHANNELS
from unplugd.rules.model import Policy

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES: Final = 1_000_000
"""Largest configuration file that is read, in bytes."""


def load_settings(path: Path) -> Settings:
    """Return the settings in a file, or the defaults if it does not exist; ConfigurationError lists every problem."""
    try:
        with os.fdopen(regular_file.open_file(path), "rb") as file:
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
            [Problem(path.name, 0, "the file is too long", f"the limit is {MAX_BYTES} bytes")]
        )
    try:
        # Some Windows editors start a file with a byte-order mark, which TOML does not allow.
        return parse_settings(raw.decode("utf-8-sig"), path.name)
    except UnicodeDecodeError:
        raise ConfigurationError(
            [Problem(path.name, 0, "the file is not text", "save it as UTF-8")]
        ) from None


def load_own_settings(path: Path) -> Settings:
    """Return the settings in unplugd's own folder; ConfigurationError also if another user decides what is in it."""
    try:
        private_folder.check(path.parent)
        private_folder.resolve(path)
    except private_folder.NotOursError as error:
        raise ConfigurationError([Problem(path.name, 0, error.what, error.hint)]) from None
    except OSError:
        # There is no folder, or loading the file says what is wrong.
        pass
    return load_settings(path)


def parse_settings(text: str, name: str = "config.toml") -> Settings:
    """Return the settings in `text`; ConfigurationError gives the file `name` and the line of each problem."""
    checker = _Checker(text, name)
    for section, content in _parse_toml(text, name).items():
        checker.check_section(section, content)
    if checker.problems:
        raise ConfigurationError(checker.problems)
    return _make_settings(checker.values)


def _parse_toml(text: str, name: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        found = re.search(r"\(at (?:line (\d+), column \d+|end of document)\)", str(error))
        line = int(found[1]) if found and found[1] else 0
        what = sanitize.one_line(str(error).partition(" (at ")[0], 100).rstrip(".")
        allowed = 'write values as key = "value" and sections as [section]'
        raise ConfigurationError([Problem(name, line, f"not TOML: {what}", allowed)]) from None


class _Checker:
    """Checks the sections of one file; `values` holds the checked entries of each section, `problems` the errors."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self.values: dict[str, list[dict[str, Any]]] = {}
        self.problems: list[Problem] = []

    def check_section(self, section: str, content: Any) -> None:
        """Check the parsed content of a section."""
        line = _find_line(self._text, section, None)
        if section not in CHECKS:
            allowed = f"valid sections are {', '.join(map(_write_header, CHECKS))}"
            self._report(line, f'unknown section "{sanitize.one_line(section)}"', allowed)
            return
        entries = content if section in TABLES and isinstance(content, list) else [content]
        is_table = isinstance(content, list)
        if (section in TABLES) != is_table or not all(isinstance(entry, dict) for entry in entries):
            self._report(line, f'"{section}" is not a section', f"write it as {_write_header(section)}")
            return
        for number, entry in enumerate(entries):
            self._check_entry(section, number, entry)

    def _check_entry(self, section: str, number: int, entry: dict[str, Any]) -> None:
        header = _write_header(section)
        values: dict[str, Any] = {}
        for key, value in entry.items():
            line = _find_line(self._text, section, key, number)
            check = CHECKS[section].get(key)
            if check is None:
                allowed = f"valid keys in {header} are {', '.join(CHECKS[section])}"
                self._report(line, f'unknown key "{sanitize.one_line(key)}"', allowed)
                continue
            try:
                values[key] = check(value)
            except ValueError as error:
                shown = sanitize.one_line(format_value(value), 40)
                self._report(line, f"{section}.{key} = {shown}", str(error))
        missing = [key for key in CHECKS[section] if key not in entry] if section in TABLES else []
        if missing:
            line = _find_line(self._text, section, None, number)
            advice = "add it" if len(missing) == 1 else "add them"
            self._report(line, f"{header} has no {' and no '.join(missing)}", advice)
        self.values.setdefault(section, []).append(values)

    def _report(self, line: int, what: str, allowed: str) -> None:
        self.problems.append(Problem(self._name, line, what, allowed))


def _write_header(section: str) -> str:
    return f"[[{section}]]" if section in TABLES else f"[{section}]"


def _make_settings(values: dict[str, list[dict[str, Any]]]) -> Settings:
    remind = dict(values.get("remind", [{}])[0])
    quiet_hours = remind.pop("quiet_hours", ())
    notify = values.get("notify", [{}])[0]
    look_every = values.get("watch", [{}])[0].get("look_every", Settings().look_every)
    watches = tuple(
        devices.Watch(entry["name"], entry["id"][0], entry["id"][1], built_in=False)
        for entry in values.get("device", [])
    )
    own_uploaders = tuple(
        uploaders.Uploader(entry["name"], entry["process"], script=True)
        for entry in values.get("uploader", [])
    )
    return Settings(
        policy=Policy(**remind, retry=look_every),
        quiet_hours=quiet_hours,
        look_every=look_every,
        channels=notify.get("channels", CHANNELS),
        language=notify.get("language", ""),
        watches=(*watches, *devices.BUILT_IN),
        uploaders=(*own_uploaders, *uploaders.BUILT_IN),
    )


def _find_line(text: str, section: str, key: str | None, number: int = 0) -> int:
    """Return the line of the `number`th occurrence of a section, or of a key in it; 0 if it cannot be found."""
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
