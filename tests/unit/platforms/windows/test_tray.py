"""When Windows shows notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from unplugd.platforms.windows import tray
from unplugd.platforms.windows.balloon import Balloon
from unplugd.platforms.windows.tray import Tray, explain_state
from unplugd.win32 import shell32, user32

if TYPE_CHECKING:
    from collections.abc import Callable

LISTENER: Any = None
"""Nobody presses anything."""
BALLOON = Balloon("Unplug the CareLink USB", "Unused for 5 minutes.", "unplugd")


class Taskbar:
    """Windows' functions, as far as the icon uses them: a taskbar that takes what `refuses` does not refuse."""

    def __init__(self) -> None:
        self.refuses: Callable[[shell32.IconData], bool] = lambda _: False
        self.has_icon = False
        self.shown: list[str] = []
        self.state = 5

    def __getattr__(self, name: str) -> Callable[..., int]:
        functions: dict[str, Callable[..., int]] = {
            "Shell_NotifyIconW": self.change_icon,
            "SHQueryUserNotificationState": self.read_state,
        }
        return functions.get(name, lambda *_: 1)

    def change_icon(self, action: int, given: Any) -> bool:
        data: shell32.IconData = given._obj
        if self.refuses(data) or self.has_icon == (action == shell32.ADD):
            return False
        self.has_icon = action != shell32.DELETE
        if data.flags & shell32.WITH_BALLOON and data.text:
            self.shown.append(data.text)
        return True

    def read_state(self, given: Any) -> int:
        given._obj.value = self.state
        return 0


class Window:
    """The icon's window, whose thread is the test's."""

    handle = 1

    def __init__(self, *_: object) -> None:
        pass

    def call(self, function: Callable[[], None]) -> None:
        function()


@pytest.fixture
def taskbar(monkeypatch: pytest.MonkeyPatch) -> Taskbar:
    """Return the taskbar that an icon made in the test is in."""
    taskbar = Taskbar()
    for library in (user32, shell32):
        monkeypatch.setattr(library, "load", lambda: taskbar)
    monkeypatch.setattr(tray, "Window", Window)
    monkeypatch.setattr(tray, "find_switch", lambda: None)
    return taskbar


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (1, "a screen saver is on, or nobody is in front"),
        (2, "a program fills the screen"),
        (3, "a program fills the screen"),
        (4, "the computer is presenting"),
    ],
)
def test_what_windows_would_not_show_is_not_delivered(state: int, reason: str) -> None:
    """It fails with the reason, so that it is tried again until Windows shows it."""
    assert explain_state(state) == f"Windows shows no notifications now: {reason}"


@pytest.mark.parametrize("state", [0, 5, 6, 7, 8])
def test_in_any_other_state_it_is_shown(state: int) -> None:
    """Also in the first hour after Windows was set up, while an app of its Store runs, and in states to come."""
    assert explain_state(state) is None


def test_a_taskbar_that_comes_later_gets_the_icon_with_the_reminder(taskbar: Taskbar) -> None:
    """At logon, unplugd can be there before the taskbar takes icons."""
    taskbar.refuses = lambda _: True
    icon = Tray(LISTENER)
    assert icon.show(BALLOON, 0.0) == "the taskbar does not take the notification"

    taskbar.refuses = lambda _: False
    assert icon.show(BALLOON, 0.0) is None
    assert taskbar.shown == [BALLOON.text]


def test_a_taskbar_that_has_lost_the_icon_gets_it_again(taskbar: Taskbar) -> None:
    """Also if nobody was told that it is a new one."""
    icon = Tray(LISTENER)
    taskbar.has_icon = False
    assert icon.show(BALLOON, 0.0) is None
    assert taskbar.shown == [BALLOON.text]


def test_a_balloon_is_shown_without_its_picture_rather_than_not_at_all(taskbar: Taskbar) -> None:
    """Windows wants the picture in one size only."""
    taskbar.refuses = lambda data: bool(data.balloon_flags & shell32.OWN_ICON)
    assert Tray(LISTENER).show(BALLOON, 0.0) is None
    assert taskbar.shown == [BALLOON.text]


def test_a_full_screen_holds_a_reminder_back_for_ten_minutes_only(taskbar: Taskbar) -> None:
    """The overlay of a graphics card fills it all day. Then Windows keeps the reminder in its list."""
    icon = Tray(LISTENER)
    taskbar.state = 2
    outcomes = {second: icon.show(BALLOON, float(second)) for second in range(0, 620, 15)}
    assert [second for second, outcome in outcomes.items() if outcome is None] == [600, 615]
    # The next one waits again.
    assert icon.show(BALLOON, 2400.0) == "Windows shows no notifications now: a program fills the screen"


def test_whoever_is_not_there_is_waited_for(taskbar: Taskbar) -> None:
    """However long that takes: behind a screen saver nobody sees it come."""
    icon = Tray(LISTENER)
    taskbar.state = 1
    assert all(icon.show(BALLOON, float(second)) for second in range(0, 3600, 15))
    taskbar.state = 5
    assert icon.show(BALLOON, 3600.0) is None
