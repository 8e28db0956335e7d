"""The applet that shows notices on macOS: built by simulated programs, its script run line by line."""

from __future__ import annotations

import plistlib
import stat
from typing import TYPE_CHECKING

import pytest

from tests.rig.mac.machine import USER, Mac
from unplugd_service import applet, system
from unplugd_service.applet import Applet
from unplugd_service.system import DryRun, RealSystem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INSTEAD = "reminders are shown by osascript instead, under the name Script Editor"


class Rig:
    """A person with a Mac, for whom the applet is built."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mac = Mac(folder, monkeypatch)
        self.applet = Applet()
        self.messages: list[str] = []
        self.system = RealSystem(self.messages.append)

    def install(self) -> str:
        said = self.applet.install(self.system)
        assert "\n" not in said
        self.messages.append(said)
        return said

    def put(self, name: str, text: str) -> None:
        """Put a notice into the folder, as the daemon does."""
        (self.applet.notices / name).write_text(text)

    def open(self) -> list[tuple[str, str, str]]:
        """Start the applet, and return what it showed."""
        before = len(self.mac.shown)
        assert system.run("open", "-g", "-a", str(self.applet.path)).code == 0
        return self.mac.shown[before:]

    @property
    def programs(self) -> list[str]:
        return [call[0] for call in self.mac.calls]

    @property
    def files(self) -> set[str]:
        """What is in the home folder besides folders."""
        home = self.mac.home
        return {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    rig = Rig(tmp_path, monkeypatch)
    yield rig
    rig.mac.close()
    assert not any(USER in line for line in rig.messages)


def read_info(bundle: Path) -> dict[str, object]:
    info: dict[str, object] = plistlib.loads((bundle / "Contents/Info.plist").read_bytes())
    return info


def test_it_is_built(rig: Rig) -> None:
    """Under its own name and identifier, without a place in the Dock, signed; the first notification is the daemon's."""
    assert rig.install() == (
        "Reminders are shown by ~/Applications/unplugd.app; if macOS asks whether unplugd may send notifications, "
        "allow it. If nothing appears: System Settings, Notifications, unplugd, Allow notifications"
    )
    assert rig.programs == ["osacompile", "xattr", "codesign"]
    info = read_info(rig.applet.path)
    assert info["CFBundleIdentifier"] == "local.unplugd.reminder"
    assert info["CFBundleName"] == "unplugd"
    assert info["LSUIElement"] is True
    assert info["CFBundleExecutable"] == "applet", "what osacompile wrote stays"
    assert rig.mac.shown == []
    assert not any(name.startswith("Library") for name in rig.files), "nothing is left of the building"
    assert stat.S_IMODE(rig.applet.notices.stat().st_mode) == 0o700


def test_it_shows_the_oldest_first_and_removes_each(rig: Rig) -> None:
    """Names sort by age; one that is still being written is not looked at."""
    rig.install()
    rig.put("1000000000000000002.txt", "Second\nb")
    rig.put("1000000000000000001.txt", "First\na\n- b\nc")
    rig.put(".4711", "Half")
    assert rig.open() == [("unplugd", "First", "a\n- b\nc"), ("unplugd", "Second", "b")]
    assert [path.name for path in rig.applet.notices.iterdir()] == [".4711"]
    assert rig.open() == [], "as when somebody clicks on the notification"


@pytest.mark.parametrize(
    "text",
    [
        ("$(touch /tmp/x) `id`", '"; touch x; "\n\\n\' & do shell script "id"'),
        ("-n -e 'x'", "--help\n-c"),
        ("Größe “x” 🔌", "é\n\ttab"),
        ("title only", ""),
    ],
)
def test_whatever_a_notice_holds_is_shown_as_it_is(rig: Rig, text: tuple[str, str]) -> None:
    """It is never part of a script, nor of a command."""
    rig.install()
    rig.put("1.txt", "\n".join(text) if text[1] else text[0])
    assert rig.open() == [("unplugd", *text)]


def test_a_name_with_anything_in_it_does_no_harm(rig: Rig) -> None:
    """Only we write there; even so."""
    rig.install()
    rig.put("0'; touch x '$(id)", "A\nb")
    assert rig.open() == [("unplugd", "A", "b")]


def test_without_its_folder_it_ends(rig: Rig) -> None:
    """Quietly: nobody has to click a message away."""
    rig.install()
    rig.applet.notices.rmdir()
    assert rig.open() == []


def test_a_notice_that_cannot_be_removed_is_not_shown_for_ever(rig: Rig) -> None:
    rig.install()
    (rig.applet.notices / "1-folder").mkdir()
    assert rig.open() == []


