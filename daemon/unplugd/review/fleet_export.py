"""Exports a report on many computers as JSON, as described by share/doc/unplugd/report-on-many.schema.json. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from unplugd.review import days
from unplugd.review.export import SCHEMA, format_moment, make_figures, make_held_back
from unplugd.review.fleet import SHARES

if TYPE_CHECKING:
    from datetime import tzinfo

    from unplugd.review.fleet import Computer, Fleet, PluggedIn, Spread

KIND: Final = "many_computers"
"""The value of the key `kind`, which a report on few computers does not have."""


def make_fleet_json(fleet: Fleet) -> dict[str, Any]:
    """Return the report as a JSON object: durations in seconds, times with the zone's offset."""
    zone = days.find_zone(fleet.zone)
    return {
        "schema": SCHEMA,
        "kind": KIND,
        "since": format_moment(fleet.since, zone),
        "until": format_moment(fleet.until, zone),
        "zone": fleet.zone,
        "total": make_figures(fleet.total),
        "before": make_figures(fleet.before) if fleet.before else None,
        "days": [{"date": day.isoformat(), **make_figures(figures)} for day, figures in fleet.days],
        "devices": [
            {"name": name, "id": id_, **make_figures(figures)} for name, id_, figures in fleet.devices
        ],
        "computers": [_make_computer(computer, zone) for computer in fleet.computers],
        "heard_from": fleet.heard,
        "plugged_in": [_make_plugged_in(found, fleet.until, zone) for found in fleet.plugged_in],
        "perhaps_plugged_in": [
            _make_plugged_in(found, found.heard, zone) for found in fleet.perhaps_plugged_in
        ],
        "silent": [{"host": host, "heard": _format_heard(heard, zone)} for host, heard in fleet.silent],
        "spread": _make_spread(fleet.spread),
        "spread_before": _make_spread(fleet.spread_before),
        "weeks": [
            {
                "monday": week.monday.isoformat(),
                "computers": week.computers,
                "spread": _make_spread(week.spread),
                **make_figures(week.figures),
            }
            for week in fleet.weeks
        ],
        "shares": dict(zip(SHARES, fleet.shares, strict=True)),
        "worst": [computer.host for computer in fleet.worst],
        "trouble": [{"kind": trouble.kind, "hosts": list(trouble.hosts)} for trouble in fleet.trouble],
        "held_back": make_held_back(fleet),
        "not_watched_for": fleet.not_watched_for,
        "notes": dict(sorted(fleet.notes.items())),
    }


def _make_computer(computer: Computer, zone: tzinfo) -> dict[str, Any]:
    return {
        "host": computer.host,
        "heard": _format_heard(computer.heard, zone),
        "version": computer.version,
        **make_figures(computer.figures),
        "before": make_figures(computer.before) if computer.before else None,
        "days": computer.days,
        "days_over_an_hour": computer.days_over_an_hour,
        "not_watched_for": computer.not_watched_for,
        "failed_reminders": computer.failed_reminders,
        "lost_events": computer.lost_events,
        "notes": dict(sorted(computer.notes.items())),
    }


def _make_plugged_in(found: PluggedIn, until: float, zone: tzinfo) -> dict[str, Any]:
    return {
        "host": found.host,
        "name": found.name,
        "id": found.id,
        "device": found.device,
        "since": format_moment(found.since, zone),
        "unused_since": format_moment(found.unused_since, zone),
        "unused_for": round(max(0.0, until - found.unused_since), 3),
        "reminders": found.reminders,
        "heard": format_moment(found.heard, zone),
    }


def _make_spread(spread: Spread | None) -> dict[str, float] | None:
    if spread is None:
        return None
    return {
        "median": round(spread.median, 3),
        "ninety_percent": round(spread.ninety_percent, 3),
        "worst": round(spread.worst, 3),
    }


def _format_heard(heard: float | None, zone: tzinfo) -> str | None:
    return None if heard is None else format_moment(heard, zone)
