"""Which programs are upload software, which are system services, and which are neither."""

from __future__ import annotations

from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unplugd.rules import uploaders
from unplugd.rules.uploaders import BUILT_IN, Program, Uploader

JAR = ("java", "-jar", "/opt/CareLink/uploader.jar", "SECRET-TOKEN")
FRAMEWORK = "/Library/Frameworks/Python.framework/Versions/3.12/Resources/Python.app/Contents/MacOS"
BROWSERS = (
    *("Chromium", "Google Chrome", "Google Chrome Beta", "Google Chrome Canary", "Google Chrome for Testing"),
    *("Google Chrome Helper (Renderer)", "Microsoft Edge", "Microsoft Edge Beta", "Brave Browser", "Opera"),
    *("Vivaldi", "Arc", "chromium-browser", "msedge", "brave", "opera", "opera-beta", "vivaldi-bin"),
)
MACHINES = (
    *("prl_vm_app", "vmware-vmx", "QEMULauncher", "com.apple.Virtualization.VirtualMachine"),
    *("VirtualBoxVM", "qemu-system-aarch64"),
)


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
        (
            Program("python", "", ("python", "-m", "contour.read_minimed_next24")),
            "decoding-contour-next-link",
        ),
        (
            Program("openaps-report", "/usr/bin/python2.7", ("/usr/bin/python", "/x/openaps-report")),
            "openaps",
        ),
        (Program("python", "", ("python", "/usr/local/bin/openaps-use", "pump")), "openaps"),
        (Program("python", "", ("python", "-m", "decocare.stick", "/dev/ttyUSB0")), "decocare"),
        (Program("python", "", ("python", "decocare/stick.py", "/dev/ttyUSB0")), "decocare"),
        (Program("python", "", ("python", "./stick.py"), "/home/x/decocare"), "decocare"),
        (Program("python", "", ("python", "./stick.py"), "/home/x/usb"), None),
        (Program("python", "", ("python", "-m", "usb.stick")), None),
        (Program("stick.py", "/usr/bin/python3.11", ("/usr/bin/python3", "/x/stick.py")), None),
        (Program("mm-latest.py", "/usr/bin/python2.7", ("/usr/bin/python", "/x/mm-latest.py")), "decocare"),
        (Program("python3", "", ("python3", "backup.py", "ddguard.py")), None),
        (Program("qemu-system-x86_64"), ""),
        (Program("VirtualBoxVM"), ""),
        (Program("Python", f"{FRAMEWORK}/Python", ("Python", "ddguard.py")), "ddguard"),
        (
            Program("Python", f"{FRAMEWORK}/Python", (f"{FRAMEWORK}/Python", "/x/read_minimed_next24.py")),
            "decoding-contour-next-link",
        ),
        (Program("Python", f"{FRAMEWORK}/Python", ("Python", "-m", "decocare.stick")), "decocare"),
        (Program("Python", f"{FRAMEWORK}/Python", ("Python", "backup.py")), None),
        (Program("Electron", "/x/Electron.app/Contents/MacOS/Electron"), "Tidepool Uploader"),
        (
            Program("JavaAppLauncher", "/Applications/CareLink Uploader.app/Contents/MacOS/x"),
            "CareLink Uploader",
        ),
        (Program("x", "/Library/Application Support/Medtronic/CareLink/Uploader/DSS/x"), "CareLink Uploader"),
        (Program("x", "/Library/Application Support/Other/CareLink/x"), None),
        (
            Program(
                "javaw.exe",
                r"C:\Program Files\CareLink\jre\bin\javaw.exe",
                (
                    r"C:\Program Files\CareLink\jre\bin\javaw.exe",
                    "-jar",
                    r"C:\Program Files\CareLink\uploader.jar",
                ),
            ),
            "CareLink Uploader",
        ),
        (Program("JAVA.EXE", "", ("java", "-Xmx1g", "-jar", r"lib\Uploader.JAR")), "CareLink Uploader"),
        (Program("java.exe", "", ("java", "-jar", r"C:\Games\minecraft.jar")), None),
        (Program("java.exe"), None),
        (
            Program("Tidepool Uploader.exe", r"C:\Program Files\Tidepool Uploader\Tidepool Uploader.exe"),
            "Tidepool Uploader",
        ),
        (Program("chrome.exe", r"C:\Program Files\Google\Chrome\Application\chrome.exe"), ""),
        (Program("VirtualBoxVM.exe"), ""),
        (
            Program("python.exe", r"C:\Python313\python.exe", ("python", r".\stick.py"), r"C:\decocare"),
            "decocare",
        ),
        (Program("python.exe", r"C:\Python313\python.exe", ("python", r".\stick.py"), r"C:\usb"), None),
        (Program("explorer.exe", r"C:\Windows\explorer.exe"), None),
        (Program("CHROME"), ""),
        (Program("arcade"), None),
        (Program("operator"), None),
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
        ("Electron", False, False),
        *((name, False, False) for name in BROWSERS),
        *((name, False, True) for name in MACHINES),
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
        ("my-uploader", Program("My-Uploader"), True),
        ("/Applications/my*", Program("up", "/Applications/My Uploader.app/Contents/MacOS/up"), True),
        ("my-uploader.exe", Program("My-Uploader.EXE"), True),
        ("my-uploader", Program("my-uploader.exe"), True),
        ("my-uploader.exe", Program("my-uploader"), True),
        ("my-uploader.exe", Program("my-uploader.exe.com"), False),
        (r"C:\My\Up.exe", Program("up.exe", r"c:\my\up.exe"), True),
        ("C:/My/Up", Program("up.exe", r"C:\My\up.exe"), True),
        (r"C:\My\up.exe", Program("up.exe", r"C:\Other\up.exe"), False),
        (r"C:\My\*", Program("up.exe", r"C:\My\bin\up.exe"), True),
        (r"\\server\tools\up.exe", Program("up.exe", r"\\server\tools\up.exe"), True),
        ("javaw.exe:up.jar", Program("javaw.exe", "", ("javaw", "-jar", r"D:\up.jar")), True),
        (r"java:C:\My\up.jar", Program("java.exe", "", ("java", "-jar", r"C:\My\up.jar")), True),
        (r"java:C:\My\up.jar", Program("java.exe", "", ("java", "-jar", r"C:\Other\up.jar")), False),
        ("Python3:Up.py", Program("python3.12", "", ("python3.12", "/home/x/up.PY")), True),
    ],
)
def test_what_a_person_adds(pattern: str, program: Program, expected: bool) -> None:
    """A name, a full path, or an interpreter and its script; `*` stands for anything, and case does not matter."""
    own = Uploader("Mine", (pattern,))
    assert (uploaders.find_uploader(program, (own,)) is own) is expected
    assert uploaders.may_match(program.name, (own,)) or not expected


