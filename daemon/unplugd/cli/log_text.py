"""The journal as text: sentences grouped by day, in local time, with a line alongside each plugged-in period."""

from __future__ import annotations

import sys
import textwrap
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from unplugd import sanitize
from unplugd.cli.terminal import make_console
from unplugd.journal import sentences
from unplugd.journal.event import get_fields
from unplugd.journal.timestamps import parse_timestamp
from unplugd.local_time import format_local_time

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from unplugd.cli.pager import Output
    from unplugd.journal.event import JournalEvent
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
"""Maximum number of periods that have their own line at the same time."""
MIN_WORDS_COLUMNS: Final = 24
MAX_HOST_CHARACTERS: Final = 20


class TextLog:
    """Writes a sentence for each event and a heading for each day; a line joins the events of a plugged-in period."""

    def __init__(self, output: Output, hosts: Collection[str]) -> None:
        self._output = output
        self._first_host = next(iter(hosts), None)
        self._hosts_shown = len(hosts) > 1
        self._host_width = max(
            (len(sanitize.one_line(host, MAX_HOST_CHARACTERS)) for host in hosts), default=0
        )
        self._paint = _make_painter() if output.terminal else _keep_plain
        self._lanes = Lanes()
        self._day = ""
        self._offset: timedelta | None = None
        self.count = 0

    def write(self, batch: Batch) -> None:
        """Write each event."""
        for event, line in zip(batch.events, batch.lines, strict=True):
            self.count += 1
            self._write_event(event, dict(get_fields(event, line)))

    def _write_event(self, event: JournalEvent, fields: dict[str, Any]) -> None:
        time, new_day = self._write_heading(event)
        if event.host != self._first_host and self._first_host is not None:
            self._hosts_shown = True
        known, alone = self._lanes.enter(event)
        gutter = self._lanes.draw(event, known=known)
        # If only one device is plugged in, do not repeat its name in each line.
        if alone and not new_day and (known or event.event == "reminded"):
            omitted = (
                {"name"} if known else {"devices"} if fields.get("devices") == self._lanes.ports else set()
            )
            fields = {name: value for name, value in fields.items() if name not in omitted}
        style = STYLES.get(event.event, "")
        if event.event == "reminded" and event.urgency == "critical":
            style = "unused.most"
        self._write_sentence(time, event.host, gutter, sentences.describe(fields), style)
        self._lanes.leave(event)

    def _write_heading(self, event: JournalEvent) -> tuple[str, bool]:
        """Write the date if the event is the first of a day; return the time of day, and whether it was the first."""
        try:
            local = datetime.fromtimestamp(parse_timestamp(event.time)).astimezone()
        except (ValueError, OverflowError, OSError):
            return format_local_time(event.time)[:8].ljust(8), False
        day = f"{local:%A} {local.day} {local:%B} {local.year}"
        new_day = day != self._day
        if new_day:
            gap = "\n" if self._day else ""
            self._output.write(f"{gap}{self._paint(day, 'bold underline')}\n")
            self._day = day
        offset = local.utcoffset()
        if self._offset is not None and offset != self._offset:
            change = f"the clocks were changed: UTC{local:%z} from here on"
            self._output.write(f"  {self._paint(change, 'dim')}\n")
        self._offset = offset
        return f"{local:%H:%M:%S}", new_day

    def _write_sentence(
        self, time: str, host: str, gutter: tuple[str, str], sentence: str, style: str
    ) -> None:
        name = ""
        if self._hosts_shown:
            shown = sanitize.one_line(host, MAX_HOST_CHARACTERS)
            self._host_width = max(self._host_width, len(shown))
            name = f"{shown:<{self._host_width}}  "
        gutter_width = max(len(gutter[0]), 1)
        if self._output.width is None:
            lines = [sentence]
        else:
            indent = 4 + len(time) + len(name) + gutter_width + 1
            columns = max(MIN_WORDS_COLUMNS, self._output.width - indent)
            lines = textwrap.wrap(sentence, columns, subsequent_indent="  ") or [""]
        first = f"  {self._paint(time, 'dim')}  {name}{gutter[0]:<{gutter_width}} "
        further = " " * (4 + len(time) + len(name)) + f"{gutter[1]:<{gutter_width}} "
        parts = [first + self._paint(lines[0], style)]
        parts.extend(further + self._paint(line, style) for line in lines[1:])
        self._output.write("".join(f"{part.rstrip()}\n" for part in parts))


