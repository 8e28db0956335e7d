"""A text in a language: its placeholders, its forms for numbers, and what happens where a translation is wrong."""

from __future__ import annotations

from gettext import NullTranslations

import pytest

from tests.rig.pseudo import make_pseudo
from unplugd.durations import describe
from unplugd.languages.language import ENGLISH, Language


class Wrong(NullTranslations):
    """Has the same translation for everything."""

    def __init__(self, translation: str) -> None:
        super().__init__()
        self.translation = translation

    def gettext(self, message: str) -> str:
        assert message
        return self.translation


def test_english_is_the_text_itself() -> None:
    """Values stand where they belong, also those with braces, and a text without values may have braces."""
    assert ENGLISH.translate("a {b} c") == "a {b} c"
    assert ENGLISH.translate("{a} and {b}", a="{b}", b="{}") == "{b} and {}"
    assert ENGLISH.translate_in("somewhere", "{a}!", a="x") == "x!"
    assert [ENGLISH.count(count, "one", "{count} things") for count in (0, 1, 2000)] == [
        "0 things",
        "one",
        "2\u202f000 things",
    ]
    assert ENGLISH.count(2, "one", "{count}", count="<b>2</b>") == "<b>2</b>"


@pytest.mark.parametrize(
    "wrong", ["{", "{nothing}", "{0}", "{}", "{a.b}", "{a[0]}", "{a[x]}", "{a!x}", "{a:d}"]
)
def test_a_mistake_in_a_translation_costs_no_reminder(wrong: str) -> None:
    """The English text is shown instead."""
    language = Language("de", ENGLISH.formats, Wrong(wrong))
    shown = language.translate("Unplug the {a}", a="stick")
    assert shown in {"Unplug the stick", "s"}


def test_a_duration_is_translated_with_its_units() -> None:
    """Each form of a duration is a text of its own."""
    language, _ = make_pseudo()
    seconds = (1, 59, 60, 3599, 3600, 12_000, 86_400, 190_000)
    assert [describe(number, language) for number in seconds] == [
        f"⟦{describe(number)}⟧" for number in seconds
    ]
