"""What other programs of the session say: requests on the control socket, messages on the session bus."""

from __future__ import annotations

import contextlib
import json
import socket
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from jeepney import DBusAddress, new_signal
from jeepney.low_level import HeaderFields, MessageType

from tests.fuzz.target import SEPARATOR, folder_for
from tests.rig.scripted import Machine
from tests.rig.turning import Clock
from unplugd.config.settings import Settings
from unplugd.eventloop.loop import turn
from unplugd.notify.message import Message
from unplugd.paths import Paths
from unplugd.platforms.linux import bus
from unplugd.platforms.linux.freedesktop import Desktop
from unplugd.rules.devices import Device
from unplugd.watch.control import Control
from unplugd.watch.daemon import Daemon

if TYPE_CHECKING:
    from jeepney.low_level import Message as BusMessage

# --- the control socket

REQUESTS: Final = (
    {"command": "status"},
    {"command": "snooze"},
    {"command": "snooze", "seconds": 900},
    {"command": "snooze", "cancel": True},
    {"command": "greet"},
    {"command": "check_channels"},
    {"command": "test"},
    {"command": "reload"},
)


def find_request_seeds() -> list[bytes]:
    """Return each request, and all of them one after the other."""
    lines = [json.dumps(request).encode() + b"\n" for request in REQUESTS]
    return [*lines, SEPARATOR.join(lines), b"\n", b'{"command": "snooze", "seconds": 1e308}\n']


def take_requests(raw: bytes) -> None:
    """Send them to the real daemon: each gets one object in one line, and the next status is right."""
    folder = folder_for("requests")
    paths = Paths(folder / "config", folder / "state", folder / "run")
    machine = Machine([], 1.8e9)
    machine.plugged["1-1.2"] = Device("1-1.2", 0x0A21, 0x8001, 1, 7, 255, "CareLink USB")
    daemon = Daemon(machine, paths, Settings, lambda _line: None)
    try:
        daemon._poll(machine.clock, is_first=True)
        (control,) = (source for source in daemon._sources if isinstance(source, Control))
        for request in raw.split(SEPARATOR)[:8]:
            machine.clock += 100
            answer = _ask(control, paths, request)
            assert isinstance(answer, dict) or not request
        status = _ask(control, paths, b'{"command": "status"}\n')
        assert status
        assert [device["device"] for device in status["devices"]] == ["1-1.2"]
        (period,) = daemon._reminders.state.present()
        assert period.snoozed_until is None or period.snoozed_until <= machine.clock + 3600
    finally:
        daemon.close()
        # The daemon leaves that to the end of its process.
        daemon._recorder._file.close()


def _ask(control: Control, paths: Paths, request: bytes) -> dict[str, Any] | None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(paths.control))
        client.sendall(request[:50_000])
        client.shutdown(socket.SHUT_WR)
        client.setblocking(False)
        answer = b""
        while True:
            turn([control], lambda: 0.0, 0.0)
            try:
                more = client.recv(65536)
            except BlockingIOError:
                continue
            except ConnectionResetError:
                # It has not read all of what was too long.
                break
            if not more:
                break
            answer += more
    assert answer.count(b"\n") == bool(answer)
    return json.loads(answer) if answer else None


# --- the session bus

SERVER: Final = DBusAddress("/org/freedesktop/Notifications", ":1.42", "org.freedesktop.Notifications")
REMINDER: Final = Message("Unplug it", ("Now.",), (("snooze", "Snooze 15 min"),))


def _make_signal(member: str, signature: str, body: tuple[Any, ...], sender: str = ":1.42") -> BusMessage:
    message = new_signal(SERVER, member, signature, body)
    message.header.fields[HeaderFields.sender] = sender
    return message


def _make_answer(serial: int, signature: str, body: tuple[Any, ...], *, error: str = "") -> BusMessage:
    message = _make_signal("answer", signature, body)
    message.header.message_type = MessageType.error if error else MessageType.method_return
    message.header.fields[HeaderFields.reply_serial] = serial
    if error:
        message.header.fields[HeaderFields.error_name] = error
    return message


@cache
def find_bus_seeds() -> list[bytes]:
    """Return what a bus and a notification server say, from the answer to Hello on."""
    hello = _make_answer(1, "s", (":1.7",))
    owner = _make_answer(4, "s", (":1.42",))
    nobody = _make_answer(4, "s", ("no",), error="org.freedesktop.DBus.Error.NameHasNoOwner")
    capabilities = _make_answer(5, "as", (["actions", "body", "body-markup"],))
    shown = _make_answer(6, "u", (7,))
    refused = _make_answer(6, "s", ("\x1b[2J",), error="org.freedesktop.DBus.Error.LimitsExceeded")
    pressed = _make_signal("ActionInvoked", "us", (7, "snooze"))
    closed = _make_signal("NotificationClosed", "uu", (7, 2))
    new_owner = ("org.freedesktop.Notifications", ":1.42", ":1.43")
    changed = _make_signal("NameOwnerChanged", "sss", new_owner, "org.freedesktop.DBus")
    stories = (
        (hello, owner, capabilities, shown, pressed, closed),
        (hello, owner, capabilities, shown, closed, changed),
        (hello, owner, capabilities, refused),
        (hello, nobody, _make_answer(5, "v", (("as", ["DISPLAY=:0"]),)), _make_answer(6, "u", (1,))),
    )
    return [
        SEPARATOR.join(message.serialise(serial=number) for number, message in enumerate(story, 1))
        for story in stories
    ]


class _Listener:
    """Bears everything."""

    def on_action(self, key: str) -> None:
        assert isinstance(key, str)

    def on_closed(self, outcome: str) -> None:
        assert outcome in ("dismissed", "expired")

    def on_lost(self) -> None:
        pass

    def on_server_back(self) -> None:
        pass

    def label_menu(self) -> tuple[tuple[str, str], ...]:
        return ()


def take_bus(raw: bytes) -> None:
    """Say each part after the login, a second apart, while a reminder is to be shown: it has one outcome at most."""
    folder = folder_for("bus")
    clock, done = Clock(), list[str | None]()
    path = folder / "bus"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(4)
        with mock.patch.object(bus, "find_session_address", return_value=f"unix:path={path}"):
            desktop = Desktop(clock, _Listener(), folder / "notification")
            desktop.connect()
            with listening.accept()[0] as server:
                server.sendall(b"OK 1234deadbeef\r\n")
                desktop.ready()
                desktop.show(REMINDER, done.append)
                for part in raw.split(SEPARATOR)[:12]:
                    # Desktop may have closed the connection, after nonsense.
                    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                        server.sendall(part[:50_000])
                    desktop.ready()
                    clock.now += 1
                    desktop.expire(clock.now)
                clock.now += 100
                desktop.expire(clock.now)
            # Nobody is there any more, or only another connection that nobody answers.
            listening.close()
            desktop.ready()
            desktop.close()
    assert len(done) <= 1