class Lanes:
    """The lines next to the sentences: one lane for each device that is plugged in, and session that sees it."""

    def __init__(self) -> None:
        self._marks = _choose_marks()
        self._lanes: list[tuple[str, str, str] | None] = []
        """The host, session and port of each lane, from left to right; None if the lane is free."""
        self._boots: dict[str, str] = {}

    @property
    def ports(self) -> list[str]:
        """The ports with a lane."""
        return [port for _, _, port in filter(None, self._lanes)]

    def enter(self, event: JournalEvent) -> tuple[bool, bool]:
        """Open lanes for the devices of an event; return whether its device had one, and whether only one is open."""
        if self._boots.get(event.host, event.boot) != event.boot:
            # The computer was restarted: earlier periods do not count any more.
            self._lanes = [None if lane and lane[0] == event.host else lane for lane in self._lanes]
        self._boots[event.host] = event.boot
        if event.session and event.event == "started":
            # It was updated: earlier lines did not name the session.
            self._lanes = [None if lane and lane[:2] == (event.host, "") else lane for lane in self._lanes]
        while self._lanes and self._lanes[-1] is None:
            self._lanes.pop()
        known = _find_lane(event) in self._lanes
        for port in (event.device,) if event.device else event.devices:
            # The end of a snooze may be recorded ten seconds after the unplug, so it does not open a lane.
            lane = event.host, event.session, port
            if lane not in self._lanes and event.event != "snooze_ended":
                self._open(lane)
        return known, len(self.ports) == 1

    def leave(self, event: JournalEvent) -> None:
        """Free the lane of a device that was unplugged."""
        key = _find_lane(event)
        if event.event == "unplugged" and key in self._lanes:
            self._lanes[self._lanes.index(key)] = None

    def _open(self, key: tuple[str, str, str]) -> None:
        if None in self._lanes:
            self._lanes[self._lanes.index(None)] = key
        elif len(self._lanes) < MAX_LANES:
            self._lanes.append(key)

    def draw(self, event: JournalEvent, *, known: bool) -> tuple[str, str]:
        """Return the marks next to the first line of a sentence, and next to its further lines."""
        begin, along, here, end = self._marks
        first, further = "", ""
        for lane in self._lanes:
            mark = next_mark = along if lane else " "
            if lane == _find_lane(event) and event.device:
                mark = here if known else begin if event.event == "plugged_in" else along
                if event.event == "unplugged":
                    mark, next_mark = end, " "
            elif (
                lane
                and event.event == "reminded"
                and lane[:2] == (event.host, event.session)
                and lane[2] in event.devices
            ):
                mark = here
            first += mark
            further += next_mark
        return first, further


def _find_lane(event: JournalEvent) -> tuple[str, str, str]:
    return event.host, event.session, event.device


def _keep_plain(text: str, _style: str) -> str:
    return text


def _make_painter() -> Paint:
    from rich.console import COLOR_SYSTEMS

    terminal = make_console()
    if terminal.color_system is None or terminal.no_color:
        return _keep_plain
    system = COLOR_SYSTEMS[terminal.color_system]
    styles: dict[str, Any] = {}

    def paint(text: str, style: str) -> str:
        if not style or not text:
            return text
        if style not in styles:
            styles[style] = terminal.get_style(style)
        return str(styles[style].render(text, color_system=system))

    return paint


def _choose_marks() -> tuple[str, ...]:
    """Return the marks of a plug-in, a continuing line, an event and an unplug."""
    try:
        "┌│├└".encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return tuple("+||+")
    return tuple("┌│├└")
