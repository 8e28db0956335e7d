"""A Mac's list of devices from IOKit, which has to say the same as ioreg."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.iokit import FIXTURES, Frameworks, answer, fixture, standing_in
from unplugd.platforms.macos import backend, iokit, owners, registry
from unplugd.platforms.macos import frameworks as real
from unplugd.platforms.macos.ioreg import parse
from unplugd.rules.devices import Device

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from unplugd.platforms.macos.registry import Node

WHOLE = ("free", "clients", "owner", "device_owner", "driver", "hid", "waiting", "hub", "serial", "hubs")
STICK = Device("20-1.2", 0x0A21, 0x8001, 20, 4294969001, 255)
METER = Device("20-1.3", 0x1A79, 0x6210, 20, 4294969011, 0)
HUB = Device("20-1.1", 0x05E3, 0x0608, 20, 4294969020, 9)


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Frameworks]:
    """Yield a Mac without devices."""
    with standing_in(tmp_path, monkeypatch) as mac:
        yield mac


def printed(name: str) -> bytes:
    return (FIXTURES / f"{name}.plist").read_bytes()


def look(mac: Frameworks) -> tuple[Node, ...]:
    return iokit.list_entries(real.Frameworks(mac.libraries), lambda _node: True)


def every(nodes: tuple[Node, ...]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from every(node.children)


# --- what IOKit says


@pytest.mark.parametrize("name", WHOLE)
def test_iokit_says_the_same(mac: Frameworks, name: str) -> None:
    """By both ways the same devices, with the same to tell who uses them; and everything is released."""
    entries = fixture(name)
    mac.lay(*entries)
    nodes = look(mac)
    printed = parse(answer(entries))
    assert backend.make_devices(nodes) == backend.make_devices(printed)
    told = (registry.OWNER, registry.CREATOR, registry.OPENED, *registry.PRODUCT_KEYS)
    # Of a class that was renamed, IOKit gives the old name, ioreg the new one.
    renamed = {"IOUSBDevice": registry.DEVICE, "IOUSBInterface": "IOUSBHostInterface"}

    def gist(nodes: tuple[Node, ...]) -> list[tuple[object, ...]]:
        kinds = [(renamed.get(node.kind, node.kind), node) for node in every(nodes)]
        return [
            (kind, node.id, *map(node.properties.get, told))
            for kind, node in kinds
            if kind in (registry.DEVICE, registry.HID_CLIENT, "IOUSBHostInterface")
        ]

    assert gist(nodes) == gist(printed)
    assert mac.references == 0


@pytest.mark.parametrize(
    ("name", "ports"),
    [
        ("serial", [("1-1", "0483:2923"), ("8-3.2", "303a:1001")]),
        (
            "hubs",
            [("0-2", "2109:0817"), ("0-1", "1a40:0801"), ("0-1.4", "2109:2817"), ("0-1.4.1", "1a79:6210")],
        ),
    ],
)
def test_what_real_macs_had_is_read(mac: Frameworks, name: str, ports: list[tuple[str, str]]) -> None:
    """By both ways: a serial adapter whose driver owns it while zoom.us has listed it, and hubs on bus 0; no serial number."""
    mac.lay(*fixture(name))
    for nodes in (look(mac), parse(printed(name))):
        assert [(device.port, device.id) for device in backend.make_devices(nodes)] == ports
        assert [hold for node in nodes for hold in owners.find_holds(node)] == []
        assert "SECRET" not in repr(nodes)


def test_a_registry_that_changes_is_read_again(mac: Frameworks) -> None:
    """The end of an iterator that has become invalid is not the end of the list."""
    mac.lay(*fixture("hub"), *fixture("hid"))
    mac.disturb(3)
    assert [device.port for device in backend.make_devices(look(mac))] == [
        "20-1.1.1",
        "20-1.3",
        "20-1.1",
    ]
    mac.disturb(iokit.MAX_TRIES)
    with pytest.raises(OSError, match="keeps changing"):
        look(mac)
    mac.disturb(0)


def test_nothing_plugged_in_is_no_trouble(mac: Frameworks) -> None:
    """IOKit then gives no iterator at all."""
    assert look(mac) == ()
    mac.disturb(1)
    assert look(mac) == ()
    mac.disturb(0)


def test_only_what_is_watched_is_looked_into(mac: Frameworks) -> None:
    """Below a dock or a disk hang dozens of entries that say nothing here."""
    mac.lay(*fixture("hub"), *fixture("hid"))
    frameworks = real.Frameworks(mac.libraries)
    nodes = iokit.list_entries(frameworks, lambda node: node.number("idVendor") == 0x1A79)
    assert [(node.id, bool(node.children)) for node in nodes] == [
        (STICK.address, False),
        (METER.address, True),
        (HUB.address, False),
    ]


@pytest.mark.parametrize(
    "call",
    [
        "CFStringCreateWithCString",
        "IOServiceMatching",
        "IOServiceGetMatchingServices",
        "IOObjectGetClass",
        "IORegistryEntryGetRegistryEntryID",
        "IORegistryEntryGetChildIterator",
    ],
)
def test_a_call_that_fails_is_an_error(mac: Frameworks, call: str) -> None:
    """It is named, and what was created before it is released."""
    mac.lay(*fixture("hid"))
    mac.fail(call)
    with pytest.raises(OSError, match=call):
        look(mac)
    assert mac.references == 0


def branches(entries: Sequence[dict[str, Any]]) -> Iterator[list[int]]:
    """Yield for each entry its id and those of all below it."""
    for entry in entries:
        below = list(branches(entry.get("IORegistryEntryChildren", [])))
        yield [entry["IORegistryEntryID"], *(number for branch in below for number in branch[:1])]
        yield from below


def without(nodes: tuple[Node, ...], branch: Sequence[int]) -> tuple[Node, ...]:
    return tuple(
        replace(node, children=without(node.children, branch)) for node in nodes if node.id not in branch
    )


def test_an_entry_that_ends_under_the_look_is_skipped(mac: Frameworks) -> None:
    """Whichever it is, at whichever call: it is there as a whole or not at all; all others are; nothing is left over."""
    # A stick behind a hub, and a meter that a program has open.
    entries = [fixture("hub")[0], *fixture("hid")]
    mac.lay(*entries)
    whole = look(mac)
    for branch in branches(entries):
        found: tuple[Node, ...] = ()
        calls = 0
        while found != whole:
            mac.lay(*entries)
            mac.doom(branch[0], calls)
            found = look(mac)
            assert found in (whole, without(whole, branch)), (branch, calls)
            assert mac.references == 0
            calls += 1
        assert calls > 2, "it was never read"


@pytest.mark.parametrize("code", sorted(real.GONE))
def test_what_is_gone_is_told_from_what_fails(code: int) -> None:
    """The kernel's codes come as they are, or as negative numbers."""
    for written in (code, code - (1 << 32)):
        with pytest.raises(real.EntryGoneError, match=f"IOx failed .{code:#010x}"):
            real.check_entry(written, "IOx")
    with pytest.raises(OSError, match="0xe00002bc") as raised:
        real.check_entry(0xE00002BC, "IOx")
    assert not isinstance(raised.value, real.EntryGoneError)


