"""What is shipped besides the program: the man page, the completions of three shells, and all of it in the wheel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests import PROJECT
from tests.rig.shell import SHELLS, Fish, Typed
from tests.rig.tools import need
from tests.unit.test_documents import COMMANDS
from tests.unit.test_shipped import METAINFO
from tools import documents
from tools.documents import grammar
from unplugd import __version__
from unplugd.config.checks import CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT = PROJECT
PLACES = tuple(documents.make_documents())
PAGE = ROOT / "share/man/man1/unplugd.1"
NAMES = ("a journal.jsonl", "another.jsonl")
"""Files in the folder where people press Tab."""


def choices(command: str, option: str) -> set[str]:
    """Return what the option takes."""
    (action,) = [action for action in COMMANDS[command]._actions if option in action.option_strings]
    return set(map(str, action.choices or ()))


def options(command: str) -> set[str]:
    """Return the long options of a command."""
    every = {name for action in COMMANDS[command]._actions for name in action.option_strings}
    return {name for name in every if name.startswith("--")}


OFFERED = {
    "unplugd se": {"service"},
    "unplugd service in": {"install"},
    "unplugd service ": {name.split()[2] for name in COMMANDS if name.startswith("unplugd service ")},
    "unplugd devices ": {"learn"},
    "unplugd devices --json l": {"learn"},
    "unplugd log --format ": choices("unplugd log", "--format"),
    "unplugd log --follow --format j": {"jsonl"},
    "unplugd log --format=": choices("unplugd log", "--format"),
    "unplugd log --format=j": {"jsonl"},
    "unplugd service install --dry-run --manager ": {"systemd", "launchd", "windows"},
    "unplugd snooze ": set(grammar.SUGGESTIONS["DURATION"]),
    "unplugd status --": options("unplugd status"),
    "unplugd service install --d": {"--dry-run"},
    "unplugd log ": set(NAMES),
    "unplugd log --last 5 an": {"another.jsonl"},
    "unplugd run --config a\\ ": {"a journal.jsonl"},
    "unplugd log --last ": set(),
}
"""What Tab offers after what was typed, in every shell."""


@pytest.fixture(scope="module", params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typed | Fish]:
    """Yield a shell with the completions, in a folder with some files."""
    folder = tmp_path_factory.mktemp(request.param) / "here"
    folder.mkdir()
    for name in NAMES:
        (folder / name).touch()
    shell = SHELLS[request.param](folder)
    yield shell
    shell.close()


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


def test_groff_has_nothing_to_say_about_the_page() -> None:
    need("groff")
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", str(PAGE)], capture_output=True, text=True, check=True
    )
    assert not done.stderr


def test_desktops_have_nothing_to_say_about_the_entry() -> None:
    need("desktop-file-validate")
    entry = documents.SHARE / "applications/unplugd.desktop"
    done = subprocess.run(["desktop-file-validate", entry], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_software_centers_can_read_the_metainfo() -> None:
    need("appstreamcli")
    done = subprocess.run(
        ["appstreamcli", "validate", "--no-net", documents.SHARE / METAINFO],
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line for line in done.stdout.splitlines() if line.startswith(("E: ", "W: "))]
    # AppStream 1 warns that there is no home page; there is none yet.
    assert [line for line in found if "url-homepage-missing" not in line] == []
    assert "alidation" in done.stdout, done.stderr


def test_the_page_fits_a_terminal(shown: str) -> None:
    """No line is wider than 80 columns, however long a command is."""
    assert max(map(len, shown.splitlines())) <= 80


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


@pytest.mark.parametrize("typed", OFFERED)
def test_tab_offers(typed: str, shell: Typed | Fish) -> None:
    """The right commands, options, values and files, and nothing where nothing is known."""
    offered = {word.removeprefix("--format=") for word in shell.completed(typed)}
    assert offered == OFFERED[typed]


def test_tab_offers_no_files_where_none_are_meant(shell: Typed | Fish) -> None:
    """Nothing, or, as zsh does it, the options."""
    assert shell.completed("unplugd status ") <= {*options("unplugd status"), "-h"}


def test_bash_keeps_the_shell_clean(tmp_path: Path) -> None:
    """The completion adds one function to the person's shell, whatever is completed, and no variable."""
    need("bash")
    script = documents.SHARE / "bash-completion/completions/unplugd"
    listed = "{ compgen -A function; compgen -v; } | sort >"
    typed = "COMP_WORDS=(unplugd log --format x) COMP_CWORD=3 COMPREPLY=(); : | :"
    completed = f"source '{script}'; _unplugd unplugd '' --format"
    code = f"{typed}; {listed} before; {completed}; {listed} after"
    subprocess.run(["bash", "--norc", "-uc", code], cwd=tmp_path, check=True)
    before, after = ((tmp_path / name).read_text().splitlines() for name in ("before", "after"))
    assert set(after) - set(before) == {"_unplugd"}


def test_the_source_distribution_brings_everything(built: Path) -> None:
    """Packagers of systems build from it and run its tests."""
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as brought:
        names = {name.partition("/")[2] for name in brought.getnames()}
    assert {f"share/{place}" for place in (*PLACES, METAINFO)} <= names
    assert "tools/documents/__main__.py" in names


def test_the_wheel_brings_everything(built: Path) -> None:
    """The man page, the completions, and the templates of the service."""
    (wheel,) = built.glob("*.whl")
    templates = [
        file
        for file in (ROOT / "service/unplugd_service").iterdir()
        if file.is_file() and file.suffix != ".py"
    ]
    assert templates
    with zipfile.ZipFile(wheel) as brought:
        for place in (*PLACES, METAINFO):
            packed = brought.read(f"unplugd-{__version__}.data/data/share/{place}")
            assert packed == (documents.SHARE / place).read_bytes()
        for template in templates:
            assert brought.read(f"unplugd_service/{template.name}") == template.read_bytes()


def test_an_installed_page_is_found_by_man(built: Path, tmp_path: Path) -> None:
    """It comes to where man looks below the folder that the program is installed in."""
    need("man")
    (wheel,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    where = ["--no-deps", "--no-index", "--no-compile", "--ignore-installed", "--prefix", str(tmp_path)]
    subprocess.run([*pip, *where, str(wheel)], check=True)
    found = subprocess.run(
        ["man", "--where", "unplugd"],
        env={"PATH": os.environ["PATH"], "MANPATH": str(tmp_path / "share/man")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == str(tmp_path / "share/man/man1/unplugd.1")
