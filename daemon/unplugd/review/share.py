"""A review without names, to be given away. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from unplugd.review.model import Review
from unplugd.rules import devices, uploaders
from unplugd.rules.events import URGENCIES
from unplugd.rules.model import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Collection


_PORT: Final = re.compile(r"[0-9a-fx]{1,10}([.:-][0-9a-f]{1,10}){0,10}", re.ASCII | re.IGNORECASE)
"""What a port is called by any system; in a journal anything can stand in its place."""


def anonymize(review: Review) -> Review:
    """Return the same without names: what a report of it says can be given away.

    Computers are numbered, in the order in which they come. A device is what unplugd knows its id for, else "USB
    device". Programs are named only where unplugd knows them by itself.
    """
    found = [(one.began, one.host) for one in review.periods]
    found += [(one.began, one.host) for one in review.watched]
    hosts = dict.fromkeys(host for _, host in sorted(found))
    numbers = {host: f"computer {number}" for number, host in enumerate(hosts, 1)}
    programs = {uploader.name for uploader in uploaders.BUILT_IN} | {
        name for uploader in uploaders.BUILT_IN for name in uploader.process if not set(name) & {"*", ":"}
    }

    def program(name: str, instead: str) -> str:
        return name if name in programs else instead

    return Review(
        tuple(
            replace(
                period,
                host=numbers[period.host],
                name=_find_model(period.id),
                id=_format_id(period.id),
                device=period.device if _PORT.fullmatch(period.device) else "",
                uses=tuple(
                    replace(use, program=program(use.program, "other upload software"), evidence="")
                    for use in period.uses
                ),
                strangers=tuple("unknown program" for _ in period.strangers),
                reminders=tuple(
                    replace(
                        one,
                        urgency=_keep_known(one.urgency, URGENCIES),
                        channel=_keep_known(one.channel, CHANNELS),
                    )
                    for one in period.reminders
                ),
            )
            for period in review.periods
        ),
        tuple(replace(watched, host=numbers[watched.host]) for watched in review.watched),
        review.notes,
    )


def _keep_known(written: str, known: Collection[str]) -> str:
    return written if written in known else ""


def _format_id(written: str) -> str:
    try:
        vendor, product = devices.parse_id(written)
    except ValueError:
        return ""
    return f"{vendor:04x}:{product:04x}"


def _find_model(written: str) -> str:
    try:
        watch = devices.find_watch(*devices.parse_id(written), devices.BUILT_IN)
    except ValueError:
        return "USB device"
    return watch.name if watch else "USB device"
