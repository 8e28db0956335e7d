"""What the program tells whoever started it as a service: systemd's notification protocol (sd_notify(3))."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

RESTING_FACTOR: Final = 20
"""How many times longer the watchdog waits while nothing is plugged in: a sign of life is a wake-up."""


def notify(*lines: str) -> bool:
    """Send lines such as `READY=1`, and return whether they were taken; without a supervisor this does nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
            sender.send("\n".join(lines).encode())
    except OSError:
        # A supervisor that does not listen, or not just now, is no reason to stop reminding.
        return False
    return True


class Watchdog:
    """Signs of life, three times as often as the supervisor wants them; none where it wants none.

    While nothing is plugged in it is asked to wait longer. Times are in seconds.
    """

    def __init__(self, tell: Callable[..., bool] = notify) -> None:
        self._tell = tell
        self._wanted = _find_timeout()
        self._limit = self._wanted
        self._sign_at: float | None = 0.0 if self._wanted else None

    def deadline(self) -> float | None:
        """Return when the next sign is due."""
        return self._sign_at

    def sign(self, now: float, *, resting: bool) -> None:
        """Give a sign of life, if one is due or if unplugd begins or ends to rest."""
        if self._sign_at is None:
            return
        limit = self._wanted * (RESTING_FACTOR if resting else 1)
        if limit != self._limit:
            # What was not taken does not hold: the shorter limit may be in force, and is kept to.
            if self._tell(f"WATCHDOG_USEC={limit * 1_000_000:.0f}", "WATCHDOG=1"):
                self._limit = limit
        elif now < self._sign_at:
            return
        else:
            self._tell("WATCHDOG=1")
        # Often enough that one that is not taken does no harm.
        self._sign_at = now + min(limit, self._limit) / 3


def _find_timeout() -> float:
    """Return the seconds within which the supervisor wants a sign of life, 0 if it wants none (sd_watchdog_enabled(3))."""
    wanted, process = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    meant = process in ("", str(os.getpid()))
    return int(wanted) / 1_000_000 if meant and wanted.isascii() and wanted.isdigit() else 0.0