def test_the_configuration_comes_before_the_built_in_list() -> None:
    """A person's own entry for a program that is on the list wins."""
    own = Uploader("My browser", ("chrome",))
    assert uploaders.find_uploader(Program("chrome"), (own, *BUILT_IN)) is own


PATH = "/home/x/bin/my-upload-of-the-pump.py"
SHORT = "my-upload-of-th"
PYTHON = "/usr/bin/python3.11"
STARTS = {
    "python3 script": Program("python3", PYTHON, ("python3", "my-upload-of-the-pump.py"), "/home/x/bin"),
    "python3 ./script": Program("python3", PYTHON, ("python3", "./my-upload-of-the-pump.py"), "/home/x/bin"),
    "python3 ../script": Program(
        "python3", PYTHON, ("python3", "../my-upload-of-the-pump.py"), "/home/x/bin/a"
    ),
    "python3 path": Program("python3", PYTHON, ("python3", PATH, "--fast")),
    "python path": Program("python", PYTHON, ("python", PATH)),
    "python3 -u -X dev path": Program(
        "python3", PYTHON, ("python3", "-u", "-X", "dev", PATH, "/dev/hidraw0")
    ),
    "python3 -W ignore -u path": Program("python3", PYTHON, ("python3", "-W", "ignore", "-u", PATH)),
    "#!/usr/bin/python3": Program(SHORT, PYTHON, ("/usr/bin/python3", PATH, "--fast")),
    "#!/usr/bin/python3 -u, ./script": Program(
        SHORT, PYTHON, ("/usr/bin/python3", "-u", "./my-upload-of-the-pump.py"), "/home/x/bin"
    ),
    "#!/usr/bin/env python3": Program("python3", PYTHON, ("python3", PATH, "--fast")),
    "another user's": Program("python3", "", ("python3", PATH)),
    "macOS": Program("Python", "/x/Python.app/Contents/MacOS/Python", ("/x/Python", PATH)),
}
"""One script, by the ways to start it: the process's name as Linux truncates it, its file, arguments and folder."""


