"""The desktop channel on macOS: the applet that `service install` builds, or else osascript (as Script Editor).

Neither reports whether anything was shown; the channel only knows that the message was accepted.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from unplugd import paths, sanitize
from unplugd.eventloop.child import Child
from unplugd.notify.channel import Channel
from unplugd_service.home import find_home

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unplugd.notify.channel import NotificationListener
    from unplugd.notify.message import Message

TIMEOUT_SECONDS: Final = 20.0
"""Timeout in seconds for a program or the applet; a background service only runs on the slow cores."""
POLL_SECONDS: Final = 0.5
"""Seconds between checks whether the applet has taken the notice."""
SCRIPT: Final = (
    "on run argv",
    "display notification (item 3 of argv) with title (item 2 of argv)",
    "end run",
)


class Notification(Child, Channel):
    """The desktop channel of macOS."""

    name = "desktop"

    def __init__(
        self, now: Callable[[], float], events: NotificationListener, home: Path | None = None
    ) -> None:
        super().__init__(now)
        # Unused: these notifications have no buttons, and nobody is told when they are closed.
        self._events = events
        home = home or find_home()
        self._applet = home / "Applications/unplugd.app"
        self._folder = home / "Library/Application Support/unplugd/notices"
        self._done: Callable[[str | None], None] | None = None
        self._message: Message | None = None
        self._notice: Path | None = None
        self._look_at: float | None = None
        self._give_up_at = 0.0
        self._applet_failed = False

    @property
    def layer(self) -> str:
        """What shows the message: "applet", "osascript" (no applet, or it failed), or "none"."""
        import shutil

        if self._applet.is_dir() and not self._applet_failed:
            return "applet"
        return "osascript" if shutil.which("osascript") else "none"

    # --- as a channel

    def show(self, message: Message, done: Callable[[str | None], None]) -> None:
        """Pass the message to the applet or to osascript; `done` gets None once it is accepted, or the error."""
        self._stop("superseded")
        self._message, self._done = message, done
        self._applet_failed = not (self._applet.is_dir() and self._write_notice(message))
        if self._applet_failed:
            self._run_osascript()
            return
        self._give_up_at = self._now() + TIMEOUT_SECONDS
        self._start(("open", "-g", "-a", str(self._applet)), TIMEOUT_SECONDS, self._handle_open)

    def withdraw(self) -> None:
        """Remove notices that were not shown yet, including those of an earlier run. What is on the screen stays."""
        self._stop(None)
        try:
            for notice in self._folder.iterdir():
                notice.unlink(missing_ok=True)
        except OSError:
            return

    def check(self, report: Callable[[str | None, str], None]) -> None:
        """Report which program would show the message; only a real notification could tell more."""
        layer = self.layer
        report(
            "there is no applet and no osascript" if layer == "none" else None,
            f"the applet {paths.shorten(self._applet)} is there"
            if layer == "applet"
            else "osascript is there; its notifications appear as Script Editor's",
        )

    # --- as a source of the loop, which waits for the child and the applet

    def deadline(self) -> float | None:
        """Return when the child times out, or when to check whether the applet has taken the notice."""
        return self._look_at if self._look_at is not None else super().deadline()

    def expire(self, now: float) -> None:
        """Stop a hanging child; check whether the applet has taken the notice."""
        super().expire(now)
        if self._look_at is not None and now >= self._look_at:
            self._look(now)

    def close(self) -> None:
        """Stop the child and remove what was not shown."""
        self._done = None
        self._stop(None)

    # --- inside

    def _write_notice(self, message: Message) -> bool:
        """Write the notice into the folder atomically; return whether that worked."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The applet ignores names that begin with a dot.
            fresh = self._folder / f".{os.getpid()}"
            # The first line is the title.
            text = "\n".join((sanitize.one_line(message.title, 200), *message.lines))
            fresh.write_text(text, encoding="utf-8", errors="replace")
            # The name is the time, so that notices sort by age.
            self._notice = fresh.rename(self._folder / f"{time.time_ns()}.txt")
        except OSError:
            return False
        return True

    def _handle_open(self, error: str | None, _output: bytes) -> None:
        # The output may contain a path, and so the user's name.
        if error is None:
            self._look(self._now())
        elif error == "superseded":
            self._finish(error)
        else:
            self._give_up_applet()

    def _look(self, now: float) -> None:
        """Check whether the applet has taken the notice, which it does by removing the file."""
        if self._notice is None or not self._notice.exists():
            self._finish(None)
        elif now >= self._give_up_at:
            self._give_up_applet()
        else:
            self._look_at = min(now + POLL_SECONDS, self._give_up_at)

    def _give_up_applet(self) -> None:
        self._applet_failed = True
        self._remove_notice()
        self._run_osascript()

    def _run_osascript(self) -> None:
        message = self._message
        if message is None:
            return
        lines = [argument for line in SCRIPT for argument in ("-e", line)]
        # "unplugd" comes first so that no text can be taken for an option. The message is never part of the script.
        command = ("osascript", *lines, "unplugd", message.title, "\n".join(message.lines))

        def on_end(error: str | None, _output: bytes) -> None:
            own = error is None or error == "superseded"
            self._finish(error if own else f"osascript: {error}")

        try:
            self._start(command, TIMEOUT_SECONDS, on_end)
        except ValueError:
            # An argument cannot contain a zero byte.
            self._finish("the message cannot be shown")

    def _stop(self, error: str | None) -> None:
        self._remove_notice()
        self._end(error)
        self._finish(error)

    def _remove_notice(self) -> None:
        notice, self._notice, self._look_at = self._notice, None, None
        try:
            if notice:
                notice.unlink(missing_ok=True)
        except OSError:
            return

    def _finish(self, error: str | None) -> None:
        self._message = self._look_at = self._notice = None
        done, self._done = self._done, None
        if done:
            done(error)
