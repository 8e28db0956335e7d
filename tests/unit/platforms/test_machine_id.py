"""The id of this computer, as systems keep it in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from unplugd.platforms import machine_id
from unplugd.platforms.machine_id import read_machine_id

if TYPE_CHECKING:
    from pathlib import Path

ID = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _no_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_id, "_read_registry", lambda: "")


@pytest.mark.parametrize(
    "written",
    ["", "\n", "uninitialized\n", ID[:-1], f"{ID}0", "0" * 32, "x" * 32, "\xff" * 32, "ab\n" * 1_000_000],
)
def test_what_is_no_id_is_passed_over(tmp_path: Path, written: str) -> None:
    """An image that was never started, a container, a broken file: the next file counts, and without one there is no id."""
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    (tmp_path / "first").write_text(written, encoding="latin-1")
    assert read_machine_id([first]) == read_machine_id([second]) == read_machine_id([str(tmp_path)]) == ""
    (tmp_path / "second").write_text(f"{ID}\n")
    assert read_machine_id([first, second]) == ID


def test_an_id_with_dashes_is_one(tmp_path: Path) -> None:
    """As FreeBSD keeps it."""
    file = tmp_path / "hostid"
    file.write_text("01234567-89AB-cdef-0123-456789abcdef\n")
    assert read_machine_id([str(file)]) == ID


def test_the_registry_of_windows_has_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is used before any file, and its form is no other."""
    monkeypatch.setattr(machine_id, "_read_registry", lambda: "AA67B286-7ebd-46c1-bbb6-23697ddb8366")
    assert read_machine_id([str(tmp_path)]) == "aa67b2867ebd46c1bbb623697ddb8366"
