"""The style sheet of the page, with the texts that it shows: on a narrow screen, each figure has its label. Pure."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unplugd.languages.language import Language


def make_style(language: Language) -> str:
    """Return the style sheet; `page.css` takes each text by its name."""
    texts = {
        # Translators: On a narrow screen, where there are no headings of columns. "times 3, plugged in 2 h, used 5 min"
        "times": language.translate_in("label before a figure", "times"),
        "plugged-in": language.translate_in("label before a figure", "plugged in"),
        "used": language.translate_in("label before a figure", "used"),
        "left-unused": language.translate_in("label before a figure", "left unused"),
        "reminders": language.translate_in("label before a figure", "reminders"),
        # Translators: "ended: unplugged"
        "ended": language.translate_in("label before a figure", "ended:"),
        # Translators: On paper, behind the name of a month whose days are not shown.
        "folded": language.translate("folded, so not printed"),
    }
    names = "".join(f"--text-{name}:{_quote(text)};" for name, text in texts.items())
    return f"{_load_style()}\n:root{{{names}}}"


@cache
def _load_style() -> str:
    return files("unplugd.html_report").joinpath("page.css").read_text(encoding="utf-8").strip()


def _quote(text: str) -> str:
    """Return a text as a string of CSS, in which nothing can end the style sheet."""
    return '"' + "".join(f"\\{ord(letter):x} " if letter in '"\\<\n' else letter for letter in text) + '"'
