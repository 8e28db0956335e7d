"""unplugd's own files, which may hold anything: the configuration, the remembered notification, the journal's tail."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from tests.fuzz.target import SEPARATOR, folder_for
from tests.rig import harmless
from unplugd.config.file import load_settings, parse_settings
from unplugd.config.settings import Settings
from unplugd.config.write import TEMPLATE, format_settings
from unplugd.errors import ConfigurationError
from unplugd.journal.files import decode_line, read_tail
from unplugd.platforms.linux.shown_notification import MAX_ID, ShownNotification
from unplugd.rules import reminder, restore
from unplugd.rules.model import DeviceUse, Observation, Policy, Show, State

MONTH: Final = Path(__file__).parents[1] / "histories/month.jsonl"
HALF_AN_HOUR: Final = 1800.0

# --- the configuration


@cache
def find_configuration_seeds() -> list[bytes]:
    """Return the defaults, the template with everything switched on, and one of each table."""
    switched_on = "\n".join(line.removeprefix("# ") for line in TEMPLATE.splitlines())
    tables = '[[device]]\nname = "x"\nid = "0a21:8002"\n[[uploader]]\nname = "ü"\nprocess = ["java:u.jar", "/a b"]\n'
    quiet = (
        '[remind]\nquiet_hours = ["22:00-07:00"]\nrepeat = ["1h30m", "200ms"]\n[watch]\nlook_every = "0.1s"\n'
    )
    return [text.encode() for text in (format_settings(Settings()), switched_on, tables, quiet + tables)]


def take_configuration(raw: bytes) -> None:
    """Load it: what is refused is said in lines that are safe to print, and what is taken reads back when written."""
    path = folder_for("configuration") / "config.toml"
    path.write_bytes(raw)
    try:
        settings = load_settings(path)
    except ConfigurationError as error:
        problems = error.problems
    else:
        assert parse_settings(format_settings(settings)) == settings
        return
    assert problems
    for problem in problems:
        assert "\n" not in str(problem)
        harmless.on_terminal(str(problem))


# --- what is remembered of the notification

OWNER: Final = ":1.42"


def find_remembered_seeds() -> list[bytes]:
    """Return what an earlier run has left."""
    return [f"{OWNER} 7".encode(), f"{OWNER} 4294967296".encode(), b":1.9 7", b"", f"{OWNER} -1".encode()]


def take_remembered(raw: bytes) -> None:
    """Remember it: it is an id that a notification can have, or none."""
    path = folder_for("remembered") / "notification"
    path.write_bytes(raw)
    bus: Any = SimpleNamespace(call=lambda *_arguments, **_options: None)
    server: Any = SimpleNamespace(owner=OWNER, address=None, capabilities=None)
    notification = ShownNotification(bus, server, lambda: 0.0, lambda _message, _error: None, path)
    found = notification._recall()
    assert 0 <= found < MAX_ID
    notification.adopt(wanted=False)
    notification.adopt(wanted=True)


# --- the journal's tail, from which a restart goes on

BOOT: Final = "b"
NOW: Final = 1_000_000.0


@cache
def find_tail_seeds() -> list[bytes]:
    """Return the tails of a month's journal, as of this boot."""
    events = [event for line in MONTH.read_bytes().splitlines() if (event := decode_line(line))]
    lines = [
        json.dumps({**event, "boot": BOOT, "uptime": NOW - 50_000 + 60 * number}).encode()
        for number, event in enumerate(events)
    ]
    return [b"\n".join(lines[at : at + 12]) + b"\n" for at in range(0, len(lines), 6)]


def take_tail(raw: bytes) -> None:
    """Go on from it: whatever it says, an idle device that it says is plugged in is reminded of within 30 hours."""
    path = folder_for("tail") / "events.jsonl"
    path.write_bytes(raw.replace(SEPARATOR, b"\n"))
    found = restore.find_open_periods(read_tail(path), BOOT, NOW)
    for period, known_until in found:
        restore.report_missed_unplug(period, known_until)
    periods = [replace(period, checkpoint_at=NOW) for period, _ in found if period.gone_at is None]
    state = restore.restore_state(periods, NOW)
    # Only one device can be in a port.
    idle = Observation(tuple(DeviceUse(period.device) for period in periods))
    reminded: set[str] = set()
    for look in range(61):
        now = NOW + look * HALF_AN_HOUR
        state, due = _step(state, idle, now)
        reminded |= due
    assert reminded == {period.device.port for period in periods}


def _step(state: State, seen: Observation, now: float) -> tuple[State, frozenset[str]]:
    state, actions = reminder.step(state, seen, now, Policy())
    shown = [action.reminder for action in actions if isinstance(action, Show)]
    due: frozenset[str] = frozenset()
    for one in shown:
        due |= one.due
        state, _ = reminder.confirm_delivery(state, one.number, "desktop", now)
    return state, due
