"""A service file that is there already: whose it is, what is kept of it, and what is wrong with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from unplugd_service import stamp, unit_file
from unplugd_service.errors import Failure
from unplugd_service.manager import INSTALL, Defect, parse_process_id
from unplugd_service.program import Program
from unplugd_service.system import RealSystem


def render(program: Program) -> str:
    rest = f"run {program.command}\n"
    return f"# {stamp.format_line(rest, program.version)}\n{rest}"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Return a program that can be started."""
    script = tmp_path / "bin/unplugd"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    return Program((str(script), "run"), "1.0")


def keep_changes(file: Path) -> list[str]:
    """Return what is said while a file is made ready to be replaced."""
    said: list[str] = []
    unit_file.keep_changes(file, unit_file.read(file), RealSystem(said.append))
    return said


def test_no_file_and_an_unchanged_one_need_no_copy(tmp_path: Path, program: Program) -> None:
    """Nothing is said and nothing is written."""
    file = tmp_path / "service"
    assert unit_file.read(file) is None
    assert keep_changes(file) == []
    file.write_text(render(program))
    assert keep_changes(file) == []
    assert not file.with_name("service.old").exists()


def test_an_edited_file_is_copied_byte_by_byte(tmp_path: Path, program: Program) -> None:
    """Whatever its encoding is."""
    file = tmp_path / "service"
    file.write_bytes(render(program).encode() + b"# Gr\xfc\xdfe\n")
    copy = file.with_name("service.old")
    assert keep_changes(file) == [f"{file} was edited by hand; saving a copy:", f"Wrote {copy}"]
    assert copy.read_bytes() == file.read_bytes()


def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """It is neither copied nor changed."""
    file = tmp_path / "service"
    file.write_text("theirs")
    with pytest.raises(Failure, match="exists but was not written by unplugd"):
        keep_changes(file)
    assert [path.name for path in tmp_path.iterdir()] == ["service"]


