"""Messages to the service manager, in systemd's notification protocol (sd_notify(3))."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

RESTING_FACTOR: Final = 20
"""Factor by which the watchdog timeout is extended while nothing is plugged in: each keep-alive is a wake-up."""


def notify(*lines: str) -> bool:
    """Send lines such as `READY=1` and return whether they were sent; do nothing without a service manager."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if sys.platform == "win32" or not address.startswith(("/", "@")):
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
            sender.send("\n".join(lines).encode())
    except OSError:
        # Reminders work even if no service manager is listening.
        return False
    return True


class Watchdog:
    """Sends keep-alives three times per watchdog timeout, if the service manager has set one.

    While nothing is plugged in, the service manager is asked to extend the timeout. Times are in seconds.
    """

    def __init__(self, send: Callable[..., bool] = notify) -> None:
        self._send = send
        self._requested = _find_timeout()
        self._timeout = self._requested
        self._due_at: float | None = 0.0 if self._requested else None

    def deadline(self) -> float | None:
        """Return when the next keep-alive is due, None without a watchdog."""
        return self._due_at

    def keep_alive(self, now: float, *, resting: bool) -> None:
        """Send a keep-alive if one is due or if `resting` (nothing is plugged in) has changed."""
        if self._due_at is None:
            return
        timeout = self._requested * (RESTING_FACTOR if resting else 1)
        if timeout != self._timeout:
            # If the message is not sent, the old timeout may still be in force: use the shorter one.
            if self._send(f"WATCHDOG_USEC={timeout * 1_000_000:.0f}", "WATCHDOG=1"):
                self._timeout = timeout
        elif now < self._due_at:
            return
        else:
            self._send("WATCHDOG=1")
        # Often enough that a lost keep-alive does no harm.
        self._due_at = now + min(timeout, self._timeout) / 3


def _find_timeout() -> float:
    """Return the watchdog timeout in seconds, 0 without a watchdog for this process (sd_watchdog_enabled(3))."""
    timeout, process = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    is_ours = process in ("", str(os.getpid()))
    return int(timeout) / 1_000_000 if is_ours and timeout.isascii() and timeout.isdigit() else 0.0
