"""The real `systemd --user` of a visitor who has just logged in: another user, with a home and nothing in it.

It runs in namespaces of its own, where it believes that systemd booted the machine. What differs from a desktop:

- There is no login manager and no system bus.
- The cgroups have no controllers: MemoryMax and TasksMax are accepted and limit nothing.
- Of folders that only root may enter, the visitor finds only what is exposed, at its own path.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.rig.bus import Bus
from tests.rig.daemon import Done
from tests.rig.wait import GIVE_UP, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.rig.usb import Testbed

SYSTEMD = Path("/usr/lib/systemd/systemd")
SCRIPT = Path(__file__).with_suffix(".sh")
PROJECT = Path(__file__).parents[2]
UID = 5555
USER = "visitor"
RUNTIME = f"/run/user/{UID}"
BUS = f"unix:path={RUNTIME}/bus"
# The user's messages in a journal of the user's, as on a desktop; nothing of the kernel's.
JOURNALD_CONF = "[Journal]\nStorage=persistent\nSplitMode=uid\nReadKMsg=no\nAudit=\nForwardToWall=no\n"
# As Debian's dbus-user-session has them, but for the configuration: whatever is installed here stays unstarted.
BUS_SOCKET = """[Unit]
Description=D-Bus User Message Bus Socket
[Socket]
ListenStream=%t/bus
"""
BUS_SERVICE = """[Unit]
Description=D-Bus User Message Bus
Requires=dbus.socket
[Service]
Type=notify
NotifyAccess=main
ExecStart=dbus-daemon --config-file={configuration} --address=systemd: --nofork --nopidfile --systemd-activation
Slice=session.slice
"""
OPEN_TO_ROOT = '<policy context="mandatory"><allow user="root"/></policy>'


class UserManager:
    """The service manager of that user; `start` and `stop` are log-in and power cut, and the home survives them."""

    become = "log_in"
    """What the script turns into."""

    def __init__(self, folder: Path, expose: Sequence[Path] = ()) -> None:
        need_user_manager()
        self.folder = folder
        self.home = folder / "home"
        self.complaints = folder / "complaints"
        self.units = self.home / ".config/systemd/user"
        self.login: dict[str, str] = {}
        """What the log-in adds to the environment of everything, from the next `start` on."""
        self._runtime = folder / "runtime"
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = 0
        needed = [folder, PROJECT, Path(sys.prefix), Path(sys.base_prefix), *expose]
        # Both what they are called and what that is a link to.
        named = sorted({path.absolute() for path in needed} | {path.resolve() for path in needed})
        self._barriers = {path: found for path in named if (found := barrier(path))}
        folder.mkdir(mode=0o755)
        self.home.mkdir(mode=0o700)
        os.chown(self.home, UID, UID)
        visitor = f"{USER}:x:{UID}:{UID}:A visitor:{self.home}:/bin/sh\n"
        (folder / "passwd").write_text(Path("/etc/passwd").read_text() + visitor)
        self.bus = SessionBus(folder / "bus", self._runtime / "bus")
        # What becomes /run; that "system" is there is how programs know that systemd booted the machine.
        run = folder / "run"
        for made in ("system", "user/sockets.target.wants", "journal", "journald.conf.d"):
            (run / "systemd" / made).mkdir(parents=True)
        (run / f"user/{UID}").mkdir(parents=True)
        (run / "systemd/journald.conf.d/rig.conf").write_text(JOURNALD_CONF)
        (run / "systemd/journal/flushed").touch()
        (run / "systemd/user/dbus.socket").write_text(BUS_SOCKET)
        service = BUS_SERVICE.format(configuration=self.bus.configuration)
        (run / "systemd/user/dbus.service").write_text(service)
        (run / "systemd/user/sockets.target.wants/dbus.socket").symlink_to("../dbus.socket")

    @property
    def environment(self) -> Mapping[str, str]:
        """What every program of the user's finds in its environment, and nothing of the test's own."""
        return {
            "HOME": str(self.home),
            "USER": USER,
            "LOGNAME": USER,
            "SHELL": "/bin/sh",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": RUNTIME,
            "DBUS_SESSION_BUS_ADDRESS": BUS,
            **self.login,
        }

    # --- the manager

    def start(self) -> None:
        """Log in: start it, and wait until it says that it is ready."""
        shutil.rmtree(self._runtime, ignore_errors=True)
        self._runtime.mkdir(mode=0o700)
        os.chown(self._runtime, UID, UID)
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener,
            self.complaints.open("ab") as complaints,
        ):
            listener.bind(str(ready))
            listener.setblocking(False)
            ready.chmod(0o666)
            login = {**self.environment, "NOTIFY_SOCKET": str(ready)}
            self._process = subprocess.Popen(
                ["unshare", "--mount", "sh", SCRIPT, "keep", *assignments(login)],
                env={
                    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                    "FOLDER": str(self.folder),
                    "VISITOR": str(UID),
                    "BECOME": self.become,
                    "EXPOSED": "\n".join(map(str, self._barriers)),
                    "COVERED": "\n".join(map(str, {*self._barriers.values()})),
                },
                stdin=subprocess.PIPE,
                stdout=complaints,
                stderr=complaints,
                start_new_session=True,
            )
            try:
                wait_until(lambda: self._ready(listener), "the service manager to be ready")
            except BaseException:
                print(self.complaints.read_text())
                self.stop()
                raise
        self._pid = int((self.folder / "pid").read_text())

    def stop(self) -> None:
        """Kill it and all that runs in its namespaces, and leave nothing behind."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
            try:
                self._process.wait(GIVE_UP)
            finally:
                # A group that cannot be emptied would keep its keeper for ever.
                self._process.kill()
            self._process = None

    @property
    def keeper(self) -> int:
        """The process id of what keeps it."""
        assert self._process, "the service manager was not started"
        return self._process.pid

    # --- the user's programs

    def run(
        self,
        *arguments: str | Path,
        environment: Mapping[str, str] | None = None,
        stdin: str = "",
        seconds: float = GIVE_UP,
    ) -> Done:
        """Run a command as the user does in a terminal, with these additions to the environment."""
        done = subprocess.run(
            self.inside(arguments, environment),
            env={"PATH": os.environ["PATH"]},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def inside(
        self, arguments: Sequence[str | Path], environment: Mapping[str, str] | None = None
    ) -> list[str]:
        """Return the command that, run by the test, runs this one as the user: for `Process` and for Popen."""
        assert self._process, "the service manager was not started"
        session = (
            f"/proc/{self._pid}/root/sys/fs/cgroup/user.slice/user-{UID}.slice/session-1.scope/cgroup.procs"
        )
        return [
            # Joined from outside: from inside, not every machine lets a stranger in.
            *("sh", "-c", 'echo 0 >"$0" && exec "$@"', session),
            *("nsenter", f"--target={self._pid}", "--mount", "--cgroup", f"--wdns={self.home}"),
            *("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups"),
            *("env", "-i", *assignments({**self.environment, **(environment or {})})),
            *map(str, arguments),
        ]

    def systemctl(self, *arguments: str) -> str:
        """Return what `systemctl --user` says; it must succeed."""
        done = self.run("systemctl", "--user", *arguments)
        assert not done.code, f"systemctl --user {arguments}: {done}\n{self.journal()}"
        return done.stdout.rstrip("\n")

    def show(self, unit: str, name: str) -> str:
        """Return one property of a unit."""
        return self.systemctl("show", "--value", f"--property={name}", unit)

    def journal(self, *arguments: str) -> str:
        """Return what the user's units have written and what systemd says of them, or what `arguments` select.

        It may take a moment, and what a short-lived process writes may lack its unit's name.
        """
        return self.run("journalctl", "--user", "--quiet", "--output=cat", *arguments).stdout

    def unit(self, name: str, text: str) -> None:
        """Write a unit file into the user's home, and have the manager read it."""
        self.write(self.units / name, text)
        self.systemctl("daemon-reload")

    def write(self, path: Path, text: str) -> None:
        """Write a file of the user's, and the folders above it."""
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        for made in missing:
            os.chown(made, UID, UID)

    def _ready(self, listener: socket.socket) -> bool:
        try:
            return b"READY=1" in listener.recv(4096)
        except BlockingIOError:
            return False


class SessionBus(Bus):
    """The user's session bus, as the test reaches it from outside; the manager starts it when somebody connects."""

    def __init__(self, folder: Path, socket_path: Path) -> None:
        super().__init__(folder)
        self.configuration = self._configuration
        self.socket = socket_path
        self.address = f"unix:path={socket_path}"
        self.environment = {"DBUS_SESSION_BUS_ADDRESS": BUS}
        text = self.configuration.read_text()
        self.configuration.write_text(text.replace("</busconfig>", f"{OPEN_TO_ROOT}</busconfig>"))
        self._activations.touch()
        self._activations.chmod(0o666)

    def start(self) -> None:
        """Not the test's to do."""
        pytest.fail("the service manager starts the session bus")


def open_to_user(testbed: Testbed) -> None:
    """Let the user's programs in a test bed listen and open nodes: those of devices that are plugged in by now."""
    # Root makes the folder for itself alone, and each listener makes its socket there.
    testbed.root.chmod(0o777)
    for path in [*(testbed.root / "dev").rglob("*"), *(testbed.root / "ioctl").rglob("*")]:
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) or stat.S_ISSOCK(mode):
            path.chmod(0o666)


def barrier(folder: Path) -> Path | None:
    """Return the topmost folder on the way to this one that not everybody may enter."""
    return next(
        (above for above in reversed(folder.parents) if not above.stat().st_mode & stat.S_IXOTH), None
    )


def assignments(environment: Mapping[str, str]) -> list[str]:
    """Return it as `env` takes it."""
    return [f"{name}={value}" for name, value in environment.items()]


def need_user_manager() -> None:
    """Skip the test, by name, where no service manager can be run."""
    if not SYSTEMD.exists():
        pytest.skip("needs the Debian package systemd")
    if os.geteuid():
        pytest.skip("needs root, to make a user of its own")
    if refusal := _refusal():
        pytest.skip(f"needs namespaces and a cgroup2 of its own: {refusal}")


@cache
def _refusal() -> str:
    script = "mount -t tmpfs tmpfs /mnt && mkdir /mnt/cgroup && mount -t cgroup2 cgroup2 /mnt/cgroup"
    command = ["unshare", "--mount", "--cgroup", "sh", "-ec", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""
