"""The settings in force, including what happens when the configuration file is invalid."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from unplugd.config.settings import Settings
from unplugd.errors import ConfigurationError
from unplugd.languages.choice import choose_language

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from unplugd.languages.language import Language


class Configuration:
    """The settings in force, and the language; `load` reads the file each time it is called.

    `read_locale` gives the system's locale variables, in case those of the environment name none.

    An invalid file raises ConfigurationError, or is reported and replaced by the defaults if `defaults_on_error`.
    """

    def __init__(
        self,
        load: Callable[[], Settings],
        report: Callable[[str], None],
        read_locale: Callable[[], Mapping[str, str]] = dict,
        *,
        defaults_on_error: bool = False,
        is_own: bool = True,
    ) -> None:
        self._load = load
        self._read_locale = read_locale
        self._report = report
        self.is_own = is_own
        """Whether it is the file that `unplugd config` changes."""
        self.problems: tuple[str, ...] = ()
        """The errors in the file; empty if its settings are in force."""
        try:
            self.settings = load()
        except ConfigurationError as error:
            if not defaults_on_error:
                raise
            self.settings = Settings()
            self._refuse(error, "invalid configuration, using the defaults:")
        self.language = self._choose_language()
        """The language of notifications."""

    def reload(self) -> bool:
        """Read the file again and return whether it is valid; if it is not, the old settings stay in force."""
        try:
            self.settings = self._load()
        except ConfigurationError as error:
            self._refuse(error, "invalid configuration, keeping the old settings:")
            return False
        self.problems = ()
        self.language = self._choose_language()
        return True

    def _choose_language(self) -> Language:
        return choose_language(self.settings.language, os.environ, self._read_locale)

    def _refuse(self, error: ConfigurationError, consequence: str) -> None:
        self.problems = tuple(map(str, error.problems))
        self._report(consequence)
        for problem in self.problems:
            self._report(problem)
