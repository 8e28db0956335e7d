"""Whether somebody is in front of a session of Windows."""

from __future__ import annotations

import pytest

from unplugd.platforms.windows.presence import describe_session, follow_change


@pytest.mark.parametrize(
    ("state", "flags", "absence"),
    [(0, 1, None), (0, 0, "locked"), (4, 1, "inactive"), (4, 0, "inactive"), (1, 1, "inactive")],
)
def test_a_session_is_left_while_it_is_locked_or_not_the_active_one(
    state: int, flags: int, absence: str | None
) -> None:
    """Another person may use the computer meanwhile: that is said rather than the lock."""
    assert describe_session(state, flags) == absence


def test_what_windows_does_not_know_is_not_made_up() -> None:
    """A session of which Windows knows no lock counts as neither locked nor unlocked."""
    with pytest.raises(OSError, match="whether the session is locked"):
        describe_session(0, -1)


@pytest.mark.parametrize(
    ("change", "absence"),
    [
        (1, None),
        (3, None),
        (2, "inactive"),
        (4, "inactive"),
        (7, "locked"),
        (8, None),
        (5, "locked"),
        (9, "locked"),
    ],
)
def test_an_announced_change_says_who_is_there(change: int, absence: str | None) -> None:
    """Logons of others and the like change nothing."""
    assert follow_change(change, "locked") == absence
