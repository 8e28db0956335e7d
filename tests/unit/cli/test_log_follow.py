"""What `unplugd log --follow` does four times a second."""

from __future__ import annotations

from collections import Counter
from itertools import chain, repeat
from typing import TYPE_CHECKING

import pytest

from unplugd.cli import log_follow
from unplugd.cli.log_follow import Follower
from unplugd.journal.files import NAME, list_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class Reader:
    """Somebody who reads stdout; while `Follower` waits, the next thing happens."""

    happens: Iterator[str] = iter(())

    def wait(self, _seconds: float) -> None:
        """Let it happen, until nothing does any more."""
        if next(self.happens, "over") == "over":
            raise BrokenPipeError


def test_a_look_does_not_grow_with_the_rotated_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are only listed when the journal was rotated."""
    journal = tmp_path / NAME
    for number in range(1, 30):
        (tmp_path / f"{NAME}.{number}").write_text("{}\n")
    journal.write_text("")
    listed: list[Path] = []

    def note_listing(path: Path) -> Sequence[Path]:
        listed.append(path)
        return list_files(path)

    def write(number: int) -> str:
        with journal.open("a") as file:
            file.write(f'{{"time": "2026-10-02T00:00:00.000Z", "event": "started", "uptime": {number}.0}}\n')
        return "written"

    def rotate() -> str:
        for number in range(29, 0, -1):
            (tmp_path / f"{NAME}.{number}").rename(tmp_path / f"{NAME}.{number + 1}")
        journal.rename(tmp_path / f"{NAME}.1")
        return "rotated"

    def live() -> Iterator[str]:
        yield from chain(map(write, range(20)), repeat("nothing", 20))
        assert listed == []
        yield rotate()
        yield write(20)

    monkeypatch.setattr(Reader, "happens", live())
    monkeypatch.setattr(log_follow, "StdoutReader", Reader)
    follower = Follower([journal], Counter())
    monkeypatch.setattr(log_follow, "list_files", note_listing)
    seen: list[float] = []
    with pytest.raises(BrokenPipeError):
        seen.extend(event.uptime for batch in follower.follow() for event in batch.events)
    assert seen == [float(number) for number in range(21)]
    assert listed
