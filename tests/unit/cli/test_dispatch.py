"""The command line: arguments in; exit status, data on stdout, talk on stderr out. No traceback, whatever a user does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.rig.command_line import Shell, as_nobody
from tests.unit.cli.test_log_reading import EVENTS
from unplugd import __version__

START = "hint: unplugd service install   (or, in this terminal only: unplugd run)\n"


GIVE = "hint: give a journal, such as events.jsonl, or a folder with one\n"


NOT_RUNNING = "unplugd: unplugd is not running, so you get no reminders\n"


LATER = "unplugd is not running; it will use this once it starts.\n"
TABLE: dict[str, tuple[int, str, str]] = {
    # arguments: exit status, stdout, stderr; a text that begins and ends with / is a regular expression
    "": (2, "", "/the following arguments are required: COMMAND/"),
    "--version": (0, f"unplugd {__version__}\n", ""),
    "--help": (0, "/usage: unplugd .*run.*demo.*status.*snooze.*log.*devices.*doctor.*config/", ""),
    "explode": (2, "", "/invalid choice: 'explode'/"),
    "run extra": (2, "", "/unrecognized arguments: extra/"),
    "run --config": (2, "", "/expected one argument/"),
    "run --config /no/such.toml": (
        1,
        "",
        "unplugd: there is no file /no/such.toml\nhint: unplugd config init writes one to start from\n",
    ),
    "run --help": (0, "/--config FILE/", ""),
    "demo --slow": (2, "", "/unrecognized arguments: --slow/"),
    "status": (1, "", NOT_RUNNING + START),
    "status --json": (1, '{"running": false}\n', NOT_RUNNING + START),
    "snooze": (1, "", "unplugd: unplugd is not running, so there is nothing to snooze\n" + START),
    "snooze 15m": (1, "", "unplugd: unplugd is not running, so there is nothing to snooze\n" + START),
    "snooze --cancel": (1, "", "unplugd: unplugd is not running, so there is nothing to snooze\n" + START),
    "snooze 0s": (1, "", "unplugd: a snooze must be longer than zero and at most a day\nhint: unplugd snooze 15m\n"),
    "snooze 25h": (1, "", "unplugd: a snooze must be longer than zero and at most a day\nhint: unplugd snooze 15m\n"),
    "snooze long": (2, "", "/'long' is not a duration; write it like \"15m\" or \"1h30m\"/"),
    "snooze -5m": (2, "", "/error:/"),
    "log": (1, "", "unplugd: there is no journal yet\n" + START),
    "log --last x": (2, "", "/invalid int value: 'x'/"),
    "log --last -1": (1, "", "/unplugd: there is no journal yet/"),
    "log --event explode": (2, "", "/invalid choice: 'explode'/"),
    "log --since soon": (1, "", '/unplugd: "soon" is not a time\nhint: write it like 2026-11-22, /'),
    "log --until 2026-02-30": (1, "", '/unplugd: "2026-02-30" is not a time\nhint: /'),
    "log --bom": (
        1,
        "",
        "unplugd: --bom is only for tables\nhint: unplugd log --format csv --bom > log.csv\n",
    ),
    "log --format xml": (2, "", "/invalid choice: 'xml'/"),
    "log /no/such.jsonl": (1, "", "unplugd: /no/such.jsonl: no such file\n" + GIVE),
    "log /proc/self": (1, "", "unplugd: /proc/self: no journal in this folder\n" + GIVE),
    "log /dev/null": (1, "", "unplugd: /dev/null: it is a device, not a file\n" + GIVE),
    "devices learn nonsense": (
        1,
        "",
        'unplugd: "nonsense" is not a USB id\nhint: ids look like 0a21:8001; unplugd devices lists them\n',
    ),
    "devices learn dead:beef": (
        1,
        "",
        "unplugd: no device dead:beef is plugged in\nhint: plug it in; to see what is plugged in: unplugd devices\n",
    ),
    "devices forget": (2, "", "/invalid choice: 'forget'/"),
    "config": (2, "", "/required: path|show|check|init|add-uploader/"),
    "config path": (0, "/home-of-ann/.config/unplugd/config.toml\n/", ""),
    "config show": (0, '/\\[remind\\]\nafter_plug_in = "5m"\n.*channels = \\["desktop", "plyer", "terminal"\\]\n/', ""),
    "config check": (0, "", "There is no ~/.config/unplugd/config.toml; using the defaults.\n"),
    "config init": (0, "", "Wrote ~/.config/unplugd/config.toml: it lists every setting with its default.\n"),
    "config add-uploader": (2, "", "/required: PROGRAM/"),
    "config add-uploader *": (1, "", "/unplugd: config.toml:3: uploader.process = .*\nhint: /"),
    "config add-uploader my-uploader": (0, "", "my-uploader now counts as upload software.\n" + LATER),
    "config add-uploader /opt/x/up": (0, "", "up now counts as upload software.\n" + LATER),
    "config add-uploader java:up.jar --name Mine": (0, "", "Mine now counts as upload software.\n" + LATER),
}  # fmt: skip


NOT_ON_WINDOWS = pytest.mark.not_on_windows("files are elsewhere there")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(
            text, marks=[NOT_ON_WINDOWS] if text in ("log /proc/self", "log /dev/null", "config path") else []
        )
        for text in TABLE
    ],
    ids=lambda text: text or "nothing",
)
def test_what_a_user_may_type(shell: Shell, arguments: str) -> None:
    """Exit 0 done, 1 could not with what and a hint, 2 usage; data to stdout, talk to stderr."""
    code, *expected = TABLE[arguments]
    done = shell.run(*arguments.split())
    assert done.code == code, done
    expected = [text.replace("/no/such.", str(Path("/no/such."))) for text in expected]
    for text, said in zip(expected, done[1:], strict=True):
        if len(text) > 1 and text[0] == text[-1] == "/":
            assert re.search(text[1:-1], said, re.DOTALL), said
        else:
            assert said == text


@pytest.mark.not_on_windows("the folders are found without the home folder")
@pytest.mark.usefixtures("no_account")
@pytest.mark.parametrize(
    "command", ["run", "status", "log", "report", "devices", "config path", "service status"]
)
def test_a_user_without_a_home_folder(shell: Shell, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """One line and a hint; help and version are printed all the same."""
    monkeypatch.setenv("HOME", "relative")
    done = shell.run(*command.split())
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == (
        "unplugd: you have no home folder: HOME is not set to an absolute path, and the user database names none\n"
        "hint: set HOME to a folder that you can write to\n"
    )
    assert shell.run("--version").code == 0
    assert shell.run(*command.split(), "--help").code == 0


@pytest.mark.not_on_windows("file modes and owners mean nothing there")
@pytest.mark.parametrize(
    "command", ["log", "run --config {folder}/x.toml", "config init", "status", "log {folder}/x"]
)
def test_folders_that_cannot_be_entered_are_told(shell: Shell, command: str) -> None:
    """No right even to look whether a file is there."""
    shell.journal(*EVENTS)
    shell.configure("")
    for folder in (shell.where.state, shell.where.configuration):
        folder.chmod(0)
    with as_nobody():
        done = shell.run(*command.format(folder=shell.where.state).split())
    assert done.code == 1
