"""Removes names from a review, so that it can be shared. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from unplugd.languages.language import ENGLISH
from unplugd.review.model import Review
from unplugd.rules import devices, uploaders
from unplugd.rules.events import CHANNELS, URGENCIES

if TYPE_CHECKING:
    from collections.abc import Collection

    from unplugd.languages.language import Language

_PORT: Final = re.compile(r"[0-9a-fx]{1,10}([.:-][0-9a-f]{1,10}){0,10}", re.ASCII | re.IGNORECASE)
"""The form of a port's name on any system; a journal may contain any other text."""


def anonymize(review: Review, language: Language = ENGLISH) -> Review:
    """Return the review without the names of computers, devices and programs, so that its report can be shared.

    What is shown instead of them is in `language`. Computers are numbered, the oldest in the journal first, and so are
    the people who were reminded. Devices are named after their id, and programs keep their names, if unplugd has a
    built-in entry for them.
    """
    first_seen = [(period.began, period.host) for period in review.periods]
    first_seen += [(run.began, run.host) for run in review.watched]
    hosts = dict.fromkeys(host for _, host in sorted(first_seen))
    numbers = {
        # Translators: In place of the name of a computer, in a report that is shared.
        host: language.translate("computer {number}", number=str(number))
        for number, host in enumerate(hosts, 1)
    }
    sessions = dict.fromkeys(
        reminder.session for period in review.periods for reminder in period.reminders if reminder.session
    )
    people = {session: f"person {number}" for number, session in enumerate(sessions, 1)}
    programs = {uploader.name for uploader in uploaders.BUILT_IN} | {
        name for uploader in uploaders.BUILT_IN for name in uploader.process if not set(name) & {"*", ":"}
    }

    # Translators: In place of the name of a program, in a report that is shared.
    other_software = language.translate("other upload software")
    unknown_program = language.translate("unknown program")
    # A device whose id unplugd does not know.
    model = language.translate("USB device")

    def rename_program(name: str) -> str:
        return name if not name or name in programs else other_software

    return Review(
        tuple(
            replace(
                period,
                host=numbers[period.host],
                name=_find_model(period.id) or model,
                id=_format_id(period.id),
                device=period.device if _PORT.fullmatch(period.device) else "",
                uses=tuple(
                    replace(use, program=rename_program(use.program), evidence="") for use in period.uses
                ),
                held_back=tuple(
                    replace(held, program=rename_program(held.program)) for held in period.held_back
                ),
                strangers=tuple(unknown_program for _ in period.strangers),
                reminders=tuple(
                    replace(
                        reminder,
                        urgency=_keep_known(reminder.urgency, URGENCIES),
                        channel=_keep_known(reminder.channel, CHANNELS),
                        session=people.get(reminder.session, ""),
                    )
                    for reminder in period.reminders
                ),
            )
            for period in review.periods
        ),
        tuple(replace(run, host=numbers[run.host]) for run in review.watched),
        review.notes,
    )


def _keep_known(word: str, known: Collection[str]) -> str:
    return word if word in known else ""


def _format_id(id_: str) -> str:
    try:
        vendor, product = devices.parse_id(id_)
    except ValueError:
        return ""
    return f"{vendor:04x}:{product:04x}"


def _find_model(id_: str) -> str:
    try:
        watch = devices.find_watch(*devices.parse_id(id_), devices.BUILT_IN)
    except ValueError:
        return ""
    return watch.name if watch else ""
