"""The doctor: it really tries each layer, and has a hint for each that does not work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.rig.login import LoginSession
from tests.rig.screen_saver import ScreenSaver
from unplugd import doctor
from unplugd.languages.language import ENGLISH
from unplugd.notify import message
from unplugd.paths import Paths
from unplugd.platforms.linux.platform import HARMLESS_NODE, Linux
from unplugd.rules.events import CHANNELS

if TYPE_CHECKING:
    from tests.rig.bus import Bus
    from tests.rig.login import Login
    from tests.rig.server import Server
    from unplugd.doctor import Finding

LAYERS = [
    "configuration",
    "files",
    "USB devices",
    "plug-in events",
    "use detection",
    "in front",
    "notification by desktop",
    "notification by plyer",
    "notification by terminal",
    "journal",
    "daemon",
]


class Patient:
    """A user with folders of their own."""

    def __init__(self, folder: Path) -> None:
        self.where = Paths(folder / "config", folder / "state", folder / "run")
        self.where.configuration.mkdir()
        self.sysfs = folder / "sys"
        self.sysfs.mkdir()

    def configure(self, text: str) -> None:
        self.where.config.write_text(text)

    def examined(self, *, notify: bool = False) -> dict[str, Finding]:
        platform = Linux(self.where.notification, self.sysfs)
        return {finding.layer: finding for finding in doctor.examine(platform, self.where, notify=notify)}


@pytest.fixture
def patient(tmp_path: Path, bus: Bus, monkeypatch: pytest.MonkeyPatch) -> Patient:
    """Return a user on a session bus, without a display and without plyer's program."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return Patient(tmp_path)


@pytest.mark.usefixtures("server")
def test_a_healthy_machine(patient: Patient) -> None:
    """Every layer is tried; only the daemon, which does not run, and the lesser channels are worth a word."""
    found = patient.examined()
    assert list(found) == LAYERS
    assert {layer: finding.ok for layer, finding in found.items()} == {
        **dict.fromkeys(LAYERS, True),
        "in front": None,
        "notification by plyer": None,
        "notification by terminal": None,
        "daemon": False,
    }
    assert found["daemon"].hint == "unplugd service install"
    assert found["use detection"].what == "works"
    assert found["use detection"].by == "the programs that have a device open, and the data that it transfers"


def test_every_failure_has_a_hint(patient: Patient) -> None:
    """Nothing works here that can be broken."""
    patient.configure("[remind]\nsnooze = 5")
    patient.where.state.write_text("")
    (patient.sysfs / "bus/usb").mkdir(parents=True)
    (patient.sysfs / "bus/usb/devices").write_text("")
    found = patient.examined()
    assert list(found) == LAYERS
    failed = {layer for layer, finding in found.items() if finding.ok is False}
    works = {"files", "plug-in events", "use detection", "in front", "notification by terminal"}
    assert failed == {*LAYERS} - works
    assert all(found[layer].hint for layer in failed)
    assert found["configuration"].what.startswith("config.toml:2: remind.snooze = 5")
    assert found["journal"].what.startswith("cannot be written: ")


