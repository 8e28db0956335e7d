"""Whether the person is in front of this Mac: the session as the window server knows it (CoreGraphics, CGSession.h).

With fast user switching several people are logged in, and one session is on the console, which are the screen and the
keyboard. The key for that is in Apple's header. The one for the locked screen is not, but many programs have relied on
it for years; it is missing while the screen is not locked. The values are CFBoolean or CFNumber.
"""

from __future__ import annotations

import errno
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from unplugd.platforms.macos.core_foundation import Values, make_key
from unplugd.platforms.macos.frameworks import load_graphics

if TYPE_CHECKING:
    from unplugd.platforms.macos.frameworks import Frameworks
    from unplugd.rules.events import Absence

ON_CONSOLE: Final = "kCGSSessionOnConsoleKey"
"""kCGSessionOnConsoleKey."""
LOCKED: Final = "CGSSessionScreenIsLocked"


def find_absence(frameworks: Frameworks, graphics: str) -> Absence | None:
    """Return why the person is not in front of this session, None if the person is; OSError if nothing tells.

    `graphics` is the path of the library, which is loaded when it is needed first.
    """
    dictionary = load_graphics(graphics).CGSessionCopyCurrentDictionary()
    if not dictionary:
        # A program that was started over ssh, or without a window server.
        raise OSError(errno.ENXIO, "this is not a graphical session")
    with ExitStack() as owned:
        owned.callback(frameworks.core.CFRelease, dictionary)
        values = Values(frameworks.core)
        on_console, locked = (
            values.read_entry(dictionary, make_key(frameworks.core, name, owned))
            for name in (ON_CONSOLE, LOCKED)
        )
    if isinstance(on_console, int) and not on_console:
        return "inactive"
    return "locked" if isinstance(locked, int) and locked else None
