"""Print for people: messages on stderr; colours, tables and a progress bar on a terminal."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from unplugd import sanitize
from unplugd.local_time import format_local_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_HINT: Final = "unplugd service install   (or, in this terminal only: unplugd run)"
"""The hint if the daemon is not running."""
PROGRESS_AFTER_SECONDS: Final = 1.0
"""A progress bar appears after so many seconds."""


def say(text: str) -> None:
    """Print a message to stderr, so that stdout holds nothing but data."""
    if sys.stderr:
        print(text, file=sys.stderr, flush=True)


def say_without_waiting(text: str) -> None:
    """Print a message to stderr without blocking; ignore errors.

    The daemon must go on if the terminal is stopped with Ctrl-S or closed, or the reader of a pipe is gone.
    """
    if not sys.stderr:
        return
    try:
        poll = select.poll()
        poll.register(sys.stderr.fileno(), select.POLLOUT)
        if poll.poll(0):
            os.write(sys.stderr.fileno(), f"{text}\n".encode(errors="backslashreplace"))
    except (OSError, ValueError):
        return


def format_time(timestamp: str | None) -> str:
    """Return a timestamp as the local time of day, with the date unless it is today."""
    shown = format_local_time(str(timestamp))
    return shown[11:16] if shown[:10] == time.strftime("%Y-%m-%d") else shown[:16]


def make_printable(text: object, limit: int = sanitize.MAX_CHARACTERS) -> str:
    """Return untrusted text as one line that is safe to print, cut to `limit` characters."""
    return sanitize.one_line(str(text), limit)


def ask(question: str, *, default: bool = True) -> bool:
    """Ask a yes-or-no question, and return whether the answer is yes; Enter alone means `default`."""
    print(f"{question} [{'Y/n' if default else 'y/N'}] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    # An empty line is Enter. No line at all, at the end of the input, is no answer.
    return answer.strip().lower() in ("y", "yes") or (default and answer.strip() == "" and answer != "")


def _raise_broken_pipe() -> None:
    raise BrokenPipeError


def make_console() -> Any:
    """Return rich's Console for stdout: plain text in a pipe, or if `NO_COLOR` is set.

    It knows these styles: `unused`, `unused.most`, `used`, `good` and `trouble`.
    """
    from rich.console import Console
    from rich.theme import Theme

    # A pipe gets whole lines, however long.
    width = None if sys.stdout.isatty() else 1000
    # rich would leave out the colours only, and still print bold and dim.
    terminal = False if os.environ.get("NO_COLOR") else None
    console = Console(highlight=False, emoji=False, soft_wrap=True, width=width, force_terminal=terminal)
    # The orange and blue of the HTML report: readable on black and on white, and distinct to colour-blind people.
    # With sixteen colours the terminal chooses the shades: take the nearest ones.
    many = console.color_system in {"256", "truecolor"}
    unused, used, good = ("color(166)", "color(32)", "color(28)") if many else ("red", "cyan", "green")
    styles = {"unused": unused, "unused.most": f"bold {unused}", "used": used, "good": good}
    # By default rich exits with status 1. But a reader that stops reading is no error.
    console.on_broken_pipe = _raise_broken_pipe  # type: ignore[method-assign] # rich wants a subclass for it
    console.push_theme(Theme({**styles, "trouble": "bold red"}))
    return console


def print_table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print a table; a column without a title may wrap."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, no_wrap=title != "")
    for row in rows:
        # Text, not markup: devices choose their names.
        table.add_row(*(Text(cell) for cell in row))
    make_console().print(table, soft_wrap=False)


@contextlib.contextmanager
def make_progress_bar(title: str, size: int) -> Iterator[Callable[[int], None] | None]:
    """Yield a callback for each piece of work done, which shows a progress bar once it takes long; None without a terminal."""
    if not (sys.stderr and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task(title, total=size)
    shown_from = time.monotonic() + PROGRESS_AFTER_SECONDS

    def advance(done: int) -> None:
        bar.advance(task, done)
        if time.monotonic() > shown_from and not bar.live.is_started:
            bar.start()

    try:
        yield advance
    finally:
        bar.stop()
