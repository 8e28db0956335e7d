"""These tests are for a Mac: elsewhere, each says so."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(autouse=True, scope="session")
def _mac() -> None:
    # Use a variable, since mypy treats sys.platform as a constant.
    system = str(sys.platform)
    if system != "darwin":
        pytest.skip("needs macOS")
