"""The kernel's announcements that a device's node is opened or closed, on real files and device nodes."""

from __future__ import annotations

import json
import os
import stat
import sys
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig import usb as rig_usb
from tests.rig.shortage import no_descriptors
from tests.rig.tools import need_namespaces
from tests.rig.turning import Clock, turn_once, turn_until
from tests.rig.usb import METER, STICK, Model
from tests.rig.wait import never, wait_until
from unplugd.eventloop.loop import turn
from unplugd.platforms.linux import holders
from unplugd.platforms.linux.holders import OpenNodes
from unplugd.platforms.linux.opens import SECOND_LOOK_SECONDS, Opens
from unplugd.platforms.linux.pace import BURST, REFILL_SECONDS
from unplugd.platforms.linux.sysfs import Tree
from unplugd.platforms.linux.usage import TRUSTED_SECONDS, UsageTracker
from unplugd.rules import devices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.rig.daemon import Daemon
    from tests.rig.programs import Programs
    from tests.rig.server import Server
    from tests.rig.usb import Device, Testbed


DEVICE = devices.Device("1-1.2", 0x0A21, 0x8001, address=5)


class Rig:
    """The announcements, and looks that only watch; with a clock that stands still."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.opens = Opens(self.clock, self.on_use)
        self.node = folder / "node"
        self.node.touch()
        self.looks = 0
        self.look_due = False

    def on_use(self) -> None:
        self.look_due = True

    def look(self, *nodes: Path) -> bool:
        """Look, and return whether a node was opened or closed since the last time."""
        self.looks += 1
        self.look_due = False
        return self.opens.watch([str(node) for node in nodes or (self.node,)])

    def announced(self) -> None:
        """Wait for an announcement that makes a look due, and look."""
        turn_until(self.clock, lambda: self.look_due, "a look to be due", self.opens)
        assert self.look()

    def settle(self) -> None:
        """Take the second look, and find that nothing else is due."""
        self.clock.now += SECOND_LOOK_SECONDS
        turn_once(self.clock, self.opens)
        assert self.look_due
        assert not self.look()
        assert self.opens.deadline() is None


@contextmanager
def holding(node: Path, flags: int = os.O_RDWR) -> Iterator[None]:
    """Hold a node open."""
    descriptor = os.open(node, flags | os.O_CLOEXEC)
    try:
        yield
    finally:
        os.close(descriptor)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    assert rig.look()
    assert not rig.look()
    yield rig
    rig.opens.close()


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY, os.O_RDWR])
def test_an_opening_and_a_closing_bring_a_look_each(rig: Rig, flags: int) -> None:
    """At once, and a second one shortly after, whatever the node is opened for."""
    with holding(rig.node, flags):
        rig.announced()
        rig.settle()
        rig.clock.now += 10
    rig.announced()
    rig.settle()


def test_a_device_node_is_announced(rig: Rig, tmp_path: Path) -> None:
    """A character device, under each of its names."""
    node = tmp_path / "zero"
    try:
        os.mknod(node, stat.S_IFCHR | 0o600, os.makedev(1, 5))
        with holding(node):
            pass
    except PermissionError:
        pytest.skip("needs root to make a device node")
    rig.look(node)
    assert rig.opens.unwatched == {}
    with holding(node):
        rig.announced()


def test_what_happens_between_two_looks_is_seen_by_the_second(rig: Rig) -> None:
    """No announcement is lost because a look came first."""
    with holding(rig.node):
        assert rig.look()
        assert not rig.look()
        assert not rig.look_due
        rig.settle()


def test_looking_at_a_node_announces_nothing(rig: Rig) -> None:
    """What unplugd itself does to find out who holds a node is no opening."""
    assert holders.find_holders([str(rig.node)]).pids == {}
    os.stat(rig.node)  # noqa: PTH116 - like the daemon
    turn_once(rig.clock, rig.opens)
    assert not rig.look_due


def test_a_node_that_comes_later_is_watched(rig: Rig, tmp_path: Path) -> None:
    """A driver makes it after the plug-in; until then it is told which one is missing, and why."""
    later = tmp_path / "later"
    rig.look(rig.node, later)
    assert rig.opens.unwatched == {str(later): "No such file or directory"}
    later.touch()
    rig.look(rig.node, later)
    assert rig.opens.unwatched == {}
    with holding(later):
        rig.announced()


def test_another_node_of_the_same_name_is_watched(rig: Rig) -> None:
    """A driver may make it anew, even while a program still holds the old one."""
    with holding(rig.node):
        rig.announced()
        rig.node.unlink()
        rig.node.touch()
        rig.look()
        rig.settle()
    # The end of the old node concerns nobody.
    turn_once(rig.clock, rig.opens)
    assert not rig.look_due
    rig.clock.now += 10
    with holding(rig.node):
        rig.announced()


def test_a_node_of_a_device_that_is_gone_is_not_watched(rig: Rig, tmp_path: Path) -> None:
    """Who opens it wakes nobody up; and with no device there is nothing to wake up for."""
    other = tmp_path / "other"
    other.touch()
    rig.look(other)
    with holding(rig.node):
        turn_once(rig.clock, rig.opens)
    assert not rig.look_due
    rig.opens.watch(())
    assert (rig.opens.fileno(), rig.opens.deadline(), rig.opens.unwatched) == (-1, None, {})


def test_without_a_free_descriptor_nothing_is_watched(tmp_path: Path) -> None:
    """The nodes are named with the reason, and the next look tries again."""
    rig = Rig(tmp_path)
    # Loads what it needs, which takes descriptors.
    rig.look()
    rig.opens.close()
    with no_descriptors():
        rig.look()
    assert rig.opens.unwatched == {str(rig.node): "too many inotify instances, or too many open files"}
    assert rig.opens.fileno() == -1
    rig.look()
    assert rig.opens.unwatched == {}
    rig.opens.close()


def test_without_ctypes_nothing_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that was built without it is enough."""
    monkeypatch.setitem(sys.modules, "ctypes", None)
    rig = Rig(tmp_path)
    assert not rig.look()
    assert rig.opens.unwatched == {str(rig.node): "this Python cannot load ctypes"}
    assert rig.opens.fileno() == -1


