"""Windows, as far as Wine is one, with the checkout's wheel installed for Windows' own Python.

What Python writes has to go to a pipe: Wine gives it a file that it cannot use. What Windows shares between programs
runs before them, since it would keep the pipe of the first one open.

Run by itself it is that Python, in the current folder: python -m tests.rig.wine -m pytest tests/unit
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path, PureWindowsPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from tests.rig.cache import REPOSITORY
from tests.rig.desktop import Screen
from tests.rig.tools import need
from tests.rig.wait import GIVE_UP
from tests.rig.wine_parts import find_parts, find_wine, find_wineserver, make_environment, run_without_pipes
from tests.rig.zone import MACHINE
from unplugd.rules.uploaders import BUILT_IN, Program, find_uploader

if TYPE_CHECKING:
    from collections.abc import Mapping

GIVEN = "GIVEN_"
"""Wine sets some variables itself, whatever it was given: with this before its name, one is set again by Python."""
SET_AGAIN = f"""import os
for name in [name for name in os.environ if name.startswith("{GIVEN}")]:
    os.environ[name.removeprefix("{GIVEN}")] = os.environ.pop(name)
# Wine has set the time zone by it; Windows' Python would take it for one in another form.
if os.environ.pop("TZ", ""):
    import ctypes
    ctypes.CDLL("ucrtbase.dll")["_tzset"]()
"""
LEFT_ALONE = 60
"""Seconds after its last program that such a machine ends if the tests were killed."""


class Windows:
    """A machine of its own: a registry, a drive C:, programs that see no other machine's; Z: is this machine's root."""

    def __init__(self, folder: Path, screen: Screen) -> None:
        """`folder` is an empty one for it; without a screen no program there could make a window."""
        if not find_wine():
            need("wine64")
        self._wine = find_wine() or ""
        python, prefix = find_parts()
        self.python = folder / "python"
        self.prefix = folder / "prefix"
        _link_python(python, self.python)
        _link_prefix(prefix, self.prefix)
        _install_checkout(folder, self.python)
        self.screen = screen
        self.environment = {**make_environment(self.prefix, folder), "DISPLAY": screen.display}
        # The second one is there for the services, which it starts.
        for command in ([find_wineserver(), f"-p{LEFT_ALONE}"], [self._wine, "cmd.exe", "/c", "exit"]):
            run_without_pipes(command, self.environment)

    def command(self, *arguments: str, program: str = "python.exe") -> list[str]:
        """Return the command of this machine for Windows' Python, or for a copy of it that has another name."""
        return [self._wine, str(self.python / program), *arguments]

    def make_profile(self, folder: Path) -> dict[str, str]:
        """Return the environment of a person whose files are in `folder`, which is made."""
        places = {
            "USERPROFILE": folder,
            "APPDATA": folder / "AppData/Roaming",
            "LOCALAPPDATA": folder / "AppData/Local",
            "TEMP": folder / "AppData/Local/Temp",
            "TMP": folder / "AppData/Local/Temp",
        }
        for place in places.values():
            place.mkdir(parents=True, exist_ok=True)
        return {f"{GIVEN}{name}": windows_path(place) for name, place in places.items()}

    def start(
        self,
        *arguments: str,
        environment: Mapping[str, str] = {},
        cwd: Path | None = None,
        program: str = "python.exe",
    ) -> subprocess.Popen[str]:
        """Start Windows' Python with pipes, as UTF-8; killing it kills the program there.

        It must not be called as real upload software is: tests of the running program, which run at the same time,
        would see it among this machine's processes.
        """
        if uploader := find_uploader(Program(program, "", (program, *arguments)), BUILT_IN):
            pytest.fail(f"{program} would be taken for {uploader.name} by the tests of the running program")
        return subprocess.Popen(
            self.command(*arguments, program=program),
            env={**self.environment, **environment},
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def run(
        self, *arguments: str, environment: Mapping[str, str] = {}, cwd: Path | None = None, given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run Windows' Python to its end, with `given` as its input."""
        with self.start(*arguments, environment=environment, cwd=cwd) as process:
            try:
                output, errors = process.communicate(given, GIVE_UP)
            finally:
                process.kill()
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

    def run_program(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program of Windows' own to its end."""
        return subprocess.run(
            [self._wine, *command],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=GIVE_UP,
            check=False,
        )

    def close(self) -> None:
        """End every program there."""
        subprocess.run([find_wineserver(), "-k"], env=self.environment, check=False)
        subprocess.run([find_wineserver(), "-w"], env=self.environment, check=False)


def windows_path(path: Path) -> str:
    """Return what a program there calls a path of this machine."""
    return str(PureWindowsPath("Z:", path))


def _link_python(python: Path, target: Path) -> None:
    packages = target / "Lib/site-packages"
    packages.mkdir(parents=True)
    for file in (python / "python").iterdir():
        (target / file.name).symlink_to(file)
    for file in (python / "packages").iterdir():
        (packages / file.name).symlink_to(file)
    (packages / "sitecustomize.py").write_text(SET_AGAIN)


def _link_prefix(prefix: Path, target: Path) -> None:
    """Make a prefix that has its own registry and people; what is installed is that of `prefix`."""
    (target / "dosdevices").mkdir(parents=True)
    (target / "dosdevices/c:").symlink_to("../drive_c")
    (target / "dosdevices/z:").symlink_to("/")
    (target / "drive_c").mkdir()
    for part in (prefix / "drive_c").iterdir():
        if part.name == "users":
            shutil.copytree(part, target / "drive_c/users", symlinks=True)
        else:
            (target / "drive_c" / part.name).symlink_to(part)
    for file in (*prefix.glob("*.reg"), prefix / ".update-timestamp"):
        shutil.copy(file, target)


def _install_checkout(folder: Path, python: Path) -> None:
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    build = ("wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={folder}")
    subprocess.run([*pip, *build, str(REPOSITORY)], check=True)
    packages = python / "Lib/site-packages"
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(packages)
    # Where pip puts the man page and the like.
    shared = next(packages.glob("*.data"))
    shutil.copytree(shared / "data", python, dirs_exist_ok=True)
    shutil.rmtree(shared)


def main(arguments: list[str]) -> int:
    """Run Windows' Python with `arguments`, and return its exit status."""
    screen = Screen("1024x768")
    with TemporaryDirectory(prefix="unplugd-windows-") as name:
        windows = Windows(Path(name), screen)
        environment = {**windows.environment, **windows.make_profile(Path(name) / "profile")}
        environment |= {name: value for name, value in os.environ.items() if name.startswith("UNPLUGD_")}
        environment["TZ"] = MACHINE
        # Tests read and write files as UTF-8 without saying so.
        environment["PYTHONUTF8"] = "1"
        try:
            with subprocess.Popen(
                windows.command(*arguments),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ) as process:
                assert process.stdout
                assert process.stderr
                passing = threading.Thread(
                    target=shutil.copyfileobj, args=(process.stderr, sys.stderr.buffer, 1)
                )
                passing.start()
                for line in process.stdout:
                    sys.stdout.buffer.write(line)
                    sys.stdout.buffer.flush()
                passing.join()
            return process.returncode
        finally:
            windows.close()
            screen.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
