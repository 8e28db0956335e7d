"""What desktops know unplugd by: the entry, its quoting, and the files in the person's data folder."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from unplugd_service.desktop_entry import render_entry, render_own_entry
from unplugd_service.errors import Failure
from unplugd_service.identity import Identity
from unplugd_service.program import Program
from unplugd_service.system import DryRun, RealSystem

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = Program(("/home/ann/.local/bin/unplugd", "run"), "1.2.3")
ENTRY = "applications/unplugd.desktop"
ICONS = ("icons/hicolor/scalable/apps/unplugd.svg", "icons/hicolor/symbolic/apps/unplugd-symbolic.svg")
PRINTABLE = st.characters(exclude_categories=["C", "Z"], include_characters=" ")


def read_value(entry: str, key: str) -> str:
    """Return a string of an entry as the Desktop Entry Specification reads it."""
    (value,) = [line.partition("=")[2] for line in entry.split("\n") if line.startswith(f"{key}=")]
    return value.replace("\\\\", "\\")


def make(tmp_path: Path) -> tuple[Identity, RealSystem, list[str]]:
    """Return the identity of a person whose data folder is `tmp_path`, and a system with what it told."""
    said: list[str] = []
    return Identity({"XDG_DATA_HOME": str(tmp_path)}), RealSystem(said.append), said


@given(st.text(PRINTABLE, min_size=1))
@example("a b/$HOME/`x`/%h %%/\"q\"/'s'/back\\slash/ü/unplugd")
def test_any_path_survives_the_quoting(path: str) -> None:
    """In Exec= it is quoted, then escaped; in TryExec= it is only escaped."""
    entry = render_entry((f"/{path}", "run"))
    command = read_value(entry, "Exec").removesuffix(" report --open").replace("%%", "%")
    if command.startswith('"'):
        assert re.fullmatch(r'"([^"`$\\]|\\["`$\\])*"', command)
        command = re.sub(r'\\(["`$\\])', r"\1", command[1:-1])
    else:
        assert not set(command) & set(" \t\n\"'\\><~|&;$*?#()`")
    assert command == f"/{path}"
    assert read_value(entry, "TryExec") == f"/{path}"


def test_without_its_own_script() -> None:
    """Then Python starts it, without modules from the current folder."""
    entry = render_entry(("/usr/bin/python3", "-P", "-m", "unplugd", "run"))
    assert read_value(entry, "Exec") == "/usr/bin/python3 -P -m unplugd report --open"
    assert read_value(entry, "TryExec") == "/usr/bin/python3"


@pytest.mark.parametrize("path", ["/a\nb", "/a\udcff", "/a\x1b"])
def test_a_path_that_is_no_text_is_refused(path: str) -> None:
    with pytest.raises(Failure, match="characters that desktop entries cannot have"):
        render_entry((path, "run"))


def test_comes_and_goes(tmp_path: Path) -> None:
    """Installing writes three files, once; uninstalling removes them."""
    identity, system, said = make(tmp_path)
    assert identity.find_defects(PROGRAM)[0].what.startswith("a file by which desktops")
    identity.install(PROGRAM, system)
    identity.install(PROGRAM, system)
    assert len(said) == 3
    assert (tmp_path / ENTRY).read_text() == render_own_entry(PROGRAM)
    assert all((tmp_path / icon).read_text().startswith("<svg") for icon in ICONS)
    assert identity.find_defects(PROGRAM) == []
    assert identity.uninstall(system)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not identity.uninstall(system)


def test_an_upgrade(tmp_path: Path) -> None:
    """An entry or icon of another version is outdated, and replaced."""
    identity, system, _ = make(tmp_path)
    identity.install(PROGRAM, system)
    newer = Program(PROGRAM.command, "1.3.0")
    assert [defect.what for defect in identity.find_defects(newer)] == [
        "its desktop entry differs from what this unplugd would write"
    ]
    icon = tmp_path / ICONS[0]
    content = icon.read_text()
    icon.write_text(content.replace("#ffb300", "#000000"))
    identity.install(newer, system)
    assert identity.find_defects(newer) == []
    assert icon.read_text() == content


def test_what_is_somebody_elses_stays(tmp_path: Path) -> None:
    """Neither replaced nor removed, nor a problem."""
    identity, system, said = make(tmp_path)
    for name in (ENTRY, *ICONS):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("mine")
    identity.install(PROGRAM, system)
    assert len(said) == 1
    assert said[0].endswith("was changed or was not written by unplugd: it is left as it is")
    assert identity.find_defects(PROGRAM) == []
    assert not identity.uninstall(system)
    assert {(tmp_path / name).read_text() for name in (ENTRY, *ICONS)} == {"mine"}


@pytest.mark.parametrize("way", ["pipe", "folder", "device"])
def test_what_is_no_file_stays(tmp_path: Path, way: str) -> None:
    """Nobody waits for what comes out of it."""
    identity, system, said = make(tmp_path)
    for name in (ENTRY, *ICONS):
        place = tmp_path / name
        place.parent.mkdir(parents=True)
        if way == "pipe":
            os.mkfifo(place)
        elif way == "folder":
            place.mkdir()
        else:
            place.symlink_to("/dev/zero")
    identity.install(PROGRAM, system)
    assert len(said) == 1
    assert identity.find_defects(PROGRAM) == []
    assert not identity.uninstall(system)
    assert len(said) == 1


def test_links_of_make_install_stay(tmp_path: Path) -> None:
    """The icons are already there; the entry gets the full path of the program, which may not be on the desktop's PATH."""
    identity, system, _ = make(tmp_path / "data")
    identity.install(PROGRAM, system)
    shipped = tmp_path / "shipped"
    (tmp_path / "data").rename(shipped)
    (shipped / ENTRY).write_text(render_entry(("unplugd", "run")))
    for name in (ENTRY, *ICONS):
        (tmp_path / "data" / name).parent.mkdir(parents=True)
        (tmp_path / "data" / name).symlink_to(shipped / name)
    identity.install(PROGRAM, system)
    assert (tmp_path / "data" / ENTRY).read_text() == render_own_entry(PROGRAM)
    assert (shipped / ENTRY).read_text() == render_entry(("unplugd", "run"))
    assert identity.find_defects(PROGRAM) == []
    assert identity.uninstall(system)
    assert all((tmp_path / "data" / icon).is_symlink() for icon in ICONS)


