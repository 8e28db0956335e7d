"""Commands tell the truth about the daemon, in whatever shell they are started and whoever else listens."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.rig.command_line import NOBODY, as_nobody
from tests.rig.wait import GIVE_UP, wait_until
from unplugd.errors import Failure
from unplugd.paths import Paths
from unplugd.watch.client import NotRunningError, ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.daemon import Daemon
    from tests.rig.usb import Testbed

LISTENER = """
import json, os, pathlib, select, sys
from unplugd.eventloop.loop import turn
from unplugd.watch.control import Control
from unplugd.watch.lock import Lock
user, lock, control = sys.argv[1:]
os.setresuid(*[int(user)] * 3)
held = Lock(pathlib.Path(lock)) if lock else None
answer = {"version": "\\x1b]0;x\\x07", "running": True}
control = Control((pathlib.Path(control),), lambda: 0.0, lambda request: answer, held)
os.chmod(control.path, 0o777)
print(flush=True)
while True:
    turn([control], lambda: 0.0, None)
"""
CROWD = """
import socket, sys
crowd = []
while True:
    for _ in range(1000):
        client = socket.socket(socket.AF_UNIX)
        client.setblocking(False)
        try:
            client.connect(sys.argv[1])
        except BlockingIOError:
            continue
        crowd.append(client)
    print(flush=True)
    if sys.stdin.readline() == "":
        break
    for client in crowd:
        client.close()
    crowd.clear()
"""


@contextlib.contextmanager
def started(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run a script until the end of the block, which begins when it has said something."""
    with subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def control_of(daemon: Daemon) -> Path:
    return Path(daemon.environment["XDG_RUNTIME_DIR"], "unplugd/control")


@pytest.mark.parametrize("runtime", [None, "/run/user/0", "relative", "/nowhere"])
def test_status_snooze_and_doctor_find_it(daemon: Daemon, runtime: str | None) -> None:
    """In a shell by su, cron or ssh, which lacks the variable that names the runtime folder or has another's."""
    daemon.start()
    del daemon.environment["XDG_RUNTIME_DIR"]
    if runtime is not None:
        daemon.environment["XDG_RUNTIME_DIR"] = runtime
    assert daemon.status()["process"] == daemon.pid
    assert "nothing is plugged in" in daemon.command("snooze").stderr
    assert f"ok  daemon: running, process {daemon.pid}" in daemon.command("doctor").stdout
    added = daemon.command("config", "add-uploader", "x")
    assert added.stderr.endswith("The running unplugd uses it from now on.\n")
    # Nothing is made where this shell looks.
    assert not Path(daemon.state, "unplugd/control").exists()


def test_a_daemon_with_another_configuration_does_not_take_an_uploader_over(daemon: Daemon) -> None:
    """What this shell calls the configuration need not be what the daemon was started with."""
    daemon.start()
    daemon.environment["XDG_CONFIG_HOME"] = str(daemon.home)
    added = daemon.command("config", "add-uploader", "x")
    assert added.code == 0
    assert "But the running unplugd was started with another configuration file." in added.stderr


def test_after_its_runtime_folder_was_removed_it_is_found(daemon: Daemon) -> None:
    """And by the first question, the socket comes back for everybody else."""
    daemon.start()
    shutil.rmtree(control_of(daemon).parent)
    assert daemon.status()["process"] == daemon.pid
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(control_of(daemon)))
    assert daemon.stop() == 0
    assert not control_of(daemon).exists()


