"""A person installs the service and forgets it: the real `systemd --user`, the program as `make install` leaves it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.rig.child import Process
from tests.rig.server import Server
from tests.rig.tools import need
from tests.rig.usb import STICK
from tests.rig.user_manager import PROJECT, RUNTIME, UserManager, open_to_user
from tests.rig.wait import wait_until
from unplugd import __version__
from unplugd_service import stamp
from unplugd_service.manager import INSTALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.rig.daemon import Done
    from tests.rig.usb import Testbed

UNIT = "unplugd.service"
ENTRY = ".local/share/applications/unplugd.desktop"
ICONS = "icons/hicolor/scalable/apps/unplugd.svg", "icons/hicolor/symbolic/apps/unplugd-symbolic.svg"
OLDER = """
[Unit]
Description=An older unplugd
[Service]
Type=simple
ExecStart=%h/somewhere/else/unplugd run
[Install]
WantedBy=basic.target
"""


class Seen(NamedTuple):
    """What `unplugd service status` says: its exit status, and what it prints as JSON."""

    code: int
    json: dict[str, Any]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """What is wrong, each with the command that repairs it."""
        return [(problem["what"], problem["repair"]) for problem in self.json["problems"]]


class Visitor:
    """The person, logged in, with unplugd installed as `make install` does it and not yet as a service."""

    def __init__(self, manager: UserManager, usb: Testbed) -> None:
        self.manager = manager
        self.home = manager.home
        self.usb = usb
        self.unplugd = self.home / ".local/bin/unplugd"
        self.unit = manager.units / UNIT
        self.journal = self.home / ".local/state/unplugd/events.jsonl"

    def run(
        self, *arguments: str, program: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> Done:
        """Run an unplugd command."""
        done = self.manager.run(program or self.unplugd, *arguments, environment=environment)
        assert "Traceback" not in done.stderr
        # It holds the user's name.
        assert str(self.home) not in done.stdout + done.stderr
        return done

    def install(self) -> Done:
        """Install the service, which must succeed."""
        done = self.run("service", "install")
        assert done.code == 0, f"{done}\n{self.manager.journal()}"
        return done

    def refused(self, *arguments: str, environment: Mapping[str, str] | None = None) -> list[str]:
        """Run a command that cannot succeed, and return its two lines."""
        done = self.run(*arguments, environment=environment)
        assert (done.code, done.stdout) == (1, "")
        said = done.stderr.splitlines()
        assert len(said) == 2
        assert said[0].startswith("unplugd: ")
        assert said[1].startswith("hint: ")
        return said

    def seen(self, program: Path | None = None) -> Seen:
        """Return what the status command says."""
        text = self.run("service", "status", program=program)
        done = self.run("service", "status", "--json", program=program)
        seen = Seen(done.code, json.loads(done.stdout))
        assert text.code == done.code == int(bool(seen.problems))
        for what, repair in seen.problems:
            assert f"problem   {what}\nfix       {repair}\n" in text.stdout
        return seen

    def settings(self, text: str) -> None:
        """Add settings to the unit, as `systemctl --user edit` does."""
        self.manager.unit(f"{UNIT}.d/of-the-test.conf", f"[Service]\n{text}\n")

    def plug(self) -> None:
        """Plug the stick in."""
        self.usb.plug(STICK)
        open_to_user(self.usb)

    def events(self, event: str) -> list[dict[str, Any]]:
        """Return the journal's events of a kind."""
        lines = self.journal.read_text().split("\n")[:-1] if self.journal.exists() else []
        return [entry for line in lines if (entry := json.loads(line))["event"] == event]

    def wait_for(self, event: str, count: int = 1) -> dict[str, Any]:
        """Wait until the journal has `count` such events, and return that one."""
        wait_until(lambda: len(self.events(event)) >= count, f"{event} number {count}")
        return self.events(event)[count - 1]

    def process(self) -> str:
        """Return the process id of the service."""
        return self.manager.show(UNIT, "MainPID")

    def signal(self, name: str) -> None:
        """Send the service a signal, as the person may, once it runs."""

        def send() -> bool:
            process = self.process()
            # 0 would be everybody here.
            return process != "0" and self.manager.run("kill", f"-{name}", process).code == 0

        wait_until(send, f"the service to get SIG{name}")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UserManager]:
    """Yield the service manager of somebody who has run `make install`; not running."""
    need("make")
    manager = UserManager(tmp_path_factory.mktemp("account") / "visitor")
    manager.start()
    # The way to the packages, which is the machine's.
    way = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "SSL_")) or name.lower().endswith("_proxy")
    }
    path = f"{Path(os.__file__).parents[2] / 'bin'}:{manager.environment['PATH']}"
    done = manager.run("make", "-C", PROJECT, "install", environment={**way, "PATH": path})
    assert done.code == 0, done
    manager.stop()
    yield manager
    manager.stop()


