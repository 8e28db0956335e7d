"""What the platform of Windows sees and shows, as a program there: it takes questions and says what happens, in JSON.

Each line it reads is a list: a name of `Sight.answer` and arguments. Each line it writes is a list, too.
"""

from __future__ import annotations

import json
import sys
import threading
from functools import partial
from typing import Any
from unittest import mock

from unplugd.eventloop.loop import turn
from unplugd.eventloop.signals import Signals
from unplugd.eventloop.wakeup import Wakeup
from unplugd.notify.message import Message
from unplugd.platforms.windows import notification
from unplugd.platforms.windows.platform import Windows
from unplugd.rules import devices
from unplugd.rules.uploaders import Uploader


class Sight:
    """The platform with its announcements and its channel, in the program's own event loop."""

    def __init__(self) -> None:
        self._windows = Windows()
        self._asked: list[list[Any]] = []
        self._wakeup = Wakeup(self._answer_all)
        self._channel = self._windows.channel("desktop", self)
        assert self._channel
        self._sources = [
            Signals(self._stop, lambda: None),
            self._wakeup,
            self._channel,
            *self._windows.sources(lambda: self.say("changed")),
        ]
        self._is_over = False
        threading.Thread(target=self._read, daemon=True).start()

    def run(self) -> None:
        self.say("ready", self._windows.boot_id())
        while not self._is_over:
            turn(self._sources, self._windows.now, None)
        for source in self._sources:
            source.close()
        self.say("over")

    def say(self, *what: object) -> None:
        print(json.dumps(what), flush=True)

    def answer(self, what: str, *arguments: Any) -> None:
        assert self._channel
        if what == "scan":
            self.say("devices", [(device.id, device.port, device.address) for device in self._scan()])
        elif what == "names":
            names = self._windows.product_names()
            self.say("names", [names(device.port) for device in self._windows.list_all_devices()])
        elif what == "running":
            found = self._windows.find_running(
                [Uploader(name, tuple(process)) for name, process in arguments]
            )
            self.say("running", found, self._windows.now())
        elif what == "absence":
            self.say("absence", self._windows.find_absence())
        elif what == "show":
            message = Message(**arguments[0])
            self._channel.show(message, partial(self.say, "shown"))
        elif what == "withdraw":
            self._channel.withdraw()
            self.say("withdrawn")
        elif what == "check":
            self._channel.check(partial(self.say, "checked"))
        elif what == "end":
            self._is_over = True
        else:
            raise ValueError(what)

    # --- as the listener of the channel

    def on_action(self, key: str) -> None:
        self.say("pressed", key)

    def on_closed(self, outcome: str) -> None:
        self.say("closed", outcome)

    def on_lost(self) -> None:
        self.say("lost")

    def on_server_back(self) -> None:
        self.say("back")

    def label_menu(self) -> tuple[tuple[str, str], ...]:
        return (("default", "Review"), ("quit", "Quit until next logon"))

    def _stop(self, reason: str) -> None:
        self.say("stop", reason)
        self._is_over = True

    def _scan(self) -> list[devices.Device]:
        return self._windows.scan(devices.BUILT_IN)

    def _read(self) -> None:
        for line in sys.stdin:
            self._asked.append(json.loads(line))
            self._wakeup.wake()
        self._asked.append(["end"])
        self._wakeup.wake()

    def _answer_all(self) -> None:
        while self._asked:
            self.answer(*self._asked.pop(0))


if __name__ == "__main__":
    # On a busy machine Explorer may take longer to answer than unplugd waits for it.
    with mock.patch.object(notification, "TIMEOUT_SECONDS", 600.0):
        Sight().run()
