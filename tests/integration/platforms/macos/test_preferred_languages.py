"""The language of a Mac's system settings; CoreFoundation is a stand-in that counts every reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rig.iokit import Frameworks, standing_in
from unplugd.platforms.macos.frameworks import Libraries
from unplugd.platforms.macos.platform import MacOS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Frameworks]:
    with standing_in(tmp_path, monkeypatch) as mac:
        yield mac


def test_the_preferred_languages_are_the_locale(mac: Frameworks) -> None:
    """Launchd sets no LANG: the person's languages are those of the system settings, in their order."""
    macos = MacOS(mac.libraries)
    assert macos.read_locale() == {}
    mac.prefer("de-AT", "fr-FR", "en")
    assert [macos.read_locale() for _ in range(3)] == [{"LANG": "de-AT", "LANGUAGE": "de-AT:fr-FR:en"}] * 3
    mac.fail("CFLocaleCopyPreferredLanguages")
    assert macos.read_locale() == {}
    assert MacOS(Libraries("/nowhere/IOKit")).read_locale() == {}
