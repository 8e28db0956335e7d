"""What of the unit tests cannot be on Windows, each with the reason; `make test-windows` names them."""

from __future__ import annotations

from typing import Final

import pytest

FILES: Final = {
    "platforms/linux": "it asks Linux's kernel, buses and desktops",
    "service/test_systemd.py": "systemd is Linux's",
    "service/test_unit_file.py": "systemd is Linux's",
    "service/test_identity.py": "entries among the applications are Linux's",
    "service/test_launchd.py": "launchd is macOS's",
    "service/test_program.py": "it is about the paths of other systems",
    "service/test_system.py": "it is about file modes, systemd and launchd",
    "cli/test_others_home.py": "only root on other systems can write into somebody else's home",
    "cli/test_doctor_questions.py": "it uses the platform of systems that have none of their own",
    "cli/test_slow_delivery.py": "it slows down the platform of Linux",
    "cli/test_terminal.py": "it needs a terminal whose other end a test can hold",
    "languages/test_catalogues.py": "it is about building the package",
    "notify/test_channels.py": "it needs a terminal whose other end a test can hold",
    "notify/test_notifier.py": "it compares the channels of Linux and macOS",
    "watch/test_client.py": "Python has no Unix sockets there; tests/windows has the pipe",
    "watch/test_control.py": "Python has no Unix sockets there; tests/windows has the pipe",
    "watch/test_lock.py": "it is about flock(2); tests/windows has the mutex",
    "watch/test_sd_notify.py": "systemd is Linux's",
    "test_documents.py": "it is about building the package",
    "test_guard.py": "there are other ways to start a process",
    "test_private_folder.py": "file modes and owners mean nothing there",
    "test_shipped.py": "it is about building the package",
    "test_workflows.py": "it is about building the package",
}
"""Files and folders of tests/unit that are left out as a whole."""

FIXTURES: Final = {
    "answering": "Python has no Unix sockets there; tests/windows has the pipe",
    "schema": "jsonschema's own library does not load in Wine",
    "no_account": "every account has an entry",
}
"""What tests need that are left out."""
SLOW = pytest.mark.not_on_windows("under Wine it takes minutes, and nothing in it depends on the system")
