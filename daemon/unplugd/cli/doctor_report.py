"""`unplugd doctor --report`: measures, asks, and writes one file that a person can send to strangers."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd import __version__
from unplugd.cli import doctor_facts
from unplugd.cli.doctor_own_facts import list_own_facts
from unplugd.cli.doctor_questions import STEPS, Person, StoppedError
from unplugd.cli.doctor_words import load_words
from unplugd.cli.output_file import is_replaceable, write_file
from unplugd.cli.terminal import say
from unplugd.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.cli.doctor_facts import Facts
    from unplugd.cli.doctor_questions import Step
    from unplugd.doctor import Finding
    from unplugd.paths import Paths
    from unplugd.platforms.protocol import InspectablePlatform

    Check = Callable[[bool], list[Finding]]
    """Returns the doctor's findings; with True, it shows the test notification."""

STDOUT: Final = "-"
HEAD: Final = f"""\
# A report on unplugd {__version__}

Written by `unplugd doctor --report`. It holds no serial number, no command line, and no name of a person, a computer or a
file: what is not known to be harmless was left out (“…”). Please read it before you send it.
"""


class Report:
    """The report while it is being made; it is written again after each part, so that what there is is never lost."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._parts = [HEAD]
        # What cannot be replaced is written once, at the end.
        self._grows = place != STDOUT and is_replaceable(Path(place))
        self._shown = place

    def add(self, title: str, facts: Facts) -> None:
        """Add a part, and write the file; Failure if it cannot be written."""
        lines = "".join(f"- {name}: {value}\n" for name, value in facts)
        self._parts.append(f"## {title}\n\n{lines}")
        if self._grows:
            self._write()

    def close(self, what: str) -> None:
        """Write what has not been written, and say so: "`what`: PATH"."""
        if len(self._parts) == 1:
            # It was stopped before it had begun.
            return
        if self._place == STDOUT:
            print(self._text, end="", flush=True)
            return
        if not self._grows:
            self._write()
        say(f"{what}: {self._shown}")

    @property
    def _text(self) -> str:
        return "\n".join(self._parts)

    def _write(self) -> None:
        self._shown = write_file(Path(self._place), self._text)


class Examination:
    """Collects facts by name; those that this system does not have are empty."""

    def __init__(self, computer: InspectablePlatform, where: Paths, check: Check) -> None:
        self._computer = computer
        self._where = where
        self._check = check
        self.words = load_words()

    def find(self, name: str) -> Facts:
        """Return the facts of this name."""
        describe = self.list_all().get(name)
        return describe() if describe else []

    def list_all(self) -> dict[str, Callable[[], Facts]]:
        """Return what finds the facts of each name on this system."""
        computer, where, words = self._computer, self._where, self.words
        common: dict[str, Callable[[], Facts]] = {
            "system": doctor_facts.describe_system,
            "checks": lambda: doctor_facts.describe_findings(self._check(False), words),
            "devices": lambda: doctor_facts.describe_devices(computer, where, words),
            "use": lambda: doctor_facts.describe_use(computer, where, words),
            "timing": lambda: doctor_facts.describe_timing(computer, where),
            "clocks": lambda: doctor_facts.describe_clocks(computer),
            "service": lambda: doctor_facts.describe_service(where, words),
            "journal": lambda: doctor_facts.describe_journal(where),
            "notification": self._show_notification,
        }
        return {**common, **list_own_facts(where, words)}

    def _show_notification(self) -> Facts:
        shown = [one for one in self._check(True) if one.layer.startswith("notification")]
        return doctor_facts.describe_findings(shown, self.words)


MEASURED: Final = {
    "The computer": ("system", "desktop", "clocks"),
    "The doctor's checks": ("checks",),
    "USB devices": ("devices", "use", "registry"),
    "Service and daemon": ("service", "agent", "log"),
    "Times": ("timing",),
    "The journal": ("journal",),
}
"""The parts for which nobody has to do anything."""


def write_report(place: str, computer: InspectablePlatform, where: Paths, check: Check) -> int:
    """Write the report to a file, or to stdout for "-"; with a terminal, ask the person, too.

    Ctrl-C keeps what there is (status 130). Failure if it cannot be written.
    """
    if not place:
        raise Failure("--report needs the name of a file", "unplugd doctor --report report.md")
    report = Report(place)
    has_terminal = sys.stdin is not None and sys.stdin.isatty()
    if has_terminal:
        say("Measuring; this takes a few seconds.")
    status = 0
    try:
        examination = Examination(computer, where, check)
        for title, names in MEASURED.items():
            report.add(title, [fact for name in names for fact in examination.find(name)])
        if has_terminal:
            _ask(report, examination)
    except KeyboardInterrupt:
        status = 130
        if has_terminal:
            # The cursor is somewhere in a question.
            say("")
    report.close("Stopped; what there is was written" if status else "Written")
    return status


def _ask(report: Report, examination: Examination) -> None:
    """Have the person do each step, and add what was found and answered."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        # A key may send what is no text in the terminal's encoding.
        sys.stdin.reconfigure(errors="replace")
    steps = [step for step in STEPS if step.system in ("", sys.platform)]
    person = Person(examination.words)
    say(
        "What follows takes ten minutes and needs you. Skip what you cannot or do not want to do. What you type is written "
        "as it is: type no names of people."
    )
    try:
        for number, step in enumerate(steps, 1):
            if person.do(step, number, len(steps)):
                report.add(step.title, [fact for name in step.facts for fact in examination.find(name)])
                _ask_about(step, person, report)
    except StoppedError:
        report.add("The rest", [("questions", "not asked any more")])


def _ask_about(step: Step, person: Person, report: Report) -> None:
    answers: Facts = []
    try:
        for question in step.questions:
            if question.system in ("", sys.platform):
                answers.append((question.text, person.ask(question) or "no answer"))
    finally:
        # Also where the person stops in the middle.
        if answers:
            report.add(f"{step.title}: answers", answers)
