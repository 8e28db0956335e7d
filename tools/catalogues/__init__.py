"""The translations: what is to be translated, whether each translation is whole, and the formats of each language."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "daemon/unplugd/languages"
TEMPLATE: Final = FOLDER / "unplugd.pot"
"""Everything that is to be translated, in English."""
