"""When to look and what was seen, on a platform and a clock that the test moves."""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from unplugd.config.settings import QuietHours, Settings
from unplugd.rules.devices import Device
from unplugd.rules.model import DeviceUse, Running
from unplugd.watch.configuration import Configuration
from unplugd.watch.observer import RAREST_SECONDS, SECOND_POLL_SECONDS, Observer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unplugd.rules.events import Absence

STICK = Device("1-1.2", 0x0A21, 0x8001, address=5, name="CareLink USB")
METER = Device("1-1.3", 0x1A79, 0x6210, address=6, name="Contour Next Link 2.4")
LOOK_EVERY = 15.0


class Platform:
    """A platform with the devices and uses that the test sets."""

    def __init__(self) -> None:
        self.time = 100.0
        self.asleep = 0.0
        self.away: Absence | None = None
        self.devices: list[Device] = []
        self.users: dict[str, str] = {}
        self.runs = False
        """Whether upload software runs, though it uses no device."""
        self.polled: list[str] = []
        """The ports of the devices whose use was looked at."""
        self.sleeps_in_poll = 0.0
        self.error: OSError | None = None
        self.unwatched: dict[str, str] | None = None
        self.strangers: tuple[str, ...] = ()
        self.doubtful = False
        self.usage_error: Exception | None = None
        self.running_error: OSError | None = None

    def list_unwatched_nodes(self) -> dict[str, str] | None:
        return self.unwatched

    def now(self) -> float:
        return self.time

    def sleep_seconds(self) -> float:
        return self.asleep

    def scan(self, _watches: object) -> list[Device]:
        if self.error:
            raise self.error
        return list(self.devices)

    def find_running(self, _uploaders: object) -> Running | None:
        if self.running_error:
            raise self.running_error
        return Running("Uploader", 90.0) if self.users or self.runs else None

    def find_absence(self) -> Absence | None:
        return self.away

    def find_usage(self, watched: Sequence[Device], *_more: object) -> tuple[DeviceUse, ...]:
        if self.usage_error:
            raise self.usage_error
        self.polled += [device.port for device in watched]
        self.asleep += self.sleeps_in_poll
        return tuple(
            DeviceUse(device, "in use", self.users[device.port], "open", doubtful=self.doubtful)
            if device.port in self.users
            else DeviceUse(device, unknown_programs=self.strangers)
            for device in watched
        )


class Rig:
    def __init__(self, *quiet_hours: QuietHours, look_every: float = LOOK_EVERY) -> None:
        self.platform = Platform()
        self.reported: list[str] = []
        platform: Any = self.platform
        settings = Settings(look_every=look_every, quiet_hours=quiet_hours)
        configuration = Configuration(lambda: settings, self.reported.append)
        self.observer = Observer(platform, configuration, self.reported.append)

    def poll(self, *, is_first: bool = False) -> list[tuple[str, str]]:
        """Poll, and return port and verdict of each device."""
        observation = self.observer.poll(self.platform.time, is_first=is_first)
        assert observation
        return [(use.device.port, use.verdict) for use in observation.uses]

    def pause(self) -> float:
        """Poll, and return how many seconds later the next poll is due."""
        self.poll()
        deadline = self.observer.deadline()
        assert deadline is not None
        return deadline - self.platform.time

    def strangers(self) -> tuple[str, ...]:
        """Poll, and return the unknown programs of the one device."""
        observation = self.observer.poll(self.platform.time)
        assert observation
        return observation.uses[0].unknown_programs

    def rescan(self) -> list[tuple[str, str]] | None:
        """Rescan, and return port and verdict of each device, None if nothing has changed."""
        observation = self.observer.rescan(self.platform.time)
        return [(use.device.port, use.verdict) for use in observation.uses] if observation else None


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_without_devices_nothing_is_due(rig: Rig) -> None:
    """Only an announcement brings the next look."""
    assert rig.poll(is_first=True) == []
    assert rig.observer.deadline() is None
    assert not rig.observer.sees_devices