def test_what_is_no_file_is_one_line(tmp_path: Path) -> None:
    """A folder in its place, for example, or a pipe, out of which nothing comes."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place in (tmp_path, pipe):
        with pytest.raises(Failure, match="is not a file"):
            unit_file.read(place)


def test_a_symlink_to_the_same_program_is_kept(tmp_path: Path, program: Program) -> None:
    """Upgrades of pipx and uv keep the link, not what it points at; other arguments are another command."""
    link = tmp_path / "unplugd"
    link.symlink_to(program.command[0])
    assert unit_file.prefer_installed(program, (str(link), "run")).command == (str(link), "run")
    assert unit_file.prefer_installed(program, (str(link), "demo")) == program
    assert unit_file.prefer_installed(program, ()) == program


def test_the_module_by_the_python_of_the_same_environment_is_the_same_program(
    tmp_path: Path, program: Program
) -> None:
    """The interpreter itself is a link out of the environment, which is not followed."""
    python = Path(program.command[0]).with_name("python")
    python.symlink_to("/bin/sh")
    module = (str(python), "-P", "-m", "unplugd", "run")
    assert unit_file.prefer_installed(program, module).command == module
    (tmp_path / "python").symlink_to("/bin/sh")
    other = (str(tmp_path / "python"), "-P", "-m", "unplugd", "run")
    assert unit_file.prefer_installed(program, other) == program


def test_each_defect_is_named(tmp_path: Path, program: Program) -> None:
    """Edited, of another version, for another program, written in another way; a current file has none."""
    text = render(program)

    def find(text: str, program: Program | None = program, command: tuple[str, ...] = program.command) -> str:
        defects = unit_file.find_defects(text, command, program, render)
        assert all(defect == Defect(defect.what, INSTALL) for defect in defects)
        return "; ".join(defect.what for defect in defects)

    assert find(text) == ""
    assert find("theirs") == ""
    assert find(f"{text}x", None) == ""
    assert find(f"{text}x") == "its file was edited by hand (installing again keeps a copy)"
    assert find(text, Program(program.command, "1.1")) == "it was installed by unplugd 1.0, this is 1.1"
    assert (
        find(text, Program(("/bin/sh", "run"), "1.0"))
        == f"it starts a different unplugd: {program.command[0]}"
    )
    rest = "an older way\n"
    older = f"# {stamp.format_line(rest, '1.0')}\n{rest}"
    assert find(older) == "its file differs from what this unplugd would write"
    gone = str(tmp_path / "gone")
    assert find(text, command=(gone, "run")) == f"the program it starts no longer exists: {gone}"


@pytest.mark.parametrize("interpreter", ["/no/such/python", "/dev/null"])
def test_a_program_without_its_interpreter_is_gone(program: Program, interpreter: str) -> None:
    """As in an environment that was moved, or whose Python was removed."""
    Path(program.command[0]).write_text(f"#!{interpreter}\n")
    (defect,) = unit_file.find_defects(render(program), program.command, program, render)
    assert defect.what == f"the Python that runs {program.command[0]} no longer exists: {interpreter}"


def find_upgrade_problem(program: Program, home: str, now: str) -> str:
    """Return what is wrong with an environment that was made for python3.11 from the one in `home`, and links `now`."""
    script = Path(program.command[0])
    environment = script.parent.parent
    (environment / "lib/python3.11").mkdir(parents=True)
    (environment / "pyvenv.cfg").write_text(f"home = {home}\nversion = 3.11.9\n")
    python = environment / "base" / now
    python.parent.mkdir()
    python.write_text("")
    python.chmod(0o755)
    (script.parent / "python").symlink_to(python)
    script.write_text(f"#!{script.parent}/python\n")
    return "; ".join(
        defect.what for defect in unit_file.find_defects(render(program), program.command, program, render)
    )


@pytest.mark.parametrize(
    ("home", "now", "problem"),
    [
        ("/usr/bin", "python3.11", ""),
        ("/opt/homebrew/opt/python@3.11/bin", "python3.11", ""),
        ("/Library/Frameworks/Python.framework/Versions/3.11/bin", "python3.11", ""),
        ("/usr/bin", "python3", ""),
        (
            "/usr/bin",
            "python3.13",
            "unplugd was installed for python3.11, which python3.13 has replaced",
        ),
        (
            "/opt/homebrew/Cellar/python@3.11/3.11.9/bin",
            "python3.11",
            "its Python is in Homebrew's Cellar folder, from which the next upgrade removes it",
        ),
    ],
)
def test_an_environment_that_an_upgrade_of_python_breaks_is_noticed(
    program: Program, home: str, now: str, problem: str
) -> None:
    """The upgrade of a system replaces python3; Homebrew's removes the folder of the version before."""
    assert find_upgrade_problem(program, home, now) == problem
    # Another way to start the same environment would not help.
    repairs = [
        defect.repair for defect in unit_file.find_defects(render(program), program.command, program, render)
    ]
    assert repairs == [unit_file.REINSTALL if "Cellar" in problem else INSTALL] * bool(problem)


def test_a_file_of_ours_that_starts_nothing_is_repaired(program: Program) -> None:
    """Its stamp fits, but it names no program: it differs from what is right, and is no error."""
    rest = "nothing\n"
    text = f"# {stamp.format_line(rest, program.version)}\n{rest}"
    found = unit_file.find_defects(text, (), program, render)
    assert found == [Defect("its file differs from what this unplugd would write", INSTALL)]


@pytest.mark.parametrize(
    ("printed", "process"), [("77", 77), ("", 0), ("0", 0), ("-1", 0), ("77x", 0), ("²", 0), ("9" * 5000, 0)]
)
def test_what_is_no_process_id_is_none(printed: str, process: int) -> None:
    """Whatever a service manager prints."""
    assert parse_process_id(printed) == process


def test_a_script_with_a_nul_in_its_first_line_can_be_looked_at(program: Program) -> None:
    """The kernel reads the interpreter up to there."""
    for line, defects in ((b"#!/bin/sh\0\n", 0), (b"#!/no/such\0\n", 1), (b"#!\0\n", 0)):
        Path(program.command[0]).write_bytes(line)
        assert len(unit_file.find_defects(render(program), program.command, program, render)) == defects
