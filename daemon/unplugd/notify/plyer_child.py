"""The child process in which plyer shows one notification; it reads the message as JSON from stdin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings

EXPIRE_SECONDS = 300
"""Seconds after which the notification goes away, since nobody can withdraw it; then the next reminder may be due."""


class ShowError(Exception):
    """plyer could not show the notification; the error text is ours and contains no path."""


def main() -> int:
    """Show the message from stdin; if plyer cannot, print the error on one line and return 1."""
    message = json.load(sys.stdin)
    if os.path.isdir("/app"):
        # plyer takes this for Flatpak and builds a shell command from the message, which is untrusted.
        print("plyer cannot be used if there is a folder /app")  # noqa: T201 - how a child answers
        return 1
    warnings.simplefilter("ignore")
    # plyer ignores the exit status of notify-send, but a reminder that nobody sees must be an error.
    subprocess.call = _run_and_check  # type: ignore[assignment] # only as plyer calls it
    try:
        from plyer import notification  # noqa: PLC0415 - import errors are handled below

        # On Windows, plyer waits that long itself.
        expiry = {"timeout": EXPIRE_SECONDS} if sys.platform == "linux" else {}
        notification.notify(title=message["title"], message=message["message"], app_name="unplugd", **expiry)
    except Exception as error:  # noqa: BLE001 - plyer's back ends can raise anything
        # Leave out the text of other errors: it may contain a path, and so the user's name.
        reason = str(error) if isinstance(error, ShowError) else type(error).__name__
        unsupported = isinstance(error, NotImplementedError)
        print("plyer does not support notifications on this system" if unsupported else f"plyer: {reason}")  # noqa: T201 - how a child answers
        return 1
    return 0


def _run_and_check(command: list[str], **_options: object) -> int:
    # plyer puts the message before the options, where "--" cannot protect it, so it must not look like an option.
    if any(word.startswith("-") for word in command[1:3]):
        raise ShowError("the text looks like an option")
    # plyer always asks notify-send for a notification that stays.
    if "-t" in command[3:-1]:
        command[command.index("-t", 3) + 1] = str(EXPIRE_SECONDS * 1000)
    # Discard its output: it may contain a path.
    if subprocess.run(command, check=False, capture_output=True, timeout=15).returncode:
        raise ShowError(f"{os.path.basename(command[0])} failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
