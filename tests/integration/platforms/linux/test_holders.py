"""Who uses a device: real processes that hold real nodes, and what is made of them."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.rig.child import Process
from tests.rig.programs import Programs
from tests.rig.shortage import no_descriptors
from tests.rig.wait import wait_until
from unplugd.platforms import processes
from unplugd.platforms.linux import holders
from unplugd.platforms.linux.clock import CLOCK_BOOTTIME, boot_id, now, sleep_seconds
from unplugd.platforms.linux.mounts import Mounts
from unplugd.platforms.linux.opens import Opens
from unplugd.platforms.linux.sysfs import Tree
from unplugd.platforms.linux.usage import SETTLE_SECONDS, UsageTracker
from unplugd.rules.devices import Device
from unplugd.rules.uploaders import BUILT_IN, Uploader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unplugd.rules.model import DeviceUse

# A real character device that nobody else here holds stands for the device's node.
NODE = "/dev/full"
NOBODY = 65534
STICK = Device("1-1", 0x0A21, 0x8001, 1, 7, name="CareLink USB")
# Names of these tests' own, so that no other program on the machine is meant.
MINE = Uploader("Mine", ("u-uploader-test",))
SECOND = Uploader("Second", ("u-second-test",))
BROWSER = Uploader("", ("u-browser-test",), alone=False)
MACHINE = Uploader("", ("u-machine-test",), alone=False, doubtful=True)
SOFTWARE = (MINE, SECOND, BROWSER, MACHINE, *BUILT_IN)


@pytest.fixture
def programs(compiled_program: Path, tmp_path: Path) -> Iterator[Programs]:
    """Yield programs on this machine as it is."""
    programs = Programs(compiled_program, tmp_path / "programs", {"PATH": os.environ["PATH"]})
    yield programs
    programs.close()


# --- who holds a node


def test_who_holds_a_node_is_found(programs: Programs, tmp_path: Path) -> None:
    """By its device number or its inode, under whatever path it was opened, and no longer once it is closed."""
    one, two = programs.start("one"), programs.start("two")
    one.open(NODE)
    two.open(f"/proc/self/root{NODE}")
    free = tmp_path / "free"
    free.touch()
    found = holders.find_holders([NODE, str(free), "/dev/no-such-node"])
    assert set(found.pids) == {NODE}
    assert set(found.pids[NODE]) >= {one.pid, two.pid}
    assert not found.blind
    one.close()
    assert one.pid not in holders.find_holders([NODE]).pids[NODE]


def test_a_node_that_was_removed_is_still_held(programs: Programs, tmp_path: Path) -> None:
    """A container's node of the same number counts, also when its path is gone by now."""
    if os.geteuid():
        pytest.skip("needs root to make a node")
    other = tmp_path / "dev/other"
    other.parent.mkdir()
    os.mknod(other, 0o20600, Path(NODE).stat().st_rdev)
    program = programs.start("contained")
    try:
        program.open(str(other))
    except AssertionError:
        pytest.skip("the folder for temporary files allows no nodes")
    assert program.pid in holders.find_holders([NODE]).pids.get(NODE, ())


@pytest.mark.parametrize("confined", [f"exec 3<{NODE} && unshare --mount", "unshare --mount"])
def test_a_container_has_nodes_of_its_own(confined: str) -> None:
    """A node that is mounted elsewhere in another mount namespace counts, as does one opened outside it."""
    if os.geteuid():
        pytest.skip("needs root to mount")
    contain = "mount -t tmpfs none /mnt && mkdir /mnt/dev && touch /mnt/dev/port"
    hold = f"mount --bind {NODE} /mnt/dev/port && test -e /proc/self/fd/3 || exec 3</mnt/dev/port; echo held; exec cat"
    holder = Process(["sh", "-c", f"{confined} sh -c '{contain} && {hold}'"], dict(os.environ))
    try:
        assert holder.hear() == "held"
        # It says so before it has become what it is.
        wait_until(lambda: "cat" in names_of_holders(), "cat to hold it")
    finally:
        holder.close()


