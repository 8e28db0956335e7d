"""Generate the man page and the completions of three shells from the grammar of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tools.documents import bash, fish, grammar, manual, zsh

SHARE: Final = Path(__file__).parents[2] / "share"


def make_documents() -> dict[str, str]:
    """Return the text of each file by its path in `share`."""
    root = grammar.read_commands()
    return {
        "man/man1/unplugd.1": manual.make_page(root),
        "bash-completion/completions/unplugd": bash.make_script(root),
        "zsh/site-functions/_unplugd": zsh.make_script(root),
        "fish/vendor_completions.d/unplugd.fish": fish.make_script(root),
    }
