"""The ways by which a person installs it, each on a clean account; `make install` is test_service's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from hatch_build import LANGUAGES
from tests.rig.pseudo import write_pseudo_source
from tests.rig.user_manager import PROJECT, UserManager
from unplugd.languages.language import load_language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.daemon import Done

TOOLS = Path(sys.executable).parent
VANISHES = (
    "unplugd: unplugd is running from ~/.cache, a temporary folder; the service would stop working once it is emptied\n"
    "hint: install it first (in its folder: make install, or pipx install .), then: unplugd service install\n"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel as it is released."""
    folder = tmp_path_factory.mktemp("wheel")
    folder.chmod(0o755)
    return build_wheel(PROJECT, folder)


def build_wheel(project: Path, folder: Path) -> Path:
    """Build the wheel of a checkout into a folder, and return it."""
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(project)]
    subprocess.run([sys.executable, *build], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture
def manager(tmp_path: Path, wheel: Path) -> Iterator[UserManager]:
    """Yield the service manager of somebody who has just got an account."""
    manager = UserManager(tmp_path / "visitor", expose=[wheel.parent])
    manager.start()
    yield manager
    manager.stop()


def run(manager: UserManager, *command: str | Path) -> Done:
    """Run a command; the tools find the packages where the machine has them."""
    way = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "UV_"))}
    path = f"{manager.home}/.local/bin:{TOOLS}:{manager.environment['PATH']}"
    return manager.run(*command, environment={**way, "PATH": path})


@pytest.mark.parametrize(
    ("install", "uninstall"),
    [
        (("pipx", "install"), ("pipx", "uninstall", "unplugd")),
        (("uv", "tool", "install"), ("uv", "tool", "uninstall", "unplugd")),
    ],
    ids=["pipx", "uv"],
)
def test_installed_by_a_tool(
    manager: UserManager, wheel: Path, install: tuple[str, ...], uninstall: tuple[str, ...]
) -> None:
    """Then the service is one command, and so is the way back."""
    unplugd = manager.home / ".local/bin/unplugd"
    done = run(manager, *install, wheel)
    assert done.code == 0, done
    done = run(manager, unplugd, "service", "install")
    assert done.code == 0, done
    assert "ExecStart=%h/.local/bin/unplugd run\n" in (manager.units / "unplugd.service").read_text()
    entry = manager.home / ".local/share/applications/unplugd.desktop"
    assert f"\nExec={unplugd} report --open\nTryExec={unplugd}\n" in entry.read_text()
    icon = manager.home / ".local/share/icons/hicolor/scalable/apps/unplugd.svg"
    assert icon.read_text().startswith("<svg")
    assert run(manager, unplugd, "service", "status").code == 0
    if install[0] == "pipx":
        assert run(manager, "man", "--where", "unplugd").stdout.endswith("/share/man/man1/unplugd.1\n")
    done = run(manager, unplugd, "service", "uninstall")
    assert done.code == 0, done
    assert run(manager, *uninstall).code == 0
    assert not (manager.units / "unplugd.service").exists()
    assert not entry.exists()
    assert not icon.exists()


@pytest.mark.parametrize(
    "once", [("pipx", "run", "--spec"), ("uv", "tool", "run", "--from")], ids=["pipx", "uv"]
)
def test_run_once_by_a_tool(manager: UserManager, wheel: Path, once: tuple[str, ...]) -> None:
    """What such a tool will throw away is not made a service; the way to install is named."""
    done = run(manager, *once, wheel, "unplugd", "service", "install")
    assert done.code == 1
    assert done.stderr.endswith(VANISHES)
    assert not manager.units.exists()


def test_the_wheel_has_each_finished_translation(tmp_path: Path) -> None:
    """It is compiled when the wheel is built, from a checkout in which nobody has compiled it; a draft is left out."""
    project = tmp_path / "checkout"
    project.mkdir()
    for name in (".gitignore", "LICENSE", "README.md", "hatch_build.py", "pyproject.toml"):
        shutil.copy(PROJECT / name, project)
    for name in ("daemon", "service", "share"):
        shutil.copytree(
            PROJECT / name, project / name, ignore=shutil.ignore_patterns("*.mo", "*.po", "*.pyc")
        )
    languages = project / LANGUAGES
    write_pseudo_source(languages, "sv", fuzzy=False)
    write_pseudo_source(languages, "pl", fuzzy=True)
    with ZipFile(build_wheel(project, tmp_path)) as wheel:
        names = [name for name in wheel.namelist() if name.startswith("unplugd/languages/")]
        wheel.extract("unplugd/languages/sv.mo", tmp_path)
    assert [name for name in names if not name.endswith((".py", ".json"))] == ["unplugd/languages/sv.mo"]
    language = load_language("sv", folder=tmp_path / "unplugd/languages")
    assert language
    assert language.translate("Summary") == "⟦Summary⟧"
