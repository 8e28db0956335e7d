"""The completion of zsh: which command it is, and for each what `_arguments` is to know."""

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
# The command: as many words as are one. What _arguments sees begins with the last of them.
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


def script(whole: Command) -> str:
    """Return the script."""
    commands = list(whole.all())
    names = "\n".join(f"    '{command.name}'" for command in commands[1:])
    cases = "\n".join(_case(command) for command in commands)
    return SCRIPT.replace("@NOTE@", NOTE).replace("@COMMANDS@", names).replace("@CASES@", cases)


def _case(command: Command) -> str:
    specifications = " \\\n            ".join(map(shlex.quote, _specifications(command)))
    return f"    '{command.name}')\n        _arguments -S : \\\n            {specifications} ;;"


def _specifications(command: Command) -> Iterator[str]:
    for option in command.options:
        excluded = f"({' '.join(option.names)})" if len(option.names) > 1 else "*" * option.repeats
        # After "=" a "~" would stay as it is: the path of a file is a word of its own.
        equals = "=" * bool(option.value and not option.files)
        for name in option.names:
            value = f":{_escaped(option.value)}:{_action(option)}" if option.value else ""
            yield f"{excluded}{name}{equals}[{_escaped(option.help)}]{value}"
    if command.below:
        words = "\n                ".join(
            f"{below.word}\\:{_quoted(below.summary)}" for below in command.below
        )
        yield f":command:((\n                {words}))"
    for argument in command.positional:
        many = "*" if argument.nargs in ("*", "+") else ""
        optional = ":" if argument.nargs == "?" else ""
        yield f"{many or optional}:{_escaped(argument.value)}:{_action(argument)}"


def _action(argument: Argument) -> str:
    if argument.files:
        return "_files"
    return f"({' '.join(argument.words)})" if argument.words else " "


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["$`\\])', r"\\\1", text) + '"'


def _escaped(text: str) -> str:
    return re.sub(r"([\[\]:\\])", r"\\\1", text)
