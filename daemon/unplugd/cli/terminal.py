"""What a person is shown: on a terminal, in a pipe, or not at all."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from unplugd import sanitize
from unplugd.cli import timespan
from unplugd.errors import Failure
from unplugd.journal import sentences

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from datetime import tzinfo

START_HINT: Final = "unplugd service install   (or, in this terminal only: unplugd run)"
"""The hint where nobody watches."""
PROGRESS_AFTER_SECONDS: Final = 1.0
"""Seconds after which a person wants to see that something goes on."""


def say(text: str) -> None:
    """Talk to the person: on stderr, so that data on stdout stays clean."""
    if sys.stderr:
        print(text, file=sys.stderr, flush=True)


def say_without_waiting(text: str) -> None:
    """Talk to the person who may be there while the daemon runs: never waits, and nothing that happens to it matters.

    The terminal can be halted with Ctrl-S or be gone, and the reader of a pipe, too.
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


def format_time(written: str | None) -> str:
    """Return a time of the daemon as a person reads it: the local time of day, with the date if it is another."""
    shown = sentences.format_local_time({"time": written})
    return shown[11:16] if shown[:10] == time.strftime("%Y-%m-%d") else shown[:16]


def make_printable(text: object, limit: int = sanitize.MAX_CHARACTERS) -> str:
    """Return foreign text as it may be printed."""
    return sanitize.one_line(str(text), limit)


def ask(question: str, *, default: bool = True) -> bool:
    """Ask, and return whether the answer is yes; Enter alone means `default`."""
    print(f"{question} [{'Y/n' if default else 'y/N'}] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    # Without a line, not even an empty one, nobody has answered.
    return answer.strip().lower() in ("y", "yes") or (default and answer.strip() == "" and answer != "")


def parse_times(
    arguments: argparse.Namespace, now: float | None = None, zone: tzinfo | None = None
) -> tuple[float | None, float | None]:
    """Return `--since` and `--until` as moments, None where not given; Failure where they are none, or no stretch."""
    try:
        since = None if arguments.since is None else timespan.parse_since(arguments.since, now, zone)
        until = None if arguments.until is None else timespan.parse_until(arguments.until, now, zone)
    except ValueError as error:
        raise Failure(sanitize.one_line(str(error), 200), timespan.HINT) from None
    if since is not None and until is not None and since >= until:
        raise Failure(
            "--since is not before --until", f"unplugd {arguments.command.split('.')[0]} --since 7d"
        )
    return since, until


def _reader_gone() -> None:
    raise BrokenPipeError


def console() -> Any:
    """Return what prints to a terminal in colour, and plainly to a pipe or where `NO_COLOR` is set.

    Its own styles: `unused` and `unused.most`, `used`, `good`, `trouble`.
    """
    from rich.console import Console
    from rich.theme import Theme

    # A pipe gets whole lines, however long.
    width = None if sys.stdout.isatty() else 1000
    # By itself rich only leaves out the colours then; bold and dim are escape sequences as well.
    terminal = False if os.environ.get("NO_COLOR") else None
    console = Console(highlight=False, emoji=False, soft_wrap=True, width=width, force_terminal=terminal)
    # Readable on black and on white, and told apart by colour-blind people: the page's orange and blue. Of sixteen
    # colours, the shades of which are the terminal's own, those that come nearest to that.
    many = console.color_system in {"256", "truecolor"}
    unused, used, good = ("color(166)", "color(32)", "color(28)") if many else ("red", "cyan", "green")
    styles = {"unused": unused, "unused.most": f"bold {unused}", "used": used, "good": good}
    # By itself it would end with status 1: the reader has seen enough, which is no error.
    console.on_broken_pipe = _reader_gone  # type: ignore[method-assign] # rich wants a subclass for it
    console.push_theme(Theme({**styles, "trouble": "bold red"}))
    return console


def table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print a table."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, no_wrap=title != "")
    for row in rows:
        # Text, not markup: names are foreign.
        table.add_row(*(Text(cell) for cell in row))
    console().print(table, soft_wrap=False)


@contextlib.contextmanager
def make_progress_bar(title: str, size: int) -> Iterator[Callable[[int], None] | None]:
    """Yield what is told of each bit that is done and shows it on a terminal if all takes long; None where there is none."""
    if not (sys.stderr and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task(title, total=size)
    shown_from = time.monotonic() + PROGRESS_AFTER_SECONDS

    def progress(done: int) -> None:
        bar.advance(task, done)
        if time.monotonic() > shown_from and not bar.live.is_started:
            bar.start()

    try:
        yield progress
    finally:
        bar.stop()
