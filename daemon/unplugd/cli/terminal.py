"""Output for people: messages on stderr; colours, tables and a progress bar on a terminal."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from unplugd import sanitize
from unplugd.local_time import format_local_time

if sys.platform == "win32":
    from unplugd.eventloop.patient_writer import get_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_HINT: Final = "unplugd service install   (or, in this terminal only: unplugd run)"
"""The hint to show if the daemon is not running."""
PROGRESS_AFTER_SECONDS: Final = 1.0
"""Seconds after which a progress bar appears."""


def say(text: str) -> None:
    """Print a message to stderr; stdout is only for data."""
    if sys.stderr:
        print(text, file=sys.stderr, flush=True)


def say_without_waiting(text: str) -> None:
    """Print a message to stderr without blocking; ignore errors.

    The daemon must keep running if the terminal is paused with Ctrl-S or closed, or the reader of a pipe is gone.
    """
    if not sys.stderr:
        return
    try:
        if sys.platform == "win32":
            get_writer().write(f"{text}\n")
        # Not poll(): on macOS it cannot tell anything of a terminal.
        elif select.select((), (sys.stderr,), (), 0)[1]:
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
    # An empty line means Enter was pressed. No line at all means the end of the input, which is not an answer.
    return answer.strip().lower() in ("y", "yes") or (default and answer.strip() == "" and answer != "")


def _raise_broken_pipe() -> None:
    raise BrokenPipeError


def make_console() -> Any:
    """Return rich's Console for stdout: plain text in a pipe, or if `NO_COLOR` is set.

    It knows these styles: `unused`, `unused.most`, `used`, `good` and `trouble`.
    """
    from rich.console import Console
    from rich.theme import Theme

    # In a pipe, do not wrap lines.
    width = None if sys.stdout.isatty() else 1000
    # With NO_COLOR, rich itself would only leave out colours and still print bold and dim.
    terminal = False if os.environ.get("NO_COLOR") else None
    console = Console(highlight=False, emoji=False, soft_wrap=True, width=width, force_terminal=terminal)
    # The orange and blue of the HTML report: readable on black and white, and distinguishable by colour-blind people.
    # With 16 colours, the terminal chooses the shades: take the nearest ones.
    many = console.color_system in {"256", "truecolor"}
    unused, used, good = ("color(166)", "color(32)", "color(28)") if many else ("red", "cyan", "green")
    styles = {"unused": unused, "unused.most": f"bold {unused}", "used": used, "good": good}
    # By default rich exits with status 1, but it is not an error if the reader stops reading.
    console.on_broken_pipe = _raise_broken_pipe  # type: ignore[method-assign] # rich wants a subclass for it
    console.push_theme(Theme({**styles, "trouble": "bold red"}))
    return console


def print_table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print a table; only a column without a title may wrap."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, no_wrap=title != "")
    for row in rows:
        # Use Text, so that untrusted names are not parsed as markup.
        table.add_row(*(Text(cell) for cell in row))
    make_console().print(table, soft_wrap=False)


@contextlib.contextmanager
def make_progress_bar(title: str, size: int) -> Iterator[Callable[[int], None] | None]:
    """Yield a callback that gets the work done and shows a progress bar if it takes long; None without a terminal."""
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