def names_of_holders() -> set[str]:
    pids = holders.find_holders([NODE]).pids.get(NODE, ())
    return {Path(f"/proc/{pid}/comm").read_text().strip() for pid in pids}


def test_nobody_is_asked_for_nothing() -> None:
    """Without nodes nobody holds one."""
    assert holders.find_holders([]).pids == {}
    assert holders.find_holders(["/dev/no-such-node"]).pids == {}


def test_looking_does_not_count_as_holding() -> None:
    """Unplugd's own descriptors are not a use."""
    with Path(NODE).open("rb"):
        assert os.getpid() not in holders.find_holders([NODE]).pids.get(NODE, ())


def test_a_process_that_ends_under_the_look_is_nobody(tmp_path: Path) -> None:
    """Entries of /proc without their content are passed over."""
    (tmp_path / "4194999").mkdir()
    (tmp_path / "4194998/fd").mkdir(parents=True)
    (tmp_path / "4194998/fd/3").symlink_to("/dev/gone")
    (tmp_path / "self").mkdir()
    assert holders.find_holders([NODE], str(tmp_path)).pids == {}


def test_whatever_a_driver_says_of_an_open_file_it_is_found(tmp_path: Path) -> None:
    """Some add a name that a program gave, which may be any bytes."""
    process = tmp_path / "4194998"
    for folder in ("fd", "fdinfo", "../self"):
        (process / folder).mkdir(parents=True)
    (process / "fd/3").symlink_to(NODE)
    (process / "fdinfo/3").write_bytes(b"pos:\t0\nflags:\t02\nmnt_id:\t24\nclient-name:\t\xff\xfe\n")
    (tmp_path / "self/mountinfo").write_text("24 1 0:5 / /dev rw shared:2 - devtmpfs udev rw\n")
    assert holders.find_holders([NODE], str(tmp_path)).pids == {NODE: (4194998,)}


def test_a_look_that_sees_nothing_knows_it() -> None:
    """In a service's own user namespace not even the user's processes may be looked into: that is not `idle`."""
    myself = os.geteuid()
    with tempfile.TemporaryDirectory() as proc:
        Path(proc).chmod(0o755)
        for pid, mode in (("4194301", 0), ("4194302", 0)):
            folder = Path(proc, pid)
            (folder / "fd").mkdir(parents=True, mode=mode)
            os.chown(folder, myself or NOBODY, -1)
        # Root may look everywhere.
        os.seteuid(myself or NOBODY)
        try:
            assert holders.find_holders([NODE], proc).blind
            assert not holders.find_holders([NODE]).blind or myself
        finally:
            os.seteuid(myself)
        Path(proc, "4194302/fd").chmod(0o755)
        assert not holders.find_holders([NODE], proc).blind


# --- who that is


def test_upload_software_is_known_by_its_process(programs: Programs) -> None:
    """CareLink Uploader as it really shows: Java, with its jar among the arguments."""
    holder = processes.identify(programs.uploader("TOKEN").pid, BUILT_IN)
    assert holder
    assert holder.uploader
    assert (holder.uploader.name, holder.name, holder.service) == ("CareLink Uploader", "java", False)
    assert "TOKEN" not in repr(holder)


def test_a_helper_belongs_to_its_parent(programs: Programs) -> None:
    """What an uploader's child holds, the uploader holds; another program's child is nobody's helper."""
    parent = programs.start("u-uploader-test")
    helper = parent.start("helper")
    grandchild = helper.start("helper2")
    for program in (helper, grandchild):
        holder = processes.identify(program.pid, SOFTWARE)
        assert holder
        assert holder.uploader is MINE
    stranger = programs.start("photo-tool").start("helper")
    holder = processes.identify(stranger.pid, SOFTWARE)
    assert holder
    assert holder.uploader is None


