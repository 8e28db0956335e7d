"""What commands and the daemon say to each other: one JSON object on one line in each direction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = Callable[[dict[str, Any]], dict[str, Any]]

MAX_REQUEST_BYTES: Final = 4096
MAX_ANSWER_BYTES: Final = 4_000_000
MAX_CLIENTS: Final = 8
CLIENT_TIMEOUT_SECONDS: Final = 2.0
"""Seconds that a client has to send its request and read the answer."""
RETRY_SECONDS: Final = 0.02
"""Seconds between two attempts of a client while the daemon has too many."""


class NobodyError(Exception):
    """Nobody listens there."""


class ForeignError(Exception):
    """Another user listens there."""


def make_answer(answer: Answer, line: bytes) -> bytes:
    """Return the line that answers a request; `answer` makes the answer."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        request = None
    if not isinstance(request, dict):
        return b'{"error": "a request must be one JSON object on one line"}\n'
    return json.dumps(answer(request)).encode() + b"\n"


def is_whole(received: bytes) -> bool:
    """Whether a request has been received as far as it will be read."""
    return b"\n" in received or len(received) >= MAX_REQUEST_BYTES
