"""The simulated Mac keeps its own promises: what it plays is as reported of macOS, and what it does not know it refuses."""

from __future__ import annotations

import os
import plistlib
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.mac import applescript
from tests.rig.mac.machine import UID, Mac
from tests.rig.mac.state import REFUSED
from tests.rig.wait import GIVE_UP, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LABEL = "com.example.thing"
DOMAIN = f"gui/{UID}"
SERVICE = f"{DOMAIN}/{LABEL}"


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mac]:
    """Yield a Mac."""
    mac = Mac(tmp_path, monkeypatch)
    yield mac
    mac.close()


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=GIVE_UP, check=False)


def code(*command: str | Path) -> int:
    return run(*command).returncode


def agent(mac: Mac, script: str, **more: Any) -> Path:
    """Write an agent that runs a shell script."""
    file = mac.home / f"{LABEL}.plist"
    log = str(mac.home / "log")
    keys = {
        "Label": LABEL,
        "ProgramArguments": ["/bin/sh", "-c", script],
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "StandardOutPath": log,
        "StandardErrorPath": log,
        "Umask": 63,
        "EnvironmentVariables": {"PATH": "/usr/bin:/bin", "GREETING": "hello"},
        **more,
    }
    file.write_bytes(plistlib.dumps(keys))
    return file


def log_of(mac: Mac) -> str:
    log = mac.home / "log"
    return log.read_text() if log.exists() else ""


# --- launchctl


def test_an_agent_really_runs(mac: Mac) -> None:
    """With its environment, its umask and its log; it ends at bootout."""
    file = agent(mac, "umask; echo $GREETING; exec sleep 3600")
    assert code("launchctl", "bootstrap", DOMAIN, file) == 0
    wait_until(lambda: log_of(mac) == "0077\nhello\n", "the agent's words")
    process = mac.job(LABEL)["pid"]
    shown = run("launchctl", "print", SERVICE)
    assert f"\n\tpid = {process}\n" in shown.stdout
    assert "\n\tstate = running\n" in shown.stdout
    assert code("launchctl", "bootout", SERVICE) == 0
    wait_until(lambda: code("launchctl", "print", SERVICE) == 113, "launchd to forget it")
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_an_agent_that_fails_is_started_again(mac: Mac) -> None:
    """KeepAlive with SuccessfulExit false: until it ends well."""
    count = mac.home / "count"
    script = f"echo x >> {count}; test $(wc -l < {count}) -ge 3"
    assert code("launchctl", "bootstrap", DOMAIN, agent(mac, script)) == 0
    wait_until(lambda: mac.job(LABEL)["runs"] == 3 and not mac.job(LABEL)["pid"], "the third run's end")
    shown = run("launchctl", "print", SERVICE).stdout
    assert "\n\tlast exit code = 0\n" in shown
    assert "\n\tpid = " not in shown
    assert code("launchctl", "kickstart", SERVICE) == 0
    wait_until(lambda: mac.job(LABEL)["runs"] == 4, "the fourth run")


def test_how_an_agent_ended_is_told(mac: Mac) -> None:
    """By its exit status or by its signal, never both; while launchd waits to start it again, that is its state."""
    mac.throttle = 3600
    file = agent(mac, "exec sleep 3600")
    assert code("launchctl", "bootstrap", DOMAIN, file) == 0
    assert "\n\tlast exit code = (never exited)\n" in run("launchctl", "print", SERVICE).stdout
    mac.kill(LABEL, 9)
    wait_until(lambda: not mac.job(LABEL)["pid"], "its end")
    shown = run("launchctl", "print", SERVICE).stdout
    assert "\n\tstate = spawn scheduled\n" in shown
    assert "\n\tlast terminating signal = Killed: 9\n" in shown
    assert "last exit code" not in shown
    assert code("launchctl", "kickstart", SERVICE) == 0
    wait_until(lambda: mac.job(LABEL)["pid"], "another run")


def test_each_version_has_its_words(mac: Mac) -> None:
    """The second line of an error, a service at rest, and what is switched off."""
    file = agent(mac, "exit 0")
    mac.disabled = ["com.example.off"]
    said = []
    for version in ("10.15", "26"):
        mac.version = version
        assert code("launchctl", "bootstrap", DOMAIN, file) in (0, 5)
        wait_until(lambda: not mac.job(LABEL)["pid"], "its end")
        said.append(
            (
                len(run("launchctl", "bootstrap", DOMAIN, file).stderr.splitlines()),
                "\tstate = waiting\n" in run("launchctl", "print", SERVICE).stdout,
                '"com.example.off" => true' in run("launchctl", "print-disabled", DOMAIN).stdout,
            )
        )
    assert said == [(1, True, True), (2, False, False)]