@pytest.fixture
def visitor(account: UserManager, usb: Testbed) -> Iterator[Visitor]:
    """Yield the person, logged in at a machine with a test bed's USB devices, without a notification server."""
    for made in (".config", ".local/state", ".local/share/applications", ".local/share/icons"):
        shutil.rmtree(account.home / made, ignore_errors=True)
    # What a failed test has left, if anything.
    account.stop()
    account.start()
    open_to_user(usb)
    account.systemctl("set-environment", *(f"{name}={value}" for name, value in usb.environment.items()))
    yield Visitor(account, usb)
    said = account.journal(UNIT)
    print(said)
    account.stop()
    assert "Traceback" not in said


@pytest.fixture
def shown(visitor: Visitor) -> Iterator[Server]:
    """Yield the notification server of the person's desktop."""
    server = Server(visitor.manager.bus)
    server.start()
    yield server
    server.kill()


# --- installing


def test_install_starts_it_and_shows_a_first_notification(visitor: Visitor, shown: Server) -> None:
    """It is there when the command ends: running, ready, and on the screen; and the way back is named."""
    done = visitor.install()
    assert done.stderr == (
        "Wrote ~/.config/systemd/user/unplugd.service\n"
        "Wrote ~/.local/share/applications/unplugd.desktop\n"
        "Wrote ~/.local/share/icons/hicolor/scalable/apps/unplugd.svg\n"
        "Wrote ~/.local/share/icons/hicolor/symbolic/apps/unplugd-symbolic.svg\n"
        "unplugd is running.\n"
        "From now on it starts whenever you log in.\n"
        "A first notification was sent (via desktop). Didn't see it? Run: unplugd doctor --notify\n"
        "To undo this: unplugd service uninstall\n"
    )
    greeting = shown.notified()
    assert greeting.summary == "unplugd is running"
    assert greeting.timeout == -1
    assert visitor.manager.show(UNIT, "ActiveState") == "active"
    assert visitor.manager.show(UNIT, "StatusText") == "Nothing plugged in"
    assert visitor.seen() == Seen(
        0,
        {
            "manager": "systemd",
            "file": "~/.config/systemd/user/unplugd.service",
            "installed": True,
            "enabled": True,
            "state": "running",
            "process": int(visitor.manager.show(UNIT, "MainPID")),
            "command": ["~/.local/bin/unplugd", "run"],
            "problems": [],
        },
    )
    assert visitor.unit.stat().st_mode & 0o777 == 0o644
    # The user's name stands nowhere in it, though it is part of every path.
    assert str(visitor.home) not in visitor.unit.read_text()
    assert "ExecStart=%h/.local/bin/unplugd run\n" in visitor.unit.read_text()


def test_install_again_changes_nothing(visitor: Visitor) -> None:
    """It can be run as often as one likes; the service is started anew, and its period goes on."""
    visitor.install()
    text, links = visitor.unit.read_text(), wanted(visitor)
    visitor.plug()
    visitor.wait_for("plugged_in")
    done = visitor.install()
    assert "Wrote" not in done.stderr
    assert (visitor.unit.read_text(), wanted(visitor)) == (text, links)
    assert len(visitor.events("plugged_in")) == 1
    assert visitor.seen().code == 0


def test_install_upgrades_an_older_unit(visitor: Visitor) -> None:
    """Also one that was enabled elsewhere, started another program and was changed by hand; that change is kept."""
    changed = f"# {stamp.format_line(OLDER, '0.0.9')}{OLDER}# a change by hand\n"
    visitor.manager.unit(UNIT, changed)
    visitor.manager.systemctl("enable", UNIT)
    assert visitor.seen().problems[0] == (
        "the program it starts no longer exists: ~/somewhere/else/unplugd",
        "unplugd service install",
    )
    done = visitor.install()
    assert "Wrote ~/.config/systemd/user/unplugd.service.old\n" in done.stderr
    assert visitor.unit.with_name(f"{UNIT}.old").read_text() == changed
    assert wanted(visitor) == {"default.target.wants", "graphical-session.target.wants"}
    assert visitor.seen().code == 0


def test_somebody_elses_unit_is_left_alone(visitor: Visitor) -> None:
    """Neither install nor uninstall touches a unit of this name that is not ours."""
    visitor.manager.unit(UNIT, OLDER)
    said = visitor.refused("service", "install")
    assert said[0] == "unplugd: ~/.config/systemd/user/unplugd.service exists but was not written by unplugd"
    visitor.refused("service", "uninstall")
    assert visitor.unit.read_text() == OLDER


def test_a_dry_run_says_all_and_does_nothing(visitor: Visitor) -> None:
    """What it prints is what install then does: the same unit, the same commands."""
    done = visitor.run("service", "install", "--dry-run")
    assert done.code == 0
    assert not visitor.unit.exists()
    assert [line for line in done.stdout.splitlines() if line.startswith("# would run")] == [
        "# would run: systemctl --user daemon-reload",
        "# would run: systemctl --user reenable unplugd.service",
        "# would run: systemctl --user reset-failed unplugd.service",
        "# would run: systemctl --user restart unplugd.service",
    ]
    assert "# would wait up to 1 s until the service is running\n" in done.stdout
    visitor.install()
    head = "# would write ~/.config/systemd/user/unplugd.service (mode 0644):\n"
    assert done.stdout.startswith(head + visitor.unit.read_text())
    done = visitor.run("service", "uninstall", "--dry-run")
    assert "# would run: systemctl --user disable --now unplugd.service\n" in done.stdout
    assert visitor.seen().code == 0


