"""Draws the SVG pictures of the page: a day from midnight to midnight, and bars of used and unused time. Pure.

Horizontal positions are relative to the width and vertical ones are pixels, so a picture fits a phone as well as a
sheet of paper, and its marks keep their shape. A day is a stack of lanes, one for each device. In a lane, a high bar is
time plugged in unused and a low bar is time in use, so that they also differ without colour; marks above the bars are
reminders. A bar is a thick line, which takes half as many bytes as a rectangle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from unplugd.durations import describe
from unplugd.html_report.intervals import find_unused, find_used
from unplugd.html_report.markup import describe_end, escape_text, format_number, join_words
from unplugd.review import days
from unplugd.review.intervals import join_intervals
from unplugd.review.wording import AWAY_TEXTS, OUTCOME_LABELS, describe_away

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from unplugd.languages.language import Language
    from unplugd.review.days import Day
    from unplugd.review.figures import Report
    from unplugd.review.intervals import Interval, Intervals
    from unplugd.review.model import Period, Reminder

    LaneInterval = tuple[int, Interval]
    """The index of a lane, and an interval on it."""

LANE_HEIGHT: Final = 27
"""Height of a lane in pixels, with marks above bars."""
BAR_MIDDLE: Final = 19
"""Pixels from the top of a lane to the middle of its bars; page.css has the height of each kind of bar."""
SNOOZE_MIDDLE: Final = 10
"""Pixels from the top of a lane to the line of a snooze."""
MIN_WIDTH_MINUTES: Final = 2.0
"""Minimum width of a bar in minutes, so that it is visible."""
MAX_JOINED_GAP_SECONDS: Final = 60.0
"""Largest gap between bars drawn as one in a compact picture; this limits a day to as many bars as it has minutes."""
BARS: Final = {"idle": (1, 14), "use": (5, 6)}
"""The top and height, in pixels, of each part of a bar that shows a sum."""
MARKS: Final = {
    "unplugged": ("u", '<circle cy="5" r="4"/>'),
    "in_use": ("i", '<path d="M0 .5 5 9H-5z"/>'),
    "snoozed": ("s", '<path d="M-3.5.8A4.4 4.4 0 1 1-3.5 9.2 6 6 0 0 0-3.5.8z"/>'),
    "dismissed": ("d", '<path class="cross" d="M-3.2 1.8 3.2 8.2M3.2 1.8-3.2 8.2"/>'),
    "expired": ("e", '<path class="hollow" d="M0 1 4 5 0 9-4 5z"/>'),
    "away": ("a", '<path class="hollow" d="M-3.5 8.5a3.5 3.5 0 0 1 7 0z"/>'),
    "": ("n", '<path class="tick" d="M0 4v6"/>'),
}
"""The id and shape of the mark for each outcome of a reminder."""
DEFINITIONS: Final = (
    '<svg class="unseen" width="0" height="0" aria-hidden="true"><defs>'
    '<pattern id="hatch" width="12" height="6" patternUnits="userSpaceOnUse">'
    '<path class="hatching" d="M-3 1.5 3-1.5M0 6 12 0M9 7.5 15 4.5"/></pattern>'
    '<pattern id="hatch-small" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<path class="hatching" d="M-1.5 1.5 1.5-1.5M0 6 6 0M4.5 7.5 7.5 4.5"/></pattern>'
    + "".join(f'<g id="{id_}" class="mark">{shape}</g>' for id_, shape in MARKS.values())
    + "</defs></svg>"
)
"""Definitions that the pictures refer to, once per page."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A device on a computer on a day; `name` is not escaped, and is "" if it is not needed."""

    name: str
    periods: Sequence[Period]
    unwatched: Intervals


class Scene(Protocol):
    """What the pictures of all days have in common."""

    @property
    def report(self) -> Report:
        """The report."""

    @property
    def zone(self) -> tzinfo:
        """The time zone."""

    @property
    def language(self) -> Language:
        """The language of what is shown under the pointer."""


