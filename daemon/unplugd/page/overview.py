"""The summary of the report's page: the time left plugged in unused, large, and what belongs to it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd.page import drawing
from unplugd.page.hypertext import OUTCOMES, count, long, moment, named, pairs, plain, several
from unplugd.review import days, wording

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unplugd.page.book import Book
    from unplugd.review.figures import Report
    from unplugd.review.model import Period

NAMED: Final = 6
"""Devices not seen unplugged that are named."""


def summary(book: Book) -> str:
    """Return the summary."""
    report = book.report
    total = report.total
    if not report.periods and not report.watched:
        return f'<p class="kind">{wording.UNKNOWN}</p>'
    if not report.periods:
        kind = "Nothing was plugged in during this time, so nothing was left plugged in."
        return f'<p class="kind">{kind}</p><p>{_watching(report)}</p>{_compared(report)}'
    share = wording.format_share(total)
    plugged = long(total.plugged_for, "less than a second")
    part = (
        f"That is {share} of the {plugged} that it was plugged in"
        if share
        else f"It was plugged in for {plugged}"
    )
    not_over = [one for one in report.periods if one.end == "open"][:NAMED]
    still = "".join(f'<p class="still">{_not_over(book, one)}</p>' for one in not_over)
    return (
        f'<p class="hero"><span id="hero">Left plugged in, unused</span> <strong id="hero-figure">'
        f"{long(total.unused_for, 'no time at all')}</strong></p>"
        f"{drawing.bar(total.unused_for, total.used_for, total.plugged_for, 'hero hero-figure')}"
        f'<ul class="legend"><li>{drawing.sample("idle")} unused: high bar</li><li>{drawing.sample("use")} in use: low bar'
        "</li></ul>"
        f"<p>{part}; for {long(total.used_for, 'no time')} upload software was using it.</p>{_compared(report)}{still}"
        f'<dl class="figures">{pairs(_figures(report))}</dl>{_outcomes(report)}<p>{_watching(report)}</p>'
    )


def _not_over(book: Book, period: Period) -> str:
    what = f"{named(period.name, 'USB device')} on {named(period.host, 'this computer')}"
    if wording.is_still_plugged_in(period, book.report.until):
        return f"<b>Still plugged in</b> when the report ends: {what}, since {_moment(book, period.began)}."
    return f"<b>Last seen plugged in</b>: {what}, {_moment(book, period.ended)}; no data since then."


def _moment(book: Book, seconds: float) -> str:
    return moment(days.to_local(seconds, book.zone), wording.format_moment(seconds, book.report, book.zone))


def _compared(report: Report) -> str:
    if report.before is None:
        return "<p>There is nothing to compare with: the journal does not reach back to the time before.</p>"
    said = wording.compare_with_before(report)
    return f'<p class="compared">{said[0].upper()}{said[1:]}.</p>'


def _figures(report: Report) -> Iterable[tuple[str, str]]:
    total, before = report.total, report.before

    def row(what: str, now: str, then: str | None, note: str = "") -> tuple[str, str]:
        notes = [one for one in (note, f"before: {then}" if then is not None else "") if one]
        return what, now + "".join(f" <small>{one}</small>" for one in notes)

    yield row("Times plugged in", count(total.periods), count(before.periods) if before else None)
    yield row("Plugged in, in all", long(total.plugged_for), long(before.plugged_for) if before else None)
    begun = total.uses or total.used_for < 1
    uses = several(total.uses, "use", "uses") if begun else "started earlier"
    yield row(
        "Used by upload software", long(total.used_for), long(before.used_for) if before else None, uses
    )
    yield row(
        "Longest left unused, one time",
        long(total.longest_unused),
        long(before.longest_unused) if before else None,
        f"longest plugged in: {long(total.longest)}",
    )
    yield row(
        "From the first reminder to unplugging",
        "not known" if total.reaction is None else long(total.reaction, "at once"),
        None
        if before is None
        else "not known"
        if before.reaction is None
        else long(before.reaction, "at once"),
        "the middle one of all times (median)"
        if total.reaction is not None
        else "it was not unplugged after one",
    )
    yield row("Reminders", count(total.reminders), count(before.reminders) if before else None)
    if total.snoozes:
        yield row(
            "Snoozed", several(total.snoozes, "time", "times"), None, f"{long(total.snoozed_for)} in all"
        )
    if total.strangers:
        yield row(
            "Held open by a program unknown to unplugd", several(total.strangers, "time", "times"), None
        )


def _outcomes(report: Report) -> str:
    found = report.total.outcomes
    if not any(found.values()):
        return ""
    every = [*OUTCOMES, *(outcome for outcome in found if outcome not in OUTCOMES)]
    rows = "".join(
        f'<li data-outcome="{plain(outcome, "")}">{drawing.sample(outcome if outcome in OUTCOMES else "")} '
        f"{OUTCOMES.get(outcome) or plain(outcome)} <b>{count(found[outcome])}</b></li>"
        for outcome in every
        if found.get(outcome)
    )
    return f'<h3>What became of the reminders</h3><ul class="outcomes">{rows}</ul>'


def _watching(report: Report) -> str:
    if report.not_watched_for < 60:
        return "unplugd was running all the time."
    each = ", each computer counted for itself" if len({one.host for one in report.watched}) > 1 else ""
    return (
        f"For {long(report.not_watched_for)} of this time unplugd was not running{each}: what was plugged in then "
        "is not known."
    )
