"""Reduces texts to the words that unplugd's own messages have, for what a person sends to strangers.

What is not known to be harmless is left out, whatever it is: file names, names of people, computers and devices, what a
program or a server said. Nothing is searched for and removed, except the names of this person and this computer, which
may happen to be such words.
"""

from __future__ import annotations

import ast
import itertools
import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import unplugd
import unplugd_service
from unplugd import account, sanitize
from unplugd_service.home import look_up_home

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LEFT_OUT: Final = "…"
PATH: Final = "(path)"
"""What is left out instead of the path of a file."""
MAX_TEXT_CHARACTERS: Final = 300
MAX_ROW_DIGITS: Final = 6
"""So many digits several numbers in a row may have together."""
WITHOUT_MESSAGES: Final = ("cli", "html_report", "review")
"""Packages that check nothing."""
WITH_MESSAGES: Final = ("cli/service_checks.py", "cli/doctor_facts_macos.py")
"""Modules in them that do."""
HARMLESS: Final = re.compile(
    r"[0-9]{1,4}%?"  # a number that is too short for a serial number
    r"|[0-9]{1,3}(\.[0-9]{1,4}){1,2}"  # a version; an address has a part more
    r"|[0-9]{1,2}-[0-9]{1,2}(\.[0-9]{1,2}){0,5}"  # a port
    r"|0x[0-9a-f]{1,8}"  # an error of IOKit
    r"|[0-9a-f]{4}:[0-9a-f]{4}"  # a USB id
    r"|(hidraw|ttyUSB|ttyACM)[0-9]{1,3}",
    re.ASCII,
)
NAME_PART: Final = re.compile(r"([^\W_]+)")
MIN_NAME_CHARACTERS: Final = 4
"""The length from which a name is also found inside a word."""
PUNCTUATION: Final = ".,;:!?()[]{}<>\"'=`*"


class Words:
    """The words that may be written, and the names that may not."""

    def __init__(self, known: Iterable[str], names: Iterable[str]) -> None:
        self._known = frozenset(known)
        # unplugd may be the name of an account of its own, and says nothing.
        self._names = frozenset(name.casefold() for name in names) - {"unplugd"}

    def reduce(self, text: str) -> str:
        """Return a text of a program's with everything left out but harmless words and numbers."""
        kept = _drop_long_numbers(self._reduce_word(word) for word in sanitize.one_line(text, 2000).split())
        # One mark for a whole foreign name or path.
        lines = [
            word for index, word in enumerate(kept) if word != LEFT_OUT or kept[index - 1 : index] != [word]
        ]
        return sanitize.one_line(" ".join(lines), MAX_TEXT_CHARACTERS)

    def hide_names(self, text: str) -> str:
        """Return a text that the person typed, without the person's and the computer's name."""
        parts = NAME_PART.split(sanitize.one_line(text, MAX_TEXT_CHARACTERS))
        return "".join(LEFT_OUT if self._has_name(part.casefold()) else part for part in parts)

    def _has_name(self, part: str) -> bool:
        # "Annas", but not the "ann" in "planned".
        return part in self._names or any(
            len(name) >= MIN_NAME_CHARACTERS and name in part for name in self._names
        )

    def _reduce_word(self, word: str) -> str:
        core = word.strip(PUNCTUATION)
        is_known = core == "" or core in self._known or HARMLESS.fullmatch(core)
        if is_known and not any(part.casefold() in self._names for part in NAME_PART.findall(core)):
            return word
        # What stands around a foreign word is left out with it.
        return PATH if "/" in core or "\\" in core else LEFT_OUT


def _drop_long_numbers(words: Iterable[str]) -> list[str]:
    """Return the words without numbers that are harmless alone, but in a row may be a serial number."""
    kept: list[str] = []
    for is_number, row in itertools.groupby(words, _is_number):
        numbers = list(row)
        digits = sum(character.isdigit() for character in "".join(numbers))
        is_long = is_number and len(numbers) > 1 and digits > MAX_ROW_DIGITS
        kept += [LEFT_OUT] if is_long else numbers
    return kept


def _is_number(word: str) -> bool:
    return not any(map(str.isalpha, word)) or HARMLESS.fullmatch(word.strip(PUNCTUATION)) is not None


def load_words() -> Words:
    """Return the words of unplugd's and the system's messages, and the names of this person and computer."""
    return Words({*_find_own_words(), *_find_system_words()}, _find_names())


def _find_own_words() -> Iterator[str]:
    """Yield the words of all texts in unplugd's source that are no docstrings."""
    for package in (unplugd, unplugd_service):
        folder = Path(package.__path__[0])
        for file in folder.rglob("*.py"):
            place = file.relative_to(folder)
            if place.parts[0] in WITHOUT_MESSAGES and place.as_posix() not in WITH_MESSAGES:
                continue
            for text in _find_texts(ast.parse(file.read_bytes())):
                yield from _split(text)


def _find_texts(tree: ast.Module) -> Iterator[str]:
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def _find_system_words() -> Iterator[str]:
    """Yield the words of the system's error messages."""
    for number in range(1, 200):
        yield from _split(os.strerror(number))


def _find_names() -> Iterator[str]:
    """Yield each part of the names of the person, the home folder and the computer."""
    home, written = look_up_home(), look_up_home({})
    for text in (
        platform.node(),
        home.name if home else "",
        written.name if written else "",
        *account.find_names(),
    ):
        for part in NAME_PART.findall(text):
            # The 1 of "clinic-1" says nothing, and is in every port.
            if len(part) > (2 if part.isdigit() else 1):
                yield part


def _split(text: str) -> Iterator[str]:
    for word in text.split():
        yield word.strip(PUNCTUATION)