# --- what the service does


def test_it_reminds(visitor: Visitor, shown: Server) -> None:
    """A stick that is plugged in brings a notification, from inside the hardened unit."""
    configure(visitor, after_plug_in="0s")
    visitor.install()
    visitor.plug()
    wait_until(
        lambda: shown.on_screen[-1:] and shown.on_screen[-1].summary == "Unplug the CareLink USB", "it"
    )
    assert visitor.wait_for("reminded")["channel"] == "desktop"
    assert visitor.manager.show(UNIT, "StatusText") == "Plugged in: CareLink USB"


def test_a_click_opens_the_review_outside_the_service(visitor: Visitor, shown: Server) -> None:
    """A browser is started that neither has the service's restrictions nor ends with it.

    The journal is the service's, wherever that is.
    """
    opened, child, tools = (visitor.home / name for name in ("opened", "child", "tools"))
    restrictions = ("grep", "-E", "^(Seccomp|NoNewPrivs):", "/proc/self/status")
    visitor.manager.write(
        tools / "xdg-open",
        f"#!/bin/sh\n(exec sleep 3600) &\necho $! > {child}\n"
        f"{{ echo $1; cat /proc/self/cgroup; {shlex.join(restrictions)}; }} > {opened}.part\nmv {opened}.part {opened}\n",
    )
    (tools / "xdg-open").chmod(0o755)
    visitor.manager.systemctl("set-environment", f"PATH={tools}:{visitor.manager.environment['PATH']}")
    drop_in = visitor.unit.with_name(f"{UNIT}.d") / "elsewhere.conf"
    visitor.manager.write(drop_in, "[Service]\nEnvironment=XDG_STATE_HOME=%h/.local/state/elsewhere\n")
    visitor.install()
    process = visitor.process()
    shown.press(shown.notified(), "default")
    wait_until(opened.exists, "the page to be opened")
    page, *cgroups, privileges, filtered = opened.read_text().splitlines()
    review = visitor.manager.run("cat", page).stdout
    assert review.lower().startswith("<!doctype html>")
    assert "There is no report" not in review
    assert UNIT not in "\n".join(cgroups)
    assert [privileges, filtered] == visitor.manager.run(*restrictions).stdout.splitlines()
    listing = ("list-units", "--plain", "--no-legend", "run-*.service")
    wait_until(lambda: not visitor.manager.systemctl(*listing), "the end of what opened it")
    assert visitor.manager.run("kill", child.read_text().strip()).code == 0, "the browser has ended"
    assert visitor.process() == process


def test_use_is_seen_from_inside_the_unit(visitor: Visitor, compiled_program: Path) -> None:
    """The hardening does not blind it: a program of the same user that holds the node is named."""
    configure(visitor)
    visitor.install()
    stick = visitor.usb.plug(STICK)
    open_to_user(visitor.usb)
    visitor.wait_for("plugged_in")
    java = Path(shutil.copy(compiled_program, visitor.home / "java"))
    command = visitor.manager.inside([java, "-jar", "uploader.jar"], visitor.usb.environment)
    with ExitStack() as stack:
        program = Process(command, os.environ)
        stack.callback(program.close)
        assert program.ask(f"o {stick.nodes[0]}") == "0"
        began = visitor.wait_for("use_began")
        assert (began["program"], began["evidence"]) == ("CareLink Uploader", f"holds {stick.nodes[0]}")
        assert program.ask("c") == "0"
        visitor.wait_for("use_ended")
    doctor = visitor.run("doctor").stdout
    assert "ok  use detection" in doctor
    assert "ok  service: installed, up to date and running\n" in doctor


def test_after_a_crash_it_goes_on(visitor: Visitor) -> None:
    """After kill -9: started again after RestartSec=, which is ten seconds, and the period is the same one."""
    visitor.install()
    assert visitor.manager.show(UNIT, "RestartUSec") == "10s"
    visitor.settings("RestartSec=100ms")
    visitor.plug()
    plugged_in = visitor.wait_for("plugged_in")
    before = visitor.process()
    visitor.signal("KILL")
    visitor.wait_for("started", 2)
    wait_until(lambda: visitor.seen().json["state"] == "running", "it to be ready again")
    assert visitor.process() != before
    status = json.loads(visitor.run("status", "--json").stdout)
    # Each is computed from two clocks, so they may differ a little. A new period would have begun after the restart.
    times = (plugged_in["time"], status["devices"][0]["plugged_in"], visitor.events("started")[1]["time"])
    at, told, restarted = map(datetime.fromisoformat, times)
    assert abs(told - at) < abs(restarted - told)
    assert len(visitor.events("plugged_in")) == 1


