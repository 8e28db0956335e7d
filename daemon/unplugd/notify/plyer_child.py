"""The child process in which plyer shows one notification; the message comes as JSON on stdin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings


class ShowError(Exception):
    """plyer could not show the notification; the message is our own and names no path."""


def main() -> int:
    """Show the message on stdin; return 1 after printing one line with the error if plyer cannot show it."""
    message = json.load(sys.stdin)
    if os.path.isdir("/app"):
        # plyer takes that for Flatpak and builds a shell command from the message, which is untrusted.
        print("plyer cannot be used where there is a folder /app")  # noqa: T201 - how a child answers
        return 1
    warnings.simplefilter("ignore")
    # plyer ignores the exit status of notify-send, but a reminder that nobody sees must be an error.
    subprocess.call = _run_and_check  # type: ignore[assignment] # only as plyer calls it
    try:
        from plyer import notification  # noqa: PLC0415 - whatever is wrong with it is answered below

        notification.notify(title=message["title"], message=message["message"], app_name="unplugd")
    except Exception as error:  # noqa: BLE001 - plyer's back ends raise anything
        # Not the text of other errors: it may name a path, and with it the user.
        reason = str(error) if isinstance(error, ShowError) else type(error).__name__
        unsupported = isinstance(error, NotImplementedError)
        print("plyer has no way to notify here" if unsupported else f"plyer: {reason}")  # noqa: T201 - how a child answers
        return 1
    return 0


def _run_and_check(command: list[str], **_options: object) -> int:
    # plyer puts the message before the options, where no "--" can protect it: it must not look like one.
    if any(word.startswith("-") for word in command[1:3]):
        raise ShowError("the words look like an option")
    # Its output is discarded: it may name a path.
    if subprocess.run(command, check=False, capture_output=True, timeout=15).returncode:
        raise ShowError(f"{os.path.basename(command[0])} failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
