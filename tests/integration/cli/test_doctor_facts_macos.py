"""What the report says of a Mac, from simulated programs: what launchd, codesign and the I/O Registry show, and no more."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.iokit import Frameworks, fixture, standing_in
from tests.rig.mac.machine import UID, USER, Mac
from unplugd.cli import doctor_facts_macos as facts
from unplugd.cli.doctor_words import load_words
from unplugd.paths import find_paths
from unplugd_service.launchd import LABEL, Launchd
from unplugd_service.program import Program
from unplugd_service.system import RealSystem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORDS = load_words()


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mac]:
    """Yield a Mac."""
    mac = Mac(tmp_path, monkeypatch)
    yield mac
    mac.close()


def install(mac: Mac) -> Launchd:
    """Install the service, and an applet, for a program that only waits."""
    script = mac.home / "unplugd"
    script.write_text("#!/bin/sh\nexec sleep infinity\n")
    script.chmod(0o755)
    launchd = Launchd(uid=UID)
    launchd.install(Program((str(script), "run"), "1.0"), RealSystem(lambda _line: None))
    return launchd


def test_what_launchd_and_codesign_show(mac: Mac) -> None:
    """Of the service and the applet, without a path."""
    assert dict(facts.describe_agent(WORDS, UID)) == {
        "launchctl print": f'exit status 113 / Bad request. / Could not find service "{LABEL}" in domain for user gui: 501',
        "agent's file": "missing",
        "applet": "missing",
    }
    install(mac)
    found = dict(facts.describe_agent(WORDS, UID))
    assert found == {
        "launchctl print": "exit status 0",
        "active count": "1",
        "state": "running",
        "runs": "1",
        "last exit code": found["last exit code"],
        "spawn type": "background (3)",
        "agent's file": "there",
        "applet's Identifier": "local.unplugd.reminder",
        "applet's Signature": "adhoc",
        "applet's Format": "app bundle with Mach-O universal (x86_64 arm64)",
        "applet's TeamIdentifier": "not set",
        "applet's CodeDirectory": "v=20400 size=552 flags=0x2(adhoc) hashes=6+7 location=embedded",
        "codesign --verify": "exit status 0",
        "extended attributes": "com.apple.provenance",
        "notices that wait": "0",
    }
    assert facts.describe_mac() == [("macOS", "15.7.1"), ("build", "24G231")]
    assert facts.describe_log() == [
        ("log file", "0 lines; 0 with “cannot list”, 0 with “Traceback”, 0 with “not responding”")
    ]


def test_what_launchctl_refuses(mac: Mac) -> None:
    """In its own words, by which unplugd recognizes what went wrong; the service goes on."""
    launchd = install(mac)
    process = mac.job(LABEL)["pid"]
    said = dict(facts.describe_refusals(WORDS, UID))
    assert said["bootstrap of what is loaded"].startswith(
        "exit status 5 / Bootstrap failed: 5: Input/output error"
    )
    assert said["bootout of what is not there"].startswith(
        "exit status 3 / Boot-out failed: 3: No such process"
    )
    assert said["kickstart of what runs"] == "exit status 0"
    assert said["print of what is not there"].startswith("exit status 113")
    assert said["print of another's session"].startswith("exit status 125 / Could not print domain: 125")
    assert mac.job(LABEL)["pid"] == process
    mac.disabled = [LABEL]
    assert dict(facts.describe_switch(WORDS, UID))["launchctl print-disabled"] == "disabled"
    mac.disabled = []
    launchd.uninstall(RealSystem(lambda _line: None))


def test_a_crash_is_waited_for(mac: Mac, monkeypatch: pytest.MonkeyPatch) -> None:
    """With launchd's words right after it, and when it is running again."""
    install(mac)
    before = mac.job(LABEL)["pid"]
    monkeypatch.setattr(facts, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(
        facts, "ask_if_running", lambda _where, _command: {"process": mac.job(LABEL).get("pid")}
    )
    os.kill(before, signal.SIGKILL)
    found = facts.watch_restart(find_paths(), WORDS, before, UID)
    assert [name for name, _ in found] == ["right after it", "running again after", "then"]
    assert "state running" in found[-1][1]


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Frameworks]:
    """Yield an I/O Registry."""
    with standing_in(tmp_path, monkeypatch) as registry:
        yield registry


def test_the_registry_is_shown_without_names(registry: Frameworks) -> None:
    """Once as IOKit and once as ioreg lists it: classes, numbers, and who has the device open."""
    registry.lay(*fixture("hid"))
    found = facts.describe_registry(find_paths(), WORDS, registry.libraries)
    assert ("both list the same devices", "yes") in found
    lines = [line for name, line in found if name == "IOKit"]
    assert lines[0].startswith("1 devices, ")
    assert lines[1].startswith("IOUSBDevice, idVendor 6777, idProduct 25104, locationID ")
    assert any(
        line.endswith(
            "IOHIDLibUserClient, IOUserClientCreator a process, Tidepool Uploader, ClientOpened True"
        )
        for line in lines
    )
    text = repr(found)
    assert "serial" not in text.casefold()
    assert USER not in text


@pytest.mark.parametrize("name", ["free", "clients", "owner", "device_owner", "driver", "hid", "hub"])
def test_a_name_in_the_registry_is_left_out(name: str, registry: Frameworks) -> None:
    """Whose program it is, and what a device calls itself, concerns nobody."""
    entries = fixture(name)

    def plant(entry: dict[str, Any]) -> None:
        for key in list(entry):
            if key in ("UsbExclusiveOwner", "IOUserClientCreator"):
                entry[key] = "pid 36792, planted of ann"
            elif isinstance(entry[key], str) and key not in ("IOObjectClass", "IOClass"):
                entry[key] = "planted"
        for child in entry.get("IORegistryEntryChildren", []):
            plant(child)

    for entry in entries:
        plant(entry)
    registry.lay(*entries)
    found = facts.describe_registry(find_paths(), WORDS, registry.libraries)
    assert len(found) > 2
    assert "planted" not in repr(found)
    assert "ann" not in repr(found)