@pytest.mark.parametrize(("plugged_in", "asked", "limit"), [(True, "500ms", "500ms"), (False, "250ms", "5s")])
def test_when_it_hangs_it_is_started_again(
    visitor: Visitor, asked: str, limit: str, *, plugged_in: bool
) -> None:
    """SIGSTOP: the watchdog ends it within its time, which is longer while nothing is plugged in."""
    visitor.install()
    # For a moment after each question it is the shorter one.
    wait_until(lambda: visitor.manager.show(UNIT, "WatchdogUSec") == "20min", "a rest")
    visitor.settings(f"WatchdogSec={asked}\nRestartSec=100ms")
    visitor.run("service", "restart")
    if plugged_in:
        visitor.plug()
        visitor.wait_for("plugged_in")
    # The manager's word for the limit in force: what the service has asked for.
    wait_until(lambda: visitor.manager.show(UNIT, "WatchdogUSec") == limit, f"a limit of {limit}")
    started = len(visitor.events("started"))
    visitor.signal("STOP")
    wait_until(lambda: len(visitor.events("started")) > started, "it to be started again", 30)
    wait_until(lambda: "Watchdog timeout" in visitor.run("service", "logs").stdout, "systemd's words")


def test_it_stays_alive_under_the_watchdog(visitor: Visitor) -> None:
    """As long as it does not hang: signs of life come in time."""
    visitor.install()
    visitor.settings("WatchdogSec=1s\nRestartSec=100ms")
    visitor.run("service", "restart")
    visitor.plug()
    visitor.wait_for("plugged_in")

    def sign() -> float:
        return float(visitor.manager.show(UNIT, "WatchdogTimestampMonotonic"))

    def stays() -> bool:
        process, began = visitor.process(), sign()
        wait_until(lambda: visitor.process() != process or sign() > began + 2_500_000, "signs of life")
        return visitor.process() == process != "0"

    # On a busy machine there may be none for a second, but not each time.
    wait_until(stays, "signs of life for longer than it may be silent")


def test_a_new_configuration_is_read_on_reload(visitor: Visitor) -> None:
    """`systemctl --user reload` works as people expect."""
    visitor.install()
    visitor.wait_for("config_loaded")
    visitor.manager.systemctl("reload", UNIT)
    visitor.wait_for("config_loaded", 2)


def test_logs_shows_what_it_said(visitor: Visitor) -> None:
    """The last lines of the service alone: its diagnostics, and what systemd says of it."""
    visitor.install()
    visitor.manager.write(visitor.home / ".config/unplugd/config.toml", "[remind]\nsnooze = 5\n")
    visitor.manager.systemctl("reload", UNIT)
    wait_until(lambda: "config.toml:2" in visitor.run("service", "logs").stdout, "the refused configuration")
    done = visitor.run("service", "logs", "--last", "2")
    assert len(done.stdout.splitlines()) == 2
    assert visitor.refused("service", "logs", "--last", "-1")


# --- stopping, starting, removing


def test_stop_and_start(visitor: Visitor) -> None:
    """Stopped, it says so in the journal and in the status, with the command that starts it."""
    visitor.install()
    assert visitor.run("service", "stop").stderr == (
        "unplugd is stopped until you next log in. To start it now: unplugd service start\n"
    )
    assert visitor.events("stopped")[-1]["reason"] == "SIGTERM"
    seen = visitor.seen()
    assert (seen.code, seen.json["state"], seen.json["process"]) == (1, "stopped", None)
    assert seen.problems == [("it is not running", "unplugd service start")]
    assert visitor.run("service", "start").stderr == "unplugd is running.\n"
    assert visitor.seen().code == 0
    assert visitor.run("service", "restart").stderr == "unplugd is running.\n"
    assert len(visitor.events("started")) == 3


def test_uninstall_leaves_nothing_behind(visitor: Visitor) -> None:
    """But the journal and the configuration, which are the person's."""
    configure(visitor)
    before = files(visitor)
    visitor.install()
    done = visitor.run("service", "uninstall")
    assert done.code == 0
    assert done.stderr == (
        "Removed ~/.config/systemd/user/unplugd.service\n"
        "Removed ~/.local/share/applications/unplugd.desktop\n"
        "Removed ~/.local/share/icons/hicolor/scalable/apps/unplugd.svg\n"
        "Removed ~/.local/share/icons/hicolor/symbolic/apps/unplugd-symbolic.svg\n"
        "Service removed.\n"
        "Your journal and configuration were kept: ~/.config/unplugd, ~/.local/state/unplugd\n"
    )
    left = files(visitor) - before
    assert left == {".local/state/unplugd/events.jsonl", ".local/state/unplugd/events.lock"}
    assert visitor.manager.systemctl("list-units", "--all", "--plain", "--no-legend", "unplugd*") == ""
    assert visitor.events("stopped")
    assert visitor.run("service", "uninstall").stderr == "The service was not installed.\n"
    seen = visitor.seen()
    assert (seen.code, seen.json["installed"]) == (1, False)
    assert seen.problems == [("the service is not installed", "unplugd service install")]
    for verb in ("start", "stop", "restart"):
        assert visitor.refused("service", verb) == [
            "unplugd: the service is not installed",
            "hint: unplugd service install",
        ]