def test_a_device_is_polled_again_and_again(rig: Rig) -> None:
    """`look_every` after each poll, for as long as it is plugged in."""
    rig.platform.devices = [STICK]
    rig.poll(is_first=True)
    for rig.platform.time in (130.0, 160.0):
        rig.poll()
        assert rig.observer.deadline() == rig.platform.time + LOOK_EVERY
    rig.platform.devices = []
    rig.poll()
    assert rig.observer.deadline() is None


def test_the_first_poll_sees_uses_that_are_under_way(rig: Rig) -> None:
    """A device that was there before the start may have been in use all the time."""
    rig.platform.devices, rig.platform.users = [STICK], {STICK.port: "Uploader"}
    assert rig.poll(is_first=True) == [(STICK.port, "in use")]


def test_the_second_poll_sees_who_took_a_new_device(rig: Rig) -> None:
    """The rescan after the announcement calls it idle and is quick; the poll comes 0.2 s after the announcement."""
    rig.poll(is_first=True)
    rig.platform.devices, rig.platform.users = [STICK], {STICK.port: "Uploader"}
    rig.observer.on_change()
    assert rig.observer.rescan_due
    assert rig.rescan() == [(STICK.port, "idle")]
    assert not rig.observer.rescan_due
    assert rig.platform.polled == []
    assert rig.observer.deadline() == 100 + SECOND_POLL_SECONDS
    rig.platform.time += SECOND_POLL_SECONDS
    assert rig.poll() == [(STICK.port, "in use")]
    assert rig.observer.deadline() == rig.platform.time + LOOK_EVERY


def test_a_new_device_without_an_announcement_is_polled_soon(rig: Rig) -> None:
    """A poll that finds it is followed by another one as soon as if it had been announced."""
    rig.poll(is_first=True)
    rig.platform.devices = [STICK]
    assert rig.poll() == [(STICK.port, "idle")]
    assert rig.observer.deadline() == 100 + SECOND_POLL_SECONDS


def test_a_rescan_of_nothing_new_says_nothing(rig: Rig) -> None:
    """Announcements come in hundreds, most of them about other devices."""
    rig.platform.devices = [STICK]
    rig.poll(is_first=True)
    rig.observer.on_change()
    assert rig.rescan() is None
    assert rig.platform.polled == [STICK.port]


def test_a_rescan_keeps_the_uses_of_the_poll_before(rig: Rig) -> None:
    """A device that comes or goes does not end the use of another one."""
    rig.platform.devices, rig.platform.users = [STICK], {STICK.port: "Uploader"}
    rig.poll(is_first=True)
    rig.platform.devices = [STICK, METER]
    assert rig.rescan() == [(STICK.port, "in use"), (METER.port, "idle")]
    rig.platform.devices = [STICK]
    observation = rig.observer.rescan(rig.platform.time)
    assert observation
    assert [(use.verdict, observation.is_rescan) for use in observation.uses] == [("in use", True)]


def test_a_replug_is_a_change(rig: Rig) -> None:
    """The same device on the same port has a new address."""
    rig.platform.devices = [STICK]
    rig.poll(is_first=True)
    rig.platform.devices = [Device(STICK.port, STICK.vendor, STICK.product, address=9, name=STICK.name)]
    assert rig.rescan() == [(STICK.port, "idle")]


def test_a_poll_during_which_the_system_slept_counts_for_nothing(rig: Rig) -> None:
    """The sleep is there to be recorded, and the poll is done again."""
    rig.platform.devices, rig.platform.sleeps_in_poll = [STICK], 60.0
    assert rig.observer.poll(rig.platform.time, is_first=True) is None
    rig.platform.sleeps_in_poll = 0.0
    assert rig.observer.has_slept()
    assert rig.observer.take_sleep() == 60
    assert not rig.observer.has_slept()
    assert rig.poll(is_first=True) == [(STICK.port, "idle")]


def test_a_moment_of_sleep_is_not_recorded(rig: Rig) -> None:
    """Clocks differ by a little, and short sleeps do not add up."""
    for _ in range(3):
        rig.platform.asleep += 0.5
        assert not rig.observer.has_slept()
        assert rig.observer.take_sleep() == 0


