"""The taskbar of Windows, programs that use it, and what a person does with a mouse there."""

from __future__ import annotations

import json
import math
import os
import queue
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.rig.desktop import ARTIFACTS
from tests.rig.picture import Box, Still
from tests.rig.tools import need
from tests.rig.wait import GIVE_UP, Deadline, wait_until
from tests.rig.wine import windows_path
from tests.rig.wine_parts import find_wine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.rig.picture import Picture
    from tests.rig.wine import Windows

HERE = Path(__file__).parent
WIDTH, HEIGHT = 1024, 768
ABOVE = Box(WIDTH - 400, HEIGHT - 300, WIDTH, HEIGHT - 24)
"""Where balloons and menus appear."""
ICON_BOX = Box(WIDTH - 20, HEIGHT - 18, WIDTH, HEIGHT)
"""Where the icon is that was added first."""
ICON = (WIDTH - 10, HEIGHT - 10)
"""A point on it."""
CORNER = (10, 10)
"""A point where nothing is."""
PRESS_AGAIN_SECONDS = 10
"""Seconds after which a press of the mouse that opened no menu was missed."""
BALLOON_SECONDS = 30
"""Seconds within which Explorer has drawn a balloon, if it draws any: it takes two."""
REST_SECONDS = 0.2
"""Seconds in which nothing changes once everything is drawn."""
SET_DESKTOP = f"""import winreg
with winreg.CreateKey(winreg.HKEY_CURRENT_USER, r"Software\\Wine\\Explorer") as key:
    winreg.SetValueEx(key, "Desktop", 0, winreg.REG_SZ, "shell")
with winreg.CreateKey(winreg.HKEY_CURRENT_USER, r"Software\\Wine\\Explorer\\Desktops") as key:
    winreg.SetValueEx(key, "shell", 0, winreg.REG_SZ, "{WIDTH}x{HEIGHT}")
"""
USE_DESKTOP = """import ctypes, sys
ctypes.windll.user32.FindWindowW("Shell_TrayWnd", None)
print(flush=True)
sys.stdin.read()
"""
FIND_TASKBAR = """import ctypes, sys
sys.exit(not ctypes.windll.user32.FindWindowW("Shell_TrayWnd", None))
"""


