"""What a balloon of the taskbar says of a message: Windows has room for a short title and a short text. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from unplugd.win32.shell32 import MAX_TEXT, MAX_TIP, MAX_TITLE

if TYPE_CHECKING:
    from unplugd.notify.message import Message

MORE: Final = "…"
"""The end of a text that was cut."""


class Balloon(NamedTuple):
    """A balloon, and the text beside the pointer on the icon while it is true."""

    title: str
    text: str
    tip: str
    fresh: bool = True
    """Whether it says something new and may make a sound."""
    passing: bool = False
    """Whether it can be left out in the first hour after Windows was set up."""


def make_balloon(message: Message) -> Balloon:
    """Return the balloon for a message. Whole lines that do not fit are left out, the first one is cut."""
    # Without a text, Windows would take the balloon away.
    first, *rest = (line.replace("\0", " ") for line in message.lines or (message.title,))
    text = cut(first, MAX_TEXT) or MORE
    for line in rest:
        longer = f"{text}\n{line}"
        if count_units(longer) > MAX_TEXT:
            break
        text = longer
    return Balloon(
        cut(message.title, MAX_TITLE), text, cut(message.title, MAX_TIP), message.fresh, message.passing
    )


def cut(text: str, units: int) -> str:
    """Return a text of at most so many UTF-16 units, in which Windows counts, without a zero."""
    text = text.replace("\0", " ")
    if count_units(text) <= units:
        return text
    # A character of two units is left out as a whole.
    beginning = text.encode("utf-16-le", "replace")[: 2 * (units - len(MORE))]
    return beginning.decode("utf-16-le", "ignore") + MORE


def count_units(text: str) -> int:
    """Return the length of a text in UTF-16 units."""
    return len(text.encode("utf-16-le", "replace")) // 2
