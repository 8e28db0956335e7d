"""The languages that the person has chosen in the system settings of a Mac."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from unplugd.platforms.macos.core_foundation import Values

if TYPE_CHECKING:
    from unplugd.platforms.macos.frameworks import Frameworks


def read_preferred_languages(frameworks: Frameworks) -> list[str]:
    """Return the languages, such as "de-DE", the preferred one first; OSError if the system does not tell."""
    core = frameworks.core
    languages = core.CFLocaleCopyPreferredLanguages()
    if not languages:
        raise OSError(errno.ENOENT, "CFLocaleCopyPreferredLanguages failed")
    values = Values(core)
    try:
        # The texts are owned by the array and must not be released.
        found = (
            values.read(core.CFArrayGetValueAtIndex(languages, index))
            for index in range(core.CFArrayGetCount(languages))
        )
        return [language for language in found if isinstance(language, str)]
    finally:
        core.CFRelease(languages)