class Taskbar:
    """The taskbar, which Explorer draws."""

    def __init__(self, windows: Windows) -> None:
        need("xdotool")
        self._windows = windows
        done = windows.run("-c", SET_DESKTOP)
        assert not done.returncode, done.stderr
        # Windows closes a desktop, and its Explorer, a second after the last program has left it; on a busy machine that
        # is before the next one has come. So one stays.
        self._user = windows.start("-c", USE_DESKTOP)
        assert self._user.stdout
        assert self._user.stdout.readline() == "\n", self._user.communicate(timeout=GIVE_UP)[1]
        self._explorer = self._start_explorer()
        wait_until(self._has_taskbar, "a taskbar", 60)

    def draws_balloons(self) -> bool:
        """Return whether Explorer draws balloons at all; that of Wine 10 does not beside its taskbar."""
        deadline = Deadline(BALLOON_SECONDS)
        with self._windows.start("-P", windows_path(HERE / "windows_balloon.py")) as program:
            wait_until(lambda: not (self._is_empty() and deadline.left()), "a balloon, or none", GIVE_UP)
            drawn = not self._is_empty()
            _, errors = program.communicate(timeout=GIVE_UP)
            assert not errors
        self.wait_until_empty()
        return drawn

    def tell(self, message: int | str, first: int = 0) -> None:
        """Send a message to every window, from a program of its own."""
        run(self._windows, "tell", str(message), str(first))

    def ask(self, message: int, first: int = 0, second: int = 0) -> list[str]:
        """Send a message to each window of unplugd, from a program of its own, and return the answers."""
        return run(self._windows, "ask", str(message), str(first), str(second)).split()

    def wait_for_change(self, before: Picture, what: str, within: Box = ABOVE) -> Box:
        """Return where the screen differs from `before` once it does and has come to rest."""
        found = wait_until(lambda: self._wait_for_rest(within).difference(before, within), what, 60)
        assert found
        return found

    def wait_for_icon(self) -> None:
        """Wait until the icon is there: it is taken away and added again to take a balloon away."""
        wait_until(lambda: not self.picture().is_plain(ICON_BOX), "the icon", 60)

    def wait_until_no_icon(self) -> None:
        """Wait until the icon is gone."""
        wait_until(lambda: self.picture().is_plain(ICON_BOX), "no icon", 60)

    def wait_until_empty(self) -> None:
        """Wait until there is neither a balloon nor a menu."""
        wait_until(self._is_empty, "an empty screen", 60)

    def _is_empty(self) -> bool:
        return self.picture().is_plain(ABOVE)

    def picture(self, name: str = "") -> Picture:
        """Return what the screen shows; with a name, it is kept among the artifacts."""
        picture = self._windows.screen.picture()
        if name:
            ARTIFACTS.mkdir(exist_ok=True)
            picture.save(ARTIFACTS / f"{name}.png")
        return picture

    def plug(self, instance: str, *details: str) -> None:
        """Plug in a device: its instance id, and what `windows_usb` takes after it."""
        run(self._windows, "plug", instance, *details)

    def unplug(self, instance: str) -> None:
        """Unplug a device."""
        run(self._windows, "unplug", instance)

    def open_menu(self, button: int = 3) -> Box:
        """Press a button of the mouse on the icon, and return where the menu is once it is there."""
        self._move_mouse(*ICON)
        pressed = -math.inf

        def find_menu() -> list[str]:
            nonlocal pressed
            # An icon that is taken away and added again, to take a balloon away, may miss it.
            if time.monotonic() - pressed > PRESS_AGAIN_SECONDS:
                self._xdotool("click", str(button))
                pressed = time.monotonic()
            return run(self._windows, "menu").split()

        return Box(*map(int, wait_until(find_menu, "a menu", 60)))

    def choose(self, menu: Box, share: float) -> None:
        """Choose the entry of an open menu at this share of its height."""
        height = menu.top + round((menu.bottom - menu.top) * share)
        edge = Box(menu.left + 3, height, menu.left + 6, height + 1)
        before = self._wait_for_rest(menu)
        self._move_mouse((menu.left + menu.right) // 2, height)
        # A click that comes with the pointer is not for the entry below it, which is marked first.
        wait_until(lambda: self.picture().difference(before, edge), "the entry below the pointer", 60)
        self._xdotool("click", "1")
        # The pointer is part of the picture.
        self._move_mouse(*CORNER)

    def click_elsewhere(self) -> None:
        """Press a button of the mouse where nothing is."""
        self._move_mouse(*CORNER)
        self._xdotool("click", "1")

    def close(self) -> None:
        """End Explorer."""
        self._explorer.kill()
        self._explorer.wait(GIVE_UP)
        self._user.kill()
        self._user.communicate(timeout=GIVE_UP)

    def _start_explorer(self) -> subprocess.Popen[bytes]:
        """Start Explorer from here: it would keep the pipes of a program there that started it."""
        return subprocess.Popen(
            [find_wine() or "", "explorer.exe", f"/desktop=shell,{WIDTH}x{HEIGHT}"],
            env=self._windows.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _has_taskbar(self) -> bool:
        """Return whether there is a taskbar; restart Explorer if it has ended without one."""
        if self._explorer.poll() is not None:
            self._explorer = self._start_explorer()
        return self._windows.run("-c", FIND_TASKBAR).returncode == 0

    def _wait_for_rest(self, within: Box) -> Picture:
        """Return what the screen shows once everything is drawn there."""
        still = Still(self.picture, within, REST_SECONDS)
        wait_until(still, "a screen at rest", 60)
        return still.latest

    def _move_mouse(self, x: int, y: int) -> None:
        self._xdotool("mousemove", str(x), str(y))

    def _xdotool(self, *arguments: str) -> None:
        environment = {**os.environ, "DISPLAY": self._windows.screen.display}
        subprocess.run(["xdotool", *arguments], env=environment, check=True)


class Program:
    """A program there that says what happens in lines of JSON; see `windows_sight`."""

    def __init__(
        self, windows: Windows, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self.process = windows.start(*arguments, environment=environment or {})
        self.said: list[list[Any]] = []
        self.errors = ""
        self._lines: queue.Queue[list[Any] | None] = queue.Queue()
        self._threads = [threading.Thread(target=read) for read in (self._read, self._read_errors)]
        for thread in self._threads:
            thread.start()

    def ask(self, *what: object) -> None:
        """Write a line to it."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def wait_for(self, *beginning: object) -> list[Any]:
        """Return the rest of the next line that begins so."""
        while True:
            line = None
            with suppress(queue.Empty):
                line = self._lines.get(timeout=GIVE_UP)
            assert line is not None, f"no {beginning}: {self.said}\n{self.errors}"
            if line[: len(beginning)] == list(beginning):
                return line[len(beginning) :]

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait(GIVE_UP)
        for thread in self._threads:
            thread.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe
            with suppress(BrokenPipeError):
                pipe.close()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(json.loads(line))
            self._lines.put(self.said[-1])
        self._lines.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.errors += line


def run(windows: Windows, *arguments: str) -> str:
    """Run `windows_usb` there, and return what it prints."""
    done = windows.run("-P", windows_path(HERE / "windows_usb.py"), *arguments)
    assert not done.returncode, done.stderr
    return done.stdout