@pytest.mark.parametrize("started", STARTS)
@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "my-upload-of-the-pump.py",
            "my-*.py",
            "*-of-the-pump.py",
            PATH,
            "/home/*/my-upload-of-the-pump.py",
        ),
        *("python*:my-upload-of-the-pump.py", "python3:my-upload-of-the-pump.py", f"python3:{PATH}"),
        *("python3:bin/my-upload-of-the-pump.py", "python3.12:my-*"),
    ],
)
def test_a_script_is_recognized_however_it_is_started(started: str, pattern: str) -> None:
    """The same entry matches while the script holds the device and while it only runs."""
    program, own = STARTS[started], Uploader("Mine", (pattern,), script=True)
    assert uploaders.find_uploader(program, (own,)) is own
    assert uploaders.may_match(program.name, (own,))


@pytest.mark.parametrize(
    "arguments",
    [
        *(
            ("-m", "pump.upload"),
            ("-u", "-m", "pump.upload", "-v"),
            ("-um", "pump.upload", "x"),
            ("-mpump.upload",),
        ),
        *(("pump/upload.py",), ("-X", "dev", "/home/x/pump/upload.py")),
    ],
)
@pytest.mark.parametrize(
    "pattern", ["python3:upload.py", "python3:pump/upload.py", "/home/x/pump/upload.py", "upload.py"]
)
def test_a_module_is_recognized_like_its_file(arguments: tuple[str, ...], pattern: str) -> None:
    """`python -m package.module` runs the same program as `python package/module.py`."""
    program, own = (
        Program("python", PYTHON, ("python", *arguments), "/home/x"),
        Uploader("Mine", (pattern,), script=True),
    )
    assert uploaders.find_uploader(program, (own,)) is own
    assert uploaders.may_match(program.name, (own,))


@pytest.mark.parametrize(
    "pattern", ["python3:pump.upload", "python3:upload", "pump.upload", "python3:pump.*"]
)
def test_a_module_is_recognized_by_its_name(pattern: str) -> None:
    """With its packages or without."""
    program, own = (
        Program("python", PYTHON, ("python", "-m", "pump.upload")),
        Uploader("Mine", (pattern,), script=True),
    )
    assert uploaders.find_uploader(program, (own,)) is own


@pytest.mark.parametrize(
    "arguments",
    [
        *(
            ("-jar", "/opt/up.jar", "TOKEN"),
            ("-Xmx512m", "-Da=b", "-jar", "/opt/up.jar"),
            ("-mx512m", "-jar", "/opt/up.jar"),
        ),
        ("-cp", "/opt/lib.jar", "--add-opens", "java.base/java.lang=ALL-UNNAMED", "-jar", "/opt/up.jar"),
    ],
)
@pytest.mark.parametrize("pattern", ["java:up.jar", "/opt/up.jar", "up.jar"])
def test_a_jar_is_recognized_behind_any_options(arguments: tuple[str, ...], pattern: str) -> None:
    """Options of Java with and without values come before the file."""
    program, own = (
        Program("java", "/opt/jre/bin/java", ("java", *arguments)),
        Uploader("Mine", (pattern,), script=True),
    )
    assert uploaders.find_uploader(program, (own,)) is own
    assert uploaders.may_match(program.name, (own,))


@pytest.mark.parametrize("pattern", ["python3:up.py", "up.py", "/home/x/up.py"])
@pytest.mark.parametrize(
    "program",
    [
        Program("vim", "/usr/bin/vim", ("vim", "/home/x/up.py")),
        Program("python3", PYTHON, ("python3", "edit.py", "/home/x/up.py")),
        Program("python3", PYTHON, ("python3", "-m", "py_compile", "/home/x/up.py")),
        Program("python3", PYTHON, ("python3", "-c", "print()", "/home/x/up.py")),
        Program("edit.py", PYTHON, ("/usr/bin/python3", "/usr/bin/edit.py", "/home/x/up.py")),
        Program("python3", PYTHON, ("python3", "/home/x/up.py.bak")),
        Program("python3", PYTHON, ("python3",)),
        Program("python3"),
    ],
)
def test_a_script_that_is_only_mentioned_does_not_run(program: Program, pattern: str) -> None:
    """A program that edits, compiles or copies the script is no upload."""
    assert uploaders.find_uploader(program, (Uploader("Mine", (pattern,), script=True),)) is None


