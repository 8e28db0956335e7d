"""Everything that the page and notifications say goes through the translations, and these have nothing else."""

from __future__ import annotations

import dataclasses
import re
from functools import cache
from html import unescape
from itertools import product
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tests.rig import sample_report
from tests.rig.fleet_maker import make_fleet, silent_fleet
from tests.rig.pseudo import make_pseudo
from tests.rig.sample_report import DAY, HOUR, METER, at, plugged, report_of
from tests.rig.tree import Tree
from tests.unit.notify.test_message import METER as METER_DEVICE
from tests.unit.notify.test_message import NOON, NOW, STICK, plug
from tools.catalogues.extract import make_template
from unplugd.html_report.fleet_page import render_fleet
from unplugd.html_report.fleet_tables import MAX_CALLS, MAX_NAMES
from unplugd.html_report.page import render_notice, render_page
from unplugd.notify import message
from unplugd.review.fleet import Trouble
from unplugd.review.fleet_wording import TROUBLE
from unplugd.review.model import Absence, HeldBack, Review, Use, Watched
from unplugd.review.notes import NOTES
from unplugd.review.share import anonymize
from unplugd.rules import model
from unplugd.rules.devices import BUILT_IN, Device

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.pseudo import Brackets
    from unplugd.languages.language import Language
    from unplugd.notify.message import Message
    from unplugd.review.figures import Report
    from unplugd.review.fleet import Fleet

WORD = re.compile(r"[^\W\d_]{2,}")
LATIN = re.compile(r"[a-zA-Z]{2,}")
NAMES = (
    "CareLink USB",
    "CareLink Uploader",
    "Contour Next Link 2.4",
    "Tidepool Uploader",
    "VirtualBoxVM",
    "Europe/Berlin",
    "CEST",
    "CET",
)
"""What is the same in every language, and may stand alone."""
HOSTS = re.compile(r"anna-laptop|station-\d+|\(\w{4}:\w{4}\)")
SPOKEN = ("aria-label", "alt", "title", "placeholder")
"""Attributes that are shown or read out."""


def find_words_outside(text: str) -> list[str]:
    """Return the words in Latin letters outside brackets: dates are written in Japanese here."""
    outside, depth = [], 0
    for character in text:
        depth += character == "⟦"
        outside.append(" " if depth else character)
        depth -= character == "⟧"
    rest = HOSTS.sub(" ", "".join(outside))
    for name in NAMES:
        rest = rest.replace(name, " ")
    return LATIN.findall(rest)


def rare() -> Report:
    """Return a report with what the others have not: reasons, gaps, notes, a place without a name, and ends."""
    since = at("2026-10-05T08:00")
    ran = ((0, 1.2), (3.3, 5), (7, 8), (9, 12))
    watched = [
        Watched(host, since + first * DAY, since + last * DAY) for first, last in ran for host in ("", "b")
    ]
    began = since + 3.5 * DAY
    absences = tuple(
        Absence(began + HOUR * hour, began + HOUR * (hour + 1), why)
        for hour, why in enumerate(("locked", "inactive", ""))
    )
    odd = replace(
        plugged(began, 600, host="b", use=None, strangers=("VirtualBoxVM",)),
        absences=absences,
        name="",
        held_back=(HeldBack(began, began + HOUR, ""),),
    )
    periods = [plugged(since, 30, host=""), odd]
    for day, outcome in ((7, "snoozed"), (9, ""), (9.5, "strange"), (10, "expired"), (11, "in_use")):
        one = plugged(since + day * DAY + HOUR, 40, host="b", outcome=outcome, port=f"1-{day}")
        periods.append(
            replace(one, reminders=tuple(replace(each, session=f"s{day}") for each in one.reminders))
        )
    periods.append(plugged(since + 11 * DAY, 60, host="b", kind=METER, end="open"))
    return report_of(periods, since, since + 11.7 * DAY, watched=watched, notes=dict.fromkeys(NOTES, 1))


def crowded() -> Report:
    """Return a report on more computers than are named, which begins within a day; as long as the time before."""
    since = at("2026-10-06T10:00")
    periods = [plugged(since, 60, host=f"station-{number}") for number in range(9)]
    found = report_of(periods, since, at("2026-10-07T00:00"))
    return replace(found, until=since + DAY, before=found.total)


def brief() -> Report:
    """Return a report on some hours, in which a device was used all the time."""
    since = at("2026-10-06T18:00")
    period = plugged(since - HOUR, 120, use=(1, 119), end="cut")
    found = report_of(
        [period], since, since + 3 * HOUR, watched=[Watched("anna-laptop", since, since + 3 * HOUR)]
    )
    return replace(found, before=replace(found.total, unused_for=5 * HOUR))


def shared(language: Language) -> Report:
    """Return a report without the names of computers, devices and programs."""
    since = at("2026-10-05T08:00")
    use = Use(since + 60, since + 120, "anna's uploader", "open")
    period = replace(
        plugged(since, 30, host="anna", kind=("", "Anna's meter"), strangers=("anna's game",)), uses=(use,)
    )
    review = anonymize(Review((period, plugged(since, 40, host="b")), (), {}), language)
    return report_of(review.periods, since, since + HOUR)