def test_purge_asks_before(visitor: Visitor) -> None:
    """Without an answer nothing is removed; with one, journal and configuration are."""
    configure(visitor)
    visitor.install()
    said = visitor.refused("service", "uninstall", "--purge")
    assert said == ["unplugd: --purge asks before it deletes anything", "hint: run it in a terminal"]
    for answer, code in (("\n", 1), ("y\n", 0)):
        done = visitor.manager.run(
            "script", "-qec", f"{visitor.unplugd} service uninstall --purge", "/dev/null", stdin=answer
        )
        assert done.code == code, done
        assert "Permanently delete the journal and the configuration (~/.config/unplugd" in done.stdout
    assert files(visitor) == set()


# --- what goes wrong


def a_change_by_hand(visitor: Visitor) -> None:
    visitor.manager.unit(UNIT, visitor.unit.read_text() + "# mine\n")


def another_version(visitor: Visitor) -> None:
    visitor.manager.unit(UNIT, visitor.unit.read_text().replace(f"unplugd {__version__} ", "unplugd 0.0.9 "))


def another_program(visitor: Visitor) -> None:
    rest = visitor.unit.read_text().partition("\n")[2].replace("%h/.local/bin/unplugd", "/bin/true")
    visitor.manager.unit(UNIT, f"# {stamp.format_line(rest, __version__)}\n{rest}")


def not_enabled(visitor: Visitor) -> None:
    visitor.manager.systemctl("disable", UNIT)


def not_read(visitor: Visitor) -> None:
    future = visitor.unit.stat().st_mtime + 5
    os.utime(visitor.unit, (future, future))


def failed(visitor: Visitor) -> None:
    visitor.settings("Restart=no")
    visitor.signal("KILL")
    wait_until(lambda: visitor.manager.show(UNIT, "ActiveState") == "failed", "it to have failed")


AGAIN = "unplugd service install"


@pytest.mark.parametrize(
    ("happens", "what", "repair"),
    [
        (a_change_by_hand, "its file was edited by hand (installing again keeps a copy)", AGAIN),
        (another_version, f"it was installed by unplugd 0.0.9, this is {__version__}", AGAIN),
        (another_program, "it starts a different unplugd: /bin/true", AGAIN),
        (not_enabled, "it does not start when you log in", AGAIN),
        (not_read, "its file has changed since systemd read it", AGAIN),
        (failed, "it failed (signal); see unplugd service logs", "unplugd service restart"),
    ],
)
def test_status_names_the_command_that_repairs(
    visitor: Visitor, happens: Callable[[Visitor], None], what: str, repair: str
) -> None:
    """And that command does repair it."""
    visitor.install()
    happens(visitor)
    assert visitor.seen().problems == [(what, repair)]
    assert visitor.run(*repair.split()[1:]).code == 0
    assert visitor.seen().problems == []


def test_one_that_ends_again_and_again(visitor: Visitor) -> None:
    """Its environment has moved, or Python is gone: nobody watches, and status says so, and what it is."""
    visitor.install()
    # It waits for as long as the test looks.
    visitor.settings("ExecStart=\nExecStart=/bin/false\nRestartSec=1h")
    visitor.manager.run("systemctl", "--user", "restart", UNIT)
    wait_until(
        lambda: visitor.manager.show(UNIT, "SubState") == "auto-restart", "it to wait for the next try"
    )
    assert visitor.seen().problems == [
        ("it keeps exiting (exit-code); see unplugd service logs", "unplugd service restart")
    ]
    assert "ok  service" not in visitor.run("doctor").stdout
    # However often: what keeps it from starting may pass.
    assert visitor.manager.show(UNIT, "StartLimitIntervalUSec") == "0"
    shutil.rmtree(visitor.manager.units / f"{UNIT}.d")
    assert visitor.run("service", "install").code == 0
    assert visitor.seen().code == 0


def test_an_environment_without_its_python(visitor: Visitor) -> None:
    """The script is there, but the interpreter that it names is not."""
    visitor.install()
    script = visitor.home / "gone"
    script.write_text("#!/no/such/python\n")
    script.chmod(0o755)
    visitor.manager.unit(UNIT, visitor.unit.read_text().replace("%h/.local/bin/unplugd", "%h/gone"))
    gone = "the Python that runs ~/gone no longer exists: /no/such/python"
    assert visitor.seen().problems[0] == (gone, AGAIN)


def test_the_same_program_by_another_path(visitor: Visitor) -> None:
    """Called by its environment's own path it is not another one, and the link that lasts stays in the unit."""
    visitor.install()
    text = visitor.unit.read_text()
    program = visitor.home / ".local/share/unplugd/venv/bin/unplugd"
    assert visitor.seen(program).code == 0
    assert visitor.run("service", "install", program=program).code == 0
    assert visitor.unit.read_text() == text


