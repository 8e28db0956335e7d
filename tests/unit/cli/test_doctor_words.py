"""What is left of a text that strangers will read."""

from __future__ import annotations

import platform
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unplugd.cli import doctor_facts
from unplugd.cli.doctor_words import LEFT_OUT, PATH, Words, load_words

WORDS = load_words()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("can be listed; plugged in: CareLink USB (port 1-1.2)", None),
        ("ioreg, as IOServiceMatching failed (0x10000003)", None),
        ("the bus cannot be reached: No such file or directory", None),
        ("cannot be written: /home/ann/journal", f"cannot be written: {PATH}"),
        ("plugged in: Ann Bee's own thing (port 1-2)", f"plugged in: {LEFT_OUT} own {LEFT_OUT} (port 1-2)"),
        ("running, process 4711", None),
        ("process 12345", f"process {LEFT_OUT}"),
        ("plugged in: 1234 5678 9012 (port 1-2)", f"plugged in: {LEFT_OUT} (port 1-2)"),
        ("plugged in: 12 - 34 - 56 - 78 - 90", f"plugged in: {LEFT_OUT}"),
        ("the bus cannot be reached: 192.168.1.20", f"the bus cannot be reached: {LEFT_OUT}"),
        ("", ""),
    ],
)
def test_only_the_words_of_messages_are_left(text: str, left: str | None) -> None:
    """With numbers that are too short for a serial number, ports, ids, versions and error codes."""
    assert WORDS.reduce(text) == (text if left is None else left)


@given(st.text())
def test_whatever_a_text_holds_each_word_is_a_known_one(text: str) -> None:
    words = Words(["in", "use"], ["ann"])
    harmless = rf"{LEFT_OUT}|{re.escape(PATH)}|in|use|[0-9]{{1,4}}%?|\W*"
    for word in words.reduce(text).split():
        core = word.strip(".,;:!?()[]{}<>\"'=`")
        assert (
            re.fullmatch(harmless, core)
            or re.fullmatch(r"[0-9a-fx.:-]+|(hidraw|tty\w+)[0-9]+", core)
            or word == PATH
        )


def test_names_are_left_out_even_if_they_are_such_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's and the computer's, in whatever case, also from what the person typed."""
    assert "desktop" in WORDS.reduce("the desktop of the session")
    monkeypatch.setattr(platform, "node", lambda: "Desktop-of-Will.example")
    words = load_words()
    assert words.reduce("the desktop of the session") == f"the {LEFT_OUT} the session"
    assert (
        words.hide_names("it is called Will's unplugd, on DESKTOP")
        == f"it is called {LEFT_OUT}'s unplugd, on {LEFT_OUT}"
    )


@pytest.mark.not_on_windows("every account has an entry")
def test_a_user_without_an_entry_has_fewer_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container."""

    def find_nobody(_uid: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", find_nobody)
    monkeypatch.setattr(platform, "node", lambda: "box-of-ann")
    assert load_words().hide_names("ann, on this box") == f"{LEFT_OUT}, on this {LEFT_OUT}"


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("Willems own_desktop", f"{LEFT_OUT} own_desktop"),
        ("ON PC_ANN: it failed", f"ON PC_{LEFT_OUT}: it failed"),
        ("/home/willem/x", f"/home/{LEFT_OUT}/x"),
        ("as planned, on port 1-1.2", "as planned, on port 1-1.2"),
    ],
)
def test_a_name_is_left_out_as_part_of_a_word(typed: str, left: str) -> None:
    """A short one only as a word of its own, since it is in too many others."""
    assert Words([], ["Willem", "ann"]).hide_names(typed) == left


def test_a_number_of_the_computer_does_not_hide_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stations are often counted."""
    monkeypatch.setattr(platform, "node", lambda: "clinic-1-b")
    assert (
        load_words().reduce("can be listed; plugged in: CareLink USB (port 1-1.2)").endswith("(port 1-1.2)")
    )


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("CareLink Uploader", None),
        ("JavaAppLauncher", None),
        ("Tidepool Uploader Helper (Renderer)", None),
        ("Google Chrome", None),
        ("java", None),
        ("anns-uploader", f"{LEFT_OUT}-uploader"),
        ("photo-tool", LEFT_OUT),
        ("CareLink Uploader 3.15.0", None),
        ("uploader-123-456-789", f"uploader-{LEFT_OUT}-{LEFT_OUT}-{LEFT_OUT}"),
        ("Uploader 123A456B789", f"Uploader {LEFT_OUT}A{LEFT_OUT}B{LEFT_OUT}"),
        ("java 192.168.1.20", f"java {LEFT_OUT}.{LEFT_OUT}.{LEFT_OUT}.{LEFT_OUT}"),
    ],
)
def test_a_program_is_named_if_its_name_is_usual(name: str, left: str | None) -> None:
    """The name of the upload software is what a report is for; any other may tell something of a person."""
    assert doctor_facts.describe_program(name, WORDS) == (name if left is None else left)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("6.1.0-49-amd64", "6.1.0"),
        ("systemd 252 (252.39)", "252"),
        ("6.1-anns-kernel", "6.1"),
        ("ann", "not known"),
        ("", "not known"),
    ],
)
def test_a_version_is_its_numbers(text: str, version: str) -> None:
    assert doctor_facts.find_version(text) == version
