"""A scripted notification server: a real process on the bus that does as told and tells what it was asked."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.rig.child import Process
from tests.rig.wait import wait_until

if TYPE_CHECKING:
    from tests.rig.bus import Bus


@dataclass(frozen=True)
class Notification:
    """One call of Notify as it arrived; `id` is the one that was answered.

    `drawn`: whether a person whose banner had gone sees a new one; `buttons`: the labels on it.
    """

    id: int
    app_name: str
    replaces: int
    icon: str
    summary: str
    body: str
    actions: list[str]
    hints: dict[str, Any]
    timeout: int
    drawn: bool
    buttons: list[str]
    monotonic: float
    boottime: float

    @property
    def text(self) -> str:
        """All that a person reads."""
        return "\n".join([self.summary, self.body, *self.actions[1::2]])


@dataclass(frozen=True)
class Closing:
    """One call of CloseNotification as it arrived; `known` is whether there was such a notification.

    `stays`: a person still sees it.
    """

    id: int
    known: bool
    stays: bool
    monotonic: float


class Server:
    """The server, from the test's side."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._process: Process | None = None
        self._notifications: list[Notification] = []
        self._closings: list[Closing] = []
        self._unanswered: list[str] = []
        self._refused: list[str] = []
        self._on_screen: dict[int, Notification] = {}
        self._in_list: dict[int, Notification] = {}
        self._model = ""

    def start(self, mode: str = "answer") -> None:
        """Start it and wait until it owns the name; `mode` is one of `behave`."""
        if self._process:
            self._process.close()
        arguments = [sys.executable, "-m", "tests.rig.notification_server", self._bus.address, mode]
        environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = Process(arguments, environment)
        self._until("start")

    def kill(self) -> None:
        """End it, as a crash does; what it showed is gone."""
        self._listen()
        if self._process:
            self._process.close()
            self._process = None
        self._on_screen.clear()
        self._in_list.clear()

    # --- orders

    def behave(self, mode: str) -> None:
        """From now on "answer", "hang" (answer no call), "fail" (answer each call with an error) or "die" on Notify."""
        self._order("behave", mode)

    def catch_up(self) -> None:
        """Answer all calls that were held back while hanging, and behave again."""
        self._order("catch_up")

    def offer(self, *capabilities: str) -> None:
        """Have these capabilities from now on."""
        self._order("offer", *capabilities)

    def imitate(self, model: str) -> None:
        """Behave like a desktop's server, one of `notification_server.MODELS`."""
        self._model = model
        self._order("imitate", model)

    def release(self) -> None:
        """Give up the name, and all that is shown."""
        self._order("release")
        self._on_screen.clear()

    def take(self) -> None:
        """Own the name again."""
        self._order("take")

    def press(self, notification: Notification, key: str) -> None:
        """Press a button, as the person does, or "default", a click on it; most servers close the notification then."""
        self._order("press", notification.id, key)
        if not (self._model.startswith("gnome") and notification.hints.get("resident")):
            self._on_screen.pop(notification.id, None)

    def dismiss(self, notification: Notification, reason: int = 2) -> None:
        """Close a notification, as the person does (2) or time (1)."""
        self._order("close", notification.id, reason)
        self._on_screen.pop(notification.id, None)

    # --- what happened

    @property
    def notifications(self) -> list[Notification]:
        """All calls of Notify until now."""
        self._listen()
        return self._notifications

    @property
    def closings(self) -> list[Closing]:
        """All calls of CloseNotification until now."""
        self._listen()
        return self._closings

    @property
    def on_screen(self) -> list[Notification]:
        """What a person sees now."""
        self._listen()
        return list(self._on_screen.values())

    @property
    def in_list(self) -> list[Notification]:
        """What the desktop has moved from the screen to its list of notifications."""
        self._listen()
        return list(self._in_list.values())

    @property
    def unanswered(self) -> list[str]:
        """The names of the calls that were not answered as they should be."""
        self._listen()
        return self._unanswered

    @property
    def refused(self) -> list[str]:
        """What programs asked for that no program should."""
        self._listen()
        return self._refused

    def notified(self, count: int = 1, seconds: float = 10) -> Notification:
        """Wait for the `count`th notification and return it."""
        wait_until(lambda: len(self.notifications) >= count, f"notification {count}", seconds)
        return self._notifications[count - 1]

    def cleared(self, seconds: float = 10) -> Closing:
        """Wait until nothing is shown, and return the latest closing."""
        wait_until(lambda: self.closings and not self.on_screen, "the notification to be withdrawn", seconds)
        return self._closings[-1]

    def _order(self, order: str, *arguments: object) -> None:
        assert self._process, "the server is not running"
        self._process.tell(json.dumps([order, *arguments]))
        self._until(order)

    def _until(self, order: str) -> None:
        assert self._process
        while json.loads(line := self._process.hear()).get("did") != order:
            self._take(line)

    def _listen(self) -> None:
        while self._process and (line := self._process.overheard()) is not None:
            self._take(line)

    def _take(self, line: str) -> None:
        said = json.loads(line)
        if "notify" in said:
            notification = Notification(**said["notify"])
            self._notifications.append(notification)
            self._on_screen[notification.id] = notification
        elif "closed" in said:
            closing = Closing(said["closed"], said["known"], said["stays"], said["monotonic"])
            self._closings.append(closing)
            if not closing.stays:
                self._on_screen.pop(closing.id, None)
                self._in_list.pop(closing.id, None)
        elif "expired" in said:
            expired = self._on_screen.pop(said["expired"], None)
            if expired:
                self._in_list[expired.id] = expired
        elif "died" in said:
            self._on_screen.clear()
            self._in_list.clear()
        elif "unanswered" in said:
            self._unanswered.append(said["unanswered"])
        else:
            self._refused.append(said["refused"])
