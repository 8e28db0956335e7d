"""How far one clock is ahead of another, on a machine on which a program has to wait at any moment."""

from __future__ import annotations

import pytest

from unplugd.clock_offset import read_offset


@pytest.mark.parametrize("waits", [(0, 0, 0), (5, 0, 0), (0, 5, 0), (0, 0, 5)])
def test_a_wait_between_two_readings_is_no_difference(waits: tuple[float, ...]) -> None:
    """Else it would look as if the computer had slept, or as if a program had been started so much earlier."""
    passed, rest = 100.0, list(waits)

    def one() -> float:
        nonlocal passed
        read, passed = passed + 3600, passed + (rest.pop(0) if rest else 0)
        return read

    def other() -> float:
        nonlocal passed
        read, passed = passed, passed + (rest.pop(0) if rest else 0)
        return read

    assert read_offset(one, other) == 3600
