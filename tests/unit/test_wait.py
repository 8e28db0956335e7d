"""How tests wait."""

from __future__ import annotations

from tests.rig.wait import never, wait_until


def test_what_is_not_yet_so_is_looked_at_again() -> None:
    """On each system: Windows' `select` cannot wait for nothing."""
    looks = iter([0, 0, 3])
    assert wait_until(lambda: next(looks), "the third look") == 3
    never(lambda: 0, "anything", 0.02)
