"""Setting up: the Debian packages that are missing are installed, whatever else the machine is doing."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests import PROJECT
from tests.rig.tools import need

if TYPE_CHECKING:
    from pathlib import Path

CONTROL = """Package: needed
Version: 1
Architecture: all
Maintainer: Nobody <nobody@example.org>
Description: Nothing
"""
# A Debian system in a folder.
CONFIGURATION = """
Dir "{folder}";
Dir::State::status "{folder}/var/lib/dpkg/status";
DPkg::Options {{ "--root={folder}"; "--log={folder}/dpkg.log"; }};
APT::Sandbox::User "root";
"""
SETTINGS = ("apt.conf", "auth.conf", "preferences", "sources.list", "trusted.gpg")
LOCKS = ("var/lib/apt/lists/lock", "var/lib/dpkg/lock-frontend", "var/cache/apt/archives/lock")


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """Return the folder of a Debian system on which one package can be installed."""
    need("apt-get", "dpkg-deb")
    if os.geteuid():
        pytest.skip("needs root, as installing does")
    for made in ("package/DEBIAN", "repository", "var/log/apt", *(f"etc/apt/{kind}.d" for kind in SETTINGS)):
        (tmp_path / made).mkdir(parents=True)
    for lock in LOCKS:
        (tmp_path / lock).parent.mkdir(parents=True)
        (tmp_path / lock).touch()
    (tmp_path / "var/lib/dpkg/status").touch()
    for made in ("info", "updates", "triggers"):
        (tmp_path / "var/lib/dpkg" / made).mkdir()
    (tmp_path / "apt.conf").write_text(CONFIGURATION.format(folder=tmp_path))
    (tmp_path / "package/DEBIAN/control").write_text(CONTROL)
    package = tmp_path / "repository/needed.deb"
    subprocess.run(["dpkg-deb", "--build", tmp_path / "package", package], check=True, capture_output=True)
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    entry = f"{CONTROL}Filename: ./needed.deb\nSize: {package.stat().st_size}\nSHA256: {digest}\n"
    (tmp_path / "repository/Packages").write_text(entry)
    (tmp_path / "etc/apt/sources.list").write_text(f"deb [trusted=yes] file:{tmp_path}/repository ./\n")
    return tmp_path


@pytest.mark.parametrize("lock", LOCKS)
def test_another_program_that_installs_is_waited_for(system: Path, lock: str) -> None:
    """The person is told for whom, and once it has finished the package is installed."""
    environment = {"PATH": os.environ["PATH"], "APT_CONFIG": str(system / "apt.conf")}
    install = ["sh", str(PROJECT / "tools/install-packages"), "needed"]
    with (system / lock).open("r+") as other:
        fcntl.lockf(other, fcntl.LOCK_EX)
        with subprocess.Popen(install, env=environment, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr
            try:
                assert process.stderr.readline().startswith(f"waiting for {system / lock}. It is held by ")
                assert (system / "var/lib/dpkg/status").read_text() == ""
            finally:
                other.close()
            said = process.stderr.read()
    assert process.returncode == 0, said
    assert "Status: install ok installed\n" in (system / "var/lib/dpkg/status").read_text()


@pytest.mark.parametrize(
    ("status", "missing"),
    [
        ("Status: install ok installed\n", False),
        ("Status: install ok triggers-pending\nTriggers-Pending: some-trigger\n", False),
        ("Status: install ok triggers-awaited\nTriggers-Awaited: another-package\n", False),
        ("Status: install ok half-configured\n", True),
        ("Status: deinstall ok config-files\n", True),
    ],
    ids=["installed", "triggers-pending", "triggers-awaited", "half-configured", "config-files"],
)
def test_what_waits_only_for_triggers_is_installed(tmp_path: Path, status: str, missing: bool) -> None:
    """As after an installation that was interrupted; what is not whole is missing."""
    need("dpkg-query")
    (tmp_path / "updates").mkdir()
    (tmp_path / "status").write_text(CONTROL.replace("needed", "busybox-static") + status)
    install = tmp_path / "install-packages"
    install.write_text('echo "$@"\n')
    script = tmp_path / "debian-packages"
    script.write_text((PROJECT / "tools/debian-packages").read_text())
    environment = {"PATH": os.environ["PATH"], "DPKG_ADMINDIR": str(tmp_path)}
    done = subprocess.run(["sh", script], env=environment, capture_output=True, text=True, check=True)
    assert ("busybox-static" in done.stdout.split()) == missing
    assert "git" in done.stdout.split()
