"""`unplugd report` opens the page, and prints on terminals that cannot show every character."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.rig import harmless
from tests.rig.opener import place_opener
from tests.rig.report_command import MONTH, RANGE, make_user
from tests.rig.wait import GIVE_UP
from unplugd.cli import browser

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rig.daemon import Done


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Return what runs `unplugd report`, which waits for the browser however late that is."""
    monkeypatch.setattr(browser, "TIMEOUT_SECONDS", GIVE_UP)
    return make_user(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize(("code", "expected"), [(0, 0), (3, 1)])
def test_opens_the_page(
    run: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, expected: int
) -> None:
    """The desktop's opener gets the page; where it fails there is a hint."""
    opener = tmp_path / ("open" if sys.platform == "darwin" else "xdg-open")
    opener.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\nexit {code}\n')
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    page = tmp_path / "a b.html"
    done = run(*RANGE, "--html", page, "--open", MONTH)
    assert done.code == expected
    assert (tmp_path / "opened").read_text() == str(page)
    assert done.stderr.endswith(f"Written: {page}\n" if not code else f"hint: open {page} yourself\n")


@pytest.mark.parametrize("arguments", [(*RANGE, MONTH), ()], ids=["a journal", "no journal"])
def test_opens_a_page_without_a_file(
    run: Callable[..., Done],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str | Path, ...],
) -> None:
    """As from the desktop's menu, where nobody reads what is printed: so a page also says why there is no report."""
    opener = tmp_path / ("open" if sys.platform == "darwin" else "xdg-open")
    opener.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    done = run("--open", *arguments)
    page = Path((tmp_path / "opened").read_text())
    assert page.stat().st_mode & 0o777 == 0o600
    assert page.parent.stat().st_mode & 0o777 == 0o700
    text = page.read_text()
    harmless.as_page(text)
    if arguments:
        assert done.code == 0
        assert "Was it left plugged in?" in text
    else:
        assert done.code == 1
        assert "hint: unplugd service install" in done.stderr
        assert "The reason: there is no journal yet." in text
        assert "unplugd service install" in text


def test_a_browser_that_is_a_snap_gets_the_page_where_it_can_read_it(
    run: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can read its own folder, but neither the runtime folder nor a hidden one."""
    opened = place_opener(tmp_path, tools := {"PATH": os.environ["PATH"]})
    settings = opened.parent / "tools/xdg-settings"
    settings.write_text('#!/bin/sh\n[ "$*" = "get default-web-browser" ] && echo firefox_firefox.desktop\n')
    settings.chmod(0o755)
    monkeypatch.setenv("PATH", tools["PATH"])
    folder = Path(os.environ["HOME"]) / "snap/firefox/common"
    run("--open", *RANGE, MONTH)
    assert not Path(opened.read_text().strip()).is_relative_to(folder.parent), "it has never been started"
    folder.mkdir(parents=True)
    done = run("--open", *RANGE, MONTH)
    page = Path(opened.read_text().strip())
    assert (done.code, page) == (0, folder / "unplugd-report.html")
    assert page.stat().st_mode & 0o777 == 0o600


def test_without_an_opener_python_opens_the_page(
    run: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser gets it, and files in the current folder that are named like modules are not run."""
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{program} %s")
    monkeypatch.setenv("PATH", str(tmp_path))
    folder = tmp_path / "current"
    folder.mkdir()
    for name in ("webbrowser", "shlex", "subprocess"):
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').close()\n")
    monkeypatch.chdir(folder)
    page = tmp_path / "page.html"
    assert run(*RANGE, "--html", page, "--open", MONTH).code == 0
    assert (tmp_path / "opened").read_text() == page.as_uri()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_terminal_without_blocks(tmp_path: Path, encoding: str) -> None:
    """Where the encoding has no blocks the bars are made of letters, and where it has no dash the title has a hyphen."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "HOME": str(tmp_path), "TZ": "Europe/Berlin"}
    unplugd = Path(sys.executable).with_name("unplugd")
    done = subprocess.run(
        [unplugd, "report", *RANGE, MONTH], env=environment, capture_output=True, timeout=GIVE_UP, check=True
    )
    shown = done.stdout.decode(encoding)
    assert ("\u2588\u2588" if encoding == "cp437" else "##") in shown
    assert shown.startswith("1 - 31 October 2026")
    assert "\\u" not in shown
