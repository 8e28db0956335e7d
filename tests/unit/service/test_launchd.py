"""The property list of the launchd agent."""

from __future__ import annotations

import plistlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unplugd_service import stamp
from unplugd_service.errors import Failure
from unplugd_service.launchd import Launchd
from unplugd_service.program import Program

UID = 501


def test_the_file_says_what_launchd_needs() -> None:
    """Every key, with absolute paths."""
    home = Path("/Users/ann")
    log = f"{home}/Library/Logs/unplugd/unplugd.log"
    manager = Launchd(home, uid=UID)
    text = manager.render(Program(("/opt/unplugd", "run"), "1.0"))
    assert plistlib.loads(text.encode()) == {
        "Label": "local.unplugd",
        "ProgramArguments": ["/opt/unplugd", "run"],
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 30,
        "ProcessType": "Background",
        "LimitLoadToSessionType": "Aqua",
        "Umask": 0o077,
        "EnvironmentVariables": {
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "LC_CTYPE": "UTF-8",
            "PYTHONUNBUFFERED": "1",
            "UNPLUGD_SERVICE": "1",
        },
        "StandardOutPath": log,
        "StandardErrorPath": log,
    }
    assert manager.file == home / "Library/LaunchAgents/local.unplugd.plist"
    assert stamp.read_stamp(text) == stamp.Stamp("1.0", intact=True)
    assert text.splitlines()[2].startswith("<!-- Written by unplugd 1.0 ")


WORDS = st.lists(
    st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")), min_size=1
)


@given(WORDS)
def test_any_words_come_out_as_they_went_in(words: list[str]) -> None:
    """Quotes, angle brackets, line separators, and sentences that look like our own stamp."""
    text = Launchd(Path("/Users/ann"), uid=UID).render(Program(tuple(words), "1.0"))
    assert plistlib.loads(text.encode())["ProgramArguments"] == words
    assert stamp.read_stamp(text) == stamp.Stamp("1.0", intact=True)
    assert stamp.read_stamp(text.replace("<integer>30<", "<integer>31<")) == stamp.Stamp("1.0", intact=False)


def test_a_word_like_our_stamp_is_no_stamp() -> None:
    """Ours is the first."""
    other = stamp.format_line("x", "9.9")
    text = Launchd(Path("/Users/ann"), uid=UID).render(Program(("/bin/x", f"a\n{other}\nb"), "1.0"))
    assert stamp.read_stamp(text) == stamp.Stamp("1.0", intact=True)


@pytest.mark.parametrize("letter", ["\x00", "\x1b", "\r", "\udcff", "\ufffe"])
def test_letters_that_no_property_list_can_hold_are_refused(letter: str) -> None:
    with pytest.raises(Failure) as trouble:
        Launchd(Path("/Users/ann"), uid=UID).render(Program((f"/a{letter}b/unplugd",), "1.0"))
    assert trouble.value.hint == "install it in another folder"
