"""How often something is done, on a clock that the test moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unplugd.platforms.linux.pace import BURST, GAP_SECONDS, REFILL_SECONDS, Pace


def test_what_is_rare_is_done_at_once() -> None:
    """Nobody waits for what happens less often than the pace allows for ever."""
    pace = Pace()
    for number in range(100):
        now = 1000 + number * REFILL_SECONDS
        assert pace.find_next(now) == now
        pace.note(now)


def test_a_burst_keeps_its_distance() -> None:
    """The first is done at once, the next after the gap, and after a whole burst one at each refill."""
    pace, now = Pace(), 1000.0
    times = []
    for _ in range(BURST + 2):
        now = pace.find_next(now)
        pace.note(now)
        times.append(round(now - 1000, 6))
    assert times[0] == 0
    assert times[1] == GAP_SECONDS
    assert times[-2:] == [REFILL_SECONDS, 2 * REFILL_SECONDS]


@given(st.lists(st.floats(0, 20), max_size=200))
def test_it_is_bounded_and_never_far(pauses: list[float]) -> None:
    """In any time no more is done than a burst and what is refilled; and nobody waits longer than for one refill."""
    pace, now = Pace(), 1000.0
    times: list[float] = []
    for pause in pauses:
        now += pause
        due = pace.find_next(now)
        assert now <= due <= now + REFILL_SECONDS + 1e-6
        now = due
        pace.note(now)
        times.append(now)
    for first, start in enumerate(times):
        for last, end in enumerate(times[first:], first):
            assert last - first + 1 <= BURST + (end - start) / REFILL_SECONDS + 1e-6
