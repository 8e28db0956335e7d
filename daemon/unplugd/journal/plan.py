"""Plans which parts of which files to read, and in which order, to get the events of each computer in order.

Journals may be rotated, copied twice, concatenated in the wrong order, or contain the events of many computers. The
unit of reading is a `Segment`: a part of a file in which the events of one computer are in order. Boots are ordered by
the wall clock of their first event, the events of a boot by the clock that is never set.

Looking at every line first would take as long as reading them. So of a large file, only a few lines are sampled: the
first of every 64 kB (of more in a very large file), and the last. If these are from one computer and in order, the file
is treated as one segment (not `exact`). A file is scanned line by line, which makes its segments exact, if it is small,
if its samples are out of order, or if its segment overlaps another one, since then every line matters.

The plan for a computer is a list of groups, which are read one after another; only the segments within a group overlap
and must be merged. Scanned files are read twice, all others once.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from dataclasses import replace
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from unplugd import regular_file
from unplugd.journal import lines, sources
from unplugd.journal.computers import find_computers
from unplugd.journal.event import decode, parse_line
from unplugd.journal.files import strip_rotation
from unplugd.journal.packs import Groups, Pack, list_related, pack_by_host
from unplugd.journal.position import find_position
from unplugd.journal.segment import Segment
from unplugd.journal.sessions import find_sessions
from unplugd.journal.split import sort_lines, split_by_boot, split_by_host
from unplugd.journal.spool import NoRoomError
from unplugd.journal.timestamps import is_fixed_form, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from unplugd.journal.event import JournalEvent
    from unplugd.journal.packs import Group
    from unplugd.journal.sources import Source

    Plan = Mapping[str, Sequence[Group]]


SLACK_SECONDS: Final = 60.0
"""Seconds by which a line may be late: some events are only written once their consequences are known."""
SCAN_ALL_BYTES: Final = 1_000_000
"""Files up to this size are always scanned."""
SAMPLE_EVERY_BYTES: Final = 65_536
"""Bytes from one sample to the next, at least; more in a file that would have more than `MAX_SAMPLES`."""
MAX_SAMPLES: Final = 256
"""Maximum number of samples of a file, however large it is."""
SAMPLE_BYTES: Final = 4096
"""Bytes read for one sample."""
MAX_GAP_BYTES: Final = 4096
"""Maximum length, in bytes, of other computers' lines within a segment; after more, a new segment begins."""
MIN_MIXED: Final = 64
"""How many times lines must return to a computer and boot after others, or to an earlier time, for a file to be split."""
MAX_RUN_BYTES: Final = 16_384
"""Average length, in bytes, of what is between two such places, from which on splitting a file is not worthwhile."""
SPLITS: Final = (split_by_host, split_by_boot, sort_lines)
"""The ways to split a file, by level; the parts are only split in later ways."""