def test_a_stale_cache_does_not_hide_the_icons(tmp_path: Path) -> None:
    """A theme's cache counts only if it is not older than the theme's folder."""
    identity, system, _ = make(tmp_path)
    cache = tmp_path / "icons/hicolor/icon-theme.cache"
    (cache.parent / "scalable/apps").mkdir(parents=True)
    (cache.parent / "symbolic/apps").mkdir(parents=True)
    cache.touch()
    for path in (cache, cache.parent):
        os.utime(path, (1, 1))
    identity.install(PROGRAM, system)
    assert cache.stat().st_mtime < cache.parent.stat().st_mtime


def test_a_folder_in_the_way_does_not_stop_the_service(tmp_path: Path) -> None:
    """The person is told, and the service is installed all the same."""
    identity, system, said = make(tmp_path)
    (tmp_path / "applications").write_text("in the way")
    identity.install(PROGRAM, system)
    (told,) = said
    assert told.startswith("Desktops will not know unplugd by its name and icon (")


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    """It names each file."""
    identity, _, said = make(tmp_path)
    identity.install(PROGRAM, DryRun(said.append))
    assert not list(tmp_path.iterdir())
    for name in (ENTRY, *ICONS):
        assert any(name in line for line in said)


@pytest.mark.usefixtures("no_account")
def test_without_a_home_folder() -> None:
    """There is nowhere to put it, which is no problem."""
    identity = Identity({})
    identity.install(PROGRAM, DryRun(pytest.fail))
    assert identity.find_defects(PROGRAM) == []
    assert not identity.uninstall(DryRun(pytest.fail))
