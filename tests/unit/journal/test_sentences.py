"""A journal event as a sentence: every event has one, and a hostile one has a harmless one."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.rig.zone import set_zone
from unplugd.journal import sentences
from unplugd.local_time import format_local_time

ABOUT = {"device": "1-1.2", "id": "0a21:8001", "name": "CareLink USB"}
HEAD = "CareLink USB (port 1-1.2): "


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"event": "started", "version": "1.2.3"}, "unplugd 1.2.3 started"),
        ({"event": "stopped", "reason": "SIGTERM"}, "unplugd stopped (SIGTERM)"),
        ({"event": "config_loaded"}, "configuration loaded"),
        ({"event": "plugged_in", **ABOUT}, HEAD + "plugged in"),
        ({"event": "plugged_in", "continued": True, **ABOUT}, HEAD + "plugged in again"),
        (
            {"event": "unplugged", "plugged_for": 3700, "idle_for": 60, **ABOUT},
            HEAD + "unplugged after 1 h 1 min, unused for 1 minute",
        ),
        (
            {"event": "use_began", "program": "java", "evidence": "holds /dev/ttyUSB0", **ABOUT},
            HEAD + "in use by java (holds /dev/ttyUSB0)",
        ),
        (
            {"event": "use_ended", "program": "java", "used_for": 61, **ABOUT},
            HEAD + "no longer in use by java, after 1 minute",
        ),
        (
            {
                "event": "use_ended",
                "program": "java",
                "used_for": 61,
                "forgotten": True,
                "still_for": 1200,
                **ABOUT,
            },
            HEAD
            + "no longer in use by java, after 1 minute: still open, but nothing has moved for 20 minutes",
        ),
        (
            {"event": "use_ended", "program": "java", "used_for": 7200, "forgotten": True, **ABOUT},
            HEAD + "no longer in use by java, after 2 h: still open, but nothing has moved",
        ),
        (
            {
                "event": "held_back",
                "program": "Tidepool Uploader",
                "evidence": "runs as tidepool-uploader",
                **ABOUT,
            },
            HEAD + "reminder held back: Tidepool Uploader is running (runs as tidepool-uploader)",
        ),
        (
            {"event": "held_back_ended", "program": "java", "held_for": 900, "how": "over", **ABOUT},
            HEAD + "no longer held back by java, after 15 minutes: its time is over",
        ),
        (
            {"event": "held_back_ended", "program": "java", "held_for": 900, "how": "new", **ABOUT},
            HEAD + "no longer held back by java, after 15 minutes: new",
        ),
        (
            {
                "event": "reminded",
                "count": 1,
                "urgency": "normal",
                "channel": "desktop",
                "devices": ["1-1.2", "1-1.3"],
            },
            "reminder 1 by desktop, port 1-1.2, 1-1.3",
        ),
        (
            {
                "event": "reminded",
                "count": 3,
                "urgency": "critical",
                "channel": "plyer",
                "devices": ["1-1.2"],
            },
            "reminder 3 by plyer, urgent, port 1-1.2",
        ),
        (
            {"event": "reminder_ended", "outcome": "unplugged", **ABOUT},
            HEAD + "reminder ended: unplugged",
        ),
        ({"event": "reminder_ended", "outcome": "dismissed", **ABOUT}, HEAD + "reminder closed by hand"),
        ({"event": "reminder_ended", "outcome": "snoozed", **ABOUT}, HEAD + "reminder snoozed"),
        ({"event": "reminder_ended", "outcome": "in_use", **ABOUT}, HEAD + "reminder withdrawn: in use"),
        ({"event": "reminder_ended", "outcome": "expired", **ABOUT}, HEAD + "reminder closed by the desktop"),
        ({"event": "snoozed", "snoozed_for": 900, **ABOUT}, HEAD + "snoozed for 15 minutes"),
        ({"event": "snooze_ended", "snoozed_for": 900, **ABOUT}, HEAD + "snooze over after 15 minutes"),
        (
            {"event": "delivery_failed", "channel": "desktop", "error": "no server"},
            "reminder not delivered by desktop: no server",
        ),
        ({"event": "stranger", "program": "cat", **ABOUT}, HEAD + "held open by an unknown program, cat"),
        (
            {"event": "away", "why": "locked"},
            "nobody is in front of the computer: the screen is locked; reminders wait",
        ),
        ({"event": "away", "why": "inactive"}, "somebody else is in front of the computer; reminders wait"),
        ({"event": "away", "why": "new"}, "new"),
        ({"event": "back"}, "somebody is in front of the computer again"),
        ({"event": "resumed", "slept_for": 7200}, "the computer woke after 2 h of sleep"),
        (
            {"event": "checkpoint", "plugged_for": 300, "idle_for": 300, **ABOUT},
            HEAD + "still plugged in after 5 minutes, unused for 5 minutes",
        ),
        ({"event": "gap", "lost": 7}, "7 events could not be recorded"),
        ({"event": "from_the_future", **ABOUT}, HEAD + "from_the_future"),
        ({"event": "unplugged"}, "unplugged after ?, unused for ?"),
        ({"event": "resumed", "slept_for": -1}, "the computer woke after ? of sleep"),
        ({"event": "\x1b[31m\n", "name": "\u202ename", "device": "\x00"}, "name (port ): [31m"),
    ],
)
def test_every_event_has_a_sentence(event: dict[str, Any], said: str) -> None:
    """What happened, to which device, with times as a person says them."""
    assert sentences.describe(event) == said


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.characters(exclude_categories=()), max_size=30),
        st.sampled_from(
            ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "2025-02-30T00:00:00Z", "20250101"]
        ),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = [
    "time",
    "name",
    "device",
    "version",
    "reason",
    "continued",
    "plugged_for",
    "idle_for",
    "program",
    "evidence",
    "used_for",
    "count",
    "urgency",
    "channel",
    "devices",
    "outcome",
    "snoozed_for",
    "held_for",
    "still_for",
    "forgotten",
    "how",
    "error",
    "slept_for",
    "lost",
]
NAMES = sorted(sentences._SENTENCES)


@given(st.fixed_dictionaries({"event": st.sampled_from(NAMES) | JSON}, optional=dict.fromkeys(KEYS, JSON)))
@example({"event": "resumed", "slept_for": 10**400, "time": "2025-01-01T00:00:00+23:59:59.999999"})
@example({"event": "reminded", "devices": [["\x1b"] * 1000]})
def test_any_event_is_shown_harmless(event: dict[str, Any]) -> None:
    """Whatever a journal holds, a short line comes out, without control characters, on every clock."""
    for shown in (sentences.describe(event), format_local_time(str(event.get("time")))):
        assert not any(unicodedata.category(character)[0] == "C" for character in shown)
        assert len(shown) < 300


@pytest.fixture
def honolulu() -> None:
    """Live where the clock is ten hours behind."""
    set_zone("Pacific/Honolulu")


@pytest.mark.usefixtures("honolulu")
@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2025-11-24T06:00:00.123Z", "2025-11-23 20:00:00"),
        ("2025-11-24T06:00:00+02:00", "2025-11-23 18:00:00"),
        ("yesterday\x1b", "yesterday"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("", ""),
    ],
)
def test_times_are_the_persons_own(written: str, shown: str) -> None:
    """A time in UTC is shown on the local clock; what is no time is shown as it stands."""
    assert format_local_time(written) == shown
