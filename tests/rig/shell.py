"""Shells in which a person types and presses Tab: bash and zsh on a terminal, fish by its own question."""

from __future__ import annotations

import os
import re
import select
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.rig.tools import need
from tests.rig.wait import GIVE_UP

if TYPE_CHECKING:
    from collections.abc import Callable

SHARE: Final = Path(__file__).parents[2] / "share"
PROMPT: Final = "ready> "
ALL, SHOW, DISCARD = "\x18a", "\x18s", "\x05\x15"
"""Keys: put every completion into the line; print the line between marks; discard the line."""

BASH: Final = f"""
PS1='{PROMPT}'
bind '"\\C-xa": insert-completions'
bind -x '"\\C-xs": printf "<<%s>>" "$READLINE_LINE"'
source '{SHARE}/bash-completion/completions/unplugd'
"""
ZSH: Final = f"""
PS1='{PROMPT}'
fpath=('{SHARE}/zsh/site-functions' $fpath)
autoload -Uz compinit && compinit -u -D
zle -C all-matches complete-word _generic
zstyle ':completion:all-matches::::' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert yes
show() {{ print -rn -- "<<$BUFFER>>" }}
zle -N show
bindkey '^Xa' all-matches '^Xs' show '^U' kill-whole-line
"""


class Typed:
    """An interactive shell on a terminal of its own."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._master, slave = os.openpty()
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "TERM": "dumb", "LC_ALL": "C.UTF-8", "HOME": str(folder.parent)},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self._read_until(re.escape(PROMPT))

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def completed(self, line: str) -> set[str]:
        """Return every word that Tab offers for the last word of the line."""
        os.write(self._master, (line + ALL + SHOW).encode())
        after = self._read_until("<<(.*)>>")
        os.write(self._master, DISCARD.encode())
        kept = re.sub(r"(?:\\ |\S)*$", "", line)
        assert after.startswith(kept), after
        return set(shlex.split(after.removeprefix(kept)))

    def _read_until(self, pattern: str) -> str:
        seen, patience = "", time.monotonic() + GIVE_UP
        while not (found := re.search(pattern, seen, re.DOTALL)):
            ready, _, _ = select.select([self._master], [], [], max(0, patience - time.monotonic()))
            assert ready, f"no {pattern} in {seen!r}"
            seen += os.read(self._master, 4096).decode(errors="replace")
        return found[found.re.groups]


class Fish:
    """fish, which finds completions in the data folders and says what it would offer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {
            # It asks for the completions only of what is installed.
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder.parent),
            "XDG_DATA_DIRS": str(SHARE),
            "LC_ALL": "C.UTF-8",
        }

    def close(self) -> None:
        """Do nothing: it runs for one question only."""

    def completed(self, line: str) -> set[str]:
        """Return every word that Tab offers for the last word of the line."""
        asked = ["fish", "-c", 'complete -C "$argv"', line]
        done = subprocess.run(
            asked, cwd=self._folder, env=self._environment, capture_output=True, text=True, check=True
        )
        assert not done.stderr
        return {offer.partition("\t")[0] for offer in done.stdout.splitlines()}


def bash(folder: Path) -> Typed:
    """Return bash in a folder; its own files are in the one above, as with the others."""
    need("bash")
    rc = folder.parent / ".bashrc"
    rc.write_text(BASH)
    return Typed(["bash", "--noprofile", "--rcfile", str(rc), "-i"], folder)


def zsh(folder: Path) -> Typed:
    """Return zsh in a folder."""
    need("zsh")
    (folder.parent / ".zshrc").write_text(ZSH)
    return Typed(["zsh", "-d", "-i"], folder)


def fish(folder: Path) -> Fish:
    """Return fish in a folder."""
    need("fish")
    return Fish(folder)


SHELLS: Final[dict[str, Callable[[Path], Typed | Fish]]] = {"bash": bash, "zsh": zsh, "fish": fish}
