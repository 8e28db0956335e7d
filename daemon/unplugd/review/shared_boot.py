"""Unites what several sessions saw of one boot, as if one daemon had run whenever at least one of them did. Pure.

Several people may be logged in to a computer, each with a daemon that watches the same devices. Each session is reviewed
by itself; its finished periods and runs are kept (`SharedBoot`) until the boot is over. All of it is on the clock of the
boot, so it can be compared exactly, whatever the wall clock showed.

Periods of one device on one port are the same plug-in if they overlap: a port holds one device. They also are if nobody
saw the device leave and it still has its address, since each plug-in has another one; and if it was away for less than
ten seconds, as for a single daemon. Their uses and snoozes are united, since a daemon may have no right to see another
person's program. A daemon that was not running while a use ended may take the next one for the same; another one that
saw the end knows better. Reminders stay as they are: each was for one person. Somebody is in front of the computer if
any session says so: nobody is while each one that is watching says that its person is away.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from unplugd.review.intervals import join_intervals, subtract_intervals
from unplugd.review.model import Absence, HeldBack, Snooze, Use
from unplugd.rules.events import REPLUG_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from unplugd.review.intervals import Interval
    from unplugd.review.model import End
    from unplugd.review.open_period import FinishedPeriod, OpenPeriod, Run, SharedBoot

MAX_SESSIONS: Final = 64
"""Maximum number of sessions per boot that are followed at once, and compared."""


def unite_runs(shared: SharedBoot) -> Iterator[Run]:
    """Yield the times during which unplugd was running in at least one session."""
    united: Run | None = None
    for run in sorted(shared.runs):
        if united is None or run.began >= united.ended:
            if united:
                yield united
            united = run
        elif run.ended > united.ended:
            united = run._replace(began=united.began)
    if united:
        yield united


def unite_periods(shared: SharedBoot) -> Iterator[FinishedPeriod]:
    """Yield each plug-in once."""
    sessions = {run.session for run in shared.runs}
    # With more sessions than people it would take too long, and make no sense.
    unwatched = {
        session: _find_unwatched(shared.runs, session)
        for session in (sessions if len(sessions) <= MAX_SESSIONS else ())
    }
    by_port: dict[str, list[FinishedPeriod]] = {}
    for finished in shared.periods:
        by_port.setdefault(finished.port, []).append(finished)
    for same_port in by_port.values():
        plugins: list[list[FinishedPeriod]] = []
        last: FinishedPeriod | None = None
        for finished in sorted(same_port, key=lambda one: (one.period.began, one.ended)):
            if last and _is_same_plugin(last, finished):
                plugins[-1].append(finished)
                last = finished if finished.ended > last.ended else last
            else:
                plugins.append([finished])
                last = finished
        for number, views in enumerate(plugins):
            later = plugins[number + 1][0].period.began if number + 1 < len(plugins) else None
            yield _unite(views, later, unwatched)


def _is_same_plugin(last: FinishedPeriod, next_view: FinishedPeriod) -> bool:
    """Return whether the next view is of the same plug-in as the earlier ones, of which `last` ended last."""
    device = next_view.period
    if device.id != last.period.id:
        return False
    if device.began < last.ended:
        return True
    if last.end == "unplugged":
        return device.began - last.ended < REPLUG_SECONDS
    if last.end == "unseen" and device.began > last.period.at:
        return False  # It had been found gone by then.
    return 0 < device.addresses[0] == last.period.addresses[-1]


def _find_unwatched(runs: Sequence[Run], session: str) -> list[Interval]:
    """Return when this session was not watching, but another one was."""
    own = join_intervals((run.began, run.ended) for run in runs if run.session == session)
    others = join_intervals((run.began, run.ended) for run in runs if run.session != session)
    return subtract_intervals(others, own)


def _unite(
    views: Sequence[FinishedPeriod], later: float | None, unwatched: Mapping[str, list[Interval]]
) -> FinishedPeriod:
    """Return the views of one plug-in as one; the next plug-in on the port is `later` (None: there is none)."""
    if len(views) == 1:
        return views[0]
    ended, end = _find_end(views)
    if later is not None:
        ended, end = min(ended, later), "cut" if end == "open" else end
    first, newest = views[0].period, max((view.period for view in views), key=lambda period: period.at)
    periods = [view.period for view in views]
    _cut_unwatched_uses(views, unwatched)
    first.uses.finished = [
        replace(use, ended=min(use.ended, ended)) for use in _unite_uses(periods) if use.began <= ended
    ]
    snoozes = join_intervals(
        (snooze.began, snooze.ended) for period in periods for snooze in period.snoozes.finished
    )
    first.snoozes.finished = [Snooze(began, min(over, ended)) for began, over in snoozes if began <= ended]
    first.held_back.finished = [
        replace(held, ended=min(held.ended, ended))
        for held in _unite_held_back(periods)
        if held.began <= ended
    ]
    first.reminders.absences.finished = _unite_absences(views, ended, unwatched)
    first.reminders.delivered = sorted(
        (reminder for period in periods for reminder in period.reminders.delivered),
        key=lambda reminder: reminder.at,
    )
    first.strangers = list(dict.fromkeys(name for period in periods for name in period.strangers))
    # The latest event dates the period: its wall clock is most likely to be right.
    first.at, first.wall = newest.at, newest.wall
    return views[0]._replace(ended=ended, end=end)


def _find_end(views: Sequence[FinishedPeriod]) -> tuple[float, End]:
    """Return when and how the plug-in ended: it was gone as soon as one session saw it leave for the last time."""
    plugged_at = max(view.period.plugged_at for view in views)
    seen = [view.ended for view in views if view.end == "unplugged" and view.ended >= plugged_at]
    if seen:
        return min(seen), "unplugged"
    last = max(views, key=lambda view: view.ended)
    # Somebody who came later may have found it gone.
    found_gone = last.end == "open" and any(
        view.end == "unseen" and view.period.at >= last.ended for view in views
    )
    return last.ended, "unseen" if found_gone else last.end


def _unite_uses(periods: Sequence[OpenPeriod]) -> list[Use]:
    """Return the uses that any session saw, without overlaps."""
    uses = [use for period in periods for use in period.uses.finished if _is_certain(use)]
    certain = _measure(uses)
    for period in periods:
        # Of the other ones only the total is known. They may be those that another session saw begin and end.
        seen_by_others = certain - _measure(filter(_is_certain, period.uses.finished))
        for use in period.uses.finished:
            length = use.ended - use.began
            if not _is_certain(use) and length > seen_by_others:
                uses.append(replace(use, began=use.began + seen_by_others))
            if not _is_certain(use):
                seen_by_others = max(0.0, seen_by_others - length)
    united: list[Use] = []
    for use in sorted(uses, key=lambda use: (use.began, use.ended)):
        if not united or use.began >= united[-1].ended:
            united.append(use)
            continue
        last = united[-1]
        if _is_named(last) and _is_named(use) and last.program != use.program:
            if use.ended > last.ended:
                united.append(replace(use, began=last.ended))
            continue
        named = use if _is_named(use) and not _is_named(last) else last
        united[-1] = replace(named, began=last.began, ended=max(last.ended, use.ended))
    return united


def _is_certain(use: Use) -> bool:
    """Return whether it is known when the use was."""
    return bool(use.program or use.evidence)


def _is_named(use: Use) -> bool:
    return use.program not in ("", "unknown")


def _measure(uses: Iterable[Use]) -> float:
    """Return for how long there was at least one of these uses."""
    return sum(end - begin for begin, end in join_intervals((use.began, use.ended) for use in uses))


def _unite_held_back(periods: Iterable[OpenPeriod]) -> list[HeldBack]:
    """Return the times for which a program held anybody's reminders back, each once."""
    by_program: dict[str, list[tuple[float, float]]] = {}
    for period in periods:
        for held in period.held_back.finished:
            by_program.setdefault(held.program, []).append((held.began, held.ended))
    united = [
        HeldBack(began, ended, program)
        for program, times in by_program.items()
        for began, ended in join_intervals(times)
    ]
    return sorted(united, key=lambda held: held.began)


