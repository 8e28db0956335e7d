"""Removes names from a review, or from the sums over many computers, so that they can be shared. Pure."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from unplugd.languages.language import ENGLISH
from unplugd.review.figures_builder import FiguresBuilder
from unplugd.review.model import Review
from unplugd.rules import devices, uploaders
from unplugd.rules.events import CHANNELS, URGENCIES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from unplugd.languages.language import Language
    from unplugd.review.fleet_sums import FleetSums

_PORT: Final = re.compile(r"[0-9a-fx]{1,10}([.:-][0-9a-f]{1,10}){0,10}", re.ASCII | re.IGNORECASE)
"""The form of a port's name on any system; a journal may contain any other text."""

_VERSION: Final = re.compile(r"\d{1,4}(\.\d{1,4}){1,3}((a|b|rc|\.dev|\.post)\d{1,4})?", re.ASCII)
"""The form of a version of unplugd; a journal may contain any other text."""


def anonymize(review: Review, language: Language = ENGLISH) -> Review:
    """Return the review without the names of computers, devices and programs, so that its report can be shared.

    What is shown instead of them is in `language`. Computers are numbered, the oldest in the journal first, and so are
    the people who were reminded. Devices are named after their id, and programs keep their names, if unplugd has a
    built-in entry for them.
    """
    first_seen = [(period.began, period.host) for period in review.periods]
    first_seen += [(run.began, run.host) for run in review.watched]
    numbers = _number_computers((host for _, host in sorted(first_seen)), language)
    sessions = dict.fromkeys(
        reminder.session for period in review.periods for reminder in period.reminders if reminder.session
    )
    people = {session: f"person {number}" for number, session in enumerate(sessions, 1)}
    programs = _Programs(language)
    # Translators: In place of the name of a program, in a report that is shared.
    unknown_program = language.translate("unknown program")

    return Review(
        tuple(
            replace(
                period,
                host=numbers[period.host],
                name=_name_model(period.id, language),
                id=_format_id(period.id),
                device=_keep_port(period.device),
                uses=tuple(
                    replace(use, program=programs.rename(use.program), evidence="") for use in period.uses
                ),
                held_back=tuple(
                    replace(held, program=programs.rename(held.program)) for held in period.held_back
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


def anonymize_sums(sums: FleetSums, language: Language = ENGLISH) -> FleetSums:
    """Return the sums without the names of computers, devices and programs, as in `anonymize`."""
    first_seen = sorted(
        (math.inf if one.first_known is None else one.first_known, one.computer.host)
        for one in sums.computers
    )
    numbers = _number_computers((host for _, host in first_seen), language)
    programs = _Programs(language)
    shared = replace(
        sums,
        devices={},
        held_back_times={},
        held_back_for={},
        computers=[
            replace(
                one,
                computer=replace(
                    one.computer,
                    host=numbers[one.computer.host],
                    version=one.computer.version if _VERSION.fullmatch(one.computer.version) else "",
                ),
                plugged_in=[
                    replace(
                        device,
                        host=numbers[device.host],
                        name=_name_model(device.id, language),
                        id=_format_id(device.id),
                        device=_keep_port(device.device),
                    )
                    for device in one.plugged_in
                ],
            )
            for one in sums.computers
        ],
        not_reviewed=[numbers[host] for host in sums.not_reviewed],
    )
    for (_, id_), figures in sums.devices.items():
        key = _name_model(id_, language), _format_id(id_)
        shared.devices.setdefault(key, FiguresBuilder()).merge(figures)
    for program in sums.held_back_times:
        name = programs.rename(program)
        shared.held_back_times[name] = shared.held_back_times.get(name, 0) + sums.held_back_times[program]
        shared.held_back_for[name] = shared.held_back_for.get(name, 0) + sums.held_back_for[program]
    return shared


class _Programs:
    """The names of programs that unplugd knows, and what stands in place of others."""

    def __init__(self, language: Language) -> None:
        self._known = {uploader.name for uploader in uploaders.BUILT_IN} | {
            name for uploader in uploaders.BUILT_IN for name in uploader.process if not set(name) & {"*", ":"}
        }
        # Translators: In place of the name of a program, in a report that is shared.
        self._other = language.translate("other upload software")

    def rename(self, name: str) -> str:
        """Return the name if it is known or empty."""
        return name if not name or name in self._known else self._other


def _number_computers(hosts: Iterable[str], language: Language) -> dict[str, str]:
    """Return what stands in place of each name, in this order."""
    return {
        # Translators: In place of the name of a computer, in a report that is shared.
        host: language.translate("computer {number}", number=str(number))
        for number, host in enumerate(dict.fromkeys(hosts), 1)
    }


def _keep_known(word: str, known: Collection[str]) -> str:
    return word if word in known else ""


def _keep_port(name: str) -> str:
    return name if _PORT.fullmatch(name) else ""


def _format_id(id_: str) -> str:
    try:
        vendor, product = devices.parse_id(id_)
    except ValueError:
        return ""
    return f"{vendor:04x}:{product:04x}"


def _name_model(id_: str, language: Language) -> str:
    """Return the name of a device's model, or what stands in its place if unplugd does not know the id."""
    try:
        watch = devices.find_watch(*devices.parse_id(id_), devices.BUILT_IN)
    except ValueError:
        watch = None
    return watch.name if watch else language.translate("USB device")
