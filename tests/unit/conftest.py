"""Unit tests start no process and write nothing outside their temporary folder: a test that does either fails."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.not_on_windows import FILES

if TYPE_CHECKING:
    from collections.abc import Iterator

collect_ignore = list(FILES) if sys.platform == "win32" else []
STARTS = {
    *(
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "os.system",
        "pty.spawn",
    ),
    *("subprocess.Popen", "_winapi.CreateProcess"),
}
"""The audit events of whatever starts a process."""
CHANGES: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.link": ((1, 3),),
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.rmdir": ((0, 1),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "os.utime": ((0, 3),),
}
"""The audit events of whatever changes files: which arguments are the paths, and the folders they are relative to."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
NOT_KEPT = (f"{Path(os.devnull).absolute().as_posix()}/", "/dev/ptmx/", "/dev/pts/", "/dev/tty/")
"""What can be written to, and keeps nothing."""
CACHES = ("/__pycache__/", "/.hypothesis/")
"""Where Python and Hypothesis keep what they need again."""


class Forbidden(Exception):  # noqa: N818 - it says what happened, like KeyboardInterrupt
    """A unit test did what only an integration test may."""


class Guard:
    """Refuse and note each start of a process and each change outside one folder, while it is active."""

    def __init__(self, folder: Path) -> None:
        self.violations: list[str] = []
        self.active = False
        self._folder = f"{folder.resolve().as_posix()}/"

    def check(self, event: str, arguments: tuple[object, ...]) -> None:
        """Raise Forbidden if this audit event is a violation."""
        if not self.active:
            return
        if event in STARTS:
            self.refuse(f"started a process: {' '.join(map(str, (event, *arguments[:1])))}")
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & WRITING:
                self._check_path(event, path, None)
        for path_index, folder_index in CHANGES.get(event, ()):
            folder = None if folder_index is None else arguments[folder_index]
            self._check_path(event, arguments[path_index], folder)

    def refuse(self, violation: str) -> NoReturn:
        """Note a violation and raise it."""
        self.violations.append(violation)
        raise Forbidden(violation)

    def _check_path(self, event: str, path: object, folder: object) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return  # A file descriptor: its path was checked when it was opened.
        above = f"/proc/self/fd/{folder}" if isinstance(folder, int) and folder >= 0 else ""
        changed = Path(above, os.fsdecode(path))
        # A link is itself what is removed or renamed, but only the way to what is written.
        changed = changed.resolve() if event == "open" else changed.parent.resolve() / changed.name
        place = f"{changed.as_posix()}/"
        allowed = place.startswith((self._folder, *NOT_KEPT)) or any(cache in place for cache in CACHES)
        # Where there is no folder, nothing can be changed.
        if not allowed and changed.parent.is_dir():
            self.refuse(f"changed a file outside its temporary folder: {event} {changed}")


@pytest.fixture(scope="session")
def _guard(tmp_path_factory: pytest.TempPathFactory) -> Guard:
    guard = Guard(tmp_path_factory.getbasetemp())
    sys.addaudithook(guard.check)
    return guard


@pytest.fixture(autouse=True)
def guard(_guard: Guard, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guard]:
    """Watch over one test, and fail it even if the code that it tests caught the refusal."""
    # Tests of other folders may follow in the same process, so nothing stays patched.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.getbasetemp()))
        if sys.platform != "win32":
            # What multiprocessing starts is not audited.
            patch.setattr(
                "_posixsubprocess.fork_exec",
                lambda *arguments: _guard.refuse(f"started a process: {arguments[0]}"),
            )
        _guard.active = True
        yield _guard
        _guard.active = False
    violations, _guard.violations = _guard.violations, []
    if violations:
        pytest.fail("\n".join(violations), pytrace=False)


@pytest.fixture
def no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the user database have no entry for this user, as in a container."""

    def fail(_uid: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", fail)
