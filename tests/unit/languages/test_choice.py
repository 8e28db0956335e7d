"""Which language is used: the configured one, that of the session, or English."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.rig.pseudo import write_pseudo
from unplugd.languages import choice, language
from unplugd.languages.choice import choose_language, split_locale
from unplugd.languages.language import ENGLISH, FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have German, French and Portuguese, in brackets."""
    # With no function of Windows' own, which Wine 8 lacks.
    shutil.copytree(FOLDER / "formats", tmp_path / "formats", copy_function=shutil.copyfile)
    for tag in ("de", "fr", "pt"):
        write_pseudo(tmp_path, tag)

    def load(tag: str, region: str = "") -> language.Language | None:
        return language.load_language(tag, region, tmp_path)

    monkeypatch.setattr(choice, "load_language", load)
    return tmp_path


@pytest.mark.parametrize(
    ("environment", "tag"),
    [
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "de_AT@euro"}, "de"),
        ({"LANG": "pt_BR.UTF-8"}, "pt"),
        ({"LANG": "pt_PT.UTF-8"}, "pt"),
        ({"LANG": "de"}, "de"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "fr_FR.UTF-8", "LC_ALL": "pt_BR.UTF-8"}, "pt"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": ""}, "de"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "fr:de"}, "fr"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "xx:en_US:fr"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": ""}, "de"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "fr"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "xx:POSIX:fr"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "POSIX"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "en"),
        ({"LANG": "../../etc/passwd"}, "en"),
        ({"LANG": "de_DE.UTF-8" * 1000}, "de"),
        ({"LANG": "\udcff"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_is_that_of_the_session(environment: Mapping[str, str], tag: str) -> None:
    """As gettext finds it: LANGUAGE before LC_ALL, LC_MESSAGES and LANG, and none in the C locale."""
    assert choose_language("", environment, dict).tag == tag


def test_what_is_configured_counts_more() -> None:
    """Whatever the session's language is; one that is not there is as if none were configured."""
    environment = {"LANG": "fr_FR.UTF-8", "LANGUAGE": "fr"}
    assert choose_language("de", environment, dict).tag == "de"
    assert choose_language("en", environment, dict).tag == "en"
    assert choose_language("de_AT", environment, dict).tag == "de"


def test_the_system_tells_where_the_environment_does_not() -> None:
    """A service may be started without a locale; one that has any is not asked."""
    assert choose_language("", {}, lambda: {"LANG": "de_DE.UTF-8"}).tag == "de"
    assert choose_language("", {"LANG": "C.UTF-8"}, lambda: {"LANG": "de_DE.UTF-8"}).tag == "en"
    assert choose_language("", {}, lambda: {"LANG": "de-DE", "LANGUAGE": "xx:fr-FR:de-DE"}).tag == "fr"


@pytest.mark.parametrize(
    ("configured", "environment", "has_twelve_hours"),
    [
        ("", {"LANG": "en_US.UTF-8"}, True),
        ("", {"LANG": "en_GB.UTF-8"}, False),
        ("", {"LANG": "en_US.UTF-8", "LC_TIME": "en_GB.UTF-8"}, False),
        ("", {"LANG": "en_US.UTF-8", "LC_TIME": "de_DE.UTF-8"}, False),
        ("", {"LANG": "en_GB.UTF-8", "LC_TIME": "en_US.UTF-8"}, True),
        ("", {"LANG": "en_US.UTF-8", "LC_ALL": "en_GB.UTF-8"}, False),
        ("", {"LANG": "de_US.UTF-8"}, False),
        ("en", {"LANG": "en_US.UTF-8"}, True),
        ("en_US", {"LANG": "de_DE.UTF-8"}, True),
        ("en-us", {"LANG": "de_DE.UTF-8"}, True),
        ("en_GB", {"LANG": "en_US.UTF-8"}, False),
    ],
)
def test_the_clock_is_that_of_the_region(
    configured: str, environment: Mapping[str, str], has_twelve_hours: bool
) -> None:
    """LC_TIME says it, else the locale; an English text has English dates."""
    found = choose_language(configured, environment, dict)
    assert bool(found.formats.periods) == has_twelve_hours


@pytest.mark.parametrize(
    ("header", "broken"),
    [(b"charset=utf-8", b"charset=utf-9"), (b"charset=utf-8", b"charsat=utf-8")],
)
def test_a_translation_with_a_broken_header_is_not_used(folder: Path, header: bytes, broken: bytes) -> None:
    """The reminder comes in English."""
    content = (folder / "de.mo").read_bytes()
    assert header in content
    (folder / "de.mo").write_bytes(content.replace(header, broken))
    assert choose_language("de", {}, dict) is ENGLISH


def test_english_is_there_without_files(folder: Path) -> None:
    """What cannot be read or is damaged is not used, and English needs nothing."""
    assert choose_language("", {"LANG": "en_IE.UTF-8"}, dict) is ENGLISH
    (folder / "fr.mo").write_bytes((folder / "fr.mo").read_bytes()[:100])
    (folder / "pt.mo").write_bytes(b"nothing")
    (folder / "de.mo").unlink()
    for tag in ("fr", "pt", "de"):
        assert choose_language(tag, {}, dict) is ENGLISH


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("de_DE.UTF-8", ("de", "DE")),
        ("zh-Hans-CN", ("zh", "CN")),
        ("sr_RS@latin", ("sr", "RS")),
        ("es-419", ("es", "419")),
        ("de", ("de", "")),
        ("C", ("", "")),
        ("C.UTF-8", ("", "")),
        ("", ("", "")),
        ("Deutsch", ("", "")),
    ],
)
def test_a_locale_has_a_language_and_a_region(name: str, parts: tuple[str, str]) -> None:
    """On Linux it is written with an underscore, on macOS with hyphens."""
    assert split_locale(name) == parts