def test_a_second_daemon_leaves_the_first_its_socket(daemon: Daemon, tmp_path: Path) -> None:
    """With another state folder but the same runtime folder, each is asked by the shell with its own state folder."""
    daemon.start()
    first = daemon.pid
    other = tmp_path / "other"
    environment = {**daemon.environment, "XDG_STATE_HOME": str(other)}
    with subprocess.Popen(
        [Path(sys.executable).with_name("unplugd"), "run"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as second:
        assert second.stderr
        assert b"watching" in second.stderr.readline()
        assert daemon.status()["process"] == first
        daemon.environment["XDG_STATE_HOME"] = str(other)
        assert daemon.status()["process"] == second.pid
        second.terminate()
    done = daemon.command("status")
    # The runtime folder belongs to this shell's user, and a daemon of this user answers there.
    assert f"(process {first})" in done.stdout
    daemon.environment["XDG_STATE_HOME"] = str(daemon.state)
    assert daemon.status()["process"] == first


def test_a_thousand_idle_clients_keep_nobody_from_an_answer(daemon: Daemon) -> None:
    """Nor if they come again and again."""
    daemon.start()
    with started(CROWD, control_of(daemon)) as crowd:
        assert crowd.stdin
        for _ in range(3):
            assert daemon.status()["process"] == daemon.pid
            crowd.stdin.write("again\n")
            crowd.stdin.flush()
        assert daemon.status()["process"] == daemon.pid


@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_what_is_in_place_of_the_lock_stays_as_it_is(daemon: Daemon, tmp_path: Path, kind: str) -> None:
    """It is told with the way out, and neither followed nor waited for; a second one is refused nevertheless."""
    lock = daemon.state / "unplugd/events.lock"
    lock.parent.mkdir(mode=0o700)
    precious = tmp_path / "precious"
    precious.write_text("mine")
    if kind == "link":
        lock.symlink_to(precious)
    else:
        os.mkfifo(lock)
    daemon.start()
    first = daemon.pid
    assert "events.lock cannot be used: it is " in daemon.stderr
    assert f"hint: remove it: rm -r {lock}\n" in daemon.stderr
    assert f"already running (process {first})" in daemon.command("run").stderr
    told = daemon.command("status")
    assert "\nThe lock file " in told.stdout
    assert told.stderr == f"hint: remove it: rm -r {lock}\n"
    assert f"--  lock: the lock file {lock} cannot be used: it is " in daemon.command("doctor").stdout
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_disk_that_takes_no_lock_lets_no_second_one_start(daemon: Daemon, how: str) -> None:
    """Neither while it is full or read-only, nor once the file could be locked."""
    if os.geteuid():
        pytest.skip("needs root to mount a file system")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", daemon.state], check=True)
    try:
        filler = daemon.state / "filler"
        if how == "full":
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                for _ in range(1000):
                    file.write(b"x" * 4096)
            for number in range(1000):
                try:
                    (daemon.state / f"filler{number}").touch()
                except OSError:
                    break
        else:
            subprocess.run(["mount", "-o", "remount,ro", daemon.state], check=True)
        daemon.start()
        said = f"already running (process {daemon.pid})"
        assert said in daemon.command("run").stderr
        if how == "full":
            for file_name in daemon.state.glob("filler*"):
                file_name.unlink()
        else:
            subprocess.run(["mount", "-o", "remount,rw", daemon.state], check=True)
        assert said in daemon.command("run").stderr
        assert daemon.status()["process"] == daemon.pid
        daemon.stop()
    finally:
        subprocess.run(["umount", "-l", daemon.state], check=True)


@pytest.fixture
def where(open_folder: Path) -> Paths:
    """Return folders that everybody can reach."""
    if os.geteuid():
        pytest.skip("needs root to be somebody else")
    for name in ("state", "run"):
        (open_folder / name).mkdir()
        os.chown(open_folder / name, NOBODY, NOBODY)
    return Paths(open_folder, open_folder / "state/unplugd", open_folder / "run/unplugd")


def test_somebody_elses_daemon_is_named_as_such(where: Paths) -> None:
    """As by sudo that keeps HOME: it runs, but it is not asked, and nobody is told to stop it."""
    with started(LISTENER, NOBODY, where.lock, where.control) as other:
        with pytest.raises(Failure) as raised:
            ask(where, {})
        assert (
            str(raised.value) == f"the unplugd that is running (process {other.pid}) belongs to another user"
        )
        assert "without sudo" in raised.value.hint
    with pytest.raises(NotRunningError) as ended:
        ask(where, {})
    assert ended.value.remark == ""


def test_what_another_user_answers_is_not_read(where: Paths) -> None:
    """In a runtime folder that is open to everybody, such as /tmp, anybody can listen."""
    with started(LISTENER, NOBODY, "", where.control), pytest.raises(NotRunningError) as raised:
        ask(where, {})
    assert raised.value.remark == f"; what listens at {where.control} belongs to another user"


@pytest.mark.parametrize("closed", ["state", "state/unplugd", "run", "run/unplugd"])
def test_a_folder_that_is_closed_is_told(where: Paths, open_folder: Path, closed: str) -> None:
    """A folder that may not be entered is not a daemon that does not answer."""
    folder = open_folder / closed
    folder.mkdir(exist_ok=True)
    os.chown(folder, 0, 0)
    folder.chmod(0o700)
    with as_nobody(), pytest.raises(NotRunningError) as raised:
        ask(where, {})
    assert raised.value.remark == f"; {folder} belongs to another user"
    assert raised.value.hint == f'sudo chown -R "$(id -un)" {folder}'
    os.chown(folder, NOBODY, NOBODY)
    folder.chmod(0)
    with as_nobody(), pytest.raises(NotRunningError) as raised:
        ask(where, {})
    assert raised.value.hint == f"chmod u+rwX {folder}"


def test_the_terminal_obeys_nothing_that_an_answer_says(daemon: Daemon) -> None:
    """Escape sequences in any field of an answer stay where they are."""
    with started(LISTENER, os.geteuid(), "", control_of(daemon)):
        done = daemon.command("status")
        assert "\x1b" not in done.stdout + done.stderr
        assert "different version" in done.stderr
        done = daemon.command("doctor")
        assert "\x1b" not in done.stdout
        assert "NO  daemon: running, but a different version\n" in done.stdout
        assert "Traceback" not in done.stderr
        assert json.loads(daemon.command("status", "--json").stdout)["running"] is True


def test_without_descriptors_it_goes_on(daemon: Daemon, usb: Testbed) -> None:
    """Clients that cannot be accepted are served once there are descriptors again."""
    del usb
    daemon.start()
    limit = len(os.listdir(f"/proc/{daemon.pid}/fd"))  # noqa: PTH208
    subprocess.run(["prlimit", f"--pid={daemon.pid}", f"--nofile={limit}:1024"], check=True)
    with socket.socket(socket.AF_UNIX) as client:
        before = daemon.switches()
        client.connect(str(control_of(daemon)))
        client.sendall(b'{"command": "status"}\n')
        wait_until(lambda: daemon.switches() > before, "the attempt to accept")
        subprocess.run(["prlimit", f"--pid={daemon.pid}", "--nofile=1024:1024"], check=True)
        client.settimeout(GIVE_UP)
        with client.makefile() as answer:
            assert json.loads(answer.read())["process"] == daemon.pid