def test_one_that_is_good_is_kept(rig: Rig) -> None:
    """A new one would be a stranger to macOS, and the person would be asked again."""
    rig.install()
    before = rig.applet.path.stat().st_ino
    assert rig.install() == "Reminders are shown by ~/Applications/unplugd.app"
    assert rig.programs == ["osacompile", "xattr", "codesign", "codesign"]
    assert rig.applet.path.stat().st_ino == before


def test_one_of_an_older_unplugd_is_built_anew(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.install()
    before = rig.applet.path.stat().st_ino
    monkeypatch.setattr(applet, "_digest", lambda _script: "another")
    rig.install()
    assert rig.applet.path.stat().st_ino != before


def test_one_whose_signature_is_broken_is_built_anew(rig: Rig) -> None:
    """macOS would not start it."""  # noqa: D403 - its name
    rig.install()
    (rig.applet.path / "Contents/Resources/Scripts/main.scpt").write_text("on run\nend run")
    rig.install()
    rig.put("1.txt", "A\nb")
    assert rig.open() == [("unplugd", "A", "b")]


def test_an_application_of_somebody_else_is_left_alone(rig: Rig) -> None:
    """Whatever its name is; nor is it removed."""
    info = rig.applet.path / "Contents/Info.plist"
    info.parent.mkdir(parents=True)
    for data in (plistlib.dumps({"CFBundleIdentifier": "org.other"}), b"<plist>", b"", plistlib.dumps([1])):
        info.write_bytes(data)
        assert rig.install() == f"~/Applications/unplugd.app exists but was not made by unplugd: {INSTEAD}"
        assert not rig.applet.uninstall(rig.system)
        assert info.read_bytes() == data
    assert rig.programs == []


@pytest.mark.parametrize("program", ["osacompile", "codesign"])
def test_where_it_cannot_be_built_nothing_is_left(rig: Rig, program: str) -> None:
    """Whole or not at all; the person learns what happens instead."""
    rig.mac.misbehave(program, 1)
    said = rig.install()
    assert said.startswith(f"~/Applications/unplugd.app could not be set up ({program}: ")
    assert said.endswith(INSTEAD)
    assert rig.files == set()


def test_what_the_finder_has_attached_does_not_keep_it_from_being_signed(rig: Rig) -> None:
    """It is removed first: such an application is refused, and reminders would come under another name."""
    rig.mac.misbehave("osacompile", "finder information")
    assert rig.install().startswith("Reminders are shown by ~/Applications/unplugd.app")


def test_attributes_that_cannot_be_removed_are_left(rig: Rig) -> None:
    """Then the signature decides."""
    rig.mac.misbehave("xattr", 1)
    assert rig.install().startswith("Reminders are shown by ~/Applications/unplugd.app")


def test_a_failed_attempt_leaves_the_good_one(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is replaced only by one that is complete."""
    rig.install()
    monkeypatch.setattr(applet, "_digest", lambda _script: "another")
    rig.mac.misbehave("codesign", 1)
    rig.install()
    rig.put("1.txt", "A\nb")
    assert rig.open() == [("unplugd", "A", "b")]


def test_what_an_interrupted_attempt_left_is_no_hindrance(rig: Rig) -> None:
    left = rig.mac.home / "Library/Application Support/unplugd/applet/unplugd.app/Contents"
    left.mkdir(parents=True)
    rig.install()
    assert rig.applet.is_ours()
    assert not left.exists()


def test_without_its_programs_it_is_reported(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(rig.mac.home))
    assert rig.install() == (
        "~/Applications/unplugd.app could not be set up "
        f"(osacompile cannot be started: No such file or directory): {INSTEAD}"
    )


def test_one_that_hangs_is_given_up(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "TIMEOUT_SECONDS", 1.0)
    rig.mac.misbehave("osacompile", "hang")
    assert "osacompile is not responding" in rig.install()


def test_where_applications_cannot_be_made_it_is_reported(rig: Rig) -> None:
    (rig.mac.home / "Applications").write_text("a file")
    assert INSTEAD in rig.install()
    assert rig.files == {"Applications"}


def test_uninstalling_removes_it_and_what_waited(rig: Rig) -> None:
    rig.install()
    rig.put("1.txt", "A\nb")
    assert rig.applet.uninstall(rig.system)
    assert rig.files == set()
    assert not rig.applet.uninstall(rig.system)


def test_a_dry_run_changes_nothing(rig: Rig) -> None:
    said: list[str] = []
    rig.applet.install(DryRun(said.append))
    assert [line.split()[3] for line in said if line.startswith("# would run:")] == [
        "osacompile",
        "xattr",
        "codesign",
    ]
    assert (
        "# would move ~/Library/Application Support/unplugd/applet/unplugd.app to ~/Applications/unplugd.app"
        in said
    )
    assert USER not in "\n".join(said)
    assert not list(rig.mac.home.iterdir())
    assert rig.programs == []
