"""The pictures of the report's page, as SVG: a day from midnight to midnight, and bars of used and unused. Pure.

Horizontal places are shares of the width, vertical ones are pixels: so a picture fits a phone and a sheet of paper
and its marks keep their shape. A bar is a thick line: half the bytes of a rectangle. Not used is a high bar, used a low one: they are told apart without their colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from unplugd.durations import describe
from unplugd.html_report.markup import (
    OUTCOME_LABELS,
    describe_end,
    escape_text,
    format_interval,
    format_number,
)
from unplugd.review import days

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from unplugd.review.days import Day
    from unplugd.review.model import Period, Reminder

    Spans = Sequence[tuple[float, float]]

HEIGHT: Final = 27
"""Of a lane: its marks above its bars."""
MIDDLE: Final = 19
"""Of the bars of a lane; how high each kind of bar is stands in the style."""
NARROWEST: Final = 2.0
"""Minutes that the shortest stretch is drawn wide, so that it is seen."""
BAR: Final = {"idle": (1, 14), "use": (5, 6)}
"""Top and height of what is drawn in a bar of a sum."""
SHAPES: Final = {
    "unplugged": ("u", '<circle cy="5" r="4"/>'),
    "in_use": ("i", '<path d="M0 .5 5 9H-5z"/>'),
    "snoozed": ("s", '<path d="M-3.5.8A4.4 4.4 0 1 1-3.5 9.2 6 6 0 0 0-3.5.8z"/>'),
    "dismissed": ("d", '<path class="cross" d="M-3.2 1.8 3.2 8.2M3.2 1.8-3.2 8.2"/>'),
    "expired": ("e", '<path class="hollow" d="M0 1 4 5 0 9-4 5z"/>'),
    "": ("n", '<path class="tick" d="M0 4v6"/>'),
}
"""A reminder, by what became of it: the id and the shape of its mark."""
DEFINITIONS: Final = (
    '<svg class="unseen" width="0" height="0" aria-hidden="true"><defs>'
    '<pattern id="hatch" width="12" height="6" patternUnits="userSpaceOnUse">'
    '<path class="hatching" d="M-3 1.5 3-1.5M0 6 12 0M9 7.5 15 4.5"/></pattern>'
    '<pattern id="hatch-small" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<path class="hatching" d="M-1.5 1.5 1.5-1.5M0 6 6 0M4.5 7.5 7.5 4.5"/></pattern>'
    + "".join(f'<g id="{key}" class="mark">{shape}</g>' for key, shape in SHAPES.values())
    + "</defs></svg>"
)
"""What the pictures refer to: stands once on the page."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One device at one computer on one day, called `name` (plain, "" where there is no other)."""

    name: str
    periods: Sequence[Period]
    unwatched: Spans


def arrange_lanes(rows: Sequence[Lane], day: Day, zone: tzinfo, until: float, *, detailed: bool) -> str:
    """Return the picture of a day of a report until then: with the times under the pointer if `detailed`, else in as few bytes as it takes."""
    minutes = (day.ended - day.began) / 60
    height = HEIGHT * len(rows)
    even = abs(minutes - 1440) < 1e-6
    parts = [f'<svg class="{"lane" if even else "lane odd"}" height="{height}">']
    if not even:
        hours = (_share(days.find_hour(day, hour, zone)) for hour in (6, 12, 18))
        parts.extend(f'<line class="line" x1="{at}" x2="{at}" y2="{height}"/>' for at in hours)
    parts.append(
        f'<svg viewBox="0 0 {format_number(minutes)} {height}" height="{height}" preserveAspectRatio="none">'
    )
    off = _path("off", [(index, span) for index, lane in enumerate(rows) for span in lane.unwatched], day)
    parts.append(f"<g><title>unplugd was not running</title>{off}</g>" if detailed and off else off)
    parts.extend(_detailed(rows, day, zone, until) if detailed else _compact(rows, day))
    naps = [
        (index, (max(nap.began, day.began), min(nap.ended, day.ended)))
        for index, lane in enumerate(rows)
        for period in lane.periods
        for nap in period.snoozes
        if nap.began < day.ended and nap.ended > day.began
    ]
    parts.extend(
        [_path("nap", naps, day, -9), "</svg>", *_marks(rows, day, zone, detailed=detailed), "</svg>"]
    )
    return "".join(parts)


def _detailed(rows: Sequence[Lane], day: Day, zone: tzinfo, until: float) -> Iterable[str]:
    for index, lane in enumerate(rows):
        for period in lane.periods:
            low, high = max(period.began, day.began), min(period.ended, day.ended)
            used = find_used(period, low, high)
            idle = _path("idle", [(index, span) for span in _without(used, low, high)], day)
            yield f"<g><title>{_told(period, zone, until)}</title>{idle}{_path('use', [(index, s) for s in used], day)}</g>"


def _compact(rows: Sequence[Lane], day: Day) -> Iterable[str]:
    idle: list[tuple[int, tuple[float, float]]] = []
    use: list[tuple[int, tuple[float, float]]] = []
    for index, lane in enumerate(rows):
        unused: list[tuple[float, float]] = []
        in_use: list[tuple[float, float]] = []
        for period in lane.periods:
            low, high = max(period.began, day.began), min(period.ended, day.ended)
            used = find_used(period, low, high)
            in_use += used
            unused += _without(used, low, high)
        # What is less than a minute apart is one: even a journal out of its mind draws no more than a day's minutes.
        idle += [(index, span) for span in _joined(unused, 60.0)]
        use += [(index, span) for span in _joined(in_use, 60.0)]
    yield _path("idle", idle, day, whole=True)
    yield _path("use", use, day, whole=True)


