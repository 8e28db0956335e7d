"""The rig keeps its own promises: what it plays, an ordinary program takes for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from jeepney import DBusAddress, MatchRule, MessageType, message_bus, new_method_call
from jeepney.io.blocking import Proxy

from tests import PROJECT, TESTS
from tests.rig import wait
from tests.rig.bus import NOTIFICATIONS, Bus
from tests.rig.child import Process
from tests.rig.desktops import Kind
from tests.rig.screen import converse
from tests.rig.server import Server
from tests.rig.session import Session
from tests.rig.tools import need, need_namespaces
from tests.rig.uevent import murmur
from tests.rig.usb import METER, STICK, Model, apart
from tests.rig.wait import GIVE_UP, wait_until

if TYPE_CHECKING:
    from tests.rig.desktop import Desktop
    from tests.rig.login import Login
    from tests.rig.programs import Programs
    from tests.rig.usb import Testbed

PROBE = [sys.executable, str(TESTS / "rig/probe.py")]
ADDRESS = DBusAddress("/org/freedesktop/Notifications", NOTIFICATIONS, NOTIFICATIONS)
HOSTILE = '<b>x</b>\x1b[31m"\n=cmd'


def notify_send(bus: Bus, *arguments: str) -> None:
    """Send a notification as scripts do."""
    need("notify-send")
    environment = {"PATH": os.environ["PATH"], **bus.environment}
    subprocess.run(["notify-send", *arguments], env=environment, check=True, timeout=GIVE_UP)


def seen(usb: Testbed, *question: str) -> Any:
    """Return what an ordinary program sees there."""
    environment = {"PATH": os.environ["PATH"], **usb.environment}
    return json.loads(
        subprocess.check_output([*PROBE, *question], env=environment, text=True, timeout=GIVE_UP)
    )


# --- the bus and the servers


def test_server_reports_a_notification(bus: Bus, server: Server) -> None:
    """What notify-send sends arrives with all its arguments and its time."""
    notify_send(bus, "--app-name=me", "--urgency=critical", "--icon=usb", "--expire-time=0", "Title", "Body")
    notification = server.notified()
    assert (notification.app_name, notification.summary, notification.body) == ("me", "Title", "Body")
    assert (notification.icon, notification.timeout, notification.hints["urgency"]) == ("usb", 0, 2)
    assert server.on_screen == [notification]


def test_server_replaces(bus: Bus, server: Server) -> None:
    """A known id is kept, an unknown one gets a new id."""
    notify_send(bus, "One")
    notify_send(bus, "--replace-id=1", "Two")
    notify_send(bus, "--replace-id=99", "Three")
    server.notified(3)
    assert [(shown.id, shown.summary) for shown in server.on_screen] == [(1, "Two"), (2, "Three")]


@pytest.mark.parametrize(
    ("model", "seen"), [("", (True, ["Yes"])), ("gnome-43", (True, [])), ("gnome-48", (False, ["Yes"]))]
)
def test_server_replaces_as_gnome_does(
    bus: Bus, server: Server, model: str, seen: tuple[bool, list[str]]
) -> None:
    """What is new is seen whole; what replaces it lacks its buttons in one version and is not drawn in another."""
    server.imitate(model)
    for replaces in (0, 1):
        arguments: tuple[Any, ...] = ("me", replaces, "", "Title", "", ["yes", "Yes"], {}, 0)
        bus.call(new_method_call(ADDRESS, "Notify", "susssasa{sv}i", arguments))
    new, replacing = server.notified(1), server.notified(2)
    assert (new.drawn, new.buttons) == (True, ["Yes"])
    assert (replacing.drawn, replacing.buttons) == seen


def test_server_hangs_and_catches_up(bus: Bus, server: Server) -> None:
    """While it hangs nothing is shown; when it catches up, what was asked for is, and is answered."""
    arguments: tuple[Any, ...] = ("me", 0, "", "Late", "", [], {}, 0)
    with bus.connect() as connection:
        server.behave("hang")
        connection.send(new_method_call(ADDRESS, "Notify", "susssasa{sv}i", arguments))
        wait_until(lambda: server.unanswered == ["Notify"], "the call without an answer")
        assert not server.notifications
        server.catch_up()
        while (
            answer := connection.receive(timeout=GIVE_UP)
        ).header.message_type is not MessageType.method_return:
            pass
        assert answer.body == (server.notified().id,)


@pytest.mark.parametrize(("member", "body"), [("Explode", ()), ("CloseNotification", ("one",))])
def test_server_refuses_what_it_does_not_know(bus: Bus, member: str, body: tuple[object, ...]) -> None:
    """A call that is not in the specification is refused, and the test is told."""
    server = Server(bus)
    server.start()
    bus.call(new_method_call(ADDRESS, member, "s" if body else None, body))
    wait_until(lambda: server.refused, "the refusal")
    assert member in server.refused[0]
    server.kill()


def test_server_refuses_broken_markup(bus: Bus) -> None:
    """A body that a real server could not parse is a refusal, not a notification."""
    server = Server(bus)
    server.start()
    environment = {"PATH": os.environ["PATH"], **bus.environment}
    subprocess.run(["notify-send", "Title", "1 < 2"], env=environment, check=False, stderr=subprocess.DEVNULL)
    assert not server.notifications
    assert "not well-formed" in server.refused[0]
    server.kill()


def test_bus_returns_at_its_address(bus: Bus) -> None:
    """After a crash the bus and its servers can be had again at the same address."""
    server = Server(bus)
    server.start()
    bus.kill()
    server.kill()
    bus.start()
    assert not bus.owner(NOTIFICATIONS)
    server.start()
    assert bus.owner(NOTIFICATIONS)
    server.kill()


def test_bus_tells_of_activations(bus: Bus) -> None:
    """Each message to a server that is not there makes the bus start it once, and the test sees that."""
    server = DBusAddress("/org/freedesktop/Notifications", NOTIFICATIONS, NOTIFICATIONS)
    for count in (1, 2):
        # The bus answers once the service has ended, in vain.
        assert "exited with status 1" in bus.call(new_method_call(server, "GetCapabilities"))[0]
        assert bus.activations() == [NOTIFICATIONS] * count


@pytest.mark.parametrize(
    ("passed", "stalls", "left"),
    [
        (4.0, (7.0, 7.0), 6.0),
        (4.0, (7.0, 11.0), 6.0),
        (10.0, (7.0, 7.0), 0.0),
        (15.0, (7.0, 11.0), 0.0),
        (15.0, (7.0, 20.0), 8.0),
        (95.0, (7.0, 99.0), 5.0),
        (100.0, (7.0, 99.0), 0.0),
        (15.0, (None, None), 85.0),
        (100.0, (None, None), 0.0),
    ],
)
def test_a_busy_machine_has_more_time(
    monkeypatch: pytest.MonkeyPatch, passed: float, stalls: tuple[float | None, float | None], left: float
) -> None:
    """Of ten seconds those do not count in which something had to wait, and a hundred are enough for anything."""
    monkeypatch.setattr(wait, "stalled", lambda: stalls[0])
    deadline = wait.Deadline(10)
    monkeypatch.setattr(wait, "stalled", lambda: stalls[1])
    for second in (*range(int(passed)), passed):
        monkeypatch.setattr(time, "monotonic", partial(float, deadline.began + second))
        seen = deadline.left()
    assert seen == pytest.approx(left, abs=1e-6)


def test_a_machine_that_stands_still_has_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits was itself kept from looking, and so may have been what it waits for."""
    deadline = wait.Deadline(10)
    monkeypatch.setattr(wait, "stalled", lambda: deadline._stalled)
    for passed, left in ((3600.0, 8.0), (3601.0, 7.0), (7200.0, 5.0)):
        monkeypatch.setattr(time, "monotonic", partial(float, deadline.began + passed))
        assert deadline.left() == pytest.approx(left)


