"""Small pieces of HTML, and the page's labels. Pure.

What is called `render_…` returns HTML, what is called `format_…` plain text without anything to escape. Text from a
journal can be anything: it goes into the page by `escape_text` or `escape_name` only.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.plurals import group_digits
from unplugd.review.wording import describe_duration, is_still_plugged_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from unplugd.review.model import Period

UNNAMED: Final = "without a name"
END_LABELS: Final = {
    "unplugged": "unplugged",
    "unseen": "unplugged while unplugd was not running",
    "cut": "cut off (last known moment)",
    "open": "end not known",
}
"""How a period ended, in words."""


@lru_cache(maxsize=1024)
def escape_text(text: str, if_empty: str = UNNAMED) -> str:
    """Return an untrusted `text` sanitized and escaped, for an attribute or a title."""
    return escape(sanitize.one_line(text) or if_empty)


def escape_name(text: str, if_empty: str = UNNAMED) -> str:
    """Return an untrusted name for running text: escaped, and isolated if it is written from right to left."""
    return f"<bdi>{escape_text(text, if_empty)}</bdi>"


def render_duration(seconds: float, nothing: str = "none") -> str:
    """Return a duration in words, with the exact seconds for machines; less than a second is `nothing`."""
    return f'<data value="{format_number(seconds)}">{describe_duration(seconds, nothing)}</data>'


def render_count(count: int) -> str:
    """Return a count with its digits grouped, and without for machines."""
    return f'<data value="{count}">{group_digits(count)}</data>'


def render_time(time: datetime, shown: str) -> str:
    """Return `shown`, with the exact time for machines."""
    return f'<time datetime="{time.isoformat(timespec="seconds")}">{shown}</time>'


def render_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the inside of a list of names and values, which are HTML already."""
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in pairs)


def format_number(value: float) -> str:
    """Return a number to the millisecond, without needless zeros."""
    return f"{round(value, 3):.15g}"


def describe_end(period: Period, until: float) -> str:
    """Return how a period ended, in a report that ends at `until`."""
    return "still plugged in" if is_still_plugged_in(period, until) else END_LABELS[period.end]
