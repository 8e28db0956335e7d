"""The line that marks a service file as ours, with a checksum that reveals later changes. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

_LINE: Final = re.compile(
    r"^.*\bWritten by unplugd (?P<version>\S+) \(unplugd service install\), checksum (?P<digest>[0-9a-f]{16})\b.*\n",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """The version that wrote a file, and whether the file has not been changed since."""

    version: str
    intact: bool


def format_line(rest: str, version: str) -> str:
    """Return the line for a file whose other lines are `rest`; it must be in a comment on its own line."""
    return f"Written by unplugd {version} (unplugd service install), checksum {_digest(rest)}"


def read_stamp(text: str) -> Stamp | None:
    """Return the stamp of a file, None if unplugd did not write it."""
    found = _LINE.search(text)
    if found is None:
        return None
    rest = text[: found.start()] + text[found.end() :]
    return Stamp(found["version"], _digest(rest) == found["digest"])


def _digest(rest: str) -> str:
    return hashlib.sha256(rest.encode(errors="surrogateescape")).hexdigest()[:16]
