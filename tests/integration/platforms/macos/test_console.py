"""Whether somebody is in front of a Mac; the window server is a stand-in that counts every reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rig.iokit import Frameworks, standing_in
from unplugd import doctor
from unplugd.platforms.macos import console
from unplugd.platforms.macos import frameworks as real
from unplugd.platforms.macos.frameworks import Libraries
from unplugd.platforms.macos.platform import MacOS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ctypes import CDLL
    from pathlib import Path

USER: dict[str, bool | int | str] = {
    "kCGSSessionUserIDKey": 501,
    "kCGSSessionUserNameKey": "SECRET",
    "kCGSessionLoginDoneKey": True,
}


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Frameworks]:
    with standing_in(tmp_path, monkeypatch) as mac:
        yield mac


@pytest.mark.parametrize(
    ("session", "away"),
    [
        ({console.ON_CONSOLE: True}, None),
        ({console.ON_CONSOLE: 1}, None),
        ({console.ON_CONSOLE: False}, "inactive"),
        ({console.ON_CONSOLE: 0, console.LOCKED: True}, "inactive"),
        ({console.ON_CONSOLE: True, console.LOCKED: True}, "locked"),
        ({console.ON_CONSOLE: 1, console.LOCKED: 1}, "locked"),
        ({console.LOCKED: True}, "locked"),
        ({console.ON_CONSOLE: True, console.LOCKED: False}, None),
        ({console.ON_CONSOLE: "no", console.LOCKED: "yes"}, None),
        ({}, None),
    ],
)
def test_the_window_server_tells(
    mac: Frameworks, session: dict[str, bool | int | str], away: str | None
) -> None:
    """In front are those on the console whose screen is not locked; what has no sense is not known."""
    macos = MacOS(mac.libraries)
    mac.sit({**USER, **session})
    assert [macos.find_absence() for _ in range(3)] == [away] * 3
    assert macos.check_presence() == ""
    assert macos.mechanisms()["in front"] == "CoreGraphics"


def test_a_program_outside_a_graphical_session_is_told_nothing(mac: Frameworks) -> None:
    """Nor where memory or a library is lacking; then the person counts as in front."""
    macos = MacOS(mac.libraries)
    assert macos.find_absence() is None
    assert macos.check_presence() == "this is not a graphical session"
    mac.sit({console.LOCKED: True})
    mac.fail("CFStringCreateWithCString")
    assert (macos.find_absence(), macos.check_presence()) == (None, "CFStringCreateWithCString failed")
    mac.fail("")
    assert macos.find_absence() == "locked"
    for libraries, reason in (
        (Libraries(*mac.libraries[:2], "/nowhere/CoreGraphics"), "/nowhere/CoreGraphics cannot be loaded"),
        (Libraries(*mac.libraries[:2], "libc.so.6"), "the system has no CGSessionCopyCurrentDictionary"),
        (Libraries("/nowhere/IOKit"), "/nowhere/IOKit cannot be loaded"),
    ):
        without = MacOS(libraries)
        assert (without.find_absence(), without.check_presence()) == (None, reason)
        assert without.mechanisms()["in front"] == ""


def test_doctor_says_whether_it_is_known(mac: Frameworks) -> None:
    """What cannot be known is no failure."""
    macos = MacOS(mac.libraries)
    found = doctor._check_presence(macos)
    assert (found.ok, found.what.rpartition(": ")[2]) == (None, "this is not a graphical session")
    mac.sit({console.ON_CONSOLE: True})
    assert doctor._check_presence(macos).ok


def test_the_library_is_loaded_for_a_device_only(mac: Frameworks, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Mac into which nothing is plugged does not need it."""
    loaded: list[str] = []

    def load(path: str) -> CDLL:
        loaded.append(path)
        return real.load_graphics(path)

    monkeypatch.setattr(console, "load_graphics", load)
    macos = MacOS(mac.libraries)
    macos.scan(())
    macos.list_all_devices()
    assert not loaded
    macos.find_absence()
    assert loaded == [mac.libraries.graphics]
