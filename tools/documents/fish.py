"""The completion of fish: a question about the command so far, and a line for each thing that can follow."""

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


def script(whole: Command) -> str:
    """Return the script."""
    commands = list(whole.all())
    lines = [line for command in commands for line in _lines(command)]
    names = " \\\n            ".join(_quoted(command.name) for command in commands[1:])
    return SCRIPT.replace("@NOTE@", NOTE).replace("@COMMANDS@", names).replace("@LINES@", "\n".join(lines))


def _lines(command: Command) -> Iterator[str]:
    here = f"complete -c unplugd -n {_quoted(f'__unplugd_command {command.name}')}"
    for below in command.below:
        yield f"{here} -a {below.word} -d {_quoted(below.summary)}"
    for argument in command.arguments:
        names = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in argument.names]
        value = _value(argument)
        if names or value:
            yield " ".join([here, *names, *value, "-d", _quoted(argument.help)])


def _value(argument: Argument) -> Iterable[str]:
    needed = ["-r"] if argument.names and argument.value else []
    if argument.files:
        return [*needed, "-F"]
    words = ["-k", "-a", _quoted(" ".join(argument.words))] if argument.words else []
    return [*needed, *(["-f"] if needed else []), *words]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
