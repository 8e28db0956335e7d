"""Who uses a device on a Mac: what the I/O Registry says, about real processes."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rig.iokit import Frameworks, answer, fixture, standing_in
from tests.rig.programs import Programs
from unplugd.platforms.macos import backend, iokit, owners, registry
from unplugd.platforms.macos import frameworks as real
from unplugd.platforms.macos.ioreg import parse
from unplugd.platforms.macos.registry import Node
from unplugd.rules.uploaders import BUILT_IN, Uploader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from unplugd.rules.model import DeviceUse

MACHINE = Uploader("Machine", ("m-machine-test",), alone=False, doubtful=True)
SOFTWARE = (*BUILT_IN, MACHINE)
NOBODY = 999_999_999
"""No process has this id."""


@pytest.fixture
def programs(compiled_program: Path, tmp_path: Path) -> Iterator[Programs]:
    """Yield programs on this machine as it is."""
    programs = Programs(compiled_program, tmp_path / "programs", {"PATH": os.environ["PATH"]})
    yield programs
    programs.close()


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Frameworks]:
    with standing_in(tmp_path, monkeypatch) as mac:
        yield mac


def with_pid(entries: Any, pid: int, name: str = "whoever") -> Any:
    """Return entries in which this process stands for every one."""
    if isinstance(entries, list):
        return [with_pid(entry, pid, name) for entry in entries]
    if isinstance(entries, dict):
        return {key: with_pid(value, pid, name) for key, value in entries.items()}
    return f"pid {pid}, {name}" if isinstance(entries, str) and entries.startswith("pid ") else entries


def seen(entries: Sequence[dict[str, Any]]) -> DeviceUse:
    """Return what is made of the one device in these entries."""
    [node] = parse(answer(entries))
    return by_node(node)


def by_node(node: Node) -> DeviceUse:
    [device] = backend.make_devices([node])
    return owners.make_device_use(device, node, SOFTWARE)


@pytest.mark.parametrize("name", ["free", "clients", "driver"])
def test_a_device_at_rest_is_idle(programs: Programs, name: str) -> None:
    """Also with a driver that owns it, and with programs that have only listed it."""
    pid = programs.uploader().pid
    found = seen(with_pid(fixture(name), pid))
    assert (found.verdict, found.program, found.unknown_programs) == ("idle", "", ())


@pytest.mark.parametrize(("name", "evidence"), [("owner", "owns it"), ("device_owner", "owns it"), ("hid", "has opened it (HID)")])  # fmt: skip
def test_upload_software_that_holds_it_uses_it(
    programs: Programs, mac: Frameworks, name: str, evidence: str
) -> None:
    """The device or an interface, or as a HID device; by both ways of listing."""
    entries = with_pid(fixture(name), programs.uploader().pid)
    mac.lay(*entries)
    [node] = iokit.list_entries(real.Frameworks(mac.libraries), lambda _node: True)
    for found in (seen(entries), by_node(node)):
        assert (found.verdict, found.program, found.evidence) == ("in use", "CareLink Uploader", evidence)
        assert not found.doubtful


def test_a_stranger_is_named(programs: Programs) -> None:
    """As the process calls itself, not as the registry has it; it is no use."""
    found = seen(with_pid(fixture("owner"), programs.start("photo-tool").pid))
    assert (found.verdict, found.unknown_programs) == ("idle", ("photo-tool",))


def test_a_system_service_is_neither(programs: Programs) -> None:
    found = seen(with_pid(fixture("hid"), programs.start("fwupd").pid))
    assert (found.verdict, found.unknown_programs) == ("idle", ())


def test_weak_evidence_is_doubtful(programs: Programs) -> None:
    """A virtual machine holds the device for as long as it runs; a better holder goes before it."""
    machine = programs.start("m-machine-test").pid
    found = seen(with_pid(fixture("owner"), machine))
    assert (found.verdict, found.program, found.doubtful) == ("in use", "Machine", True)
    [stick] = with_pid(fixture("owner"), programs.uploader().pid)
    stick["UsbExclusiveOwner"] = f"pid {machine}, whatever"
    assert (seen([stick]).program, seen([stick]).doubtful) == ("CareLink Uploader", False)


def test_a_process_that_has_ended_is_no_use() -> None:
    """The registry may be a moment behind."""
    assert seen(with_pid(fixture("owner"), NOBODY)).verdict == "idle"
    assert seen(with_pid(fixture("hid"), NOBODY)).verdict == "idle"


def test_a_user_who_cannot_be_named_is_doubtful() -> None:
    """Somebody has the device open; it counts for a while only."""
    [meter] = fixture("hid")
    client = meter["IORegistryEntryChildren"][0]["IORegistryEntryChildren"][0]["IORegistryEntryChildren"][1]
    for creator in ("", "launchd", "pid x, y", "pid \uff19, y", "pid 99999999999999999999, y"):
        client["IOUserClientCreator"] = creator
        found = seen([meter])
        assert (found.verdict, found.program, found.doubtful) == ("in use", "", True)
    del client["IOUserClientCreator"]
    assert seen([meter]).doubtful


def test_only_a_hid_client_says_that_it_is_open(programs: Programs) -> None:
    """The same words on another class mean something else."""
    [meter] = with_pid(fixture("hid"), programs.uploader().pid)
    client = meter["IORegistryEntryChildren"][0]["IORegistryEntryChildren"][0]["IORegistryEntryChildren"][1]
    client["IOObjectClass"] = "IOHIDEventServiceUserClient"
    assert seen([meter]).verdict == "idle"


OWNERS = st.one_of(
    st.text(max_size=40).filter(lambda owner: not re.match(r"pid \d", owner)),
    st.from_regex(r"pid [1-9][0-9]{7,30},.*"),
)
"""No process has an id of eight digits."""


@given(OWNERS, OWNERS, st.booleans())
def test_any_owner_is_borne(owner: str, creator: str, opened: bool) -> None:
    """Whatever stands there is a process or it is not."""
    properties: dict[str, str | int] = {"idVendor": 1, "idProduct": 2, "locationID": 0x14100000}
    client = Node(registry.HID_CLIENT, 2, {registry.CREATOR: creator, registry.OPENED: opened})
    found = by_node(Node(registry.DEVICE, 1, {**properties, registry.OWNER: owner}, (client,)))
    assert found.unknown_programs == ()
    assert found.verdict == "idle" or (opened and found.doubtful)
