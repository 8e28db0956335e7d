"""`ioreg` as a child process: the loop never waits for it."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.rig.iokit import Frameworks, fixture, standing_in
from tests.rig.turning import Clock, turn_once, turn_until
from unplugd.platforms.macos import backend, ioreg
from unplugd.platforms.macos.ioreg import FRESH_SECONDS, TIMEOUT_SECONDS, Ioreg

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Hanging:
    """An ioreg that answers when it is let."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._descriptor = os.open(path, os.O_RDWR)

    def let(self) -> None:
        os.write(self._descriptor, b"\n")

    def close(self) -> None:
        os.close(self._descriptor)


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Frameworks]:
    with standing_in(tmp_path, monkeypatch) as mac:
        yield mac


@pytest.fixture
def hanging(mac: Frameworks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:  # noqa: ARG001 - comes first
    hanging = Hanging(tmp_path / "hang")
    monkeypatch.setenv("IOREG_HANG", str(tmp_path / "hang"))
    yield hanging
    hanging.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def changes() -> list[str]:
    return []


@pytest.fixture
def listing(mac: Frameworks, clock: Clock, changes: list[str]) -> Iterator[Ioreg]:  # noqa: ARG001 - comes first
    """Yield one that has answered once, and is a source of a loop."""
    listing = Ioreg(clock)
    listing.wait()
    listing.listen(lambda: changes.append("changed"))
    clock.now += FRESH_SECONDS
    yield listing
    listing.close()


def ports(listing: Ioreg) -> list[str]:
    return [device.port for device in backend.make_devices(listing.latest())]


def test_the_simulator_knows_one_question(mac: Frameworks) -> None:
    """Anything else is refused, so that a mistake in the arguments cannot pass."""
    for arguments in ([], ["-r"], ["-r", "-c", "IOUSBDevice", "-l", "-w0", "-a"]):
        done = subprocess.run(["ioreg", *arguments], env=mac.environment, capture_output=True, check=False)
        assert done.returncode == 64
        assert b"does not know" in done.stderr


def test_before_there_is_a_loop_the_answer_is_waited_for(mac: Frameworks, clock: Clock) -> None:
    """The first list is right, and so is every one that a command asks for."""
    mac.lay(*fixture("free"))
    listing = Ioreg(clock)
    assert ports(listing) == ["20-1.2"]
    mac.lay()
    assert ports(listing) == []


def test_in_the_loop_the_last_answer_is_given(
    mac: Frameworks, clock: Clock, listing: Ioreg, changes: list[str], hanging: Hanging
) -> None:
    """While the child thinks nothing waits for it; when its answer is another one the loop is told."""
    mac.lay(*fixture("free"))
    assert ports(listing) == []
    turn_once(clock, listing)
    assert ports(listing) == []
    hanging.let()
    turn_until(clock, lambda: changes, "the child's answer", listing)
    assert changes == ["changed"]
    assert ports(listing) == ["20-1.2"]
    assert listing.fileno() == -1, "a fresh answer is not asked for again"


def test_the_same_answer_is_no_news(
    mac: Frameworks, clock: Clock, listing: Ioreg, changes: list[str]
) -> None:
    """Else each look would cause another one."""
    mac.lay()
    listing.ask()
    turn_until(clock, lambda: listing.pid is None, "the child's end", listing)
    assert changes == []


def test_what_was_announced_meanwhile_is_asked_for_again(
    mac: Frameworks, clock: Clock, listing: Ioreg, changes: list[str], hanging: Hanging
) -> None:
    """A child that is under way may have looked before; a fresh answer is not fresh after an announcement."""
    listing.ask()
    first = listing.pid
    listing.outdate()
    hanging.let()
    turn_until(clock, lambda: listing.pid != first, "the first child's answer", listing)
    assert changes == []
    mac.lay(*fixture("free"))
    hanging.let()
    turn_until(clock, lambda: changes and listing.pid is None, "the second child's answer", listing)
    listing.outdate()
    listing.ask()
    assert listing.fileno() >= 0


def test_a_child_that_hangs_is_stopped(
    clock: Clock,
    listing: Ioreg,
    changes: list[str],
    hanging: Hanging,  # noqa: ARG001 - it hangs
) -> None:
    """After its time; that nothing is known is an error, not an empty list."""
    listing.ask()
    assert listing.deadline() == clock.now + TIMEOUT_SECONDS
    clock.now += TIMEOUT_SECONDS
    turn_once(clock, listing)
    assert (listing.fileno(), listing.deadline()) == (-1, None)
    assert changes == ["changed"]
    with pytest.raises(OSError, match="no answer in time"):
        listing.latest()


def test_a_program_that_waits_gives_up_too(
    monkeypatch: pytest.MonkeyPatch,
    hanging: Hanging,  # noqa: ARG001 - it hangs
) -> None:
    monkeypatch.setattr(ioreg, "TIMEOUT_SECONDS", 0.05)
    with pytest.raises(OSError, match="no answer in time"):
        Ioreg(time.monotonic).wait()


def test_a_failing_ioreg_is_an_error(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, listing: Ioreg, changes: list[str]
) -> None:
    """In the loop and before it; and when it works again it is believed again."""
    monkeypatch.setenv("IOREG_EXIT", "1")
    with pytest.raises(OSError, match="exit status 1"):
        Ioreg(clock).wait()
    listing.ask()
    turn_until(clock, lambda: changes, "the child's end", listing)
    with pytest.raises(OSError, match="exit status 1"):
        listing.latest()
    monkeypatch.delenv("IOREG_EXIT")
    clock.now += FRESH_SECONDS
    listing.ask()
    turn_until(clock, lambda: len(changes) == 2, "the next child's end", listing)
    assert ports(listing) == []


def test_a_missing_ioreg_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: Clock, listing: Ioreg, changes: list[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OSError, match="cannot start: No such file"):
        Ioreg(clock).wait()
    listing.ask()
    assert changes == ["changed"]
    with pytest.raises(OSError, match="cannot start: No such file"):
        listing.latest()


def test_an_ioreg_that_never_stops_is_stopped(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, listing: Ioreg, changes: list[str], mac: Frameworks
) -> None:
    """Its answer does not fill the memory."""
    monkeypatch.setattr(ioreg, "MAX_BYTES", 1000)
    mac.answer.write_bytes(b" " * 200_000)
    with pytest.raises(OSError, match="its output is too long"):
        Ioreg(clock).wait()
    listing.ask()
    turn_until(clock, lambda: changes, "the child's end", listing)
    with pytest.raises(OSError, match="its output is too long"):
        listing.latest()


def test_a_broken_answer_is_an_error(
    clock: Clock, listing: Ioreg, changes: list[str], mac: Frameworks
) -> None:
    mac.answer.write_bytes(b"<plist><array>")
    listing.ask()
    turn_until(clock, lambda: changes, "the child's end", listing)
    with pytest.raises(OSError, match="cannot be parsed"):
        listing.latest()


def test_what_was_forgotten_is_not_given(clock: Clock, listing: Ioreg, changes: list[str]) -> None:
    """An answer of yesterday would plug in what was unplugged since; in the loop nobody waits for today's."""
    listing.forget()
    with pytest.raises(OSError, match="not answered yet"):
        listing.latest()
    turn_until(clock, lambda: changes, "the child's answer", listing)
    assert ports(listing) == []


def test_closing_stops_the_child(listing: Ioreg, hanging: Hanging) -> None:  # noqa: ARG001 - it hangs
    """Nothing is left behind."""
    listing.ask()
    child = listing.pid
    assert child
    listing.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    listing.ready()
    listing.close()