def make_reports() -> Iterator[Report]:
    """Yield reports of every kind."""
    yield replace(sample_report.home_month(), notes=dict.fromkeys(NOTES, 3))
    yield sample_report.clinic(40)
    yield sample_report.clinic(730, plug_ins=5, stations=2)
    yield sample_report.nothing()
    yield sample_report.one_day()
    yield sample_report.busy_day()
    yield rare()
    yield crowded()
    yield brief()
    yield report_of((), at("2026-10-05T00:00"), at("2026-10-06T00:00"))
    yield report_of((), at("2026-10-05T10:00"), at("2026-10-06T00:00"))
    for days, now, before in product((1, 7), (0, HOUR, 9 * HOUR), (HOUR,)):
        since = at("2026-10-05T00:00")
        found = report_of([plugged(since, 1 + now / 60, use=None)], since, since + days * DAY)
        yield replace(found, before=replace(found.total, unused_for=before))
    for now, before in ((9, 1), (1, 9), (5, 5)):
        since = at("2026-10-05T10:00")
        found = report_of([plugged(since, 90, use=None)], since, since + 2 * HOUR)
        yield replace(
            found,
            total=replace(found.total, unused_for=now * HOUR, plugged_for=9.01 * HOUR),
            before=replace(found.total, unused_for=before * HOUR),
        )
    yield replace(found, total=replace(found.total, unused_for=0.5), periods=found.periods)
    yield replace(
        found, total=replace(found.total, unused_for=60, plugged_for=DAY), until=found.since + DAY / 2
    )


def make_fleets() -> Iterator[Fleet]:
    """Yield reports on many computers of every kind."""
    found = make_fleet(200)
    without_data = replace(found.computers[0], host="station-0000", days=0)
    hosts = tuple(one.host for one in found.computers)
    trouble = tuple(Trouble(kind, hosts[:count]) for kind in TROUBLE for count in (1, 2, MAX_NAMES + 1))
    notes = dict.fromkeys(NOTES, 1)
    calls = found.plugged_in * MAX_CALLS
    computers = (without_data, *found.computers)
    yield replace(found, computers=computers, trouble=trouble, notes=notes, plugged_in=calls)
    yield make_fleet(200, days=400)
    yield replace(make_fleet(11), plugged_in=())
    yield silent_fleet()


def make_messages(language: Language) -> Iterator[Message]:
    """Yield every message."""
    # A menu that is always there is labelled like buttons.
    yield dataclasses.replace(message.greet(language), buttons=message.label_menu(language))
    yield message.test(language)
    yield message.explain_invalid_configuration(language)
    yield message.explain_journal_trouble("No space left on device", language)
    yield message.explain_failed_addition("VirtualBoxVM", "Read-only file system", language)
    other = Device("1-1.4", 0x0A21, 0x8001, name="CareLink USB")
    sets = ((), (STICK,), (METER_DEVICE,), (STICK, METER_DEVICE), (STICK, other))
    programs = ("VirtualBoxVM", "python3", "x" * 50)
    for plugged_in, minutes, used, strangers, snooze in product(
        sets, (0.5, 12, 60 * 30), (None, 0.3), (0, 1, 2, 3), (0, 30, 900)
    ):
        unknown = tuple((programs[at], (STICK, STICK, METER_DEVICE)[at]) for at in range(strangers))
        if plugged_in or unknown:
            plugs = tuple(plug(device, minutes=minutes, used=used) for device in plugged_in)
            notice = model.Reminder(1, plugs, unknown, snooze=snooze)
            yield message.compose(notice, NOW, NOON, BUILT_IN, language)
    both = ((programs[0], STICK), (programs[0], METER_DEVICE))
    yield message.compose(model.Reminder(1, (), both, snooze=900), NOW, NOON, BUILT_IN, language)


@cache
def show_everything() -> tuple[list[str], list[Message], Brackets]:
    """Return each page, each message, and what was to be translated for them."""
    language, brackets = make_pseudo()
    reports = [*make_reports(), shared(language)]
    pages = [render_page(report, made=report.until, language=language) for report in reports]
    fleets = [*make_fleets()]
    pages += [render_fleet(fleet, made=fleet.until, language=language) for fleet in fleets]
    pages.append(render_fleet(fleets[0], made=fleets[0].until + DAY, language=language))
    # Why there is no report is said in English, as on the command line.
    pages.append(render_notice("", "", language))
    return pages, list(make_messages(language)), brackets


def test_the_page_has_no_text_of_its_own() -> None:
    """Outside the translations it has only names, dates and numbers; so have labels that are only read out."""
    pages, _, _ = show_everything()
    for source in pages:
        body = re.sub(r"<style>.*?</style>", "", source, flags=re.DOTALL)
        texts = [unescape(text) for text in re.split(r"<[^>]*>", body)]
        # What is translated may have elements in it.
        assert find_words_outside(" ".join(texts)) == []
        for element in Tree(source).elements:
            for name in SPOKEN:
                assert find_words_outside(element.attributes.get(name, "")) == []
        assert '<html lang="ja">' in source
        (style,) = Tree(source).all("style")
        shown = re.findall(r"(?:content|--text[^:]*): *([^;}]*)", "".join(style.inside))
        assert find_words_outside(" ".join(re.findall(r'"[^"]*"', " ".join(shown)))) == []


def test_notifications_have_no_text_of_their_own() -> None:
    """Each title, each line and the label of each button is a single translated text."""
    _, messages, _ = show_everything()
    for shown in messages:
        for text in (shown.title, shown.click, *shown.lines, *(label for _, label in shown.buttons)):
            assert re.fullmatch(r"⟦.*⟧", text), text
            assert find_words_outside(text) == []


def test_nothing_else_is_translated() -> None:
    """Each text that translators get is shown somewhere, and they get each text that is shown."""
    _, _, brackets = show_everything()
    texts = {
        (entry.context, entry.id if isinstance(entry.id, str) else entry.id[0])
        for entry in make_template()
        if entry.id
    }
    assert brackets.asked == texts
