"""What is shipped besides the program, written from its grammar: the man page and the completions of three shells."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tools.documents import bash, fish, grammar, manual, zsh

SHARE: Final = Path(__file__).parents[2] / "share"


def written() -> dict[str, str]:
    """Return the text of each file by its place below `share`."""
    whole = grammar.whole()
    return {
        "man/man1/unplugd.1": manual.page(whole),
        "bash-completion/completions/unplugd": bash.script(whole),
        "zsh/site-functions/_unplugd": zsh.script(whole),
        "fish/vendor_completions.d/unplugd.fish": fish.script(whole),
    }
