"""A Mac's frameworks that are none: a library over a registry that the test lays out as `ioreg` would print it."""

from __future__ import annotations

import atexit
import os
import plistlib
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from ctypes import CDLL, byref, c_char_p, c_int, c_ssize_t, c_uint32, c_uint64
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.rig.tools import need
from tests.rig.wait import wait_until
from unplugd.platforms.macos.frameworks import Libraries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pytest

FIXTURES = Path(__file__).parent.parent / "macos"
IOREG = Path(__file__).with_name("ioreg")
MATCH, TERMINATE = "IOServiceFirstMatch", "IOServiceTerminate"


@cache
def compiled() -> Path:
    """Compile the library, once."""
    need("gcc")
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    library = folder / "iokit.so"
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-format-truncation"]
    source = Path(__file__).with_suffix(".c")
    subprocess.run(
        ["gcc", "-O", "-shared", "-fPIC", "-pthread", *warnings, "-o", library, source], check=True
    )
    return library


def fixture(name: str) -> list[dict[str, Any]]:
    """Return the entries of a fixture."""
    entries: list[dict[str, Any]] = plistlib.loads((FIXTURES / f"{name}.plist").read_bytes())
    return entries


def answer(entries: Sequence[dict[str, Any]]) -> bytes:
    """Return what ioreg prints of entries: nothing, if there are none."""
    return plistlib.dumps(list(entries)) if entries else b""


class Frameworks:
    """The library of one test: a copy, so that it has a state of its own, and a simulator of `ioreg` beside it."""

    def __init__(self, library: Path, folder: Path) -> None:
        folder.mkdir()
        path = shutil.copy(library, folder / "iokit.so")
        self.libraries = Libraries(str(path), str(path), str(path))
        self.system = str(path)
        self._stand = CDLL(str(path))
        self._stand.stand_trouble.restype = c_char_p
        self._stand.stand_announce.argtypes = [c_char_p, c_uint64]
        self._stand.stand_doom.argtypes = [c_uint64, c_int]
        self._stand.stand_power.argtypes = [c_uint32, c_ssize_t]
        self._text = folder / "registry"
        self.answer = folder / "answer"
        programs = folder / "bin"
        programs.mkdir()
        shutil.copy(IOREG, programs / "ioreg")
        self.environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "IOREG_ANSWER": str(self.answer),
        }
        self.lay()

    def lay(self, *entries: dict[str, Any]) -> None:
        """Have these entries in the registry, for the library and for ioreg."""
        self._text.write_text("".join(_lines(entries, 0)))
        assert not self._stand.stand_registry(str(self._text).encode())
        # In one go, for an ioreg that reads it just now.
        new = self.answer.with_suffix(".new")
        new.write_bytes(answer(entries))
        new.rename(self.answer)

    def plug(self, *entries: dict[str, Any]) -> None:
        """Have these entries in the registry, and announce them."""
        self.lay(*entries)
        for entry in entries:
            self.announce(MATCH, entry["IORegistryEntryID"])

    def unplug(self) -> None:
        """Have nothing in the registry, and announce that something went."""
        self.lay()
        self.announce(TERMINATE, 0)

    def announce(self, what: str, number: int) -> None:
        """Announce an entry; it fails if nobody listens."""
        assert not self._stand.stand_announce(what.encode(), number), "nobody listens"

    def power(self, message: int, argument: int = 0) -> None:
        """Send a message of the power management; it fails if nobody listens."""
        assert not self._stand.stand_power(message, argument), "nobody listens"

    def allowed(self) -> tuple[int, int]:
        """Return how many sleeps were allowed, and which the last."""
        argument = c_ssize_t()
        return self._stand.stand_allowed(byref(argument)), argument.value

    def fail(self, call: str) -> None:
        """Let every call of this function fail; "": none."""
        self._stand.stand_fail(call.encode())

    def doom(self, number: int, calls: int) -> None:
        """Let an entry end, with all below it, once so many more calls have been made on it."""
        self._stand.stand_doom(number, calls)

    @property
    def dooms(self) -> bool:
        """Whether that entry is still there."""
        return bool(self._stand.stand_dooms())

    def disturb(self, count: int) -> None:
        """Let the registry change under the next lists."""
        self._stand.stand_disturb(count)

    def sysctl(self, name: str, value: bytes) -> None:
        """Have one value in the kernel; its `gethostuuid` is 16 bytes."""
        self._stand.stand_sysctl(name.encode(), value, len(value))

    def sit(self, session: Mapping[str, bool | int | str] | None) -> None:
        """Be in a session whose dictionary has these entries, None: in none."""
        kinds = {bool: "B", int: "I", str: "S"}
        lines = [
            f"{kinds[type(value)]} {key}\t{int(value) if isinstance(value, int) else value}\n"
            for key, value in (session or {}).items()
        ]
        self._stand.stand_session(None if session is None else "".join(lines).encode())

    def prefer(self, *languages: str) -> None:
        """Have these languages in the system settings, the preferred one first."""
        self._stand.stand_languages("\n".join(reversed(languages)).encode())

    def wait_for_loop(self) -> None:
        """Wait until a run loop runs."""
        wait_until(self._stand.stand_running, "a run loop")

    def end_loop(self) -> None:
        """End the run loop."""
        self._stand.stand_end()

    @property
    def references(self) -> int:
        """How many references there are to anything."""
        return int(self._stand.stand_references())

    @property
    def trouble(self) -> str:
        """The first call that a real Mac would not have borne."""
        return str(self._stand.stand_trouble().decode())


@contextmanager
def standing_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Frameworks]:
    """Yield a Mac without devices; in the end nothing may be left of what was created, and no call have been wrong."""
    frameworks = Frameworks(compiled(), folder / "mac")
    for name, value in frameworks.environment.items():
        monkeypatch.setenv(name, value)
    yield frameworks
    assert frameworks.trouble == ""
    assert frameworks.references == 0


def _lines(entries: Sequence[dict[str, Any]], depth: int) -> list[str]:
    lines = []
    for entry in entries:
        matched = int(bool(entry.get("IOServiceState", 0x1E) & 4))
        lines.append(f"E {depth} {entry['IORegistryEntryID']} {matched} {entry['IOObjectClass']}\n")
        for key, value in entry.items():
            if key.startswith("IO") and key != "IOUserClientCreator":
                continue
            if isinstance(value, dict):
                lines += [f"O {key}\t{within}\t{int(truth)}\n" for within, truth in value.items()]
            elif isinstance(value, int):
                lines.append(f"I {key}\t{value}\n")
            else:
                lines.append(f"S {key}\t{value}\n")
        lines += _lines(entry.get("IORegistryEntryChildren", []), depth + 1)
    return lines
