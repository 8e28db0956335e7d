"""The page for people with disabilities, by axe-core, and in each language: nothing violated, nothing cut off."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.rig import sample_report
from tests.rig.devtools import DevTools
from tests.rig.fleet_maker import UNTIL, make_fleet
from tests.rig.tools import need_font
from unplugd.html_report.fleet_page import render_fleet
from unplugd.html_report.page import render_page
from unplugd.languages import language as languages
from unplugd.review.fleet import Trouble
from unplugd.review.fleet_wording import TROUBLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unplugd.review.figures import Report

LANGUAGES = {tag: language for tag in languages.LANGUAGES if (language := languages.load_language(tag))}
"""The languages that are translated; the page is checked in each."""
WIDTHS = (1100, 320)
TAGS = (
    "wcag2a",
    "wcag2aa",
    "wcag21a",
    "wcag21aa",
    "wcag22a",
    "wcag22aa",
    "best-practice",
)
UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
RUN = "axe.run(document, {options}).then((found) => ({{passed: found.passes.length, violations: found.violations}}))"
CUT = """((mayEnd) => {
  const hides = (one) => getComputedStyle(one).overflow !== "visible";
  const isHidden = (one) => one.closest(".unseen, .skip") || getComputedStyle(one).clipPath === "inset(50%)";
  const reaches = (inner, outer) => inner.left < outer.left - 1 || inner.top < outer.top - 1
    || inner.right > outer.right + 1 || inner.bottom > outer.bottom + 1;
  const isCut = (one) => {
    if (one instanceof SVGTextElement) {
      const drawing = one.ownerSVGElement;
      return hides(drawing) && reaches(one.getBoundingClientRect(), drawing.getBoundingClientRect());
    }
    const { webkitLineClamp, lineHeight } = getComputedStyle(one);
    const ends = mayEnd && one.clientHeight === webkitLineClamp * parseFloat(lineHeight);
    return !(one instanceof SVGElement) && hides(one) && !ends
      && (one.scrollHeight > one.clientHeight || one.scrollWidth > one.clientWidth);
  };
  return [...document.body.querySelectorAll("*")]
    .filter((one) => one.checkVisibility() && one.textContent.trim() && !isHidden(one) && isCut(one))
    .map((one) => one.textContent);
})"""
"""The texts that are cut off by what they are in: an element that hides its overflow, or a drawing that does.

With `mayEnd`, a text may end in dots where its lines are limited. What is for screen readers only is cut off on purpose.
"""
JAPANESE = ("看護ステーション第三検査室", "血糖測定器ＵＳＢ・予備・グルコース鱗鬱")


@pytest.fixture
def devtools(tmp_path: Path) -> Iterator[DevTools]:
    """Yield a browser."""
    browser = DevTools(tmp_path)
    yield browser
    browser.close()


def find_axe() -> str:
    """Return axe-core's script; skips where it is not installed."""
    spec = find_spec("axe_playwright_python")
    if spec is None or not spec.origin:
        pytest.skip("needs axe-core: make .venv/installed-for-tests")
    return Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8")


def render(language: str, report: Report) -> str:
    """Return the page of a report in a language."""
    return render_page(report, made=report.until + 3600, language=LANGUAGES[language])


def find_violations(devtools: DevTools, axe: str) -> list[tuple[str, str]]:
    """Return each violated rule with the element; the page that is open is unfolded before."""
    devtools.evaluate(UNFOLD)
    devtools.evaluate(axe)
    options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    found: dict[str, Any] = devtools.evaluate(RUN.format(options=json.dumps(options)))
    assert found["passed"] > 30
    return [(rule["id"], node["html"]) for rule in found["violations"] for node in rule["nodes"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_violates_no_rule(language: str, devtools: DevTools) -> None:
    """WCAG 2.0 to 2.2, A and AA, and best practice: unfolded, light and dark, wide and on a phone, nothing is violated or cut."""
    check(devtools, render(language, sample_report.home_month()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_on_many_computers_violates_no_rule(language: str, devtools: DevTools) -> None:
    """The same for the page on many computers."""
    fleet = make_fleet(40, days=60)
    hosts = tuple(one.host for one in fleet.computers)
    trouble = tuple(Trouble(kind, hosts) for kind in TROUBLE)
    check(devtools, render_fleet(replace(fleet, trouble=trouble), made=UNTIL, language=LANGUAGES[language]))


def check(devtools: DevTools, source: str) -> None:
    """Assert that no rule is violated and nothing cut: light and dark, wide and on a phone."""
    axe = find_axe()
    for width in WIDTHS:
        for dark in (False, True):
            devtools.opened(source, width, dark=dark)
            assert find_violations(devtools, axe) == [], (width, dark)
            assert devtools.evaluate("document.documentElement.scrollWidth") == width
            assert devtools.evaluate(f"{CUT}(false)") == [], (width, dark)


@pytest.mark.parametrize("language", LANGUAGES)
def test_japanese_names_are_drawn_whole(language: str, devtools: DevTools) -> None:
    """The names of computers, devices and programs may be Japanese: no glyph is missing or cut, at any width."""
    need_font("ja")
    host, device = JAPANESE
    report = sample_report.clinic(14)
    periods = [replace(period, host=host, name=device) for period in report.periods]
    report = sample_report.report_of(periods, report.since, report.until)
    source = render(language, report)
    for width in WIDTHS:
        devtools.opened(source, width)
        devtools.evaluate(UNFOLD)
        assert devtools.evaluate(f"{CUT}(true)") == []
        assert devtools.evaluate("document.documentElement.scrollWidth") == width
    assert source.count(device) > 10


def test_what_is_violated_or_cut_is_found(devtools: DevTools) -> None:
    """The checks find a picture without a text, a faint text, and glyphs that are cut in a line and in a drawing."""
    axe = find_axe()
    source = render("en", sample_report.one_day())
    faults = (
        '<p><img src="data:,"></p><p style="color:#bbb;background:#fff">faint</p>'
        '<p style="overflow:hidden;height:.8em;line-height:.8em">漢字</p>'
        '<p style="display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:1;overflow:hidden;padding-bottom:4px">'
        "下<br>半</p>"
        '<svg style="overflow:hidden" width="40" height="8" role="img" aria-label="drawn"><text y="8" font-size="20">鱗</text></svg>'
    )
    devtools.opened(source.replace("</main>", f"{faults}</main>"), 1100)
    assert {rule for rule, _ in find_violations(devtools, axe)} == {"color-contrast", "image-alt"}
    assert devtools.evaluate(f"{CUT}(true)") == ["漢字", "下半", "鱗"]