def test_a_unit_that_was_removed_by_hand(visitor: Visitor) -> None:
    """Uninstall stops what still runs, and takes the links away."""
    visitor.install()
    visitor.unit.unlink()
    visitor.manager.systemctl("daemon-reload")
    assert visitor.seen().problems == [("the service is running, but its file is missing", AGAIN)]
    done = visitor.run("service", "uninstall")
    assert "Service removed.\n" in done.stderr
    assert visitor.manager.show(UNIT, "ActiveState") == "inactive"
    assert not wanted(visitor)


def test_a_change_by_hand_is_never_lost(visitor: Visitor) -> None:
    """Uninstall keeps a copy, too; also of one in another encoding."""
    visitor.install()
    changed = visitor.unit.read_bytes() + b"# Gr\xfc\xdfe\n"
    visitor.unit.write_bytes(changed)
    assert visitor.seen().problems[0][0].startswith("its file was edited by hand")
    assert visitor.run("service", "uninstall").code == 0
    assert visitor.unit.with_name(f"{UNIT}.old").read_bytes() == changed


def test_a_program_that_has_moved(visitor: Visitor) -> None:
    """The unit is stale: status says so, and install from the new place repairs it."""
    visitor.install()
    moved = visitor.unplugd.rename(visitor.unplugd.with_name("moved"))
    program = visitor.home / ".local/share/unplugd/venv/bin/unplugd"
    try:
        gone = ("the program it starts no longer exists: ~/.local/bin/unplugd", AGAIN)
        assert visitor.seen(program).problems == [gone]
        assert visitor.run("service", "install", program=program).code == 0
        seen = visitor.seen(program)
        assert (seen.code, seen.json["command"][0]) == (0, "~/.local/share/unplugd/venv/bin/unplugd")
    finally:
        moved.rename(visitor.unplugd)


def test_a_unit_for_everybody(visitor: Visitor) -> None:
    """What a package or an administrator installs is known, and is neither stale nor removed."""
    made = visitor.run("service", "file", "--command", str(visitor.unplugd))
    manager = visitor.manager
    # Where `inside` has it: the folder of units that only last until the computer is restarted.
    folder = f"{RUNTIME}/systemd/user"
    written = manager.run("sh", "-c", f"mkdir -p {folder}; cat >{folder}/{UNIT}", stdin=made.stdout)
    assert (made.code, written.code) == (0, 0)
    manager.systemctl("daemon-reload")
    assert visitor.run("service", "start").code == 0
    seen = visitor.seen()
    assert (seen.json["file"], seen.json["state"]) == (f"{folder}/{UNIT}", "running")
    assert seen.problems == [("it does not start when you log in", f"systemctl --user enable {UNIT}")]
    said = visitor.refused("service", "uninstall")
    assert said == [
        f"unplugd: the service is installed for all users, in {folder}/{UNIT}",
        f"hint: to turn it off for yourself only: systemctl --user mask --now {UNIT}",
    ]
    assert manager.show(UNIT, "ActiveState") == "active"


def test_a_masked_unit(visitor: Visitor) -> None:
    """An administrator's no is named, with the way out."""
    visitor.manager.systemctl("mask", UNIT)
    assert ("the service is masked", f"systemctl --user unmask {UNIT}") in visitor.seen().problems
    for verb in ("install", "uninstall", "start", "stop", "restart"):
        assert visitor.refused("service", verb) == [
            "unplugd: the service is masked",
            f"hint: systemctl --user unmask {UNIT}",
        ]


def test_a_service_that_cannot_start(visitor: Visitor) -> None:
    """An error in the configuration is found before anything is written, and one line says what it is."""
    visitor.manager.write(visitor.home / ".config/unplugd/config.toml", "[remind]\nsnooze = 5\n")
    done = visitor.run("service", "install")
    assert done.code == 1
    assert done.stderr.startswith("unplugd: config.toml:2: remind.snooze = 5")
    assert not visitor.unit.exists()


def test_a_wrong_configuration_does_not_end_a_good_service(visitor: Visitor) -> None:
    """Status says that it is not in force; restart refuses to end what runs."""
    visitor.install()
    visitor.manager.write(visitor.home / ".config/unplugd/config.toml", "[remind]\nsnooze = 5\n")
    visitor.manager.systemctl("reload", UNIT)
    problem = ("the configuration has errors and is not being used", "unplugd config check")
    wait_until(lambda: visitor.seen().problems == [problem], "the problem to be seen")
    done = visitor.run("service", "restart")
    assert done.code == 1
    assert done.stderr.startswith("unplugd: config.toml:2: remind.snooze = 5")
    assert visitor.manager.show(UNIT, "ActiveState") == "active"


def test_with_a_wrong_configuration_it_watches_all_the_same(visitor: Visitor, shown: Server) -> None:
    """At the next login, by the defaults, and the person is told by a notification: a silent end would be the worst."""
    visitor.install()
    shown.notified()
    visitor.run("service", "stop")
    visitor.manager.write(visitor.home / ".config/unplugd/config.toml", "[remind]\nsnooze = 5\n")
    visitor.manager.systemctl("start", UNIT)
    warning = shown.notified(2)
    assert warning.summary == "unplugd's configuration has an error"
    assert warning.body.endswith("unplugd config check")
    visitor.plug()
    visitor.wait_for("plugged_in")
    status = json.loads(visitor.run("status", "--json").stdout)
    assert status["configuration"]["problems"][0].startswith("config.toml:2: ")
    assert status["devices"][0]["next_reminder"]