def test_a_storm_of_openings_is_bounded(tmp_path: Path) -> None:
    """Looks keep their pace on a real clock, however fast a node is opened, and one follows the last opening."""
    rig = Rig(tmp_path)
    rig.opens = Opens(monotonic, rig.on_use)
    rig.look()
    start = monotonic()
    turns = 0

    def turn_and_look(until: float) -> None:
        nonlocal turns
        turns += 1
        turn([rig.opens], monotonic, until)
        if rig.look_due:
            rig.look()

    for _ in range(200):
        with holding(rig.node):
            turn_and_look(monotonic() + 0.0025)
    with holding(rig.node):
        looks = rig.looks
        while rig.opens.deadline() is not None or rig.looks == looks:
            turn_and_look(monotonic() + 1)
    assert rig.looks <= 2 + BURST + (monotonic() - start) / REFILL_SECONDS
    rig.opens.close()


def test_while_a_look_waits_nothing_wakes_it_up(rig: Rig) -> None:
    """Once the pace is used up, more openings cost nothing until the look is due."""
    while not rig.opens.deadline() or rig.opens.deadline() == rig.clock.now + SECOND_LOOK_SECONDS:
        with holding(rig.node):
            turn_once(rig.clock, rig.opens)
        if rig.look_due:
            rig.look()
    with holding(rig.node):
        turn_once(rig.clock, rig.opens)
    assert rig.opens.fileno() == -1
    due = rig.opens.deadline()
    assert due is not None
    assert rig.clock.now < due <= rig.clock.now + REFILL_SECONDS
    rig.clock.now = due
    turn_once(rig.clock, rig.opens)
    assert rig.look_due
    assert rig.look()


