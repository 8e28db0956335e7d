"""Renders a report on many computers as a self-contained HTML page: no network, no scripts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unplugd.html_report import fleet_tables
from unplugd.html_report.document import (
    TITLE,
    Section,
    render_covered,
    render_footer,
    render_frame,
    render_names,
    render_notes,
)
from unplugd.html_report.fleet_view import FleetView
from unplugd.html_report.markup import escape_name, escape_text, render_count, render_duration, render_pairs
from unplugd.html_report.overview import (
    MAX_HELD_BACK,
    describe_total,
    make_fact,
    render_outcomes,
    render_reaction,
)
from unplugd.languages.language import ENGLISH
from unplugd.review import days, fleet_wording
from unplugd.review.wording import (
    MIN_NOT_WATCHED_SECONDS,
    UNKNOWN,
    compare_with_before,
    describe_covered,
    describe_not_watched,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from unplugd.languages.language import Language
    from unplugd.review.fleet import Fleet


def render_fleet(
    fleet: Fleet, *, made: float, zone: tzinfo | None = None, language: Language = ENGLISH
) -> str:
    """Return the page, created at `made` (Unix seconds); `zone` is needed if the report's `zone` is not a zone name."""
    zone = zone or days.find_zone(fleet.zone)
    view = FleetView(fleet, zone, language, made)
    translate = language.translate
    covered = describe_covered(fleet, zone, language)
    plugged_in = (
        translate("Plugged in unused now") if view.is_now else translate("Plugged in unused at the end")
    )
    sections = (
        Section("summary", translate("Summary"), _render_summary(view, plugged_in)),
        Section("now", plugged_in, fleet_tables.render_plugged_in(view)),
        Section("silent", translate("Not heard from for 7 days"), fleet_tables.render_silent(view)),
        Section("shares", translate("How the computers compare"), fleet_tables.render_shares(view)),
        Section("weeks", translate("Weeks"), fleet_tables.render_weeks(view)),
        Section("worst", translate("Where it was left longest"), fleet_tables.render_worst(view)),
        Section("trouble", translate("Trouble"), fleet_tables.render_trouble(view)),
        # Translators: A heading, above the sums of all computers.
        Section("sums", translate("All computers together"), _render_sums(view)),
        Section(
            "devices",
            language.translate_in("heading of a table", "Devices"),
            fleet_tables.render_devices(view),
        ),
        Section("computers", translate("Every computer"), fleet_tables.render_computers(view)),
        Section("notes", translate("Notes on the journal"), render_notes(fleet.notes, language)),
    )
    footer = render_footer(made, zone, lambda time: _describe_creation(view, time), language)
    return render_frame(translate(TITLE), covered, _render_subject(view, covered), sections, footer, language)


def _render_subject(view: FleetView, covered: str) -> str:
    fleet, language = view.fleet, view.language
    count = len(fleet.computers)
    facts = [
        render_covered(covered, fleet.zone, language),
        (language.count(count, "Computer", "Computers"), render_count(count, language)),
    ]
    if names := list(dict.fromkeys(name for name, _, _ in fleet.devices)):
        shown = render_names(names, view.no_name, language)
        facts.append((language.count(len(names), "Device", "Devices"), shown))
    return render_pairs(facts)


def _render_summary(view: FleetView, plugged_in: str) -> str:
    fleet, language = view.fleet, view.language
    count = fleet_wording.count_plugged_in(fleet)
    computers = language.count(
        count, "{count} computer", "{count} computers", count=render_count(count, language)
    )
    shown = computers if fleet.heard else language.translate("not known")
    hero = f'<p class="hero"><span>{plugged_in}</span> <strong>{shown}</strong></p>'
    facts = f'<dl class="figures">{render_pairs(_list_facts(view))}</dl>'
    if not fleet.spread:
        return f"{hero}{facts}<p>{language.translate(UNKNOWN)}</p>"
    return f"{hero}{facts}"


def _render_sums(view: FleetView) -> str:
    """Return the sums of all computers; "" if there is no data."""
    fleet, language = view.fleet, view.language
    if not fleet.spread:
        return ""
    sentence = compare_with_before(fleet, language)
    comparison = f'<p class="compared">{sentence}</p>' if sentence else ""
    not_watched = (
        f"<p>{describe_not_watched(fleet, view.render_duration(fleet.not_watched_for), language)}</p>"
        if fleet.not_watched_for >= MIN_NOT_WATCHED_SECONDS
        else ""
    )
    return (
        f'<dl class="figures">{render_pairs(_list_sums(view))}</dl>'
        f"<p>{describe_total(fleet.total, language)}</p>{comparison}"
        f"{render_outcomes(fleet.total.outcomes, language)}{not_watched}"
    )


def _list_facts(view: FleetView) -> Iterator[tuple[str, str]]:
    """Yield how many computers were heard from, and how long something is left unused at the one in the middle."""
    fleet, language = view.fleet, view.language
    count = len(fleet.computers)
    yield make_fact(
        language,
        language.translate("Heard from in the last 24 hours")
        if view.is_now
        else language.translate("Heard from in the last 24 hours of this time"),
        render_count(fleet.heard, language),
        note=language.count(count, "of {count} computer", "of {count} computers"),
    )
    yield make_fact(
        language,
        language.translate("Not heard from for 7 days"),
        render_count(len(fleet.silent), language),
        note=language.translate("what is plugged in there is unknown") if fleet.silent else "",
    )
    if fleet.spread:
        yield make_fact(
            language,
            # Translators: How long something was left plugged in unused on an average day. Below: "half of the computers are below"
            language.translate("Left unused a day"),
            view.render_duration(fleet.spread.median),
            view.render_duration(fleet.spread_before.median) if fleet.spread_before else None,
            language.translate("half of the computers are below"),
        )


def _list_sums(view: FleetView) -> Iterator[tuple[str, str]]:
    """Yield the sums of all computers."""
    fleet, language = view.fleet, view.language
    total, before = fleet.total, fleet.before
    yield make_fact(
        language,
        language.translate("Left plugged in, unused"),
        view.render_duration(total.unused_for),
        view.render_duration(before.unused_for) if before else None,
    )
    yield make_fact(
        language,
        language.translate("Times plugged in"),
        render_count(total.periods, language),
        render_count(before.periods, language) if before else None,
    )
    yield make_fact(
        language,
        language.translate("Reminders"),
        render_count(total.reminders, language),
        render_count(before.reminders, language) if before else None,
    )
    yield make_fact(
        language,
        language.translate("From the first reminder to unplugging"),
        render_reaction(total.reaction, language),
        render_reaction(before.reaction, language) if before else None,
        language.translate("median") if total.reaction is not None else "",
    )
    for program, _, seconds in fleet.held_back[:MAX_HELD_BACK]:
        shown = escape_name(program, language.translate("an unknown program"))
        yield make_fact(
            language,
            language.translate("Reminders held back by {program}, which was running", program=shown),
            render_duration(seconds, language, language.translate("less than a second")),
        )


def _describe_creation(view: FleetView, time: str) -> str:
    count = len(view.fleet.computers)
    return view.language.count(
        count,
        "Created {time} ({zone}) from the journal of {count} computer. The page is self-contained: it loads nothing and "
        "sends nothing.",
        # Translators: {time} is a date and time, {zone} a time zone such as "Europe/Berlin".
        "Created {time} ({zone}) from the journals of {count} computers. The page is self-contained: it loads nothing and "
        "sends nothing.",
        time=time,
        zone=escape_text(view.fleet.zone),
        count=render_count(count, view.language),
    )
