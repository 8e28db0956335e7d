"""A desktop's screen saver, which tells on the session bus whether it is active."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jeepney import DBusAddress, HeaderFields, Message, new_error, new_method_return, new_signal

from tests.rig.bus_service import BusService

if TYPE_CHECKING:
    from tests.rig.bus import Bus

GNOME = "org.gnome.ScreenSaver"
KDE = "org.freedesktop.ScreenSaver"


def make_signal(name: str, *, active: bool) -> Message:
    """Return the signal that the screen saver of this name has become active, or has ended."""
    emitter = DBusAddress(f"/{name.replace('.', '/')}", interface=name)
    return new_signal(emitter, "ActiveChanged", "b", (active,))


class ScreenSaver(BusService):
    """Owns such a name on the bus; `tells` False: only to let others keep the screen on, as GNOME owns KDE's name."""

    def __init__(self, bus: Bus, name: str = GNOME, *, tells: bool = True) -> None:
        self.name = name
        self.active = False
        self.tells = tells
        super().__init__(bus, name)

    def set_active(self, active: bool) -> None:
        """Hide the screen, or show it again, and say so."""
        self.active = active
        self.emit(make_signal(self.name, active=active))

    def answer(self, call: Message) -> Message | None:
        """Return the answer to GetActive."""
        fields = call.header.fields
        path, method = fields[HeaderFields.path], fields[HeaderFields.member]
        if (path, method, call.body) != (f"/{self.name.replace('.', '/')}", "GetActive", ()):
            return None
        if not self.tells:
            return new_error(call, "org.freedesktop.DBus.Error.NotSupported")
        return new_method_return(call, "b", (self.active,))
