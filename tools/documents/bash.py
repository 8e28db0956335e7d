"""The completion of bash: one function, which adds nothing else to the person's shell."""

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
    # The command: as many words as are one.
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
    # Without an answer of ours, and only here, bash completes paths.
    [[ -z $files ]] || compopt -o default 2>/dev/null
}

complete -F _unplugd unplugd
"""


def script(whole: Command) -> str:
    """Return the script."""
    commands = list(whole.all())
    values = [
        f"        {_pattern(f'{command.name} {name}' for name in option.names)}) {_offer([option])} ;;"
        for command in commands
        for option in command.options
        if option.value
    ]
    words = []
    for command in commands:
        names = [name for option in command.options for name in option.names]
        below = [below.word for below in command.below]
        words.append(f"                '{command.name} -') words={shlex.quote(' '.join(names))} ;;")
        if below or command.positional:
            words.append(f"                '{command.name}') {_offer(command.positional, below)} ;;")
    parts = {
        "@NOTE@": NOTE,
        "@COMMANDS@": _pattern(command.name for command in commands[1:]).replace(
            " | ", " | \\\n            "
        ),
        "@VALUES@": "\n".join(values),
        "@WORDS@": "\n".join(words),
    }
    text = SCRIPT
    for mark, part in parts.items():
        text = text.replace(mark, part)
    return text


def _pattern(alternatives: Iterable[str]) -> str:
    return " | ".join(f"'{text}'" for text in alternatives)


def _offer(arguments: Iterable[Argument], below: Iterable[str] = ()) -> str:
    arguments = tuple(arguments)
    if any(argument.files for argument in arguments):
        return "files=1"
    words = [*below, *(word for argument in arguments for word in argument.words)]
    return f"words={shlex.quote(' '.join(words))}"
