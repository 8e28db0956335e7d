"""The pictures of the README, taken of the real thing: `python -m tests.rig.pictures`, or `make pictures`."""

from __future__ import annotations

import base64
import json
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import pytest

from tests import PROJECT
from tests.rig import sample_report
from tests.rig.desktops import KINDS
from tests.rig.devtools import DevTools
from tests.rig.gallery import prepare
from tests.rig.picture import Box
from tests.rig.usb import STICK
from unplugd.html_report.page import render_page

if TYPE_CHECKING:
    from collections.abc import Sequence

PICTURES: Final = PROJECT / "docs/pictures"
DESKTOPS: Final = ("gnome", "plasma")
"""The desktops whose reminder is in a picture."""
MARGIN: Final = 8
"""Pixels of the desktop that are seen around a reminder, at most."""
PAGE_WIDTH: Final = 1000
PARTS: Final = {"summary": ("#summary", ".figures", 16), "days": ("#days", "tr:nth-of-type(8)", 1)}
"""The parts of the page that are in a picture: where each begins, and the end of what ends it, and pixels below."""
FIND: Final = """(([first, last, margin]) => {{
  const section = document.querySelector(first).closest("section");
  return [section.getBoundingClientRect().top + 2, section.querySelector(last).getBoundingClientRect().bottom + margin];
}})({})"""
SHOW: Final = '<!DOCTYPE html><body style="margin:0"><img src="data:image/png;base64,{}" style="margin:-{}px 0 0 -{}px">'


def show_reminder(name: str, folder: Path) -> tuple[bytes, Box]:
    """Return a PNG of a desktop with the second reminder, the first that has buttons everywhere, and where it is."""
    with prepare(KINDS[name], folder) as (session, daemon, usb):
        daemon.config('[notify]\nchannels = ["desktop"]', after_plug_in="0s", repeat=["1s", "1h"])
        daemon.start()
        usb.plug(STICK)
        daemon.wait_for("reminded", 2)
        left, top, right, bottom = session.seen()
        area = session.kind.area
        box = Box(
            max(left - MARGIN, area.left),
            max(top - MARGIN, area.top),
            min(right + MARGIN, area.right),
            min(bottom + MARGIN, area.bottom),
        )
        return session.save(folder, "picture").read_bytes(), box


def take_pictures(target: Path, desktops: Sequence[str] = DESKTOPS) -> None:
    """Save the pictures of the reminder on each desktop, and of the page, light and dark, in a folder."""
    target.mkdir(exist_ok=True)
    with TemporaryDirectory() as home, closing(DevTools(Path(home))) as browser:
        for desktop in desktops:
            folder = Path(home, desktop)
            folder.mkdir()
            shown, box = show_reminder(desktop, folder)
            width, height = box.right - box.left, box.bottom - box.top
            browser.opened(SHOW.format(base64.b64encode(shown).decode(), box.top, box.left), width, height)
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
    try:
        take_pictures(PICTURES)
    except pytest.skip.Exception as missing:
        sys.exit(f"error: {missing}")
    for picture in sorted(PICTURES.iterdir()):
        print(f"{picture.relative_to(PROJECT)}: {picture.stat().st_size} bytes")
