"""How long the machine has been asleep, by two clocks that cannot be read at the same moment."""

from __future__ import annotations

import pytest

from unplugd.platforms.sleep import MAX_TRIES, measure_sleep

NIGHT = 8 * 3600.0


class Machine:
    """Two clocks; `stops` are the seconds for which the program is stopped after each reading, until they are used up."""

    def __init__(self, asleep: float, *stops: float) -> None:
        self.asleep = asleep
        self.stops = list(stops)
        self.clock = 1000.0

    def awake(self) -> float:
        read = self.clock
        self.clock += self.stops.pop(0) if self.stops else 1e-6
        return read

    def now(self) -> float:
        return self.awake() + self.asleep


@pytest.mark.parametrize("asleep", [0.0, NIGHT])
@pytest.mark.parametrize("stops", [(), (5.0,), (0.0, 5.0), (5.0, 5.0), (0.0, 0.0, 5.0), (2.0,) * 6])
def test_a_program_that_is_stopped_between_two_readings_has_not_slept(
    asleep: float, stops: tuple[float, ...]
) -> None:
    """What the clocks tell is the same as if it had gone on."""
    machine = Machine(asleep, *stops)
    assert measure_sleep(machine.now, machine.awake) == pytest.approx(asleep, abs=0.002)


def test_a_machine_that_is_always_so_slow_is_measured_as_well_as_can_be() -> None:
    """By the readings that were closest together."""
    machine = Machine(NIGHT, *[3.0] * 9, 0.2, 0.3, *[3.0] * (3 * MAX_TRIES))
    assert NIGHT - 0.5 <= measure_sleep(machine.now, machine.awake) <= NIGHT
