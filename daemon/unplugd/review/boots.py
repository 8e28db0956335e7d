"""Finds out which boot of which computer an event belongs to, and when in that boot it happened. Pure.

Each event names its boot, and its `uptime` says when in the boot it happened. Both may be missing or wrong: a journal
may be merged from several, the name of a boot may be reused, a date may be invalid. So the clocks decide: an event more
than a minute before the latest event of its boot is either late and skipped, or part of another boot with the same
name.

Several people may watch the same boot, each with a daemon. Each `session` has a clock and periods of its own; what they
saw is united when the boot is over (`shared_boot`). Lines of older versions do not name their session: once such a
daemon has stopped, the next one that starts continues it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd.journal.timestamps import MAX_WALL_SECONDS
from unplugd.review.open_period import (
    JUMP_SECONDS,
    MAX_SECONDS,
    BootClock,
    SharedBoot,
    check_number,
)
from unplugd.review.shared_boot import MAX_SESSIONS

if TYPE_CHECKING:
    from unplugd.journal.event import JournalEvent
    from unplugd.review.results import Results

MAX_BOOTS: Final = 8
"""Maximum number of boots per computer followed at once; their events may be mixed if clocks were wrong."""


class Boots:
    """The boots being followed, by computer, boot and session."""

    def __init__(self, results: Results) -> None:
        self.by_name: dict[tuple[str, str, str], BootClock] = {}
        self.latest: dict[str, str] = {}
        """The boot of each computer's last valid event."""
        self.seen: set[tuple[str, str]] = set()
        """The computer and boot of all events, including invalid ones."""
        self.all_timed = True
        """Whether every event that names a boot has a valid uptime."""
        self.sessions: dict[tuple[str, str], list[str]] = {}
        """The sessions being followed, by computer and boot."""
        self._of_host: dict[str, list[str]] = {}
        self._results = results

    def place(
        self, known: BootClock | None, event: JournalEvent, wall: float
    ) -> tuple[BootClock, float, float] | None:
        """Return the boot, uptime and wall clock of an event that does not simply continue the `known` boot.

        None if they cannot be determined.
        """
        uptime = check_number(event.uptime)
        self.seen.add((event.host, event.boot))
        self.all_timed &= uptime is not None or not event.boot
        if not 0 <= wall <= MAX_WALL_SECONDS:
            if uptime is None or known is None or known.skew is None:
                self._results.notes["no_time"] += 1
                return None
            wall = uptime + known.skew
        boot = known = known or self._continue_older(event)
        if boot is None or (uptime is not None and uptime < boot.at - JUMP_SECONDS):
            boot = self._begin_boot(known, event, uptime, wall)
        if boot is None:
            self._results.notes["out_of_order"] += 1
            return None
        if uptime is not None:
            boot.note_skew(wall - uptime)
            return boot, uptime, wall
        boot.read_last_event()
        at = boot.at + max(0.0, wall - boot.wall)
        if at - boot.began > MAX_SECONDS:
            self._results.notes["no_time"] += 1
            return None
        return boot, at, wall

    def _begin_boot(
        self, known: BootClock | None, event: JournalEvent, uptime: float | None, wall: float
    ) -> BootClock | None:
        """Return a boot that begins with this event, None if it is a late event of the `known` one."""
        host, boot = event.host, event.boot
        if known is not None and uptime is not None:
            if known.skew is not None and abs(wall - uptime - known.skew) <= JUMP_SECONDS:
                return None
            # This is another boot with the same name.
            self.end_boot(host, boot)
        sessions = self.sessions.get((host, boot))
        if sessions is None:
            of_host = self._of_host.setdefault(host, [])
            if len(of_host) >= MAX_BOOTS:
                self.end_boot(host, of_host[0])
            of_host.append(boot)
            sessions = self.sessions[host, boot] = []
        begun = BootClock(host, event.session, wall if uptime is None else uptime, wall)
        if sessions:
            other = self.by_name[host, boot, sessions[0]]
            # What was over before belongs to the first session alone.
            begun.shared = other.shared = other.shared or SharedBoot()
            if len(sessions) >= MAX_SESSIONS:
                self._end_session(host, boot, sessions.pop(0))
        sessions.append(event.session)
        self.by_name[host, boot, event.session] = begun
        return begun

    def _continue_older(self, event: JournalEvent) -> BootClock | None:
        """Return the session of an older version that this event continues, None if there is none."""
        older = self.by_name.get((event.host, event.boot, ""))
        if older is None or not older.stopped:
            return None
        del self.by_name[event.host, event.boot, ""]
        self.by_name[event.host, event.boot, event.session] = older
        sessions = self.sessions[event.host, event.boot]
        sessions[sessions.index("")] = older.session = event.session
        return older

    def end_boot(self, host: str, boot: str, *, last: bool = False) -> None:
        """Stop following a boot and finish its periods, which stay open if it is the `last` boot."""
        self._of_host[host].remove(boot)
        sessions = self.sessions.pop((host, boot))
        shared = self.by_name[host, boot, sessions[0]].shared
        for session in sessions:
            self._end_session(host, boot, session, last=last)
        if shared:
            self._results.finish_shared_boot(host, shared)
            self._results.notes["clock_jumps"] += shared.jumps

    def _end_session(self, host: str, boot: str, session: str, *, last: bool = False) -> None:
        ended = self.by_name.pop((host, boot, session))
        self._results.finish_run(ended)
        if ended.shared:
            ended.shared.jumps = max(ended.shared.jumps, ended.jumps)
        else:
            self._results.notes["clock_jumps"] += ended.jumps
        for port in list(ended.open):
            self._results.finish_period(ended, port, "open" if last else "cut")
