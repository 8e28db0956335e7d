"""The formats of `unplugd log`: text for people, JSON Lines and CSV for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from unplugd.cli.log_text import TextLog
from unplugd.journal import event

if TYPE_CHECKING:
    from collections.abc import Collection

    from unplugd.cli.pager import Output
    from unplugd.journal.merge import Batch


class Format(Protocol):
    """A format; `count` is the number of events written."""

    count: int

    def write(self, batch: Batch) -> None:
        """Write some events."""


def make_format(name: str, output: Output, hosts: Collection[str], *, bom: bool = False) -> Format:
    """Return the format of this name; in the text format, each line names its computer if there are several `hosts`.

    With `bom`, a table begins with a byte order mark.
    """
    if name == "jsonl":
        return JsonLines(output)
    if name == "csv":
        from unplugd.cli.log_csv import Csv  # noqa: PLC0415 - 3 ms that only this format needs

        return Csv(output, bom=bom)
    return TextLog(output, hosts)


class JsonLines:
    """The events as stored, in ASCII, so that they contain no escape sequences for a terminal."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self.count = 0

    def write(self, batch: Batch) -> None:
        """Write a line for each event."""
        events, chunk = batch
        self.count += len(events)
        if chunk.isascii() and b"\x7f" not in chunk and chunk.count(b"}\n{") == len(events) - 1:
            self._output.write_raw(chunk)
            return
        for stored, line in zip(events, batch.lines, strict=True):
            self._output.write(f"{event.format_value(event.get_fields(stored, line))}\n")
