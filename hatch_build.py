"""Compiles the translations when a package is built, for an editable installation, too."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LANGUAGES = "daemon/unplugd/languages"
"""The folder of the translations."""


class CustomBuildHook(BuildHookInterface[Any]):
    """Compiles each translation before the files of a wheel are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the interface
        """Write the compiled files, which version control ignores, and have them packed."""
        compile_catalogues(Path(self.root))
        build_data["artifacts"].append(f"/{LANGUAGES}/*.mo")


def compile_catalogues(root: Path) -> None:
    """Write the compiled file of each translation below `root`; a draft has none."""
    for old in (root / LANGUAGES).glob("*.mo"):
        if not old.with_suffix(".po").is_file():
            # Its translation has gone, or a build was stopped.
            old.unlink(missing_ok=True)
    for source in sorted((root / LANGUAGES).glob("*.po")):
        target = source.with_suffix(".mo")
        content = compile_catalogue(source)
        if content is None:
            target.unlink(missing_ok=True)
        elif not target.is_file() or target.read_bytes() != content:
            # Another build may be reading it.
            new = target.with_suffix(f".mo.{os.getpid()}")
            new.write_bytes(content)
            new.replace(target)


def compile_catalogue(source: Path) -> bytes | None:
    """Return a translation as gettext reads it, None for a draft: its header is marked as fuzzy."""
    with source.open("rb") as file:
        catalogue = read_po(file, locale=source.stem)
    if catalogue.fuzzy:
        return None
    content = io.BytesIO()
    write_mo(content, catalogue)
    return content.getvalue()
