"""Lists the USB devices with `ioreg` if IOKit cannot be called: the same entries, from a child process.

`ioreg` may take seconds if the system delays background work, and the event loop must never block. So the loop gets the
last answer and a new child is started; if its answer differs, the loop is told to rescan. Only commands, and the daemon
before its loop starts, wait for an answer.
"""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING, Any, Final

from unplugd.eventloop.child import Child
from unplugd.eventloop.loop import turn
from unplugd.platforms.macos import registry
from unplugd.platforms.macos.registry import Node

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND: Final = ("ioreg", "-r", "-c", registry.DEVICE, "-l", "-w0", "-a")
TIMEOUT_SECONDS: Final = 20.0
"""Timeout in seconds; background jobs run on the slow cores and have the lowest priority."""
FRESH_SECONDS: Final = 1.0
"""Seconds for which an answer counts as fresh; without this, each new answer would make the loop ask again."""
MAX_BYTES: Final = 1 << 24
"""Maximum size of an answer in bytes; a Mac full of USB devices produces a few hundred thousand."""

# Bits of "IOServiceState" as printed by ioreg (IOKitLibPrivate.h).
_INACTIVE: Final = 1
_REGISTERED: Final = 2
_MATCHED: Final = 4


def parse(answer: bytes) -> tuple[Node, ...]:
    """Return the devices in ioreg's answer, none if it is empty; OSError if it cannot be parsed."""
    if not answer.strip():
        return ()
    try:
        entries = _load_plist(answer)
        if not isinstance(entries, list):
            entries = [entries]
        return registry.find_devices([_make_node(entry, registry.MAX_DEPTH) for entry in entries])
    except ValueError as error:
        raise OSError(errno.EBADMSG, "ioreg's answer cannot be parsed") from error


class Ioreg(Child):
    """Runs `ioreg`, one child at a time; calls `on_change` when the answer differs from the previous one."""

    max_output_bytes = MAX_BYTES + 1
    captures_stderr = False

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__(now)
        self._on_change: Callable[[], None] | None = None
        self._answer: tuple[Node, ...] | OSError | None = None
        self._answered_at = 0.0
        self._outdated = False

    def listen(self, on_change: Callable[[], None]) -> None:
        """Call `on_change` from now on; this makes it a source of the loop that does not block."""
        self._on_change = on_change

    def wait(self) -> tuple[Node, ...]:
        """Ask, wait, and return the devices; OSError if they cannot be listed."""
        self.outdate()
        self.ask()
        while self._child:
            turn((self,), self._now, None)
        return self._last_answer()

    def latest(self) -> tuple[Node, ...]:
        """Return the last answer and ask again; OSError if there is none yet."""
        if self._on_change is None:
            return self.wait()
        self.ask()
        return self._last_answer()

    def ask(self) -> None:
        """Start a child, unless one is running or the last answer is fresh."""
        fresh = not self._outdated and self._now() - self._answered_at < FRESH_SECONDS
        if self._child or fresh:
            return
        self._outdated = False
        self._start(COMMAND, TIMEOUT_SECONDS, self._handle_answer)

    def forget(self) -> None:
        """Drop the last answer because IOKit has given a better one."""
        self._answer = None

    def outdate(self) -> None:
        """Mark the last answer, and one that is on its way, as outdated."""
        self._outdated = True

    def ready(self) -> None:
        """Read the child's output; stop a child that writes too much."""
        super().ready()
        if len(self._output) > MAX_BYTES:
            self._end("its output is too long")

    def close(self) -> None:
        """Stop the child; `on_change` is not called any more."""
        self._on_change = None
        super().close()

    def _handle_answer(self, error: str | None, output: bytes) -> None:
        before, self._answer, self._answered_at = self._answer, _parse_answer(error, output), self._now()
        if self._on_change and _comparable(before) != _comparable(self._answer):
            self._on_change()
        if self._outdated:
            self.ask()

    def _last_answer(self) -> tuple[Node, ...]:
        if self._answer is None or isinstance(self._answer, OSError):
            raise self._answer or OSError(errno.EAGAIN, "ioreg has not answered yet")
        return self._answer


def _comparable(answer: tuple[Node, ...] | OSError | None) -> tuple[Node, ...] | str | None:
    return answer.strerror if isinstance(answer, OSError) else answer


def _parse_answer(error: str | None, output: bytes) -> tuple[Node, ...] | OSError:
    if error is not None:
        return OSError(errno.EIO, f"ioreg: {error}")
    try:
        return parse(output)
    except OSError as failure:
        return failure


def _load_plist(answer: bytes) -> Any:
    """Return the property list; ValueError if it cannot be parsed.

    The strings of some devices contain characters that XML forbids; these are removed. Nothing else is repaired: half a
    list would look as if the other half had been unplugged.
    """
    try:
        return _parse_plist(answer)
    except ValueError:
        text = answer.decode(errors="replace")
        # XML 1.0, section 2.2.
        allowed = "".join(
            character
            for character in text
            if (character >= " " or character in "\t\n\r") and character not in "\ufffe\uffff"
        )
        return _parse_plist(_without_references(allowed).encode())


def _without_references(text: str) -> str:
    """Return `text` without references to control characters, such as `&#0;`."""
    return re.sub(
        r"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcef]|1[0-9a-f]));", "", text, flags=re.IGNORECASE
    )


def _parse_plist(data: bytes) -> Any:
    import plistlib
    from xml.parsers.expat import ExpatError

    try:
        return plistlib.loads(data, fmt=plistlib.FMT_XML)
    except (
        ExpatError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        AssertionError,
        OverflowError,
    ) as error:
        # plistlib validates little, so invalid input can raise any of these.
        raise ValueError("not a property list") from error


def _make_node(entry: Any, depth: int) -> Node:
    if not isinstance(entry, dict):
        raise ValueError("not an entry")  # noqa: TRY004 - ValueError is what the caller catches
    kind, number, state = (entry.get(key) for key in ("IOObjectClass", "IORegistryEntryID", "IOServiceState"))
    if not isinstance(kind, str) or not isinstance(number, int):
        raise ValueError("an entry without a class or an id")  # noqa: TRY004 - ValueError is what the caller catches
    children = entry.get("IORegistryEntryChildren", [])
    if not isinstance(children, list):
        children = [children]
    # Everything else, including serial numbers, is dropped here.
    properties = {key: entry[key] for key in registry.KEPT_KEYS if isinstance(entry.get(key), str | int)}
    debug = entry.get(registry.DEBUG_STATE)
    if isinstance(debug, dict) and isinstance(debug.get(registry.OPENED), int):
        properties[registry.OPENED] = debug[registry.OPENED]
    here = not isinstance(state, int) or bool(state & (_REGISTERED | _MATCHED) and not state & _INACTIVE)
    inside = tuple(_make_node(child, depth - 1) for child in children) if depth else ()
    return Node(kind, number, properties, inside, here)
