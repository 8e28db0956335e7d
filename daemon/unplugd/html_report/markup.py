"""Small pieces of HTML, and the labels of the page. Pure.

Functions called `render_…` return HTML, those called `format_…` plain text without anything to escape. Text from a
journal is untrusted: it must pass through `escape_text` or `escape_name`.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from html import escape
from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.languages.language import mark, mark_in
from unplugd.review.wording import describe_duration, is_still_plugged_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from unplugd.languages.language import Language
    from unplugd.review.figures import Figures
    from unplugd.review.model import Period

MAX_SENTENCE_CHARACTERS: Final = 200
"""Maximum length of a sentence on a journal; ours are shorter, but the key of an unknown note or trouble may be longer."""
# Translators: In place of the name of a device or computer that has none.
UNNAMED: Final = mark("without a name")
END_LABELS: Final = {
    # Translators: How a time that a device was plugged in ended: the device was unplugged.
    "unplugged": mark_in("end of a time plugged in", "unplugged"),
    "unseen": mark_in("end of a time plugged in", "unplugged while unplugd was not running"),
    # Translators: The computer or unplugd stopped while the device was plugged in.
    "cut": mark_in("end of a time plugged in", "cut off (last known moment)"),
    "open": mark_in("end of a time plugged in", "end not known"),
}
"""Labels for the ends of periods; `translate_in` takes them."""


@lru_cache(maxsize=1024)
def escape_text(text: str, if_empty: str = "") -> str:
    """Return untrusted text sanitized and escaped, for an attribute or a title."""
    return escape(sanitize.one_line(text) or if_empty)


def escape_name(text: str, if_empty: str = "") -> str:
    """Return an untrusted name for running text: escaped, and isolated in case it is written from right to left."""
    return f"<bdi>{escape_text(text, if_empty)}</bdi>"


def escape_sentence(sentence: str) -> str:
    """Return a sentence on a journal sanitized, cut and escaped."""
    return escape(sanitize.one_line(sentence, MAX_SENTENCE_CHARACTERS))


def render_duration(seconds: float, language: Language, nothing: str | None = None) -> str:
    """Return a duration in words, with the exact seconds as machine-readable data; `nothing` if less than a second."""
    return f'<data value="{format_number(seconds)}">{describe_duration(seconds, nothing, language)}</data>'


def render_count(count: int, language: Language) -> str:
    """Return a count with grouped digits, with the plain number as machine-readable data."""
    return f'<data value="{count}">{language.formats.group_digits(count)}</data>'


def join_words(words: Iterable[str], language: Language) -> str:
    """Return a list of one or more names or short facts: "a, b, c"."""
    return reduce(
        # Translators: What stands between two items of a list.
        lambda first, second: language.translate_in("list", "{first}, {second}", first=first, second=second),
        words,
    )


def join_facts(facts: Iterable[str], language: Language) -> str:
    """Return a list of one or more facts, in which there may be commas: "a; b; c"."""
    return reduce(
        # Translators: What stands between two items of a list, in which there may be commas.
        lambda first, second: language.translate_in("list", "{first}; {second}", first=first, second=second),
        facts,
    )


def count_times(count: int, language: Language) -> str:
    """Return how many times something happened: "1 time", "3 times"."""
    return language.count(count, "{count} time", "{count} times")


def render_heads(texts: Iterable[str]) -> str:
    """Return the headings of columns."""
    return "".join(f'<th scope="col">{text}</th>' for text in texts)


def render_figure_heads(language: Language) -> str:
    """Return the headings of the columns of `render_figures`."""
    return render_heads(
        [
            # Translators: How many times a device was plugged in.
            language.translate_in("heading of a column", "Times"),
            # Translators: For how long.
            language.translate_in("heading of a column", "Plugged in"),
            language.translate_in("heading of a column", "Used"),
            language.translate_in("heading of a column", "Left unused"),
        ]
    )


def render_figures(figures: Figures, language: Language, key: str = "") -> str:
    """Return the cells of some figures; `key` is the id of the last one."""
    last = f' id="{key}"' if key else ""
    return (
        f"<td>{render_count(figures.periods, language)}</td><td>{render_duration(figures.plugged_for, language)}</td>"
        f"<td>{render_duration(figures.used_for, language)}</td>"
        f"<td{last}>{render_duration(figures.unused_for, language)}</td>"
    )


def render_time(time: datetime, shown: str) -> str:
    """Return `shown`, with the exact time as machine-readable data."""
    return f'<time datetime="{time.isoformat(timespec="seconds")}">{shown}</time>'


def render_folded(name: str, content: str) -> str:
    """Return what is shown by a click on its name; both are already HTML."""
    return f"<details><summary><b>{name}</b></summary>{content}</details>"


def render_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the contents of a description list; the names and values are already HTML."""
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in pairs)


def format_number(value: float) -> str:
    """Return a number rounded to three decimals, without trailing zeros."""
    return f"{round(value, 3):.15g}"


def describe_end(period: Period, until: float, language: Language) -> str:
    """Return how a period ended, in a report that ends at `until`."""
    if is_still_plugged_in(period, until):
        return language.translate("still plugged in")
    return language.translate_in(*END_LABELS[period.end])
