"""Writes the report as an HTML file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from unplugd import paths, private_folder
from unplugd.cli.browser import find_readable_folder
from unplugd.cli.output_file import write_file
from unplugd.cli.terminal import say
from unplugd.config.file import load_own_settings
from unplugd.errors import ConfigurationError
from unplugd.html_report.fleet_page import render_fleet
from unplugd.html_report.page import render_notice, render_page
from unplugd.languages.choice import choose_language
from unplugd.platforms.current import current_platform
from unplugd.review.fleet import Fleet

if TYPE_CHECKING:
    from datetime import tzinfo
    from pathlib import Path

    from unplugd.errors import Failure
    from unplugd.languages.language import Language
    from unplugd.paths import Paths
    from unplugd.review.figures import Report


def find_place(where: paths.Paths) -> Path:
    """Return where the page goes without --html, in a folder that is made for it; OSError if that fails."""
    if folder := find_readable_folder():
        paths.refuse_others(folder)
        return folder / f"unplugd-{where.page.name}"
    paths.refuse_others(where.runtime)
    private_folder.make(where.runtime)
    return where.page


def write_page(file: Path, report: Report | Fleet, made: float, zone: tzinfo, language: Language) -> None:
    """Write the report as a page that only the user can read, and print its path; Failure if it cannot be written."""
    if isinstance(report, Fleet):
        page = render_fleet(report, made=made, zone=zone, language=language)
    else:
        page = render_page(report, made=made, zone=zone, language=language)
    say(f"Written: {write_file(file, page)}")


def choose_language_of_page(where: Paths) -> Language:
    """Return the configured language, or that of the shell."""
    try:
        configured = load_own_settings(where.config).language
    except ConfigurationError:
        # The report does not depend on it.
        configured = ""
    return choose_language(configured, os.environ, lambda: current_platform(where).read_locale())


def write_notice(file: Path, failure: Failure, language: Language) -> None:
    """Write a page that says why there is no report; Failure if it cannot be written."""
    write_file(file, render_notice(str(failure), failure.hint, language))
