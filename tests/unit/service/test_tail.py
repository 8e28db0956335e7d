"""The end of a log, as `unplugd service logs` shows it on Windows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from unplugd_service import tail

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_last_lines(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """As many as are asked for, whatever is in them; none of a file that is not there."""
    log = tmp_path / "log"
    assert tail.main(["5", str(log)]) == 0
    assert capfd.readouterr() == ("", "")
    log.write_bytes("one\ntwo\nThere is a ü\n".encode() + b"\xff")
    for lines, shown in (("0", b""), ("2", "There is a ü\n".encode() + b"\xff"), ("9", log.read_bytes())):
        assert tail.main([lines, str(log)]) == 0
        assert capfd.readouterr().out.encode(errors="surrogateescape") == shown.replace(
            b"\xff", "\ufffd".encode()
        )


def test_what_is_added_is_shown_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what comes after the log was emptied, or was made; Ctrl-C ends it."""
    log = tmp_path / "log"
    steps = iter(
        (
            lambda: log.write_bytes(b"one\n"),
            lambda: log.write_bytes(b"one\ntwo\n"),
            lambda: None,
            lambda: log.write_bytes(b"3\n"),
            log.unlink,
        )
    )

    def change(_seconds: float) -> None:
        step = next(steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    monkeypatch.setattr(time, "sleep", change)
    assert tail.main(["--follow", "5", str(log)]) == 0
    assert capfd.readouterr().out == "one\ntwo\n3\n"
