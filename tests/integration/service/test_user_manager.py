"""The visitor's service manager keeps its promises: what unplugd's own unit needs of systemd is real there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import TESTS
from tests.rig.bus import NOTIFICATIONS
from tests.rig.child import Process
from tests.rig.daemon import UNPLUGD
from tests.rig.server import Server
from tests.rig.usb import METER, STICK
from tests.rig.user_manager import UID, UserManager, open_to_user
from tests.rig.wait import wait_until
from unplugd_service.systemd_quoting import format_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.usb import Testbed

PYTHON = f'"{sys.executable}" -I -S'
PROBE = f'{PYTHON} "{TESTS}/rig/probe.py"'
# Ready once it may be, alive until it is stopped.
SERVER = """
import os, pathlib, socket, time
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.connect(os.environ["NOTIFY_SOCKET"])
while not pathlib.Path("may-start").exists():
    time.sleep(0.01)
manager.send(b"READY=1")
while True:
    manager.send(b"WATCHDOG=1")
    time.sleep(0.05)
"""
UNIT = f"""[Service]
Type=notify
ExecStart={PYTHON} %h/server.py
WorkingDirectory=%h
Restart=on-failure
RestartSec=0
LimitCORE=0
{{settings}}
[Install]
WantedBy=default.target
"""
HARDENING = """
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077
MemoryMax=200M
TasksMax=20
"""
CALL = f"/org/freedesktop/Notifications {NOTIFICATIONS}.GetServerInformation"


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[UserManager]:
    """Yield the service manager of somebody who has just logged in."""
    manager = UserManager(tmp_path / "visitor")
    manager.start()
    yield manager
    # Shown where the test failed.
    print(manager.journal())
    manager.stop()
    assert not manager.complaints.read_text()


def install(manager: UserManager, settings: str = "", *, may_start: bool = True) -> None:
    """Write the unit, and the program that it starts."""
    manager.write(manager.home / "server.py", SERVER)
    if may_start:
        manager.write(manager.home / "may-start", "")
    manager.unit("server.service", UNIT.format(settings=settings))


def once(manager: UserManager, command: str, settings: str = "") -> list[str]:
    """Return the lines that a command writes that a unit runs to its end."""
    output = "StandardOutput=truncate:%h/output"
    manager.unit("once.service", f"[Service]\nType=oneshot\nExecStart={command}\n{output}\n{settings}")
    manager.systemctl("start", "once.service")
    return (manager.home / "output").read_text().splitlines()


def restarted(manager: UserManager, pid: str) -> bool:
    """Whether the unit runs again, as another process."""
    # In this order: the one before counts as active until the manager has heard of its end.
    return manager.show("server.service", "MainPID") not in ("0", pid) and (
        manager.show("server.service", "ActiveState") == "active"
    )


# --- the visitor


def test_is_a_stranger(manager: UserManager) -> None:
    """A program is run as a user who is not root, at home, with a clean log-in's environment and nothing of the test's."""
    assert manager.run("id", "--user", "--name").stdout == "visitor\n"
    assert manager.run("pwd").stdout == f"{manager.home}\n"
    told = dict(
        line.split("=", 1) for line in manager.run("env", environment={"MORE": "a b"}).stdout.splitlines()
    )
    assert told == {**manager.environment, "MORE": "a b"}
    assert manager.run("ls", "/root/.ssh").code


def test_answers(manager: UserManager) -> None:
    """What a command is told, says and returns arrives."""
    assert manager.run("sh", "-c", "cat; echo no >&2; exit 3", stdin="yes") == (3, "yes", "no\n")


def test_runs_the_installed_unplugd(manager: UserManager) -> None:
    """The visitor can run the project's own program and interpreter, wherever root keeps them."""
    done = manager.run(UNPLUGD, "--version")
    assert done.stdout.startswith("unplugd "), done


