"""macOS as the loop and the commands have it, and the real daemon on it; the Mac is a stand-in."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.platforms.macos.test_usage import with_pid
from tests.rig.iokit import Frameworks, fixture, standing_in
from tests.rig.programs import Programs
from tests.rig.turning import Clock, turn_once, turn_until
from tests.rig.wait import Deadline, wait_until
from unplugd.config.settings import Settings
from unplugd.eventloop.loop import Source
from unplugd.eventloop.timer import Timer
from unplugd.notify.channel import Channel
from unplugd.notify.terminal import Terminal
from unplugd.paths import Paths
from unplugd.platforms.macos import clock, console
from unplugd.platforms.macos import frameworks as real
from unplugd.platforms.macos.announcements import Announcements
from unplugd.platforms.macos.frameworks import Libraries
from unplugd.platforms.macos.notification import Notification
from unplugd.platforms.macos.platform import POLL_SECONDS, RESCAN_SECONDS, MacOS
from unplugd.rules import devices
from unplugd.rules.model import Policy
from unplugd.rules.uploaders import BUILT_IN
from unplugd.watch.daemon import Daemon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from unplugd.notify.channel import NotificationListener
    from unplugd.notify.message import Message
    from unplugd.platforms.protocol import InspectablePlatform

NOWHERE = Libraries("/nowhere/IOKit", "/nowhere/CoreFoundation")
LOOK_EVERY = 0.05


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Frameworks]:
    with standing_in(tmp_path, monkeypatch) as mac:
        yield mac


@pytest.fixture
def programs(compiled_program: Path, tmp_path: Path) -> Iterator[Programs]:
    """Yield programs on this machine as it is."""
    programs = Programs(compiled_program, tmp_path / "programs", {"PATH": os.environ["PATH"]})
    yield programs
    programs.close()


class Quiet:
    """Hears nothing of a notification."""

    def on_action(self, key: str) -> None: ...
    def on_closed(self, outcome: object) -> None: ...
    def on_lost(self) -> None: ...
    def on_server_back(self) -> None: ...

    def label_menu(self) -> tuple[tuple[str, str], ...]:
        return ()


# --- the class


def test_it_is_a_computer() -> None:
    """Made without touching anything, on whatever system."""
    computer: InspectablePlatform = MacOS()
    assert computer.now() > 0


@pytest.mark.parametrize("way", ["IOKit", "ioreg"])
def test_watched_devices_are_found(mac: Frameworks, way: str) -> None:
    """Each with the name that the watch list gives it; a hub is none; by both ways the same."""
    macos = MacOS(mac.libraries if way == "IOKit" else NOWHERE, mac.system)
    mac.lay(*fixture("hub"), *fixture("hid"))
    found = macos.scan(devices.BUILT_IN)
    assert [(device.port, device.id, device.name) for device in found] == [
        ("20-1.1.1", "0a21:8001", "CareLink USB"),
        ("20-1.3", "1a79:6210", "Contour Next Link 2.4"),
    ]
    assert [device.port for device in macos.list_all_devices()] == ["20-1.1.1", "20-1.3", "20-1.1"]
    words = macos.product_names()
    assert [words(port) for port in ("20-1.1.1", "20-1.3", "20-1.1", "1-1")] == [
        "",
        "Contour Next Link 2.4",
        "USB2.0 Hub",
        "",
    ]
    assert macos.mechanisms()["USB devices"].startswith(way)


def test_only_watched_devices_are_looked_into(mac: Frameworks) -> None:
    """Nor is any where nobody asks who uses it."""
    mac.lay(*fixture("hid"))
    macos = MacOS(mac.libraries)
    mac.fail("IORegistryEntryGetChildIterator")
    off = [replace(watch, on=False) for watch in devices.BUILT_IN]
    for watches in ((), off):
        assert macos.scan(watches) == []
        assert macos.mechanisms()["USB devices"] == "IOKit"
    assert len(macos.list_all_devices()) == 1
    assert macos.product_names()("20-1.3") == "Contour Next Link 2.4"
    assert macos.mechanisms()["USB devices"] == "IOKit"
    assert macos.scan(devices.BUILT_IN)
    assert macos.mechanisms()["USB devices"].startswith("ioreg, as IORegistryEntryGetChildIterator failed")


def test_a_mac_without_devices_is_seen_by_iokit(mac: Frameworks) -> None:
    macos = MacOS(mac.libraries)
    assert macos.scan(devices.BUILT_IN) == macos.list_all_devices() == []
    assert macos.mechanisms()["USB devices"] == "IOKit"


def test_use_is_seen_as_the_scan_saw_it(mac: Frameworks, programs: Programs) -> None:
    """One look at the registry for both; a device that went meanwhile is not used."""
    program = programs.uploader()
    mac.lay(*with_pid(fixture("owner"), program.pid))
    macos = MacOS(mac.libraries)
    [stick] = macos.scan(devices.BUILT_IN)
    [found] = macos.find_usage([stick], BUILT_IN, None, macos.now())
    assert (found.verdict, found.program) == ("in use", "CareLink Uploader")
    mac.lay()
    assert macos.scan(devices.BUILT_IN) == []
    assert macos.find_usage([stick], BUILT_IN, None, macos.now())[0].verdict == "idle"
    running = macos.find_running(BUILT_IN)
    assert running
    assert running[0] == "CareLink Uploader"


def test_where_nothing_can_be_listed_use_is_unknown(mac: Frameworks, monkeypatch: pytest.MonkeyPatch) -> None:
    """It must not look as if nobody used the device, nor as if it were unplugged."""
    mac.lay(*fixture("free"))
    macos = MacOS(mac.libraries)
    [stick] = macos.scan(devices.BUILT_IN)
    mac.fail("IOServiceGetMatchingServices")
    monkeypatch.setenv("IOREG_EXIT", "1")
    with pytest.raises(OSError, match="exit status 1"):
        macos.scan(devices.BUILT_IN)
    assert macos.find_usage([stick], BUILT_IN, None, macos.now())[0].verdict == "unknown"
    assert macos.check_use_detection() == (
        "the I/O Registry cannot be read: ioreg: exit status 1",
        "check whether `ioreg` works in a terminal",
    )
    mac.fail("")
    assert macos.check_use_detection() is None


def test_an_announcement_makes_ioregs_answer_old(mac: Frameworks) -> None:
    """Where only the list does not work: what was announced is asked for at once."""
    mac.fail("IOServiceGetMatchingServices")
    macos = MacOS(mac.libraries)
    changes: list[str] = []
    sources = macos.sources(lambda: changes.append("changed"))
    assert macos.scan(devices.BUILT_IN) == []
    changes.clear()
    # The sources go by the platform's clock, which a computer that has just been started begins at zero.
    still = Clock()
    still.now = clock.now()
    mac.plug(*fixture("free"))
    turn_until(still, lambda: changes, "the announcement", *sources[1:])
    assert macos.scan(devices.BUILT_IN) == []
    turn_until(still, lambda: len(changes) > 1, "ioreg's answer", *sources[1:])
    assert [device.port for device in macos.scan(devices.BUILT_IN)] == ["20-1.2"]
    close(sources)


def test_an_old_answer_is_not_believed(mac: Frameworks) -> None:
    """What ioreg said before IOKit worked again is of then."""
    macos = MacOS(mac.libraries)
    sources = macos.sources(lambda: None)
    mac.lay(*fixture("free"))
    mac.fail("IOServiceGetMatchingServices")
    assert macos.scan(devices.BUILT_IN)
    mac.fail("")
    mac.lay()
    assert macos.scan(devices.BUILT_IN) == []
    mac.fail("IOServiceGetMatchingServices")
    with pytest.raises(OSError, match="not answered yet"):
        macos.scan(devices.BUILT_IN)
    close(sources)


def test_the_layers_say_what_works(mac: Frameworks) -> None:
    """So that somebody with a Mac can tell; what does not work is named."""
    macos = MacOS(mac.libraries)
    assert set(macos.mechanisms().values()) == {""}
    macos.scan(())
    close(macos.sources(lambda: None))
    assert macos.mechanisms() == {
        "USB devices": "IOKit",
        "plug-in events": "I/O Registry notifications, power notifications",
        "in front": "",
        "use detection": "the programs that have a device open, but not the data that it transfers; IOKit",
    }
    mac.fail("IORegisterForSystemPower")
    close(macos.sources(lambda: None))
    assert macos.mechanisms()["plug-in events"] == "I/O Registry notifications"
    mac.fail("IOServiceAddMatchingNotification")
    close(macos.sources(lambda: None))
    assert macos.mechanisms()["plug-in events"] == (
        "polled every 4 s, as IOServiceAddMatchingNotification failed (0xe00002bc)"
    )
    mac.fail("IOServiceGetMatchingServices")
    macos.list_all_devices()
    assert macos.mechanisms()["USB devices"] == "ioreg, as IOServiceGetMatchingServices failed (0xe00002bc)"
    without = MacOS(NOWHERE)
    close(without.sources(lambda: None))
    assert without.mechanisms()["plug-in events"] == "polled every 4 s, as /nowhere/IOKit cannot be loaded"


def close(sources: list[Source]) -> None:
    for source in sources:
        source.close()


def test_the_poll_is_slow_where_announcements_come(mac: Frameworks, monkeypatch: pytest.MonkeyPatch) -> None:
    """And often where none come, or none any more."""
    moment = [1000.0]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    macos = MacOS(mac.libraries)
    changes: list[float] = []
    sources = macos.sources(lambda: changes.append(moment[0]))
    poll = next(source for source in sources if isinstance(source, Timer))
    heard = next(source for source in sources if isinstance(source, Announcements))
    assert poll.deadline() == moment[0] + RESCAN_SECONDS
    moment[0] += RESCAN_SECONDS
    turn_once_at(moment[0], poll)
    assert changes == [moment[0]]
    mac.wait_for_loop()
    mac.end_loop()
    wait_until(lambda: not heard.alive, "the run loop's end")
    assert poll.deadline() == moment[0] + POLL_SECONDS
    close(sources)
    sources = MacOS(NOWHERE).sources(lambda: None)
    assert sources[0].deadline() == moment[0] + POLL_SECONDS
    close(sources)


def turn_once_at(moment: float, *sources: Source) -> None:
    still = Clock()
    still.now = moment
    turn_once(still, *sources)


def test_channels(mac: Frameworks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The desktop's and the terminal; plyer shows nothing outside a bundle, so it is none here."""
    monkeypatch.setenv("HOME", str(tmp_path))
    macos = MacOS(mac.libraries)
    events: NotificationListener = Quiet()
    desktop = macos.channel("desktop", events)
    assert isinstance(desktop, Notification)
    desktop.close()
    assert macos.channel("plyer", events) is None
    assert isinstance(macos.channel("terminal", events), Terminal)


