"""The locale that the system gives each session (locale.conf(5)); a service of the user may be started without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

FILES: Final = ("/etc/locale.conf", "/etc/default/locale")
"""The second one is Debian's."""
MAX_CHARACTERS: Final = 10_000
"""More of a file is not read."""
NAMES: Final = ("LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LC_TIME")
"""The variables that matter here."""


def read_locale(files: Iterable[str] = FILES) -> dict[str, str]:
    """Return the locale variables in the first file that has some."""
    for file in files:
        try:
            with open(file, encoding="utf-8", errors="replace") as opened:
                lines = opened.read(MAX_CHARACTERS).splitlines()
        except OSError:
            continue
        entries = (line.strip().removeprefix("export ").partition("=") for line in lines)
        found = {name: value.strip("\"'") for name, _, value in entries if name in NAMES}
        if found:
            return found
    return {}
