"""`unplugd config`, and what every command says of a configuration that is broken."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from unplugd.config.file import load_settings, parse_settings
from unplugd.config.settings import Settings
from unplugd.config.write import TEMPLATE
from unplugd.watch.lock import Lock

if TYPE_CHECKING:
    from collections.abc import Callable


from tests.rig.command_line import Shell, as_nobody

BROKEN = {
    "[remind\n": ["config.toml:1: not TOML"],
    "[remind]\nafter = '5m'": ["config.toml:2: unknown key"],
    "[remind]\nafter_use = '-5m'\nsnooze = 5\n[x]": ["config.toml:2: ", "config.toml:3: ", "config.toml:4: "],
    "[[device]]\nname = 'x'\nid = 'zz'": ["config.toml:3: device.id"],
    b"\xff\xfe": ["config.toml: the file is not text"],
    b"#" * 1_000_001: ["config.toml: the file is too long"],
}


@pytest.mark.not_on_windows("every name is text there")
def test_a_program_whose_name_is_no_text_is_refused(shell: Shell) -> None:
    """The configuration file is UTF-8, so it cannot hold such bytes; nothing is written."""
    done = shell.run("config", "add-uploader", os.fsdecode(b"gr\xf6\xdfe"))
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == (
        "unplugd: the program's name contains bytes that are not utf-8 text\n"
        "hint: rename the program, or use the locale in which it was named\n"
    )
    assert not shell.where.config.exists()


@pytest.mark.not_on_windows("every name is text there")
def test_bytes_that_are_no_text_are_left_out_of_the_shown_name(shell: Shell) -> None:
    """If nothing is left, a general name is stored and shown."""
    done = shell.run("config", "add-uploader", "up", "--name", os.fsdecode(b"\xf6\xdf"))
    assert done.code == 0
    assert done.stderr.startswith("upload software now counts as upload software.\n")
    added = [entry.name for entry in load_settings(shell.where.config).uploaders if entry.process == ("up",)]
    assert added == ["upload software"]


@pytest.mark.not_on_windows("every name is text there")
@pytest.mark.parametrize("folder", [b"/gr\xf6\xdfe", "/größe".encode()])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_path_is_printed_byte_by_byte(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, folder: bytes, encoding: str
) -> None:
    """So that an editor can open the file, whatever the encodings of its folder and of the terminal are."""
    monkeypatch.setenv("XDG_CONFIG_HOME", os.fsdecode(folder))
    stdout = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stdout)
    assert shell.run("config", "path").code == 0
    assert stdout.buffer.getvalue() == folder + b"/unplugd/config.toml\n"


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: repr(text[:30]))
@pytest.mark.parametrize(
    "command",
    [
        "config check",
        "config show",
        "run",
        "run --config",
        "devices",
        "devices learn 0a21:8001",
        "config add-uploader x",
    ],
)
def test_a_broken_configuration_is_told(shell: Shell, text: str | bytes, command: str) -> None:
    """By every command that reads it: exit 1, one line for each error, one hint with the file, nothing changed."""
    shell.configure(text)
    before = shell.where.config.read_bytes()
    arguments = command.split()
    if command == "run --config":
        arguments.append(str(shell.where.config))
    done = shell.run(*arguments)
    assert (done.code, done.stdout) == (1, "")
    *told, hint = done.stderr.splitlines()
    assert len(told) == len(BROKEN[text])
    for line, expected in zip(told, BROKEN[text], strict=True):
        assert line.startswith(f"unplugd: {expected}")
    assert hint == "hint: edit ~/.config/unplugd/config.toml, then: unplugd config check"
    assert shell.where.config.read_bytes() == before
    assert not shell.where.journal.exists()


@pytest.mark.not_on_windows("file modes and owners mean nothing there")
@pytest.mark.parametrize(
    "command", ["config check", "config show", "run", "config add-uploader x", "devices"]
)
def test_an_unreadable_configuration_is_told(shell: Shell, command: str) -> None:
    """It is not taken for none, and no command writes over it."""
    shell.configure("# mine")
    shell.where.config.chmod(0)
    with as_nobody():
        done = shell.run(*command.split())
    assert (done.code, done.stdout) == (1, "")
    assert (
        done.stderr.splitlines()[0]
        == "unplugd: config.toml: Permission denied; make it a file that you can read"
    )


@pytest.mark.not_on_windows("file modes and owners mean nothing there")
def test_init_does_not_write_over_anything(shell: Shell) -> None:
    """A configuration that is there stays, a link too."""
    shell.run("config", "init")
    assert shell.where.config.read_text() == TEMPLATE
    assert shell.where.config.stat().st_mode & 0o777 == 0o600
    assert shell.where.configuration.stat().st_mode & 0o777 == 0o700
    shell.configure("# mine")
    done = shell.run("config", "init")
    assert (done.code, done.stderr) == (
        1,
        "unplugd: ~/.config/unplugd/config.toml already exists\nhint: unplugd config show\n",
    )
    assert shell.where.config.read_text() == "# mine"
    shell.where.config.unlink()
    shell.where.config.symlink_to(shell.home / "elsewhere")
    assert shell.run("config", "init").code == 1
    assert not (shell.home / "elsewhere").exists()


@pytest.mark.not_on_windows("file modes and owners mean nothing there")
def test_a_link_of_another_users_is_not_written_over(shell: Shell) -> None:
    """Nor does `config check` find no problem in what `unplugd run` refuses."""
    if os.geteuid():
        pytest.skip("needs root, to give a link away")
    precious = shell.home / "precious"
    precious.write_text("# precious")
    shell.where.configuration.mkdir(parents=True)
    shell.where.config.symlink_to(precious)
    os.chown(shell.where.config, 54321, -1, follow_symlinks=False)
    for command in ("config add-uploader x", "config init", "config check", "config show"):
        done = shell.run(*command.split())
        assert (done.code, done.stdout) == (1, "")
    assert "it belongs to another user" in done.stderr
    assert precious.read_text() == "# precious"
    assert shell.where.config.is_symlink()


def test_what_is_shown_is_a_file_that_means_the_same(shell: Shell) -> None:
    """`config show` can be saved and used."""
    shell.configure("[remind]\nafter_use = '90s'\n[[uploader]]\nname = 'x'\nprocess = ['x']")
    shown = shell.run("config", "show").stdout
    assert parse_settings(shown) == load_settings(shell.where.config)


def test_what_is_added_leaves_the_rest_alone(shell: Shell) -> None:
    """Comments, order and settings stay; the entry stands at the end; the file is the user's alone."""
    shell.configure("# mine\n[remind]\nafter_use = '90s' # because\n\n\n")
    assert shell.run("config", "add-uploader", "my tool").code == 0
    assert shell.where.config.read_text() == (
        "# mine\n[remind]\nafter_use = '90s' # because\n\n"
        '[[uploader]]\nname = "my tool"\nprocess = ["my tool"]\n'
    )
    assert sys.platform == "win32" or shell.where.config.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in shell.where.configuration.iterdir()] == ["config.toml"]


