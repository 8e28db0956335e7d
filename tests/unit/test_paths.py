"""Where the files are."""

from __future__ import annotations

import sys
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace

import pytest

from unplugd import paths
from unplugd_service.errors import Failure
from unplugd_service.home import look_up_home
from unplugd_service.tilde import hide_home

HOME = {"HOME": "/home/ann"}
not_on_windows = pytest.mark.not_on_windows(
    "no path of another system is absolute there, and no account has an entry"
)


@not_on_windows
@pytest.mark.parametrize(
    ("environment", "config", "journal", "control"),
    [
        (
            HOME,
            "/home/ann/.config/unplugd/config.toml",
            "/home/ann/.local/state/unplugd/events.jsonl",
            "/home/ann/.local/state/unplugd/control",
        ),
        (
            {**HOME, "XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s", "XDG_RUNTIME_DIR": "/run/user/7"},
            "/c/unplugd/config.toml",
            "/s/unplugd/events.jsonl",
            "/run/user/7/unplugd/control",
        ),
        (
            {**HOME, "XDG_STATE_HOME": "/s"},
            "/home/ann/.config/unplugd/config.toml",
            "/s/unplugd/events.jsonl",
            "/s/unplugd/control",
        ),
        (
            {**HOME, "XDG_CONFIG_HOME": "relative", "XDG_STATE_HOME": "", "XDG_RUNTIME_DIR": "./x"},
            "/home/ann/.config/unplugd/config.toml",
            "/home/ann/.local/state/unplugd/events.jsonl",
            "/home/ann/.local/state/unplugd/control",
        ),
    ],
)
def test_linux_follows_xdg(environment: dict[str, str], config: str, journal: str, control: str) -> None:
    """The XDG folders where they are given and absolute, their defaults otherwise."""
    where = paths.find_paths(environment, "linux")
    assert (str(where.config), str(where.journal), str(where.control)) == (config, journal, control)


@not_on_windows
def test_macos_follows_the_library() -> None:
    """Settings and the socket under Application Support, the journal under Logs; XDG means nothing there."""
    where = paths.find_paths({**HOME, "XDG_CONFIG_HOME": "/c"}, "darwin")
    assert str(where.config) == "/home/ann/Library/Application Support/unplugd/config.toml"
    assert str(where.journal) == "/home/ann/Library/Logs/unplugd/events.jsonl"
    assert str(where.control) == "/home/ann/Library/Application Support/unplugd/control"


@pytest.mark.parametrize("given", [True, False])
def test_windows_has_a_folder_that_roams_and_one_that_stays(*, given: bool) -> None:
    """Settings go where the person goes, the journal stays; where nothing names the folders, they are in the profile."""
    home = str(Path.home())
    named = {"APPDATA": r"D:\Roaming", "LOCALAPPDATA": r"D:\Local"} if given else {}
    where = paths.find_paths({"HOME": home, "USERPROFILE": home, **named}, "win32")
    roaming, local = (
        (r"D:\Roaming", r"D:\Local") if given else (f"{home}/AppData/Roaming", f"{home}/AppData/Local")
    )
    assert PureWindowsPath(where.config) == PureWindowsPath(roaming, "unplugd/config.toml")
    assert PureWindowsPath(where.journal) == PureWindowsPath(local, "unplugd/events.jsonl")
    assert PureWindowsPath(where.runtime) == PureWindowsPath(local, "unplugd")


@not_on_windows
def test_without_home_the_system_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service without HOME uses the folder that the user database names."""
    monkeypatch.delenv("HOME")
    assert paths.find_paths({}, "linux").configuration == Path("~/.config/unplugd").expanduser()


@not_on_windows
@pytest.mark.usefixtures("no_account")
def test_without_any_home_the_xdg_folders_are_enough() -> None:
    """On Linux, no home folder is looked for if it is not needed."""
    folders = {"XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s"}
    where = paths.find_paths(folders, "linux")
    assert (str(where.config), str(where.control)) == ("/c/unplugd/config.toml", "/s/unplugd/control")
    for name in folders:
        with pytest.raises(Failure, match="you have no home folder") as error:
            paths.find_paths({**folders, name: "relative"}, "linux")
        assert "HOME" in error.value.hint
    with pytest.raises(Failure, match="you have no home folder"):
        paths.find_paths(folders, "darwin")


@not_on_windows
@pytest.mark.usefixtures("no_account")
def test_without_any_home_messages_show_whole_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to hide, and nothing fails."""
    monkeypatch.delenv("HOME")
    assert paths.shorten(Path("/c/config.toml")) == "/c/config.toml"
    assert hide_home("see /c/config.toml") == "see /c/config.toml"


@not_on_windows
@pytest.mark.parametrize("home", ["", ".", "ann", "~"])
def test_a_relative_home_counts_as_none(monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    """The user database is asked instead; a relative folder there counts as none, too."""
    entry = SimpleNamespace(pw_dir="/home/ann")
    monkeypatch.setattr("pwd.getpwuid", lambda _: entry)
    assert look_up_home({"HOME": home}) == Path("/home/ann")
    entry.pw_dir = home
    assert look_up_home({"HOME": home}) is None


@not_on_windows
def test_the_lock_lies_beside_the_journal() -> None:
    """One daemon for one journal, wherever that is."""
    where = paths.find_paths({**HOME, "XDG_STATE_HOME": "/s"}, "linux")
    assert where.lock.parent == where.journal.parent


@not_on_windows
@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/home/ann/.config/unplugd/config.toml", "~/.config/unplugd/config.toml"),
        ("/home/anna/x", "/home/anna/x"),
        ("/etc/x", "/etc/x"),
        ("/home/ann/gr\udcf6\udcdfe", r"~/gr\xf6\xdfe"),
        ("/home/ann/größe", "~/größe"),
    ],
)
def test_messages_show_no_user_name(monkeypatch: pytest.MonkeyPatch, path: str, shown: str) -> None:
    """The home folder, which holds the user's name, is shown as ~; bytes that are no text as what they are."""
    monkeypatch.setenv("HOME", "/home/ann")
    assert paths.shorten(Path(path)) == shown
    assert hide_home(path) == shown


if sys.platform == "win32":

    def test_messages_show_no_user_name_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
        """Nor do they there, however the slashes lean."""
        monkeypatch.setenv("USERPROFILE", r"C:\Users\ann")
        assert paths.shorten(Path(r"C:\Users\ann\x y\config.toml")) == r"~\x y\config.toml"
        assert paths.quote(Path(r"C:\Users\ann\x y\config.toml")) == r'"~\x y\config.toml"'
        assert paths.shorten(Path(r"C:\Users\anna\x")) == r"C:\Users\anna\x"
        assert hide_home(r"see C:\Users\ann\x") == r"see ~\x"
        assert paths.expand(r"~\x") == Path(r"C:\Users\ann\x")
