"""What is left out of a plan because it is over before a moment: nothing that a report from then on needs."""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.not_on_windows import SLOW
from tests.rig import journal_maker
from unplugd.cli.log_filter import EventFilter
from unplugd.cli.parser import make_parser
from unplugd.journal import lines as journal_lines
from unplugd.journal import plan as journal_plan
from unplugd.journal import sources, streams
from unplugd.journal.extent import find_extent, skip_before
from unplugd.journal.merge import Merger
from unplugd.journal.streams import ignore_error
from unplugd.journal.timestamps import format_timestamp
from unplugd.review.reviewer import review_part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unplugd.journal.plan import Plan
    from unplugd.review.model import Review

DAY: Final = 86_400.0
NOON: Final = 1_764_000_000.0
DEVICE: Final = {"device": "1-1", "id": "0a21:8001", "name": "CareLink USB"}


def plan_files(*given_files: Path) -> Plan:
    """Return what would be read of these files."""
    found = sources.find_sources(given_files, Path("/nowhere"), Counter(), ignore_error)
    return journal_plan.Planner(Counter(), ignore_error).plan(found)


def review(plan: Plan, until: float | None = NOON + 1000 * DAY) -> Review:
    """Return what one process finds; what is open goes on `until` then."""
    merger = Merger(Counter(), ignore_error)
    batches = chain.from_iterable(map(merger.read, plan.values()))
    events = chain.from_iterable(batch.events for batch in batches)
    return review_part(events, until).review


def compare(plan: Plan, moment: float) -> int:
    """See that a plan tells the same from a moment on with and without what is over before; return how much was skipped."""
    skipped = skip_before(plan, moment)
    whole, rest = review(plan), review(skipped)
    assert [one for one in rest.periods if one.ended >= moment] == [
        one for one in whole.periods if one.ended >= moment
    ]
    assert [one for one in rest.watched if one.ended >= moment] == [
        one for one in whole.watched if one.ended >= moment
    ]
    assert list(skipped) == list(plan)
    return count_bytes(plan) - count_bytes(skipped)


def count_bytes(plan: Plan) -> int:
    """Return how much is read."""
    return sum(segment.size for groups in plan.values() for group in groups for segment in group)


def write_boot(host: str, number: int, begin: float, uptimes: Sequence[float], clock: str) -> list[str]:
    """Return the lines of a boot, whose clock may be wrong; `begin` is in days."""
    written = []
    for step, uptime in enumerate(uptimes):
        wall = NOON + begin * DAY + uptime
        fields: dict[str, Any] = {}
        if step == 0:
            fields["event"] = "started"
        elif step % 5 == 1:
            fields = {"event": "plugged_in", **DEVICE, "address": step}
        elif step % 5 == 4 and step < len(uptimes) - 1:
            fields = {
                "event": "unplugged",
                **DEVICE,
                "plugged_for": uptime - uptimes[step - 3],
                "idle_for": 1.0,
            }
        else:
            fields = {"event": "checkpoint", **DEVICE, "plugged_for": uptime - uptimes[1], "idle_for": 1.0}
        first_third, second_third = step < len(uptimes) / 3, step < len(uptimes) * 2 / 3
        if clock == "1970" or (clock == "1970 at first" and first_third):
            wall = uptime
        elif clock == "ahead" or (clock == "ahead for a time" and not first_third and second_third):
            wall += 500 * DAY
        elif clock == "set back" and not second_third:
            wall -= 30 * DAY
        time = "" if clock == "no time" and step % 4 == 3 else format_timestamp(wall)
        if clock == "another form":
            time = time.replace("Z", "+00:00")
        head = {
            "time": time,
            "event": fields.pop("event"),
            "host": host,
            "boot": f"{host}-{number}",
            "schema": 1,
        }
        if clock != "no uptime":
            head["uptime"] = round(uptime, 3)
        written.append(json.dumps({**head, **fields}) + "\n")
    return written


STEADY: Final = ("right", "right", "right", "1970", "1970 at first", "another form")
"""What does not matter where no line is looked at."""
ANY_CLOCK: Final = (*STEADY, "ahead", "ahead for a time", "set back", "no time", "no uptime")


@st.composite
def histories(draw: st.DrawFn, hosts: Sequence[str], clocks: Sequence[str]) -> list[list[str]]:
    """Return the lines of files with the boots of these computers."""
    boots: list[list[str]] = []
    at = 0.0
    for number in range(draw(st.integers(1, 7))):
        steps = draw(st.lists(st.floats(0.001, 20_000), min_size=1, max_size=40))
        uptimes = [20.0 + sum(steps[:end]) for end in range(len(steps))]
        host = draw(st.sampled_from(hosts))
        boots.append(write_boot(host, number, at, uptimes, draw(st.sampled_from(clocks))))
        at += uptimes[-1] / DAY + draw(st.floats(0.01, 20))
    whole = list(chain.from_iterable(boots))
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=3)))
    return [whole[begin:end] for begin, end in pairwise([0, *cuts, len(whole)])]