def test_an_agent_whose_log_has_no_folder_does_not_start(mac: Mac) -> None:
    """The folder is for others to make: launchd makes the file only."""
    file = agent(mac, "exec sleep 3600", StandardErrorPath=str(mac.home / "none/log"))
    assert code("launchctl", "bootstrap", DOMAIN, file) == 0
    assert "last exit code = 78: EX_CONFIG" in run("launchctl", "print", SERVICE).stdout


def test_what_is_not_loaded(mac: Mac) -> None:  # noqa: ARG001 - on PATH
    """3 and 113, as launchctl has it."""
    assert code("launchctl", "bootout", SERVICE) == 3
    assert code("launchctl", "kickstart", SERVICE) == 113
    done = run("launchctl", "print", SERVICE)
    assert (done.returncode, done.stderr) == (
        113,
        f'Bad request.\nCould not find service "{LABEL}" in domain for user gui: {UID}\n',
    )


def test_what_is_loaded_already(mac: Mac) -> None:
    """5 for one that runs, 36 for one that is still ending."""
    file = agent(mac, "trap '' TERM; echo ready; while :; do sleep 0.05; done")
    assert code("launchctl", "bootstrap", DOMAIN, file) == 0
    wait_until(lambda: log_of(mac), "the agent")
    done = run("launchctl", "bootstrap", DOMAIN, file)
    assert (done.returncode, done.stderr) == (
        5,
        "Bootstrap failed: 5: Input/output error\nTry re-running the command as root for richer errors.\n",
    )
    assert code("launchctl", "bootout", SERVICE) == 0
    assert code("launchctl", "bootstrap", DOMAIN, file) == 36
    assert code("launchctl", "bootout", SERVICE) == 36
    mac.kill(LABEL, 9)


def test_what_is_switched_off(mac: Mac) -> None:
    """119, until it is enabled again; print-disabled names it."""
    file = agent(mac, "exec sleep 3600")
    assert code("launchctl", "disable", SERVICE) == 0
    assert f'"{LABEL}" => disabled' in run("launchctl", "print-disabled", DOMAIN).stdout
    assert code("launchctl", "bootstrap", DOMAIN, file) == 119
    assert code("launchctl", "enable", SERVICE) == 0
    assert LABEL not in run("launchctl", "print-disabled", DOMAIN).stdout
    assert code("launchctl", "bootstrap", DOMAIN, file) == 0


def test_without_a_session(mac: Mac) -> None:
    """112 and 125."""
    mac.log_out()
    assert code("launchctl", "print", DOMAIN) == 125
    assert code("launchctl", "print", SERVICE) == 112
    assert code("launchctl", "bootstrap", DOMAIN, agent(mac, "true")) == 125


def test_a_file_that_others_can_write_is_refused(mac: Mac) -> None:
    file = agent(mac, "true")
    file.chmod(0o666)
    assert code("launchctl", "bootstrap", DOMAIN, file) == 122
    assert code("launchctl", "bootstrap", DOMAIN, mac.home / "none.plist") == 5


def test_misbehaviour_is_told_and_ends(mac: Mac) -> None:
    """One call each; `but done` does it all the same, `no pid` hides the process."""
    file = agent(mac, "exec sleep 3600")
    mac.misbehave("launchctl bootstrap", 36, "37 but done")
    mac.misbehave("launchctl print", "no pid")
    assert [code("launchctl", "bootstrap", DOMAIN, file) for _ in range(3)] == [36, 37, 5]
    shown = [run("launchctl", "print", SERVICE).stdout for _ in range(2)]
    assert ["\n\tpid = " in text for text in shown] == [False, True]
    mac.misbehave("launchctl print", "hang")
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(["launchctl", "print", SERVICE], timeout=0.5, check=False)


@pytest.mark.parametrize(
    "command",
    [
        ("launchctl", "load", "x.plist"),
        ("launchctl", "bootstrap", "gui/502", "x.plist"),
        ("launchctl", "kickstart", "-k", SERVICE),
        ("launchctl",),
        ("osascript", "x.scpt"),
        ("osascript", "-e", 'display notification "x" with title "y"', "--", "z"),
        ("osascript", "-e", 'tell application "Finder" to quit'),
        ("osacompile", "x.applescript"),
        ("codesign", "-s", "-", "x.app"),
        ("open", "x.app"),
    ],
)
def test_what_is_not_known_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """With a status of its own, and the test in which it happened fails."""
    mac = Mac(tmp_path, monkeypatch)
    done = run(*command)
    assert done.returncode == REFUSED
    assert done.stderr.startswith("simulated Mac: ")
    assert len(mac.refusals) == 1
    with pytest.raises(AssertionError):
        mac.close()