def _unite_absences(
    views: Sequence[FinishedPeriod], ended: float, unwatched: Mapping[str, list[Interval]]
) -> list[Absence]:
    """Return when nobody was in front in any session that was watching, within a plug-in that `ended` then."""
    by_reason: dict[str, list[Interval]] = {}
    for view in views:
        for absence in view.period.reminders.absences.finished:
            by_reason.setdefault(absence.why, []).append((absence.began, min(absence.ended, ended)))
    if not by_reason:
        return []
    taken = join_intervals(
        present for view in views for present in _find_present(view, ended, unwatched.get(view.session))
    )
    united = []
    # If the session in front is locked, the others are inactive.
    for why in sorted(by_reason, key=lambda why: (why != "locked", why)):
        left = subtract_intervals(join_intervals(span for span in by_reason[why] if span[0] < span[1]), taken)
        united += [Absence(began, over, why) for began, over in left]
        taken = join_intervals([*taken, *left])
    return sorted(united, key=lambda absence: absence.began)


def _find_present(view: FinishedPeriod, ended: float, unwatched: list[Interval] | None) -> list[Interval]:
    """Return when a session was watching and its person was in front, within a plug-in that `ended` then."""
    began, over = view.period.began, view.ended
    if unwatched is not None and view.end in ("cut", "open"):
        # The last event is not the end: the session was watching until it stopped.
        over = max(over, ended)
    gaps = unwatched or []
    first = bisect_right(gaps, began, key=itemgetter(1))
    after = bisect_left(gaps, over, key=itemgetter(0))
    absences = [(absence.began, absence.ended) for absence in view.period.reminders.absences.finished]
    return subtract_intervals([(began, over)], join_intervals([*gaps[first:after], *absences]))


def _cut_unwatched_uses(views: Sequence[FinishedPeriod], unwatched: Mapping[str, list[Interval]]) -> None:
    """Take out of each use the times that its session did not watch, if another one saw a use end there."""
    seen = [(view.session, use.ended) for view in views for use in view.period.uses.finished]
    ends_seen = {
        session: sorted(ended for other, ended in seen if other != session)
        for session in {view.session for view in views} & unwatched.keys()
    }
    for view in views:
        if view.session not in ends_seen:
            continue
        gaps, ends = unwatched[view.session], ends_seen[view.session]
        cut: list[Use] = []
        for use in view.period.uses.finished:
            rest = use
            for begin, end in islice(gaps, bisect_right(gaps, use.began, key=itemgetter(1)), None):
                if begin >= rest.ended:
                    break
                first = bisect_left(ends, max(begin, rest.began))
                if first < len(ends) and ends[first] < min(end, rest.ended):
                    cut.append(replace(rest, ended=max(rest.began, begin)))
                    rest = replace(rest, began=min(end, rest.ended))
            cut.append(rest)
        view.period.uses.finished = [use for use in cut if use.ended > use.began or len(cut) == 1]