def test_only_what_is_exposed(tmp_path: Path) -> None:
    """In a folder that only root may enter, the visitor finds what is exposed, and nothing else."""
    for name in ("shown", "hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    manager = UserManager(tmp_path / "visitor", expose=[tmp_path / "shown"])
    manager.start()
    try:
        assert manager.run("cat", tmp_path / "shown/file").stdout == "shown"
        assert sorted(manager.run("ls", tmp_path).stdout.split()) == ["shown", "visitor"]
    finally:
        manager.stop()


# --- the manager


def test_is_up(manager: UserManager) -> None:
    """Once it was started, all that a log-in starts runs, and nothing has failed."""
    assert manager.systemctl("is-system-running", "--wait") == "running"
    assert manager.systemctl("list-units", "--failed", "--plain", "--no-legend") == ""


def test_start_waits_for_ready(manager: UserManager) -> None:
    """A unit of Type=notify is starting until it says READY=1, and then active."""
    install(manager, may_start=False)
    manager.systemctl("start", "--no-block", "server.service")
    wait_until(lambda: manager.show("server.service", "MainPID") != "0", "the process")
    assert manager.show("server.service", "ActiveState") == "activating"
    manager.write(manager.home / "may-start", "")
    wait_until(lambda: manager.show("server.service", "ActiveState") == "active", "the unit to be active")


def test_restarts_after_a_crash(manager: UserManager) -> None:
    """With Restart=on-failure a killed unit comes back, and a stopped one does not."""
    install(manager)
    manager.systemctl("start", "server.service")
    pid = manager.show("server.service", "MainPID")
    manager.systemctl("kill", "--signal=KILL", "server.service")
    wait_until(lambda: restarted(manager, pid), "the restart")
    assert manager.show("server.service", "NRestarts") == "1"
    manager.systemctl("stop", "server.service")
    assert manager.show("server.service", "ActiveState") == "inactive"


def test_watchdog(manager: UserManager) -> None:
    """With WatchdogSec a unit that hangs is killed and comes back."""
    install(manager, "WatchdogSec=1s\nRestart=on-watchdog")
    manager.systemctl("start", "server.service")
    pid = manager.show("server.service", "MainPID")
    # On a busy machine the watchdog may have come before.
    stop = ("systemctl", "--user", "kill", "--signal=STOP", "server.service")
    wait_until(lambda: not manager.run(*stop).code, "the unit to hang")
    wait_until(lambda: restarted(manager, pid), "the watchdog")
    wait_until(lambda: "Watchdog timeout" in manager.journal("--unit=server.service"), "systemd's words")


def test_enable(manager: UserManager) -> None:
    """What is enabled is a link in the visitor's home, starts at each log-in, and is gone when it is disabled."""
    install(manager)
    manager.systemctl("enable", "server.service")
    link = manager.units / "default.target.wants/server.service"
    assert link.readlink() == manager.units / "server.service"
    assert link.lstat().st_uid == UID
    manager.stop()
    manager.start()
    wait_until(lambda: manager.show("server.service", "ActiveState") == "active", "the unit to be active")
    manager.systemctl("disable", "server.service")
    assert not link.is_symlink()


def test_environment_of_units(manager: UserManager) -> None:
    """A unit gets the log-in's environment and what set-environment adds, and none of the test's."""
    manager.systemctl("set-environment", "MORE=a b")
    lines = once(manager, "env")
    # systemd has a PATH of its own.
    expected = {**manager.environment, "MORE": "a b", "PATH": "/usr/bin"}
    told = dict(line.split("=", 1) for line in lines) | {"PATH": "/usr/bin"}
    assert expected.items() <= told.items()
    assert "PYTEST_CURRENT_TEST" not in told


def test_hardening(manager: UserManager) -> None:
    """The options that need no mount namespace start fine, hold, and may be set on a unit with WatchdogSec."""
    install(manager, f"WatchdogSec=10s\n{HARDENING}")
    manager.systemctl("start", "server.service")
    status = Path(f"/proc/{manager.show('server.service', 'MainPID')}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status


def test_sees_the_programs_of_its_user(manager: UserManager) -> None:
    """A hardened unit finds, through /proc, what a program of the same user's holds open."""
    held = manager.home / "held"
    manager.write(held, "")
    holder = Process(
        manager.inside(["sh", "-c", f"exec 9<{held}; echo $$; exec sleep 3600"]), {"PATH": os.environ["PATH"]}
    )
    try:
        assert once(manager, f"readlink /proc/{holder.hear()}/fd/9", HARDENING) == [str(held)]
    finally:
        holder.close()


def test_journal(manager: UserManager) -> None:
    """What a unit writes is in the visitor's journal, with what systemd says of it."""
    manager.unit("talker.service", "[Service]\nExecStart=sh -c 'echo hello there; exec sleep 3600'\n")
    manager.systemctl("start", "talker.service")
    said = ("Started talker.service", "hello there\n")
    wait_until(lambda: all(map(manager.journal("--unit=talker.service").__contains__, said)), "both")


# --- what else unplugd needs


def test_units_see_the_test_bed(manager: UserManager, usb: Testbed) -> None:
    """A hardened unit sees what is plugged into the test bed, and hears of what is plugged in later."""
    open_to_user(usb)
    device = usb.plug(METER)
    manager.systemctl("set-environment", *(f"{name}={value}" for name, value in usb.environment.items()))
    (seen,) = once(manager, f"{PROBE} devices", HARDENING)
    assert json.loads(seen)[device.port][:3] == ["1a79", "6210", "Contour Next Link 2.4"]
    heard = manager.home / "heard"
    manager.write(heard, "")
    service = f"[Service]\nExecStart={PROBE} listen\nStandardOutput=truncate:{heard}\n{HARDENING}"
    manager.unit("listener.service", service)
    manager.systemctl("start", "listener.service")
    wait_until(lambda: '"listening"' in heard.read_text(), "the listener")
    usb.plug(STICK, "1-1.3")
    wait_until(
        lambda: '["udev", "add", "usb", "1-1.3", "a21/8001/110"]' in heard.read_text(), "the announcement"
    )


def test_opens_nodes(manager: UserManager, usb: Testbed) -> None:
    """The visitor opens a node only once it is open to them, and a unit then finds it held."""
    device = usb.plug(STICK)
    node = device.nodes[1]
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"import os; os.open({node!r}, os.O_RDWR); print(os.getpid(), flush=True); input()",
    ]
    # Python's word for it, or umockdev's, whose newer versions open a door of their own first.
    assert "Permission denied" in manager.run(*command, environment=usb.environment).stderr
    open_to_user(usb)
    holder = Process(manager.inside(command, usb.environment), {"PATH": os.environ["PATH"]})
    try:
        manager.systemctl("set-environment", *(f"{name}={value}" for name, value in usb.environment.items()))
        (held,) = once(manager, f"{PROBE} holders {holder.hear()} {' '.join(device.nodes)}", HARDENING)
        assert json.loads(held) == [node]
    finally:
        holder.close()


def test_runs_a_program_of_any_name(manager: UserManager) -> None:
    """The command that unplugd writes starts a program wherever it is, with its arguments as they are."""
    for name in ("a=b $HOME ${x} %h %%", """a=b 'c' "d" \\e \t\n\x85""", "it's=\\"):
        program = manager.home / name / "unplugd"
        manager.write(program, '#!/bin/sh\nprintf "%s\\n" "$@"\n')
        program.chmod(0o755)
        arguments = ("run", "$x", "%h", "a b")
        assert once(manager, format_command((str(program), *arguments), str(manager.home))) == [*arguments]


def test_session_bus(manager: UserManager) -> None:
    """The test's notification server, from outside, serves the visitor's session bus."""
    server = Server(manager.bus)
    server.start()
    try:
        told = once(
            manager,
            f"dbus-send --session --print-reply --dest={NOTIFICATIONS} {CALL}",
        )
        assert told
        assert not manager.bus.activations()
    finally:
        server.kill()


def test_bus_starts_no_server_of_the_machine(manager: UserManager) -> None:
    """While nobody serves notifications the bus starts no real server, and notes who was asked for."""
    assert manager.run(
        "dbus-send", "--session", "--print-reply", f"--dest={NOTIFICATIONS}", *CALL.split()
    ).code
    assert manager.bus.activations() == [NOTIFICATIONS]


# --- nothing stays


def groups() -> str:
    """Return the machine's groups that are the rig's."""
    script = "mount -t tmpfs tmpfs /mnt; mkdir /mnt/all; mount -t cgroup2 cgroup2 /mnt/all; ls /mnt/all"
    return subprocess.check_output(["unshare", "--mount", "sh", "-ec", script], text=True)


def alive(pid: str) -> bool:
    """Whether a process lives: one that ended has no arguments."""
    path = Path(f"/proc/{pid}/cmdline")
    return path.exists() and bool(path.read_bytes())


def test_nothing_stays(tmp_path: Path) -> None:
    """After `stop` there is no process, no mount and no group, not even of a keeper that was killed."""
    mounts = Path("/proc/self/mountinfo").read_text()
    manager = UserManager(tmp_path / "visitor")
    manager.start()
    install(manager)
    manager.systemctl("start", "server.service")
    pid = manager.show("server.service", "MainPID")
    killed = manager.keeper
    os.kill(killed, signal.SIGKILL)
    manager.stop()
    manager.start()
    assert not alive(pid)
    namespace = Path("/proc/self/ns/pid").stat().st_ino
    old, new = (f"unplugd-rig-{namespace}-{keeper}" for keeper in (killed, manager.keeper))
    assert new in groups().split()
    manager.stop()
    assert not {old, new} & set(groups().split())
    assert Path("/proc/self/mountinfo").read_text() == mounts
