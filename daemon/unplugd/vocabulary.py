"""Words that the configuration, the rules and the journal share. It imports nothing, so that a review need not load the rules."""

from __future__ import annotations

from typing import Final

CHANNELS: Final = ("desktop", "plyer", "terminal")
"""The notification channels, in the order in which they are tried unless the configuration says otherwise."""
URGENCIES: Final = ("normal", "critical")
"""What the journal calls a reminder that is not critical, and one that is."""
