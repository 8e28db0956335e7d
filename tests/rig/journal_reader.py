"""Reads the journal of a daemon that a test runs, and waits for its events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.rig.wait import wait_until

if TYPE_CHECKING:
    from pathlib import Path

ROUNDED = 0.002
"""How many seconds the difference of two times in the journal may be off."""


class JournalReader:
    """Reads `journal` while a daemon writes it."""

    journal: Path
    patience = 10.0
    """Seconds to wait for an event, unless a test says otherwise."""

    def events(self, event: str | None = None, **fields: object) -> list[dict[str, Any]]:
        """Return the events of the journal, or only those with this name and these fields."""
        text = self.journal.read_bytes() if self.journal.exists() else b""
        # What follows the last line end is still being written, and may end within a character.
        entries = [json.loads(line) for line in text.split(b"\n")[:-1]]
        return [
            entry
            for entry in entries
            if (event is None or entry["event"] == event) and fields.items() <= entry.items()
        ]

    def wait_for(
        self, event: str, count: int = 1, seconds: float | None = None, **fields: object
    ) -> dict[str, Any]:
        """Wait until the journal has `count` such events, and return the last of them."""
        what = f"{event} {fields or ''} number {count} in the journal"
        limit = self.patience if seconds is None else seconds
        wait_until(lambda: len(self.events(event, **fields)) >= count, what, limit)
        return self.events(event, **fields)[count - 1]
