"""The USB devices as `ioreg` lists them, where IOKit cannot be called: the same entries, from a child process.

`ioreg` may take seconds where the system lets background work wait, and the loop must never wait for it. So the loop gets
what the last child said, and the next one is started; when it says something else, the loop is told to look again.
Only before there is a loop, and in commands, the answer is waited for.
"""

from __future__ import annotations

import errno
import os
import selectors
from typing import TYPE_CHECKING, Any, Final

from unplugd.macos import registry
from unplugd.macos.registry import Node

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

COMMAND: Final = ("ioreg", "-r", "-c", registry.DEVICE, "-l", "-w0", "-a")
PATIENCE: Final = 20.0
"""Seconds that it may take: a background job runs on the slow cores, behind all others."""
FRESH: Final = 1.0
"""Seconds for which an answer is as good as a new one: it is asked for again as soon as it has come."""
LARGEST: Final = 1 << 24
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
        return registry.devices([_node(entry, registry.DEPTH) for entry in entries])
    except ValueError as error:
        raise OSError(errno.EBADMSG, "ioreg's answer makes no sense") from error


class Ioreg:
    """A source of the loop: asks `ioreg`, one child at a time; calls `changed` when its answer is another one."""

    def __init__(self, now: Callable[[], float], command: tuple[str, ...] = COMMAND) -> None:
        self._now = now
        self._command = command
        self._changed: Callable[[], None] | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._said = b""
        self._deadline: float | None = None
        self._answer: tuple[Node, ...] | OSError | None = None
        self._answered_at = 0.0
        self._outdated = False

    def listen(self, changed: Callable[[], None]) -> None:
        """Begin to be a source of a loop."""
        self._changed = changed

    def wait(self) -> tuple[Node, ...]:
        """Return what is plugged in now, after waiting for it; OSError where it cannot be listed."""
        import subprocess  # noqa: PLC0415 - IOKit usually does without

        try:
            done = subprocess.run(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE,
                check=False,
            )
            self._keep(_answer(done.returncode, done.stdout))
        except subprocess.TimeoutExpired:
            self._keep(_late())
        except OSError as error:
            self._keep(OSError(error.errno, f"ioreg cannot be started: {error.strerror}"))
        return self._kept()

    def latest(self) -> tuple[Node, ...]:
        """Return what was plugged in when ioreg was last asked, and have it asked again; OSError before an answer."""
        if self._changed is None:
            return self.wait()
        self.ask()
        return self._kept()

    def ask(self) -> None:
        """Start a child, unless there is one, or there was a moment ago."""
        fresh = not self._outdated and self._now() - self._answered_at < FRESH
        if self._child or fresh:
            return
        import subprocess  # noqa: PLC0415 - as above

        try:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            self._keep(OSError(error.errno, f"ioreg cannot be started: {error.strerror}"))
            return
        self._said, self._deadline, self._outdated = b"", self._now() + PATIENCE, False
        os.set_blocking(self.fileno(), False)

    def forget(self) -> None:
        """Forget the last answer: something better has been found."""
        self._answer = None

    def outdate(self) -> None:
        """Take note that something has changed since ioreg was asked, also by a child that is under way."""
        self._outdated = True

    def fileno(self) -> int:
        """Return the descriptor on which the child answers, -1 without a child."""
        return self._child.stdout.fileno() if self._child and self._child.stdout else -1

    def events(self) -> int:
        """Return what to wait for."""
        return selectors.EVENT_READ

    def ready(self) -> None:
        """Take what the child says; at the end of it, its answer."""
        if self.fileno() < 0:
            return
        try:
            said = os.read(self.fileno(), 1 << 16)
        except BlockingIOError:
            return
        self._said += said
        if len(self._said) > LARGEST:
            self._end(OSError(errno.EFBIG, "ioreg does not stop talking"))
        elif not said and self._child:
            import subprocess  # noqa: PLC0415 - as above

            try:
                code = self._child.wait(timeout=0.5)  # it has closed its output: it is as good as gone
            except subprocess.TimeoutExpired:
                self._end(OSError(errno.ETIMEDOUT, "ioreg does not end"))
                return
            self._end(_answer(code, self._said))

    def deadline(self) -> float | None:
        """Return when the child has to be done."""
        return self._deadline

    def expire(self, now: float) -> None:
        """Stop a child that hangs."""
        if self._deadline is not None and now >= self._deadline:
            self._end(_late())

    def close(self) -> None:
        """Stop the child, if there is one, and be no source any more."""
        self._changed = None
        self._stop()

    def _end(self, answer: tuple[Node, ...] | OSError) -> None:
        self._stop()
        self._keep(answer)
        if self._outdated:
            self.ask()

    def _stop(self) -> None:
        child, self._child, self._deadline, self._said = self._child, None, None, b""
        if child:
            if child.poll() is None:
                child.kill()
                child.wait()
            if child.stdout:
                child.stdout.close()

    def _keep(self, answer: tuple[Node, ...] | OSError) -> None:
        before, self._answer, self._answered_at = self._answer, answer, self._now()
        if self._changed and _gist(before) != _gist(answer):
            self._changed()

    def _kept(self) -> tuple[Node, ...]:
        if self._answer is None or isinstance(self._answer, OSError):
            raise self._answer or OSError(errno.EAGAIN, "ioreg has not answered yet")
        return self._answer


def _gist(answer: tuple[Node, ...] | OSError | None) -> tuple[Node, ...] | str | None:
    return answer.strerror if isinstance(answer, OSError) else answer


def _answer(code: int, said: bytes) -> tuple[Node, ...] | OSError:
    if code:
        return OSError(errno.EIO, f"ioreg failed (exit status {code})")
    if len(said) > LARGEST:
        return OSError(errno.EFBIG, "ioreg does not stop talking")
    try:
        return parse(said)
    except OSError as error:
        return error


def _late() -> OSError:
    return OSError(errno.ETIMEDOUT, f"ioreg did not answer within {PATIENCE:.0f} s")


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
    import re  # noqa: PLC0415 - only a broken answer needs it

    return re.sub(
        r"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcef]|1[0-9a-f]));", "", text, flags=re.IGNORECASE
    )


def _plist(data: bytes) -> Any:
    import plistlib  # noqa: PLC0415 - as for subprocess
    from xml.parsers.expat import ExpatError  # noqa: PLC0415

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
        raise ValueError("an entry without a class or an id")  # noqa: TRY004 - as above
    children = entry.get("IORegistryEntryChildren", [])
    if not isinstance(children, list):
        children = [children]
    # All else, a serial number among it, is dropped here and now.
    properties = {key: entry[key] for key in registry.KEPT if isinstance(entry.get(key), str | int)}
    debug = entry.get(registry.DEBUG_STATE)
    if isinstance(debug, dict) and isinstance(debug.get(registry.OPENED), int):
        properties[registry.OPENED] = debug[registry.OPENED]
    here = not isinstance(state, int) or bool(state & (_REGISTERED | _MATCHED) and not state & _INACTIVE)
    inside = tuple(_node(child, depth - 1) for child in children) if depth else ()
    return Node(kind, number, properties, inside, here)
