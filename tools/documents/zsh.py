"""The completion for zsh: find the command, and call `_arguments` with what it takes."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from tools.documents.grammar import NOTE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.documents.grammar import Argument, Command

SCRIPT: Final = """\
#compdef unplugd
# zsh completion of unplugd. @NOTE@

local command=unplugd
local -i at=1
local -a known=(
@COMMANDS@
)
# Find the command: as many words as make one. Let _arguments see the last of them and what comes after it.
while (( ++at < CURRENT )); do
    if (( ${known[(Ie)$command $words[at]]} )); then
        command+=" $words[at]"
        shift $(( at - 1 )) words
        (( CURRENT -= at - 1, at = 1 ))
    fi
done

case $command in
@CASES@
esac
"""


def make_script(root: Command) -> str:
    """Return the completion script."""
    commands = list(root.walk())
    names = "\n".join(f"    '{command.name}'" for command in commands[1:])
    cases = "\n".join(_make_case(command) for command in commands)
    return SCRIPT.replace("@NOTE@", NOTE).replace("@COMMANDS@", names).replace("@CASES@", cases)


def _make_case(command: Command) -> str:
    specifications = " \\\n            ".join(map(shlex.quote, _make_specifications(command)))
    return f"    '{command.name}')\n        _arguments -S : \\\n            {specifications} ;;"


def _make_specifications(command: Command) -> Iterator[str]:
    for option in command.options:
        excluded = f"({' '.join(option.names)})" if len(option.names) > 1 else "*" * option.repeats
        # zsh does not expand "~" after "=", so a path is a word of its own.
        equals = "=" * bool(option.value and not option.files)
        for name in option.names:
            value = f":{_escape(option.value)}:{_make_action(option)}" if option.value else ""
            yield f"{excluded}{name}{equals}[{_escape(option.help)}]{value}"
    if command.subcommands:
        words = "\n                ".join(
            f"{subcommand.word}\\:{_quote(subcommand.summary)}" for subcommand in command.subcommands
        )
        yield f":command:((\n                {words}))"
    for argument in command.positional:
        many = "*" if argument.nargs in ("*", "+") else ""
        optional = ":" if argument.nargs == "?" else ""
        yield f"{many or optional}:{_escape(argument.value)}:{_make_action(argument)}"


def _make_action(argument: Argument) -> str:
    if argument.files:
        return "_files"
    return f"({' '.join(argument.words)})" if argument.words else " "


def _quote(text: str) -> str:
    return '"' + re.sub(r'(["$`\\])', r"\\\1", text) + '"'


def _escape(text: str) -> str:
    return re.sub(r"([\[\]:\\])", r"\\\1", text)