# --- clocks and boots


def test_the_clock_goes_on(mac: Frameworks) -> None:
    before = time.clock_gettime(clock.CONTINUOUS)
    assert before <= MacOS(mac.libraries).now() <= time.clock_gettime(clock.CONTINUOUS)


def test_sleep_is_what_one_clock_has_more() -> None:
    """Where there is only one clock nothing is known of sleep, and none is made up."""
    assert clock.sleep_seconds(clock.CONTINUOUS) == 0
    assert MacOS(NOWHERE).sleep_seconds() >= 0
    least = clock.now() - time.thread_time()
    slept = clock.sleep_seconds(time.CLOCK_THREAD_CPUTIME_ID)
    assert least - 1 <= slept <= clock.now()


def test_a_boot_is_told_by_its_session(mac: Frameworks) -> None:
    mac.sysctl("kern.bootsessionuuid", b"5E6FFEBE-0000-4000-8000-000000000000\0")
    assert MacOS(mac.libraries, mac.system).boot_id() == "5E6FFEBE-0000-4000-8000-000000000000"


def test_a_boot_without_a_session_is_told_by_its_time(mac: Frameworks) -> None:
    """A struct timeval, as it is."""
    mac.sysctl("kern.boottime", bytes(range(16)))
    assert clock.boot_id(mac.system) == "000102030405060708090a0b0c0d0e0f"