def test_the_kernel_says_who_had_to_wait() -> None:
    """In seconds since the machine was started, and for two resources; not every kernel does."""
    seconds = wait.stalled()
    assert (seconds is not None) == Path("/proc/pressure/cpu").exists()
    assert 0 <= (seconds or 0) <= 2 * time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", 7))


def test_login_says_that_the_machine_woke(system_bus: Bus, login: Login) -> None:
    """Sleep and wake arrive as signals on the system bus."""
    with system_bus.connect() as connection:
        rule = MatchRule(type="signal", member="PrepareForSleep")
        Proxy(message_bus, connection).AddMatch(rule)
        with connection.filter(rule, bufsize=2) as signals:
            login.sleep()
            login.wake()
            bodies = [connection.recv_until_filtered(signals, timeout=GIVE_UP).body for _ in range(2)]
    assert bodies == [(True,), (False,)]


def test_desktop_shows_a_notification(bus: Bus, desktop: Desktop) -> None:
    """What is sent is drawn on the screen, survives no crash, and can be shown again after it."""
    empty = desktop.screenshot("rig-empty").read_bytes()
    notify_send(bus, "Title", "<i>Body</i>")
    desktop.shows()
    # Its window is there before it is painted.
    wait_until(lambda: desktop.screenshot("rig-notification").read_bytes() != empty, "it to be drawn")
    desktop.kill()
    desktop.start()
    assert desktop.displayed() == 0
    notify_send(bus, "Again")
    desktop.shows()


