"""What is shipped besides the program: the man page, the completions of three shells, and all of it in the wheel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests import PROJECT
from tests.rig.tools import need
from tests.unit.test_documents import COMMANDS
from tools import documents
from tools.documents.manual import ENVIRONMENT
from unplugd.config.checks import CHECKS

if TYPE_CHECKING:
    from pathlib import Path

ROOT = PROJECT
PLACES = tuple(documents.make_documents())
PAGE = ROOT / "share/man/man1/unplugd.1"


def options(command: str) -> set[str]:
    """Return the long options of a command."""
    every = {name for action in COMMANDS[command]._actions for name in action.option_strings}
    return {name for name in every if name.startswith("--")}


@pytest.fixture(scope="module")
def shown() -> str:
    """Return the man page as a terminal of 80 columns shows it."""
    need("man")
    done = subprocess.run(
        ["man", "--warnings", "--local-file", str(PAGE)],
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANWIDTH": "80"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the wheel and the source distribution of this tree, built without a network."""
    folder = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("place", PLACES)
def test_what_is_shipped_is_what_the_grammar_says(place: str) -> None:
    """No command, option or setting is missing because somebody forgot to write these files again."""
    file = documents.SHARE / place
    if not file.exists() or file.read_text() != documents.make_documents()[place]:
        pytest.fail(f"share/{place} is out of date; to write it again: make documents", pytrace=False)


SCHEMA = "doc/unplugd/report.schema.json"
"""Written by hand; tested where the report is."""


def test_nothing_else_is_shipped() -> None:
    kept = {str(file.relative_to(documents.SHARE)) for file in documents.SHARE.rglob("*") if file.is_file()}
    assert kept == {*PLACES, SCHEMA}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_is_in_the_page(command: str, shown: str) -> None:
    """A command has its heading, and its options stand below that, or below that of the command it belongs to."""
    assert re.search(rf"(?m)^ +{command}\b(?! [a-z])", shown)
    top = " ".join(command.split()[:2])
    section = re.split(rf"(?m)^   {top}\b", shown)[1]
    section = re.split(r"(?m)^(?:   )?\w", section)[0]
    for name in options(command) - {"--help"}:
        assert re.search(rf"(?m)^ +{name}\b", section), name


def test_the_general_options_are_in_the_page(shown: str) -> None:
    assert "-h, --help" in shown
    assert "--version" in shown


def test_every_setting_is_in_the_page(shown: str) -> None:
    section = shown.partition("\nCONFIGURATION\n")[2].partition("\nFILES\n")[0]
    for table, settings in CHECKS.items():
        below = section.partition(f"[{table}]")[2]
        for setting in settings:
            assert f"       {setting} = " in below, f"{table}.{setting}"


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


def test_the_source_distribution_brings_everything(built: Path) -> None:
    """Packagers of systems build from it and run its tests."""
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as brought:
        names = {name.partition("/")[2] for name in brought.getnames()}
    assert {f"share/{place}" for place in PLACES} <= names
    assert "tools/documents/__main__.py" in names