def test_it_starts_at_the_next_login(visitor: Visitor) -> None:
    """On a desktop without graphical-session.target."""
    visitor.install()
    started = len(visitor.events("started"))
    visitor.manager.stop()
    visitor.manager.start()
    visitor.wait_for("started", started + 1)
    wait_until(lambda: visitor.manager.show(UNIT, "ActiveState") == "active", "it to be ready")


def test_folders_that_differ_from_the_sessions(visitor: Visitor) -> None:
    """A unit where systemd does not look, or a journal where nobody looks: refused before anything is written."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        said = visitor.refused("service", "install", environment={name: f"{visitor.home}/elsewhere"})
        assert said[0].startswith(f"unplugd: {name} differs between this shell and your session")
    assert not (visitor.home / "elsewhere").exists()


ODD = """a b'c$HOME\\d"e\tf\ng%h;`h`\x85\u2028ü\\"""


@pytest.mark.parametrize("name", ["XDG_CONFIG_HOME", "XDG_STATE_HOME"])
def test_folders_of_any_characters(visitor: Visitor, name: str) -> None:
    """The session's folder may be called anything that systemd can pass on: the service is installed, and uses it."""
    folder = visitor.home / ODD
    visitor.manager.stop()
    visitor.manager.login = {name: str(folder)}
    try:
        visitor.manager.start()
        usb = (f"{key}={value}" for key, value in visitor.usb.environment.items())
        visitor.manager.systemctl("set-environment", *usb)
        visitor.install()
        assert visitor.seen().problems == []
        used = {"XDG_CONFIG_HOME": f"systemd/user/{UNIT}", "XDG_STATE_HOME": "unplugd/events.jsonl"}
        assert (folder / used[name]).exists()
        assert visitor.run("service", "restart").code == 0
        assert visitor.run("service", "uninstall").code == 0
        other = visitor.refused("service", "install", environment={name: f"$'{folder}'"})
        assert "differs between this shell and your session" in other[0]
    finally:
        visitor.manager.login = {}
        shutil.rmtree(folder, ignore_errors=True)


def test_a_folder_that_systemd_cannot_pass_on(visitor: Visitor) -> None:
    """Its name is no UTF-8: said in one line, since it would be of no use to set it anywhere."""
    said = visitor.refused("service", "install", environment={"XDG_STATE_HOME": f"{visitor.home}/\udcff"})
    assert said == [
        "unplugd: XDG_STATE_HOME is not UTF-8 text, and systemd gives its services nothing else",
        "hint: rename that folder, or: unset XDG_STATE_HOME",
    ]


@pytest.mark.parametrize("name", [f"{ODD}%%", "a b $HOME ${x} %h %% ü; #"])
def test_a_program_in_a_folder_of_any_characters(visitor: Visitor, name: str) -> None:
    """The unit that names it starts it, and status knows it for the same program; bytes that are no text are refused."""
    program = visitor.home / name / "unplugd"
    program.parent.mkdir()
    program.symlink_to(visitor.unplugd)
    try:
        assert visitor.run("service", "install", program=program).code == 0
        assert visitor.manager.show(UNIT, "ActiveState") == "active"
        seen = visitor.seen(program)
        assert (seen.problems, seen.json["command"]) == (
            [],
            [f"~/{program.relative_to(visitor.home)}", "run"],
        )
        program.parent.rename(moved := visitor.home / "\udcff")
        assert visitor.run("service", "uninstall", program=moved / "unplugd").code == 0
        assert "characters that systemd cannot handle" in (
            visitor.run("service", "install", program=moved / "unplugd").stderr
        )
    finally:
        for folder in (program.parent, visitor.home / "\udcff"):
            shutil.rmtree(folder, ignore_errors=True)


def test_the_desktop_knows_it(visitor: Visitor) -> None:
    """The entry is valid, starts the installed program by its full path, and opens the review."""
    need("desktop-file-validate")
    visitor.install()
    entry = visitor.home / ENTRY
    assert visitor.manager.run("desktop-file-validate", entry) == (0, "", "")
    text = entry.read_text()
    assert f"\nExec={visitor.unplugd} report --open\nTryExec={visitor.unplugd}\n" in text
    assert text.startswith("# Written by unplugd ")


def test_what_the_desktop_knows_it_by_is_repaired(visitor: Visitor) -> None:
    """A missing file, and an entry that is not up to date, are problems that installing again solves."""
    visitor.install()
    entry, icon = visitor.home / ENTRY, visitor.home / ".local/share" / ICONS[0]
    content = icon.read_bytes()
    icon.unlink()
    assert visitor.seen().problems == [
        (f"a file by which desktops know unplugd is missing: ~/.local/share/{ICONS[0]}", INSTALL)
    ]
    shutil.copy(PROJECT / "share/applications/unplugd.desktop", entry)
    visitor.install()
    assert icon.read_bytes() == content
    assert entry.read_text().startswith("# Written by unplugd ")
    assert visitor.seen().problems == []


