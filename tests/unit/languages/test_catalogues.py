"""The files of translations: what translators get, what is found wrong in them, and how they are built."""

from __future__ import annotations

import gettext
import io
from typing import TYPE_CHECKING

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from hatch_build import LANGUAGES as FOLDER
from hatch_build import compile_catalogue, compile_catalogues
from tools.catalogues import check, extract
from tools.catalogues.extract import list_messages, update
from unplugd.languages.language import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
# Translators: A greeting.
# In two lines.
say(language.translate("Hello {name}", name=name))
line = f"<p>{language.translate('inside')}</p> {language.count(len(x), 'one', '{count} things')}"
LABELS = {
    # Not for translators.
    "a": mark_in("label", "a text"),
    "b": mark_count("one", "{count} others"),
}
language.translate(LABELS["c"])
language.count(count, *LABELS["b"])
language.translate(
    # Translators: Inside.
    "over two"
    " lines",
)
"abc".count("a")
"""


def make_catalogue(tag: str, *, fuzzy: bool = False) -> Catalog:
    """Return a translation of three texts."""
    catalogue = Catalog(locale=tag, fuzzy=fuzzy)
    catalogue.add("Unplug the {device}.", "Trennen Sie {device}.")
    forms = ("ein Ding", "{count} Dinge", "{count} Dinger")[: catalogue.num_plurals]
    catalogue.add(("one thing", "{count} things"), forms if len(forms) > 1 else ("{count} Dinge",))
    catalogue.add("<b>Still</b> there", "<b>Noch</b> da")
    return catalogue


def make_template() -> Catalog:
    """Return what is to be translated."""
    template = Catalog()
    for text in ("Unplug the {device}.", ("one thing", "{count} things"), "<b>Still</b> there"):
        template.add(text)
    return template


def test_every_call_is_found() -> None:
    """Also inside f-strings and over several lines, with the comments for translators."""
    assert list(list_messages(SOURCE)) == [
        (None, "Hello {name}", ["A greeting.", "In two lines."]),
        (None, "inside", []),
        (None, ("one", "{count} things"), []),
        ("label", "a text", []),
        (None, ("one", "{count} others"), []),
        (None, "over two lines", ["Inside."]),
    ]


@pytest.mark.parametrize("tag", ["de", "pl", "ja", "fr"])
def test_a_whole_translation_has_no_mistake(tag: str) -> None:
    """With as many forms for numbers as the language has; the first may leave out the number where there are others."""
    assert list(check.check_catalogue(make_catalogue(tag), make_template())) == []


@pytest.mark.parametrize(
    ("text", "translation", "mistake"),
    [
        ("Unplug the {device}.", "", "is not translated"),
        ("Unplug the {device}.", "Trennen Sie {gerät}.", "placeholders device"),
        ("Unplug the {device}.", "Trennen Sie es.", "placeholders device"),
        ("Unplug the {device}.", "Trennen Sie {device}{.", "single brace"),
        ("Unplug the {device}.", "Trennen Sie {device}", "full stop"),
        ("Unplug the {device}.", " Trennen Sie {device}.", "space"),
        ("<b>Still</b> there", "Noch da", "HTML"),
        ("<b>Still</b> there", "<b>Noch</b> <i>da</i>", "HTML"),
        ("<b>Still</b> there", "<b>Noch</b> & da", "would be HTML"),
        (("one thing", "{count} things"), ("ein Ding", "Dinge"), "placeholders count"),
        (("one thing", "{count} things"), ("ein Ding", ""), "is not translated"),
    ],
)
def test_a_broken_translation_is_found(
    text: str | tuple[str, str], translation: str | tuple[str, str], mistake: str
) -> None:
    """What would be shown wrongly, or in English, fails the check; a draft may only be incomplete."""
    catalogue = make_catalogue("de")
    catalogue[text].string = translation
    (found,) = check.check_catalogue(catalogue, make_template())
    assert mistake in found
    catalogue.fuzzy = True
    found_in_draft = list(check.check_catalogue(catalogue, make_template()))
    is_empty = translation == ""
    assert found_in_draft == ([] if is_empty else [found])


def test_what_is_missing_fuzzy_or_obsolete_is_found() -> None:
    """A text that the code has changed has to be translated again."""
    catalogue = make_catalogue("de")
    catalogue.delete("<b>Still</b> there")
    catalogue["Unplug the {device}."].flags.add("fuzzy")
    catalogue.obsolete["old"] = make_catalogue("de")["Unplug the {device}."]
    assert list(check.check_catalogue(catalogue, make_template())) == [
        "has obsolete messages",
        "has not the messages of the code: run make catalogues",
        '"Unplug the {device}.": is fuzzy',
    ]


def test_an_update_keeps_what_is_translated(tmp_path: Path) -> None:
    """New texts come without a translation, old ones go, and the terms above the file stay."""
    file = tmp_path / "de.po"
    file.write_bytes(extract.format_catalogue(update(file, make_template())))
    assert compile_catalogue(file) is None
    text = file.read_text(encoding="utf-8")
    assert "#   device =" in text
    text = text.replace("#, fuzzy\n", "", 1).replace("device =", "device = Gerät")
    file.write_text(text.replace('the {device}."\nmsgstr ""', 'the {device}."\nmsgstr "{device} bitte."'))
    template = make_template()
    template.delete("<b>Still</b> there")
    template.add("new")
    updated = update(file, template)
    assert [message.string or "" for message in updated if message.id] == ["{device} bitte.", ("", ""), ""]
    again = extract.format_catalogue(updated).decode()
    assert "device = Gerät" in again
    assert "Still" not in again
    assert not updated.fuzzy


def test_only_what_is_finished_is_built(tmp_path: Path) -> None:
    """A build compiles each translation, and takes away what is a draft again; a second one changes nothing."""
    folder = tmp_path / FOLDER
    folder.mkdir(parents=True)

    def write(tag: str, *, fuzzy: bool) -> None:
        content = io.BytesIO()
        write_po(content, make_catalogue(tag, fuzzy=fuzzy))
        (folder / f"{tag}.po").write_bytes(content.getvalue())

    write("de", fuzzy=False)
    write("pl", fuzzy=True)
    compile_catalogues(tmp_path)
    assert sorted(path.name for path in folder.glob("*.mo")) == ["de.mo"]
    with (folder / "de.mo").open("rb") as file:
        translations = gettext.GNUTranslations(file)
    assert translations.gettext("Unplug the {device}.") == "Trennen Sie {device}."
    assert translations.ngettext("one thing", "{count} things", 3) == "{count} Dinge"
    before = (folder / "de.mo").stat().st_mtime_ns
    compile_catalogues(tmp_path)
    assert (folder / "de.mo").stat().st_mtime_ns == before
    write("de", fuzzy=True)
    compile_catalogues(tmp_path)
    assert list(folder.glob("*.mo")) == []


def test_what_has_no_translation_any_more_is_not_packed(tmp_path: Path) -> None:
    """A build removes the compiled file of a language that has gone."""
    folder = tmp_path / FOLDER
    folder.mkdir(parents=True)
    (folder / "xx.mo").write_bytes(b"old")
    compile_catalogues(tmp_path)
    assert list(folder.iterdir()) == []


def test_the_files_of_the_project_have_no_mistake() -> None:
    """Each language has a file with the texts of the code; what is no draft is whole."""
    assert list(check.find_mistakes()) == []
    assert len(LANGUAGES) == 10
