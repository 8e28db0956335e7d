"""A person's graphical session: a screen, the buses and a real desktop on them, the pointer, and what can be seen."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jeepney import DBusAddress, Properties

from tests.rig.bus import NOTIFICATIONS, Bus
from tests.rig.desktop import ARTIFACTS, Screen
from tests.rig.desktops import START_SECONDS
from tests.rig.picture import Box, Picture, Still, read_ppm
from tests.rig.tools import need
from tests.rig.wait import GIVE_UP, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.rig.desktops import Kind

SEEN_SECONDS = 20
"""How long it may take to show what it was told."""
STILL_SECONDS = 0.2
"""For how long a notification must look the same before it counts as drawn."""
STIR_SECONDS = 0.5
"""For how long somebody who sits there does not touch the mouse."""
AWAY_SECONDS = 1.5
"""For how long somebody has not touched the mouse who counts as away (GNOME: one second)."""
PRESS_SECONDS = 2
"""Seconds after which a button that did nothing is pressed again: it may not have been there yet."""


class Sway:
    """A Wayland compositor without a monitor, as a screen."""

    def __init__(self, size: str, folder: Path, environment: Mapping[str, str]) -> None:
        need("sway", "grim", "unshare")
        configuration = folder / "sway.conf"
        configuration.write_text(
            f"output HEADLESS-1 resolution {size} position 0 0\noutput * bg #336699 solid_color\nxwayland disable\n"
        )
        headless = {"WLR_BACKENDS": "headless", "WLR_RENDERER": "pixman", "WLR_LIBINPUT_NO_DEVICES": "1"}
        # It refuses to run as somebody who could become root.
        apart = ["unshare", "--user", "--map-user=5", "--map-group=60"] if os.geteuid() == 0 else []
        self._environment = {**environment, **headless}
        self._runtime = Path(environment["XDG_RUNTIME_DIR"])
        with (folder / "sway.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*apart, "sway", "--config", configuration],
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._display, "sway", START_SECONDS)
        self.environment = {"WAYLAND_DISPLAY": self._display(), "XDG_SESSION_TYPE": "wayland"}

    def picture(self) -> Picture:
        """Return what it shows."""
        environment = {**self._environment, **self.environment}
        done = subprocess.run(
            ["grim", "-t", "ppm", "-"], env=environment, capture_output=True, timeout=GIVE_UP, check=True
        )
        return read_ppm(done.stdout)

    def close(self) -> None:
        """Switch it off."""
        self._process.kill()
        self._process.wait(GIVE_UP)

    def _display(self) -> str:
        found = [path.name for path in self._runtime.glob("wayland-*") if path.suffix != ".lock"]
        return found[0] if found else ""


class Session:
    """The session. `close` must follow."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        if kind.missing:
            pytest.skip(f"needs the Debian packages {kind.packages}: {', '.join(kind.missing)} missing")
        need("xdotool")
        self.kind = kind
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self._moved = 0.0
        for name in ("home", "config", "state", "data", "cache", "run", "memory"):
            (folder / name).mkdir(mode=0o700)
        for name, text in kind.files.items():
            self.write(name, text)
        self.bus = Bus(folder / "session")
        self._system_bus = Bus(folder / "system", "DBUS_SYSTEM_BUS_ADDRESS")
        for pattern in kind.services:
            self.bus.offer(pattern)
        self.environment = {
            "HOME": str(folder / "home"),
            **{
                f"XDG_{name.upper()}_HOME": str(folder / name)
                for name in ("config", "state", "data", "cache")
            },
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "XDG_DATA_DIRS": "/usr/local/share:/usr/share",
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "GSETTINGS_BACKEND": "keyfile",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "NO_AT_BRIDGE": "1",
            **self.bus.environment,
            **self._system_bus.environment,
            **kind.environment,
        }
        self.screen: Screen | Sway
        if kind.wayland:
            self.screen = Sway(kind.size, folder, self.environment)
            self.environment.update(self.screen.environment)
        else:
            self.screen = Screen(kind.size, folder / "memory")
            self.environment["DISPLAY"] = self.screen.display
        self.empty = self.screen.picture()
        """What is seen while there is no notification."""

    def start(self) -> None:
        """Start the desktop, and wait until it can show notifications."""
        for bus in (self._system_bus, self.bus):
            bus.handed_on = self.environment
            bus.start()
        for program in self.kind.programs:
            self._start(program)
        wait_until(
            lambda: self.bus.owner(NOTIFICATIONS), f"{self.kind.name} to show notifications", START_SECONDS
        )
        if self.kind.settle:
            self.kind.settle(self)
        self.rest()
        self.empty = self._still(self.kind.area, self.kind.still_seconds)

    def close(self) -> None:
        """End it all, and what its programs and buses have started, so that its files can be removed."""
        for process in reversed(self._processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(GIVE_UP)
        self.bus.kill()
        self._system_bus.kill()
        wait_until(self._end_others, "what the session has started to end")
        self.screen.close()

    def write(self, name: str, text: str) -> None:
        """Write one of the person's files."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def set_property(self, name: str, member: str, *, value: bool) -> None:
        """Set a property of a program on the bus; `name` is also that of the object and of the interface."""
        address = DBusAddress(f"/{name.replace('.', '/')}", name, name)
        self.bus.call(Properties(address).set(member, "b", value))

    def output(self, program: str) -> str:
        """Return what a program of the desktop has written."""
        return (self._folder / f"{program}.log").read_text(errors="replace")

    # --- what is seen

    def notification(self) -> Box | None:
        """Return where a notification is shown now, None if none is."""
        return self.screen.picture().difference(self.empty, self.kind.area)

    def seen(self) -> Box:
        """Wait until a notification is seen, and drawn; return where.

        The pointer rests meanwhile: GNOME keeps a notification while nobody is there, and takes it away when it moves.
        """
        self._wait(self.notification, "a notification on the screen", is_present=False)
        box = self._still(self.kind.area).difference(self.empty, self.kind.area)
        return box or self.seen()

    def seen_anew(self, before: Picture) -> Box:
        """Wait until a notification is seen that does not look as it did."""
        self.wait_until_changed(before, self.kind.area)
        return self.seen()

    def seen_no_more(self) -> None:
        """Wait until no notification is seen."""
        self._wait(lambda: self.notification() is None, "the notification to go")

    def wait_until_changed(self, before: Picture, within: Box) -> None:
        """Wait until this part of the screen does not look as it did."""
        self._wait(lambda: self.screen.picture().difference(before, within), "a change on the screen")

    def is_plain(self) -> bool:
        """Whether there is nothing where notifications appear, not even a picture."""
        return self.screen.picture().is_plain(self.kind.area)

    def save(self, folder: Path, situation: str) -> Path:
        """Save what is seen as NAME-SITUATION.png, and return the path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.kind.name}-{situation}.png"
        self.screen.picture().save(path)
        return path

    # --- what the person does

    def press(self, number: int, done: Callable[[], object]) -> None:
        """Press the first (0) or second (1) button of what is shown, until `done`."""
        assert self.kind.buttons, "nobody has said where the buttons are"
        shares = self.kind.buttons[:2]
        ups = cycle(self.kind.buttons[2:])
        pressed = 0.0

        def press() -> object:
            nonlocal pressed
            if done():
                return True
            box = self.notification()
            if box and time.monotonic() - pressed > PRESS_SECONDS:
                # Some show the buttons once the pointer is there.
                self.point((box.left + box.right) // 2, box.top + 20)
                box = self._still(self.kind.area).difference(self.empty, self.kind.area) or box
                x = box.left + round((box.right - box.left) * shares[number])
                self.point(x, box.bottom - int(next(ups)))
                self._xdotool("click", "1")
                pressed = time.monotonic()
            return False

        self._wait(press, f"button {number + 1} to do something", is_present=False)
        self.rest()

    def point(self, x: int, y: int) -> None:
        """Move the pointer."""
        self._xdotool("mousemove", str(x), str(y))

    def leave(self) -> None:
        """Go away: what is shown from now on stays until it is seen, however late that is."""
        wait_until(lambda: time.monotonic() - self._moved > AWAY_SECONDS, "the person to be away")

    def rest(self) -> None:
        """Move the pointer to where nothing is."""
        if not self.kind.wayland:
            self._stir()

    def _stir(self) -> None:
        """Move the pointer a little, as somebody who sits there does: GNOME keeps a notification while nobody is there."""
        self._moved = time.monotonic()
        self.point(10 + int(self._moved * 10) % 20, self.empty.height - 60)

    def _xdotool(self, *arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env=self.environment, timeout=GIVE_UP, check=True)

    def _still(self, within: Box, seconds: float = STILL_SECONDS) -> Picture:
        """Wait until this part of the screen looks the same for a moment; return the picture."""
        still = Still(self.screen.picture, within, seconds)
        self._wait(still, "the screen to stand still", is_present=False)
        return still.latest

    def _wait(self, condition: Callable[[], object], what: str, *, is_present: bool = True) -> None:
        """Wait for what must come; if it does not, save what is seen. `is_present`: the pointer moves meanwhile."""

        def check() -> object:
            if is_present and not self.kind.wayland and time.monotonic() - self._moved > STIR_SECONDS:
                self._stir()
            return condition()

        try:
            wait_until(check, what, SEEN_SECONDS)
        except pytest.fail.Exception:
            self.save(ARTIFACTS, "failed")
            raise

    def _end_others(self) -> bool:
        """Kill what still runs in the session; return whether nothing did."""
        mark = f"XDG_RUNTIME_DIR={self.environment['XDG_RUNTIME_DIR']}".encode()
        nothing = True
        for folder in Path("/proc").glob("[0-9]*"):
            # It may end meanwhile, or be somebody else's.
            with suppress(OSError):
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    nothing = False
                    os.kill(int(folder.name), signal.SIGKILL)
        return nothing

    def _start(self, program: Sequence[str | Path]) -> None:
        with (self._folder / f"{Path(program[0]).name}.log").open("wb") as log:
            process = subprocess.Popen(
                program,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
