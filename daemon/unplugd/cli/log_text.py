"""The journal as people read it: by days, in local time, with a line along each plugged-in period."""

from __future__ import annotations

import sys
import textwrap
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from unplugd import sanitize
from unplugd.cli.terminal import console
from unplugd.journal import sentences
from unplugd.journal.event import get_fields
from unplugd.journal.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from unplugd.cli.pager import Output
    from unplugd.journal.event import Event
    from unplugd.journal.merge import Batch

    Paint = Callable[[str, str], str]

STYLES: Final = {
    "reminded": "unused",
    "delivery_failed": "trouble",
    "stranger": "trouble",
    "gap": "trouble",
    "use_began": "used",
    "use_ended": "used",
    "plugged_in": "bold",
    "unplugged": "bold",
    "started": "dim",
    "stopped": "dim",
    "config_loaded": "dim",
    "checkpoint": "dim",
}
MAX_LANES: Final = 8
"""Periods that run side by side with a line of their own."""
MIN_COLUMNS: Final = 24


class Story:
    """Sentences. While a device is plugged in a line runs beside them, from its plug-in to its unplug."""

    def __init__(self, output: Output, hosts: Collection[str]) -> None:
        self._output = output
        self._first_host = next(iter(hosts), None)
        self._hosts_shown = len(hosts) > 1
        self._host_width = max((len(sanitize.one_line(host, 20)) for host in hosts), default=0)
        self._paint = _painter() if output.terminal else _plain
        self._marks = _marks()
        self._day = ""
        self._offset: timedelta | None = None
        self._open: list[tuple[str, str] | None] = []
        self._boots: dict[str, str] = {}
        self.shown = 0

    def show(self, batch: Batch) -> None:
        """Write each event."""
        for one, line in zip(batch.events, batch.lines, strict=True):
            self.shown += 1
            self._show(one, dict(get_fields(one, line)))

    def end(self) -> None:
        """Nothing: what is still plugged in is left open."""

    def _show(self, one: Event, fields: dict[str, Any]) -> None:
        time, fresh = self._time(one)
        if one.host != self._first_host and self._first_host is not None:
            self._hosts_shown = True
        if self._boots.get(one.host, one.boot) != one.boot:
            # Whatever was plugged in: that was before the computer was started anew.
            self._open = [None if key and key[0] == one.host else key for key in self._open]
        self._boots[one.host] = one.boot
        self._trim()
        key = (one.host, one.device)
        known = key in self._open
        for port in (one.device,) if one.device else one.devices:
            # A snooze is told to be over ten seconds after the unplug.
            if (one.host, port) not in self._open and one.event != "snooze_ended":
                self._begin((one.host, port))
        alone = sum(key is not None for key in self._open) == 1
        before, after = self._gutter(one, key, known=known)
        # Where only one device is meant its name need not be said again in each line.
        if alone and not fresh and (known or one.event == "reminded"):
            devices = [device for _, device in filter(None, self._open)]
            drop = {"name"} if known else {"devices"} if fields.get("devices") == devices else set()
            fields = {name: value for name, value in fields.items() if name not in drop}
        style = STYLES.get(one.event, "")
        if one.event == "reminded" and one.urgency == "critical":
            style = "unused.most"
        self._write(time, one.host, (before, after), sentences.describe(fields), style)
        if one.event == "unplugged" and key in self._open:
            self._open[self._open.index(key)] = None

    def _time(self, one: Event) -> tuple[str, bool]:
        """Return the time of day, after a heading where a new day begins, and whether one does."""
        try:
            local = datetime.fromtimestamp(parse_timestamp(one.time)).astimezone()
        except (ValueError, OverflowError, OSError):
            return sentences.format_local_time({"time": one.time})[:8].ljust(8), False
        day = f"{local:%A} {local.day} {local:%B} {local.year}"
        fresh = day != self._day
        if fresh:
            gap = "\n" if self._day else ""
            self._output.write(f"{gap}{self._paint(day, 'bold underline')}\n")
            self._day = day
        offset = local.utcoffset()
        if self._offset is not None and offset != self._offset:
            self._output.write(
                f"  {self._paint(f'the clocks were changed: UTC{local:%z} from here on', 'dim')}\n"
            )
        self._offset = offset
        return f"{local:%H:%M:%S}", fresh

    # --- the lines beside

    def _begin(self, key: tuple[str, str]) -> None:
        if None in self._open:
            self._open[self._open.index(None)] = key
        elif len(self._open) < MAX_LANES:
            self._open.append(key)

    def _trim(self) -> None:
        while self._open and self._open[-1] is None:
            self._open.pop()

    def _gutter(self, one: Event, key: tuple[str, str], *, known: bool) -> tuple[str, str]:
        """Return the marks beside the first line of a sentence and beside further ones."""
        begin, along, here, end = self._marks
        before, after = "", ""
        for at in self._open:
            mark = next_mark = along if at else " "
            if at == key and one.device:
                mark = here if known else begin if one.event == "plugged_in" else along
                if one.event == "unplugged":
                    mark, next_mark = end, " "
            elif at and one.event == "reminded" and at[0] == one.host and at[1] in one.devices:
                mark = here
            before += mark
            after += next_mark
        return before, after

    def _write(self, time: str, host: str, gutter: tuple[str, str], words: str, style: str) -> None:
        name = ""
        if self._hosts_shown:
            shown = sanitize.one_line(host, 20)
            self._host_width = max(self._host_width, len(shown))
            name = f"{shown:<{self._host_width}}  "
        room = max(len(gutter[0]), 1)
        first = f"  {self._paint(time, 'dim')}  {name}{gutter[0]:<{room}} "
        width = self._output.width
        if width is None:
            lines = [words]
        else:
            indent = 4 + len(time) + len(name) + room + 1
            lines = textwrap.wrap(words, max(MIN_COLUMNS, width - indent), subsequent_indent="  ") or [""]
        further = " " * (4 + len(time) + len(name)) + f"{gutter[1]:<{room}} "
        parts = [first + self._paint(lines[0], style)]
        parts.extend(further + self._paint(line, style) for line in lines[1:])
        self._output.write("".join(f"{part.rstrip()}\n" for part in parts))


def _plain(text: str, _style: str) -> str:
    return text


def _painter() -> Paint:
    from rich.console import COLOR_SYSTEMS

    terminal = console()
    if terminal.color_system is None or terminal.no_color:
        return _plain
    system = COLOR_SYSTEMS[terminal.color_system]
    styles: dict[str, Any] = {}

    def paint(text: str, style: str) -> str:
        if not style or not text:
            return text
        if style not in styles:
            styles[style] = terminal.get_style(style)
        return str(styles[style].render(text, color_system=system))

    return paint


def _marks() -> tuple[str, ...]:
    """Return the marks of a beginning, what runs along, what happens here, and an end."""
    try:
        "┌│├└".encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return tuple("+||+")
    return tuple("┌│├└")
