"""Where the files are."""

from __future__ import annotations

from pathlib import Path

import pytest

from unplugd import paths

HOME = {"HOME": "/home/ann"}


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


def test_macos_follows_the_library() -> None:
    """Settings and the socket under Application Support, the journal under Logs; XDG means nothing there."""
    where = paths.find_paths({**HOME, "XDG_CONFIG_HOME": "/c"}, "darwin")
    assert str(where.config) == "/home/ann/Library/Application Support/unplugd/config.toml"
    assert str(where.journal) == "/home/ann/Library/Logs/unplugd/events.jsonl"
    assert str(where.control) == "/home/ann/Library/Application Support/unplugd/control"


def test_without_home_the_system_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service without HOME uses the folder that the user database names."""
    monkeypatch.delenv("HOME")
    assert paths.find_paths({}, "linux").configuration == Path("~/.config/unplugd").expanduser()


def test_the_lock_lies_beside_the_journal() -> None:
    """One daemon for one journal, wherever that is."""
    where = paths.find_paths({**HOME, "XDG_STATE_HOME": "/s"}, "linux")
    assert where.lock.parent == where.journal.parent


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/home/ann/.config/unplugd/config.toml", "~/.config/unplugd/config.toml"),
        ("/home/anna/x", "/home/anna/x"),
        ("/etc/x", "/etc/x"),
    ],
)
def test_messages_show_no_user_name(monkeypatch: pytest.MonkeyPatch, path: str, shown: str) -> None:
    """The home folder, which holds the user's name, is shown as ~."""
    monkeypatch.setenv("HOME", "/home/ann")
    assert paths.shorten(Path(path)) == shown
