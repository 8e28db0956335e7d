"""The process behind `server.Server`: owns org.freedesktop.Notifications, does as told and reports what it was asked.

    python -m tests.rig.notification_server ADDRESS

Commands come on stdin, one JSON list each: a method of `Orders` and its arguments. On stdout: `{"did": …}` after each
command, and reports in between. What it does not know it refuses, and reports that.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from typing import Any
from xml.etree import ElementTree as ET

from jeepney import (
    DBusAddress,
    HeaderFields,
    MessageType,
    message_bus,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.io.blocking import Proxy, open_dbus_connection

NAME = "org.freedesktop.Notifications"
EMITTER = DBusAddress("/org/freedesktop/Notifications", interface=NAME)
NOTIFY_ARGUMENTS = ("app_name", "replaces", "icon", "summary", "body", "actions", "hints", "timeout")
HINTS = {
    "urgency": "y",
    "category": "s",
    "desktop-entry": "s",
    "transient": "b",
    "resident": "b",
    "sender-pid": "x",
    "suppress-sound": "b",
}
TAGS = {"body", "b", "i", "u", "a", "img"}
CLOCK_BOOTTIME = 7
"""Not in `time` on every platform that reads this file."""


def report(**what: Any) -> None:
    """Tell the test."""
    print(json.dumps(what), flush=True)


class RefusalError(Exception):
    """A call that no program should make."""


class Orders:
    """What the test may order, and the server's part of the specification."""

    def __init__(self, address: str) -> None:
        self.connection = open_dbus_connection(address)
        self.bus = Proxy(message_bus, self.connection, timeout=10)
        self.capabilities = ["actions", "body", "body-markup", "persistence"]
        self.shown: set[int] = set()
        self.last = 0
        self.mode = "answer"
        self.model = ""
        self.held: list[Any] = []
        self.take()

    # --- what the test orders

    def behave(self, mode: str) -> None:
        """Answer; or "hang": take calls and answer none; or "fail": answer each with an error."""
        self.mode = mode

    def catch_up(self) -> None:
        """Answer at last what was held back."""
        self.mode = "answer"
        for message in self.held:
            self.connection.send(self.reply(message))
        self.held.clear()

    def offer(self, *capabilities: str) -> None:
        """Have only these capabilities from now on."""
        self.capabilities = list(capabilities)

    def imitate(self, model: str) -> None:
        """Treat a replacement as "gnome-43" or "gnome-48" does, or a press as "awesome"; "" is the specification."""
        self.model = model

    def take(self) -> None:
        """Own the name."""
        self.bus.RequestName(NAME)

    def release(self) -> None:
        """Own the name no longer; like a server that quits, forget what was shown."""
        self.bus.ReleaseName(NAME)
        self.shown.clear()

    def press(self, notification: int, key: str) -> None:
        """Press a button, which closes the notification."""
        if self.model == "awesome":
            self.close(notification, 2)
        self.connection.send(new_signal(EMITTER, "ActionInvoked", "us", (notification, key)))
        if self.model != "awesome":
            self.close(notification, 2)

    def close(self, notification: int, reason: int) -> None:
        """Say that a notification expired (1), was dismissed (2) or was closed by its program (3)."""
        self.shown.discard(notification)
        self.connection.send(new_signal(EMITTER, "NotificationClosed", "uu", (notification, reason)))

    # --- what programs ask

    def receive(self) -> None:
        """Read what the bus has brought."""
        data = os.read(self.connection.sock.fileno(), 65536)
        if not data:
            sys.exit(0)
        self.connection.parser.add_data(data)

    def serve(self) -> None:
        """Answer what was read, also by jeepney while it waited for something else."""
        while (message := self.connection.parser.get_next_message()) is not None:
            if message.header.message_type is not MessageType.method_call:
                continue
            if self.mode == "hang":
                self.noted(message)
                self.held.append(message)
            elif self.mode == "fail":
                self.noted(message)
                self.connection.send(new_error(message, f"{NAME}.Error.Failed", "s", ("told to fail",)))
            else:
                self.connection.send(self.reply(message))

    def noted(self, message: Any) -> None:
        """Report a call that is not answered as it should be."""
        report(unanswered=message.header.fields.get(HeaderFields.member))

    def reply(self, message: Any) -> Any:
        """Do what the call asks, and return the answer to it."""
        member = message.header.fields.get(HeaderFields.member)
        signature = message.header.fields.get(HeaderFields.signature, "")
        try:
            return self.answer(message, f"{member}({signature})")
        except RefusalError as refusal:
            report(refused=f"{member}({signature}): {refusal}")
            return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", "s", (str(refusal),))

    def answer(self, message: Any, call: str) -> Any:
        """Return the answer to a call of the specification."""
        if message.header.fields.get(HeaderFields.path) != EMITTER.object_path:
            raise RefusalError("wrong path")
        if call == "GetCapabilities()":
            return new_method_return(message, "as", (self.capabilities,))
        if call == "GetServerInformation()":
            return new_method_return(message, "ssss", ("rig", "unplugd", "1", "1.2"))
        if call == "Notify(susssasa{sv}i)":
            return new_method_return(message, "u", (self.notify(message),))
        if call == "CloseNotification(u)":
            (notification,) = message.body
            known = notification in self.shown
            report(closed=notification, known=known, monotonic=time.monotonic())
            if not known:
                return new_error(message, "org.freedesktop.DBus.Error.InvalidArgs")
            self.close(notification, 3)
            return new_method_return(message)
        raise RefusalError("not in the specification")

    def notify(self, message: Any) -> Any:
        """Show a notification and return its id."""
        arrival = {"monotonic": time.monotonic(), "boottime": time.clock_gettime(CLOCK_BOOTTIME)}
        asked = dict(zip(NOTIFY_ARGUMENTS, message.body, strict=True))
        for name, (signature, _) in asked["hints"].items():
            if HINTS.get(name) != signature:
                raise RefusalError(f"hint {name} of type {signature}")
        if len(asked["actions"]) % 2 or (asked["actions"] and "actions" not in self.capabilities):
            raise RefusalError(f"actions {asked['actions']}")
        if "body-markup" in self.capabilities:
            check_markup(asked["body"])
        buttons, drawn = asked["actions"][1::2], True
        if asked["replaces"] in self.shown:
            buttons = [] if self.model == "gnome-43" else buttons
            drawn = self.model != "gnome-48"
            notification = asked["replaces"]
        else:
            self.last += 1
            notification = self.last
        self.shown.add(notification)
        hints = {name: value for name, (_, value) in asked["hints"].items()}
        report(
            notify={
                **asked,
                "hints": hints,
                "id": notification,
                "drawn": drawn,
                "buttons": buttons,
                **arrival,
            }
        )
        return notification


def check_markup(body: str) -> None:
    """Refuse a body that is not well-formed, or has tags that the specification does not."""
    try:
        found = {element.tag for element in ET.fromstring(f"<body>{body}</body>").iter()}  # noqa: S314
    except ET.ParseError as error:
        raise RefusalError(f"body {body!r}: {error}") from None
    if not found <= TAGS:
        raise RefusalError(f"tags {found - TAGS}")


def main() -> None:
    """Serve until stdin ends."""
    orders = Orders(sys.argv[1])
    report(did="start")
    heard = b""
    while True:
        orders.serve()
        ready, _, _ = select.select([0, orders.connection.sock], (), ())
        if orders.connection.sock in ready:
            orders.receive()
        if 0 in ready:
            data = os.read(0, 65536)
            if not data:
                return
            *lines, heard = (heard + data).split(b"\n")
            for line in lines:
                order, *arguments = json.loads(line)
                getattr(orders, order)(*arguments)
                report(did=order)


if __name__ == "__main__":
    main()
