"""What a person is asked to do for a report, by system."""

from __future__ import annotations

import sys

import pytest

from unplugd.cli.doctor_questions import STEPS
from unplugd.cli.doctor_report import MEASURED, Examination
from unplugd.paths import find_paths
from unplugd.platforms.portable import Portable

MAC_ONLY = {"registry", "agent", "log", "crash", "refusals", "switch"}


@pytest.mark.parametrize(
    ("system", "missing"), [("linux", MAC_ONLY), ("darwin", set()), ("freebsd14", {*MAC_ONLY, "desktop"})]
)
def test_what_is_measured_and_after_each_step_is_there(
    system: str, missing: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a Mac all of it; elsewhere what is a Mac's own is left out, and so are its steps and questions."""
    monkeypatch.setattr(sys, "platform", system)
    examination = Examination(Portable(), find_paths({"HOME": "/home/ann"}, "linux"), lambda _notify: [])
    wanted = {name for names in MEASURED.values() for name in names}
    wanted |= {name for step in STEPS for name in step.facts}
    assert wanted - examination.list_all().keys() == missing
    assert all(examination.find(name) == [] for name in missing)
    steps = [step for step in STEPS if step.system in ("", system)]
    assert all(not set(step.facts) <= missing for step in steps), "nobody does a step for nothing"


def test_what_has_to_be_known_of_an_upload_is_asked_everywhere() -> None:
    """Which program it is, and how its use looks during the transfer and after it."""
    titles = {step.title: step for step in STEPS if not step.system}
    assert {"A device", "A notification", "During an upload", "After the upload", "Sleep"} <= titles.keys()
    assert "use" in titles["During an upload"].facts
    assert any("Which program" in question.text for question in titles["During an upload"].questions)
