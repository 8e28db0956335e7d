"""Whether the session's screen saver is active: not every system has logind, nor does every desktop tell it of a lock.

An active screen saver hides what is shown, whether it asks for a password or not. Those of the desktops have the same
methods, which were GNOME's at first, each under a name of its own. Some programs own such a name only to let others
keep the screen on, and refuse to say whether it is active (GNOME's org.freedesktop.ScreenSaver). Therefore all are asked,
and one that is active is enough. Cinnamon's and MATE's do not set logind's LockedHint.

A signal is only a hint: the screen saver is asked then. Nobody is started for that. One that does not answer counts as
not active: a reminder that nobody sees is better than none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jeepney.low_level import HeaderFields, Message
from jeepney.wrappers import DBusAddress

from unplugd.platforms.linux import bus
from unplugd.platforms.linux.bus import BUS, Bus, BusError
from unplugd.platforms.linux.bus_source import BusSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.rules.events import Absence

NAMES: Final = (
    "org.freedesktop.ScreenSaver",
    "org.gnome.ScreenSaver",
    "org.cinnamon.ScreenSaver",
    "org.mate.ScreenSaver",
    "org.xfce.ScreenSaver",
)
"""The names on the session bus (the first is KDE's), which are the interfaces' names, too."""


class ScreenSaver(BusSource):
    """Calls `on_change` when `away` changes. It is not connected until `check` is called.

    It has a connection of its own: the desktop channel's exists only if that channel is configured, and what it does
    when the bus is lost or hangs concerns deliveries.
    """

    def __init__(self, now: Callable[[], float], on_change: Callable[[], None]) -> None:
        super().__init__()
        self._now = now
        self._on_change = on_change
        self._active: dict[str, bool] = {}
        """Whether it is active, for each name that has told."""
        self._asked: set[str] = set()
        """The names whose answers are due."""
        self._ask_again: set[str] = set()

    @property
    def away(self) -> Absence | None:
        """Why the person is not in front, None if the person is, or if nothing tells."""
        return "locked" if any(self._active.values()) else None

    @property
    def is_known(self) -> bool:
        """Whether a screen saver has told if it is active."""
        return bool(self._active)

    def check(self) -> None:
        """Connect if not connected; ask again who is active: a signal may have been lost, and nobody would be reminded."""
        if self._bus is None:
            self._connect()
        for name in [name for name, is_active in self._active.items() if is_active]:
            self._ask(name)

    def close(self) -> None:
        """Close the connection, and forget everything."""
        super().close()
        self._forget()

    def _connect(self) -> None:
        try:
            self._bus = Bus(bus.find_session_address(), self._now, self._on_signal, self._on_disconnect)
        except BusError:
            return
        for name in NAMES:
            self._bus.add_match(
                f"type='signal',sender='{BUS.bus_name}',member='NameOwnerChanged',arg0='{name}'"
            )
            self._bus.add_match(f"type='signal',sender='{name}',interface='{name}',member='ActiveChanged'")
            self._ask(name)

    def _ask(self, name: str) -> None:
        """Ask whether it is active; if that is under way, ask once more afterwards."""
        if name in self._asked:
            self._ask_again.add(name)
            return
        self._asked.add(name)
        self.call(
            DBusAddress(f"/{name.replace('.', '/')}", name, name),
            "GetActive",
            None,
            (),
            lambda body, _error: self._on_answer(name, body),
            reply_signature="b",
            on_late_answer=lambda _body: self._ask(name),
        )

    def _on_answer(self, name: str, body: tuple[Any, ...] | None) -> None:
        self._asked.discard(name)
        self._update(name, body[0] if body else None)
        if name in self._ask_again:
            self._ask_again.discard(name)
            self._ask(name)

    def _on_signal(self, signal: Message) -> None:
        fields = signal.header.fields
        if HeaderFields.destination in fields:
            # The rule did not let it through: any program may send it to us alone.
            return
        if fields.get(HeaderFields.member) == "NameOwnerChanged":
            # It has ended or started.
            name = signal.body[0]
            self._update(name, None)
        else:
            name = fields.get(HeaderFields.interface)
        self._ask(name)

    def _on_disconnect(self, _reason: str) -> None:
        self._bus = None
        was_away = self.away
        self._forget()
        if was_away:
            self._on_change()

    def _update(self, name: str, active: bool | None) -> None:
        """Remember whether it is active, None if that is not known."""
        before = self.away
        if active is None:
            self._active.pop(name, None)
        else:
            self._active[name] = active
        if self.away != before:
            self._on_change()

    def _forget(self) -> None:
        self._active.clear()
        self._asked.clear()
        self._ask_again.clear()
