"""What `unplugd doctor --report` says of a Linux desktop."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING, Any, Final

from unplugd.cli.doctor_facts import ANOTHER, NOT_KNOWN, choose, find_version, try_run
from unplugd.eventloop.loop import turn
from unplugd.platforms.linux import clock
from unplugd.platforms.linux.bus import Bus, BusError, find_session_address
from unplugd.platforms.linux.notification_server import SERVER

if TYPE_CHECKING:
    from unplugd.cli.doctor_facts import Facts

DISTRIBUTIONS: Final = (
    "almalinux", "alpine", "arch", "bazzite", "centos", "debian", "elementary", "endeavouros", "fedora", "gentoo", "kali",
    "linuxmint", "manjaro", "neon", "nixos", "nobara", "ol", "opensuse-leap", "opensuse-tumbleweed", "pop", "raspbian",
    "rhel", "rocky", "sled", "sles", "slackware", "solus", "steamos", "tuxedo", "ubuntu", "void", "zorin",
)  # fmt: skip
DESKTOPS: Final = (
    "Budgie", "COSMIC", "Cinnamon", "Deepin", "Enlightenment", "GNOME", "GNOME-Classic", "GNOME-Flashback", "Hyprland", "KDE",
    "LXDE", "LXQt", "MATE", "Pantheon", "Unity", "X-Cinnamon", "XFCE", "i3", "labwc", "niri", "pop", "river", "sway", "ubuntu",
    "wlroots", "zorin",
)  # fmt: skip
SERVERS: Final = (
    "Budgie Notification Server", "Cinnamon", "Notification Daemon", "Plasma", "Xfce Notify Daemon", "cinnamon", "cosmic-notifications",
    "deadd-notification-center", "dunst", "fnott", "gala", "gnome-shell", "lxqt-notificationd", "mako", "mate-notification-daemon",
    "naughty", "notification-daemon", "notify-osd", "swaync", "SwayNotificationCenter", "wired", "xfce4-notifyd",
)  # fmt: skip
CAPABILITIES: Final = (
    "action-icons", "actions", "body", "body-hyperlinks", "body-images", "body-markup", "icon-multi", "icon-static",
    "inline-reply", "persistence", "private-synchronous", "sound", "synchronous", "x-canonical-append",
    "x-canonical-private-icon-only", "x-canonical-private-synchronous", "x-canonical-truncation", "x-dunst-stack-tag",
    "x-kde-display-appname", "x-kde-origin-name", "x-kde-urls",
)  # fmt: skip
TIMEOUT_SECONDS: Final = 3.0


def describe_desktop() -> Facts:
    """Return the distribution, the desktop and the notification server, with their versions."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    names = [name for name in os.environ.get("XDG_CURRENT_DESKTOP", "").split(":") if name]
    session = os.environ.get("XDG_SESSION_TYPE", "")
    return [
        (
            "distribution",
            f"{choose(release.get('ID', ''), DISTRIBUTIONS)} {find_version(release.get('VERSION_ID', ''))}",
        ),
        ("desktop", ", ".join(choose(name, DESKTOPS) for name in names) or "none"),
        ("session", choose(session, ("x11", "wayland", "tty", "mir"), ANOTHER if session else "none")),
        ("over ssh", "yes" if os.environ.get("SSH_CONNECTION") else "no"),
        ("systemd", find_version(try_run("systemctl", "--version").out)),
        *_describe_server(),
    ]


def _describe_server() -> Facts:
    try:
        name, _vendor, version, _protocol = _ask("GetServerInformation", "ssss") or ("", "", "", "")
        known = (_ask("GetCapabilities", "as") or ([],))[0]
    except BusError:
        return [("notification server", "there is no session bus")]
    if not name:
        return [("notification server", "none is running, or it does not answer")]
    can = sorted({choose(capability, CAPABILITIES) for capability in known})
    return [
        ("notification server", f"{choose(name, SERVERS)} {find_version(version)}"),
        ("it can", ", ".join(can) or NOT_KNOWN),
    ]


def _ask(method: str, signature: str) -> tuple[Any, ...] | None:
    """Return what the notification server answers, None if it does not; BusError without a bus. None is started."""
    answers: list[tuple[Any, ...] | None] = []
    bus = Bus(find_session_address(), clock.now, lambda _signal: None, lambda _reason: None)
    try:
        bus.call(
            SERVER, method, None, (), lambda answer, _error: answers.append(answer), reply_signature=signature
        )
        deadline = clock.now() + TIMEOUT_SECONDS
        while not answers and clock.now() < deadline:
            turn([bus], clock.now, deadline)
    finally:
        bus.close()
    return answers[0] if answers else None
