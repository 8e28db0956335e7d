"""A real sshd for root on this computer only, with keys of its own."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.rig.listening import HOST, Listening, reserve_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

SSHD = Path("/usr/sbin/sshd")
SETTINGS = """\
Port {port}
ListenAddress {host}
HostKey {folder}/host
AuthorizedKeysFile {folder}/home/.ssh/id_ed25519.pub
StrictModes no
UsePAM no
PidFile none
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
"""


class SshServer:
    """The server; `home` is a home folder with a key that it lets in, in which the server is known once asked for."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        self.home = folder / "home"

    def find_address(self, file: Path) -> str:
        """Return the address of a file."""
        return f"sftp://root@{HOST}:{self._port}{file}"

    def make_known(self) -> None:
        """Let the user know the server's key."""
        key = (self._folder / "host.pub").read_text()
        (self.home / ".ssh/known_hosts").write_text(f"[{HOST}]:{self._port} {key}")


@contextmanager
def start_ssh_server(folder: Path) -> Iterator[SshServer]:
    """Yield a server that has its keys in a folder; skip where there is no sshd."""
    if not SSHD.exists():
        pytest.skip("openssh-server is not installed")
    if os.geteuid():
        # Of anybody else it does not see whether the account is locked.
        pytest.skip("needs root, for whom alone an sshd lets somebody in")
    (folder / "home/.ssh").mkdir(parents=True)
    for key in ("host", "home/.ssh/id_ed25519"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
    (port,) = reserve_ports(1)
    (folder / "sshd.conf").write_text(SETTINGS.format(host=HOST, port=port, folder=folder))
    # Where it gives up its rights; the package makes it when the service starts.
    Path("/run/sshd").mkdir(exist_ok=True)
    sshd = Listening([SSHD, "-D", "-e", "-f", folder / "sshd.conf"], port, folder / "log")
    try:
        sshd.start()
        yield SshServer(folder, port)
    finally:
        sshd.kill()
