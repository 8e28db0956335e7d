"""Builds the test machine's kernel and disks into a cache outside the repository; the latest of each kind are kept.

Two disks, because they change at different times. The system: Debian of the same release as this machine, with an
ordinary user's session, dunst under Xvfb and python3. The program: the guest's /usr/local, with unplugd's wheel, what
it depends on, and the helpers in guest/.

Run by itself it builds what is missing and says where it is: python -m tests.vm.build
"""

from __future__ import annotations

import lzma
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from tests.rig.cache import REPOSITORY, find_cache, keep

HERE = Path(__file__).parent
HOLDER = HERE.parent / "rig/holder.c"  # stands for a program that uses a device
CLOCK = HERE / "clock.c"

# What must be on this machine, and the Debian package that brings it.
TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "depmod": "kmod",
    "busybox": "busybox-static",
    "gcc": "gcc",
}
# Debian keeps half of them where an ordinary user's PATH does not look.
SEARCH = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"

PACKAGES = """
systemd-sysv udev kmod dbus-user-session libpam-systemd python3 libusb-1.0-0 dunst xvfb scrot fonts-dejavu-core
"""
# Left out while unpacking: 150 MB that nothing here reads. Xvfb draws without a graphics driver.
UNREAD = """
share/doc/* share/man/* share/locale/* share/icons/* share/fonts/type1/* share/fonts/X11/* lib/*/libLLVM* lib/*/dri/*
"""

# The parts of Debian's kernel that a machine on virtio with simulated USB devices uses.
KERNEL_PARTS = """
drivers/usb/* drivers/hid/* drivers/virtio/* drivers/block/virtio_blk.ko* drivers/char/virtio_console.ko*
fs/autofs/* fs/configfs/* fs/ext4/* fs/jbd2/* fs/mbcache.ko* crypto/crc* lib/*
"""
# Loaded before the root can be mounted.
FIRST_MODULES = ("virtio_pci", "virtio_blk", "virtio_console", "crc32c_generic", "ext4")

USER = "ann"  # whose session it is, on the seat's first terminal
OTHER_USER = "bob"  # logs in on the second one when a test wants it

PATIENCE = "[Manager]\nDefaultTimeoutStartSec=900\nDefaultDeviceTimeoutSec=900\n"

# A session on the seat, as at a desktop.
LOGIN = """
[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin {} --noclear - linux
Type=simple
"""

# The guest's settings, beyond what Debian's packages bring.
SETTINGS = {
    "etc/hostname": "guest\n",
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "etc/fstab": "/dev/vda / ext4 defaults 0 0\n/dev/vdb /usr/local ext4 ro 0 0\n",
    "etc/default/locale": "LANG=C.UTF-8\n",
    "etc/systemd/system/getty@tty1.service.d/login.conf": LOGIN.format(USER),
    "etc/systemd/system/getty@tty2.service.d/login.conf": LOGIN.format(OTHER_USER),
    "etc/environment": "XDG_SESSION_TYPE=x11\n",
    "etc/systemd/system/agent.service": """
        # Runs what the host asks for; see /usr/local/bin/agent.py.
        [Unit]
        RequiresMountsFor=/usr/local
        [Service]
        ExecStart=/usr/bin/python3 /usr/local/bin/agent.py
        # Until udev has named the port that it listens to.
        Restart=on-failure
        RestartSec=100ms
        [Install]
        WantedBy=multi-user.target
        """,
    "etc/systemd/system/systemd-udev-trigger.service.d/few.conf": """
        # At boot udev sees again only what somebody waits for.
        [Service]
        ExecStart=
        ExecStart=-udevadm trigger --action=add --subsystem-match=block --subsystem-match=virtio-ports
        """,
    # The simulated controllers first, so that the buses always have the same numbers: the stick is 1-1, the meter 2-1.
    "etc/modules-load.d/usb.conf": "dummy_hcd\nxhci_pci\n",
    "etc/modprobe.d/usb.conf": "options dummy_hcd num=3\n",
    # On a busy computer nothing is as late as it seems.
    "etc/systemd/system.conf.d/patience.conf": PATIENCE,
    "etc/systemd/user.conf.d/patience.conf": PATIENCE,
    # Each person's display has the person's number, as it has in agent.py.
    "etc/systemd/system/user@.service.d/display.conf": "[Service]\nEnvironment=DISPLAY=:%i\n",
    "etc/systemd/user/xvfb.service": """
        [Service]
        ExecStart=/usr/bin/Xvfb $DISPLAY -screen 0 800x600x24 -nolisten tcp
        ExecStartPost=/bin/sh -c 'until [ -S /tmp/.X11-unix/X$${DISPLAY#:} ]; do sleep 0.05; done'
        """,
    "etc/systemd/user/dunst.service.d/display.conf": """
        [Unit]
        Requires=xvfb.service
        After=xvfb.service
        [Install]
        WantedBy=default.target
        """,
    # What dunst shows stays until somebody has looked, however busy the computer is.
    "etc/xdg/dunst/dunstrc.d/lasting.conf": "[urgency_normal]\ntimeout = 0\n",
}
# What would run by itself later and disturb a measurement, what the kernel's chosen parts cannot serve (it would make the
# system "degraded"), and what only makes the boot longer.
MASKED = """
apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
systemd-binfmt.service proc-sys-fs-binfmt_misc.automount modprobe@.service serial-getty@ttyS0.service
systemd-random-seed.service systemd-sysusers.service
dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount
"""
IDLE_GENERATORS = "cryptsetup gpt-auto hibernate-resume integritysetup rc-local sysv veritysetup"


