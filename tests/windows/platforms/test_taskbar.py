"""The icon in the taskbar of Windows, with its balloon and its menu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.rig.picture import Picture
    from tests.rig.windows_desktop import Program, Taskbar
    from tests.rig.wine import Windows

REMINDER = {
    "title": "Unplug the CareLink USB",
    "lines": ["Unused for 5 minutes. Please disconnect it.", "Plugged in since 14:05."],
    "buttons": [["snooze", "Snooze 15 min"], ["uploading", "I am uploading"]],
}
SWITCH = (
    *("reg.exe", "add", r"HKCU\Software\Microsoft\Windows\CurrentVersion\PushNotifications"),
    *("/v", "ToastEnabled", "/t", "REG_DWORD"),
)
ICON_EVENT = 0x8003
BALLOON_TIMEOUT, BALLOON_CLICK = 0x404, 0x405


def show(sight: Program, **changes: Any) -> None:
    sight.ask("show", {**REMINDER, **changes})
    assert sight.wait_for("shown") == [None]


@pytest.fixture
def empty(balloon_taskbar: Taskbar, sight: Program) -> Picture:
    """Return what the screen shows while there is nothing to say: the icon alone."""
    return see_empty(balloon_taskbar, sight)


def see_empty(taskbar: Taskbar, sight: Program) -> Picture:
    sight.ask("check")
    assert sight.wait_for("checked") == [None, "the taskbar shows notifications"]
    taskbar.wait_for_icon()
    taskbar.wait_until_empty()
    return taskbar.picture()


def test_a_reminder_is_seen_changes_and_goes(taskbar: Taskbar, sight: Program, empty: Picture) -> None:
    """A balloon comes with the reminder, has its new text after a change, and goes once it is not true any more."""
    show(sight)
    balloon = taskbar.wait_for_change(empty, "a balloon")
    assert balloon.right - balloon.left > 200
    first = taskbar.picture("windows-balloon")

    show(sight, title="Unplug 2 devices", fresh=False)
    taskbar.wait_for_change(first, "another text")

    sight.ask("withdraw")
    taskbar.wait_until_empty()
    taskbar.wait_for_icon()


@pytest.mark.usefixtures("balloon_taskbar")
@pytest.mark.parametrize(
    ("share", "key"),
    [(0.12, "snooze"), (0.3, "uploading"), (0.7, "default")],
    ids=["snooze", "uploading", "review"],
)
def test_the_menu_has_the_buttons_of_the_reminder(
    taskbar: Taskbar, sight: Program, share: float, key: str
) -> None:
    """A click on the icon opens a menu; what is chosen there does what a button does elsewhere."""
    empty = see_empty(taskbar, sight)
    show(sight)
    # Wine would draw one that comes later above the menu.
    taskbar.wait_for_change(empty, "a balloon")

    menu = taskbar.open_menu()
    taskbar.picture(f"windows-menu-{key}")
    taskbar.choose(menu, share)

    assert sight.wait_for("pressed") == [key]
    sight.ask("withdraw")


@pytest.mark.usefixtures("balloon_taskbar")
def test_a_reminder_is_withdrawn_while_the_menu_is_open(taskbar: Taskbar, sight: Program) -> None:
    """Somebody who looks at the menu and unplugs the device sees no reminder once the menu is closed."""
    empty = see_empty(taskbar, sight)
    show(sight)
    taskbar.wait_for_change(empty, "a balloon")
    taskbar.open_menu()

    sight.ask("withdraw")
    sight.wait_for("withdrawn")
    taskbar.click_elsewhere()

    taskbar.wait_until_empty()


def test_a_click_on_the_balloon_asks_for_the_review(taskbar: Taskbar, sight: Program, empty: Picture) -> None:
    """Windows takes the balloon away with the click, which counts as seen."""
    show(sight)
    taskbar.wait_for_change(empty, "a balloon")

    taskbar.ask(ICON_EVENT, 1, BALLOON_CLICK)

    assert sight.wait_for("pressed") == ["default"]
    assert sight.wait_for("closed") == ["dismissed"]


def test_a_balloon_that_ends_by_itself_may_not_have_been_seen(
    taskbar: Taskbar, sight: Program, empty: Picture
) -> None:
    """Windows reports that its time is over; once it is withdrawn, nothing of it is left."""
    show(sight)
    taskbar.wait_for_change(empty, "a balloon")

    taskbar.ask(ICON_EVENT, 1, BALLOON_TIMEOUT)

    assert sight.wait_for("closed") == ["expired"]
    sight.ask("withdraw")
    taskbar.wait_until_empty()


def test_notifications_that_are_turned_off_are_not_delivered(windows: Windows, sight: Program) -> None:
    """Windows would take the balloon and show nothing; once they are turned on, it is shown."""
    assert windows.run_program(*SWITCH, "/d", "0", "/f").returncode == 0
    try:
        for request in ("check", "show"):
            sight.ask(request, *([REMINDER] if request == "show" else []))
            said = sight.wait_for("checked" if request == "check" else "shown")
            assert said[0] == "notifications are turned off in the settings of Windows"
    finally:
        assert windows.run_program(*SWITCH, "/d", "1", "/f").returncode == 0
    show(sight)


def test_a_new_taskbar_gets_the_icon_and_the_reminder(
    taskbar: Taskbar, sight: Program, empty: Picture
) -> None:
    """Explorer that starts again knows nothing of icons: it gets it again, and the reminder is shown again."""
    show(sight)
    taskbar.wait_for_change(empty, "a balloon")

    taskbar.tell("TaskbarCreated")

    sight.wait_for("lost")
    sight.wait_for("back")
    show(sight, fresh=False)
    taskbar.wait_for_change(empty, "a balloon")
    sight.ask("withdraw")
    taskbar.wait_until_empty()