def test_a_boot_without_either_is_still_told(mac: Frameworks) -> None:
    """By the clocks, roughly: the same for as long as nobody sets them."""
    mac.sysctl("kern.other", b"x")
    for library in (mac.system, None, "/nowhere"):
        assert clock.boot_id(library).startswith("boot-")


def test_the_computer_is_told_by_its_id(mac: Frameworks) -> None:
    """As the kernel has it; without one, or without the function, there is none."""
    assert MacOS(mac.libraries, mac.system).machine_id() == ""
    mac.sysctl("gethostuuid", bytes(range(16)))
    assert MacOS(mac.libraries, mac.system).machine_id() == "000102030405060708090a0b0c0d0e0f"
    mac.sysctl("gethostuuid", bytes(16))
    assert clock.machine_id(mac.system) == clock.machine_id("libc.so.6") == ""


def test_a_boot_session_that_is_no_text_is_not_believed(mac: Frameworks) -> None:
    mac.sysctl("kern.bootsessionuuid", b"\xff\xff\0")
    assert clock.boot_id(mac.system).startswith("boot-")
    mac.sysctl("kern.bootsessionuuid", b"\0")
    assert clock.boot_id(mac.system).startswith("boot-")


# --- the whole daemon


class Recorder(Channel):
    """A channel that takes everything."""

    name = "desktop"
    replaces = True

    def __init__(self) -> None:
        self.shown: list[Message] = []
        self.withdrawn = 0

    def show(self, message: Message, on_done: Callable[[str | None], None]) -> None:
        self.shown.append(message)
        on_done(None)

    def withdraw(self) -> None:
        self.withdrawn += 1

    def check(self, on_result: Callable[[str | None, str], None]) -> None:
        on_result(None, "")


