"""A user who runs commands in this process."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import tomllib  # noqa: F401 - see as_nobody
import unicodedata
from typing import TYPE_CHECKING, Any

import psutil  # noqa: F401 - see as_nobody
import pytest

import unplugd.watch.daemon
from tests.rig.daemon import Done
from tests.rig.home import move_in
from unplugd.cli import dispatch
from unplugd.paths import Paths, find_paths

if sys.platform == "linux":
    import unplugd.platforms.linux.platform  # noqa: F401 - see as_nobody

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


NOBODY = 65534


class Shell:
    """A user with folders of their own, who runs commands in this process: `main` is all that the command is."""

    def __init__(self, home: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self.where: Paths = find_paths()
        self._capture = capture

    def run(self, *arguments: str) -> Done:
        """Run a command, and see that it keeps the promises that every command makes."""
        mask = os.umask(0o022)
        self._capture.readouterr()
        try:
            code = dispatch.main(arguments)
        except SystemExit as end:
            code = int(str(end.code))
        finally:
            os.umask(mask)
        done = Done(code, *map(tell_as_on_linux, self._capture.readouterr()))
        assert "Traceback" not in done.stderr
        if code == 1 and done.stderr:
            *said, hint = done.stderr.splitlines()
            assert hint.startswith("hint: ")
            assert said
        if code == 2:
            assert done.stderr.startswith("usage: unplugd")
        # A table has the line ends, and may have the mark, that spreadsheets want.
        assert harmless(done.stdout.removeprefix("\ufeff").replace("\r\n", "\n") + done.stderr)
        return done

    def configure(self, text: str | bytes) -> None:
        self.where.configuration.mkdir(parents=True, exist_ok=True)
        self.where.config.write_bytes(text if isinstance(text, bytes) else text.encode())

    def journal(self, *lines: str | bytes | dict[str, Any], name: str = "events.jsonl") -> Path:
        """Write a journal of these lines."""
        self.where.state.mkdir(parents=True, exist_ok=True)
        file = self.where.state / name
        raw = [
            json.dumps(one).encode()
            if isinstance(one, dict)
            else one
            if isinstance(one, bytes)
            else one.encode()
            for one in lines
        ]
        file.write_bytes(b"".join(line + b"\n" for line in raw))
        return file


def tell_as_on_linux(text: str) -> str:
    """Return what a command says with the folders of Linux, so that no test needs to know those of Windows."""
    folders = {"Roaming": "~/.config", "Local": "~/.local/state"}
    return re.sub(
        r"~\\AppData\\(Roaming|Local)((?:\\[\w.]+)*)",
        lambda found: folders[found[1]] + found[2].replace("\\", "/"),
        text,
    )


def harmless(text: str) -> bool:
    """Whether a terminal shows this text and does nothing else."""
    return not any(unicodedata.category(character)[0] == "C" for character in text.replace("\n", ""))


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    """Return a user at home."""
    for name in [name for name in os.environ if name.startswith("UNPLUGD_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home-of-ann"
    home.mkdir()
    move_in(home, monkeypatch)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return Shell(home, capfd)


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Have no rights to the user's files, for which root has to become somebody else; what is imported later fails."""
    myself = os.geteuid()
    os.seteuid(myself or NOBODY)
    try:
        yield
    finally:
        os.seteuid(myself)
