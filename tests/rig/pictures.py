"""The pictures of the README, taken of the real thing: `python -m tests.rig.pictures`, or `make pictures`."""

from __future__ import annotations

import base64
import json
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from tests import PROJECT
from tests.rig import sample_report
from tests.rig.bus import Bus
from tests.rig.daemon import Daemon
from tests.rig.desktop import Desktop, Screen
from tests.rig.devtools import DevTools
from tests.rig.usb import STICK, Testbed
from unplugd.html_report.page import render_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Box = tuple[int, int, int, int]
    """Left, top, width and height in pixels."""

PICTURES: Final = PROJECT / "docs/pictures"
PAGE_WIDTH: Final = 1000
PARTS: Final = {"summary": ("#summary", ".figures", 16), "days": ("#days", "tr:nth-of-type(8)", 1)}
"""The parts of the page that are in a picture: where each begins, and the end of what ends it, and pixels below."""
FIND: Final = """(([first, last, margin]) => {{
  const section = document.querySelector(first).closest("section");
  return [section.getBoundingClientRect().top + 2, section.querySelector(last).getBoundingClientRect().bottom + margin];
}})({})"""
SHOW: Final = '<!DOCTYPE html><body style="margin:0"><img src="data:image/png;base64,{}" style="margin:-{}px 0 0 -{}px">'


def show_in_dunst(folder: Path) -> tuple[bytes, Box]:
    """Return a PNG of a screen with the reminder in dunst, and where it is."""
    bus, screen = Bus(folder / "session"), Screen()
    bus.start()
    desktop = Desktop(bus, screen, folder / "desktop")
    desktop.start()
    usb = Testbed()
    nowhere = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/no-system-bus"}
    daemon = Daemon(folder, {**usb.environment, **nowhere, **bus.environment})
    try:
        daemon.config(after_plug_in="0s")
        daemon.start()
        usb.plug(STICK)
        desktop.shows()
        return desktop.screenshot("picture").read_bytes(), desktop.find_box()
    finally:
        daemon.close()
        usb.close()
        desktop.kill()
        screen.close()
        bus.kill()


REMINDERS: Final[Mapping[str, Callable[[Path], tuple[bytes, Box]]]] = {"dunst": show_in_dunst}
"""The desktops whose reminder is in a picture: what takes it."""


def take_pictures(target: Path) -> None:
    """Save the pictures of the reminder on each desktop, and of the page, light and dark, in a folder."""
    target.mkdir(exist_ok=True)
    with TemporaryDirectory() as home, closing(DevTools(Path(home))) as browser:
        for desktop, show in REMINDERS.items():
            folder = Path(home, desktop)
            folder.mkdir()
            shown, (left, top, width, height) = show(folder)
            browser.opened(SHOW.format(base64.b64encode(shown).decode(), top, left), width, height)
            browser.picture(target / f"reminder-{desktop}.webp", 0, width, height)
        report = sample_report.home_month()
        page = render_page(report, made=report.until)
        for scheme in ("light", "dark"):
            browser.opened(page, PAGE_WIDTH, dark=scheme == "dark")
            for part, edges in PARTS.items():
                top, bottom = map(round, browser.evaluate(FIND.format(json.dumps(edges))))
                name = target / f"page-{part}-{scheme}.webp"
                browser.picture(name, top, PAGE_WIDTH, bottom - top)


if __name__ == "__main__":
    take_pictures(PICTURES)
    for picture in sorted(PICTURES.iterdir()):
        print(f"{picture.relative_to(PROJECT)}: {picture.stat().st_size} bytes")
