"""A browser without a window (Debian's Chromium), to see a page as a person does."""

from __future__ import annotations

import html
import os
import subprocess
from typing import TYPE_CHECKING

from tests.rig.tools import need
from tests.rig.wait import GIVE_UP

if TYPE_CHECKING:
    from pathlib import Path

ALONE = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
DARK = "--blink-settings=preferredColorScheme=0"
FRAMES = """<!DOCTYPE html><meta charset="utf-8"><body>{frames}<script>
addEventListener("load", () => {{
  for (const frame of document.querySelectorAll("iframe")) {{
    const page = frame.contentDocument, view = frame.contentWindow, root = page.documentElement;
    const said = document.createElement("p");
    said.id = frame.id + "-said";
    said.dataset.wide = Math.max(root.scrollWidth, page.body.scrollWidth);
    said.dataset.paper = view.getComputedStyle(root).backgroundColor;
    said.dataset.scripts = String(Boolean(view.taken));
    said.dataset.cut = [...page.querySelectorAll("td, th, dd, p, li, summary, h1, h2, h3, caption")]
      .filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1 && one.checkVisibility()
        && !one.closest("thead")).length;
    document.body.append(said);
  }}
}});
</script></body>"""


class Browser:
    """Chromium, started anew each time, with a profile of its own."""

    def __init__(self, folder: Path) -> None:
        need("chromium")
        self._folder = folder
        self._profiles = 0

    def picture(self, source: str, name: Path, width: int, height: int, *more: str) -> None:
        """Save what a window of this size shows, as a PNG."""
        self._run(source, f"--window-size={width},{height}", f"--screenshot={name}", *more)
        assert name.stat().st_size > 2000

    def framed(self, source: str, width: int, height: int) -> str:
        """Return a page that shows `source` in a frame: a window itself cannot be as narrow as a phone."""
        return f'<!DOCTYPE html><meta charset="utf-8">{_frame("page", source, width, height)}'

    def dom(self, source: str, *more: str) -> str:
        """Return the page as the browser has read it."""
        return self._run(source, "--dump-dom", *more)

    def measured(self, sources: dict[str, tuple[str, int]], *more: str) -> str:
        """Return the elements of a page that has each of `sources` in a frame this wide, and says what it found there."""
        frames = "".join(_frame(name, source, width, 800) for name, (source, width) in sources.items())
        return self._run(FRAMES.format(frames=frames), "--dump-dom", *more)

    def printed(self, source: str, name: Path) -> None:
        """Save the page as it is printed, as a PDF."""
        self._run(source, "--no-pdf-header-footer", f"--print-to-pdf={name}")

    def _run(self, source: str, *arguments: str) -> str:
        self._profiles += 1
        page = self._folder / f"page-{self._profiles}.html"
        page.write_text(source, encoding="utf-8")
        done = subprocess.run(
            [
                "chromium",
                *ALONE,
                f"--user-data-dir={self._folder}/profile-{self._profiles}",
                *arguments,
                page.as_uri(),
            ],
            env={"PATH": os.environ["PATH"], "HOME": str(self._folder), "LANG": "C.UTF-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=GIVE_UP,
            check=True,
        )
        return done.stdout.decode()


def _frame(name: str, source: str, width: int, height: int) -> str:
    return f'<iframe id="{name}" width="{width}" height="{height}" frameborder="0" srcdoc="{html.escape(source)}"></iframe>'