class Script(Source):
    """A source that plays a story: each step is done once the condition before it is true."""

    def __init__(self, story: Iterator[tuple[str, Callable[[], object]]], over: Callable[[], None]) -> None:
        self._story = story
        self._over = over
        self._what, self._condition = next(story)
        self._limit = Deadline(20)
        self.failed = ""

    def deadline(self) -> float | None:
        return clock.now() + 0.005

    def expire(self, now: float) -> None:  # noqa: ARG002 - as often as possible
        if self._condition():
            step = next(self._story, None)
            if step is None:
                self._over()
            else:
                self._what, self._condition = step
                self._limit = Deadline(20)
        elif not self._limit.left():
            self.failed = f"waited in vain for {self._what}"
            self._over()


class Told(MacOS):
    """The platform, with a recorder for a desktop."""

    recorder: Recorder

    def channel(self, name: str, events: NotificationListener) -> Channel | None:  # noqa: ARG002 - it tells nothing
        return self.recorder if name == "desktop" else None


class Rig:
    """The real daemon on the stand-in."""

    def __init__(self, mac: Frameworks, folder: Path, libraries: Libraries) -> None:
        self.mac = mac
        self.recorder = Recorder()
        self.platform = Told(libraries, mac.system)
        self.platform.recorder = self.recorder
        self.paths = Paths(folder / "configuration", folder / "state", folder / "runtime")
        self.said: list[str] = []
        policy = Policy(after_plug_in=0.0, after_use=0.0, repeat=(3600.0,), running_counts_for=0.0)
        settings = Settings(policy=policy, look_every=LOOK_EVERY, channels=("desktop",))
        for path in (self.paths.state, self.paths.runtime):
            path.mkdir(parents=True)
        self.daemon = Daemon(self.platform, self.paths, lambda: settings, self.said.append)

    def play(self, story: Iterator[tuple[str, Callable[[], object]]]) -> None:
        """Run the daemon until the story is over."""
        script = Script(story, lambda: self.daemon.stop("over"))
        self.daemon._sources.append(script)
        try:
            assert self.daemon.run() == "over"
        finally:
            self.daemon.close()
        assert not script.failed, (self.events(), self.said)

    def events(self, event: str | None = None) -> list[dict[str, Any]]:
        """Return the journal's events, or those of a kind."""
        lines = self.paths.journal.read_text().splitlines() if self.paths.journal.exists() else []
        return [entry for line in lines if event in (None, (entry := json.loads(line))["event"])]


