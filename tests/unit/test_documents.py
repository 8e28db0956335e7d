"""The documents say what the program does: every command, option, setting and event."""

from __future__ import annotations

import argparse
import re
import tomllib
from typing import TYPE_CHECKING

import pytest

import unplugd
from tests import PROJECT
from unplugd.cli.parser import make_parser
from unplugd.config.file import parse_settings
from unplugd.config.settings import Settings
from unplugd.config.write import TEMPLATE
from unplugd.rules.events import NAMES, OUTCOMES, Event, get_field_names

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = PROJECT
README = (ROOT / "README.md").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
REFERENCE = {file.name: file.read_text() for file in sorted((ROOT / "docs").glob("*.md"))}
GUIDES = {
    file: (ROOT / file).read_text()
    for file in ("README.md", "CONTRIBUTING.md", "SECURITY.md", *(f"docs/{name}" for name in REFERENCE))
}


PICTURES = ROOT / "docs/pictures"
MAX_PICTURE_BYTES = 60_000


def commands(
    parser: argparse.ArgumentParser, name: str = "unplugd"
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield every command with its parser, those below a command too."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if name != "unplugd":
        yield name, parser
    for action in below:
        for word, sub in action.choices.items():
            yield from commands(sub, f"{name} {word}")


COMMANDS = dict(commands(make_parser()))
ROWS = [
    line.strip("| ").split(" | ")[0]
    for line in REFERENCE["commands.md"].splitlines()
    if line.startswith("| `unplugd ")
]
"""The first column of the table of commands."""


def row(command: str) -> str:
    """Return the documented usage of a command: `config path|show` is about `config show`."""
    *above, last = command.split()
    for usage in ROWS:
        words = usage.strip("`").replace("\\|", "|").split()
        if words[: len(above)] == above and len(words) > len(above) and last in words[len(above)].split("|"):
            return usage.replace("\\|", "|")
    pytest.fail(f"docs/commands.md has no row for `{command}`")


@pytest.mark.parametrize("command", [name for name, parser in COMMANDS.items() if name != "unplugd config"])
def test_every_command_and_option_is_documented(command: str) -> None:
    """In the table of commands, with each of its options and arguments."""
    usage = row(command)
    for action in COMMANDS[command]._actions:
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            continue
        shown = action.option_strings[-1] if action.option_strings else str(action.metavar)
        assert shown in usage, f"{command} {shown}"


def test_no_document_promises_a_command_that_is_not_there() -> None:
    """Every `unplugd …` in the documents is a command, with options that it has."""
    text = "\n".join(GUIDES.values())
    promised = re.findall(r"(?:`|^    (?:\$ )?)(unplugd [a-z][^`|#>\n]*)", text, re.MULTILINE)
    assert promised
    for words in map(str.split, promised):
        name = " ".join(words[:3]) if " ".join(words[:3]) in COMMANDS else " ".join(words[:2])
        assert name in COMMANDS, words
        options = {option for action in COMMANDS[name]._actions for option in action.option_strings}
        given = {word.strip("[]") for word in words if word.strip("[").startswith("--")}
        assert given <= options, words


def test_the_table_of_commands_promises_no_command_that_is_not_there() -> None:
    """Each word of `service install|start` is a command."""
    assert ROWS
    for usage in ROWS:
        words = usage.strip("`").replace("\\|", "|").split()
        if len(words) > 2 and re.fullmatch(r"[a-z|-]+", words[2]):
            for word in words[2].split("|"):
                assert f"unplugd {words[1]} {word}" in COMMANDS


def test_every_command_explains_itself() -> None:
    """`--help` says what it is for, and each option what it does."""
    for name, command in COMMANDS.items():
        assert command.description, name
        assert command.format_help().startswith(f"usage: {name}")
        for action in command._actions:
            assert (
                action.help or isinstance(action, argparse._SubParsersAction) or not action.option_strings
            ), name


def test_every_event_is_documented() -> None:
    """The journal is read by other programs: each of its events stands in the table, and no other."""
    table = REFERENCE["journal.md"].partition("| event | more fields |")[2].partition("\n\n")[0]
    documented = {
        name for line in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    assert documented == set(NAMES.values())


@pytest.mark.parametrize("kind", NAMES)
def test_every_field_is_documented(kind: type[Event]) -> None:
    """Each field of an event stands in the event's row of the table, or in what is said of several events."""
    before, _, rest = REFERENCE["journal.md"].partition("| event | more fields |")
    table, _, after = rest.partition("\n\n")
    (row,) = [line for line in table.splitlines()[2:] if f"`{NAMES[kind]}`" in line.split("|")[1]]
    for name in get_field_names(kind):
        assert f"`{name}`" in before + row + after


def test_every_outcome_is_documented() -> None:
    """So are the ways in which a reminder ends."""
    for outcome in OUTCOMES:
        assert f"`{outcome}`" in REFERENCE["journal.md"]


def test_the_documented_configuration_is_right() -> None:
    """What people copy is accepted, and every setting is shown with its default."""
    guide = REFERENCE["configuration.md"]
    (settings,) = re.findall(r"(?s)```toml\n(.+?)```", guide)
    assert settings == TEMPLATE
    blocks = re.findall(r"(?:^    .*\n|^\n)+", guide, re.MULTILINE)
    (example,) = [block for block in blocks if "[remind]" in block]
    assert parse_settings(re.sub(r"(?m)^    ", "", example)) != Settings()


def test_readme_is_short() -> None:
    """A person reads it whole; reference is in docs/, and README leads to each file there."""
    assert len(README.splitlines()) <= 160
    for name in REFERENCE:
        assert f"](docs/{name})" in README


@pytest.mark.parametrize("guide", GUIDES)
def test_every_link_leads_somewhere(guide: str) -> None:
    """Each file that a document links to is there, and so is the heading in it."""
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", GUIDES[guide]):
        place, _, heading = target.partition("#")
        file = (ROOT / guide).parent / place if place else ROOT / guide
        assert file.exists(), target
        headings = {
            re.sub(r"[^\w -]", "", found).lower().replace(" ", "-")
            for found in re.findall(r"(?m)^#+ (.+)$", file.read_text())
        }
        assert not heading or heading in headings, target


def test_the_sentence_of_the_notice_is_quoted() -> None:
    """Word for word, with its date."""
    assert (
        "Disconnect the USB device from your computer when you are not using it to download pump data."
        in README
    )
    assert "20 September 2022" in README
    assert len(re.findall(r"\bsixth\b|\bprecaution 6\b", "\n".join(GUIDES.values()))) == 1


def test_the_changelog_knows_the_version() -> None:
    """What is released, or to be released, stands first, told to the user."""
    headings = re.findall(r"(?m)^## \[(.+?)\]", CHANGELOG)
    assert headings[0] == "Unreleased" or headings[0] == unplugd.__version__
    assert re.search(r"(?m)^- ", CHANGELOG.partition("## [")[2])


def test_what_is_imported_is_declared() -> None:
    """Each dependency is one that the program uses, and none is missing."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[<>=~!;\[]", name)[0] for name in project["dependencies"]}
    declared.remove("tzdata")  # the standard library reads it
    sources = "\n".join(file.read_text() for file in (ROOT / "daemon").rglob("*.py"))
    imported = set(re.findall(r"(?m)^\s*(?:import|from) (\w+)", sources))
    modules = {"pyusb": "usb"}
    used = {name for name in declared if modules.get(name, name) in imported}
    assert used == declared


def test_each_test_that_stands_for_a_claim_exists() -> None:
    """SECURITY.md names no test that was renamed or removed."""
    named = re.findall(r"`(tests/[\w/.]+)::(\w+)`", GUIDES["SECURITY.md"])
    assert len(named) > 20
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / file).is_file() or f"\ndef {name}(" not in (ROOT / file).read_text()
    ]
    assert not missing


def test_the_pictures_are_there_and_small() -> None:
    """The README shows every picture that is kept, none is large or without words, and the page comes light and dark."""
    shown = re.findall(r'\b(?:src|srcset)="([^"]+)"', README)
    kept = {f"docs/pictures/{file.name}": file.stat().st_size for file in PICTURES.iterdir()}
    assert sorted(shown) == sorted(kept)
    assert {name for name, size in kept.items() if size > MAX_PICTURE_BYTES} == set()
    assert README.count("<img ") == len(re.findall(r'<img src="[^"]+" width="\d+" alt="[^"]{20,}">', README))
    light = {name.replace("-light.", "-dark.") for name in kept if "-light." in name}
    assert (
        light == {name for name in kept if "-dark." in name} == set(re.findall(r'srcset="([^"]+)"', README))
    )