class Planner:
    """Finds out what to read; `notes` counts what is unusual, `report_error` gets what cannot be read.

    `warn` gets what only takes longer (by default, `report_error` does).
    """

    def __init__(
        self,
        notes: Counter[str],
        report_error: Callable[[str], None],
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self._notes = notes
        self._report_error = report_error
        self._warn = warn or report_error
        self.unreadable: set[Path] = set()
        """The files that could not be read, by the name that a person knows."""

    def plan(self, found: Sequence[Source]) -> dict[str, Groups]:
        """Return the groups of segments of each computer, in reading order."""
        surveyed = self._survey(found)
        while True:
            plan: dict[str, Groups] = {}
            to_scan: set[Source] = set()
            same_names = 0
            for related in list_related([*chain.from_iterable(surveyed.values())]):
                same_names += _plan_related([*chain.from_iterable(map(Pack.unpack, related))], plan, to_scan)
            if not to_scan:
                self._notes["same_name"] += same_names
                return dict(sorted(plan.items()))
            # The result of a scan can make other segments overlap.
            again = [source for source in surveyed if source in to_scan]
            surveyed = {source: packs for source, packs in surveyed.items() if source not in to_scan}
            surveyed |= self._survey(again, sampled=False)

    def _survey(self, found: Iterable[Source], *, sampled: bool = True) -> dict[Source, list[Pack]]:
        """Return the packed segments of each file; a file is scanned only if samples are not enough, or not wanted.

        In place of files in which the lines of several computers or boots alternate, there are their parts.
        """
        surveyed: dict[Source, list[Pack]] = {}
        mixes: list[list[tuple[str, Source]]] = [[] for _ in SPLITS]
        self._find_mixes(found, surveyed, mixes, sampled=sampled)
        for split, of_level in zip(SPLITS, mixes, strict=True):
            in_order = [source for _, source in sorted(of_level, key=itemgetter(0))]
            self._find_mixes(self._split(split, in_order, surveyed), surveyed, mixes)
        return surveyed

    def _find_mixes(
        self,
        found: Iterable[Source],
        surveyed: dict[Source, list[Pack]],
        mixes: list[list[tuple[str, Source]]],
        *,
        sampled: bool = True,
    ) -> None:
        """Add the segments of these files, or the time of the first event and the file to those of a kind of mix."""
        for source in found:
            try:
                surveyed[source] = pack_by_host(self._look_at(source, source.level, sampled=sampled))
            except _MixError as mix:
                mixes[mix.level].append((mix.began, source))

    def _split(
        self,
        split: Callable[[Sequence[Source], Counter[str]], list[Source]],
        mixes: Sequence[Source],
        surveyed: dict[Source, list[Pack]],
    ) -> list[Source]:
        """Return the parts of these files; if there is no room for them, add the segments of the files as they are."""
        if not mixes:
            return []
        try:
            return split(mixes, self._notes)
        except OSError as error:
            surveyed |= {
                source: pack_by_host(self._look_at(source, len(SPLITS), sampled=False)) for source in mixes
            }
            if isinstance(error, NoRoomError):
                names = ", ".join(dict.fromkeys(sources.show_name(source.name) for source in mixes))
                self._warn(
                    f"unplugd: no room to sort the lines of {names}, so it takes longer: {error.strerror}"
                )
            return []

    def _look_at(self, source: Source, level: int, *, sampled: bool) -> list[Segment]:
        """Return the segments of a file; _MixError if it should be split in a way of this level or a later one."""
        notes = Counter[str]()
        try:
            found = _sample(source) if sampled and source.size > max(SCAN_ALL_BYTES, SAMPLE_BYTES) else None
            segments = [found] if found else _scan(source, level, notes)
        except OSError as error:
            self._fail(source, error)
            segments = []
        self._notes.update(notes)
        return segments

    def _fail(self, source: Source, error: OSError) -> None:
        self.unreadable.add(source.name)
        self._notes["unreadable_file"] += 1
        self._report_error(f"unplugd: {sources.describe_unreadable(source.name, error)}")


def _plan_related(segments: Sequence[Segment], plan: dict[str, Groups], to_scan: set[Source]) -> int:
    """Add the computers of these segments to a plan, and the files to scan to `to_scan`.

    Return how many computers have the name of another one. Other segments are of other computers.
    """
    names, same_names = find_computers(segments)
    by_computer: dict[str, list[Segment]] = {}
    for segment in segments:
        computers = {names[segment.host, boot] for boot in segment.boots}
        if len(computers) > 1:
            to_scan.add(segment.source)
        computer = min(computers)
        by_computer.setdefault(computer, []).append(replace(segment, computer=computer))
    for computer, of_computer in by_computer.items():
        ranks = rank_boots(of_computer)
        groups = _group_segments(_name_sessions(of_computer), ranks)
        plan[computer] = Groups(groups)
        to_scan.update(
            segment.source
            for group in groups
            for segment in group
            if not segment.exact and (len(group) > 1 or not _is_ascending(segment, ranks))
        )
    return same_names


class _MixError(Exception):
    """A file should be split, as `SPLITS[level]` does; `began` is the time of its first event."""

    def __init__(self, began: str, level: int) -> None:
        super().__init__()
        self.began = began
        self.level = level


def _scan(source: Source, level: int, notes: Counter[str]) -> list[Segment]:
    """Return the segments of a file after looking at every line; _MixError if it should be split."""
    ended: list[Segment] = []
    open_segments: dict[tuple[str, str], Segment] = {}
    previous: Segment | None = None
    first: JournalEvent | None = None
    hosts: set[str] = set()
    returns = steps_back = 0
    for begin, end, event in read_located(source, 0, source.size, notes):
        at = find_position(event)
        key = event.host, event.boot
        segment = open_segments.get(key)
        first = first or event
        if segment is None or segment is not previous:
            returns += bool(segment or (previous and event.host != previous.host and event.host in hosts))
            hosts.add(event.host)
            if level < 2 and _is_often(returns, begin):
                raise _MixError(first.time, max(level, int(len(hosts) == 1)))
        if segment is None or at < segment.last[1] - SLACK_SECONDS or begin > segment.end + MAX_GAP_BYTES:
            if segment:
                ended.append(segment)
                steps_back += at < segment.last[1] - SLACK_SECONDS
                if level < 3 and _is_often(steps_back, begin):
                    raise _MixError(first.time, 2)
            segment = open_segments[key] = Segment(
                source,
                event.host,
                begin,
                end,
                boots={event.boot: (at, parse_timestamp(event.time))},
                last=(event.boot, at),
                first_seen={event.boot: begin},
                exact=True,
                latest={event.boot: (at, event.time)},
            )
        else:
            if at < segment.boots[event.boot][0]:
                segment.boots[event.boot] = (at, parse_timestamp(event.time))
            segment.end = end
            _note_time(segment, event, at)
            if at >= segment.last[1]:
                segment.last = event.boot, at
            if segment is not previous:
                segment.alone = False
        previous = segment
        _note_writer(segment, event)
        if not is_fixed_form(event.time):
            segment.uncertain |= {event.boot}
        if event.event == "started":
            segment.starts.add(at)
    return [*ended, *open_segments.values()]


def _is_often(times: int, size: int) -> bool:
    """Return whether something happened so often in so many bytes that splitting the file is worthwhile."""
    return times > MIN_MIXED and times * MAX_RUN_BYTES > size


def read_located(
    source: Source, begin: int, end: int, notes: Counter[str]
) -> Iterator[tuple[int, int, JournalEvent]]:
    """Yield the events between two offsets of a file, each with the offsets of its line."""
    descriptor = source.open()
    try:
        for start, chunk in lines.read_forwards(descriptor, begin, end, notes):
            chunk_notes = Counter[str]()
            events, kept = decode(chunk, chunk_notes)
            chunk_lines = chunk.split(b"\n")
            chunk_lines.pop()
            offset = start
            if len(kept) == len(chunk) and len(chunk_lines) == len(events) and lines.are_objects(chunk_lines):
                notes.update(chunk_notes)
                for line, event in zip(chunk_lines, events, strict=True):
                    yield offset, offset + len(line) + 1, event
                    offset += len(line) + 1
                continue
            for line in chunk_lines:
                for event in decode(line + b"\n", notes)[0]:
                    yield offset, offset + len(line) + 1, event
                offset += len(line) + 1
    finally:
        os.close(descriptor)


def rank_boots(segments: Iterable[Segment]) -> dict[str, int]:
    """Return the rank of each boot by the time of its first event."""
    first: dict[str, tuple[float, float]] = {}
    for segment in segments:
        for boot, begin in segment.boots.items():
            first[boot] = min(first.get(boot, begin), begin)

    def key(boot: str) -> tuple[float, str]:
        at = first[boot][1]
        return (math.inf if math.isnan(at) else at, boot)

    return {boot: rank for rank, boot in enumerate(sorted(first, key=key))}


def _note_time(segment: Segment, event: JournalEvent, at: float) -> None:
    """Note the time of a line at a position in a boot that the segment has already."""
    time, boot = event.time, event.boot
    last, latest = segment.latest[boot]
    if at >= last:
        segment.latest[boot] = (at, time)
        if time < latest:
            segment.newest[boot] = max(segment.newest.get(boot, ""), latest)
    elif time > latest:
        segment.newest[boot] = max(segment.newest.get(boot, ""), time)


def _note_writer(segment: Segment, event: JournalEvent) -> None:
    if event.station and (event.boot, event.station) not in segment.stations:
        segment.stations |= {(event.boot, event.station)}
    if event.session and event.session not in segment.sessions:
        segment.sessions |= {event.session}


def find_first_line(segment: Segment, boot: str) -> int | None:
    """Return the offset of a boot's first line, None if it is not between its first sample and the previous sample."""
    sample = segment.first_seen[boot]
    begin = max(segment.begin, sample - find_sample_step(segment.source))
    end = min(segment.end, sample + SAMPLE_BYTES)
    before = ""
    try:
        for at, _, event in read_located(segment.source, begin, end, Counter()):
            if event.boot == boot:
                return at if before or begin == segment.begin else None
            before = event.boot
    except OSError:
        pass
    return None


# --- samples


def _sample(source: Source) -> Segment | None:
    """Return the whole file as one segment if its samples are from one computer and in order, else None."""
    samples = _read_samples(source)
    if not samples:
        return None
    host = samples[0][1].host
    sampled = Segment(source, host, 0, source.size, {}, ("", -math.inf), {}, exact=False)
    # They may get many members: add these in place.
    sampled.stations, sampled.sessions, sampled.uncertain = set(), set(), set()
    boots = sampled.boots
    last = sampled.last
    skew = 0.0
    for offset, event in samples:
        at = find_position(event)
        new = event.boot not in boots
        if event.host != host or (event.boot != last[0] and not new):
            return None
        wall = parse_timestamp(event.time)
        if new:
            boots[event.boot] = (at, wall)
            sampled.first_seen[event.boot] = offset
            sampled.latest[event.boot] = (at, event.time)
            skew = wall - at
        elif at < last[1] - SLACK_SECONDS:
            return None
        else:
            _note_time(sampled, event, at)
        if not (abs(wall - at - skew) <= SLACK_SECONDS and is_fixed_form(event.time)):
            sampled.uncertain |= {event.boot}
        last = (event.boot, at if new else max(at, last[1]))
        _note_writer(sampled, event)
    sampled.last = last
    return sampled


def find_sample_step(source: Source) -> int:
    """Return the number of bytes from one sample of a file to the next."""
    return max(SAMPLE_EVERY_BYTES, -(-source.size // MAX_SAMPLES))


def _read_samples(source: Source) -> list[tuple[int, JournalEvent]]:
    descriptor = source.open()
    try:
        samples: list[tuple[int, JournalEvent]] = []
        for offset in range(0, source.size - SAMPLE_BYTES, find_sample_step(source)):
            samples += ((offset, event) for event in islice(_read_sample(descriptor, offset), 1))
        # The last event shows where the next file may begin.
        end = source.size - SAMPLE_BYTES
        samples += [(end, event) for event in _read_sample(descriptor, end)][-1:]
    finally:
        os.close(descriptor)
    return samples


def _read_sample(descriptor: int, offset: int) -> Iterator[JournalEvent]:
    """Yield the events on the few whole lines after an offset."""
    notes = Counter[str]()
    found = regular_file.read_at(descriptor, SAMPLE_BYTES, offset).split(b"\n")
    for line in found if offset == 0 else found[1:]:
        event = parse_line(line, notes) if line.endswith((b"}", b"}\r")) else None
        if event:
            yield event


# --- groups


def _name_sessions(segments: list[Segment]) -> list[Segment]:
    """Return the segments of one computer, with the session of the lines that do not name one."""
    sessions = find_sessions(segments)
    if not sessions:
        return segments
    return [
        replace(segment, session=sessions.get(strip_rotation(segment.source.name), ""))
        for segment in segments
    ]


def _is_ascending(segment: Segment, ranks: dict[str, int]) -> bool:
    order = [ranks[boot] for boot in segment.boots]
    return order == sorted(order)


def _group_segments(segments: list[Segment], ranks: dict[str, int]) -> list[Group]:
    """Return the segments in groups that do not overlap, in order."""

    def begins(segment: Segment) -> tuple[int, float]:
        boot = min(segment.boots, key=ranks.__getitem__)
        return ranks[boot], segment.boots[boot][0]

    def ends(segment: Segment) -> tuple[int, float]:
        boot = max(segment.boots, key=ranks.__getitem__)
        return ranks[boot], segment.last[1] if boot == segment.last[0] else math.inf

    groups: list[Group] = []
    reached = (-1, 0.0)
    for segment in sorted(segments, key=lambda segment: (begins(segment), ends(segment))):
        rank, at = begins(segment)
        if groups and (rank, at) < (reached[0], reached[1] - SLACK_SECONDS):
            groups[-1].append(segment)
        else:
            groups.append([segment])
        reached = max(reached, ends(segment))
    return groups
