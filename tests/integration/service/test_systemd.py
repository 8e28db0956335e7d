"""The unit as systemd reads it, and the words for what it says; the service at work is in test_service."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.rig.tools import need
from unplugd_service.program import Program
from unplugd_service.systemd import Systemd

PROGRAM = Program(("/usr/bin/unplugd", "run"), "1.2.3")
UNIT = Systemd({"HOME": "/home/ann"}).render(PROGRAM)


TARGETS = ("basic.target", "shutdown.target", "graphical-session.target")
"""What the unit is started after or stopped before."""


def analyze(tmp_path: Path, *arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze as a user who has no units but these targets: it would find fault with the machine's own."""
    need("systemd-analyze")
    runtime, units = tmp_path / "r", tmp_path / "units"
    runtime.mkdir(mode=0o700, exist_ok=True)
    units.mkdir(exist_ok=True)
    for target in TARGETS:
        (units / target).write_text(f"[Unit]\nDescription={target}\n")
    return subprocess.run(
        ["systemd-analyze", "--user", *arguments],
        env={
            "XDG_RUNTIME_DIR": str(runtime),
            "HOME": str(home or tmp_path),
            "PATH": os.environ["PATH"],
            "SYSTEMD_UNIT_PATH": str(units),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Return the unit as a file, with a program that exists."""
    program = Path(shutil.copy("/bin/true", tmp_path / "unplugd"))
    file = tmp_path / "unplugd.service"
    file.write_text(Systemd({"HOME": str(tmp_path)}).render(Program((str(program), "run"), "1.2.3")))
    return file


def test_systemd_has_nothing_to_say_of_the_unit(unit: Path, tmp_path: Path) -> None:
    """`systemd-analyze verify` says nothing at all: it exits with 0 also where it warns of a value."""
    done = analyze(tmp_path, "verify", str(unit))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_verify_would_say_something(unit: Path, tmp_path: Path) -> None:
    """The test above can fail: an unknown value is said, with exit status 0."""
    unit.write_text(unit.read_text().replace("Type=notify", "Type=nonsense"))
    assert "nonsense" in analyze(tmp_path, "verify", str(unit)).stderr


def test_other_units_do_not_matter(unit: Path, tmp_path: Path) -> None:
    """Two notification servers that the person's desktop starts, of which systemd refuses one, are none of its business."""
    wanted = tmp_path / ".config/systemd/user/graphical-session.target.wants"
    wanted.mkdir(parents=True)
    for name in ("one.service", "two.service"):
        server = "[Service]\nType=dbus\nBusName=org.freedesktop.Notifications\nExecStart=/bin/true\n"
        (wanted.parent / name).write_text(server)
        (wanted / name).symlink_to(wanted.parent / name)
    assert analyze(tmp_path, "verify", str(unit)).stderr == ""


def test_the_hardening_does_not_blind(unit: Path, tmp_path: Path) -> None:
    """Everything that brings a namespace is left out; what is left brings the exposure below six."""
    done = analyze(tmp_path, "security", "--offline=true", "--no-pager", str(unit))
    score = re.search(r"exposure level for unplugd.service: (\d+\.\d)", done.stdout)
    assert score, done
    assert float(score[1]) < 6.0
    settings = [line.partition("=")[0] for line in UNIT.splitlines() if re.match(r"\w+=", line)]
    blinding = re.compile(
        r"Private|Protect|Capab|ReadOnlyP|ReadWriteP|InaccessibleP|NoExecP|TemporaryF|Bind|Root|DynamicU|ProcSubset|Mount"
    )
    assert not [name for name in settings if blinding.match(name)]


@pytest.mark.parametrize("name", ["b $HOME %h %i in; ü", "an \"h\" 'q' \\x \x01"])
def test_systemd_reads_the_same_words(name: str, tmp_path: Path) -> None:
    """The real parser agrees: it looks for exactly this program, and finds fault with nothing else."""
    home = tmp_path / name
    folder = home / name
    folder.mkdir(parents=True)
    missing = str(folder / "not there")
    file = tmp_path / "unplugd.service"
    file.write_text(Systemd({"HOME": str(home)}).render(Program((missing, "run"), "1.2.3")))
    if "\x01" not in name:
        assert (
            f"Command {missing} is not executable: No such file or directory"
            in analyze(tmp_path, "verify", str(file), home=home).stderr
        )
    Path(shutil.copy("/bin/true", missing)).chmod(0o755)
    done = analyze(tmp_path, "verify", str(file), home=home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
