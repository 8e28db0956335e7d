"""The settings in force: an invalid file never replaces good settings."""

from __future__ import annotations

import pytest

from unplugd.config.settings import Settings
from unplugd.errors import ConfigurationError, Problem
from unplugd.watch.configuration import Configuration

NEW = Settings(look_every=30.0)
INVALID = ConfigurationError((Problem("config.toml", 3, "no such setting", "see unplugd config init"),))


class File:
    """The configuration file: valid or not, as the test says."""

    def __init__(self, content: Settings | ConfigurationError) -> None:
        self.content = content

    def load(self) -> Settings:
        if isinstance(self.content, ConfigurationError):
            raise self.content
        return self.content


def test_an_invalid_file_is_an_error_at_the_start() -> None:
    """In the foreground unplugd does not start with it."""
    with pytest.raises(ConfigurationError):
        Configuration(File(INVALID).load, print)


def test_a_service_uses_the_defaults() -> None:
    """It reports each problem, and keeps them for the status."""
    reported: list[str] = []
    configuration = Configuration(File(INVALID).load, reported.append, defaults_on_error=True)
    assert configuration.settings == Settings()
    assert configuration.problems == tuple(map(str, INVALID.problems))
    assert reported[1:] == list(configuration.problems)


def test_an_invalid_file_does_not_replace_the_settings() -> None:
    """After a reload the old ones stay, until the file is fixed."""
    file, reported = File(NEW), list[str]()
    configuration = Configuration(file.load, reported.append)
    file.content = INVALID
    assert not configuration.reload()
    assert configuration.settings == NEW
    assert configuration.problems
    assert len(reported) == 2
    file.content = Settings()
    assert configuration.reload()
    assert configuration.settings == Settings()
    assert configuration.problems == ()