@dataclass(frozen=True)
class Images:
    """Where the parts of the machine are."""

    kernel: Path
    initramfs: Path
    system: Path
    program: Path
    clock: Path


def missing() -> list[str]:
    """Name what this machine lacks to build and run the test machine."""
    lacks = [package for tool, package in TOOLS.items() if not shutil.which(tool, path=SEARCH)]
    if not _sources():
        lacks.append("Debian's package sources")
    if os.geteuid() != 0:
        lacks.append("root's rights, to build its disks")
    return lacks


def images() -> Images:
    """Build what is not in the cache, and say where everything is."""
    cache = find_cache("vm")
    this = Path(__file__)
    folders = (HERE / "guest", REPOSITORY / "daemon", REPOSITORY / "service")
    parts = [path for folder in folders for path in folder.rglob("*") if "__pycache__" not in path.parts]
    system = keep(cache, "system", [this], "\n".join(_sources()), _build_system)
    version = (system / "python").read_text()
    parts += [this, HOLDER, CLOCK, REPOSITORY / "pyproject.toml"]
    program = keep(
        cache, "program", parts, version, lambda result, work: _build_program(result, work, version)
    )
    return Images(
        system / "vmlinuz", system / "initramfs", system / "disk", program / "disk", program / "clock.so"
    )


# --- the system: kernel, initramfs, root ---


def _build_system(result: Path, work: Path) -> None:
    root = work / "root"
    sources = _sources()
    release = sources[0].split()[3]
    settings = _call("apt-config", "dump").splitlines()
    bootstrap = ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--dpkgopt=force-unsafe-io"]
    bootstrap += [
        f"--aptopt={line}" for line in settings if line.startswith(("Acquire::http", "Acquire::Check-"))
    ]
    bootstrap += [f"--dpkgopt=path-exclude=/usr/{unread}" for unread in UNREAD.split()]
    bootstrap += [f"--include={','.join(PACKAGES.split())}", release, str(root), "-"]
    with subprocess.Popen(bootstrap, stdin=subprocess.PIPE, text=True) as filling:
        assert filling.stdin
        filling.stdin.write("\n".join(sources))
        filling.stdin.close()
        # Meanwhile, since dpkg keeps only one core busy:
        modules = _unpack_kernel(result, work / "kernel")
        _build_initramfs(result, work / "initramfs", modules)
    if filling.returncode:
        raise RuntimeError(f"mmdebstrap failed with status {filling.returncode}")
    shutil.copytree(modules, root / "usr/lib/modules" / modules.name, symlinks=True)
    _furnish(root)
    version = "import sys; print('%d.%d' % sys.version_info[:2], end='')"
    (result / "python").write_text(_call("chroot", str(root), "python3", "-c", version))
    _make_disk(root, result / "disk", "1500M")


def _sources() -> list[str]:
    """Debian's package sources of this machine, as one-line entries; the release itself first."""
    if not shutil.which("apt-get"):
        return []
    form = "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
    found = _call("apt-get", "indextargets", "--format", form, "Created-By: Packages").splitlines()
    rows = [row.split("|") for row in found if row.startswith("Debian|")]
    key = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
    return [f"deb {key} {row[1]} {row[2]} {row[3]}" for row in sorted(rows, key=lambda row: len(row[2]))]


def _unpack_kernel(result: Path, folder: Path) -> Path:
    """Fetch Debian's kernel (not the cloud's, which has no USB) and return the folder of its modules."""
    # The package may have its modules in either place, and depmod and modprobe may look in either.
    (folder / "usr/lib").mkdir(parents=True)
    (folder / "lib").symlink_to("usr/lib")
    package = _call("apt-cache", "depends", "--important", "linux-image-amd64").split()[-1]
    # As root apt-get fetches as another user, who may not write here; this one may.
    _call("apt-get", "--option=APT::Sandbox::User=root", "--quiet=2", "download", package, cwd=folder)
    wanted = [f"./*lib/modules/*/kernel/{part}" for part in KERNEL_PARTS.split()]
    unpack = ["tar", "--extract", "--keep-directory-symlink", "--wildcards"]
    unpack += ["./boot/vmlinuz-*", "./*lib/modules/*/modules.*", *wanted]
    archive = ["dpkg-deb", "--fsys-tarfile", str(next(folder.glob("*.deb")))]
    with subprocess.Popen(archive, stdout=subprocess.PIPE) as tar:
        # What this kernel has built in is no file of its own: not found, and not missed.
        subprocess.run(unpack, cwd=folder, stdin=tar.stdout, stderr=subprocess.DEVNULL, check=False)
    # Packed as it is: QEMU would boot an unpacked one some seconds faster, but that does not wake up from sleep.
    next(folder.glob("boot/vmlinuz-*")).rename(result / "vmlinuz")
    modules = next(folder.glob("usr/lib/modules/*"))
    # The machine has better things to do than to unpack them at each boot.
    for module in modules.rglob("*.ko.xz"):
        module.with_suffix("").write_bytes(lzma.decompress(module.read_bytes()))
        module.unlink()
    _call("depmod", "--basedir", str(folder), modules.name)  # the package does it when it is installed
    return modules