@pytest.mark.usefixtures("server")
def test_it_is_said_whether_somebody_is_known_to_be_in_front(
    bus: Bus, system_bus: Bus, login: Login, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And who tells; where nobody does, that is no failure: reminders come at any time."""
    found = patient.examined()["in front"]
    assert (found.ok, found.by) == (None, "")
    assert found.what.endswith(": there is no system bus, and no screen saver tells")
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", system_bus.address)
    unknown = patient.examined()["in front"]
    why = "logind does not answer, or knows no session of yours with a screen, and no screen saver tells"
    assert (unknown.ok, unknown.what.rpartition(": ")[2]) == (None, why)
    saver = ScreenSaver(bus)
    by_saver = patient.examined()["in front"]
    assert (by_saver.ok, by_saver.by) == (True, "the screen saver")
    login.log_in(LoginSession(locked=True))
    known = patient.examined()["in front"]
    assert (known.ok, known.by) == (True, "logind and the screen saver")
    assert known.what.startswith("known; ")
    saver.close()


@pytest.mark.usefixtures("server")
def test_what_others_can_change_is_found_out(patient: Patient, tmp_path: Path) -> None:
    """A pipe for a journal, and a file of another user's, each with a way out."""
    patient.where.state.mkdir()
    os.mkfifo(patient.where.journal)
    found = patient.examined()["journal"]
    assert (found.ok, found.what) == (False, "cannot be written: it is a pipe, not a file")
    assert found.hint
    if os.geteuid():
        pytest.skip("needs root, to give a file away")
    patient.configure("")
    os.chown(patient.where.config, 54321, -1)
    found = patient.examined()["files"]
    assert (found.ok, found.what) == (False, f"{tmp_path}/config/config.toml: it belongs to another user")
    assert found.hint


def test_no_notification_server_is_found_out(patient: Patient, bus: Bus) -> None:
    """And none is started by the question."""
    found = patient.examined()["notification by desktop"]
    assert (found.ok, found.what) == (False, "no notification server is running")
    assert bus.activations() == []


def test_a_person_without_a_session_is_sent_to_it(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over ssh nobody is told to install a notification server, on a desktop without one nobody to go elsewhere."""
    over_ssh = patient.examined()["notification by desktop"]
    assert "inside your desktop session" in over_ssh.hint
    monkeypatch.setenv("DISPLAY", ":0")
    on_desktop = patient.examined()["notification by desktop"]
    assert on_desktop.what == over_ssh.what == "no notification server is running"
    assert "install a notification server" in on_desktop.hint
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    no_bus = patient.examined()["notification by desktop"]
    assert (no_bus.ok, no_bus.what, no_bus.hint) == (False, "there is no session bus", over_ssh.hint)


def test_what_is_no_failure_is_not_called_one(
    patient: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal is missed only if nothing else is configured; notify-send alone promises nothing."""
    terminal = "notification by terminal"
    assert patient.examined()[terminal].ok is None
    patient.configure('[notify]\nchannels = ["terminal"]')
    assert patient.examined()[terminal].ok is False
    patient.configure('[notify]\nchannels = ["plyer", "terminal"]')
    (tmp_path / "notify-send").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    plyer = patient.examined()["notification by plyer"]
    assert (plyer.ok, plyer.what) == (None, "notify-send is there")
    assert "doctor --notify" in plyer.hint


def test_a_lesser_channel_is_fine_beside_one_that_works(
    patient: Patient, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is asked to try notify-send where the desktop shows the reminders."""
    del server
    (tmp_path / "notify-send").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    plyer = patient.examined()["notification by plyer"]
    assert (plyer.ok, plyer.hint) == (True, "")


def test_only_what_is_configured_is_tried(patient: Patient) -> None:
    """Who wants no desktop notification is not told that there is none."""
    patient.configure('[notify]\nchannels = ["terminal"]')
    assert [layer for layer in patient.examined() if layer.startswith("notification")] == [
        "notification by terminal"
    ]


def test_a_test_notification_is_really_shown(patient: Patient, server: Server) -> None:
    """With the words that say that it is a test."""
    found = patient.examined(notify=True)["notification by desktop"]
    assert (found.ok, found.what) == (True, "the test notification was sent")
    assert [shown.summary for shown in server.notifications] == [message.test(ENGLISH).title]


def test_without_being_asked_nothing_is_shown(patient: Patient, server: Server) -> None:
    """A check is silent."""
    patient.examined()
    assert server.notifications == []


@pytest.mark.usefixtures("server")
def test_a_configuration_is_named(patient: Patient) -> None:
    """None, or which."""
    assert patient.examined()["configuration"].what == "none; using the defaults"
    patient.configure("")
    assert patient.examined()["configuration"].what == str(patient.where.config)


@pytest.mark.usefixtures("server")
def test_a_plugged_in_device_is_named(patient: Patient) -> None:
    """With its port."""
    folder = patient.sysfs / "bus/usb/devices/1-1.2"
    folder.mkdir(parents=True)
    for name, value in (
        ("idVendor", "0a21"),
        ("idProduct", "8001"),
        ("bDeviceClass", "ff"),
        ("busnum", "1"),
        ("devnum", "7"),
    ):
        (folder / name).write_text(value)
    assert patient.examined()["USB devices"].what.endswith("plugged in: CareLink USB (port 1-1.2)")


@pytest.mark.usefixtures("server")
def test_no_folder_is_made(patient: Patient, tmp_path: Path) -> None:
    """Whether the journal can be written is found out from the folder in which its own would be made."""
    before = sorted(tmp_path.rglob("*"))
    assert patient.examined()["journal"].ok
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.usefixtures("server")
def test_root_in_somebody_elses_home_is_told(patient: Patient, tmp_path: Path) -> None:
    """As `unplugd run` would be."""
    if os.geteuid():
        pytest.skip("needs root, to be in somebody else's home")
    os.chown(tmp_path, 5556, 5556)
    found = patient.examined()["journal"]
    assert found.ok is False
    assert "belongs to another user" in found.what
    assert "without sudo" in found.hint


def test_it_leaves_nothing_behind(patient: Patient, server: Server, tmp_path: Path) -> None:
    """No file, no child, no descriptor."""
    patient.examined(notify=True)
    files = sorted(tmp_path.rglob("*"))
    descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    patient.examined()
    assert sorted(tmp_path.rglob("*")) == files
    assert len(os.listdir("/proc/self/fd")) == descriptors  # noqa: PTH208
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    commands = [Path(f"/proc/{child}/cmdline").read_bytes() for child in children]
    assert not [command for command in commands if HARMLESS_NODE.encode() in command]
    assert server.on_screen


def test_the_rest_of_the_checks_use_the_defaults(patient: Patient) -> None:
    """A broken configuration does not keep the doctor from the other layers."""
    patient.configure("[")
    found = patient.examined()
    assert [layer for layer in found if layer.startswith("notification")] == [
        f"notification by {name}" for name in CHANNELS
    ]
