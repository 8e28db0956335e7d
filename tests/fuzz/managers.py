"""What other programs print: systemctl, launchctl and ioreg; and the service files that they have been given."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path
from typing import Final
from unittest import mock

from tests.fuzz.target import SEPARATOR, folder_for, split
from unplugd.platforms.macos import backend, ioreg, owners
from unplugd.rules import uploaders
from unplugd_service import launchd, systemd
from unplugd_service.errors import Failure
from unplugd_service.launchd import Launchd
from unplugd_service.program import Program
from unplugd_service.system import ProgramResult
from unplugd_service.systemd import Systemd
from unplugd_service.systemd_quoting import SHELL, format_command, parse_environment, split_words

RECORDED: Final = Path(__file__).parents[1] / "macos"
PROGRAM: Final = Program(("/bin/true", "run"), "1.2.3")

# --- the words of a command


def find_command_seeds() -> list[bytes]:
    """Return commands with everything that has a meaning somewhere."""
    return [
        b'/opt/a b/$HOME/${x}/%h %%/"q"/\'s\'/back\\slash/\xc3\xbc/tab\t/\x01/a=b\0run\0%h\0$\0"\0\\x41\0;\0 ',
        b"/home/ann/.local/bin/unplugd\0run",
        b"XDG_STATE_HOME=$'/a\\'b\\001\\\\'\nPATH=/bin",
    ]


def take_command(raw: bytes) -> None:
    """Write it for systemd: it is read back as it was; and read it as systemd's, which is never an error."""
    text = os.fsdecode(raw)
    parse_environment(text)
    split_words(text, "/home/ann")
    words = tuple(text.split("\0"))
    if words[0].startswith("/") and words[: len(SHELL)] != SHELL:
        for home in ("", "/home/ann", "/"):
            line = format_command(words, home)
            assert line.isascii()
            assert "\n" not in line
            assert split_words(line, home) == words


# --- the state of the service


@cache
def find_manager_seeds() -> list[bytes]:
    """Return what the managers say of a service that runs, fails or is not there, and the files that they have."""
    environment = b"HOME=/home/ann\nPATH=/bin\n"
    shown = b"LoadState=loaded\nActiveState=active\nSubState=running\nResult=success\nMainPID=77\nUnitFileState=enabled\nNeedDaemonReload=no\nFragmentPath=/home/ann/.config/systemd/user/unplugd.service\n"
    failed = b"LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nResult=exit-code\nMainPID=0\nUnitFileState=disabled\nNeedDaemonReload=yes\n"
    unit = Systemd({"HOME": "/home/ann"}).render(PROGRAM).encode()
    printed = b"gui/501/local.unplugd = {\n\tstate = running\n\n\tpid = 77\n\tlast exit code = 0\n\tevent channels = {\n\t\tpid = 1\n\t}\n}\n"
    disabled = b'\tdisabled services = {\n\t\t"local.unplugd" => disabled\n\t}\n'
    plist = Launchd(Path("/Users/ann"), 501).render(PROGRAM).encode()
    systemd_says = [
        SEPARATOR.join((b"\0", *parts)) for parts in ((environment, shown, unit), (environment, failed, b""))
    ]
    return [
        *systemd_says,
        SEPARATOR.join((b"\0", printed, disabled, plist)),
        SEPARATOR.join((b"q", printed, b"", b"x")),
    ]


def take_manager(raw: bytes) -> None:
    """Ask for the state of the service: there is one, or a failure in one line with a hint."""
    first, one, other, file = split(raw, 4)
    code = first[0] if first else 0
    said = iter(
        (ProgramResult(0, os.fsdecode(one)), ProgramResult(code, os.fsdecode(other), os.fsdecode(other)))
    )

    def run(*_command: str) -> ProgramResult:
        return next(said, ProgramResult(code, os.fsdecode(one)))

    home = folder_for("managers")
    with (
        mock.patch.object(systemd, "run", run),
        mock.patch.object(launchd, "run", run),
        mock.patch.object(shutil, "which", lambda program: program),
    ):
        for manager in (Systemd({"HOME": str(home)}, booted=home), Launchd(home, 501)):
            manager.file.parent.mkdir(parents=True, exist_ok=True)
            manager.file.write_bytes(file)
            try:
                state = manager.inspect(PROGRAM)
            except Failure as failure:
                refusal = failure
            else:
                assert state.process >= 0
                assert all(defect.what and defect.repair for defect in state.defects)
                continue
            assert refusal.hint
            assert "\n" not in str(refusal)


# --- the I/O Registry


@cache
def find_ioreg_seeds() -> list[bytes]:
    """Return recorded answers of ioreg."""
    return [path.read_bytes() for path in sorted(RECORDED.glob("*.plist"))]


def take_ioreg(raw: bytes) -> None:
    """Parse it: devices and who uses them, or the error that is expected."""
    try:
        nodes = ioreg.parse(raw)
    except OSError:
        return
    found = {node.id: node for node in nodes}
    for device in backend.make_devices(nodes):
        owners.make_device_use(device, found[device.address], uploaders.BUILT_IN)