def _marks(rows: Sequence[Lane], day: Day, zone: tzinfo, *, detailed: bool) -> Iterable[str]:
    seen: set[str] = set()
    for index, lane in enumerate(rows):
        down = f' y="{index * HEIGHT}"' if index else ""
        for period in lane.periods:
            for reminder in period.reminders:
                if not day.began <= reminder.at < day.ended:
                    continue
                key, _ = SHAPES.get(reminder.outcome, SHAPES[""])
                at = (reminder.at - day.began) / (day.ended - day.began)
                used = f'<use href="#{key}" x="{_share(at, 2 if detailed else 0)}"{down}'
                if detailed:
                    yield f"{used}><title>{_reminded(reminder, zone)}</title></use>"
                elif used not in seen:
                    seen.add(used)
                    yield f"{used}/>"


def _told(period: Period, zone: tzinfo, until: float) -> str:
    began, ended = days.to_local(period.began, zone), days.to_local(period.ended, zone)
    by = (
        f" by {', '.join(sorted({escape_text(u.program, 'an unknown program') for u in period.uses}))}"
        if period.uses
        else ""
    )
    return (
        f"{escape_text(period.name, 'USB device')} on {escape_text(period.host, 'this computer')}\n"
        f"{format_interval(began, ended)}, {describe(period.plugged_for)}, {describe_end(period, until)}\n"
        f"unused {describe(period.unused_for)}, "
        + (f"used {describe(period.used_for)}{by}" if period.uses else "not used at all")
    )


def _reminded(reminder: Reminder, zone: tzinfo) -> str:
    outcome = OUTCOME_LABELS.get(reminder.outcome, OUTCOME_LABELS[""])
    return f"Reminder {reminder.count} at {days.format_clock(days.to_local(reminder.at, zone))}: {outcome}"


def find_used(period: Period, low: float, high: float) -> list[tuple[float, float]]:
    """Return the stretches of use from `low` to `high`, in order, none over another."""
    cut = ((max(low, use.began), min(high, use.ended)) for use in period.uses)
    return _joined([(began, ended) for began, ended in cut if began < ended], 0.0)


def _joined(spans: list[tuple[float, float]], apart: float) -> list[tuple[float, float]]:
    whole: list[tuple[float, float]] = []
    for began, ended in sorted(spans):
        if whole and began <= whole[-1][1] + apart:
            whole[-1] = (whole[-1][0], max(whole[-1][1], ended))
        else:
            whole.append((began, ended))
    return whole


def _without(used: Spans, low: float, high: float) -> list[tuple[float, float]]:
    left: list[tuple[float, float]] = []
    for began, ended in used:
        if low < began:
            left.append((low, began))
        low = ended
    # A moment is drawn as well: that it was plugged in must be seen.
    if low < high or not used:
        left.append((low, high))
    return left


def _path(
    kind: str,
    spans: Sequence[tuple[int, tuple[float, float]]],
    day: Day,
    above: int = 0,
    *,
    whole: bool = False,
) -> str:
    if not spans:
        return ""
    drawn = []
    digits = 0 if whole else 1
    for index, (began, ended) in spans:
        at = round((began - day.began) / 60, digits)
        wide = max(NARROWEST, round((ended - began) / 60, digits))
        drawn.append(f"M{at:g} {MIDDLE + above + index * HEIGHT}h{wide:g}")
    return f'<path class="{kind}" d="{"".join(drawn)}"/>'


def _share(part: float, digits: int = 2) -> str:
    return f"{round(part * 100, digits):g}%"


def draw_axis() -> str:
    """Return the hours of a day, as they stand above the pictures."""
    marks = ((0, "start"), (6, "middle"), (12, "middle"), (18, "middle"), (24, "end"))
    hours = "".join(
        f'<text x="{_share(hour / 24)}" y="12" text-anchor="{anchor}">{hour}</text>' for hour, anchor in marks
    )
    return f'<svg class="axis" height="16" aria-hidden="true">{hours}</svg>'


def draw_bar(unused: float, used: float, most: float, label: str) -> str:
    """Return a bar of unused and used seconds, `most` of them over the whole width; `label` names the ids that say it."""
    parts = [f'<svg class="bar" height="16" role="img" aria-labelledby="{label}">']
    at = 0.0
    for kind, seconds in (("idle", unused), ("use", used)):
        if seconds > 0 and most > 0:
            top, height = BAR[kind]
            wide = min(1.0, seconds / most)
            parts.append(
                f'<rect class="{kind}" x="{_share(at)}" y="{top}" width="{_share(wide)}" height="{height}"/>'
            )
            at += wide
    return "".join([*parts, "</svg>"])


def draw_sample(kind: str) -> str:
    """Return a little picture of one thing, for the legend."""
    if kind in BAR:
        top, height = BAR[kind]
        inside = f'<rect class="{kind}" x="1" y="{top}" width="22" height="{height}"/>'
    elif kind == "off":
        inside = '<rect class="off-sample" x="1" y="1" width="22" height="14"/>'
    elif kind == "nap":
        inside = '<path class="nap" d="M1 8h22"/>'
    else:
        inside = f'<use href="#{SHAPES[kind][0]}" x="12" y="3"/>'
    return f'<svg class="sample" width="24" height="16" aria-hidden="true">{inside}</svg>'
