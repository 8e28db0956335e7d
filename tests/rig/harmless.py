"""What is harmless where it goes: a terminal, a program that reads JSON, a spreadsheet, a browser."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import unicodedata
from typing import Any, Final

from tests.rig.tree import EMPTY, Tree
from unplugd.cli import csv_table, log_csv

TAGS: Final = frozenset(
    [
        "html",
        "head",
        "meta",
        "link",
        "title",
        "style",
        "body",
        "a",
        "header",
        "p",
        "h1",
        "h2",
        "h3",
        "dl",
        "div",
        "dt",
        "dd",
        "nav",
        "ul",
        "li",
        "main",
        "section",
        "footer",
        "blockquote",
        "small",
        "strong",
        "span",
        "b",
        "bdi",
        "br",
        "kbd",
        "data",
        "time",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "details",
        "summary",
        "svg",
        "defs",
        "pattern",
        "path",
        "g",
        "circle",
        "rect",
        "line",
        "text",
        "use",
    ]
)
"""The elements of a report's page."""
ATTRIBUTES: Final = frozenset(
    [
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "rel",
        "href",
        "class",
        "id",
        "tabindex",
        "aria-labelledby",
        "aria-label",
        "aria-hidden",
        "role",
        "scope",
        "colspan",
        "hidden",
        "value",
        "datetime",
        "data-outcome",
        "open",
        "width",
        "height",
        "viewbox",
        "preserveaspectratio",
        "patternunits",
        "d",
        "x",
        "x1",
        "x2",
        "y",
        "y1",
        "y2",
        "cx",
        "cy",
        "r",
        "text-anchor",
        "transform",
    ]
)
NUMBER: Final = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")
_OBEYED: Final = re.compile(r"[^\n\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff]")


def on_terminal(text: str) -> None:
    """Fail where a terminal would do something else than show letters and begin lines."""
    for character in set(_OBEYED.findall(text)):
        category = unicodedata.category(character)
        assert not category.startswith("C"), f"{character!r} ({category}) is for a terminal to obey"


def as_json(text: str) -> Any:
    """Return what strict JSON holds: no NaN, and nothing beyond ASCII."""

    def refuse(word: str) -> Any:
        raise AssertionError(f"{word} is no JSON")

    assert text.isascii()
    on_terminal(text)
    return json.loads(text, parse_constant=refuse)


def as_json_lines(text: str) -> list[Any]:
    """Return what strict JSON Lines hold: an object each."""
    # Spaces between words are left as they are.
    found = [as_json(line) for line in text.replace("\t", " ").split("\n")[:-1]]
    assert all(isinstance(one, dict) for one in found)
    assert not text or text.endswith("\n")
    return found


def as_table(text: str, columns: tuple[str, ...] = log_csv.COLUMNS) -> list[dict[str, str]]:
    """Return the rows of a strict CSV with these columns, in which a spreadsheet computes nothing."""
    on_terminal(text.replace("\r\n", "\n"))
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows = list(reader)
    assert tuple(reader.fieldnames or ()) == columns
    for row in rows:
        assert list(row) == list(columns)
        for cell in row.values():
            assert isinstance(cell, str)
            assert len(cell) <= csv_table.MAX_CELL_CHARACTERS + 1
            assert not cell.startswith(csv_table.FORMULA) or NUMBER.fullmatch(cell), f"{cell!r} is a formula"
    return rows


def as_page(source: str) -> Tree:
    """Return the elements of a whole page that loads nothing, runs nothing, and holds only what a report is made of."""
    on_terminal(source)
    source.encode()
    tree = Tree(source)
    titles = [one for one in tree.all("title") if not any(above.tag == "svg" for above in one.ancestors())]
    assert len(tree.all("h1")) == len(titles) == len(tree.all("style")) == 1
    assert "script" not in " ".join(meta.attributes.get("content", "") for meta in tree.all("meta"))
    for one in tree.elements:
        assert one.tag in TAGS, one.tag
        assert set(one.attributes) <= ATTRIBUTES, (one.tag, set(one.attributes) - ATTRIBUTES)
        if "href" in one.attributes:
            assert one.attributes["href"].startswith("#") or one.attributes["href"] == "data:,"
        if one.tag in EMPTY:
            assert not one.children
    return tree


def adds_up(found: dict[str, Any]) -> None:
    """Fail where a report's JSON contradicts itself."""
    for part in (found["total"], *found["days"], *found["devices"], *found["computers"], *found["periods"]):
        for figure in ("plugged_for", "used_for", "unused_for"):
            assert part[figure] >= 0, (figure, part)
        assert math.isclose(
            part["used_for"] + part["unused_for"], part["plugged_for"], abs_tol=2e-3, rel_tol=1e-9
        )
    for parts in ("days", "devices", "computers"):
        for figure in ("periods", "plugged_for", "used_for", "reminders", "uses", "snoozes"):
            total = sum(part[figure] for part in found[parts])
            assert math.isclose(
                total, found["total"][figure], rel_tol=1e-9, abs_tol=1e-3 * (1 + len(found[parts]))
            )
