"""A command's end of the daemon's named pipe, on Windows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from unplugd import paths
from unplugd.watch.named_mutex import make_name
from unplugd.watch.protocol import MAX_ANSWER_BYTES, RETRY_SECONDS, ForeignError, NobodyError
from unplugd.win32 import advapi32, pipe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from unplugd.paths import Paths
    from unplugd.win32.pipe import Pipe


SAME_USER_HINT: Final = "run this as that user"


def list_addresses(where: Paths, written: str) -> Iterator[str]:
    """Yield the names of the pipe at which a daemon may listen; `written` is the one in the lock file, "" if none is."""
    usual = pipe.PREFIX + make_name(where.lock)
    # Any other name could lead to another computer.
    if written.startswith(f"{usual}-") and "\\" not in written.removeprefix(usual):
        yield written
    yield usual


def exchange(address: str, line: bytes, deadline: float) -> bytes:
    """Return the answer to a line. Raises NobodyError, ForeignError or OSError (TimeoutError at the deadline)."""
    while True:
        try:
            end = pipe.open_pipe(address)
        except FileNotFoundError:
            raise NobodyError from None
        except PermissionError:
            raise ForeignError from None
        except OSError as error:
            # The daemon has more clients than it can serve.
            if getattr(error, "winerror", None) != pipe.BUSY:
                raise
        else:
            try:
                if end.find_owner() != advapi32.read_own_sid():
                    raise ForeignError
                return _ask(end, line, deadline)
            except (BrokenPipeError, ConnectionError):
                # It has made room for another client.
                pass
            finally:
                end.close()
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(RETRY_SECONDS)


def _ask(end: Pipe, line: bytes, deadline: float) -> bytes:
    end.write(line)
    _take(end, deadline)
    received = bytearray()
    while not received.endswith(b"\n"):
        end.read()
        received += _take(end, deadline)
        if len(received) > MAX_ANSWER_BYTES:
            raise TimeoutError
    return bytes(received)


def _take(end: Pipe, deadline: float) -> bytes:
    """Return the result of what was begun; TimeoutError at the deadline."""
    result = end.take_result(max(RETRY_SECONDS, deadline - time.monotonic()))
    if result is None:
        raise TimeoutError
    return result


def explain_foreigner(address: str) -> tuple[str, str]:
    """Return that what listens there is another account's, and what to do."""
    return f"; what listens at {address} belongs to another user", SAME_USER_HINT


def explain_denial(path: Path) -> tuple[str, str]:
    """Return that a file may not be used, and how to change that."""
    return (
        f"; {paths.shorten(path)} may not be used",
        f"make sure you can write to {paths.shorten(path.parent)}",
    )