# --- uses that are announced


def plug_in(rig: Rig) -> None:
    """Have the stick be there from the start, with every use of it announced."""
    rig.platform.devices, rig.platform.unwatched = [STICK], {}
    rig.poll(is_first=True)
    rig.platform.time += SECOND_POLL_SECONDS
    rig.poll()


@pytest.mark.parametrize(
    ("look_every", "unwatched", "pause"),
    [
        (LOOK_EVERY, None, LOOK_EVERY),
        (LOOK_EVERY, {"/dev/hidraw0": "Permission denied"}, LOOK_EVERY),
        (LOOK_EVERY, {}, RAREST_SECONDS),
        (1.0, {}, 4.0),
        (30.0, {}, RAREST_SECONDS),
        (300.0, {}, 300.0),
    ],
)
def test_polls_are_rarer_if_every_use_is_announced(
    look_every: float, unwatched: dict[str, str] | None, pause: float
) -> None:
    """Only if that holds for every node, up to four times rarer, and once a minute unless the user wants less."""
    rig = Rig(look_every=look_every)
    rig.platform.devices, rig.platform.unwatched = [STICK], unwatched
    rig.poll(is_first=True)
    rig.platform.time += 1
    assert rig.pause() == pytest.approx(pause)


def test_an_announced_use_is_polled_at_once(rig: Rig) -> None:
    """Its begin and its end, and the regular poll stays where it was."""
    plug_in(rig)
    regular = rig.platform.time + RAREST_SECONDS
    for users in ({STICK.port: "Uploader"}, {}):
        rig.platform.time += 10
        rig.platform.users = users
        rig.observer.on_use()
        assert rig.observer.deadline() == rig.platform.time
        assert rig.poll() == [(STICK.port, "in use" if users else "idle")]
        assert rig.observer.deadline() == regular


def test_a_use_by_somebody_unknown_is_polled_often(rig: Rig) -> None:
    """Nothing may announce its end."""
    plug_in(rig)
    rig.platform.users, rig.platform.doubtful = {STICK.port: ""}, True
    rig.platform.time += 10
    rig.observer.on_use()
    assert rig.pause() == LOOK_EVERY
    rig.platform.time += LOOK_EVERY
    rig.platform.users = {}
    assert rig.pause() == pytest.approx(RAREST_SECONDS)


def test_software_that_runs_without_using_a_device_is_polled_often(rig: Rig) -> None:
    """It holds reminders back, and nothing announces its end; while it uses every device, something does."""
    plug_in(rig)
    rig.platform.runs = True
    rig.platform.time += RAREST_SECONDS
    assert rig.pause() == LOOK_EVERY
    rig.platform.users = {STICK.port: "Uploader"}
    rig.platform.time += LOOK_EVERY
    assert rig.pause() == pytest.approx(RAREST_SECONDS)


def test_a_program_that_opens_a_device_for_a_moment_is_no_stranger(rig: Rig) -> None:
    """Who lists devices may open each; only a program that a regular poll finds is reported."""
    plug_in(rig)
    rig.platform.strangers = ("lister",)
    for _ in range(2):
        rig.platform.time += 1
        rig.observer.on_use()
        assert rig.strangers() == ()
    assert rig.observer.deadline() == rig.platform.time - 1 + LOOK_EVERY
    rig.platform.time += LOOK_EVERY
    assert rig.strangers() == ("lister",)
    rig.platform.strangers = ("lister", "reader")
    rig.observer.on_use()
    assert rig.strangers() == ("lister",)


def test_announced_uses_do_not_put_off_the_regular_poll(rig: Rig) -> None:
    """A device that is opened again and again is polled as often as any other."""
    plug_in(rig)
    rig.platform.strangers = ("poller",)
    start = rig.platform.time
    while rig.strangers() == ():
        rig.platform.time += 1
        rig.observer.on_use()
    assert rig.platform.time - start <= LOOK_EVERY + 1


# ---


