"""The tests: unit (no process), integration (real buses, processes, managers, browsers), vm (a real kernel)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parent
PROJECT: Final = TESTS.parent
