"""What a restart of the daemon makes of what an earlier run left, on a machine and a clock that a script moves."""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.scripted import CrashError, Machine, play
from unplugd.rules.devices import Device

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from unplugd.notify.message import Message
    from unplugd.rules.devices import Watch

STICK = Device("1-1.2", 0x0A21, 0x8001, address=5, name="CareLink USB")
NEIGHBOUR = 54321


class BlindMachine(Machine):
    """A machine whose devices cannot be listed while it is `blind`; `shown_at` is when something was shown."""

    def __init__(self, script: Sequence[tuple[float, Callable[[Machine], None]]]) -> None:
        super().__init__([(110.0, plug), (200.0, crash), *script], 1.8e9)
        self.blind = False
        self.shown_at: list[float] = []

    def scan(self, watches: Sequence[Watch]) -> list[Device]:
        """Return what is plugged in, if that can be seen."""
        if self.blind:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return super().scan(watches)

    def show(self, message: Message, on_done: Callable[[str | None], None]) -> None:
        """Accept the message."""
        self.shown_at.append(self.clock)
        super().show(message, on_done)


def plug(machine: Machine) -> None:
    machine.plugged[STICK.port] = STICK
    machine.change()


def unplug(machine: Machine) -> None:
    machine.plugged.clear()
    machine.change()


def crash(_machine: Machine) -> None:
    raise CrashError


def stop(machine: Machine) -> None:
    assert machine.daemon
    machine.daemon.stop("over")


def set_blind(machine: Machine) -> None:
    assert isinstance(machine, BlindMachine)
    machine.blind = not machine.blind


def read(journal: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.read_text().splitlines()]


@pytest.mark.parametrize("is_gone", [False, True], ids=["still there", "gone meanwhile"])
def test_a_first_look_that_fails_is_no_unplug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_gone: bool
) -> None:
    """The reminder comes in its time, and the first look that works says whether the device is there."""
    machine = BlindMachine([(500.0, set_blind), (560.0, unplug), (600.0, stop)])
    # Just before the crash.
    machine.script.insert(1, (199.0, set_blind))
    if is_gone:
        machine.script.insert(2, (199.5, unplug))
    events = read(play(machine, tmp_path, monkeypatch))
    assert machine.shown_at == [410.0]
    assert [event["event"] for event in events].count("plugged_in") == 1
    (unplugged,) = [event for event in events if event["event"] == "unplugged"]
    assert not unplugged.get("unseen")
    # Polls are 30 seconds apart.
    assert 500 <= unplugged["uptime"] <= 530 if is_gone else unplugged["uptime"] == 560


@pytest.mark.not_on_windows("file modes and owners mean nothing there")
def test_what_another_user_put_in_place_of_the_journal_silences_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that the device is snoozed for a day, in the right boot."""
    if os.geteuid():
        pytest.skip("needs root, to give a file away")

    def plant(_machine: Machine) -> None:
        journal = tmp_path / "state/events.jsonl"
        last = read(journal)[-1]
        snoozed = {**last, "event": "snoozed", "snoozed_for": 86000.0}
        text = journal.read_text() + json.dumps(snoozed) + "\n"
        journal.unlink()
        journal.write_text(text)
        os.chown(journal, NEIGHBOUR, -1)

    machine = BlindMachine([(600.0, stop)])
    machine.script.insert(1, (199.0, plant))
    play(machine, tmp_path, monkeypatch)
    # The news that the journal cannot be written, and the reminder, five minutes after the start.
    assert machine.shown_at == [200.0, 500.0]
