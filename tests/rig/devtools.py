"""Chromium without a window, spoken to by its DevTools protocol: it runs a test's script in a page that allows none."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import subprocess
from typing import TYPE_CHECKING, Any, Final

from tests.rig.browser import ALONE
from tests.rig.tools import need
from tests.rig.wait import GIVE_UP

if TYPE_CHECKING:
    from pathlib import Path

START: Final = 'exec chromium "$@" 3<&{reads} 4>&{writes}'
"""Chromium reads the requests from descriptor 3, and answers on 4."""
WEBP_QUALITY: Final = 80
"""Of 100: text stays sharp."""
HIGH: Final = 10
"""A descriptor above those."""


class DevTools:
    """A browser with one tab; `opened` shows a page in it as a person with these settings would see it."""

    def __init__(self, folder: Path) -> None:
        need("bash", "chromium")
        self._folder = folder
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        high_in, high_out = (fcntl.fcntl(one, fcntl.F_DUPFD, HIGH) for one in (theirs_in, theirs_out))
        self._process = subprocess.Popen(
            [
                *("bash", "-c", START.format(reads=high_in, writes=high_out), "chromium"),
                *ALONE,
                f"--user-data-dir={folder}/profile",
                "--remote-debugging-pipe",
                "about:blank",
            ],
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(high_in, high_out),
            start_new_session=True,
        )
        for one in (theirs_in, theirs_out, high_in, high_out):
            os.close(one)
        self._requests = os.fdopen(ours_out, "wb", buffering=0)
        self._answers = ours_in
        self._unread = b""
        self._count = 0
        self._session = ""
        tab = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
        self._call("Page.enable")
        self._call("Page.setBypassCSP", enabled=True)

    def close(self) -> None:
        """End the browser."""
        self._process.kill()
        self._process.wait(GIVE_UP)
        self._requests.close()
        os.close(self._answers)

    def opened(
        self, source: str, width: int, height: int = 800, *, dark: bool = False, scale: float = 1
    ) -> None:
        """Show a page in a window of this size, which may be as narrow as a phone."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self._count += 1
        page = self._folder / f"page-{self._count}.html"
        page.write_text(source, encoding="utf-8")
        self._call("Page.navigate", url=page.as_uri())
        self._wait("Page.loadEventFired")

    def evaluate(self, script: str) -> Any:
        """Return the value of a script in the page, awaited if it is a promise."""
        answer = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def picture(self, name: Path, top: int, width: int, height: int) -> None:
        """Save a part of the page, from its left edge, as a picture of the kind that its name says (png, webp)."""
        kind = name.suffix[1:]
        answer = self._call(
            "Page.captureScreenshot",
            format=kind,
            captureBeyondViewport=True,
            clip={"x": 0, "y": top, "width": width, "height": height, "scale": 1},
            **({"quality": WEBP_QUALITY} if kind == "webp" else {}),
        )
        name.write_bytes(base64.b64decode(answer["data"]))

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._count += 1
        number = self._count
        request: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            request["sessionId"] = self._session
        self._requests.write(json.dumps(request).encode() + b"\0")
        while (message := self._read()).get("id") != number:
            pass
        assert "error" not in message, (method, message["error"])
        result: dict[str, Any] = message["result"]
        return result

    def _wait(self, event: str) -> None:
        while self._read().get("method") != event:
            pass

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._answers], [], [], GIVE_UP)
            assert ready, "the browser does not answer"
            read = os.read(self._answers, 65536)
            assert read, "the browser has ended"
            self._unread += read
        line, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message
