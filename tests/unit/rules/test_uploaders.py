"""Which programs are upload software, which are system services, and which are neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unplugd.rules import uploaders
from unplugd.rules.uploaders import BUILT_IN, Program, Uploader

JAR = ("java", "-jar", "/opt/CareLink/uploader.jar", "SECRET-TOKEN")


@pytest.mark.parametrize(
    ("program", "name"),
    [
        (Program("java", "/opt/jre/bin/java", JAR), "CareLink Uploader"),
        (Program("main", "/opt/jre/bin/java", JAR), "CareLink Uploader"),
        (Program("javaw", "", ("javaw", "-Xmx1g", "-jar", "uploader.jar")), "CareLink Uploader"),
        (Program("java", "/usr/bin/java", ("java", "-jar", "minecraft.jar")), None),
        (Program("java", "/usr/bin/java", ("uploader.jar",)), None),
        (Program("java", "/usr/bin/java", ("java", "myuploader.jar")), None),
        (Program("java"), None),
        (Program("bash", "/bin/bash", ("bash", "uploader.jar")), None),
        (Program("tidepool-uploader", "/opt/tidepool/tidepool-uploader"), "Tidepool Uploader"),
        (Program("tidepool-upload", "/opt/tidepool/tidepool-uploader"), "Tidepool Uploader"),
        (Program("Tidepool Uploader"), "Tidepool Uploader"),
        (Program("electron"), "Tidepool Uploader"),
        (Program("chrome", "/opt/google/chrome/chrome"), ""),
        (Program("msedge"), ""),
        (Program("python3.11", "/usr/bin/python3.11", ("python3", "-u", "ddguard.py")), "ddguard"),
        (Program("python3", "", ("python3", "/x/read_minimed_next24.py")), "decoding-contour-next-link"),
        (Program("openaps"), "openaps"),
        (Program("python", "", ("python", "/usr/bin/openaps", "use", "pump")), "openaps"),
        (Program("qemu-system-x86_64"), ""),
        (Program("VirtualBoxVM"), ""),
        (Program("firefox"), None),
        (Program("cat", "/bin/cat", ("cat", "/dev/ttyUSB0")), None),
        (Program(""), None),
    ],
)
def test_the_built_in_list(program: Program, name: str | None) -> None:
    """Known by name, by path or by the script that an interpreter runs; never by a word in between."""
    found = uploaders.find_uploader(program, BUILT_IN)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("name", "alone", "doubtful"),
    [
        ("java", True, False),
        ("tidepool-uploader", True, False),
        ("chrome", False, False),
        ("electron", False, False),
        ("VBoxHeadless", False, True),
    ],
)
def test_what_the_built_in_programs_speak_for(name: str, alone: bool, doubtful: bool) -> None:
    """A running browser or virtual machine is no upload, and a virtual machine that holds the device is weak evidence of one."""
    found = uploaders.find_uploader(Program(name, "", (name, "uploader.jar")), BUILT_IN)
    assert found
    assert (found.alone, found.doubtful) == (alone, doubtful)


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (Program("ModemManager"), True),
        (Program("(udev-worker)"), True),
        (Program("fwupd", "/usr/libexec/fwupd/fwupd"), True),
        (Program("main", "/usr/libexec/upowerd"), True),
        (Program("modemmanager"), False),
        (Program("cat", "/bin/cat", ("ModemManager",)), False),
        (Program(""), False),
    ],
)
def test_system_services(program: Program, expected: bool) -> None:
    """A service is known by its name or its file's name, never by an argument."""
    assert uploaders.is_service(program) is expected


@pytest.mark.parametrize(
    ("pattern", "program", "expected"),
    [
        ("my-uploader", Program("my-uploader"), True),
        ("my-uploader", Program("my-uploader2"), False),
        ("my-*", Program("my-uploader"), True),
        ("/opt/my/uploader", Program("uploader", "/opt/my/uploader"), True),
        ("/opt/my/uploader", Program("uploader", "/opt/other/uploader"), False),
        ("/opt/my/uploader", Program("/opt/my/uploader", "/bin/cat"), False),
        ("python*:up.py", Program("python3.12", "", ("python3.12", "/home/x/up.py")), True),
        ("python*:up.py", Program("perl", "", ("perl", "up.py")), False),
    ],
)
def test_what_a_person_adds(pattern: str, program: Program, expected: bool) -> None:
    """A name, a full path, or an interpreter and its script; `*` stands for anything."""
    own = Uploader("Mine", (pattern,))
    assert (uploaders.find_uploader(program, (own,)) is own) is expected


def test_the_configuration_comes_before_the_built_in_list() -> None:
    """A person's own entry for a program that is on the list wins."""
    own = Uploader("My browser", ("chrome",))
    assert uploaders.find_uploader(Program("chrome"), (own, *BUILT_IN)) is own


names = st.sampled_from(["java", "javaw", "chrome", "electron", "python3", "openaps", "qemu-system-arm", "x"])
scripts = st.sampled_from(["uploader.jar", "/a/ddguard.py", "openaps", "-u", ""])


@given(names, st.lists(scripts, max_size=3))
def test_the_cheap_question_overlooks_nobody(name: str, arguments: list[str]) -> None:
    """Every program that matches as upload software passes the cheap test."""
    program = Program(name, f"/usr/bin/{name}", (name, *arguments))
    if uploaders.find_uploader(program, BUILT_IN):
        assert uploaders.may_match(name, BUILT_IN)
    assert uploaders.may_match(name, (Uploader("by path", ("/usr/bin/*",)),))


def test_most_programs_get_no_closer_look() -> None:
    """Hundreds of ordinary processes are ruled out by their name alone."""
    assert not any(uploaders.may_match(name, BUILT_IN) for name in ("bash", "systemd", "firefox", "Xorg", ""))
