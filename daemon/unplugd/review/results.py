"""The results of a review so far: finished periods and runs, dated by the wall clock and sanitized. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.review.model import Absence, End, HeldBack, Period, Reminder, Snooze, Use, Watched
from unplugd.review.open_period import FinishedPeriod, Run
from unplugd.review.shared_boot import unite_periods, unite_runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.review.open_period import BootClock, SharedBoot

MAX_SANITIZED: Final = 10_000
"""Size of each cache of sanitized strings, since the same few strings occur again and again."""
MAX_WORD_CHARACTERS: Final = 20
"""Maximum length of an id, an urgency, a channel, a session or a version."""
MAX_EVIDENCE_CHARACTERS: Final = 200


class _Sanitized(dict[str, str]):
    """What strings become on one line of at most `limit` characters; it remembers some."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def __missing__(self, text: str) -> str:
        sanitized = sanitize.one_line(text, self._limit)
        if len(self) < MAX_SANITIZED and len(text) <= 4 * self._limit:
            self[text] = sanitized
        return sanitized


class Results:
    """Finished periods, times during which unplugd was running, and counts of what was unusual.

    Periods are not kept: each is given to `take_period` when it is finished, in no particular order.
    """

    def __init__(self, take_period: Callable[[Period], None]) -> None:
        self._take_period = take_period
        self.watched: list[Watched] = []
        self.single_events: list[float] = []
        """When there was one event and then nothing more of that run of unplugd, in Unix seconds."""
        self.versions: list[tuple[float, str]] = []
        """When unplugd started, in Unix seconds, and its version."""
        self.failed_reminders: list[float] = []
        """When a reminder could not be shown, in Unix seconds."""
        self.lost_events: list[tuple[float, int]] = []
        """When it turned out that events had been lost, in Unix seconds, and how many."""
        self.notes: Counter[str] = Counter()
        self._names = _Sanitized(sanitize.MAX_CHARACTERS)
        self._words = _Sanitized(MAX_WORD_CHARACTERS)
        self._evidence = _Sanitized(MAX_EVIDENCE_CHARACTERS)

    def finish_period(self, boot: BootClock, port: str, end: End) -> None:
        """Finish the period on a port, if any; `end` is how it ended if the device was not unplugged."""
        period = boot.open.pop(port, None)
        if period is None:
            return
        skipped = period.unread
        period.read_last_event()
        if period.unplugged_at is None:
            ended = period.at
        else:
            ended = period.unplugged_at
            end = "unseen" if period.unseen else "unplugged"
        boot.ended[port] = ended
        period.uses.end(ended)
        period.snoozes.end(ended)
        period.held_back.end(ended)
        period.reminders.absences.end(ended)
        period.reminders.excuse_unanswered(ended)
        if skipped is not None:
            period.uses.restore_missing(skipped, period.plugged_at, ended)
        finished = FinishedPeriod(boot.session, port, ended, end, period)
        if boot.shared is None:
            self._date_period(boot.host, finished)
        else:
            boot.shared.periods.append(finished)

    def _date_period(self, host: str, finished: FinishedPeriod) -> None:
        _, port, ended, end, period = finished
        at, wall = period.at, period.wall

        def date(moment: float) -> float:
            # Count back from the last event, whose wall clock is most likely to be right.
            return wall - (at - min(moment, ended))

        names, words, evidence = self._names, self._words, self._evidence
        self._take_period(
            Period(
                names[host],
                names[port],
                words[period.id],
                names[period.first.name],
                date(period.began),
                date(ended),
                end,
                tuple(
                    Use(
                        date(use.began),
                        date(use.ended),
                        _name_program(names[use.program]),
                        evidence[use.evidence],
                    )
                    for use in period.uses.finished
                ),
                tuple(
                    Reminder(
                        date(reminder.at),
                        reminder.count,
                        words[reminder.urgency],
                        words[reminder.channel],
                        reminder.outcome,
                        words[reminder.session],
                    )
                    for reminder in period.reminders.delivered
                ),
                tuple(Snooze(date(snooze.began), date(snooze.ended)) for snooze in period.snoozes.finished),
                tuple(names[stranger] for stranger in period.strangers),
                tuple(
                    HeldBack(date(held.began), date(held.ended), _name_program(names[held.program]))
                    for held in period.held_back.finished
                ),
                tuple(
                    [
                        Absence(date(absence.began), date(absence.ended), absence.why)
                        for absence in period.reminders.absences.finished
                    ]
                ),
            )
        )

    def finish_run(self, boot: BootClock) -> None:
        """Finish the current run of unplugd, if any."""
        boot.read_last_event()
        # The next run writes anew that nobody is in front.
        boot.away = None
        for period in boot.open.values():
            period.reminders.absences.end(boot.at)
        if boot.run_began is not None and boot.at > boot.run_began:
            run = Run(boot.run_began, boot.at, boot.wall, boot.session)
            if boot.shared is None:
                self._date_run(boot.host, run)
            else:
                boot.shared.runs.append(run)
        elif boot.run_began is not None:
            self.single_events.append(boot.wall)
        boot.run_began = None

    def note_version(self, wall: float, version: str) -> None:
        """Note which version of unplugd started."""
        self.versions.append((wall, self._words[version]))

    def finish_shared_boot(self, host: str, shared: SharedBoot) -> None:
        """Unite what the sessions of a boot saw."""
        for finished in unite_periods(shared):
            self._date_period(host, finished)
        for run in unite_runs(shared):
            self._date_run(host, run)

    def _date_run(self, host: str, run: Run) -> None:
        self.watched.append(Watched(self._names[host], run.wall - (run.ended - run.began), run.wall))


def _name_program(program: str) -> str:
    """Return the program's name, or "" if the journal has "unknown"."""
    return "" if program == "unknown" else program
