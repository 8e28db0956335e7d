"""How systemd quotes: the commands in unit files, and the values of its environment."""

from __future__ import annotations

import contextlib
import os
import re
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+:@,=~-")
"""Characters without a special meaning in ExecStart=."""
SHELL: Final = ("/bin/sh", "-c", 'exec "$0" "$@"')
"""Starts programs whose path systemd refuses: with quotes, backslashes or control characters (env: not with "=")."""
CONTROLS: Final = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
"""The control characters with an escape of their own in show-environment; the others are octal."""


def format_command(words: Sequence[str], home: str = "") -> str:
    """Return the words quoted for ExecStart= (systemd.service(5), "Command lines").

    The home folder becomes %h, because it contains the user's name.
    """
    if any(letter in "\"'\\" or not letter.isprintable() for letter in words[0]):
        words = (*SHELL, *words)
    program, *arguments = words
    below = f"{home.rstrip('/')}/" if len(home) > 1 else ""
    if below and program.startswith(below):
        start = _quote(program.removeprefix(below))
        first = f'"%h/{start[1:]}' if start.startswith('"') else f"%h/{start}"
    else:
        first = _quote(program)
    # systemd does not expand variables in the path of the program.
    return " ".join([first, *(_quote(word.replace("$", "$$")) for word in arguments)])


def _quote(word: str) -> str:
    if word and PLAIN.issuperset(word):
        return word
    out = []
    for byte in os.fsencode(word):
        letter = chr(byte)
        if letter in '"\\':
            out.append(f"\\{letter}")
        elif letter == "%":
            out.append("%%")
        else:
            out.append(letter if " " <= letter <= "~" else f"\\x{byte:02x}")
    return f'"{"".join(out)}"'


def split_words(line: str, home: str = "") -> tuple[str, ...]:
    """Return the words of a line written by `format_command`; for any other line, at least the program is right."""
    words: list[bytes] = []
    word: bytearray | None = None
    quoted = False
    letters = iter(os.fsencode(line))
    for byte in letters:
        if byte == ord('"'):
            quoted = not quoted
            word = bytearray() if word is None else word
        elif byte == ord(" ") and not quoted:
            if word is not None:
                words.append(bytes(word))
            word = None
        else:
            word = bytearray() if word is None else word
            word += _read_escape(letters) if byte == ord("\\") else bytes((byte,))
    if word is not None:
        words.append(bytes(word))
    plain = [
        re.sub("%([%h])", lambda found: "%" if found[1] == "%" else home, os.fsdecode(word)) for word in words
    ]
    found = (*plain[:1], *(word.replace("$$", "$") for word in plain[1:]))
    return found[len(SHELL) :] if found[: len(SHELL)] == SHELL else found


def _read_escape(letters: Iterable[int]) -> bytes:
    after = bytes(islice(letters, 1))
    if after != b"x":
        return after
    digits = bytes(islice(letters, 2))
    with contextlib.suppress(ValueError):
        return bytes((int(digits, 16),))
    return digits


def parse_environment(text: str) -> dict[str, str]:
    """Return the variables that `systemctl show-environment` printed, without the shell's quoting."""
    # Only a newline ends a line: str.splitlines would also split at characters that a value may contain.
    pairs = (line.partition("=") for line in text.split("\n"))
    return {name: _unquote(value) for name, equals, value in pairs if equals}


def _unquote(value: str) -> str:
    """Return a value without the dollar-single quotes of systemctl(1), "show-environment"."""
    if not (value.startswith("$'") and value.endswith("'")):
        return value
    # Bytes, since an octal escape is one byte, not one character.
    return os.fsdecode(re.sub(rb"\\([0-7]{3}|.)", _replace_escape, os.fsencode(value[2:-1])))


def _replace_escape(found: re.Match[bytes]) -> bytes:
    after = found[1]
    return bytes((int(after, 8) & 0xFF,)) if len(after) == 3 else CONTROLS.get(after, after)
