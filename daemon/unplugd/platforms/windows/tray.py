"""The icon in the notification area of the taskbar, with its balloon and its menu.

Its calls wait for Explorer, which may hang: they are made in the thread of the icon's window, never in the loop. When
Explorer has started again, it tells all windows, and the icon is added again.
"""

from __future__ import annotations

from ctypes import byref, c_int, sizeof, wintypes
from typing import TYPE_CHECKING, Final, Protocol

from unplugd.platforms.windows.switches import find_switch
from unplugd.platforms.windows.window import Window
from unplugd.win32 import library, shell32, user32
from unplugd_service.icon import WINDOWS_ICON

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal

    from unplugd.platforms.windows.balloon import Balloon

NAME: Final = "unplugd"
"""What the icon is called while there is nothing to say."""
ICON_EVENT: Final = user32.APP + 3
"""The message that the person did something with the icon."""
MENU_EVENTS: Final = frozenset({user32.LEFT_BUTTON_UP, user32.RIGHT_BUTTON_UP, user32.CONTEXT_MENU})
TASKBAR: Final = "Shell_TrayWnd"
"""The class of the taskbar's window."""
NO_TASKBAR: Final = "there is no taskbar"
# SHQueryUserNotificationState: QUNS_NOT_PRESENT, QUNS_BUSY, QUNS_RUNNING_D3D_FULL_SCREEN, QUNS_PRESENTATION_MODE.
# Not QUNS_APP: an app of the Store runs, which filled the screen on Windows 8 only. It could be there all day.
SILENCED: Final = {
    1: "a screen saver is on, or nobody is in front",
    2: "a program fills the screen",
    3: "a program fills the screen",
    4: "the computer is presenting",
}
"""Why Windows shows no balloon now."""
AWAY: Final = 1
PATIENCE_SECONDS: Final = 600.0
"""Seconds for which a reminder waits for the end of these states, except for somebody to come: the overlay of a graphics
card can fill the screen for ever, and Windows keeps in its list what it does not show."""


class TrayListener(Protocol):
    """Is told, in the window's thread, what the person does and what happens to the balloon."""

    def on_choice(self, key: str) -> None:
        """Handle the choice of an entry of the menu."""

    def on_click(self) -> None:
        """Handle a click on the balloon, which takes it away."""

    def on_end(self, outcome: Literal["dismissed", "expired"]) -> None:
        """Handle that the balloon is gone."""

    def on_taskbar(self) -> None:
        """Handle that there is a new taskbar, without the balloon."""


