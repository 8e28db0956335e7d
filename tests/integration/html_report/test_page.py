"""A large report's page stays small and usable."""

from __future__ import annotations

from tests.rig import sample_report
from tests.rig.tree import Element, Tree
from unplugd.html_report.page import render_page

MEGABYTE = 1e6


def sections(tree: Tree) -> dict[str, Element]:
    """Return the sections by the id of their heading."""
    return {one.attributes["aria-labelledby"]: one for one in tree.all("section")}


def test_three_years_of_five_stations_are_three_megabytes_at_most() -> None:
    """A long report stays usable: the newest days are unfolded, older months folded, and it says what is not listed."""
    report = sample_report.clinic(1096, plug_ins=6)
    source = render_page(report, made=report.until)
    tree = Tree(source)
    assert len(report.periods) > 20_000
    assert len(source.encode()) <= 3 * MEGABYTE
    folds = tree.inside(sections(tree)["days"], "details")
    assert ["open" in one.attributes for one in folds[:3]] == [True, True, False]
    assert len(folds) == 37
    assert sum("open" in one.attributes for one in folds) == 2
    assert "older ones are counted above, but not listed" in sections(tree)["times"].text
