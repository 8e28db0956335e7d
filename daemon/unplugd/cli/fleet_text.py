"""The report on many computers as lines of text: the calls to make first, then how the computers compare."""

from __future__ import annotations

import shutil
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.text import Text

from unplugd import plurals, sanitize
from unplugd.cli.report_print import DEFAULT_COLUMNS, MAX_ROWS, print_lines
from unplugd.cli.report_tables import MIN_BAR_COLUMNS, MOST_UNUSED, UNUSED, USED, Row, make_table
from unplugd.cli.report_text import MAX_HELD_BACK, UNNAMED, describe_reminders, name_device
from unplugd.cli.text_layout import Layout, shorten, wrap
from unplugd.cli.text_table import lay_out_table
from unplugd.languages.language import ENGLISH
from unplugd.review import days, fleet_wording, notes
from unplugd.review.fleet import SHARES
from unplugd.review.wording import (
    MIN_NOT_WATCHED_SECONDS,
    UNKNOWN,
    compare_with_before,
    describe_covered,
    describe_duration,
    describe_held_back,
    describe_not_watched,
    format_moment,
    format_share,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from unplugd.review.fleet import Fleet, Spread

MAX_CALLS: Final = 50
"""Maximum number of devices listed that are plugged in unused now."""
MAX_SILENT: Final = 20
"""Maximum number of computers listed that are silent, and of those where something is perhaps plugged in."""
HOST_COLUMNS: Final = 30
"""Columns of other things are left out rather than that names of computers up to this long are cut."""
DEVICE_COLUMNS: Final = 21
"""Names of devices are cut to this many columns."""
NAMES_LINES: Final = 2
"""Maximum number of lines of the names of computers with the same trouble."""
ALL: Final = "unplugd report --json"
"""The command that shows everything."""


def print_fleet(fleet: Fleet, made: float | None = None) -> None:
    """Print the report, made at `made` (Unix seconds; None: now), as text that fits the terminal's width."""
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else DEFAULT_COLUMNS
    print_lines(make_fleet_lines(fleet, Layout(columns, MAX_ROWS), time.time() if made is None else made))


def make_fleet_lines(fleet: Fleet, layout: Layout, made: float) -> Iterator[Text]:
    """Yield the lines of the report."""
    yield from layout.wrap(_describe_heard(fleet, made), "bold")
    yield from layout.wrap(describe_covered(fleet, days.find_zone(fleet.zone)))
    yield from _list_plugged_in(fleet, layout, made)
    yield from _list_silent(fleet, layout)
    yield from _list_perhaps_plugged_in(fleet, layout)
    if not fleet.spread:
        yield Text()
        yield from layout.wrap(UNKNOWN)
    else:
        yield from _describe_spread(fleet, fleet.spread, layout)
        yield from _draw_shares(fleet, layout)
        yield from _draw_weeks(fleet, layout)
        yield from _list_worst(fleet, layout)
        yield from _describe_totals(fleet, layout)
        if len(fleet.devices) > 1:
            yield from _list_devices(fleet, layout)
    yield from _list_trouble(fleet, layout)
    yield from _make_remarks(fleet, layout)


def _describe_heard(fleet: Fleet, made: float) -> str:
    computers = plurals.pluralize(len(fleet.computers), "computer", "computers")
    heard = ENGLISH.formats.group_digits(fleet.heard)
    plugged_in = ENGLISH.formats.group_digits(fleet_wording.count_plugged_in(fleet))
    at = "now" if fleet_wording.is_now(fleet, made) else "at the end"
    last = "" if at == "now" else " of this time"
    return (
        f"{computers}, {heard} heard from in the last 24 hours{last}, "
        f"{plugged_in} with something plugged in unused {at}"
    )


def _list_plugged_in(fleet: Fleet, layout: Layout, made: float) -> Iterator[Text]:
    at = "now" if fleet_wording.is_now(fleet, made) else "at the end"
    yield Text()
    if not fleet.plugged_in:
        yield from layout.wrap(fleet_wording.describe_nothing_plugged_in(fleet))
        return
    yield from layout.wrap(f"Plugged in unused {at}", "bold")
    rows = [
        (
            found.host,
            (
                describe_duration(fleet.until - found.unused_since, "less than a second"),
                _name(found.name, "a device", DEVICE_COLUMNS),
                _format_moment(found.unused_since, fleet),
                str(found.reminders),
            ),
        )
        for found in fleet.plugged_in[:MAX_CALLS]
    ]
    yield from _list_computers(
        ("unused for", "device ", "since", "reminders"), rows, layout, len(fleet.plugged_in), MOST_UNUSED
    )


def _list_silent(fleet: Fleet, layout: Layout) -> Iterator[Text]:
    if not fleet.silent:
        return
    zone = days.find_zone(fleet.zone)
    yield Text()
    computers = plurals.pluralize(len(fleet.silent), "computer", "computers")
    yield from layout.wrap(f"Not heard from for 7 days: {computers}", "bold")
    yield from layout.wrap("What is plugged in there is unknown.", "dim")
    rows = [
        (host, (fleet_wording.format_heard(heard, fleet, zone),)) for host, heard in fleet.silent[:MAX_SILENT]
    ]
    yield from _list_computers(("last heard from",), rows, layout, len(fleet.silent))


def _list_perhaps_plugged_in(fleet: Fleet, layout: Layout) -> Iterator[Text]:
    if not fleet.perhaps_plugged_in:
        return
    yield Text()
    yield from layout.wrap("Perhaps plugged in", "bold")
    yield from layout.wrap("It was when the computer was last heard from.", "dim")
    rows = [
        (
            found.host,
            (
                _format_moment(found.heard, fleet),
                _name(found.name, "a device", DEVICE_COLUMNS),
                _format_moment(found.unused_since, fleet),
            ),
        )
        for found in fleet.perhaps_plugged_in[:MAX_SILENT]
    ]
    yield from _list_computers(
        ("last heard from", "device ", "unused since"), rows, layout, len(fleet.perhaps_plugged_in)
    )


def _list_computers(
    titles: Sequence[str],
    rows: Sequence[tuple[str, Sequence[str]]],
    layout: Layout,
    count: int,
    style: str = "",
) -> Iterator[Text]:
    """Yield a table of computers, and how many of `count` are left out."""
    names = [_name(host, UNNAMED) for host, _ in rows]
    yield from lay_out_table(
        Text("  computer", "dim"),
        titles,
        names,
        [cells for _, cells in rows],
        layout,
        min_name_columns=min(HOST_COLUMNS, max(map(cell_len, names))),
        style=style,
    )
    if count > len(rows):
        yield from layout.wrap(f"  and {ENGLISH.formats.group_digits(count - len(rows))} more: {ALL}", "dim")


def _describe_spread(fleet: Fleet, spread: Spread, layout: Layout) -> Iterator[Text]:
    before = fleet.spread_before
    yield Text()
    spreads = [spread] if before is None else [spread, before]
    rows = [
        [describe_duration(each.median) for each in spreads],
        [describe_duration(each.ninety_percent) for each in spreads],
        [describe_duration(each.worst) for each in spreads],
    ]
    yield from layout.wrap("Left plugged in unused, per computer and day", "bold")
    yield from lay_out_table(
        Text(),
        ("this time", "time before")[: len(spreads)],
        ("median", "9 of 10 are below", "worst"),
        rows,
        layout,
    )


def _draw_shares(fleet: Fleet, layout: Layout) -> Iterator[Text]:
    rows = [
        (ENGLISH.translate_in(*fleet_wording.SHARE_LABELS[share]), count, "unused")
        for share, count in zip(SHARES, fleet.shares, strict=True)
    ]
    if without := fleet_wording.count_without_data(fleet):
        rows.append(("no data", without, "dim"))
    yield Text()
    yield from layout.wrap("Computers by unused time on an average day", "bold")
    most = max(count for _, count, _ in rows) or 1
    name_columns = max(len(name) for name, _, _ in rows)
    counts = [ENGLISH.formats.group_digits(count) for _, count, _ in rows]
    count_columns = max(map(len, counts))
    bar_columns = max(MIN_BAR_COLUMNS, layout.line_columns - name_columns - count_columns - 6)
    for (name, count, style), shown in zip(rows, counts, strict=True):
        line = Text(f"  {name:{name_columns}}  {shown:>{count_columns}}  ")
        yield line.append(UNUSED * _scale(count, most, bar_columns), style)


def _draw_weeks(fleet: Fleet, layout: Layout) -> Iterator[Text]:
    if len(fleet.weeks) < 2:
        return
    shown = fleet.weeks[-layout.rows :]
    latest = f", latest {len(shown)} of {len(fleet.weeks)}" if len(shown) < len(fleet.weeks) else ""
    yield Text()
    yield from layout.wrap(f"By week from Monday on: unused per computer and day{latest}", "bold")
    most = max(week.spread.ninety_percent for week in shown) or 1
    names = [ENGLISH.formats.format_short(week.monday) for week in shown]
    cells = [
        tuple(
            map(
                describe_duration,
                (week.spread.median, week.spread.ninety_percent, week.spread.worst),
            )
        )
        for week in shown
    ]
    lines = list(lay_out_table(Text(), ("median", "9 of 10 below", "worst"), names, cells, layout))
    bar_columns = layout.line_columns - max(line.cell_len for line in lines) - 2
    yield lines[0]
    for week, line in zip(shown, lines[1:], strict=True):
        if bar_columns >= MIN_BAR_COLUMNS:
            median = _scale(week.spread.median, most, bar_columns)
            line.append("  " + UNUSED * median, "unused")
            line.append(USED * (_scale(week.spread.ninety_percent, most, bar_columns) - median), "unused")
        yield line
    if bar_columns >= MIN_BAR_COLUMNS:
        yield from layout.wrap(f"  {UNUSED * 2} to the median, {USED * 2} to that of 9 of 10", "dim")


def _list_worst(fleet: Fleet, layout: Layout) -> Iterator[Text]:
    rows = [
        (
            computer.host,
            (
                describe_duration(computer.figures.unused_for),
                f"{computer.days_over_an_hour} of {computer.days}",
                str(computer.figures.reminders),
                "-" if (share := fleet_wording.find_unanswered(computer)) is None else f"{share} %",
                "-"
                if computer.figures.reaction is None
                else describe_duration(computer.figures.reaction, "at once"),
            ),
        )
        for computer in fleet.worst
        if computer.figures.unused_for >= 1
    ]
    if not rows:
        return
    yield Text()
    yield from layout.wrap(
        f"Worst {len(rows)}: unused in all, days over an hour, and what reminders did", "bold"
    )
    titles = ("unused", "over 1 h", "reminders", "no answer", "unplugged after")
    yield from _list_computers(titles, rows, layout, len(rows), MOST_UNUSED)
    if fleet_wording.has_unseen_reminders(fleet):
        yield from layout.wrap(fleet_wording.UNSEEN, "dim")


def _describe_totals(fleet: Fleet, layout: Layout) -> Iterator[Text]:
    total = fleet.total
    share = format_share(total)
    yield Text()
    yield from layout.wrap("All computers together", "bold")
    yield from layout.label(
        "Left plugged in unused",
        describe_duration(total.unused_for),
        f"  ({share} of the time plugged in)" if share else "",
    )
    if comparison := compare_with_before(fleet):
        yield from layout.label("", comparison[0].lower() + comparison[1:-1])
    times = plurals.pluralize(total.periods, "time", "times")
    yield from layout.label("Plugged in", f"{times}, {describe_duration(total.plugged_for)} in all")
    uses = plurals.pluralize(total.uses, "time", "times")
    yield from layout.label("Used", f"{uses}, {describe_duration(total.used_for)} in all")
    yield from describe_reminders(total, 0, layout)
    for number, held_back in enumerate(describe_held_back(fleet)[:MAX_HELD_BACK]):
        yield from layout.label("" if number else "Held back by", shorten(held_back, layout.value_columns))


def _list_devices(fleet: Fleet, layout: Layout) -> Iterator[Text]:
    count = Counter(name for name, _, _ in fleet.devices)
    rows = [
        Row(sanitize.one_line(name_device(name, id_, ambiguous=count[name] > 1)), figures)
        for name, id_, figures in fleet.devices
    ]
    yield from make_table("device", rows, layout)


def _list_trouble(fleet: Fleet, layout: Layout) -> Iterator[Text]:
    if not fleet.trouble:
        return
    yield Text()
    yield from layout.wrap("Trouble", "bold")
    for trouble in fleet.trouble:
        sentence = sanitize.one_line(fleet_wording.describe_trouble(trouble), layout.line_columns * 2)
        yield from layout.wrap(f"  {sentence}")
        names, columns = "", layout.line_columns - 4
        for number, host in enumerate(trouble.hosts):
            name = f"{', ' if number else ''}{_name(host, UNNAMED)}"
            more = f", and {len(trouble.hosts) - number} more"
            if number and cell_len(names + name + more) > columns * NAMES_LINES - HOST_COLUMNS:
                names += more
                break
            names += name
        yield from (Text(f"    {line.strip()}") for line in wrap(names, columns))


def _make_remarks(fleet: Fleet, layout: Layout) -> Iterator[Text]:
    remarks = [sanitize.one_line(note, layout.line_columns * 3) for note in notes.describe_notes(fleet.notes)]
    if fleet.not_watched_for >= MIN_NOT_WATCHED_SECONDS:
        remarks.insert(0, describe_not_watched(fleet, describe_duration(fleet.not_watched_for)))
    yield Text()
    for remark in remarks:
        yield from layout.wrap(remark, "dim")
    yield from layout.wrap("One computer in detail: unplugd report --computer NAME", "dim")


def _scale(value: float, most: float, columns: int) -> int:
    """Return the width of a bar in columns; at least one if not empty."""
    return max(1, round(min(1.0, value / most) * columns)) if value >= 1 else 0


def _format_moment(seconds: float, fleet: Fleet) -> str:
    return format_moment(seconds, fleet, days.find_zone(fleet.zone))


def _name(text: str, if_empty: str, columns: int = HOST_COLUMNS * 2) -> str:
    return shorten(sanitize.one_line(text) or if_empty, columns)