# --- what runs


def test_running_upload_software_is_found_with_its_start(programs: Programs) -> None:
    """With its start, on the clock that counts sleep, and the name of its process; not once it has ended."""
    assert holders.find_running((MINE, SECOND)) is None
    before = now()
    first = programs.start("u-uploader-test")
    found = holders.find_running((MINE, SECOND))
    assert found
    assert (found.program, found.process) == ("Mine", "u-uploader-test")
    assert before - 0.02 <= found.started <= now()
    next_tick = found.started + 0.03
    wait_until(lambda: now() > next_tick, "the next tick")
    second = programs.start("u-second-test")
    assert holders.find_running((MINE, SECOND)) == found, "the one that started first counts"
    first.end()
    found = holders.find_running((MINE, SECOND))
    assert found
    assert found.program == "Second"
    second.end()
    assert holders.find_running((MINE, SECOND)) is None


def test_a_helper_that_starts_later_is_no_new_upload(programs: Programs) -> None:
    """A forgotten window does not become fresh by starting a child of its own kind."""
    parent = programs.start("u-uploader-test")
    found = holders.find_running((MINE,))
    assert found
    # The kernel counts starts in hundredths of a second.
    wait_until(lambda: now() > found.started + 0.03, "the next tick")
    parent.start("u-uploader-test")
    assert holders.find_running((MINE,)) == found


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("u-with-a-name-of-more-than-15-bytes", "u-with-a-name-of-more-than-15-bytes"),
        ("u-with-a-name-of-more-than-15-bytes", "u-with-a-name-*-bytes"),
        ("ü-schöner-Übertrager", "ü-schöner-Übertrager"),
        ("u b", "u b"),
        ("u-path-test", "/*/u-path-test"),
    ],
)
def test_long_and_foreign_names_are_found(programs: Programs, name: str, pattern: str) -> None:
    """The kernel keeps 15 bytes of a name, and may cut a letter in two."""
    programs.start(name)
    found = holders.find_running((Uploader("Long", (pattern,)),))
    assert found
    assert found[0] == "Long"


def test_java_that_runs_something_else_is_not_running(programs: Programs) -> None:
    """Of all the programs with an interpreter's name only the one with the script is meant."""
    script = Uploader("Script", ("u-interpreter:up.jar",))
    programs.start("u-interpreter", "-jar", "game.jar")
    assert holders.find_running((script,)) is None
    programs.start("u-interpreter", "-jar", "/opt/up.jar", "TOKEN")
    assert holders.find_running((script,)) is not None


