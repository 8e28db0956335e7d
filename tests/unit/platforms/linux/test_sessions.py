"""Which of a person's login sessions say whether the person is in front."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unplugd.platforms.linux.sessions import find_absence, find_seats

SEAT = ("seat0", "/org/freedesktop/login1/seat/seat0")
NO_SEAT = ("", "/")
DESKTOP = {
    "Type": "wayland",
    "Class": "user",
    "State": "active",
    "Active": True,
    "LockedHint": False,
    "Seat": SEAT,
}
LOCKED = {**DESKTOP, "LockedHint": True}
INACTIVE = {**DESKTOP, "Active": False, "State": "online"}
CONSOLE = {**DESKTOP, "Type": "tty"}
SSH = {**CONSOLE, "Seat": NO_SEAT}


@pytest.mark.parametrize(
    ("sessions", "away"),
    [
        ([DESKTOP], None),
        ([LOCKED], "locked"),
        ([INACTIVE], "inactive"),
        ([{**LOCKED, "Active": False}], "inactive"),
        # One that is in front is enough.
        ([INACTIVE, DESKTOP], None),
        ([INACTIVE, LOCKED], "locked"),
        # Only graphical ones show notifications; without any, the console does.
        ([LOCKED, SSH], "locked"),
        ([INACTIVE, CONSOLE], "inactive"),
        ([{**CONSOLE, "Active": False}, SSH], "inactive"),
        ([{**CONSOLE, "LockedHint": True}], "locked"),
        # A remote desktop is a desktop.
        ([INACTIVE, {**DESKTOP, "Seat": NO_SEAT}], None),
        ([{**LOCKED, "Seat": NO_SEAT}], "locked"),
        ([{**LOCKED, "Class": "user-early"}], "locked"),
        # No person sits before these, so nothing tells.
        ([], None),
        ([SSH], None),
        ([{**LOCKED, "State": "closing"}], None),
        ([{**LOCKED, "Class": "manager"}], None),
        ([{**LOCKED, "Class": "greeter"}], None),
    ],
)
def test_one_session_in_front_is_enough(sessions: list[dict[str, object]], away: str | None) -> None:
    """Of those that show notifications."""
    assert find_absence(sessions) == away


@pytest.mark.parametrize(
    ("sessions", "seats"),
    [
        ([DESKTOP, INACTIVE], {"seat0"}),
        ([DESKTOP, {**INACTIVE, "Seat": ("seat1", "/s")}], {"seat0", "seat1"}),
        ([{**DESKTOP, "Seat": ("seat1", "/s")}, CONSOLE], {"seat1"}),
        # A person at a remote desktop may have plugged the device in anywhere.
        ([DESKTOP, {**DESKTOP, "Seat": NO_SEAT}], None),
        ([SSH], None),
        ([], None),
    ],
)
def test_the_persons_seats_are_those_of_such_sessions(
    sessions: list[dict[str, object]], seats: set[str] | None
) -> None:
    """Unless one of them is at no seat."""
    assert find_seats(sessions) == seats


VALUES: st.SearchStrategy[object] = st.sampled_from(
    ["user", "x11", "tty", "", True, False, 0, None, [], {}, (), ("",), SEAT]
)


@given(st.lists(st.dictionaries(st.sampled_from(list(DESKTOP)), VALUES)))
def test_whatever_is_answered_leaves_the_person_in_front_or_away(sessions: list[dict[str, object]]) -> None:
    """Properties may be missing or of any type."""
    assert find_absence(sessions) in (None, "locked", "inactive")
    assert find_seats(sessions) is None or all(find_seats(sessions) or ())
