"""Desktops as people have them: what each is started with, and where its notifications appear.

`python -m tests.rig.gallery NAME` takes pictures of one. To add a desktop, add a line to `KINDS`.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rig.picture import Box
from tests.rig.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.rig.session import Session

START_SECONDS = 60
"""How long a desktop may take to start, on a machine that does nothing else."""
GSETTINGS = "config/glib-2.0/settings/keyfile"
GTK = "[Settings]\ngtk-icon-theme-name={icons}\ngtk-font-name=DejaVu Sans 10\n"
GNOME_SETTINGS = """[org/gnome/shell]
welcome-dialog-last-shown-version='999'
[org/gnome/desktop/background]
picture-options='none'
primary-color='#336699'
[org/gnome/desktop/interface]
enable-animations=false
[org/gnome/desktop/notifications]
show-banners={banners}
"""
WALLPAPER = ("xsetroot", "-solid", "#336699")
LIB = Path("/usr/lib/x86_64-linux-gnu")


WHOLE = Box(60, 0, 1024, 600)
"""All but the edge where the pointer rests."""


@dataclass(frozen=True)
class Kind:
    """A desktop. `programs` are started in order, and the first whose file is there is taken of each alternative."""

    name: str
    packages: str
    programs: tuple[tuple[str | Path, ...], ...]
    """The commands that make it."""
    environment: Mapping[str, str] = field(default_factory=dict)
    services: tuple[str, ...] = ()
    """Patterns of the names that its bus may start."""
    files: Mapping[str, str] = field(default_factory=dict)
    """What stands in the person's files at first, by path."""
    size: str = "1024x600"
    area: Box = WHOLE
    """Where notifications appear, and nothing else changes."""
    buttons: tuple[float, ...] | None = None
    """Where the two buttons are: shares of a notification's width from its left, and pixels from its bottom.

    Some leave room below them at times: then one place after another is tried.
    """
    still_seconds: float = 1.5
    """For how long the screen must look the same before it counts as started: pictures and panels come late."""
    wayland: bool = False
    fault: str = ""
    """What the server does wrong, so that not every situation can be seen."""
    settle: Callable[[Session], None] | None = None
    """Brings it from its start to where notifications are shown."""

    @property
    def missing(self) -> list[str]:
        """The programs of it that are not installed."""
        return [str(program[0]) for program in self.programs if not shutil.which(program[0])]


def settle_gnome(session: Session) -> None:
    """Close the overview. Banners are off until GNOME has started, since its own would stand before ours."""
    wait_until(
        lambda: "GNOME Shell started" in session.output("gnome-shell"), "GNOME to start", START_SECONDS
    )

    def close_overview() -> bool:
        session.set_property("org.gnome.Shell", "OverviewActive", value=False)
        return session.is_plain()

    wait_until(close_overview, "GNOME's overview to close", START_SECONDS)
    do_not_disturb(session, on=False)


def do_not_disturb(session: Session, *, on: bool) -> None:
    """Switch GNOME's do-not-disturb, and wait until the crossed bell in its panel says so."""
    before = session.screen.picture()
    session.write(GSETTINGS, GNOME_SETTINGS.format(banners=str(not on).lower()))
    session.wait_until_changed(before, Box(700, 0, 760, 32))


def _x11(
    name: str,
    package: str,
    server: str | Path,
    manager: str = "openbox",
    icons: str = "Adwaita",
    buttons: tuple[float, ...] | None = None,
    fault: str = "",
) -> Kind:
    return Kind(
        name,
        f"{package} {manager} x11-xserver-utils",
        ((manager,), WALLPAPER, (server,)),
        {"XDG_CURRENT_DESKTOP": name.upper()},
        ("org.xfce.Xfconf",),
        {"config/gtk-3.0/settings.ini": GTK.format(icons=icons)},
        buttons=buttons,
        fault=fault,
    )


GNOME = Kind(
    "gnome",
    "gnome-shell",
    (("gnome-shell", "--x11"),),
    {"XDG_CURRENT_DESKTOP": "GNOME", "XDG_SESSION_TYPE": "x11", "GNOME_SHELL_SESSION_MODE": "user"},
    ("org.gnome.Shell.Notifications",),
    # As if it had said already that the screen cannot be locked; it says so at an unknown moment.
    {GSETTINGS: GNOME_SETTINGS.format(banners="false"), "data/gnome-shell/lock-warning-shown": ""},
    size="1280x800",
    area=Box(0, 33, 1280, 700),
    buttons=(0.25, 0.75, 30),
    settle=settle_gnome,
)
PLASMA = Kind(
    "plasma",
    "plasma-desktop kwin-x11 breeze-icon-theme",
    (("kwin_x11",), ("plasmashell", "--no-respawn")),
    {
        "XDG_CURRENT_DESKTOP": "KDE",
        "KDE_FULL_SESSION": "true",
        "KDE_SESSION_VERSION": "5",
        "XDG_SESSION_TYPE": "x11",
        "QT_QPA_PLATFORMTHEME": "kde",
        "QT_QUICK_BACKEND": "software",
        "KWIN_COMPOSE": "N",
        "XDG_CONFIG_DIRS": "/etc/xdg",
    },
    ("org.kde.*",),
    size="1280x800",
    area=Box(640, 0, 1280, 740),
    buttons=(0.48, 0.82, 20, 54),
)
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        GNOME,
        PLASMA,
        _x11(
            "xfce",
            "xfce4-notifyd",
            LIB / "xfce4/notifyd/xfce4-notifyd",
            "xfwm4",
            "elementary-xfce",
            (0.18, 0.5, 31),
        ),
        _x11(
            "mate",
            "mate-notification-daemon",
            Path("/usr/lib/mate-notification-daemon/mate-notification-daemon"),
            icons="mate",
            buttons=(0.57, 0.79, 27),
        ),
        _x11("lxqt", "lxqt-notificationd", "lxqt-notificationd", buttons=(0.29, 0.64, 38)),
        _x11(
            "notification-daemon",
            "notification-daemon",
            Path("/usr/lib/notification-daemon/notification-daemon"),
            fault="a bubble that it does not take away hides what comes",
        ),
        _x11(
            "notify-osd",
            "notify-osd",
            LIB / "notify-osd",
            "xfwm4",
            fault="a bubble goes by itself, and a change of its text shows none",
        ),
        _x11("dunst", "dunst", "dunst"),
        Kind(
            "cinnamon",
            "cinnamon",
            (("cinnamon", "--replace"),),
            {"XDG_CURRENT_DESKTOP": "X-Cinnamon", "XDG_SESSION_TYPE": "x11"},
            ("org.cinnamon.*", "org.Cinnamon.*"),
            {GSETTINGS: "[org/cinnamon]\nstartup-animation=false\ndesktop-effects=false\n"},
            size="1280x800",
            area=Box(640, 0, 1280, 700),
            buttons=(0.2, 0.45, 24),
            still_seconds=5,
        ),
        Kind(
            "budgie",
            "budgie-core",
            (("budgie-wm", "--x11"), ("budgie-daemon",), ("budgie-panel",)),
            {"XDG_CURRENT_DESKTOP": "Budgie:GNOME", "XDG_SESSION_TYPE": "x11"},
            size="1280x800",
            area=Box(640, 60, 1280, 740),
            buttons=(0.34, 0.66, 36),
        ),
        Kind("mako", "mako-notifier sway grim", (("mako",),), wayland=True),
        Kind("swaync", "sway-notification-center sway grim", (("swaync",),), wayland=True),
    )
}