def test_a_value_that_cannot_be_read_is_none(mac: Frameworks) -> None:
    """Too long a text, too large a number, and what is no dictionary."""
    [meter] = fixture("hid")
    mac.lay({**meter, "DebugState": 1})
    mac.fail("CFStringGetCString")
    [node] = look(mac)
    assert node.text("kUSBProductString") == ""
    mac.fail("CFNumberGetValue")
    [node] = look(mac)
    assert node.number("idVendor") is None
    assert backend.make_devices([node]) == []


def test_odd_properties_are_borne(mac: Frameworks) -> None:
    """A text where a dictionary is expected, a dictionary where a text is."""
    [meter] = fixture("hid")
    interface = meter["IORegistryEntryChildren"][0]
    client = interface["IORegistryEntryChildren"][0]["IORegistryEntryChildren"][1]
    interface["UsbExclusiveOwner"] = {"a": True}
    client["DebugState"] = "open"
    mac.lay(meter)
    found = {node.kind: node.properties for node in every(look(mac))}
    assert found["IOUSBInterface"] == {}
    assert registry.OPENED not in found[registry.HID_CLIENT]


def test_a_library_that_is_not_there_is_an_error(mac: Frameworks, tmp_path: Path) -> None:
    """So is one that lacks a function or a constant, as Linux's own does; here there is no IOKit at all."""
    nowhere = str(tmp_path / "none")
    for libraries in (
        real.Libraries(),
        real.Libraries(nowhere, nowhere),
        real.Libraries(mac.system, "libc.so.6"),
    ):
        with pytest.raises(OSError, match=r"cannot be loaded|has no") as raised:
            real.Frameworks(libraries)
        assert raised.value.strerror
    with pytest.raises(OSError, match="has no kCFRunLoop"):
        real._symbol(real.load_system(mac.system), "kCFRunLoopNoMode")
