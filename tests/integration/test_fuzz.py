"""What the fuzzer runs still fits the program: its target takes journals, whole and damaged."""

from __future__ import annotations

from itertools import islice
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.fuzz import target
from tests.rig import journal_maker

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("choice", [0x00, 0x5A, 0xA5, 0xFF])
def test_the_target_takes_a_damaged_journal(
    choice: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every form of log and report can be made of a journal in which some bytes were overwritten."""
    monkeypatch.setattr(target, "FOLDER", tmp_path)
    dice = Random(choice)  # noqa: S311 - the same damage each time
    journal = bytearray("".join(islice(journal_maker.lines("anna", choice), 40)).encode())
    for _ in range(4):
        journal[dice.randrange(len(journal))] = dice.randrange(256)
    # The last byte chooses the forms.
    target.one_input(bytes([*journal, choice]))
