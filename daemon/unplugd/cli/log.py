"""`unplugd log`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from unplugd import journal, paths, sentence
from unplugd.cli.terminal import START
from unplugd.failure import Failure

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from unplugd.paths import Paths


def log(arguments: argparse.Namespace, where: Paths) -> int:
    """Print the journal."""
    files = arguments.file or journal.files(where.journal)
    if not files and not arguments.follow:
        raise Failure("there is no journal yet", START)
    if arguments.last is not None and arguments.last < 0:
        raise Failure("--last takes a number from 0 on", "unplugd log --last 20")
    show: Callable[[dict[str, Any]], None] = _print_json if arguments.format == "jsonl" else _print_text
    lines = _lines(files)
    events = (event for line in lines if (event := journal.parse(line)) is not None)
    for event in events if arguments.last is None else deque(events, maxlen=arguments.last):
        show(event)
    if arguments.follow:
        for line in _following(arguments.file[-1] if arguments.file else where.journal):
            event = journal.parse(line)
            if event is not None:
                show(event)
    return 0


def _lines(files: Sequence[Path]) -> Iterator[bytes]:
    for file in files:
        try:
            if not file.is_file():
                reason = "no such file" if not file.exists() else "not a file"
                raise Failure(f"{paths.short(file)}: {reason}", "give a journal, such as events.jsonl")
            with file.open("rb") as opened:
                # Bounded: a line without an end must not fill the memory.
                while line := opened.readline(journal.LONGEST_LINE + 2):
                    yield line
        except OSError as error:
            raise Failure(
                f"{paths.short(file)}: {error.strerror}", "give a journal that you can read"
            ) from None


def _following(file: Path) -> Iterator[bytes]:
    opened = None
    rest = b""
    while True:
        try:
            if opened is None:
                opened = file.open("rb")
                if not rest:
                    opened.seek(0, os.SEEK_END)
            while more := opened.readline(journal.LONGEST_LINE + 2):
                rest += more
                if rest.endswith(b"\n"):
                    yield rest
                    rest = b""
            if not os.path.samestat(os.fstat(opened.fileno()), file.stat()):
                opened.close()
                opened = file.open("rb")
                continue
        except FileNotFoundError:
            pass
        sys.stdout.flush()
        time.sleep(0.25)


def _print_json(event: dict[str, Any]) -> None:
    # Letters as numbers: the same data, and nothing in it that a terminal would obey.
    print(json.dumps(event), flush=True)


def _print_text(event: dict[str, Any]) -> None:
    print(f"{sentence.local_time(event)}  {sentence.of(event)}", flush=True)
