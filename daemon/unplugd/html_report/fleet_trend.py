"""Draws how the computers were spread in each week: lines for the median and for nine of ten. Pure.

Horizontal positions are relative to the width, as in `svg`; the lines are as thick at every width.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from unplugd.durations import describe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from unplugd.languages.language import Language
    from unplugd.review.fleet import Week

HEIGHT: Final = 170
"""Height of the lines, in pixels."""
MARGIN: Final = 16
"""Height above the lines, for the label of the highest one, in pixels."""
LABEL_HEIGHT: Final = 22
"""Height of the labels of the weeks, in pixels."""
MAX_LABELS: Final = 4
"""Maximum number of weeks with a label: so many fit a phone."""
MAX_STEPS: Final = 4
"""Maximum number of lines across, above that of zero."""
STEP_SECONDS: Final = (60, 300, 900, 1800, 3600, 7200, 10800, 21600)
"""Distances between the lines across."""


def draw_trend(weeks: Sequence[Week], label: str, language: Language) -> str:
    """Return the picture of two weeks or more; `label` is the id of its label."""
    median = [week.spread.median for week in weeks]
    ninety = [week.spread.ninety_percent for week in weeks]
    most = max(ninety)
    step = next((step for step in STEP_SECONDS if most <= step * MAX_STEPS), STEP_SECONDS[-1])
    top = step * max(1, ceil(most / step))
    last = len(weeks) - 1
    lower, upper = (_list_points(values, top) for values in (median, ninety))
    paths = (
        f'<path class="band" d="M{" ".join([*upper, *reversed(lower)])}z"/>'
        f'<path class="ninety" d="M{" ".join(upper)}"/><path class="median" d="M{" ".join(lower)}"/>'
    )
    steps = [(value, round(MARGIN + HEIGHT * (1 - value / top), 1)) for value in range(0, top + 1, step)]
    across = "".join(f'<line class="line" x2="100%" y1="{y:g}" y2="{y:g}"/>' for _, y in steps)
    labels = "".join(f'<text y="{y - 4:g}">{describe(value, language)}</text>' for value, y in steps if value)
    return (
        f'<svg class="trend" height="{MARGIN + HEIGHT + LABEL_HEIGHT}" role="img" aria-labelledby="{label}">{across}'
        f'<svg y="{MARGIN}" height="{HEIGHT}" viewBox="0 0 {last} 1" preserveAspectRatio="none">{paths}</svg>'
        f"{labels}{''.join(_name_weeks(weeks, language))}</svg>"
    )


def draw_line_sample(kind: str) -> str:
    """Return a small sample of a line, for a legend."""
    return (
        '<svg class="sample trend" width="24" height="16" aria-hidden="true">'
        f'<path class="{kind}" d="M0 8h24"/></svg>'
    )


def _list_points(values: Sequence[float], top: int) -> list[str]:
    """Return the points of a line: the number of the week, and how far below the top it is, from 0 to 1."""
    return [f"{at} {1 - value / top:.4g}" for at, value in enumerate(values)]


def _name_weeks(weeks: Sequence[Week], language: Language) -> Iterator[str]:
    every = ceil(len(weeks) / MAX_LABELS)
    last = len(weeks) - 1
    for at in range(0, len(weeks), every):
        anchor = "start" if at == 0 else "end" if at == last else "middle"
        yield (
            f'<text x="{round(at / last * 100, 2):g}%" y="{MARGIN + HEIGHT + LABEL_HEIGHT - 6}" '
            f'text-anchor="{anchor}">{language.formats.format_day_month(weeks[at].monday)}</text>'
        )