@SLOW
@pytest.mark.parametrize("look", ["at every line", "at some lines"])
@given(data=st.data(), moment=st.floats(-5, 150))
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_report_from_a_moment_on_is_the_same_without_what_is_over_before(
    tmp_path: Path, look: str, data: st.DataObject, moment: float
) -> None:
    """Whatever the clocks of the computers showed, and wherever the files were cut."""
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    every = look == "at every line"
    files = data.draw(histories(("ann", "ann", "bob") if every else ("ann",), ANY_CLOCK if every else STEADY))
    for number, lines in enumerate(files):
        (tmp_path / f"{number}.jsonl").write_text("".join(lines))
    with pytest.MonkeyPatch.context() as patched:
        if not every:
            patched.setattr(journal_plan, "SCAN_ALL_BYTES", 0)
            patched.setattr(journal_plan, "SAMPLE_EVERY_BYTES", 700)
            patched.setattr(journal_plan, "MAX_SAMPLES", 8)
            patched.setattr(journal_plan, "SAMPLE_BYTES", 600)
            patched.setattr(journal_lines, "CHUNK_BYTES", 1000)
        event(f"skipped something: {compare(plan_files(tmp_path), NOON + moment * DAY) > 0}")


def test_most_of_a_long_journal_is_skipped(tmp_path: Path) -> None:
    """Whole files, and in the first file that matters whole boots; only what may matter is read."""
    (folder,) = journal_maker.make(tmp_path, 40_000, rotate_at=2_000_000)
    plan = plan_files(folder)
    extent = find_extent(plan)
    assert extent
    began, ended = extent
    whole = review(plan, None)
    assert began == pytest.approx(min(run.began for run in whole.watched))
    assert ended == max(run.ended for run in whole.watched)
    moment = ended - (ended - began) / 5
    assert compare(plan, moment) > count_bytes(plan) / 2
    assert compare(plan, began) == 0


def test_the_log_from_a_moment_on_is_the_same_without_what_is_over_before(tmp_path: Path) -> None:
    """Whole, or its last events; what is over is not read."""
    (folder,) = journal_maker.make(tmp_path, 40_000, rotate_at=2_000_000)
    found = sources.find_sources([folder], Path("/nowhere"), Counter(), ignore_error)
    moment = review(plan_files(folder), None).watched[-1].began - 5 * DAY
    wanted = EventFilter(make_parser().parse_args(["log", "--since", format_timestamp(moment)]))
    read: dict[float, list[bytes]] = {}
    for since in (-math.inf, moment):
        _, batches = streams.read_merged(found, Counter(), ignore_error, since)
        read[since] = [line for batch in batches for line in batch.lines]
    assert len(read[moment]) < len(read[-math.inf]) / 2
    assert read[-math.inf][-len(read[moment]) :] == read[moment]
    ends: dict[float, list[bytes]] = {}
    for since in (-math.inf, moment):
        _, batches = streams.read_last(found, Counter(), ignore_error, wanted.select, 20_000, since)
        ends[since] = [line for batch in batches for line in batch.lines]
    assert ends[moment] == ends[-math.inf] != []


def test_what_has_no_time_has_no_extent(tmp_path: Path) -> None:
    """Nothing is known of it, and nothing of it is skipped."""
    assert find_extent({}) is None
    (tmp_path / "events.jsonl").write_text('{"time": "", "event": "started"}\n' * 2)
    plan = plan_files(tmp_path)
    assert find_extent(plan) is None
    assert compare(plan, NOON) == 0


@pytest.mark.parametrize(("moment", "boots_left"), [(0.0, 3), (9.9, 2), (10.1, 1), (1000.0, 1)])
def test_the_last_boot_is_kept(tmp_path: Path, moment: float, boots_left: int) -> None:
    """A device that is plugged in at its end is still plugged in."""
    uptimes = [20.0, 100.0, 200.0]
    boots = [write_boot("ann", number, 10.0 * number, uptimes, "right") for number in range(3)]
    (tmp_path / "events.jsonl").write_text("".join(chain.from_iterable(boots)))
    plan = plan_files(tmp_path)
    compare(plan, NOON + moment * DAY)
    left = review(skip_before(plan, NOON + moment * DAY))
    assert left.periods[-1].end == "open"
    assert len(left.watched) == boots_left
    assert find_extent(plan) == (NOON + 20, NOON + 20 * DAY + 200)
