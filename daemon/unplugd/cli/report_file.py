"""Writes the report as an HTML file, and opens it in a browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from unplugd import paths, private_folder, sanitize
from unplugd.cli.terminal import say
from unplugd.errors import Failure
from unplugd.html_report.page import render_page
from unplugd_service import atomic

if TYPE_CHECKING:
    from datetime import tzinfo
    from pathlib import Path

    from unplugd.review.figures import Report

BROWSER_TIMEOUT_SECONDS: Final = 3.0
"""A program that is still running after this many seconds is the browser itself and has not failed."""


def write_page(file: Path, report: Report, made: float, zone: tzinfo) -> None:
    """Write the report as a page that only the user can read, and print its path; Failure if it cannot be written."""
    page = render_page(report, made=made, zone=zone)
    shown = sanitize.one_line(paths.shorten(file), 1000)
    try:
        _write(file, page.encode(errors="backslashreplace"))
    except OSError as error:
        raise Failure(
            f"{shown}: cannot be written: {error.strerror or type(error).__name__}",
            "choose a folder that you can write to",
        ) from None
    say(f"Written: {shown}")


def _write(file: Path, content: bytes) -> None:
    if file.exists() and not file.is_file() and not file.is_dir():
        # This is a pipe or a terminal, which cannot be replaced.
        with file.open("wb") as pipe:
            pipe.write(content)
        return
    if file.is_dir():
        raise IsADirectoryError(21, os.strerror(21))
    # The user's own link stays one; another user's is not followed.
    atomic.write(private_folder.resolve(file) if file.is_symlink() else file, content)


def open_page(file: Path) -> None:
    """Open the page in a browser, without waiting for it to close; Failure if none opens."""
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    command = [opener] if opener else [sys.executable, "-P", "-m", "webbrowser", "-t"]
    target = str(file.resolve()) if opener else file.resolve().as_uri()
    try:
        child = subprocess.Popen(
            [*command, target],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        failed = child.wait(BROWSER_TIMEOUT_SECONDS) != 0
    except subprocess.TimeoutExpired:
        return
    except OSError:
        failed = True
    if failed:
        raise Failure("no browser opened the page", f"open {paths.shorten(file)} yourself")
