"""The completion for fish: a test which command it is so far, and a line for each word that may come next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tools.documents.grammar import NOTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tools.documents.grammar import Argument, Command

SCRIPT: Final = """\
# fish completion of unplugd. @NOTE@

function __unplugd_command --description 'Whether the words so far are this command of unplugd'
    set -l command unplugd
    for word in (commandline -opc)[2..]
        if contains -- "$command $word" @COMMANDS@
            set command "$command $word"
        end
    end
    test "$command" = "$argv"
end

complete -c unplugd -f
@LINES@
"""


def make_script(root: Command) -> str:
    """Return the completion script."""
    commands = list(root.walk())
    lines = [line for command in commands for line in _make_lines(command)]
    names = " \\\n            ".join(_quote(command.name) for command in commands[1:])
    return SCRIPT.replace("@NOTE@", NOTE).replace("@COMMANDS@", names).replace("@LINES@", "\n".join(lines))


def _make_lines(command: Command) -> Iterator[str]:
    here = f"complete -c unplugd -n {_quote(f'__unplugd_command {command.name}')}"
    for subcommand in command.subcommands:
        yield f"{here} -a {subcommand.word} -d {_quote(subcommand.summary)}"
    for argument in command.arguments:
        names = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in argument.names]
        value = _make_value(argument)
        if names or value:
            yield " ".join([here, *names, *value, "-d", _quote(argument.help)])


def _make_value(argument: Argument) -> Iterable[str]:
    needed = ["-r"] if argument.names and argument.value else []
    if argument.files:
        return [*needed, "-F"]
    words = ["-k", "-a", _quote(" ".join(argument.words))] if argument.words else []
    return [*needed, *(["-f"] if needed else []), *words]


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
