"""Exports a report as JSON, as described by share/doc/unplugd/report.schema.json. Pure."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from unplugd.local_time import to_datetime
from unplugd.review import days
from unplugd.review.figures import ABSENCES, OUTCOMES
from unplugd.review.figures_builder import to_milliseconds

if TYPE_CHECKING:
    from datetime import tzinfo

    from unplugd.review.figures import Figures, Report
    from unplugd.review.fleet import Fleet
    from unplugd.review.model import Period

SCHEMA: Final = 1
"""The version of the JSON format; a higher one may have other keys."""
UNANSWERED: Final = "unanswered"
"""The value for the outcome "" in the JSON."""
UNKNOWN: Final = "unknown"
"""The value for the reason "" of an absence."""
_RFC_3339_LENGTH: Final = len("2026-11-22T14:00:00+01:00")


def make_json(report: Report) -> dict[str, Any]:
    """Return the report as a JSON object: durations in seconds, times with the zone's offset."""
    zone = days.find_zone(report.zone)

    def format_time(seconds: float) -> str:
        return format_moment(seconds, zone)

    return {
        "schema": SCHEMA,
        "since": format_time(report.since),
        "until": format_time(report.until),
        "zone": report.zone,
        "total": make_figures(report.total),
        "before": make_figures(report.before) if report.before else None,
        "days": [{"date": day.isoformat(), **make_figures(figures)} for day, figures in report.days],
        "devices": [
            {"name": name, "id": id_, **make_figures(figures)} for name, id_, figures in report.devices
        ],
        "computers": [{"host": host, **make_figures(figures)} for host, figures in report.computers],
        "periods": [_make_period(period, zone) for period in report.periods],
        "held_back": make_held_back(report),
        "watched": [
            {"host": run.host, "began": format_time(run.began), "ended": format_time(run.ended)}
            for run in report.watched
        ],
        "not_watched_for": report.not_watched_for,
        "notes": dict(sorted(report.notes.items())),
    }


def make_figures(figures: Figures) -> dict[str, Any]:
    """Return figures as a JSON object."""
    return {
        "periods": figures.periods,
        "plugged_for": figures.plugged_for,
        "used_for": figures.used_for,
        "unused_for": figures.unused_for,
        "longest": figures.longest,
        "longest_unused": figures.longest_unused,
        "uses": figures.uses,
        "reminders": figures.reminders,
        "outcomes": {outcome or UNANSWERED: figures.outcomes.get(outcome, 0) for outcome in OUTCOMES},
        "reaction": figures.reaction,
        "over_half_an_hour": figures.over_half_an_hour,
        "over_three_hours": figures.over_three_hours,
        "snoozes": figures.snoozes,
        "snoozed_for": figures.snoozed_for,
        "strangers": figures.strangers,
        "away_for": {why or UNKNOWN: figures.away_for.get(why, 0.0) for why in ABSENCES},
    }


def make_held_back(report: Report | Fleet) -> list[dict[str, Any]]:
    """Return the programs that held reminders back as JSON objects."""
    return [
        {"program": program, "times": times, "held_for": seconds}
        for program, times, seconds in report.held_back
    ]


def _make_period(period: Period, zone: tzinfo) -> dict[str, Any]:
    plugged, used = to_milliseconds(period.ended) - to_milliseconds(period.began), 0
    for use in period.uses:
        used += to_milliseconds(use.ended) - to_milliseconds(use.began)
    return {
        "host": period.host,
        "device": period.device,
        "id": period.id,
        "name": period.name,
        "began": format_moment(period.began, zone),
        "ended": format_moment(period.ended, zone),
        "end": period.end,
        "plugged_for": plugged / 1000,
        "used_for": used / 1000,
        "unused_for": (plugged - used) / 1000,
        "uses": [
            {
                "began": format_moment(use.began, zone),
                "ended": format_moment(use.ended, zone),
                "program": use.program,
                "evidence": use.evidence,
            }
            for use in period.uses
        ],
        "reminders": [
            {
                "at": format_moment(reminder.at, zone),
                "count": reminder.count,
                "urgency": reminder.urgency,
                "channel": reminder.channel,
                "outcome": (reminder.outcome if reminder.outcome in OUTCOMES else "") or UNANSWERED,
                "session": reminder.session,
            }
            for reminder in period.reminders
        ],
        "snoozes": [
            {"began": format_moment(snooze.began, zone), "ended": format_moment(snooze.ended, zone)}
            for snooze in period.snoozes
        ],
        "strangers": list(period.strangers),
        "held_back": [
            {
                "began": format_moment(held.began, zone),
                "ended": format_moment(held.ended, zone),
                "program": held.program,
            }
            for held in period.held_back
        ],
        "absences": [
            {
                "began": format_moment(absence.began, zone),
                "ended": format_moment(absence.ended, zone),
                "why": absence.why or UNKNOWN,
            }
            for absence in period.absences
        ],
    }


def format_moment(seconds: float, zone: tzinfo) -> str:
    """Return a time with its offset, to the millisecond."""
    # Not isoformat(timespec="milliseconds"): it truncates, which is wrong for floats just below a millisecond.
    whole, rest = divmod(to_milliseconds(seconds), 1000)
    text = to_datetime(whole, zone).isoformat()
    if len(text) != _RFC_3339_LENGTH:
        # RFC 3339 does not allow seconds in an offset: if the zone had some at that time, use UTC.
        text = to_datetime(whole, UTC).isoformat()
    return f"{text[:19]}.{rest:03}{text[19:]}"
