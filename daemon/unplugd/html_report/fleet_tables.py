"""The sections of the page on many computers: the calls to make, the silent ones, how they compare, the worst. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd.html_report import svg
from unplugd.html_report.document import render_names
from unplugd.html_report.fleet_trend import draw_line_sample, draw_trend
from unplugd.html_report.fleet_view import Column, render_table
from unplugd.html_report.markup import (
    escape_sentence,
    escape_text,
    render_count,
    render_duration,
    render_folded,
    render_pairs,
)
from unplugd.html_report.overview import make_fact, render_reaction
from unplugd.html_report.tables import Titles, render_sums
from unplugd.review import fleet_wording
from unplugd.review.fleet import SHARES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from unplugd.html_report.fleet_view import FleetView
    from unplugd.languages.language import Language
    from unplugd.review.fleet import Computer, Spread, Week

MAX_CALLS: Final = 1000
"""Maximum number of devices listed that are plugged in, or perhaps are."""
MAX_OPEN_CALLS: Final = 100
"""Maximum number of devices that are not folded."""
MAX_SILENT: Final = 1000
"""Maximum number of silent computers listed."""
MAX_COMPUTERS: Final = 4000
"""Maximum number of computers in the table of all; those left unused longest. More would make the page too large."""
MAX_OPEN_COMPUTERS: Final = 100
"""A table of more computers is folded."""
MAX_WEEKS: Final = 14
"""Maximum number of weeks that are not folded."""
MAX_NAMES: Final = 60
"""Maximum number of computers named for each kind of trouble."""


def render_plugged_in(view: FleetView) -> str:
    """Return what is plugged in unused: the calls to make."""
    language, found = view.language, view.fleet.plugged_in
    if not found:
        return f"<p>{fleet_wording.describe_nothing_plugged_in(view.fleet, language)}</p>"
    columns = (
        Column(language.translate_in("heading of a column", "Computer")),
        Column(language.translate_in("heading of a column", "Device"), "text"),
        # Translators: Since when.
        Column(language.translate_in("heading of a column", "Unused since"), "text"),
        # Translators: For how long.
        Column(language.translate_in("heading of a column", "Unused for"), "main"),
        Column(language.translate_in("heading of a column", "Reminders")),
    )
    rows = [
        (
            view.render_host(one.host),
            view.render_device(one.name),
            view.render_moment(one.unused_since),
            render_duration(
                view.fleet.until - one.unused_since, language, language.translate("less than a second")
            ),
            render_count(one.reminders, language),
        )
        for one in found[:MAX_CALLS]
    ]
    caption = language.translate("Devices that are plugged in unused, the longest first")
    return _render_calls(view, caption, columns, rows) + view.say_more(len(found) - MAX_CALLS)


def _render_calls(
    view: FleetView, caption: str, columns: Sequence[Column], rows: Sequence[tuple[str, ...]]
) -> str:
    """Return a table of devices; rows beyond `MAX_OPEN_CALLS` are folded below it."""
    table, more = render_table(caption, columns, rows[:MAX_OPEN_CALLS]), rows[MAX_OPEN_CALLS:]
    if not more:
        return table
    # Translators: Below a list: how many more there are, which are shown by a click.
    name = view.language.count(len(more), "{count} more", "{count} more")
    return table + render_folded(name, render_table(caption, columns, more))


def render_silent(view: FleetView) -> str:
    """Return the computers that were not heard from, and what was plugged in when they last were; "" if none."""
    return _list_silent(view) + _render_perhaps_plugged_in(view)


def _list_silent(view: FleetView) -> str:
    silent, language = view.fleet.silent, view.language
    if not silent:
        return ""
    items = "".join(
        f"<li>{view.render_host(host)} <small>{view.render_moment(heard)}</small></li>"
        for host, heard in silent[:MAX_SILENT]
    )
    sentence = language.count(
        len(silent),
        "One computer was not heard from for 7 days: what is plugged in there is unknown. When it was last heard from:",
        "{count} computers were not heard from for 7 days: what is plugged in there is unknown. When they were last heard "
        "from:",
    )
    return f'<p>{sentence}</p><ul class="hosts">{items}</ul>{view.say_more(len(silent) - MAX_SILENT)}'


def _render_perhaps_plugged_in(view: FleetView) -> str:
    language, found = view.language, view.fleet.perhaps_plugged_in
    if not found:
        return ""
    columns = (
        Column(language.translate_in("heading of a column", "Computer")),
        Column(language.translate_in("heading of a column", "Device"), "text"),
        Column(language.translate_in("heading of a column", "Last heard from"), "text"),
        Column(language.translate_in("heading of a column", "Unused since"), "text"),
    )
    rows = [
        (
            view.render_host(one.host),
            view.render_device(one.name),
            view.render_moment(one.heard),
            view.render_moment(one.unused_since),
        )
        for one in found[:MAX_CALLS]
    ]
    # Translators: A heading: whether a device is plugged in is not known.
    title = language.translate("Perhaps plugged in")
    caption = language.translate("Devices that were plugged in when the computer was last heard from")
    more = view.say_more(len(found) - MAX_CALLS)
    return f"<h3>{title}</h3>{_render_calls(view, caption, columns, rows)}{more}"


def render_shares(view: FleetView) -> str:
    """Return how many computers there are in each class, as bars; "" if there is no data."""
    language, fleet = view.language, view.fleet
    if not fleet.spread:
        return ""
    counts = [
        (share, language.translate_in(*fleet_wording.SHARE_LABELS[share]), count)
        for share, count in zip(SHARES, fleet.shares, strict=True)
    ]
    if without := fleet_wording.count_without_data(fleet):
        # Translators: In place of a duration: how many computers have no data.
        counts.append(("no_data", language.translate_in("unused on an average day", "no data"), without))
    most = max(count for _, _, count in counts)
    rows = (
        (
            f'<span id="s-{share}">{name}</span>',
            svg.draw_bar(count, 0, most, f"s-{share} s-{share}-n"),
            f'<span id="s-{share}-n">{render_count(count, language)}</span>',
            _format_part(count, len(fleet.computers), language),
        )
        for share, name, count in counts
    )
    columns = (
        Column(language.translate("Left unused a day")),
        Column(""),
        Column(language.translate_in("heading of a column", "Computers"), "main"),
        # Translators: How many of all, in percent.
        Column(language.translate_in("heading of a column", "Share")),
    )
    caption = language.translate(
        "Computers, by how long something was left plugged in unused there on an average day"
    )
    facts = render_pairs(_list_spread(view, fleet.spread))
    return f'<dl class="figures">{facts}</dl>{render_table(caption, columns, rows, "grid bars")}'


def _format_part(count: int, whole: int, language: Language) -> str:
    if 0 < count * 100 < whole:
        return language.translate("under {percent}", percent=language.formats.format_percent(1))
    return language.formats.format_percent(round(count / whole * 100))


def _list_spread(view: FleetView, spread: Spread) -> Iterator[tuple[str, str]]:
    """Yield how long something was left unused on an average day: the figures of the computers, and those before."""
    language, before = view.language, view.fleet.spread_before
    figures = (
        (
            language.translate("half of the computers are below"),
            spread.median,
            before.median if before else None,
        ),
        (
            language.translate("9 of 10 computers are below"),
            spread.ninety_percent,
            before.ninety_percent if before else None,
        ),
        (language.translate("the worst computer"), spread.worst, before.worst if before else None),
    )
    for note, now, then in figures:
        yield make_fact(
            language,
            language.translate("Left unused a day"),
            view.render_duration(now),
            None if then is None else view.render_duration(then),
            note,
        )


def render_weeks(view: FleetView) -> str:
    """Return how the computers were spread in each week, as lines and as a table; "" if there is only one week."""
    weeks, language = view.fleet.weeks, view.language
    if len(weeks) < 2:
        return ""
    median, ninety, worst = (
        # Translators: A figure such that half of the computers are below it.
        language.translate_in("heading of a column", "Median"),
        # Translators: A figure such that nine of ten computers are below it.
        language.translate_in("heading of a column", "9 of 10 below"),
        # Translators: The figure of the computer where it is the highest.
        language.translate_in("heading of a column", "Worst"),
    )
    legend = "".join(
        f"<li>{draw_line_sample(kind)} {name}</li>" for kind, name in (("ninety", ninety), ("median", median))
    )
    columns = (
        Column(language.translate_in("heading of a column", "Week")),
        Column(language.translate_in("heading of a column", "Computers")),
        Column(median, "main"),
        Column(ninety),
        Column(worst),
    )
    rows = [_list_cells(view, week) for week in reversed(weeks)]
    caption = language.translate("Left plugged in unused, per computer and day: weeks, the newest first")
    title = language.translate("Left plugged in unused, per computer and day, week by week")
    older = rows[MAX_WEEKS:]
    folded = ""
    if older:
        name = language.count(len(older), "{count} older week", "{count} older weeks")
        table = render_table(language.translate("Older weeks"), columns, older)
        folded = render_folded(name, table)
    return (
        f'<p id="trend">{title}</p><ul class="legend">{legend}</ul>{draw_trend(weeks, "trend", language)}'
        f"{render_table(caption, columns, rows[:MAX_WEEKS])}{folded}"
    )


def _list_cells(view: FleetView, week: Week) -> tuple[str, ...]:
    has_years = view.fleet.weeks[0].monday.year != view.fleet.weeks[-1].monday.year
    year = f" <small>{week.monday.year}</small>" if has_years else ""
    return (
        # Translators: A week, by its Monday: "from 2 Nov".
        view.language.translate_in(
            "week", "from {day}", day=view.language.formats.format_day_month(week.monday)
        )
        + year,
        render_count(week.computers, view.language),
        view.render_duration(week.spread.median),
        view.render_duration(week.spread.ninety_percent),
        view.render_duration(week.spread.worst),
    )


def render_worst(view: FleetView) -> str:
    """Return the computers where something was left unused longest, and what reminders did there; "" if nowhere."""
    language = view.language
    worst = [computer for computer in view.fleet.worst if computer.figures.unused_for >= 1]
    if not worst:
        return ""
    columns = (
        Column(language.translate_in("heading of a column", "Computer")),
        Column(language.translate_in("heading of a column", "Left unused"), "main"),
        Column(language.translate("Left unused a day")),
        # Translators: How many days on which something was left unused for more than an hour: "20 of 30".
        Column(language.translate_in("heading of a column", "Days over an hour")),
        Column(language.translate_in("heading of a column", "Reminders")),
        # Translators: Reminders that got no answer.
        Column(language.translate_in("heading of a column", "No answer")),
        # Translators: The time from the first reminder to the moment when the device was unplugged; the median.
        Column(language.translate_in("heading of a column", "Unplugged after")),
    )
    rows = (
        (
            view.render_host(one.host),
            view.render_duration(one.figures.unused_for),
            view.render_duration(fleet_wording.find_daily_unused(one)),
            _format_days(view, one),
            render_count(one.figures.reminders, language),
            _format_unanswered(view, one),
            render_reaction(one.figures.reaction, language),
        )
        for one in worst
    )
    caption = language.translate("The computers where something was left plugged in unused longest")
    unseen = (
        f"<p>{language.translate(fleet_wording.UNSEEN)}</p>"
        if fleet_wording.has_unseen_reminders(view.fleet)
        else ""
    )
    return render_table(caption, columns, rows) + unseen


def _format_unanswered(view: FleetView, computer: Computer) -> str:
    share = fleet_wording.find_unanswered(computer)
    return "\N{EN DASH}" if share is None else view.language.formats.format_percent(share)


def _format_days(view: FleetView, computer: Computer) -> str:
    group = view.language.formats.group_digits
    part, whole = group(computer.days_over_an_hour), group(computer.days)
    # Translators: A number of days, of how many.
    return view.language.translate_in("days", "{part} of {whole}", part=part, whole=whole)


def render_computers(view: FleetView) -> str:
    """Return the table of all computers, by name."""
    language, fleet = view.language, view.fleet
    shown = _choose_computers(fleet.computers)
    columns = (
        Column(language.translate_in("heading of a column", "Computer")),
        Column(language.translate_in("heading of a column", "Last heard from"), "text"),
        Column(language.translate("Left unused a day"), "main"),
        Column(language.translate_in("heading of a column", "Days over an hour")),
        Column(language.translate_in("heading of a column", "Reminders")),
        Column(language.translate_in("heading of a column", "No answer")),
    )
    caption = language.translate("Computers, by name")
    table = render_table(caption, columns, (_list_figures(view, one) for one in shown))
    if len(shown) > MAX_OPEN_COMPUTERS:
        name = language.count(len(shown), "{count} computer", "{count} computers")
        table = render_folded(name, table)
    # Translators: Leave the command as it is, with <kbd> and </kbd>.
    detail = language.translate(
        "One computer, day by day: <kbd>unplugd report --computer NAME --html FILE</kbd>"
    )
    return f"{table}{view.say_more(len(fleet.computers) - len(shown))}<p>{detail}</p>"


def _choose_computers(computers: Sequence[Computer]) -> Sequence[Computer]:
    if len(computers) <= MAX_COMPUTERS:
        return computers
    ranked = sorted(range(len(computers)), key=lambda at: -computers[at].figures.unused_for)
    return [computers[at] for at in sorted(ranked[:MAX_COMPUTERS])]


def _list_figures(view: FleetView, one: Computer) -> tuple[str, ...]:
    unknown = "\N{EN DASH}"
    return (
        view.render_host(one.host),
        view.render_moment(one.heard),
        view.render_duration(fleet_wording.find_daily_unused(one)) if one.days else unknown,
        _format_days(view, one),
        render_count(one.figures.reminders, view.language),
        _format_unanswered(view, one),
    )


def render_devices(view: FleetView) -> str:
    """Return the table of devices, with bars; "" if there is only one."""
    language, devices = view.language, view.fleet.devices
    if len(devices) < 2:
        return ""
    names = [name for name, _, _ in devices]
    rows = [
        (
            f"device{index}",
            view.render_device(name) + (f" ({escape_text(id_)})" if names.count(name) > 1 else ""),
            figures,
        )
        for index, (name, id_, figures) in enumerate(devices)
    ]
    titles = Titles(
        "",
        language.translate_in("heading of a column", "Device"),
        language.translate("Devices: left plugged in unused, and used"),
    )
    return render_sums(titles, rows, language)


def render_trouble(view: FleetView) -> str:
    """Return what is wrong, with the names of the computers; "" if nothing is."""
    items = []
    for trouble in view.fleet.trouble:
        sentence = escape_sentence(fleet_wording.describe_trouble(trouble, view.language))
        names = render_names(trouble.hosts, view.no_name, view.language, MAX_NAMES)
        items.append(f"<li>{sentence} <small>{names}</small></li>")
    return f"<ul>{''.join(items)}</ul>" if items else ""
