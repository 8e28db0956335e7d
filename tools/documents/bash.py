"""The completion for bash: a single function, so that nothing else is added to the user's shell."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from tools.documents.grammar import NOTE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tools.documents.grammar import Argument, Command

SCRIPT: Final = """\
# bash completion of unplugd. @NOTE@

_unplugd() {
    local command=unplugd word=$2 before=$3 at=1 words='' files=''
    # An "=" between an option and its value is a word of its own.
    [[ $word == = ]] && word=
    [[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD - 2]}
    [[ ${COMP_WORDS[COMP_CWORD]} == = ]] && before=${COMP_WORDS[COMP_CWORD - 1]}
    # Find the command: as many words as make one.
    for ((; at < COMP_CWORD; at++)); do
        case "$command ${COMP_WORDS[at]}" in
            @COMMANDS@) command+=" ${COMP_WORDS[at]}" ;;
        esac
    done
    case "$command $before" in
@VALUES@
        *)
            [[ $word == -* ]] && command+=' -'
            case $command in
@WORDS@
            esac ;;
    esac
    # shellcheck disable=SC2207 # the bash of macOS has no mapfile
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    # With no words to offer, have bash complete paths.
    [[ -z $files ]] || compopt -o default 2>/dev/null
}

complete -F _unplugd unplugd
"""


def make_script(root: Command) -> str:
    """Return the completion script."""
    commands = list(root.walk())
    values = [
        f"        {_make_pattern(f'{command.name} {name}' for name in option.names)}) {_offer([option])} ;;"
        for command in commands
        for option in command.options
        if option.value
    ]
    words = []
    for command in commands:
        names = [name for option in command.options for name in option.names]
        subcommands = [subcommand.word for subcommand in command.subcommands]
        words.append(f"                '{command.name} -') words={shlex.quote(' '.join(names))} ;;")
        if subcommands or command.positional:
            words.append(f"                '{command.name}') {_offer(command.positional, subcommands)} ;;")
    parts = {
        "@NOTE@": NOTE,
        "@COMMANDS@": _make_pattern(command.name for command in commands[1:]).replace(
            " | ", " | \\\n            "
        ),
        "@VALUES@": "\n".join(values),
        "@WORDS@": "\n".join(words),
    }
    text = SCRIPT
    for placeholder, part in parts.items():
        text = text.replace(placeholder, part)
    return text


def _make_pattern(alternatives: Iterable[str]) -> str:
    return " | ".join(f"'{text}'" for text in alternatives)


def _offer(arguments: Iterable[Argument], subcommands: Iterable[str] = ()) -> str:
    arguments = tuple(arguments)
    if any(argument.files for argument in arguments):
        return "files=1"
    words = [*subcommands, *(word for argument in arguments for word in argument.words)]
    return f"words={shlex.quote(' '.join(words))}"
