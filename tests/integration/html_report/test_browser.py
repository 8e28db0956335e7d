"""The page as a browser shows and prints it; the pictures are in tests/artifacts."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.rig import sample_report
from tests.rig.browser import DARK, Browser
from tests.rig.desktop import ARTIFACTS
from tests.rig.fleet_maker import UNTIL, hostile_fleet, make_fleet
from tests.rig.tools import need
from tests.rig.tree import Tree
from unplugd.html_report.fleet_page import render_fleet
from unplugd.html_report.page import render_page

if TYPE_CHECKING:
    from pathlib import Path

    from unplugd.review.figures import Report

WIDTHS = (320, 360, 640, 900, 1280)
SHEETS = {"A4": (595, 842), "Letter": (612, 792)}
"""Points."""


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    """Return a browser."""
    ARTIFACTS.mkdir(exist_ok=True)
    return Browser(tmp_path)


def page_of(report: Report) -> str:
    """Return its page."""
    return render_page(report, made=report.until + 3600)


PRINTED = {
    "page": lambda: page_of(sample_report.home_month()),
    "fleet": lambda: render_fleet(make_fleet(200, days=60), made=UNTIL),
}
"""Pages that are printed, by the names of their pictures."""


def find_measures(dom: str) -> dict[str, dict[str, str]]:
    """Return what was measured in each frame."""
    found = re.findall(r'<p id="([\w-]+)-said"([^>]*)>', dom)
    return {name: dict(re.findall(r'data-(\w+)="([^"]*)"', data)) for name, data in found}


def test_it_fits_a_phone_and_a_zoomed_window(browser: Browser) -> None:
    """Nothing is cut off or scrolls sideways from 320 pixels on, with any names, and the policy allows the style."""
    pages = {
        "home": page_of(sample_report.home_month()),
        "clinic": page_of(sample_report.clinic(14)),
        "hostile": page_of(sample_report.hostile()),
        "nothing": page_of(sample_report.nothing()),
        "many-computers": render_fleet(make_fleet(40), made=UNTIL),
        "many-hostile": render_fleet(hostile_fleet(), made=UNTIL),
    }
    frames = {f"{name}-{width}": (source, width) for name, source in pages.items() for width in WIDTHS}
    found = find_measures(browser.measured(frames))
    assert found.keys() == frames.keys()
    assert {name: int(one["wide"]) for name, one in found.items()} == {
        name: width for name, (_, width) in frames.items()
    }
    assert {name for name, one in found.items() if one["cut"] != "0"} == set()
    assert {one["paper"] for one in found.values()} == {"rgb(255, 255, 255)"}


def test_it_is_dark_where_people_want_it_dark(browser: Browser) -> None:
    source = page_of(sample_report.home_month())
    found = find_measures(browser.measured({"home": (source, 800)}, DARK))
    assert found["home"]["paper"] == "rgb(18, 22, 27)"


def test_hostile_names_do_nothing_in_a_browser(browser: Browser) -> None:
    """With hostile names a browser sees the elements that were written, and runs nothing."""
    source = page_of(sample_report.hostile())
    read = browser.dom(source)
    assert "<h1>taken over" not in read
    # The browser closes what has no end, such as <meta>, by itself, and writes `viewBox` and the like as they are.
    written = [one.tag for one in Tree(source).elements]
    assert [tag for tag in re.findall(r"<([a-z][a-z0-9]*)[\s>]", read) if tag != "html"] == [
        tag for tag in written if tag != "html"
    ]
    trap = source.replace("&lt;script&gt;alert", "<script>parent.taken = taken = 1;alert")
    assert find_measures(browser.measured({"trap": (trap, 800)}))["trap"]["scripts"] == "false"


@pytest.mark.parametrize(
    ("name", "width", "height", "more"),
    [("page-light", 1200, 3300, ()), ("page-dark", 1200, 3300, (DARK,)), ("page-phone", 360, 5200, ())],
)
def test_what_it_looks_like(
    name: str, width: int, height: int, more: tuple[str, ...], browser: Browser
) -> None:
    """See the pictures: tests/artifacts/page-light.png, page-dark.png, page-phone.png."""
    source = page_of(sample_report.home_month())
    if width < 500:
        source = browser.framed(source, width, height)
    browser.picture(source, ARTIFACTS / f"{name}.png", width, height, *more)


@pytest.mark.parametrize(
    ("name", "width", "height", "more"),
    [
        ("fleet-light", 1200, 5000, ()),
        ("fleet-dark", 1200, 5000, (DARK,)),
        ("fleet-phone", 360, 9000, ()),
    ],
)
def test_what_many_computers_look_like(
    name: str, width: int, height: int, more: tuple[str, ...], browser: Browser
) -> None:
    """See the pictures: tests/artifacts/fleet-light.png, fleet-dark.png, fleet-phone.png."""
    source = render_fleet(make_fleet(200, days=60), made=UNTIL)
    if width < 500:
        source = browser.framed(source, width, height)
    browser.picture(source, ARTIFACTS / f"{name}.png", width, height, *more)


@pytest.mark.parametrize("name", PRINTED)
@pytest.mark.parametrize("sheet", SHEETS)
def test_it_prints(sheet: str, name: str, browser: Browser) -> None:
    """It prints on both sizes of paper within the margins, with a table head on every sheet; see tests/artifacts/page-A4-1.png and fleet-A4-1.png."""
    need("pdftoppm", "pdftotext")
    # The size of the paper is for the printer to say: here the page says it, and its policy would not let it.
    source = PRINTED[name]().replace("@page {", f"@page {{ size: {sheet};")
    source = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", source)
    for old in ARTIFACTS.glob(f"{name}-{sheet}*"):
        old.unlink()
    pdf = ARTIFACTS / f"{name}-{sheet}.pdf"
    browser.printed(source, pdf)
    subprocess.run(["pdftoppm", "-r", "70", "-png", pdf, pdf.with_suffix("")], check=True)
    boxes = subprocess.run(
        ["pdftotext", "-bbox", pdf, "-"], capture_output=True, text=True, check=True
    ).stdout
    wide, high = SHEETS[sheet]
    sheets = re.findall(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', boxes, re.DOTALL)
    assert {(round(float(w)), round(float(h))) for w, h, _ in sheets} == {(wide, high)}
    assert 4 <= len(sheets) <= 8
    words = re.findall(r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)"', boxes)
    assert min(float(left) for left, *_ in words) >= 20
    assert max(float(right) for _, _, right, _ in words) <= wide - 20
    text = subprocess.run(
        ["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True
    ).stdout
    # Each sheet that goes on with the days or the list begins with the head of its table.
    for sheet_text in text.split("\f"):
        first = next((line for line in sheet_text.splitlines() if line.strip()), "")
        if re.match(r"\s*((Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d|station-\d+ +(CareLink|Contour|\d))", first):
            pytest.fail(first)