def test_a_program_that_is_added_twice_is_added(shell: Shell) -> None:
    """No error, no harm."""
    for _ in range(2):
        assert shell.run("config", "add-uploader", "up").code == 0
    assert shell.run("config", "check").code == 0


@pytest.mark.parametrize("name", ["\x1b[31mred", "a\nb", '"]\n[remind]\nafter_use="0s"', "ünïcode", "-x"])
def test_a_hostile_program_name_stays_a_name(shell: Shell, name: str) -> None:
    """It cannot add a setting, and is shown harmless."""
    assert shell.run("config", "add-uploader", "--", name).code == 0
    assert load_settings(shell.where.config).policy == Settings().policy
    assert load_settings(shell.where.config).uploaders[0].process == (name,)


def test_a_folder_that_cannot_be_written_to_is_told(shell: Shell) -> None:
    """By all that write the configuration."""
    above = shell.where.configuration.parent
    above.parent.mkdir(parents=True, exist_ok=True)
    above.write_text("")
    for command in ("config init", "config add-uploader x"):
        done = shell.run(*command.split())
        assert done.code == 1
        assert "of-ann" not in done.stderr


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"problems": [], "entries": ["y", "x"]}, "The running unplugd uses it from now on.\n"),
        ({"problems": []}, "The running unplugd uses it from now on.\n"),
        (
            {"problems": [], "entries": ["y"]},
            "But the running unplugd was started with another configuration file.\nhint: restart it\n",
        ),
        (
            {"problems": ["\x1b[31mconfig.toml:2: x"], "entries": []},
            "But the running unplugd found errors in its configuration and keeps the old one:\n  [31mconfig.toml:2: x\nhint: unplugd config check\n",
        ),
    ],
)
def test_whether_the_running_daemon_uses_what_was_added_is_said(
    shell: Shell,
    answering: Callable[[dict[str, Any]], list[dict[str, Any]]],
    answer: dict[str, Any],
    said: str,
) -> None:
    """`add-uploader` works without a restart, or says why not."""
    requests = answering(answer)
    done = shell.run("config", "add-uploader", "x")
    assert (done.code, done.stderr) == (0, f"x now counts as upload software.\n{said}")
    assert requests == [{"command": "reload"}]


