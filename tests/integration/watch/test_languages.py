"""The installed program speaks the language of the session, or the configured one: notifications and the page."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.rig.pseudo import write_pseudo
from tests.rig.usb import STICK
from unplugd.languages.language import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rig.daemon import Daemon
    from tests.rig.server import Server
    from tests.rig.usb import Testbed

TITLE = "Unplug the CareLink USB"
IN_BRACKETS = f"⟦{TITLE}⟧"


@pytest.fixture(autouse=True)
def german(daemon: Daemon, tmp_path: Path) -> None:
    """Have the daemon run from a copy whose German is English in brackets."""
    shutil.copytree(FOLDER.parent, tmp_path / "copy/unplugd", ignore=shutil.ignore_patterns("__pycache__"))
    write_pseudo(tmp_path / "copy/unplugd/languages", "de")
    daemon.environment["PYTHONPATH"] = str(tmp_path / "copy")
    daemon.config(after_plug_in="0s")


def remind(daemon: Daemon, server: Server, usb: Testbed) -> tuple[str, list[str]]:
    """Return the title of a reminder and the labels of its buttons."""
    daemon.start()
    usb.plug(STICK)
    shown = server.notified()
    return shown.summary, shown.actions[1::2]


def test_a_notification_is_in_the_language_of_the_session(
    daemon: Daemon, server: Server, usb: Testbed
) -> None:
    """With LANG=de_DE.UTF-8 the title, the lines and the buttons are German; the keys of the buttons are the same."""
    daemon.environment["LANG"] = "de_DE.UTF-8"
    title, labels = remind(daemon, server, usb)
    assert title == IN_BRACKETS
    assert labels == ["⟦Snooze 15 min⟧", "⟦I am uploading⟧", "⟦Review⟧"]
    assert server.notified().body.startswith("⟦")


def test_the_configured_language_counts_more_and_is_reloaded(
    daemon: Daemon, server: Server, usb: Testbed
) -> None:
    """In an English session it can be German; after a reload the next reminder is in the new language."""
    assert remind(daemon, server, usb)[0] == TITLE
    daemon.config('[notify]\nlanguage = "de"\n', after_plug_in="0s")
    daemon.reload()
    daemon.wait_for("config_loaded", 2)
    stick = usb.plug(STICK, "1-1.7")
    assert server.notified(2).summary == "⟦Unplug 2 devices⟧"
    stick.unplug()


def test_the_page_is_in_the_same_language(
    daemon: Daemon, server: Server, usb: Testbed, tmp_path: Path
) -> None:
    """`report --html` takes the configured language, or that of the shell; the text report is English."""
    remind(daemon, server, usb)
    page = tmp_path / "page.html"
    assert daemon.command("report", "--html", str(page)).code == 0
    assert '<html lang="en">' in page.read_text()
    daemon.environment["LANG"] = "de_DE.UTF-8"
    assert daemon.command("report", "--html", str(page)).code == 0
    assert '<html lang="de">' in page.read_text()
    assert "<h1>⟦Was it left plugged in?⟧</h1>" in page.read_text()
    assert "⟦" not in daemon.command("report").stdout
    daemon.config('[notify]\nlanguage = "en"\n')
    assert daemon.command("report", "--html", str(page)).code == 0
    assert '<html lang="en">' in page.read_text()


def test_an_unknown_language_is_an_error_that_names_those_that_there_are(daemon: Daemon) -> None:
    """The hint has what can be written instead."""
    daemon.write_config('[notify]\nlanguage = "klingon"\n')
    done = daemon.command("config", "check")
    assert done.code == 1
    assert 'notify.language = "klingon"' in done.stderr
    assert "must be one of de, en, es, fr, it, ja, nl, pl, pt, sv" in done.stderr


def test_times_are_written_as_in_the_region(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """In an American session it is 2:05 PM."""
    daemon.environment["LANG"] = "en_US.UTF-8"
    remind(daemon, server, usb)
    assert "M" in server.notified().body.partition("Plugged in since ")[2]
