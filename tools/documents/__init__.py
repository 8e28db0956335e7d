"""Generate what is in `share`.

The man page and the completions of three shells come from the grammar of the command line, the desktop entry and the
icons from `unplugd_service`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tools.documents import bash, fish, grammar, manual, zsh
from unplugd_service.desktop_entry import render_entry
from unplugd_service.icon import ICON, SYMBOLIC_ICON

SHARE: Final = Path(__file__).parents[2] / "share"


def make_documents() -> dict[str, str]:
    """Return the text of each file by its path in `share`."""
    root = grammar.read_commands()
    return {
        "man/man1/unplugd.1": manual.make_page(root),
        "bash-completion/completions/unplugd": bash.make_script(root),
        "zsh/site-functions/_unplugd": zsh.make_script(root),
        "fish/vendor_completions.d/unplugd.fish": fish.make_script(root),
        "applications/unplugd.desktop": render_entry(("unplugd", "run")),
        "icons/hicolor/scalable/apps/unplugd.svg": ICON.read_text(encoding="utf-8"),
        "icons/hicolor/symbolic/apps/unplugd-symbolic.svg": SYMBOLIC_ICON.read_text(encoding="utf-8"),
    }
