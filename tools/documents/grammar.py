"""The grammar of the command line as plain data, read from argparse."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd.cli.parser import make_parser

if TYPE_CHECKING:
    from collections.abc import Iterator

SUGGESTIONS: Final = {"DURATION": ("5m", "15m", "30m", "1h"), "T": ("today", "yesterday", "12h", "7d")}
"""What completions suggest for values that cannot all be listed, by the metavar of the value."""
NOTE: Final = "Written by `make documents` from the command line's grammar; do not edit."


@dataclass(frozen=True, slots=True)
class Argument:
    """An option or, without `names`, a positional argument; `value` is its metavar, "" for a flag."""

    names: tuple[str, ...]
    value: str
    help: str
    nargs: str
    words: tuple[str, ...]
    """The possible or likely values."""
    files: bool
    """Whether a value is the path of a file."""
    repeats: bool
    """Whether it can be given more than once."""

    @property
    def usage(self) -> str:
        """The argument as in a usage line: `[--last N]`, `[FILE...]`."""
        if self.names:
            return f"[{' '.join(filter(None, (self.names[-1], self.value)))}]" + "..." * self.repeats
        return {"": self.value, "?": f"[{self.value}]", "*": f"[{self.value}...]", "+": f"{self.value}..."}[
            self.nargs
        ]


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or `unplugd` itself; `summary` is its line in the list of commands."""

    name: str
    summary: str
    description: str
    runs: bool
    """Whether it can be run without one of its subcommands."""
    arguments: tuple[Argument, ...]
    subcommands: tuple[Command, ...]

    @property
    def word(self) -> str:
        """The last word of its name."""
        return self.name.rpartition(" ")[2]

    @property
    def options(self) -> tuple[Argument, ...]:
        """The arguments that are options."""
        return tuple(argument for argument in self.arguments if argument.names)

    @property
    def positional(self) -> tuple[Argument, ...]:
        """The arguments that are no options."""
        return tuple(argument for argument in self.arguments if not argument.names)

    def walk(self) -> Iterator[Command]:
        """Yield the command and all its subcommands, at every level."""
        yield self
        for command in self.subcommands:
            yield from command.walk()


def read_commands() -> Command:
    """Return `unplugd` with all its commands."""
    return _read_command(make_parser(), "unplugd", "")


def _read_command(parser: argparse.ArgumentParser, name: str, summary: str) -> Command:
    arguments, subcommands, runs = [], [], True
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {choice.dest: choice.help or "" for choice in action._choices_actions}
            subcommands = [
                _read_command(sub, f"{name} {word}", summaries.get(word, ""))
                for word, sub in action.choices.items()
            ]
            runs = not action.required
        else:
            arguments.append(_read_argument(parser, action))
    return Command(name, summary, parser.description or "", runs, tuple(arguments), tuple(subcommands))


def _read_argument(parser: argparse.ArgumentParser, action: argparse.Action) -> Argument:
    choices = tuple(map(str, action.choices or ()))
    value = str(action.metavar or "|".join(choices) or action.dest.upper()) if action.nargs != 0 else ""
    return Argument(
        tuple(action.option_strings),
        value,
        parser._get_formatter()._expand_help(action) if action.help else "",
        str(action.nargs or ""),
        choices or SUGGESTIONS.get(value, ()),
        files=action.type is Path or value in ("FILE", "PATH"),
        repeats=isinstance(action, argparse._AppendAction),
    )
