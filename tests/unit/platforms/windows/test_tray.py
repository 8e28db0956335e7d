"""When Windows shows notifications."""

from __future__ import annotations

import pytest

from unplugd.platforms.windows.tray import explain_state


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (1, "a screen saver is on, or nobody is in front"),
        (2, "a program fills the screen"),
        (3, "a program fills the screen"),
        (4, "the computer is presenting"),
        (7, "an app fills the screen"),
    ],
)
def test_what_windows_would_not_show_is_not_delivered(state: int, reason: str) -> None:
    """It fails with the reason, so that it is tried again until Windows shows it."""
    assert explain_state(state) == f"Windows shows no notifications now: {reason}"


@pytest.mark.parametrize("state", [0, 5, 6, 8])
def test_in_any_other_state_it_is_shown(state: int) -> None:
    """Also in the first hour after Windows was set up, which is quiet for what can wait, and in states to come."""
    assert explain_state(state) is None
