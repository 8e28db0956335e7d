"""In each finished language, what has to be read at a glance has room: in columns, of which a wide letter takes two."""

from __future__ import annotations

from unicodedata import east_asian_width

import pytest

from tests.unit.notify.test_message import METER, NOON, NOW, STICK, plug
from unplugd.languages.language import LANGUAGES, Language, load_language
from unplugd.notify import message
from unplugd.rules.devices import BUILT_IN, Device
from unplugd.rules.model import PluggedPeriod, Reminder

FINISHED = {tag: language for tag in LANGUAGES if (language := load_language(tag))}
MAX_LINE = 45
"""GNOME shows no more of a title, and of the first line."""
MAX_BUTTON = 20


def count_columns(text: str) -> int:
    """Return how many columns a text takes."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def compose(
    language: Language, *plugs: PluggedPeriod, strangers: tuple[tuple[str, Device], ...] = ()
) -> message.Message:
    """Return a reminder."""
    notice = Reminder(1, plugs, strangers, snooze=900)
    return message.compose(notice, NOW, NOON, BUILT_IN, language)


@pytest.mark.parametrize("language", FINISHED.values(), ids=FINISHED)
@pytest.mark.parametrize("minutes", [0.5, 5, 12, 45, 60 * 12])
def test_a_reminder_says_what_to_do_at_a_glance(language: Language, minutes: float) -> None:
    """The title, the first line and the buttons are not cut off by the desktop."""
    for shown in (
        compose(language, plug(STICK, minutes=minutes)),
        compose(language, plug(METER, minutes=minutes)),
        compose(language, plug(STICK, minutes=minutes), plug(METER, minutes=minutes)),
        compose(language, strangers=(("dd", STICK),)),
    ):
        assert count_columns(shown.title) <= MAX_LINE, shown.title
        assert count_columns(shown.lines[0]) <= MAX_LINE, shown.lines[0]
        for key, label in shown.buttons:
            if not key.startswith(message.ADD_UPLOADER_KEY):
                assert count_columns(label) <= MAX_BUTTON, label