def _build_initramfs(result: Path, folder: Path, modules: Path) -> None:
    """Pack the least that finds the root disk: a static busybox, and the modules on the way there."""
    for name in ("dev", "root"):
        (folder / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox", path=SEARCH) or "", folder)
    where = ("--dirname", str(modules.parents[3]), "--set-version", modules.name)
    steps = "".join(_call("modprobe", *where, "--show-depends", module) for module in FIRST_MODULES)
    # Options may follow the path, which may have spaces.
    files = dict.fromkeys(Path(path) for path in re.findall(r"(?m)^insmod (.*?\.ko\S*)", steps))
    for file in files:
        shutil.copy(file, folder)
    script = [
        "#!/busybox sh",
        "b=/busybox",
        "$b mount -t devtmpfs dev /dev",
        *(f"$b insmod /{file.name}" for file in files),
        "until [ -b /dev/vda ]; do $b usleep 10000; done",
        "$b mount -t ext4 /dev/vda /root",
        "$b umount /dev",
        "exec $b switch_root /root /sbin/init",
    ]
    _write(folder / "init", "\n".join(script), 0o755)
    names = "\n".join(str(path.relative_to(folder)) for path in folder.rglob("*"))
    pack = ["busybox", "cpio", "-o", "-H", "newc"]
    packed = subprocess.run(pack, input=names.encode(), capture_output=True, cwd=folder, check=True)
    (result / "initramfs").write_bytes(packed.stdout)


def _furnish(root: Path) -> None:
    for name, text in SETTINGS.items():
        _write(root / name, dedent(text).lstrip())
    # The disk keeps whole seconds; with fractions of them the first notification would wait until all fonts are read again.
    fonts = root / "usr/share/fonts"
    for path in (fonts, *fonts.rglob("*")):
        os.utime(path, (0, 0))
    _call("chroot", str(root), "fc-cache", "--force", "--system-only")
    generators = root / "etc/systemd/system-generators"
    generators.mkdir(parents=True)
    for name in MASKED.split():
        (root / "etc/systemd/system" / name).symlink_to("/dev/null")
    for name in IDLE_GENERATORS.split():
        (generators / f"systemd-{name}-generator").symlink_to("/dev/null")
    # Group dialout may open serial ports: people who use a CareLink stick with a program put themselves into it.
    _call("chroot", str(root), "useradd", "--create-home", "--shell=/bin/bash", "--groups=dialout", USER)
    _call("chroot", str(root), "useradd", "--create-home", "--shell=/bin/bash", OTHER_USER)
    _call("chroot", str(root), "systemctl", "enable", "--quiet", "agent.service")
    _call("chroot", str(root), "systemctl", "enable", "--quiet", "--global", "dunst.service")


# --- the program: the guest's /usr/local ---


def _build_program(result: Path, work: Path, version: str) -> None:
    root = work / "local"
    programs = root / "bin"
    shutil.copytree(HERE / "guest", programs, ignore=shutil.ignore_patterns("__*"))
    _call("gcc", "-static", "-Os", "-Wall", "-Werror", "-o", str(programs / "holder"), str(HOLDER))
    _call("gcc", "-shared", "-fPIC", "-O", "-Wall", "-Werror", "-o", str(result / "clock.so"), str(CLOCK))
    packages = root / f"lib/python{version}/dist-packages"  # where Debian's python looks
    install = [sys.executable, "-m", "pip", "install", "--quiet", f"--target={packages}"]
    platform = (f"--python-version={version}", "--platform=manylinux2014_x86_64", "--only-binary=:all:")
    _call(*install, *platform, str(REPOSITORY))
    # pip writes this machine's interpreter into the script that it makes.
    lines = (packages / "bin/unplugd").read_text().splitlines()
    _write(programs / "unplugd", "\n".join(["#!/usr/bin/python3", *lines[1:]]), 0o755)
    _make_disk(root, result / "disk", "200M")


# --- small parts ---


def _make_disk(folder: Path, disk: Path, size: str) -> None:
    _call("mke2fs", "-q", "-t", "ext4", "-E", "root_owner=0:0", "-d", str(folder), str(disk), size)


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def _call(*command: str, cwd: Path | None = None) -> str:
    environment = {**os.environ, "PATH": SEARCH, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed with status {done.returncode}:\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    print(images())