def test_what_a_session_started_ends_with_it(open_folder: Path) -> None:
    """Also what has left the programs of the desktop, as KDE's services do: it would still write files."""
    leave = ("sh", "-c", "setsid sleep 600 & echo $! > $XDG_RUNTIME_DIR/left")
    with closing(Session(Kind("left", "dunst", (("dunst",), leave)), open_folder)) as session:
        session.start()
        left = open_folder / "run/left"
        wait_until(lambda: left.exists() and left.read_text(), "the program to be left")
        program = Path("/proc", left.read_text().strip(), "exe")
        assert program.exists()
    assert not program.exists()


# --- the machine


def test_a_letter_that_comes_in_two_parts_is_read() -> None:
    """From a terminal, however the system cuts what a program shows."""
    script = r"stty -echo; printf 'caf\303'; read -r _; printf '\251?'"
    shown = converse(["sh", "-c", script], [("caf", "")], {"PATH": os.environ["PATH"]})
    assert shown == (0, "caf\N{LATIN SMALL LETTER E WITH ACUTE}?")


RESERVE: Final = """
import errno, fcntl, pathlib, socket, struct
from tests.rig.listening import HOST, reserve_ports
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
with socket.socket() as any:
    fcntl.ioctl(any, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("40000 40003")
(port,) = reserve_ports(1)
others, found = [socket.socket() for _ in range(4)], set()
for other in others:
    try:
        other.bind((HOST, 0))
    except OSError as error:
        assert error.errno == errno.EADDRINUSE
    else:
        found.add(other.getsockname()[1])
assert len(found) == 3 and port not in found
others[0].close()
with socket.create_server((HOST, port)) as server, socket.create_connection(server.getsockname()):
    pass
"""


def test_a_reserved_port_is_given_to_nobody_else() -> None:
    """Whoever asks for any port, and however few there are; who is told of it listens there, and is started again."""
    need_namespaces("unshare", "--net")
    subprocess.run(["unshare", "--net", sys.executable, "-c", RESERVE], cwd=PROJECT, check=True)


def test_devices_are_seen(usb: Testbed) -> None:
    """Hubs and devices are listed with what they say of themselves, hostile strings as they are; unplugged they go."""
    stick = usb.plug(STICK)
    usb.plug(Model(0x1234, 0x5678, name=HOSTILE, serial="SECRET"), "1-1.3")
    listed = seen(usb, "devices")
    assert set(listed) == {"usb1", "1-1", "1-1.2", "1-1.3"}
    assert listed["1-1.2"] == ["0a21", "8001", "", ""]
    assert listed["1-1.3"] == ["1234", "5678", HOSTILE, "SECRET"]
    stick.unplug()
    assert set(seen(usb, "devices")) == {"usb1", "1-1", "1-1.3"}
    assert {file.name for file in (usb.root / "dev").iterdir()} == {"bus", ".node"}


@pytest.mark.parametrize("framing", ["udev", "kernel"])
def test_announcements_are_heard(usb: Testbed, framing: str) -> None:
    """A netlink socket hears of a plug-in and an unplug what the kernel says, in its order."""
    listener = Process([*PROBE, "listen"], {"PATH": os.environ["PATH"], **usb.environment})
    assert json.loads(listener.hear()) == "listening"
    usb.speaker.framing = framing
    usb.plug(METER).unplug()
    usb.chatter(1)
    heard = [json.loads(listener.hear()) for _ in range(15)]
    listener.close()
    assert {how for how, *_ in heard} == {framing}
    assert [" ".join(what[:3]) for _, *what in heard] == [
        "add usb 1-1.2",
        "add usb 1-1.2:1.0",
        "add hid 0003:1A79:6210.0001",
        "add hidraw hidraw0",
        "bind hid 0003:1A79:6210.0001",
        "bind usb 1-1.2:1.0",
        "bind usb 1-1.2",
        "remove hidraw hidraw0",
        "unbind hid 0003:1A79:6210.0001",
        "remove hid 0003:1A79:6210.0001",
        "unbind usb 1-1.2:1.0",
        "remove usb 1-1.2:1.0",
        "unbind usb 1-1.2",
        "remove usb 1-1.2",
        "change usb usb1",
    ]
    assert heard[0][4] == "1a79/6210/100"


