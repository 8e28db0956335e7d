"""Setting up: the Debian packages that are missing are installed, whatever else the machine is doing."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests import PROJECT
from tests.rig.cache import keep
from tests.rig.tools import need

if TYPE_CHECKING:
    from collections.abc import Iterator
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


def program(folder: Path, name: str, script: str) -> None:
    """Put a program of this name into `folder`."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


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


# --- what breaks off once


def test_a_download_that_breaks_off_is_begun_again(system: Path) -> None:
    """The person is told, and the package is installed."""
    (system / "repository").rename(system / "later")
    program(system / "tools", "sleep", f"mv {system}/later {system}/repository")
    environment = {
        "PATH": f"{system}/tools:{os.environ['PATH']}",
        "APT_CONFIG": str(system / "apt.conf"),
    }
    install = ["sh", str(PROJECT / "tools/install-packages"), "needed"]
    done = subprocess.run(install, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "trying again in 5 s\n" in done.stderr
    assert "Status: install ok installed\n" in (system / "var/lib/dpkg/status").read_text()


def test_a_bare_machine_waits_until_it_can_install(tmp_path: Path) -> None:
    """Another program holds a lock of apt-get's, or the mirror fails; then the tests run."""
    tools = tmp_path / "tools"
    program(tools, "sleep", f": >{tmp_path}/waited")
    program(tools, "apt-get", f"[ -e {tmp_path}/waited ] && ln -sf {tmp_path}/new/* {tools}")
    program(tmp_path / "new", "make", 'echo "made $*"')
    program(tmp_path / "new", "python3", "")
    for name in ("dirname", "ln", "seq"):
        (tools / name).symlink_to(f"/bin/{name}")
    run = ["/bin/bash", str(PROJECT / ".ci/run")]
    done = subprocess.run(run, env={"PATH": str(tools)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "made test\n"), done.stderr


def test_what_is_built_for_the_tests_is_begun_again(tmp_path: Path) -> None:
    """Once, in empty folders; what breaks off again is an error."""
    attempts = []

    def build(result: Path, work: Path) -> None:
        assert not [*result.iterdir(), *work.iterdir()]
        (result / "part").touch()
        attempts.append(result)
        if len(attempts) != 2:
            raise RuntimeError("a download broke off")

    assert (keep(tmp_path, "thing", [], "one", build) / "part").exists()
    with pytest.raises(RuntimeError, match="broke off"):
        keep(tmp_path, "thing", [], "another", build)
    assert len(attempts) == 4


def test_what_another_run_uses_of_it_is_kept(tmp_path: Path) -> None:
    """However many others are built meanwhile; what nobody uses goes, except for the latest few."""

    @contextmanager
    def run(name: str) -> Iterator[None]:
        code = """if True:
            import pathlib, sys
            from tests.rig.cache import keep
            folder = keep(pathlib.Path(sys.argv[1]), "thing", [], sys.argv[2], lambda result, work: None)
            folder.with_name(sys.argv[2]).symlink_to(folder)
            print(flush=True)
            sys.stdin.read()
        """
        command = [sys.executable, "-c", code, str(tmp_path), name]
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, cwd=PROJECT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdout
            assert process.stdout.readline() == b"\n"
            yield
            process.communicate()

    others = [f"other {number}" for number in range(5)]
    with run("used"):
        for other in others:
            with run(other):
                pass
        seen = [(tmp_path / name).exists() for name in ("used", *others)]
    assert seen == [True, False, False, True, True, True]


# --- the first minute: which Python, and what to type next


OLD = 'case "$1" in --version) echo "Python 3.9.6" ;; *) exit 1 ;; esac'
"""What Apple's /usr/bin/python3 answers."""


def make_venv(folder: Path, goal: str) -> str:
    """Return what is said where no suitable Python is given, and only the programs in `folder` are there."""
    for name in ("sh", "dirname"):
        (folder / name).symlink_to(f"/bin/{name}")
    command = ["/bin/sh", str(PROJECT / "tools/make-venv"), str(folder / "venv"), goal]
    done = subprocess.run(command, env={"PATH": str(folder)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert not (folder / "venv").exists()
    return done.stderr


@pytest.mark.parametrize(
    ("system", "way"),
    [
        ("Darwin", "brew install python, or from https://www.python.org/downloads/"),
        ("Linux", "make PYTHON=python3.11 install"),
    ],
)
def test_an_old_python_is_named_with_a_way_to_a_new_one(tmp_path: Path, system: str, way: str) -> None:
    """Every Mac's own python3 is such one."""
    program(tmp_path, "python3", OLD)
    program(tmp_path, "uname", f"echo {system}")
    said = make_venv(tmp_path, "install")
    assert said.startswith("unplugd needs Python 3.11 or newer; python3 is Python 3.9.6\nhint: ")
    # This machine may have another one, which is then named.
    assert way in said or "make PYTHON=/usr/local/bin/" in said


def test_a_new_python_that_is_there_is_named(tmp_path: Path) -> None:
    """With the whole command."""
    program(tmp_path, "python3", OLD)
    program(tmp_path, "python3.12", "exit 0")
    said = make_venv(tmp_path, "demo")
    assert said.splitlines()[1] == "hint: make PYTHON=python3.12 demo"


@pytest.mark.parametrize(
    ("shell", "system", "file"),
    [
        ("/bin/zsh", "Darwin", ".zprofile"),
        ("/bin/bash", "Darwin", ".bash_profile"),
        ("/bin/bash", "Linux", ".bashrc"),
    ],
)
def test_a_command_that_the_shell_does_not_find_is_named_by_its_path(
    tmp_path: Path, shell: str, system: str, file: str
) -> None:
    """And what is printed to have it found works, in this terminal and in the next ones."""
    home = tmp_path / "home of ann"
    program(tmp_path / "tools", "uname", f"echo {system}")
    home.mkdir()
    (home / ".local").mkdir()
    program(home / ".local/bin", "unplugd", 'echo "unplugd $*"')
    environment = {"HOME": str(home), "SHELL": shell, "PATH": f"{tmp_path}/tools:/usr/bin:/bin"}
    said = subprocess.run(
        ["sh", str(PROJECT / "tools/show-next-step"), str(home / ".local/bin/unplugd")],
        env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    first, here, for_ever = [line for line in said.splitlines() if line.startswith("    ")]
    tried = f"{first}\n{here}\nunplugd found\n{for_ever}\n"
    done = subprocess.run(["sh", "-c", tried], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "unplugd service install\nunplugd found\n"
    done = subprocess.run(
        ["sh", "-c", f". ~/{file}; unplugd again"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "unplugd again\n"


def test_a_command_that_the_shell_finds_is_named_by_its_name(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "PATH": f"{tmp_path}/.local/bin:/usr/bin:/bin"}
    command = ["sh", str(PROJECT / "tools/show-next-step"), str(tmp_path / ".local/bin/unplugd")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1:] == ["    unplugd service install"]
