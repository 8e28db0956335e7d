"""What a device says of itself, and what other programs of the session send, does no harm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jeepney import HeaderFields, message_bus, new_signal
from jeepney.io.blocking import Proxy

from tests.rig.notification_server import EMITTER
from tests.rig.usb import METER, STICK, Model
from tests.rig.wait import GIVE_UP, wait_until

if TYPE_CHECKING:
    from tests.rig.bus import Bus
    from tests.rig.daemon import Daemon
    from tests.rig.desktop import Desktop
    from tests.rig.server import Server
    from tests.rig.usb import Testbed

STRINGS = {
    "markup": "<b>bold</b> & <a href='x'>link</a> <img src='/etc/passwd'/> &amp;",
    "broken markup": "</body><i>",
    "escapes": "red \x1b[31m\x1b]0;title\x07 bell \x9b31m",
    "newlines": 'one\ntwo\r\nname = "three"\n[remind]\n',
    "direction": "abc\u202egpj.exe\u2066",
    "long": "A" * 10_000,
    "formula": "=HYPERLINK(0)",
    "quotes": "\"'; $(reboot) `reboot` \\",
    "not text": "\udcff\udcfe",
}


def hostile(text: str) -> Model:
    """Return a device that says so of itself."""
    return Model(0x0A21, 0x9999, name=text, manufacturer=text, serial=text)


def harmless(*shown: str) -> None:
    """Fail where a terminal would do more than show a text of bearable length."""
    for text in shown:
        assert not [
            c for c in text if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or c in "\u202e\u2066"
        ]
        assert max(map(len, text.splitlines()), default=0) < 1000


@pytest.mark.parametrize("text", STRINGS.values(), ids=STRINGS)
def test_watched_device(daemon: Daemon, server: Server, usb: Testbed, text: str) -> None:
    """A watched device with such strings is reminded of like any other."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    device = usb.plug(hostile(text))
    # The server has refused, and so failed this test, whatever was not well-formed.
    notification = server.notified()
    daemon.wait_for("reminded")
    listed = daemon.command("devices")
    assert device.id in listed.stdout
    entries = json.loads(daemon.command("devices", "--json").stdout)
    assert entries
    log = daemon.command("log")
    assert (listed.code, log.code) == (0, 0)
    harmless(notification.text, daemon.journal.read_text(), daemon.stderr, listed.stdout, log.stdout)
    harmless(daemon.command("status").stdout, daemon.command("doctor").stdout)


@pytest.mark.parametrize("text", STRINGS.values(), ids=STRINGS)
def test_learned_device(daemon: Daemon, server: Server, usb: Testbed, text: str) -> None:
    """A device that is learned with such a name is written as one setting, read back, and reminded of."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    usb.plug(Model(0x1234, 0x5678, name=text))
    learned = daemon.command("devices", "learn", "1234:5678")
    assert learned.code == 0, learned.stderr
    assert daemon.command("config", "check").code == 0
    daemon.reload()
    notification = server.notified()
    event = daemon.wait_for("plugged_in")
    assert event["id"] == "1234:5678"
    assert 0 < len(event["name"]) <= 100
    harmless(notification.text, daemon.journal.read_text(), daemon.stderr, learned.stdout, learned.stderr)


def test_dunst_shows_them_as_text(daemon: Daemon, desktop: Desktop, usb: Testbed) -> None:
    """A real server shows them as they are; see tests/artifacts/hostile.png."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    usb.plug(Model(0x1234, 0x5678, name=STRINGS["markup"] + STRINGS["escapes"]))
    daemon.command("devices", "learn", "1234:5678")
    daemon.reload()
    desktop.shows()
    desktop.screenshot("hostile")
    daemon.wait_for("reminded")
    wait_until(daemon.running, "the program to go on")


def peak(daemon: Daemon) -> int:
    """Return the most memory that it has had until now, in kB."""
    status = Path(f"/proc/{daemon.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def test_large_signals_cost_no_memory(daemon: Daemon, bus: Bus, server: Server, usb: Testbed) -> None:
    """Another program of the session sends twenty megabytes at a time, to everybody and to unplugd alone."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    usb.plug(STICK)
    daemon.wait_for("reminded")
    # What is loaded with the first device stays loaded.
    wait_until(daemon.watched_nodes, "the stick's nodes to be watched")
    before = peak(daemon)
    with bus.connect() as other:
        proxy = Proxy(message_bus, other, timeout=GIVE_UP)
        names = [name for name in proxy.ListNames()[0] if name.startswith(":")]
        ours = [name for name in names if proxy.GetConnectionUnixProcessID(name)[0] == daemon.pid]
        for name in ("", *ours):
            signal = new_signal(EMITTER, "NotificationClosed", "s", ("x" * 20_000_000,))
            if name:
                signal.header.fields[HeaderFields.destination] = name
            other.send(signal)
        proxy.GetId()
    # What is sent after them has been read once it shows.
    usb.plug(METER, "1-1.4")
    wait_until(lambda: any("Contour" in shown.text for shown in server.on_screen), "both devices")
    assert peak(daemon) - before < 4_000
