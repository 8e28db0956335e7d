"""Small pieces of HTML; whatever comes from outside goes through here, and comes out harmless. Pure."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.review import days, wording

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from unplugd.review.model import Period

END_LABELS: Final = {
    "unplugged": "unplugged",
    "unseen": "unplugged while unplugd was not running",
    "cut": "cut off (last known moment)",
    "open": "its end is not known",
}
"""How a period ended, in words."""
OUTCOME_LABELS: Final = {
    "unplugged": "unplugged",
    "in_use": "an upload began",
    "snoozed": "snoozed",
    "dismissed": "closed by hand",
    "expired": "closed by the desktop",
    "": "followed by the next reminder, or not known",
}
"""What became of a reminder, in words, the best first."""


@lru_cache(maxsize=1024)
def escape_text(text: str, nameless: str = "without a name") -> str:
    """Return a foreign `text` escaped, for an attribute or a title."""
    return escape(sanitize.one_line(text) or nameless)


def escape_name(text: str, nameless: str = "without a name") -> str:
    """Return a foreign name for running text: escaped, and writing from right to left stays within it."""
    return f"<bdi>{escape_text(text, nameless)}</bdi>"


def format_duration(seconds: float, nothing: str = "none") -> str:
    """Return a duration in words, with the exact seconds for machines."""
    return f'<data value="{format_number(seconds)}">{wording.describe_duration(seconds, nothing)}</data>'


def format_count(amount: int) -> str:
    """Return a count, with thin spaces between thousands, and as it is for machines."""
    return f'<data value="{amount}">{_grouped(amount)}</data>'


def format_number(value: float) -> str:
    """Return a number as short as it is exact to the millisecond."""
    return f"{round(value, 3):.15g}"


def format_several(amount: int, one: str, many: str) -> str:
    """Return "1 day" or "3 days"."""
    return f"{_grouped(amount)} {one if amount == 1 else many}"


def _grouped(amount: int) -> str:
    return f"{amount:,}".replace(",", "\u202f")


def describe_end(period: Period, until: float) -> str:
    """Return how a period ended, in a report until then."""
    return "still plugged in" if wording.is_still_plugged_in(period, until) else END_LABELS[period.end]


def format_moment(time: datetime, shown: str) -> str:
    """Return a time as `shown`, and exactly for machines."""
    return f'<time datetime="{time.isoformat(timespec="seconds")}">{shown}</time>'


def format_interval(began: datetime, ended: datetime) -> str:
    """Return the times from one to the other, with the days where it goes over midnight."""
    if began.date() == ended.date():
        return f"{days.format_clock(began)}{days.TO}{days.format_clock(ended)}"
    return f"{days.format_short(began.date())} {days.format_clock(began)}{days.TO}{days.format_short(ended.date())} {days.format_clock(ended)}"


def format_pairs(rows: Iterable[tuple[str, str]]) -> str:
    """Return what stands in a list of names and values."""
    return "".join(f"<div><dt>{what}</dt><dd>{said}</dd></div>" for what, said in rows)
