"""The process that sees what passes on the bus, and when: `python -m tests.bench.listener ADDRESS`.

It says a line of JSON, [member, time.monotonic], for each call to the notification server.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

from jeepney import DBusAddress, HeaderFields, MessageType, new_method_call
from jeepney.io.blocking import open_dbus_connection

if TYPE_CHECKING:
    from tests.rig.child import Process

MONITORING = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus.Monitoring")
RULE = "type='method_call',interface='org.freedesktop.Notifications'"
LONGEST_SECONDS = 30
"""Longer than the time between two regular looks, after which at the latest a call passes."""


def wait_for_call(listener: Process, member: str) -> float:
    """Return when the next call of `member` passes, as the process says."""
    while True:
        what, moment = json.loads(listener.hear(LONGEST_SECONDS))
        if what == member:
            return float(moment)


def main() -> None:
    """Listen until the bus is gone."""
    connection = open_dbus_connection(sys.argv[1])
    connection.send_and_get_reply(
        new_method_call(MONITORING, "BecomeMonitor", "asu", ([RULE], 0)), timeout=10
    )
    print(json.dumps(["ready", time.monotonic()]), flush=True)
    while data := connection.sock.recv(65536):
        # Before anything is read from it: what reading costs is not theirs.
        moment = time.monotonic()
        connection.parser.add_data(data)
        while (message := connection.parser.get_next_message()) is not None:
            if message.header.message_type is MessageType.method_call:
                print(json.dumps([message.header.fields.get(HeaderFields.member), moment]), flush=True)


if __name__ == "__main__":
    main()
