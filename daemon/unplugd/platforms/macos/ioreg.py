"""The USB devices as `ioreg` lists them, where IOKit cannot be called: the same entries, from a child process.

`ioreg` may take seconds where the system lets background work wait, and the loop must never wait for it. So the loop gets
what the last child said, and the next one is started; when it says something else, the loop is told to look again.
Only before there is a loop, and in commands, the answer is waited for.
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
"""Seconds that it may take: a background job runs on the slow cores, behind all others."""
FRESH_SECONDS: Final = 1.0
"""Seconds for which an answer is as good as a new one: it is asked for again as soon as it has come."""
MAX_BYTES: Final = 1 << 24
"""Bytes of an answer; a Mac full of USB devices gives a few hundred thousand."""

# Bits of "IOServiceState" (IOKitLibPrivate.h, as ioreg prints them).
_INACTIVE: Final = 1
_REGISTERED: Final = 2
_MATCHED: Final = 4


def parse(answer: bytes) -> tuple[Node, ...]:
    """Return the devices of an answer of ioreg; empty means that nothing is plugged in. OSError if it makes no sense."""
    if not answer.strip():
        return ()
    try:
        entries = _loaded(answer)
        if not isinstance(entries, list):
            entries = [entries]
        return registry.find_devices([_node(entry, registry.MAX_DEPTH) for entry in entries])
    except ValueError as error:
        raise OSError(errno.EBADMSG, "ioreg's answer makes no sense") from error


class Ioreg(Child):
    """A source of the loop: asks `ioreg`, one child at a time; calls `changed` when its answer is another one."""

    kept = MAX_BYTES + 1
    complaints = False

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__(now)
        self._changed: Callable[[], None] | None = None
        self._answer: tuple[Node, ...] | OSError | None = None
        self._answered_at = 0.0
        self._outdated = False

    def listen(self, changed: Callable[[], None]) -> None:
        """Begin to be a source of a loop."""
        self._changed = changed

    def wait(self) -> tuple[Node, ...]:
        """Return what is plugged in now, after waiting for it; OSError where it cannot be listed."""
        self.outdate()
        self.ask()
        while self._child:
            turn((self,), self._now, None)
        return self._kept()

    def latest(self) -> tuple[Node, ...]:
        """Return what was plugged in when ioreg was last asked, and have it asked again; OSError before an answer."""
        if self._changed is None:
            return self.wait()
        self.ask()
        return self._kept()

    def ask(self) -> None:
        """Start a child, unless there is one, or there was a moment ago."""
        fresh = not self._outdated and self._now() - self._answered_at < FRESH_SECONDS
        if self._child or fresh:
            return
        self._outdated = False
        self._start(COMMAND, TIMEOUT_SECONDS, self._answered)

    def forget(self) -> None:
        """Forget the last answer: something better has been found."""
        self._answer = None

    def outdate(self) -> None:
        """Take note that something has changed since ioreg was asked, also by a child that is under way."""
        self._outdated = True

    def ready(self) -> None:
        """Take what the child says, unless it is too much."""
        super().ready()
        if len(self._said) > MAX_BYTES:
            self._end("it does not stop talking")

    def close(self) -> None:
        """Stop the child, if there is one, and be no source any more."""
        self._changed = None
        super().close()

    def _answered(self, trouble: str | None, said: bytes) -> None:
        before, self._answer, self._answered_at = self._answer, _answer(trouble, said), self._now()
        if self._changed and _gist(before) != _gist(self._answer):
            self._changed()
        if self._outdated:
            self.ask()

    def _kept(self) -> tuple[Node, ...]:
        if self._answer is None or isinstance(self._answer, OSError):
            raise self._answer or OSError(errno.EAGAIN, "ioreg has not answered yet")
        return self._answer


def _gist(answer: tuple[Node, ...] | OSError | None) -> tuple[Node, ...] | str | None:
    return answer.strerror if isinstance(answer, OSError) else answer


def _answer(trouble: str | None, said: bytes) -> tuple[Node, ...] | OSError:
    if trouble is not None:
        return OSError(errno.EIO, f"ioreg: {trouble}")
    try:
        return parse(said)
    except OSError as error:
        return error


def _loaded(answer: bytes) -> Any:
    """Return the property list; ValueError if there is none.

    Devices put into their strings what XML does not allow, and then the whole answer is none: such characters are taken
    out. What is broken otherwise is not mended: half a list would look as if the other half had been unplugged.
    """
    try:
        return _plist(answer)
    except ValueError:
        text = answer.decode(errors="replace")
        # XML 1.0, 2.2: besides these no character below a space; nor the two at the end of the first plane.
        allowed = "".join(
            character
            for character in text
            if (character >= " " or character in "\t\n\r") and character not in "\ufffe\uffff"
        )
        return _plist(_without_references(allowed).encode())


def _without_references(text: str) -> str:
    """Return `text` without the control characters that are written as `&#0;`."""
    return re.sub(
        r"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcef]|1[0-9a-f]));", "", text, flags=re.IGNORECASE
    )


def _plist(data: bytes) -> Any:
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
        # plistlib checks little of what it is given.
        raise ValueError("not a property list") from error


def _node(entry: Any, depth: int) -> Node:
    if not isinstance(entry, dict):
        raise ValueError("not an entry")  # noqa: TRY004 - ValueError is what the caller knows
    kind, number, state = (entry.get(key) for key in ("IOObjectClass", "IORegistryEntryID", "IOServiceState"))
    if not isinstance(kind, str) or not isinstance(number, int):
        raise ValueError("an entry without a class or an id")  # noqa: TRY004 - likewise
    children = entry.get("IORegistryEntryChildren", [])
    if not isinstance(children, list):
        children = [children]
    # All else, a serial number among it, is dropped here and now.
    properties = {key: entry[key] for key in registry.KEPT_KEYS if isinstance(entry.get(key), str | int)}
    debug = entry.get(registry.DEBUG_STATE)
    if isinstance(debug, dict) and isinstance(debug.get(registry.OPENED), int):
        properties[registry.OPENED] = debug[registry.OPENED]
    here = not isinstance(state, int) or bool(state & (_REGISTERED | _MATCHED) and not state & _INACTIVE)
    inside = tuple(_node(child, depth - 1) for child in children) if depth else ()
    return Node(kind, number, properties, inside, here)