def test_two_listeners_apart(usb: Testbed) -> None:
    """A second program does not take the first one's announcements away if it is started apart."""
    environment = {"PATH": os.environ["PATH"], **usb.environment}
    listeners = [Process(command, environment) for command in ([*PROBE, "listen"], apart([*PROBE, "listen"]))]
    for listener in listeners:
        listener.hear()
    usb.chatter(1)
    for listener in listeners:
        assert json.loads(listener.hear())[1] == "change"
        listener.close()


def test_a_slow_listener_misses_nothing(usb: Testbed) -> None:
    """More announcements than umockdev's sockets hold wait for who hears them."""
    listener = Process([*PROBE, "listen"], {"PATH": os.environ["PATH"], **usb.environment})
    listener.hear()
    for _ in range(5):
        usb.plug(METER).unplug()
    usb.chatter(1)
    heard = [json.loads(listener.hear()) for _ in range(5 * 14 + 1)]
    listener.close()
    assert heard[-1][1] == "change"


def test_hashes_are_udevs() -> None:
    """The filters of libudev's listeners know a subsystem and a type by these (values from umockdev's own sender)."""
    assert murmur(b"usb") == 0x0577C5E5
    assert murmur(b"usb_interface") == 0xB1024765


def test_lingering_device_is_still_seen(usb: Testbed) -> None:
    """After a lingering unplug the device is announced as gone and still listed, until it vanishes."""
    stick = usb.plug(STICK)
    stick.unplug(lingering=True)
    assert "1-1.2" in seen(usb, "devices")
    stick.vanish()
    assert "1-1.2" not in seen(usb, "devices")


def test_replug_gives_a_new_address(usb: Testbed) -> None:
    """The same port, another address, as on a real bus."""
    stick = usb.plug(STICK)
    stick.unplug()
    again = usb.replug(stick)
    assert (again.port, again.address) == (stick.port, stick.address + 1)


@pytest.mark.parametrize(("model", "last"), [(METER, "/dev/hidraw0"), (STICK, "/dev/ttyUSB0")])
def test_holders_are_found(usb: Testbed, programs: Programs, model: Model, last: str) -> None:
    """Another program finds who holds each node, by the node's inode, and that nobody does once it is closed."""
    device = usb.plug(model)
    assert device.nodes[-1] == last
    for node in device.nodes:
        program = programs.start("photo-tool")
        program.open(node)
        program.write()
        assert seen(usb, "holders", str(program.pid), *device.nodes) == [node]
        program.close()
        assert seen(usb, "holders", str(program.pid), *device.nodes) == []
        program.end()


def test_programs_have_their_names(programs: Programs) -> None:
    """The process list shows the names and arguments that a test gave, and children below their parent."""
    uploader = programs.uploader("TOKEN")
    helper = uploader.start("helper-linux")
    process = Path(f"/proc/{uploader.pid}")
    assert process.joinpath("comm").read_text() == "java\n"
    assert process.joinpath("cmdline").read_bytes().split(b"\0")[1:-1] == [
        b"-jar",
        b"/opt/CareLink/uploader.jar",
        b"TOKEN",
    ]
    assert Path(f"/proc/{helper.pid}/stat").read_text().split()[3] == str(uploader.pid)
    hostile = programs.start("x")
    hostile.call_itself("<b>x</b>\x1b[31m")
    assert Path(f"/proc/{hostile.pid}/comm").read_text() == "<b>x</b>\x1b[31m\n"
    helper.end()
    uploader.end()


def test_transfers_and_claims(usb: Testbed) -> None:
    """The kernel's count of transfers and an interface's driver change as a test says."""
    meter = usb.plug(METER)
    before = int((meter.sysfs / "urbnum").read_text())
    meter.transfer(3)
    assert int((meter.sysfs / "urbnum").read_text()) == before + 3
    driver = meter.sysfs / "1-1.2:1.0/driver"
    assert driver.resolve().name == "usbhid"
    meter.claim()
    assert driver.resolve().name == "usbfs"
