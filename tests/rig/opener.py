"""A stand-in for `xdg-open`, which opens a page in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from pathlib import Path


def place_opener(folder: Path, environment: MutableMapping[str, str], code: int = 0) -> Path:
    """Let programs with this environment find it; return the file to which it writes what it opened last.

    It ends with the exit status `code`.
    """
    opened = folder / "opened"
    opener = folder / "tools/xdg-open"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\necho "$1" > {opened}.part\nmv {opened}.part {opened}\nexit {code}\n')
    opener.chmod(0o755)
    environment["PATH"] = f"{opener.parent}:{environment['PATH']}"
    return opened
