"""The tables of the text report: bars by day or month, columns by device or computer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from unplugd.cli.text_table import lay_out_table
from unplugd.languages.language import ENGLISH
from unplugd.review.figures_builder import sum_figures
from unplugd.review.wording import describe_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from unplugd.cli.text_layout import Layout
    from unplugd.review.figures import Figures, Report

MIN_BAR_COLUMNS: Final = 10
MONTHS_FROM_DAYS: Final = 93
"""A report on this many days or more has a bar for each month."""
MOST_UNUSED: Final = "unused.most"
UNUSED: Final = "█"
USED: Final = "░"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: a day, a month, a device or a computer."""

    name: str
    figures: Figures


def make_bars(report: Report, layout: Layout) -> Iterator[Text]:
    """Yield a bar for each day, or for each month of a long report; nothing if it only covers one day."""
    rows = [Row(ENGLISH.formats.format_short(day), figures) for day, figures in report.days]
    if len(rows) < 2:
        return
    unit = "day"
    if (report.days[-1][0] - report.days[0][0]).days >= MONTHS_FROM_DAYS:
        unit, rows = "month", list(_sum_months(report))
    shown = rows[-layout.rows :]
    yield Text()
    heading = Text(f"By {unit}", "bold")
    if len(shown) < len(rows):
        heading.append(f", latest {len(shown)} of {len(rows)}", "not bold")
    legend = Text.assemble((UNUSED * 2, "unused"), " unused  ", (USED * 2, "used"), " used")
    if heading.cell_len + 3 + legend.cell_len <= layout.line_columns:
        yield Text.assemble(heading, "   ", legend)
    else:
        yield heading
        yield Text.assemble("  ", legend)
    name_columns = max(len(row.name) for row in shown)
    texts = [describe_duration(row.figures.unused_for) if row.figures.plugged_for else "-" for row in shown]
    text_columns = max(map(len, texts))
    longest = max(row.figures.plugged_for for row in shown) or 1
    bar_columns = max(MIN_BAR_COLUMNS, layout.line_columns - name_columns - text_columns - 6)
    for row, text in zip(shown, texts, strict=True):
        line = Text(f"  {row.name:{name_columns}}  {text:>{text_columns}}  ")
        unused, used = _scale(row.figures, longest, bar_columns)
        line.append(UNUSED * unused, "unused")
        line.append(USED * used, "used")
        yield line


def _scale(figures: Figures, longest: float, columns: int) -> tuple[int, int]:
    """Return the widths, in columns, of the unused and used parts of a bar; each is at least one if not empty."""
    unused = max(round(figures.unused_for / longest * columns), 1) if figures.unused_for >= 1 else 0
    used = max(round(figures.used_for / longest * columns), 1) if figures.used_for >= 1 else 0
    if unused + used > columns:
        return (columns - used, used) if unused > used else (unused, columns - unused)
    return unused, used


def _sum_months(report: Report) -> Iterator[Row]:
    months: dict[tuple[int, int], list[Figures]] = {}
    for day, figures in report.days:
        months.setdefault((day.year, day.month), []).append(figures)
    for (year, month), parts in months.items():
        yield Row(f"{ENGLISH.formats.months_short[month - 1]} {year}", sum_figures(parts))


def make_table(kind: str, rows: Sequence[Row], layout: Layout) -> Iterator[Text]:
    """Yield a table of devices or computers, those left unused longest first."""
    titles = ["unused", "used", "plugged in", "times", "reminders"]
    shown = sorted(rows, key=lambda row: -row.figures.unused_for)[: layout.rows]
    cells = [
        (
            describe_duration(row.figures.unused_for),
            describe_duration(row.figures.used_for),
            describe_duration(row.figures.plugged_for),
            str(row.figures.periods),
            str(row.figures.reminders),
        )
        for row in shown
    ]
    yield Text()
    yield from lay_out_table(
        Text(f"By {kind}", "bold"), titles, [row.name for row in shown], cells, layout, style=MOST_UNUSED
    )
    if len(rows) > len(shown):
        yield from layout.wrap(f"  and {len(rows) - len(shown)} more, each unused for less time", "dim")