options_of_interpreters = st.lists(
    st.sampled_from([("-u",), ("-X", "dev"), ("-Da=b",), ("-W", "ignore"), ("--",)]), max_size=3
)


@given(
    st.sampled_from(
        ["python3", "python3.12", "Python", "java", "bash", "perl5.36", "node", "u-own-interpreter"]
    ),
    options_of_interpreters,
    st.sampled_from([PATH, "my-upload-of-the-pump.py", "./up.py", "/opt/up.py", "up.jar"]),
    st.lists(st.sampled_from(["-m", "up.py", PATH, ""]), max_size=2),
    st.booleans(),
    st.sampled_from(
        ["up.py", "up*", PATH, "*/up.py", "python3:up.py", "java*:up*", "*:*-pump.py", "*-pump.py", "[m]y*"]
    ),
)
def test_a_running_script_passes_the_cheap_test(
    interpreter: str,
    options: list[tuple[str, ...]],
    script: str,
    arguments: list[str],
    own_name: bool,
    pattern: str,
) -> None:
    """What matches by the script that it runs is looked at, under the script's name and under the interpreter's."""
    name = PurePath(script).name if own_name else interpreter
    command = (interpreter, *(word for option in options for word in option), script, *arguments)
    program = Program(name[:15], f"/usr/bin/{interpreter}", command, "/home/x/bin")
    own = Uploader("Mine", (pattern,), script=True)
    runs_the_script = Program(
        program.name, program.path, command[: len(command) - len(arguments)], program.folder
    )
    if uploaders.find_uploader(runs_the_script, (own,)):
        assert uploaders.may_match(program.name, (own,))
        assert uploaders.find_uploader(program, (own,)) is own


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
    """Hundreds of ordinary processes are ruled out by their name alone, scripts too as long as nobody has added one."""
    alone = [uploader for uploader in BUILT_IN if uploader.alone]
    assert not any(uploaders.may_match(name, alone) for name in ("bash", "systemd", "firefox", "Xorg", ""))


@pytest.mark.parametrize(
    "name",
    [
        *(
            "python3",
            "Python",
            "PYTHON3.11",
            "pypy3",
            "java",
            "JavaAppLauncher",
            "Electron",
            "node",
            "osascript",
        ),
        *(
            "Electron Helper",
            "Electron Helper (Renderer)",
            "nodejs",
            "wine64-preloader",
            "google-chrome-beta",
        ),
        *("applet", "Lua5.4", "Google Chrome", "firefox-bin", "QEMULauncher", "sudo"),
    ],
)
def test_what_runs_others_is_known_in_any_case(name: str) -> None:
    """As upload software, it would be everything that it runs."""
    assert all(uploaders.runs_others(word) for word in (name, name.lower(), name.upper()))
    assert uploaders.covers_others(name)


@pytest.mark.parametrize(
    ("pattern", "covers"),
    [
        ("/Applications/*", True),
        ("/applications/google chrome.app/*", True),
        ("/Applications/*.app/Contents/MacOS/Python", True),
        ("/Applications/CareLink*", False),
        ("/Applications/My Uploader.app/*", False),
        ("/opt/uploader/*", False),
        (r"C:\Windows\System32\cmd.exe", True),
        (r"C:\*", True),
        (r"C:\Program Files\My Uploader\*", False),
        (r"C:\Program Files\My Uploader\up.exe", False),
    ],
)
def test_a_folder_of_applications_covers_what_is_in_it(pattern: str, covers: bool) -> None:
    """On a Mac, programs that run others are applications with folders of their own."""
    assert uploaders.covers_others(pattern) is covers


@given(
    st.lists(st.sampled_from(["/", "a", "up", "*", "?", "[a]", " "]), min_size=1, max_size=6).map("".join),
    st.lists(st.sampled_from(["/", "a", "A", "up", " "]), min_size=1, max_size=6).map("".join),
)
def test_a_full_path_passes_the_cheap_test(pattern: str, path: str) -> None:
    """Also where `*` stands for folders."""
    program, own = Program(PurePath(path).name, f"/{path}"), Uploader("Mine", (f"/{pattern}",))
    if PurePath(path).name and not path.endswith("/") and uploaders.find_uploader(program, (own,)):
        assert uploaders.may_match(program.name, (own,))