@pytest.mark.parametrize("way", ["IOKit", "ioreg"])
def test_plug_in_upload_and_unplug(
    mac: Frameworks, programs: Programs, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plugged in: reminded. An uploader opens it: withdrawn. It is done: reminded again. Unplugged: withdrawn."""
    monkeypatch.setattr("unplugd.platforms.macos.platform.POLL_SECONDS", 0.05)
    monkeypatch.setattr("unplugd.platforms.macos.ioreg.FRESH_SECONDS", 0.02)
    monkeypatch.setattr("unplugd.platforms.macos.platform.RESCAN_SECONDS", 3600.0)
    announced = way == "IOKit"
    rig = Rig(mac, tmp_path / "files", mac.libraries if announced else NOWHERE)
    lay = mac.plug if announced else mac.lay
    uploader = programs.uploader()

    def story() -> Iterator[tuple[str, Callable[[], object]]]:
        yield "the start", lambda: rig.events("config_loaded")
        lay(*fixture("hid"))  # opened by a process that there is not
        yield "a reminder", lambda: rig.recorder.shown
        mac.lay(*with_pid(fixture("hid"), uploader.pid))
        yield "the use", lambda: rig.events("use_began")
        yield "its withdrawal", lambda: rig.recorder.withdrawn
        mac.lay(*fixture("driver"))
        yield "its end", lambda: rig.events("use_ended")
        yield "another reminder", lambda: len(rig.recorder.shown) > 1
        (mac.unplug if announced else mac.lay)()
        yield "the unplug", lambda: rig.events("unplugged")
        yield "the withdrawal", lambda: rig.recorder.withdrawn > 1

    rig.play(story())
    assert "Contour Next Link 2.4" in rig.recorder.shown[0].title
    [plugged_in] = rig.events("plugged_in")
    assert (plugged_in["device"], plugged_in["id"]) == ("20-1.3", "1a79:6210")
    assert rig.events("use_began")[0]["program"] == "CareLink Uploader"
    assert rig.events("use_began")[0]["evidence"] == "has opened it (HID)"
    assert "SECRET" not in rig.paths.journal.read_text()
    assert rig.said == []


def test_a_list_that_fails_for_a_while_unplugs_nothing(mac: Frameworks, tmp_path: Path) -> None:
    """What was plugged in stays so; ioreg takes over as soon as it has answered, then IOKit again."""
    rig = Rig(mac, tmp_path / "files", mac.libraries)

    def story() -> Iterator[tuple[str, Callable[[], object]]]:
        yield "the start", lambda: rig.events("config_loaded")
        mac.plug(*fixture("free"))
        yield "a reminder", lambda: rig.recorder.shown
        mac.fail("IOServiceGetMatchingServices")
        yield "a list by ioreg", lambda: rig.platform.mechanisms()["USB devices"].startswith("ioreg")
        yield "its answer", lambda: rig.platform._ioreg._answer is not None
        mac.fail("")
        yield "a list by IOKit", lambda: rig.platform.mechanisms()["USB devices"] == "IOKit"

    rig.play(story())
    assert not rig.events("unplugged")
    assert len(rig.recorder.shown) == 1
    assert set(rig.said) == {
        "cannot list the USB devices: ioreg has not answered yet",
        "can list the USB devices again",
    }


def test_a_reminder_waits_until_the_person_is_in_front(mac: Frameworks, tmp_path: Path) -> None:
    """On a Mac, each look asks for it: what is due comes with the first look after the screen is unlocked."""
    rig = Rig(mac, tmp_path / "files", mac.libraries)

    def story() -> Iterator[tuple[str, Callable[[], object]]]:
        yield "the start", lambda: rig.events("config_loaded")
        mac.sit({console.ON_CONSOLE: True, console.LOCKED: True})
        mac.plug(*fixture("free"))
        yield "the absence", lambda: rig.events("away")
        mac.sit({console.ON_CONSOLE: False, console.LOCKED: True})
        yield "another session", lambda: len(rig.events("away")) > 1
        assert not rig.recorder.shown
        mac.sit({console.ON_CONSOLE: True})
        yield "a reminder", lambda: rig.recorder.shown

    rig.play(story())
    assert [line.get("why") for line in rig.events() if line["event"] in ("away", "back")] == [
        "locked",
        "inactive",
        None,
    ]
    assert rig.events("reminded")[0]["count"] == 1


def test_a_replug_between_two_looks_is_seen(mac: Frameworks, tmp_path: Path) -> None:
    """The entry is another one, though the port, the id and USB's own address are the same."""
    rig = Rig(mac, tmp_path / "files", mac.libraries)
    [stick] = fixture("free")

    def story() -> Iterator[tuple[str, Callable[[], object]]]:
        yield "the start", lambda: rig.events("config_loaded")
        mac.plug(stick)
        yield "the plug-in", lambda: rig.events("plugged_in")
        mac.plug({**stick, "IORegistryEntryID": stick["IORegistryEntryID"] + 500})
        yield "the other", lambda: len(rig.events("plugged_in")) > 1

    rig.play(story())
    assert rig.events("plugged_in")[1]["continued"] is True


def test_real_frameworks_are_asked_for_by_their_paths() -> None:
    """`find_library` does not find them on a Mac, as they are in its shared cache only."""
    assert real.LIBRARIES == (
        "/System/Library/Frameworks/IOKit.framework/IOKit",
        "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation",
        "/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics",
    )