def test_a_desktop_entry_of_the_persons_own_is_left_alone(visitor: Visitor) -> None:
    """Changed by hand, it is neither replaced nor removed, and no problem."""
    visitor.install()
    entry = visitor.home / ENTRY
    changed = entry.read_text().replace("Name=unplugd", "Name=Unplug!")
    entry.write_text(changed)
    done = visitor.install()
    assert (
        "~/.local/share/applications/unplugd.desktop was changed or was not written by unplugd" in done.stderr
    )
    assert visitor.seen().problems == []
    assert visitor.run("service", "uninstall").code == 0
    assert entry.read_text() == changed


def test_make_uninstall_removes_the_service_first(visitor: Visitor) -> None:
    """Else the only command that could remove it would be gone."""
    visitor.install()
    kept = visitor.home / "kept"
    visitor.manager.run("cp", "--archive", visitor.home / ".local", kept)
    try:
        assert visitor.manager.run("make", "-C", PROJECT, "uninstall").code == 0
        assert not visitor.unit.exists()
        assert visitor.manager.show(UNIT, "ActiveState") == "inactive"
        left = [path for path in (visitor.home / ".local").rglob("*") if path.is_symlink() or path.is_file()]
        assert {path.name for path in left} == {"events.jsonl", "events.lock"}
    finally:
        shutil.rmtree(visitor.home / ".local")
        kept.rename(visitor.home / ".local")


def test_one_that_runs_in_a_terminal(visitor: Visitor) -> None:
    """Two cannot watch: the person is told which one has to end."""
    process = Process(visitor.manager.inside([visitor.unplugd, "run"], visitor.usb.environment), os.environ)
    try:
        visitor.wait_for("started")
        said = visitor.refused("service", "install")
        assert said[0].startswith("unplugd: unplugd is already running outside the service (process ")
        assert not visitor.unit.exists()
        outside = (f"unplugd is running outside the service (process {process.pid})", f"kill {process.pid}")
        assert outside in visitor.seen().problems
        process.process.send_signal(signal.SIGSTOP)
        assert visitor.refused("service", "install")[0] == "unplugd: the daemon is running but not responding"
        assert not visitor.unit.exists()
    finally:
        process.close()


def test_no_desktop_at_all(visitor: Visitor) -> None:
    """Without a notification server it is installed and watches, and says that nothing can be shown."""
    done = visitor.install()
    assert "But it cannot show notifications.\nhint: unplugd doctor --notify\n" in done.stderr
    assert visitor.seen().code == 0


def test_a_folder_that_cannot_be_written(visitor: Visitor) -> None:
    """A read-only home: one line, nothing half done."""
    (visitor.home / ".config").mkdir(mode=0o500)
    os.chown(visitor.home / ".config", visitor.home.stat().st_uid, -1)
    said = visitor.refused("service", "install")
    assert said[0] == "unplugd: ~/.config/systemd/user/unplugd.service cannot be written: Permission denied"


def test_no_session(visitor: Visitor) -> None:
    """After su or in a cron job there is no manager to be asked."""
    nothing = {"XDG_RUNTIME_DIR": "", "DBUS_SESSION_BUS_ADDRESS": ""}
    said = visitor.refused("service", "install", environment=nothing)
    assert said[0].startswith("unplugd: cannot reach your session's service manager: ")
    assert not visitor.unit.exists()


def test_a_program_that_will_vanish(visitor: Visitor) -> None:
    """From the cache of a tool that ran it once it is not installed."""
    cache = visitor.home / ".cache/uv/unplugd"
    visitor.manager.write(cache, "#!/bin/sh\n")
    cache.unlink()
    shutil.copy(visitor.unplugd, cache)
    cache.chmod(0o755)
    done = visitor.run("service", "install", program=cache)
    shutil.rmtree(visitor.home / ".cache")
    assert done.code == 1
    assert done.stderr.splitlines() == [
        "unplugd: unplugd is running from ~/.cache, a temporary folder; the service would stop working once it is emptied",
        "hint: install it first (in its folder: make install, or pipx install .), then: unplugd service install",
    ]


def wanted(visitor: Visitor) -> set[str]:
    """Return the folders of targets by which the unit is wanted."""
    return {link.parent.name for link in visitor.manager.units.glob(f"*/{UNIT}")}


def files(visitor: Visitor) -> set[str]:
    """Return what there is in the home, but for the program as it was installed, and for caches."""
    below = [visitor.home / ".config", visitor.home / ".local/state"]
    return {
        str(path.relative_to(visitor.home))
        for folder in below
        for path in folder.rglob("*")
        if path.is_file() or path.is_symlink()
    }


def configure(visitor: Visitor, **remind: str) -> None:
    """Write a configuration with quick looks."""
    settings = "".join(f'{key} = "{value}"\n' for key, value in remind.items())
    text = f'[remind]\n{settings}[watch]\nlook_every = "200ms"\n'
    visitor.manager.write(visitor.home / ".config/unplugd/config.toml", text)
