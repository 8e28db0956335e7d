"""The unit file, the quoting of its command, and the words for systemd's states."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from unplugd_service import systemd, systemd_quoting
from unplugd_service.errors import Failure
from unplugd_service.program import Program
from unplugd_service.system import RealSystem
from unplugd_service.systemd import Systemd
from unplugd_service.systemd_quoting import format_command, parse_environment, split_words

UNIT = Systemd({"HOME": "/home/ann"}).render(Program(("/usr/bin/unplugd", "run"), "1.2.3"))
WORD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


HOSTILE = "/opt/a b/$HOME/${x}/%h %%/\"q\"/'s'/back\\slash/ü/tab\t/\x01/a=b/unplugd"


PLAIN = {"Description", "Type", "ExecStart", "UMask"}


def test_every_unusual_line_has_its_reason() -> None:
    """Each group of settings but the plainest stands below a comment."""
    reason = False
    for line in UNIT.splitlines():
        if line.startswith("#"):
            reason = True
        elif not line or line.startswith("["):
            reason = False
        else:
            assert reason or line.partition("=")[0] in PLAIN, line


@pytest.mark.usefixtures("no_account")
def test_without_a_home_folder(tmp_path: Path) -> None:
    """XDG_CONFIG_HOME is enough; paths in the unit file are then written out."""
    unit = Systemd({"XDG_CONFIG_HOME": str(tmp_path)})
    assert unit.file == tmp_path / "systemd/user/unplugd.service"
    assert "\nExecStart=/usr/bin/unplugd run\n" in unit.render(Program(("/usr/bin/unplugd", "run"), "1.2.3"))
    with pytest.raises(Failure, match="you have no home folder"):
        Systemd({})


@given(WORD, st.lists(WORD))
@example(HOSTILE, [HOSTILE, "run", "%h", "$", '"', "\\", "\\x41", ";", " "])
def test_any_command_survives_the_quoting(program: str, arguments: list[str]) -> None:
    """What is written is read again as it was, on one line, whatever is in it."""
    words = (f"/{program}", *arguments)
    for home in ("", "/home/ann", "/"):
        if words[:3] == systemd_quoting.SHELL:
            continue
        line = format_command(words, home)
        assert "\n" not in line
        assert line.isascii()
        assert split_words(line, home) == words


def test_a_unit_whose_program_has_a_nul_starts_nothing() -> None:
    """Such a unit was damaged or written by somebody else; it is no error, and its command is not looked for."""
    unit = Systemd({"HOME": "/home/ann"})
    assert unit._parse_command('ExecStart="/bin/\\x00unplugd" run\n') == ()
    assert unit._parse_command("ExecStart=/bin/unplugd run\n") == ("/bin/unplugd", "run")


def test_a_path_that_is_no_text_is_refused() -> None:
    """It would be started, and then systemd would answer no question about the service."""
    with pytest.raises(Failure, match="characters that systemd cannot handle") as trouble:
        Systemd({"HOME": "/home/ann"}).render(Program(("/a\udcff/unplugd", "run"), "1.2.3"))
    assert trouble.value.hint == "install it in another folder"


@given(st.text())
@example('"')
@example("\\x4")
@example("%")
def test_any_line_can_be_read(line: str) -> None:
    """Somebody else's command line, or a broken one, is no error."""
    assert isinstance(split_words(line, "/home/ann"), tuple)


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("", ""),
        ("/a%b", "/a%b"),
        ("/ü", "/ü"),
        ("$'/a b'", "/a b"),
        ("$'/a\\'b'", "/a'b"),
        ("$'/a\\\\'", "/a\\"),
        ("$'/a\\t\\nb'", "/a\t\nb"),
        ("$'/a\\001\\177b'", "/a\x01\x7fb"),
        ("$'/a\\303\\274b'", "/aüb"),
        ("$'/a\\\\nb'", "/a\\nb"),
        ("$'=\x85\u2028x y'", "=\x85\u2028x y"),
        ("$x'", "$x'"),
    ],
)
def test_the_quotes_of_show_environment(printed: str, value: str) -> None:
    """As systemd 252 prints them; a line that is no assignment is left out."""
    assert parse_environment(f"A={printed}\nnothing\nB=1\n") == {"A": value, "B": "1"}


@given(st.text())
@example("A=$'")
@example("A=$'\\'")
@example("A=$'\\777'")
def test_any_environment_can_be_read(text: str) -> None:
    """Whatever systemctl prints is no error."""
    assert isinstance(parse_environment(text), dict)


def test_no_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container: one line that says so, and what can be done instead."""
    nowhere = Systemd({"HOME": "/"}, booted=tmp_path / "nothing")
    with pytest.raises(Failure, match="systemd is not running here") as trouble:
        nowhere.check()
    assert "unplugd run" in trouble.value.hint
    for ask in (nowhere.check, lambda: nowhere.inspect(None), lambda: nowhere.uninstall(RealSystem(print))):
        with pytest.raises(Failure, match="systemd is not running here"):
            ask()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure, match="systemd is not running here"):
        Systemd({"HOME": "/"}, booted=tmp_path).check()
    with pytest.raises(Failure, match="journalctl is not installed"):
        Systemd({"HOME": "/"}).make_log_command(5, follow=True)


@pytest.mark.parametrize(
    ("known", "spoken"),
    [
        ({"ActiveState": "active", "SubState": "running"}, "running"),
        ({"ActiveState": "activating", "SubState": "auto-restart"}, "waiting to restart"),
        ({"ActiveState": "activating", "SubState": "start"}, "starting"),
        ({"ActiveState": "deactivating", "SubState": "stop-sigterm"}, "stopping"),
        ({"ActiveState": "reloading"}, "reloading"),
        ({}, "unknown"),
    ],
)
def test_states_are_plain_words(known: dict[str, str], spoken: str) -> None:
    """The two states become the one that a person asks for."""
    assert systemd._describe_state(known) == spoken


def test_the_configuration_folder_is_where_systemd_looks() -> None:
    """XDG_CONFIG_HOME is obeyed, a relative one ignored, as the specification says."""
    assert Systemd({"HOME": "/h", "XDG_CONFIG_HOME": "/c"}).file == Path("/c/systemd/user/unplugd.service")
    assert Systemd({"HOME": "/h", "XDG_CONFIG_HOME": "c"}).file == Path(
        "/h/.config/systemd/user/unplugd.service"
    )