def draw_day(lanes: Sequence[Lane], day: Day, scene: Scene, *, detailed: bool) -> str:
    """Return the picture of a day.

    If `detailed`, times are shown under the pointer; otherwise the picture takes as few bytes as possible.
    """
    minutes = (day.ended - day.began) / 60
    height = LANE_HEIGHT * len(lanes)
    is_regular = abs(minutes - 1440) < 1e-6
    parts = [f'<svg class="{"lane" if is_regular else "lane odd"}" height="{height}">']
    if not is_regular:
        hours = (_format_percent(days.find_hour(day, hour, scene.zone)) for hour in (6, 12, 18))
        parts.extend(f'<line class="line" x1="{at}" x2="{at}" y2="{height}"/>' for at in hours)
    parts.append(
        f'<svg viewBox="0 0 {format_number(minutes)} {height}" height="{height}" preserveAspectRatio="none">'
    )
    off = _draw_path(
        "off", [(index, interval) for index, lane in enumerate(lanes) for interval in lane.unwatched], day
    )
    if detailed and off:
        off = f"<g><title>{scene.language.translate('unplugd was not running')}</title>{off}</g>"
    parts.append(off)
    parts.extend(_draw_detailed(lanes, day, scene) if detailed else _draw_compact(lanes, day))
    snoozes = [
        (index, (max(snooze.began, day.began), min(snooze.ended, day.ended)))
        for index, lane in enumerate(lanes)
        for period in lane.periods
        for snooze in period.snoozes
        if snooze.began < day.ended and snooze.ended > day.began
    ]
    parts += [_draw_path("nap", snoozes, day, middle=SNOOZE_MIDDLE), "</svg>"]
    parts += [*_draw_marks(lanes, day, scene, detailed=detailed), "</svg>"]
    return "".join(parts)


def _draw_detailed(lanes: Sequence[Lane], day: Day, scene: Scene) -> Iterable[str]:
    for index, lane in enumerate(lanes):
        for period in lane.periods:
            low, high = max(period.began, day.began), min(period.ended, day.ended)
            used = find_used(period, low, high)
            idle = _draw_path("idle", [(index, interval) for interval in find_unused(used, low, high)], day)
            use = _draw_path("use", [(index, interval) for interval in used], day)
            yield f"<g><title>{_describe_period(period, scene)}</title>{idle}{use}</g>"


def _draw_compact(lanes: Sequence[Lane], day: Day) -> Iterable[str]:
    idle: list[LaneInterval] = []
    use: list[LaneInterval] = []
    for index, lane in enumerate(lanes):
        unused: list[Interval] = []
        in_use: list[Interval] = []
        for period in lane.periods:
            low, high = max(period.began, day.began), min(period.ended, day.ended)
            used = find_used(period, low, high)
            in_use += used
            unused += find_unused(used, low, high)
        idle += [(index, interval) for interval in join_intervals(unused, MAX_JOINED_GAP_SECONDS)]
        use += [(index, interval) for interval in join_intervals(in_use, MAX_JOINED_GAP_SECONDS)]
    yield _draw_path("idle", idle, day, digits=0)
    yield _draw_path("use", use, day, digits=0)


def _draw_marks(lanes: Sequence[Lane], day: Day, scene: Scene, *, detailed: bool) -> Iterable[str]:
    drawn: set[str] = set()
    for index, lane in enumerate(lanes):
        down = f' y="{index * LANE_HEIGHT}"' if index else ""
        for period in lane.periods:
            for reminder in period.reminders:
                if not day.began <= reminder.at < day.ended:
                    continue
                id_, _ = MARKS.get(reminder.outcome, MARKS[""])
                at = (reminder.at - day.began) / (day.ended - day.began)
                mark = f'<use href="#{id_}" x="{_format_percent(at, 2 if detailed else 0)}"{down}'
                if detailed:
                    yield f"{mark}><title>{_describe_reminder(reminder, scene)}</title></use>"
                elif mark not in drawn:
                    drawn.add(mark)
                    yield f"{mark}/>"


