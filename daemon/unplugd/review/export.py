"""A report as JSON, as share/doc/unplugd/report.schema.json describes it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from unplugd.review import days

if TYPE_CHECKING:
    from datetime import tzinfo

    from unplugd.review.model import Period
from unplugd.review.figures import _LENGTH, OUTCOMES, Figures, Report, to_milliseconds

SCHEMA: Final = 1
"""Of the JSON; a higher one may have other keys."""
UNANSWERED: Final = "unanswered"
"""The JSON's word for ""."""


def make_json(report: Report) -> dict[str, Any]:
    """Return the report as share/doc/unplugd/report.schema.json has it: seconds, and times with the zone's offset."""
    zone = days.find_zone(report.zone)

    def moment(stamp: float) -> str:
        return _format_time(stamp, zone)

    return {
        "schema": SCHEMA,
        "since": moment(report.since),
        "until": moment(report.until),
        "zone": report.zone,
        "total": _figures_json(report.total),
        "before": _figures_json(report.before) if report.before else None,
        "days": [{"date": day.isoformat(), **_figures_json(figures)} for day, figures in report.days],
        "devices": [
            {"name": name, "id": id_, **_figures_json(figures)} for name, id_, figures in report.devices
        ],
        "computers": [{"host": host, **_figures_json(figures)} for host, figures in report.computers],
        "periods": [_period_json(period, zone) for period in report.periods],
        "watched": [
            {"host": one.host, "began": moment(one.began), "ended": moment(one.ended)}
            for one in report.watched
        ],
        "not_watched_for": report.not_watched_for,
        "notes": dict(sorted(report.notes.items())),
    }


def _figures_json(figures: Figures) -> dict[str, Any]:
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
        "snoozes": figures.snoozes,
        "snoozed_for": figures.snoozed_for,
        "strangers": figures.strangers,
    }


def _period_json(period: Period, zone: tzinfo) -> dict[str, Any]:
    plugged, used = to_milliseconds(period.ended) - to_milliseconds(period.began), 0
    for use in period.uses:
        used += to_milliseconds(use.ended) - to_milliseconds(use.began)
    return {
        "host": period.host,
        "device": period.device,
        "id": period.id,
        "name": period.name,
        "began": _format_time(period.began, zone),
        "ended": _format_time(period.ended, zone),
        "end": period.end,
        "plugged_for": plugged / 1000,
        "used_for": used / 1000,
        "unused_for": (plugged - used) / 1000,
        "uses": [
            {
                "began": _format_time(use.began, zone),
                "ended": _format_time(use.ended, zone),
                "program": use.program,
                "evidence": use.evidence,
            }
            for use in period.uses
        ],
        "reminders": [
            {
                "at": _format_time(reminder.at, zone),
                "count": reminder.count,
                "urgency": reminder.urgency,
                "channel": reminder.channel,
                "outcome": (reminder.outcome if reminder.outcome in OUTCOMES else "") or UNANSWERED,
            }
            for reminder in period.reminders
        ],
        "snoozes": [
            {"began": _format_time(snooze.began, zone), "ended": _format_time(snooze.ended, zone)}
            for snooze in period.snoozes
        ],
        "strangers": list(period.strangers),
    }


def _format_time(stamp: float, zone: tzinfo) -> str:
    # Of whole seconds, since a float is seldom a whole number of microseconds, and milliseconds would be cut off.
    seconds, rest = divmod(to_milliseconds(stamp), 1000)
    text = datetime.fromtimestamp(seconds, zone).isoformat()
    if len(text) != _LENGTH:
        # RFC 3339 has no seconds in an offset: a zone that had some then is written in UTC.
        text = datetime.fromtimestamp(seconds, UTC).isoformat()
    return f"{text[:19]}.{rest:03}{text[19:]}"
