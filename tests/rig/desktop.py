"""A desktop to look at: a real dunst on the private bus, drawing on a screen of its own (Xvfb)."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.rig.bus import NOTIFICATIONS
from tests.rig.picture import Picture, read_xwd
from tests.rig.tools import need
from tests.rig.wait import GIVE_UP, wait_until

if TYPE_CHECKING:
    from tests.rig.bus import Bus

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
DUNSTRC = """[global]
font = DejaVu Sans 11
width = (300, 460)
height = 320
origin = top-right
offset = 20x20
padding = 10
horizontal_padding = 12
frame_width = 2
markup = full
format = "<b>%s</b>\\n%b"
word_wrap = yes
notification_limit = 5
show_indicators = no
[urgency_normal]
background = "#263238"
foreground = "#eceff1"
frame_color = "#78909c"
timeout = 0
[urgency_critical]
background = "#7f0000"
foreground = "#ffffff"
frame_color = "#ff5252"
timeout = 0
"""


class Screen:
    """An X server without a monitor."""

    def __init__(self, size: str = "1000x420", memory: Path | None = None) -> None:
        """`memory` is a folder to keep what it shows in, for `picture`."""
        need("Xvfb")
        arguments = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{size}x24", "-nolisten", "tcp", "-noreset"]
        arguments += ["-fbdir", str(memory)] if memory else []
        self._memory = memory
        self._process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        assert self._process.stdout
        self.display = f":{self._process.stdout.readline().decode().strip()}"

    def picture(self) -> Picture:
        """Return what it shows."""
        assert self._memory
        return read_xwd((self._memory / "Xvfb_screen0").read_bytes())

    def close(self) -> None:
        """Switch it off."""
        self._process.kill()
        self._process.wait(GIVE_UP)
        if self._process.stdout:
            self._process.stdout.close()


class Desktop:
    """dunst, and what a person sees of it."""

    def __init__(self, bus: Bus, screen: Screen, folder: Path) -> None:
        need("dunst", "scrot", "xdotool")
        folder.mkdir()
        self._bus = bus
        self._dunstrc = folder / "dunstrc"
        self._dunstrc.write_text(DUNSTRC)
        self._environment = {
            "DISPLAY": screen.display,
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PATH": os.environ["PATH"],
            **bus.environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start dunst and wait until it owns the name."""
        self._process = subprocess.Popen(
            ["dunst", "-conf", self._dunstrc],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(lambda: self._bus.owner(NOTIFICATIONS), "dunst")

    def kill(self) -> None:
        """End dunst, as a crash does."""
        if self._process:
            self._process.kill()
            self._process.wait(GIVE_UP)
            self._process = None

    def displayed(self) -> int:
        """Return how many notifications are shown."""
        return int(self._tool("dunstctl", "count", "displayed"))

    def history(self) -> list[dict[str, Any]]:
        """Return the notifications that were closed, as dunst tells them (`summary`, `body`, `urgency`, …)."""
        entries = json.loads(self._tool("dunstctl", "history"))["data"][0]
        return [{key: value["data"] for key, value in entry.items()} for entry in entries]

    def shows(self, count: int = 1) -> None:
        """Wait until `count` notifications are shown, and drawn."""
        wait_until(lambda: self.displayed() == count, f"{count} notifications of dunst")
        if count:
            search = ["xdotool", "search", "--onlyvisible", "--class", "dunst"]
            wait_until(lambda: not self._run(search).returncode, "dunst's window")

    def screenshot(self, name: str) -> Path:
        """Save what a person sees as tests/artifacts/NAME.png."""
        ARTIFACTS.mkdir(exist_ok=True)
        picture = ARTIFACTS / f"{name}.png"
        self._tool("scrot", "--overwrite", str(picture))
        return picture

    def _tool(self, *arguments: str) -> str:
        done = self._run(list(arguments))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _run(self, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            arguments, env=self._environment, capture_output=True, text=True, timeout=GIVE_UP, check=False
        )