@pytest.mark.parametrize(
    "pattern",
    ["python3:u-script-of-the-test.py", "u-script-of-the-test.py", "{}/pack/u-script-of-the-test.py"],
)
@pytest.mark.parametrize(
    ("interpreter", "command"),
    [
        ("/usr/bin/python3", ["./u-script-of-the-test.py"]),
        ("/usr/bin/env python3", ["./u-script-of-the-test.py"]),
        ("/usr/bin/env python3", ["{}/pack/u-script-of-the-test.py"]),
        ("-", ["/usr/bin/python3", "u-script-of-the-test.py"]),
        ("-", ["/usr/bin/python3", "-u", "-X", "dev", "{}/pack/u-script-of-the-test.py", "fast"]),
        ("-", ["/usr/bin/python3", "-m", "u-script-of-the-test"]),
    ],
)
def test_a_script_is_recognized_however_it_is_started(
    tmp_path: Path, interpreter: str, command: list[str], pattern: str
) -> None:
    """One entry finds it by its own name and by its interpreter's, running and holding the device."""
    script = tmp_path / "pack/u-script-of-the-test.py"
    script.parent.mkdir()
    script.write_text(f"#!{interpreter}\nprint('up', flush=True)\ninput()\n")
    script.chmod(0o755)
    mine = Uploader("Mine", (pattern.format(tmp_path),), script=True)
    assert holders.find_running((mine,)) is None
    with subprocess.Popen(
        [part.format(tmp_path) for part in command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=script.parent,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        running, holder = holders.find_running((mine,)), processes.identify(process.pid, (mine,))
        process.communicate(b"\n")
    assert running
    assert running[0] == "Mine"
    assert holder
    assert holder.uploader is mine


def test_what_does_not_speak_for_an_upload_alone_is_not_running(programs: Programs) -> None:
    """A browser that is open all day is no upload."""
    programs.start("u-browser-test")
    assert holders.find_running((BROWSER, MACHINE)) is None


def test_a_start_time_survives_any_process_name(programs: Programs) -> None:
    """Field 22 is found behind a name with brackets and blanks in it."""
    program = programs.start("x")
    usual = holders._read_start(program.pid, "/proc")
    program.call_itself("a) R 1 2 (b")
    assert holders._read_start(program.pid, "/proc") == usual


# --- the use of a device


class Machine:
    """A stick in a tree of its own, whose serial node is a real character device of this machine."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "bus/usb/devices/1-1"
        node = self.folder / "1-1:1.0/ttyUSB0/tty/ttyUSB0"
        node.mkdir(parents=True)
        (node / "dev").write_text("1:7\n")
        (node / "uevent").write_text(f"DEVNAME={NODE}\n")
        self.drive("usb_serial_simple")
        self.transfers(11)
        self.usage = UsageTracker(root)
        self.now = 5000.0

    def transfers(self, count: int | None) -> None:
        if count is None:
            (self.folder / "urbnum").unlink()
        else:
            (self.folder / "urbnum").write_text(f"{count}\n")

    def drive(self, driver: str) -> None:
        link = self.folder / "1-1:1.0/driver"
        link.unlink(missing_ok=True)
        link.symlink_to(f"/sys/bus/usb/drivers/{driver}")

    def look(self, device: Device = STICK, seconds: float = 15) -> DeviceUse:
        """Return the sighting of a look, so many seconds after the last."""
        self.now += seconds
        (sighting,) = self.usage.find_usage([device], SOFTWARE, holders.find_running((MINE,)), self.now)
        return sighting

    def settle(self) -> None:
        self.look()
        self.now += SETTLE_SECONDS


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "sys")


def test_transfers_count_for_a_moment(machine: Machine) -> None:
    """Two looks that an opening brings at once do not end a use, though nothing has moved between them."""
    machine.settle()
    machine.look()
    machine.transfers(12)
    assert [machine.look(seconds=seconds).verdict for seconds in (15, 0.2, 0.2, 15)] == [
        "in use",
        "in use",
        "in use",
        "idle",
    ]


def test_what_the_kernel_moves_when_it_is_closed_is_no_use(machine: Machine, programs: Programs) -> None:
    """The look that a closing brings can come before the kernel's last transfers."""
    machine.settle()
    program = programs.uploader("TOKEN")
    program.open(NODE)
    assert machine.look().verdict == "in use"
    program.close()
    machine.transfers(12)
    assert machine.look(seconds=0.01).verdict == "idle"
    machine.transfers(14)
    assert machine.look(seconds=0.2).verdict == "idle"
    assert machine.look().verdict == "idle"
    machine.transfers(15)
    assert machine.look().verdict == "in use"


def test_nobody_at_it_is_idle(machine: Machine) -> None:
    """The resting driver is no use."""
    assert (machine.look().verdict, machine.look().unknown_programs) == ("idle", ())


def test_upload_software_that_holds_it_uses_it(machine: Machine, programs: Programs) -> None:
    """In use, by its name, with the node as evidence, until it lets go."""
    program = programs.uploader("TOKEN")
    program.open(NODE)
    sighting = machine.look()
    assert (sighting.verdict, sighting.program, sighting.evidence, sighting.doubtful) == (
        "in use",
        "CareLink Uploader",
        f"holds {NODE}",
        False,
    )
    assert "TOKEN" not in repr(sighting)
    program.close()
    assert machine.look().verdict == "idle"


def test_data_that_move_show_that_its_holder_does_something(machine: Machine, programs: Programs) -> None:
    """The look that sees the kernel's count changed dates it; where there is no count nothing is known."""
    programs.start("u-uploader-test").open(NODE)
    assert [machine.look().moved_at, machine.look().moved_at] == [0.0, 0.0]
    machine.transfers(12)
    assert machine.look().moved_at == machine.now
    moved_at = machine.now
    assert machine.look().moved_at == moved_at
    machine.transfers(None)
    assert machine.look().moved_at is None


def test_a_browser_that_holds_it_is_named_itself(machine: Machine, programs: Programs) -> None:
    """Software without a name of its own is called what its process is called."""
    programs.start("u-browser-test").open(NODE)
    assert machine.look().program == "u-browser-test"


def test_a_virtual_machine_that_holds_it_is_doubtful(machine: Machine, programs: Programs) -> None:
    """Unless real upload software holds it as well."""
    programs.start("u-machine-test").open(NODE)
    sighting = machine.look()
    assert (sighting.verdict, sighting.doubtful) == ("in use", True)
    programs.start("u-uploader-test").open(NODE)
    sighting = machine.look()
    assert (sighting.program, sighting.doubtful) == ("Mine", False)


def test_a_stranger_that_holds_it_is_no_use(machine: Machine, programs: Programs) -> None:
    """Each is named once; a system service among them is not."""
    for name in ("photo-tool", "photo-tool", "ModemManager"):
        programs.start(name).open(NODE)
    sighting = machine.look()
    assert (sighting.verdict, sighting.unknown_programs) == ("idle", ("photo-tool",))


def test_a_system_service_that_holds_it_is_nobody(machine: Machine, programs: Programs) -> None:
    """Neither a use nor anybody to warn of, also while it moves data."""
    programs.start("ModemManager").open(NODE)
    machine.settle()
    machine.transfers(50)
    sighting = machine.look()
    assert (sighting.verdict, sighting.unknown_programs) == ("idle", ())


def test_traffic_by_nobody_in_sight_is_doubtful_use(machine: Machine) -> None:
    """Another user's upload shows in the kernel's count, and stops counting when it stops."""
    machine.settle()
    assert machine.look().verdict == "idle"
    machine.transfers(20)
    sighting = machine.look()
    assert (sighting.verdict, sighting.program, sighting.evidence, sighting.doubtful) == (
        "in use",
        "",
        "transfers",
        True,
    )
    assert machine.look().verdict == "idle"
    machine.transfers(3)
    assert machine.look().verdict == "in use", "the count wraps"


def test_traffic_while_upload_software_runs_is_taken_for_its_use(
    machine: Machine, programs: Programs
) -> None:
    """It opens and closes the device in turns; yet it may be anybody's, so it counts for a limited time."""
    programs.start("u-uploader-test")
    machine.settle()
    machine.transfers(20)
    sighting = machine.look()
    assert (sighting.verdict, sighting.program, sighting.doubtful) == ("in use", "Mine", True)


def test_traffic_right_after_plug_in_says_nothing(machine: Machine) -> None:
    """The kernel and ModemManager introduce themselves; a replug begins that anew."""
    machine.look()
    machine.transfers(20)
    assert machine.look().verdict == "idle"
    machine.now += SETTLE_SECONDS
    machine.look(Device("1-1", 0x0A21, 0x8001, 1, 8, name="CareLink USB"))
    machine.transfers(30)
    assert machine.look(Device("1-1", 0x0A21, 0x8001, 1, 8, name="CareLink USB")).verdict == "idle"


def test_the_traffic_of_who_has_just_let_go_is_explained(machine: Machine, programs: Programs) -> None:
    """A stranger that closes the device between two looks is not another, unnamed user."""
    program = programs.start("photo-tool")
    program.open(NODE)
    machine.settle()
    machine.transfers(20)
    assert machine.look().unknown_programs == ("photo-tool",)
    machine.transfers(30)
    program.close()
    assert machine.look().verdict == "idle"
    machine.transfers(40)
    assert machine.look().verdict == "in use"


def test_a_claim_is_doubtful_use(machine: Machine) -> None:
    """Somebody's libusb has the interface, and no process tells whose."""
    machine.drive("usbfs")
    sighting = machine.look()
    assert (sighting.verdict, sighting.evidence, sighting.doubtful) == (
        "in use",
        "claimed through usbfs",
        True,
    )


def test_without_the_count_nothing_is_made_up(machine: Machine) -> None:
    """A kernel that stops counting, or starts, shows no traffic by that."""
    machine.settle()
    machine.transfers(None)
    assert machine.look().verdict == "idle"
    machine.transfers(99)
    assert machine.look().verdict == "idle"


def test_a_device_that_has_gone_is_forgotten(machine: Machine) -> None:
    """So that months of plugging leave nothing behind."""
    machine.settle()
    assert machine.usage.ports == {STICK.port}
    shutil.rmtree(machine.folder)
    machine.usage.find_usage([], SOFTWARE, None, machine.now)
    assert not machine.usage.ports


# --- the clocks


def test_the_clock_counts_sleep_and_is_not_set() -> None:
    """It is the boot's own, and sleep is what it is ahead of the one that stops."""
    assert now() <= time.clock_gettime(CLOCK_BOOTTIME) <= now()
    assert 0 <= sleep_seconds() < now()
    assert len(boot_id()) == 36


# --- without descriptors


def test_without_descriptors_nobody_is_overlooked(programs: Programs) -> None:
    """Who cannot be looked into for want of descriptors has not let go, nor ended: that is an error."""
    program = programs.uploader("TOKEN")
    program.open(NODE)
    spare = os.open(os.devnull, os.O_RDONLY)
    os.close(spare)
    # With one, /proc can be listed, but no process can be looked into. With none, not even that.
    for left in (spare + 1, spare):
        with no_descriptors(left=left), pytest.raises(OSError, match="Too many open files"):
            holders.find_holders([NODE])
    with no_descriptors(left=spare), pytest.raises(OSError, match="Too many open files"):
        holders.find_running(SOFTWARE)
    with no_descriptors(left=spare), pytest.raises(OSError, match="Too many open files"):
        processes.identify(program.pid, SOFTWARE)
    assert program.pid in holders.find_holders([NODE]).pids[NODE]


def test_a_shortage_of_the_whole_system_overlooks_nobody_either(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one that passes while the search is under way."""

    def is_local(*_: object) -> bool:
        raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))

    programs.start("one").open(NODE)
    monkeypatch.setattr(Mounts, "is_local", is_local)
    with pytest.raises(OSError, match="Too many open files in system"):
        holders.find_holders([NODE])


def test_a_search_that_fails_is_made_up_for(
    machine: Machine, programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An opening is announced once; if nobody can be looked into at that moment, the next look does it."""
    # All that there is, so that every opening is announced.
    monkeypatch.setattr(Tree, "find_nodes", lambda *_: [NODE])
    opens = Opens(lambda: machine.now, lambda: None)
    machine.usage = UsageTracker(tmp_path / "sys", opens)
    assert [machine.look().verdict, machine.look().verdict] == ["idle", "idle"]
    programs.uploader("TOKEN").open(NODE)
    spare = os.open(os.devnull, os.O_RDONLY)
    os.close(spare)
    # Enough to read sysfs and to list /proc, but not to look into a process.
    with no_descriptors(left=spare + 1), pytest.raises(OSError, match="Too many open files"):
        machine.look()
    assert machine.look().verdict == "in use"
    opens.close()