class Tray:
    """The icon. `entries` of the menu have a key and a label each; an empty key stands for a line between entries."""

    def __init__(self, listener: TrayListener) -> None:
        self._listener = listener
        self._user32, self._shell32 = user32.load(), shell32.load()
        self._icons: tuple[int | None, ...] = ()
        self._is_added = False
        self._has_balloon = False
        """Whether a balloon was shown that was not taken away; Windows may have it in its list."""
        self._is_choosing = False
        self._held_since = self._held_at = -PATIENCE_SECONDS
        """Since when a state has held back what is to be shown, and when it did so for the last time."""
        self.entries: Sequence[tuple[str, str]] = ()
        self._new_taskbar = self._user32.RegisterWindowMessageW("TaskbarCreated")
        self._window = Window("notification", self._handle_message)
        self._window.call(self._add)

    def call(self, function: Callable[[], None]) -> None:
        """Have the thread call a function, soon."""
        self._window.call(function)

    def close(self) -> None:
        """Remove the icon and the balloon."""
        self._window.call(self._remove)
        self._window.close()

    # --- in the thread

    def find_trouble(self) -> str | None:
        """Return why a balloon would not be seen now, None if it would be."""
        return self._find_defect() or explain_state(self._read_state())

    def show(self, balloon: Balloon, now: float) -> str | None:
        """Show a balloon instead of the one there is; return the error, or None. `now` is the time in seconds."""
        if (defect := self._find_defect()) is not None:
            return defect
        state = self._read_state()
        if (trouble := explain_state(state)) is not None and (state == AWAY or not self._has_waited(now)):
            return trouble
        flags = 0 if balloon.fresh else shell32.NO_SOUND
        flags |= shell32.RESPECT_QUIET_TIME if balloon.passing else 0
        data = self._make_data(balloon.tip)
        data.flags |= shell32.WITH_BALLOON
        data.title, data.text = balloon.title, balloon.text
        data.timeout = shell32.LONGEST_MILLISECONDS
        if self._icons:
            data.balloon_icon = self._icons[1]
        # Windows refuses a balloon whose picture it does not like: rather none than no balloon.
        for picture in (shell32.OWN_ICON | shell32.LARGE_ICON, 0):
            data.balloon_flags = flags | picture
            # An icon that was not taken when it was added, or that is gone, may be taken now.
            if (self._is_added or self._add()) and self._shell32.Shell_NotifyIconW(
                shell32.MODIFY, byref(data)
            ):
                self._has_balloon = True
                return None
            self._is_added = False
        return "the taskbar does not take the notification"

    def clear(self) -> None:
        """Take the balloon away, also from the list where Windows keeps it as long as the icon is there."""
        if not self._has_balloon:
            return
        self._has_balloon = False
        data = self._make_data(NAME)
        # Without a text, it takes away the one that is shown.
        data.flags |= shell32.WITH_BALLOON
        self._shell32.Shell_NotifyIconW(shell32.MODIFY, byref(data))
        self._shell32.Shell_NotifyIconW(shell32.DELETE, byref(data))
        self._add()

    def _find_defect(self) -> str | None:
        """Return why no balloon is ever shown, None if they are."""
        return find_switch() if self._user32.FindWindowW(TASKBAR, None) else NO_TASKBAR

    def _read_state(self) -> int:
        state = c_int()
        return 0 if self._shell32.SHQueryUserNotificationState(byref(state)) else state.value

    def _has_waited(self, now: float) -> bool:
        """Return whether a balloon that is held back now has been for long enough."""
        if now - self._held_at >= PATIENCE_SECONDS:
            self._held_since = now
        self._held_at = now
        return now - self._held_since >= PATIENCE_SECONDS

    def _add(self) -> bool:
        if not self._icons:
            widths = (user32.SMALL_ICON_WIDTH, user32.ICON_WIDTH)
            self._icons = tuple(self._load_icon(self._user32.GetSystemMetrics(width)) for width in widths)
        data = self._make_data(NAME)
        # It may be there already: after a timeout, or if the new taskbar is the old one in another size.
        self._is_added = any(
            self._shell32.Shell_NotifyIconW(action, byref(data)) for action in (shell32.ADD, shell32.MODIFY)
        )
        return self._is_added

    def _remove(self) -> None:
        self._shell32.Shell_NotifyIconW(shell32.DELETE, byref(self._make_data(NAME)))
        for icon in self._icons:
            self._user32.DestroyIcon(icon)

    def _load_icon(self, width: int) -> int | None:
        icon: int | None = self._user32.LoadImageW(
            None, str(WINDOWS_ICON), user32.IMAGE_ICON, width, width, user32.LOAD_FROM_FILE
        )
        return icon

    def _make_data(self, tip: str) -> shell32.IconData:
        return shell32.IconData(
            size=sizeof(shell32.IconData),
            window=self._window.handle,
            number=1,
            flags=shell32.WITH_MESSAGE | shell32.WITH_ICON | shell32.WITH_TIP,
            message=ICON_EVENT,
            icon=self._icons[0] if self._icons else None,
            tip=tip,
        )

    def _handle_message(self, message: int, _first: int, second: int) -> int | None:
        if message == self._new_taskbar:
            self._add()
            self._listener.on_taskbar()
        elif message == ICON_EVENT:
            self._handle_icon(second & 0xFFFF)
        return None

    def _handle_icon(self, event: int) -> None:
        if event in MENU_EVENTS and not self._is_choosing:
            self._is_choosing = True
            try:
                key = self._choose()
            finally:
                self._is_choosing = False
            if key:
                self._listener.on_choice(key)
        elif event == shell32.BALLOON_CLICK:
            self._listener.on_click()
        elif event == shell32.BALLOON_TIMEOUT:
            # Windows reports the same when the person closes it.
            self._listener.on_end("expired")

    def _choose(self) -> str:
        """Show the menu at the pointer, and return the key of the entry that the person chooses, "" if none."""
        entries = tuple(self.entries)
        menu = self._user32.CreatePopupMenu()
        library.check(menu, "CreatePopupMenu")
        try:
            for number, (key, label) in enumerate(entries, 1):
                kind = user32.MENU_TEXT if key else user32.MENU_SEPARATOR
                # "&" stands before the letter that chooses an entry.
                self._user32.AppendMenuW(menu, kind, number, label.replace("&", "&&"))
            pointer = wintypes.POINT()
            self._user32.GetCursorPos(byref(pointer))
            handle = self._window.handle
            # Otherwise the menu would not close on a click elsewhere, and the next one not open (TrackPopupMenu).
            self._user32.SetForegroundWindow(handle)
            chosen: int = self._user32.TrackPopupMenu(
                menu, user32.MENU_RETURNS, pointer.x, pointer.y, 0, handle, None
            )
            self._user32.PostMessageW(handle, user32.NULL, 0, 0)
        finally:
            self._user32.DestroyMenu(menu)
        return entries[chosen - 1][0] if chosen else ""


def explain_state(state: int) -> str | None:
    """Return why Windows shows no balloon in this state (QUERY_USER_NOTIFICATION_STATE), None if it shows them."""
    reason = SILENCED.get(state)
    return f"Windows shows no notifications now: {reason}" if reason else None
