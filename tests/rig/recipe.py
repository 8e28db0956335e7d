"""The recipes of docs/stations.md and the files that come with them, as a reader copies them."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from tests import PROJECT
from tools.documents import SHARE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GUIDE = PROJECT / "docs/stations.md"
EXAMPLES = SHARE / "doc/unplugd/examples"


def find_commands(part: str) -> str:
    """Return the one block of commands in the guide that has this in it."""
    blocks = re.findall(r"(?m)(?:^    .*\n|^\n(?=    ))+", GUIDE.read_text())
    (block,) = [block for block in blocks if part in block]
    return textwrap.dedent(block).strip() + "\n"


def fill_in(recipe: Path, values: Mapping[str, str | Path]) -> str:
    """Return a file with what a reader has to fill in, or a test to make small; each of these must be in it."""
    text = recipe.read_text()
    for written, value in values.items():
        assert written in text, f"{recipe.name} has no {written}"
        text = text.replace(written, str(value))
    return text
