"""Small pieces of HTML, and the labels of the page. Pure.

Functions called `render_…` return HTML, those called `format_…` plain text without anything to escape. Text from a
journal is untrusted: it must pass through `escape_text` or `escape_name`.
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
"""Labels for the ends of periods."""


@lru_cache(maxsize=1024)
def escape_text(text: str, if_empty: str = UNNAMED) -> str:
    """Return untrusted text sanitized and escaped, for an attribute or a title."""
    return escape(sanitize.one_line(text) or if_empty)


def escape_name(text: str, if_empty: str = UNNAMED) -> str:
    """Return an untrusted name for running text: escaped, and isolated in case it is written from right to left."""
    return f"<bdi>{escape_text(text, if_empty)}</bdi>"


def render_duration(seconds: float, nothing: str = "none") -> str:
    """Return a duration in words, with the exact seconds as machine-readable data; `nothing` if less than a second."""
    return f'<data value="{format_number(seconds)}">{describe_duration(seconds, nothing)}</data>'


def render_count(count: int) -> str:
    """Return a count with grouped digits, with the plain number as machine-readable data."""
    return f'<data value="{count}">{group_digits(count)}</data>'


def render_time(time: datetime, shown: str) -> str:
    """Return `shown`, with the exact time as machine-readable data."""
    return f'<time datetime="{time.isoformat(timespec="seconds")}">{shown}</time>'


def render_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the contents of a description list; the names and values are already HTML."""
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in pairs)


def format_number(value: float) -> str:
    """Return a number rounded to three decimals, without trailing zeros."""
    return f"{round(value, 3):.15g}"


def describe_end(period: Period, until: float) -> str:
    """Return how a period ended, in a report that ends at `until`."""
    return "still plugged in" if is_still_plugged_in(period, until) else END_LABELS[period.end]