def test_without_a_daemon_what_was_added_counts_later(shell: Shell) -> None:
    """Nobody is told that a program counts from now on while nothing runs."""
    assert shell.run("config", "add-uploader", "x").stderr == (
        "x now counts as upload software.\nunplugd is not running; it will use this once it starts.\n"
    )


def test_a_daemon_that_could_not_be_told_has_to_be_restarted(shell: Shell) -> None:
    """It holds the lock but cannot be reached."""
    lock = Lock(shell.where.lock)
    assert lock.named
    lock.named.close()
    done = shell.run("config", "add-uploader", "x")
    lock.release()
    assert done.stderr.splitlines()[1:] == [
        "But the running unplugd could not be told: the daemon is running but not responding.",
        "hint: restart it: unplugd service restart",
    ]


@pytest.mark.parametrize(
    ("process", "hint"),
    [
        ("python3", "name the script as well: unplugd config add-uploader python3:SCRIPT"),
        ("Python", "name the script as well: unplugd config add-uploader Python:SCRIPT"),
        ("PYTHON3.13", "name the script as well: unplugd config add-uploader PYTHON3.13:SCRIPT"),
        ("/usr/bin/python3", "name the script as well: unplugd config add-uploader python3:SCRIPT"),
        ("python3:*", "name the script as well: unplugd config add-uploader python3:SCRIPT"),
        ("Electron", "name the script as well: unplugd config add-uploader Electron:SCRIPT"),
        ("java", "name the script as well: unplugd config add-uploader java:SCRIPT"),
        ("osascript", "name the script as well: unplugd config add-uploader osascript:SCRIPT"),
        ("Google Chrome", "leave it out: it counts as upload software while it has the device open"),
        ("VMware-VMX", "leave it out: it counts as upload software while it has the device open"),
        ("Applet", "give the full path of the program that uploads"),
        ("firefox", "give the full path of the program that uploads"),
        ("p*", "give the full path of the program that uploads"),
        ("/usr/bin/*", "give the full path of the program that uploads"),
        ("javaw.exe", "name the script as well: unplugd config add-uploader javaw:SCRIPT"),
        ("C:/Java/bin/java.exe", "name the script as well: unplugd config add-uploader java:SCRIPT"),
        ("chrome.exe", "leave it out: it counts as upload software while it has the device open"),
        ("Explorer.EXE", "give the full path of the program that uploads"),
        ("c:/windows/*", "give the full path of the program that uploads"),
    ],
)
def test_a_program_that_runs_others_is_not_added(shell: Shell, process: str, hint: str) -> None:
    """Whatever it runs would silence reminders, unplugd itself among it; `config check` finds it in a file, too."""
    trouble = f"{process} runs other programs, which would all count as upload software\nhint: {hint}\n"
    done = shell.run("config", "add-uploader", process)
    assert (done.code, done.stderr) == (1, f"unplugd: {trouble}")
    assert not shell.where.config.exists()
    shell.where.configuration.mkdir(parents=True)
    shell.where.config.write_text(f'[[uploader]]\nname = "x"\nprocess = ["mine", "{process}"]\n')
    done = shell.run("config", "check")
    assert (done.code, done.stderr.partition(": ")[2]) == (1, trouble)


@pytest.mark.parametrize(
    "process", ["/Applications/Mine.app/Contents/MacOS/applet", "/opt/mine/*", "/Applications/CareLink*"]
)
def test_a_program_with_a_path_of_its_own_is_added(shell: Shell, process: str) -> None:
    """Many applications on macOS have a program of the same name in their folder."""
    assert shell.run("config", "add-uploader", process).code == 0
    assert shell.run("config", "check").code == 0