def test_a_property_list_with_a_key_that_is_not_known_is_refused(mac: Mac) -> None:
    file = agent(mac, "true", LaunchEvents={})
    assert code("launchctl", "bootstrap", DOMAIN, file) == REFUSED
    assert mac.refusals == ["a property list with ['LaunchEvents']"]
    (mac.folder / "refusals").unlink()


# --- the applet's programs


def built(mac: Mac, script: str) -> Path:
    """Build an applet."""
    bundle, source = mac.home / "x.app", mac.home / "x.applescript"
    source.write_text(script)
    done = run("osacompile", "-o", bundle, source)
    assert done.returncode == 0, done.stderr
    return bundle


def test_an_applet_runs_its_script(mac: Mac) -> None:
    """Under the name that stands in its Info.plist, once that is signed; `open` does not wait for it."""
    bundle = built(mac, 'on run\n\tdisplay notification "b" with title "a"\nend run\n')
    info = bundle / "Contents/Info.plist"
    info.write_bytes(
        plistlib.dumps({**plistlib.loads(info.read_bytes()), "LSUIElement": True, "CFBundleName": "me"})
    )
    assert code("codesign", "--verify", bundle) == 1
    assert code("open", "-g", "-a", bundle) == 1
    assert code("codesign", "--force", "--deep", "-s", "-", bundle) == 0
    assert code("codesign", "--verify", bundle) == 0
    assert code("open", "-g", "-a", bundle) == 0
    assert mac.shown == [("me", "a", "b")]
    mac.misbehave("open", "at once", "nothing")
    assert code("open", "-g", "-a", bundle) == 0
    assert not any(mac.applets.iterdir())
    assert len(mac.shown) == 2
    assert code("open", "-g", "-a", bundle) == 0
    assert len(mac.shown) == 2


def test_a_script_with_a_mistake_is_not_compiled(mac: Mac) -> None:
    source = mac.home / "x.applescript"
    source.write_text("on run\n\tset title to\nend run\n")
    done = run("osacompile", "-o", mac.home / "x.app", source)
    assert (done.returncode, "-2741" in done.stderr) == (1, True)


def test_osascript_hands_its_arguments_over(mac: Mac) -> None:
    """As Script Editor; what they hold is never part of the script."""
    lines = ("on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run")
    script = [argument for line in lines for argument in ("-e", line)]
    assert code("osascript", *script, '"a" & b', "-c\nd") == 0
    assert mac.shown == [("Script Editor", '"a" & b', "-c\nd")]
    assert code("osascript", *script, "only one") == 1


# --- AppleScript


@pytest.mark.parametrize(
    "script",
    [
        "on run\nrepeat\nend run\nend repeat",
        "on run\ntry\nend run",
        "on run",
        "end run",
        "set item to 1",
        'display notification "x"',
        'display notification "x" with title',
        'set x to ("a" & "b"',
        'set x to "a" "b"',
        "set x to do shell script",
        'tell application "Finder"',
        "set x to 'a'",
        'if x is "" then quit',
    ],
)
def test_what_is_no_such_applescript_is_a_mistake(script: str) -> None:
    with pytest.raises(applescript.SyntaxTrouble):
        applescript.parse(script)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('"a" & "b"', "ab"),
        (r'"\"\\"', '"\\'),
        ('quoted form of ("it" & "\'s")', "'it'\"'\"'s'"),
        ('do shell script ("printf " & quoted form of "a\\\\nb\\\\n")', "a\rb"),
        ('do shell script ("printf " & quoted form of "a\\\\nb") without altering line endings', "a\nb"),
        (
            "POSIX path of (path to application support folder from user domain)",
            "/h/Library/Application Support/",
        ),
    ],
)
def test_expressions(monkeypatch: pytest.MonkeyPatch, expression: str, value: str) -> None:
    """As AppleScript has them; a shell's line ends become its own unless told otherwise."""
    monkeypatch.setenv("HOME", "/h")
    shown: list[str] = []
    script = applescript.parse(f'set x to {expression}\ndisplay notification x with title "t"')
    applescript.Run(lambda _title, text: shown.append(text), []).block(script)
    assert shown == [value]


def test_a_failing_shell_leaves_the_try() -> None:
    shown: list[str] = []
    script = applescript.parse(
        'try\ndo shell script "false"\ndisplay notification "no" with title "t"\nend try\n'
        'repeat\nset x to "a"\nif x is "a" then exit repeat\nend repeat\n'
        'display notification "yes" with title "t"'
    )
    applescript.Run(lambda _title, text: shown.append(text), []).block(script)
    assert shown == ["yes"]
    with pytest.raises(applescript.ScriptError):
        applescript.Run(lambda _title, _text: None, []).block(applescript.parse("set x to y"))
