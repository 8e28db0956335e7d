"""The process behind `server.Server`: owns org.freedesktop.Notifications, does as told and reports what it was asked.

    python -m tests.rig.notification_server ADDRESS MODE

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

from tests.rig.wait import GIVE_UP

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
MODELS = ("", "gnome-43", "gnome-48", "lxqt", "notify-osd", "budgie", "elementary", "awesome", "swaync")
"""The servers that can be imitated; see `Orders.imitate`."""
PROGRAMS = {
    "gnome-43": ("gnome-shell", "GNOME", "43.9", "1.2"),
    "gnome-48": ("gnome-shell", "GNOME", "48.7", "1.2"),
    "lxqt": ("lxqt-notificationd", "lxqt.org", "1.2.0", "1.2"),
}
"""What the servers whose names matter say they are."""
EXPIRY_SECONDS = 0.1
"""Seconds after which a server closes a notification that expires, and that swaync takes to close one."""
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

    def __init__(self, address: str, mode: str) -> None:
        self.connection = open_dbus_connection(address, auth_timeout=GIVE_UP)
        self.bus = Proxy(message_bus, self.connection, timeout=GIVE_UP)
        self.capabilities = ["actions", "body", "body-markup", "persistence"]
        self.shown: set[int] = set()
        self.passing: set[int] = set()
        self.listed: set[int] = set()
        self.expiries: dict[int, float] = {}
        self.resident: set[int] = set()
        self.last = 0
        self.unclosed: list[tuple[float, Any]] = []
        self.mode = mode
        self.model = ""
        self.held: list[Any] = []
        self.take()

    # --- what the test orders

    def behave(self, mode: str) -> None:
        """Answer; or "hang": take calls and answer none; or "fail": answer each with an error; or "die" on Notify."""
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
        """Behave like a desktop's server; "" is the specification.

        "gnome-43" takes the buttons from a notification that replaces another, "gnome-48" does not draw it; both keep a
        resident one that is pressed. "lxqt" has its name, and dies if one that lasts replaces one that expires.
        "notify-osd" has no buttons, and makes dialogs that nobody can withdraw of those that must not expire. "budgie"
        lets each normal one expire and keeps it in a list; so does "elementary", which also lets each one expire that
        replaces another, and withdraws nothing from the list. "awesome" reports a press after the close that comes of it.
        "swaync" takes a moment to close a notification, and does not draw what comes meanwhile.
        """
        if model not in MODELS:
            raise RefusalError(model)
        self.model = model
        if model == "notify-osd":
            self.capabilities = ["body", "body-markup"]

    def take(self) -> None:
        """Own the name."""
        self.bus.RequestName(NAME)

    def release(self) -> None:
        """Own the name no longer; like a server that quits, forget what was shown."""
        self.bus.ReleaseName(NAME)
        self.shown.clear()

    def press(self, notification: int, key: str) -> None:
        """Press a button; that closes the notification, unless it is resident and the server keeps those."""
        if self.model == "awesome":
            self.close(notification, 2)
        self.connection.send(new_signal(EMITTER, "ActionInvoked", "us", (notification, key)))
        is_kept = self.model.startswith("gnome") and notification in self.resident
        if self.model != "awesome" and not is_kept:
            self.close(notification, 2)

    def close(self, notification: int, reason: int) -> None:
        """Say that a notification expired (1), was dismissed (2) or was closed by its program (3)."""
        self.shown.discard(notification)
        self.expiries.pop(notification, None)
        self.listed.discard(notification)
        self.connection.send(new_signal(EMITTER, "NotificationClosed", "uu", (notification, reason)))

    def expire(self) -> None:
        """Let what has been shown long enough expire."""
        for notification, at in list(self.expiries.items()):
            if time.monotonic() >= at:
                # The test must know before the program does.
                report(expired=notification)
                self.close(notification, 1)
                self.listed.add(notification)

    def close_late(self) -> None:
        """Close what has waited long enough to be closed, and answer."""
        while self.unclosed and time.monotonic() >= self.unclosed[0][0]:
            _, message = self.unclosed.pop(0)
            self.close(message.body[0], 3)
            self.connection.send(new_method_return(message))

    def die(self) -> None:
        """End like a crash."""
        report(died=True)
        os._exit(1)

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
            elif (reply := self.reply(message)) is not None:
                self.connection.send(reply)

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
        """Return the answer to a call of the specification, None if it comes later."""
        if message.header.fields.get(HeaderFields.path) != EMITTER.object_path:
            raise RefusalError("wrong path")
        if call == "GetCapabilities()":
            return new_method_return(message, "as", (self.capabilities,))
        if call == "GetServerInformation()":
            program = PROGRAMS.get(self.model, ("rig", "unplugd", "1", "1.2"))
            return new_method_return(message, "ssss", program)
        if call == "Notify(susssasa{sv}i)":
            return new_method_return(message, "u", (self.notify(message),))
        if call == "CloseNotification(u)":
            (notification,) = message.body
            known = notification in self.shown or (notification in self.listed and self.model != "elementary")
            stays = not known or (self.model == "notify-osd" and notification not in self.passing)
            report(closed=notification, known=known, stays=stays, monotonic=time.monotonic())
            if not known:
                return new_error(message, "org.freedesktop.DBus.Error.InvalidArgs")
            if self.model == "swaync":
                self.unclosed.append((time.monotonic() + EXPIRY_SECONDS, message))
                return None
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
        labels = dict(zip(asked["actions"][::2], asked["actions"][1::2], strict=True))
        buttons, drawn = [label for key, label in labels.items() if key != "default"], not self.unclosed
        is_passing, is_replacement = asked["timeout"] != 0, asked["replaces"] in self.shown
        is_crash = self.model == "lxqt" and not is_passing and asked["replaces"] in self.passing
        if self.mode == "die" or (is_replacement and is_crash):
            self.die()
        if is_replacement:
            buttons = [] if self.model == "gnome-43" else buttons
            drawn = self.model != "gnome-48"
            notification = asked["replaces"]
        else:
            self.last += 1
            notification = self.last
        self.shown.add(notification)
        self.passing.discard(notification)
        if is_passing:
            self.passing.add(notification)
        is_urgent = asked["hints"].get("urgency", ("y", 1))[1] == 2
        if (self.model == "budgie" and not is_urgent) or (
            self.model == "elementary" and (is_replacement or not is_urgent)
        ):
            self.expiries[notification] = time.monotonic() + EXPIRY_SECONDS
        hints = {name: value for name, (_, value) in asked["hints"].items()}
        if hints.get("resident"):
            self.resident.add(notification)
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
    orders = Orders(*sys.argv[1:])
    report(did="start")
    heard = b""
    while True:
        orders.serve()
        orders.expire()
        orders.close_late()
        wait = EXPIRY_SECONDS / 2 if orders.expiries or orders.unclosed else None
        ready, _, _ = select.select([0, orders.connection.sock], (), (), wait)
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
