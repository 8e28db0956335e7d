"""Upload software that runs on Windows."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.rig.wine import windows_path

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.rig.windows_desktop import Program
    from tests.rig.wine import Windows

WAITS = "print(flush=True)\ninput()\n"
# No real upload software: see `Windows.start`.
JAVA = ("Clinic Uploader", ["java:clinic.jar", "javaw:clinic.jar"])
NAMED = ("Clinic Uploader", ["Clinic Uploader"])


@pytest.fixture
def start(windows: Windows, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Start Windows' Python under another name, with a script that waits."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str, *arguments: str, script: str = "script.py") -> None:
        program = windows.python / name
        if not program.exists():
            # Under a link it would have its own name.
            shutil.copy(windows.python / "python.exe", program)
        folder = tmp_path / "A folder"
        folder.mkdir(exist_ok=True)
        (folder / script).write_text(WAITS)
        process = windows.start(windows_path(folder / script), *arguments, program=name)
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "\n"

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_program_is_known_by_its_name(sight: Program, start: Callable[..., None]) -> None:
    """Windows says which programs run and since when; one that has ended is not among them."""
    sight.ask("running", NAMED)
    assert sight.wait_for("running")[0] is None
    start("Clinic Uploader.exe")

    sight.ask("running", NAMED)

    found, now = sight.wait_for("running")
    name, started, process = found
    assert (name, process) == ("Clinic Uploader", "Clinic Uploader.exe")
    assert 0 < started <= now
    sight.ask("running", NAMED)
    assert sight.wait_for("running")[0] == found


def test_a_program_of_java_is_known_by_its_arguments(sight: Program, start: Callable[..., None]) -> None:
    """Another one that Java runs is not upload software, and no argument is in what is found."""
    start("java.exe", script="other.jar")
    sight.ask("running", JAVA)
    assert sight.wait_for("running")[0] is None
    start("javaw.exe", "--password=QSECRETQ", script="clinic.jar")

    sight.ask("running", JAVA)

    found, _ = sight.wait_for("running")
    assert found[::2] == ["Clinic Uploader", "javaw.exe"]
    assert "QSECRETQ" not in str(sight.said)


def test_a_program_can_be_named_with_its_path(
    windows: Windows, sight: Program, start: Callable[..., None]
) -> None:
    """As the configuration has it, with the separators of Windows."""
    start("my-uploader.exe")

    sight.ask("running", ("Mine", [windows_path(windows.python) + r"\my-uploader.exe"]))

    found, _ = sight.wait_for("running")
    assert found[::2] == ["Mine", "my-uploader.exe"]
