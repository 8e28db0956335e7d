"""The child process in which plyer shows one notification: `python -m unplugd.notify.plyer_child`, the words on stdin as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings


class ShowError(Exception):
    """plyer's way of showing failed, in words of our own."""


def main() -> int:
    """Show what stdin says; exit 1 with one line where plyer is known not to show anything."""
    words = json.load(sys.stdin)
    if os.path.isdir("/app"):
        # plyer takes that for Flatpak and builds a command line by joining quotes: not with foreign strings.
        print("plyer cannot be used where there is a folder /app")  # noqa: T201 - how a child answers
        return 1
    warnings.simplefilter("ignore")
    # plyer calls notify-send and ignores its exit status: a reminder that nobody sees has to be a failure.
    subprocess.call = _checked  # type: ignore[assignment] # only as plyer calls it
    try:
        from plyer import notification  # noqa: PLC0415 - whatever is wrong with it is answered below

        notification.notify(title=words["title"], message=words["message"], app_name="unplugd")
    except Exception as error:  # noqa: BLE001 - plyer's back ends raise anything
        # Not the error's own text: it may name a path, and so the user.
        known = str(error) if isinstance(error, ShowError) else type(error).__name__
        none = isinstance(error, NotImplementedError)
        print("plyer has no way to notify here" if none else f"plyer: {known}")  # noqa: T201 - likewise
        return 1
    return 0


def _checked(command: list[str], **_options: object) -> int:
    # The words come before the options there: "--" is not possible, so they must not look like options.
    if any(word.startswith("-") for word in command[1:3]):
        raise ShowError("the words look like an option")
    # Its output is left out: it may name paths.
    if subprocess.run(command, check=False, capture_output=True, timeout=15).returncode:
        raise ShowError(f"{os.path.basename(command[0])} failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
