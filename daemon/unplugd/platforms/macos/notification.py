"""Notifications on macOS: by the applet that installing the service builds, else by osascript, as Script Editor's.

Neither says whether anything was shown: that the words were taken is all that this channel knows.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd import paths, sanitize
from unplugd.eventloop.child import Child

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.notify.channel import Events
    from unplugd.notify.message import Message

TIMEOUT_SECONDS: Final = 20.0
"""Seconds that a program, or the applet, may take: a service in the background has the slow cores only."""
POLL_SECONDS: Final = 0.5
"""Seconds between two looks whether the applet has taken a notice."""
SCRIPT: Final = (
    "on run argv",
    "display notification (item 3 of argv) with title (item 2 of argv)",
    "end run",
)


class Notification(Child):
    """The channel, and a source of the loop."""

    name: Final = "desktop"
    replaces: Final = False

    def __init__(self, now: Callable[[], float], events: Events, home: Path | None = None) -> None:
        super().__init__(now)
        # A notification here has no buttons, and nobody is told when it is closed.
        self._events = events
        home = home or Path.home()
        self._applet = home / "Applications/unplugd.app"
        self._folder = home / "Library/Application Support/unplugd/notices"
        self._done: Callable[[str | None], None] | None = None
        self._words: Message | None = None
        self._notice: Path | None = None
        self._look_at: float | None = None
        self._give_up_at = 0.0
        self._applet_failed = False

    @property
    def layer(self) -> str:
        """What shows the words: "applet", "osascript" where there is no applet or it did not work, or "none"."""
        import shutil

        if self._applet.is_dir() and not self._applet_failed:
            return "applet"
        return "osascript" if shutil.which("osascript") else "none"

    # --- as a channel

    def show(self, words: Message, done: Callable[[str | None], None]) -> None:
        """Hand the words to the applet, or to osascript; `done` gets None once they were taken, or why not."""
        self._stop("superseded")
        self._words, self._done = words, done
        self._applet_failed = not (self._applet.is_dir() and self._put(words))
        if self._applet_failed:
            self._by_osascript()
            return
        self._give_up_at = self._now() + TIMEOUT_SECONDS
        self._start(("open", "-g", "-a", str(self._applet)), TIMEOUT_SECONDS, self._opened)

    def withdraw(self) -> None:
        """Take back what was not shown yet, also what an earlier run left; what is on the screen stays."""
        self._stop(None)
        try:
            for notice in self._folder.iterdir():
                notice.unlink(missing_ok=True)
        except OSError:
            return

    def check(self, told: Callable[[str | None, str], None]) -> None:
        """Say by what it would be shown; only showing something tells more."""
        layer = self.layer
        told(
            "there is no applet and no osascript" if layer == "none" else None,
            f"the applet {paths.shorten(self._applet)} is there"
            if layer == "applet"
            else "osascript is there; what it shows is called Script Editor's",
        )

    # --- as a source of the loop: besides the child there is the applet to wait for

    def deadline(self) -> float | None:
        """Return when the child has to be done, or when to look whether the applet has taken the notice."""
        return self._look_at if self._look_at is not None else super().deadline()

    def expire(self, now: float) -> None:
        """Stop a child that hangs; see whether the applet has taken the notice."""
        super().expire(now)
        if self._look_at is not None and now >= self._look_at:
            self._look(now)

    def close(self) -> None:
        """Stop the child, if there is one, and take back what was not shown."""
        self._done = None
        self._stop(None)

    # --- inside

    def _put(self, words: Message) -> bool:
        """Write the notice into the folder, whole at once, and return whether it is there."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The applet does not see names that begin with a dot.
            fresh = self._folder / f".{os.getpid()}"
            # The title is the first line, whatever it holds.
            text = "\n".join((sanitize.one_line(words.title, 200), *words.lines))
            fresh.write_text(text, encoding="utf-8", errors="replace")
            # The time, so that the names sort by age.
            self._notice = fresh.rename(self._folder / f"{time.time_ns()}.txt")
        except OSError:
            return False
        return True

    def _opened(self, trouble: str | None, _said: bytes) -> None:
        # What it says may name a path, and so the user.
        if trouble is None:
            self._look(self._now())
        elif trouble == "superseded":
            self._settle(trouble)
        else:
            self._without_applet()

    def _look(self, now: float) -> None:
        """See whether the applet has taken the notice: it removes the file."""
        if self._notice is None or not self._notice.exists():
            self._settle(None)
        elif now >= self._give_up_at:
            self._without_applet()
        else:
            self._look_at = min(now + POLL_SECONDS, self._give_up_at)

    def _without_applet(self) -> None:
        self._applet_failed = True
        self._take_back()
        self._by_osascript()

    def _by_osascript(self) -> None:
        words = self._words
        if words is None:
            return
        lines = [argument for line in SCRIPT for argument in ("-e", line)]
        # The name comes first so that no word can be taken for an option; the words are never part of the script.
        command = ("osascript", *lines, "unplugd", words.title, "\n".join(words.lines))

        def ended(trouble: str | None, _said: bytes) -> None:
            own = trouble is None or trouble == "superseded"
            self._settle(trouble if own else f"osascript: {trouble}")

        try:
            self._start(command, TIMEOUT_SECONDS, ended)
        except ValueError:
            # A zero byte cannot be an argument.
            self._settle("the words cannot be shown")

    def _stop(self, trouble: str | None) -> None:
        self._take_back()
        self._end(trouble)
        self._settle(trouble)

    def _take_back(self) -> None:
        notice, self._notice, self._look_at = self._notice, None, None
        try:
            if notice:
                notice.unlink(missing_ok=True)
        except OSError:
            return

    def _settle(self, trouble: str | None) -> None:
        self._words = self._look_at = self._notice = None
        done, self._done = self._done, None
        if done:
            done(trouble)
