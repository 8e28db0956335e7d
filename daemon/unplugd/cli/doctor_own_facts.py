"""Which facts `unplugd doctor --report` finds on one system only."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.cli.doctor_facts import Facts
    from unplugd.cli.doctor_words import Words
    from unplugd.paths import Paths

if sys.platform == "win32":
    from unplugd.cli import doctor_facts_windows

    def list_own_facts(_where: Paths, _words: Words) -> dict[str, Callable[[], Facts]]:
        """Return what finds the facts of each name."""
        return {"desktop": doctor_facts_windows.describe_windows}

else:
    from unplugd.cli import doctor_facts_linux, doctor_facts_macos
    from unplugd.cli.daemon_client import ask_if_running

    def list_own_facts(where: Paths, words: Words) -> dict[str, Callable[[], Facts]]:
        """Return what finds the facts of each name."""
        # Use a variable, since mypy treats sys.platform as a constant.
        system = str(sys.platform)
        if system.startswith("linux"):
            return {"desktop": doctor_facts_linux.describe_desktop}
        if system != "darwin":
            return {}
        return {
            "desktop": doctor_facts_macos.describe_mac,
            "registry": lambda: doctor_facts_macos.describe_registry(where, words),
            "agent": lambda: doctor_facts_macos.describe_agent(words),
            "refusals": lambda: doctor_facts_macos.describe_refusals(words),
            "switch": lambda: doctor_facts_macos.describe_switch(words),
            "log": doctor_facts_macos.describe_log,
            "crash": lambda: _crash(where, words),
        }

    def _crash(where: Paths, words: Words) -> Facts:
        process = ask_if_running(where, "status").get("process")
        if not isinstance(process, int):
            return [("daemon", "not running")]
        # It may have ended since it answered.
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        return doctor_facts_macos.watch_restart(where, words, process)