def test_as_long_as_nothing_is_opened_nobody_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where every opening is announced, a device that nobody holds costs one search of all processes in ten minutes."""
    searches: list[float] = []
    node, at = tmp_path / "node", 1000.0
    node.touch()

    def find_holders(*_: object, **_more: object) -> OpenNodes:
        searches.append(at)
        return OpenNodes({}, blind=False)

    monkeypatch.setattr(holders, "find_holders", find_holders)
    monkeypatch.setattr(Tree, "find_nodes", lambda *_: [str(node)])
    opens = Opens(monotonic, lambda: None)
    usage = UsageTracker(tmp_path, opens)

    def look(seconds: float) -> bool:
        """Look so many seconds later, and return whether that searched all processes."""
        nonlocal at
        at += seconds
        before = len(searches)
        usage.find_usage([DEVICE], [], None, at)
        return len(searches) > before

    assert look(0)
    assert [look(TRUSTED_SECONDS / 10) for _ in range(11)] == [False] * 9 + [True, False]
    with holding(node):
        assert look(1)
        assert not look(1)
    assert look(1)
    assert not look(1)
    node.unlink()
    assert look(1)
    assert look(1)
    node.touch()
    assert look(1)
    assert not look(1)
    opens.close()


# --- the whole program

RARELY = 'look_every = "10m"'
OFTEN = 'look_every = "100ms"'
BARE = Model(0x0A21, 0x8002)
"""A device that no driver has taken yet."""


def start(daemon: Daemon, watch: str = RARELY, **remind: str) -> None:
    """Start it, by default with ten minutes between two looks: what it sees meanwhile was announced."""
    # The last, since upload software that runs on this machine would hold the reminder back.
    settings = {"after_plug_in": "1h", "after_use": "1h", "running_counts_for": "0s", **remind}
    lines = [f'{key} = "{value}"' for key, value in settings.items()]
    daemon.write_config("\n".join(["[remind]", *lines, "[watch]", watch, ""]))
    daemon.start()


def watched(daemon: Daemon, device: Device) -> Device:
    """Return the device once all its nodes are watched, and the look that began with that is over."""
    nodes = len(device.nodes)
    wait_until(lambda: daemon.watched_nodes() == nodes, "the nodes to be watched")
    assert daemon.status()["unwatched_nodes"] == {}
    return device


@pytest.mark.parametrize(("model", "which"), [(METER, 0), (METER, -1), (STICK, 0), (STICK, -1)])
def test_a_short_use_is_seen(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs, model: Model, which: int
) -> None:
    """Its begin, its end, and the reminder after it, through any node and long before the next regular look."""
    start(daemon, after_use="300ms")
    node = watched(daemon, usb.plug(model)).nodes[which]
    uploader = programs.uploader()
    uploader.open(node)
    began = daemon.wait_for("use_began")
    assert (began["program"], began["evidence"]) == ("CareLink Uploader", f"holds {node}")
    uploader.close()
    daemon.wait_for("use_ended")
    uploader.end()
    server.notified()
    assert not daemon.events("stranger")


def test_a_reminder_goes_away_when_the_device_is_opened(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs
) -> None:
    """An upload is not disturbed until the next regular look."""
    start(daemon, after_plug_in="0s")
    node = watched(daemon, usb.plug(METER)).nodes[-1]
    daemon.wait_for("reminded")
    programs.uploader().open(node)
    server.cleared()
    assert daemon.wait_for("reminder_ended")["outcome"] == "in_use"


def test_a_replugged_device_is_watched(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs
) -> None:
    """It has other nodes than before; nothing is watched in between."""
    start(daemon)
    meter = watched(daemon, usb.plug(METER))
    meter.unplug()
    wait_until(lambda: not daemon.watched_nodes(), "no node to be watched")
    again = watched(daemon, usb.replug(meter))
    assert again.nodes[0] != meter.nodes[0]
    programs.uploader().open(again.nodes[0])
    daemon.wait_for("use_began")
    assert not server.notifications


def test_a_node_that_a_driver_makes_later_is_watched(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs
) -> None:
    """The kernel announces it, though not as a USB device."""
    start(daemon)
    device = watched(daemon, usb.plug(BARE))
    interface = f"/{device.sysfs.relative_to(usb.root / 'sys')}/{device.port}:1.0"
    node = rig_usb.node(f"{interface}/0003:0A21:8002.0001/hidraw/hidraw7", "hidraw", (245, 7))
    usb.lay(node)
    usb.say("add", node)
    wait_until(lambda: daemon.watched_nodes() == 2, "the new node to be watched")
    programs.uploader().open("/dev/hidraw7")
    daemon.wait_for("use_began")
    assert not server.notifications


def test_hundreds_of_openings_hide_nothing(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs
) -> None:
    """Who holds the device after them is seen, and so is that it lets go."""
    start(daemon)
    node = watched(daemon, usb.plug(METER)).nodes[-1]
    uploader = programs.uploader()
    for _ in range(200):
        uploader.open(node)
        uploader.close()
    uploader.open(node)
    wait_until(lambda: daemon.status()["devices"][0]["use"] == "in use", "the use to be seen")
    uploader.close()
    wait_until(lambda: daemon.status()["devices"][0]["use"] == "idle", "its end to be seen")
    assert not server.notifications


@pytest.mark.parametrize("name", ["fwupd", "lister"])
def test_who_opens_the_device_for_a_moment_is_nobody(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs, name: str
) -> None:
    """Neither a system service nor a program that lists devices is a use, and nobody is warned of it."""
    start(daemon)
    nodes = watched(daemon, usb.plug(METER)).nodes
    program = programs.start(name)
    for node in nodes:
        program.open(node)
        program.close()
    told = ("use_began", "stranger")
    never(lambda: [event for event in told if daemon.events(event)], "somebody", 1)
    assert not server.notifications


def test_unplugd_opens_no_node(daemon: Daemon, server: Server, usb: Testbed, tmp_path: Path) -> None:
    """Neither its looks nor its commands; the kernel itself says so."""
    start(daemon, OFTEN)
    meter = watched(daemon, usb.plug(METER))
    rig = Rig(tmp_path)
    nodes = [usb.root / node.removeprefix("/") for node in meter.nodes]
    rig.look(*nodes)
    assert rig.opens.unwatched == {}
    for command in ("status", "devices", "doctor"):
        assert meter.model.name
        assert meter.model.name in daemon.command(command).stdout
    switches = daemon.switches()
    wait_until(lambda: daemon.switches() > switches + 10, "some looks")
    assert not rig.look(*nodes)
    rig.opens.close()
    assert not server.notifications


def rows(daemon: Daemon) -> dict[str, Any]:
    """Return what `doctor` says of each layer."""
    return {row["layer"]: row for row in json.loads(daemon.command("doctor", "--json").stdout)}


def test_a_node_that_may_not_be_watched_is_named(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs
) -> None:
    """`status --json` and `doctor` say which and why; uses are seen by regular looks until the node may be read."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to open a node that the daemon may not read")
    daemon.wrapper = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
    start(daemon, OFTEN)
    meter = usb.plug(METER)
    path, node = usb.root / meter.nodes[-1].removeprefix("/"), meter.nodes[-1]
    path.chmod(0)
    unwatched = {node: "Permission denied"}
    wait_until(lambda: daemon.status()["unwatched_nodes"] == unwatched, "the node to be named")
    found = rows(daemon)["open events"]
    assert found["ok"] is None
    assert f"{node} (Permission denied)" in found["what"]
    assert found["hint"]
    uploader = programs.uploader()
    uploader.open(node)
    daemon.wait_for("use_began")
    uploader.close()
    daemon.wait_for("use_ended")
    path.chmod(0o600)
    watched(daemon, meter)
    assert rows(daemon)["open events"]["ok"] is True
    assert not server.notifications


def test_without_inotify_it_looks_as_often_as_configured(
    daemon: Daemon, server: Server, usb: Testbed
) -> None:
    """Where the limit is 0, as in some containers, nothing else changes."""
    limit = 'echo 0 >/proc/sys/user/max_inotify_instances && exec "$@"'
    daemon.wrapper = ("unshare", "--user", "--map-root-user", "sh", "-c", limit, "sh")
    need_namespaces(*daemon.wrapper)
    start(daemon, OFTEN, running_counts_for="20m")
    meter = usb.plug(METER)
    daemon.wait_for("plugged_in")
    why = "too many inotify instances, or too many open files"
    unwatched = dict.fromkeys(meter.nodes, why)
    wait_until(lambda: daemon.status()["unwatched_nodes"] == unwatched, "the nodes to be named")
    assert why in rows(daemon)["open events"]["what"]
    meter.claim()
    assert "usbfs" in daemon.wait_for("use_began")["evidence"]
    assert not server.notifications
