"""How unplugd ends on Windows: by its menu, by its windows, and with the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rig.wait import GIVE_UP

if TYPE_CHECKING:
    from tests.rig.windows_desktop import Program, Taskbar

CLOSE, QUERY_END_SESSION, END_SESSION = 0x10, 0x11, 0x16


def test_the_menu_can_end_unplugd(taskbar: Taskbar, own_sight: Program) -> None:
    """The last entry ends it as a signal does elsewhere, and the icon goes with it."""
    taskbar.wait_for_icon()
    menu = taskbar.open_menu(button=1)
    taskbar.picture("windows-menu-nothing-to-say")
    taskbar.choose(menu, 0.8)

    assert own_sight.wait_for("stop") == ["SIGTERM"]
    own_sight.wait_for("over")
    assert own_sight.process.wait(GIVE_UP) == 0
    taskbar.wait_until_no_icon()


@pytest.mark.parametrize(("message", "first"), [(CLOSE, 0), (END_SESSION, 1)], ids=["closed", "logged off"])
def test_whoever_closes_its_windows_ends_unplugd(
    taskbar: Taskbar, own_sight: Program, message: int, first: int
) -> None:
    """A program is told to end by its windows, as taskkill and the end of the session do it; it stops in good order."""
    answers = taskbar.ask(message, first)

    assert own_sight.wait_for("stop") == ["SIGTERM"]
    own_sight.wait_for("over")
    assert own_sight.process.wait(GIVE_UP) == 0
    assert set(answers) == {"0"}


def test_a_session_that_does_not_end_after_all_ends_nothing(taskbar: Taskbar, own_sight: Program) -> None:
    """Another program may keep the session from ending; unplugd agrees to the end and goes on watching."""
    assert set(taskbar.ask(QUERY_END_SESSION)) == {"1"}
    taskbar.ask(END_SESSION, 0)

    own_sight.ask("check")
    own_sight.wait_for("checked")
    assert ["stop", "SIGTERM"] not in own_sight.said
