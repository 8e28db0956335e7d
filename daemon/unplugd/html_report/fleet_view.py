"""A report on many computers as the page needs it, and what its sections have in common. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from unplugd.html_report.markup import UNNAMED, escape_name, render_duration, render_time
from unplugd.review import days, fleet_wording
from unplugd.review.wording import format_moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from unplugd.languages.language import Language
    from unplugd.review.fleet import Fleet


@dataclass(frozen=True)
class FleetView:
    """A report on many computers that was made at `made` (Unix seconds), and how it is shown."""

    fleet: Fleet
    zone: tzinfo
    language: Language
    made: float

    @cached_property
    def is_now(self) -> bool:
        """Whether it says how things are now."""
        return fleet_wording.is_now(self.fleet, self.made)

    @cached_property
    def no_name(self) -> str:
        """What is shown in place of a name that is empty."""
        return self.language.translate(UNNAMED)

    def render_host(self, host: str) -> str:
        """Return the name of a computer as HTML."""
        return escape_name(host, self.no_name)

    def render_device(self, name: str) -> str:
        """Return the name of a device as HTML."""
        return escape_name(name, self.language.translate("USB device"))

    def render_moment(self, seconds: float | None) -> str:
        """Return a time as HTML; None is never."""
        if seconds is None:
            return fleet_wording.format_heard(None, self.fleet, self.zone, self.language)
        shown = format_moment(seconds, self.fleet, self.zone, self.language)
        return render_time(days.to_local(seconds, self.zone), shown)

    def render_duration(self, seconds: float) -> str:
        """Return a duration as HTML; less than a second is none."""
        return render_duration(seconds, self.language)

    def say_more(self, count: int) -> str:
        """Return a paragraph that says that `count` are not listed; "" if all are."""
        if count <= 0:
            return ""
        sentence = self.language.count(
            count,
            # Translators: Below a list of computers. Leave the command as it is, with <kbd> and </kbd>.
            "{count} more is not listed here; <kbd>unplugd report --json</kbd> lists everything.",
            "{count} more are not listed here; <kbd>unplugd report --json</kbd> lists everything.",
        )
        return f"<p>{sentence}</p>"


class Column(NamedTuple):
    """A column of a table: its heading, and its class: "text" for words, "main" for the most important figure."""

    name: str
    kind: str = ""


def render_table(
    caption: str, columns: Sequence[Column], rows: Iterable[Sequence[str]], kind: str = "grid"
) -> str:
    """Return a table of the class `kind`; the first cell of each row is its heading, and on a phone each other one has its own label."""
    heads = "".join(
        f'<th scope="col"{_mark(column.kind)}>{column.name}</th>' if column.name else "<td></td>"
        for column in columns
    )
    starts = [f"<td{_mark(column.kind)}{_label(column.name)}>" for column in columns[1:]]
    body = "".join(
        f'<tr><th scope="row">{first}</th>'
        f"{''.join(f'{start}{cell}</td>' for start, cell in zip(starts, cells, strict=True))}</tr>"
        for first, *cells in rows
    )
    return (
        f'<table class="{kind}"><caption>{caption}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _mark(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _label(name: str) -> str:
    return f' data-label="{escape(name)}"' if name else ""
