"""A journal that the user has no permission to read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.unit.journal.test_reading import GOOD, told
from unplugd.errors import Failure

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = 65534


# --- damage


# --- files


def test_a_file_without_permission_is_told(open_folder: Path) -> None:
    file = open_folder / "events.jsonl"
    file.write_bytes(GOOD)
    file.chmod(0)
    myself = os.geteuid()
    os.seteuid(myself or NOBODY)
    try:
        with pytest.raises(Failure, match="Permission denied"):
            told(file)
    finally:
        os.seteuid(myself)