def test_devices_that_cannot_be_listed_stay(rig: Rig) -> None:
    """An error is no unplug; it is reported."""
    rig.platform.devices = [STICK]
    rig.poll(is_first=True)
    rig.platform.error = OSError(5, "Input/output error")
    assert rig.poll() == [(STICK.port, "idle")]
    assert rig.reported == ["cannot list the USB devices: Input/output error"]


def test_quiet_hours_follow_the_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are those of the place where the computer is now, without a restart."""
    hour = time.gmtime().tm_hour
    # An hour around now, where clocks are twelve hours ahead.
    quiet = QuietHours((hour + 11) % 24 * 60, (hour + 14) % 24 * 60)
    rig = Rig(quiet)
    ends = []
    with monkeypatch.context() as patch:
        for zone in ("UTC", "Far-12", "UTC"):
            patch.setenv("TZ", zone)
            observation = rig.observer.poll(rig.platform.time)
            assert observation
            ends.append(observation.quiet_until)
    before, there, after = ends
    assert (before, after) == (None, None)
    assert there is not None
    assert 3600 < there - rig.platform.time <= 3 * 3600


SHORTAGE = OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_a_use_that_cannot_be_found_out_is_unknown(rig: Rig) -> None:
    """It is not idle, whatever went wrong, and what it is comes out as soon as it can be seen again."""
    rig.platform.devices, rig.platform.users = [STICK], {STICK.port: "Uploader"}
    rig.poll(is_first=True)
    rig.platform.time += SECOND_POLL_SECONDS
    for error in (SHORTAGE, ImportError("libpython"), OSError("no number")):
        rig.platform.usage_error = error
        assert rig.poll() == [(STICK.port, "unknown")]
        assert rig.observer.deadline() == rig.platform.time + LOOK_EVERY
    rig.platform.usage_error = None
    assert rig.poll() == [(STICK.port, "in use")]
    assert rig.reported == [
        "cannot find out what uses the devices: Too many open files",
        "cannot find out what uses the devices: ImportError",
        "cannot find out what uses the devices: OSError",
        "can find out what uses the devices again",
    ]


def test_software_that_cannot_be_found_out_runs_on(rig: Rig) -> None:
    """It counts from its known start, so that it holds nothing back for longer than if it had been seen."""
    rig.platform.devices, rig.platform.users = [STICK], {STICK.port: "Uploader"}
    rig.poll(is_first=True)
    rig.platform.users, rig.platform.running_error = {}, SHORTAGE
    observation = rig.observer.poll(rig.platform.time)
    assert observation
    assert observation.running == Running("Uploader", 90.0)
    rig.platform.running_error = None
    observation = rig.observer.poll(rig.platform.time)
    assert observation
    assert observation.running is None


def test_a_plug_in_that_cannot_be_seen_is_looked_for(rig: Rig) -> None:
    """Its announcement comes only once, so with nothing plugged in it looks until it can see; it complains once."""
    rig.platform.error = SHORTAGE
    rig.observer.on_change()
    assert rig.rescan() is None
    for _ in range(3):
        rig.platform.time += LOOK_EVERY
        assert rig.poll() == []
        assert rig.observer.deadline() == rig.platform.time + LOOK_EVERY
    rig.platform.error, rig.platform.devices = None, [STICK]
    assert rig.poll() == [(STICK.port, "idle")]
    rig.platform.devices, rig.platform.time = [], rig.platform.time + LOOK_EVERY
    assert rig.poll() == []
    assert rig.observer.deadline() is None
    assert rig.reported == [
        "cannot list the USB devices: Too many open files",
        "can list the USB devices again",
    ]


def test_a_poll_says_whether_somebody_is_in_front(rig: Rig) -> None:
    """Or why not; nobody is asked without a device."""
    rig.platform.away = "locked"
    observation = rig.observer.poll(rig.platform.time)
    assert observation
    assert observation.away is None
    rig.platform.devices = [STICK]
    observation = rig.observer.poll(rig.platform.time)
    assert observation
    assert observation.away == "locked"