def _describe_period(period: Period, scene: Scene) -> str:
    language = scene.language
    began, ended = days.to_local(period.began, scene.zone), days.to_local(period.ended, scene.zone)
    lines = [
        language.translate(
            # Translators: A device on a computer.
            "{device} on {computer}",
            device=escape_text(period.name, language.translate("USB device")),
            computer=escape_text(period.host, language.translate("this computer")),
        ),
        join_words(
            [
                language.formats.format_interval(began, ended),
                describe(period.plugged_for, language),
                describe_end(period, scene.report.until, language),
            ],
            language,
        ),
    ]
    unused = describe(period.unused_for, language)
    unknown = language.translate("an unknown program")
    programs = sorted({escape_text(use.program, unknown) for use in period.uses})
    if programs:
        used = describe(period.used_for, language)
        lines.append(
            language.translate(
                # Translators: {unused} and {used} are durations.
                "unused {unused}, used {used} by {programs}",
                unused=unused,
                used=used,
                programs=join_words(programs, language),
            )
        )
    else:
        lines.append(language.translate("unused {unused}, not used at all", unused=unused))
    return "\n".join([*lines, *describe_away(period.away_for, AWAY_TEXTS, language)])


def _describe_reminder(reminder: Reminder, scene: Scene) -> str:
    language = scene.language
    return language.translate(
        "Reminder {number} at {time}: {outcome}",
        number=str(reminder.count),
        time=language.formats.format_clock(days.to_local(reminder.at, scene.zone)),
        outcome=language.translate_in(*OUTCOME_LABELS.get(reminder.outcome, OUTCOME_LABELS[""])),
    )


def _draw_path(
    kind: str,
    intervals: Sequence[LaneInterval],
    day: Day,
    *,
    middle: int = BAR_MIDDLE,
    digits: int = 1,
) -> str:
    """Return the intervals as lines, in minutes rounded to `digits` decimals."""
    if not intervals:
        return ""
    lines = []
    for index, (began, ended) in intervals:
        at = round((began - day.began) / 60, digits)
        width = max(MIN_WIDTH_MINUTES, round((ended - began) / 60, digits))
        lines.append(f"M{at:g} {middle + index * LANE_HEIGHT}h{width:g}")
    return f'<path class="{kind}" d="{"".join(lines)}"/>'


def _format_percent(share: float, digits: int = 2) -> str:
    return f"{round(share * 100, digits):g}%"


def draw_axis(language: Language) -> str:
    """Return the hours of a day, for the heading of the column of pictures."""
    marks = ((0, "start"), (6, "middle"), (12, "middle"), (18, "middle"), (24, "end"))
    hours = "".join(
        f'<text x="{_format_percent(hour / 24)}" y="12" text-anchor="{anchor}">{language.formats.format_hour(hour, alone=hour % 12 == 0)}</text>'
        for hour, anchor in marks
    )
    return f'<svg class="axis" height="16" aria-hidden="true">{hours}</svg>'


def draw_bar(unused: float, used: float, longest: float, label: str) -> str:
    """Return a bar of unused and used seconds; `longest` is the full width, `label` the ids of its label."""
    parts = [f'<svg class="bar" height="16" role="img" aria-labelledby="{label}">']
    at = 0.0
    for kind, seconds in (("idle", unused), ("use", used)):
        if seconds > 0 and longest > 0:
            top, height = BARS[kind]
            width = min(1.0, seconds / longest)
            parts.append(
                f'<rect class="{kind}" x="{_format_percent(at)}" y="{top}" width="{_format_percent(width)}" height="{height}"/>'
            )
            at += width
    return "".join([*parts, "</svg>"])


def draw_sample(kind: str) -> str:
    """Return a small sample for a legend: of a kind of bar, or the mark of an outcome."""
    if kind in BARS:
        top, height = BARS[kind]
        inside = f'<rect class="{kind}" x="1" y="{top}" width="22" height="{height}"/>'
    elif kind == "off":
        inside = '<rect class="off-sample" x="1" y="1" width="22" height="14"/>'
    elif kind == "nap":
        inside = '<path class="nap" d="M1 8h22"/>'
    else:
        inside = f'<use href="#{MARKS[kind][0]}" x="12" y="3"/>'
    return f'<svg class="sample" width="24" height="16" aria-hidden="true">{inside}</svg>'
