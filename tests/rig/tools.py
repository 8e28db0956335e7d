"""The programs of the machine that the rig needs, each with the Debian package that brings it."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache

import pytest

PACKAGES = {
    "appstreamcli": "appstream",
    "apt-get": "apt",
    "bash": "bash",
    "bindfs": "bindfs",
    "chromium": "chromium",
    "desktop-file-validate": "desktop-file-utils",
    "dbus-daemon": "dbus",
    "dpkg-deb": "dpkg",
    "dpkg-query": "dpkg",
    "dunst": "dunst",
    "fc-list": "fontconfig",
    "fish": "fish",
    "gcc": "gcc",
    "make": "make",
    "gnome-shell": "gnome-shell",
    "grim": "grim",
    "groff": "groff-base",
    "man": "man-db",
    "notify-send": "libnotify-bin",
    "openssl": "openssl",
    "pdftoppm": "poppler-utils",
    "pdftotext": "poppler-utils",
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "prometheus-node-exporter": "prometheus-node-exporter",
    "promtool": "prometheus",
    "rsync": "rsync",
    "rsyslogd": "rsyslog",
    "scrot": "scrot",
    "sway": "sway",
    "systemd-analyze": "systemd",
    "umockdev-wrapper": "umockdev",
    "unshare": "util-linux",
    "wine64": "wine64",
    "xdotool": "xdotool",
    "Xvfb": "xvfb",
    "zsh": "zsh",
}
FONTS = {"ja": "fonts-vlgothic"}
GI = "/usr/bin/python3"
"""Debian's own Python: only it has umockdev's bindings."""


def need(*tools: str) -> None:
    """Skip the test, naming the package, where one of `tools` is missing."""
    for tool in tools:
        # Servers are where only root's PATH leads.
        if not shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin"):
            pytest.skip(f"needs the Debian package {PACKAGES[tool]}")


def need_font(language: str) -> None:
    """Skip the test where no font has the letters of a language."""
    need("fc-list")
    if not subprocess.run(
        ["fc-list", f":lang={language}", "family"], capture_output=True, check=True
    ).stdout.strip():
        pytest.skip(f"needs the Debian package {FONTS[language]}")


def need_umockdev() -> None:
    """Skip the test where umockdev or its bindings for Debian's Python are missing."""
    need("umockdev-wrapper")
    if not _has_bindings():
        pytest.skip("needs the Debian packages python3-gi and gir1.2-umockdev-1.0")


def need_namespaces(*command: str) -> None:
    """Skip the test where this user may not make the namespaces that `command` runs the next one in."""
    try:
        done = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        pytest.skip(f"needs {error.filename}")
    if done.returncode:
        pytest.skip(f"needs namespaces: {done.stderr.strip()}")


@cache
def _has_bindings() -> bool:
    code = "import gi; gi.require_version('UMockdev', '1.0'); from gi.repository import UMockdev"
    return (
        shutil.which(GI) is not None
        and not subprocess.run([GI, "-c", code], stderr=subprocess.DEVNULL, check=False).returncode
    )
