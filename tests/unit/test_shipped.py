"""What is shipped besides the program: it is complete and up to date."""

from __future__ import annotations

import re

import pytest

from tests import PROJECT
from tools import documents
from tools.documents.manual import ENVIRONMENT
from tools.documents.windows_icon import make_icon
from unplugd_service.icon import ICON, WINDOWS_ICON

ROOT = PROJECT
PLACES = tuple(documents.make_documents())


@pytest.mark.parametrize("place", PLACES)
def test_what_is_shipped_is_what_the_grammar_says(place: str) -> None:
    """No command, option or setting is missing because somebody forgot to write these files again."""
    file = documents.SHARE / place
    if not file.exists() or file.read_text() != documents.make_documents()[place]:
        pytest.fail(f"share/{place} is out of date; to write it again: make documents", pytrace=False)


def test_the_icon_of_windows_is_the_drawing() -> None:
    """A change of the icon is seen in Windows' taskbar, too."""
    if WINDOWS_ICON.read_bytes() != make_icon(ICON.read_text()):
        pytest.fail("unplugd.ico is out of date; to write it again: make documents", pytrace=False)


SCHEMAS = ("doc/unplugd/report.schema.json", "doc/unplugd/report-on-many.schema.json")
"""Written by hand; tested where the reports are."""
METAINFO = "metainfo/local.unplugd.unplugd.metainfo.xml"
"""Written by hand; tested by AppStream."""

EXAMPLES = {
    f"doc/unplugd/examples/{name}"
    for name in (
        "rsyslog-collector.conf",
        "rsyslog-rewind",
        "rsyslog-service.conf",
        "rsyslog-station.conf",
        "unplugd-metrics.conf",
        "unplugd-metrics@.service",
        "unplugd-metrics@.timer",
        "unplugd.rules.yml",
    )
}
"""Written by hand; tested in tests/integration/stations."""


def test_nothing_else_is_shipped() -> None:
    kept = {str(file.relative_to(documents.SHARE)) for file in documents.SHARE.rglob("*") if file.is_file()}
    assert kept == {*PLACES, *SCHEMAS, METAINFO, *EXAMPLES}


def test_the_page_names_the_variables_that_are_read() -> None:
    """Each variable of the environment that the program reads is explained, and no other."""
    sources = [file for root in ("daemon", "service") for file in (ROOT / root).rglob("*.py")]
    read = {
        name
        for file in sources
        for name in re.findall(
            r"(?:environ(?:ment)?(?:\.get\(|\[)|\bfind_folder\()\s*[\"']([A-Z_]+)[\"']", file.read_text()
        )
    }
    explained = {name for names in ENVIRONMENT for name in names.split(", ")}
    assert explained == read
