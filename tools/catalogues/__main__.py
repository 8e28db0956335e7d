"""`python -m tools.catalogues [check]`: update the translations and the formats, or check that they are whole."""

from __future__ import annotations

import sys

from hatch_build import compile_catalogues
from tools.catalogues import ROOT, check, extract, formats


def main() -> int:
    """Do what the command line says; exit 1 with each mistake on a line of its own."""
    if sys.argv[1:] not in ([], ["check"]):
        sys.stderr.write("usage: python -m tools.catalogues [check]\n")
        return 2
    if not sys.argv[1:]:
        extract.update_catalogues()
        formats.write_formats()
    compile_catalogues(ROOT)
    mistakes = [*check.find_mistakes(), *formats.find_mistakes()]
    for mistake in mistakes:
        sys.stderr.write(f"{mistake}\n")
    for draft in check.list_drafts():
        sys.stdout.write(f"{draft}: a draft, which is not built\n")
    return int(bool(mistakes))


if __name__ == "__main__":
    sys.exit(main())
