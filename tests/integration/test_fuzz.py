"""The targets of the fuzzer: each takes damaged inputs, a few hundred here, and as many as there is time in `make fuzz`."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.fuzz import kernel, target
from tests.fuzz.target import mutate_blindly
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from pathlib import Path

RUNS = {"journals": 10, "sysfs": 40, "tail": 100, "requests": 150, "processes": 150, "bus": 300}
"""How many inputs a target takes that takes long; the others take `MOST`."""
MOST = 400


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_damaged_inputs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever bytes come from outside, nothing fails; the damage is the same each time."""
    # Short: a socket is made in it.
    monkeypatch.setattr(target, "FOLDER", tmp_path)
    kernel.forget()
    fuzzed = TARGETS[name]
    chance = Random(name)  # noqa: S311 - the same damage each time
    seeds = fuzzed.find_seeds()
    for seed in seeds[:20]:
        fuzzed.take(seed)
    for _ in range(RUNS.get(name, MOST)):
        raw = chance.choice(seeds)
        if fuzzed.mutate:
            raw = fuzzed.mutate(
                raw, 30_000, chance.randrange(2**32), lambda part, most: mutate_blindly(part, most, chance)
            )
        else:
            raw = mutate_blindly(raw, 30_000, chance)
        try:
            fuzzed.take(raw)
        except Exception as error:
            error.add_note(f"the input was {raw!r}")
            raise
