"""As much AppleScript as unplugd's scripts need, one statement a line; everything else is refused."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[A-Za-z]\w*|\d+|[()&])')
NESTING = {"on run": "run", "on run argv": "run", "try": "try", "repeat": "repeat"}
SUPPORT = "path to application support folder from user domain"
RESERVED = {
    "item",
    "of",
    "path",
    "to",
    "form",
    "quoted",
    "posix",
    "do",
    "shell",
    "script",
    "without",
    "with",
    "title",
    "is",
}


class SyntaxTrouble(Exception):  # noqa: N818 - in its own words
    """The script is none that this knows."""


class ScriptError(Exception):
    """The script failed while it ran."""


class _Leave(Exception):  # noqa: N818 - no error
    """`exit repeat`."""


@dataclass
class Block:
    """A line, and the lines that stand inside it."""

    line: str
    inside: list[Block] = field(default_factory=list)


def parse(text: str) -> Block:
    """Return the script as blocks, each line of it understood."""
    root = Block("")
    stack = [root]
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("--"):
            continue
        if line.startswith("end "):
            if len(stack) == 1 or NESTING[stack[-1].line] != line.removeprefix("end "):
                raise SyntaxTrouble(f"out of place: {line}")
            stack.pop()
            continue
        block = Block(line)
        stack[-1].inside.append(block)
        if line in NESTING:
            stack.append(block)
        else:
            Run(lambda _title, _text: None, [], dry=True).line(line)
    if len(stack) > 1:
        raise SyntaxTrouble(f"without its end: {stack[-1].line}")
    return root


class Run:
    """One run of a script. Dry: nothing is done, each line is only understood."""

    def __init__(self, show: Callable[[str, str], None], arguments: list[str], *, dry: bool = False) -> None:
        self._show = show
        self._arguments = arguments
        self._variables: dict[str, str] = {}
        self._dry = dry
        self._tokens: list[str] = []

    def block(self, block: Block) -> None:
        """Do what stands inside a block."""
        for part in block.inside:
            if part.line == "try":
                try:
                    self.block(part)
                except ScriptError:
                    continue
            elif part.line == "repeat":
                try:
                    while True:
                        self.block(part)
                except _Leave:
                    continue
            elif part.line in NESTING:
                self.block(part)
            else:
                self.line(part.line)

    def line(self, line: str) -> None:
        """Do one line."""
        self._tokens = _tokens(line)
        if self._take("set"):
            name = self._next()
            if name.lower() in RESERVED:
                raise SyntaxTrouble(f"a word of the language: {name}")
            self._must("to")
            self._variables[name] = self._text()
        elif self._take("if"):
            left = self._text()
            self._must("is")
            right = self._text()
            self._must("then exit repeat")
            if left == right and not self._dry:
                raise _Leave
        elif self._take("display notification"):
            text = self._text()
            self._must("with title")
            title = self._text()
            if not self._dry:
                self._show(title, text)
        elif self._take("delay"):
            # Nobody waits here.
            int(self._next())
        else:
            self._text()
        if self._tokens:
            raise SyntaxTrouble(f"not understood: {line}")

    def _text(self) -> str:
        text = self._part()
        while self._take("&"):
            text += self._part()
        return text

    def _part(self) -> str:
        if self._take("("):
            text = self._text()
            self._must(")")
            return text
        if self._take("quoted form of"):
            return shlex.quote(self._part())
        if self._take("POSIX path of"):
            return self._part()
        if self._take(SUPPORT):
            return f"{os.environ['HOME']}/Library/Application Support/"
        if self._take("do shell script"):
            return self._shell(self._part())
        if self._take("item"):
            number = int(self._next())
            self._must("of argv")
            return self._item(number)
        token = self._next()
        if token.startswith('"'):
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        if token not in self._variables and not self._dry:
            raise ScriptError(f"The variable {token} is not defined. (-2753)")
        if not token.isidentifier() or token.lower() in RESERVED:
            raise SyntaxTrouble(f"not understood: {token}")
        return self._variables.get(token, "")

    def _shell(self, command: str) -> str:
        as_it_is = self._take("without altering line endings")
        if self._dry:
            return ""
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ScriptError(done.stderr)
        # What the command says last is a line end, which is not part of the text.
        return done.stdout if as_it_is else done.stdout.removesuffix("\n").replace("\n", "\r")

    def _item(self, number: int) -> str:
        if self._dry:
            return ""
        if number > len(self._arguments):
            raise ScriptError(f"Can't get item {number} of the arguments. (-1728)")
        return self._arguments[number - 1]

    def _take(self, words: str) -> bool:
        expected = words.split()
        if self._tokens[: len(expected)] != expected:
            return False
        del self._tokens[: len(expected)]
        return True

    def _must(self, words: str) -> None:
        if not self._take(words):
            raise SyntaxTrouble(f"expected {words!r} before {' '.join(self._tokens)!r}")

    def _next(self) -> str:
        if not self._tokens:
            raise SyntaxTrouble("ends too early")
        return self._tokens.pop(0)


def _tokens(line: str) -> list[str]:
    tokens, position = [], 0
    while line[position:].strip():
        found = TOKEN.match(line, position)
        if not found:
            raise SyntaxTrouble(f"not understood: {line[position:]}")
        tokens.append(found[1])
        position = found.end()
    return tokens
