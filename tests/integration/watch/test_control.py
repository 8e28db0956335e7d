"""The control socket does not answer another user."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.rig.turning import turn_until
from tests.unit.watch.test_control import Rig

if TYPE_CHECKING:
    from pathlib import Path


def test_another_user_is_not_answered(open_folder: Path) -> None:
    """Even if the file mode lets them in: the kernel says who they are."""
    if os.geteuid():
        pytest.skip("needs root to be somebody else")
    rig = Rig(open_folder / "unplugd/control")
    for path in (rig.path, rig.path.parent):
        path.chmod(0o777)
    script = (
        "import socket, os, sys; c = socket.socket(socket.AF_UNIX); os.setresuid(*[65534] * 3)\n"
        "c.connect(sys.argv[1]); c.sendall(b'{}\\n'); c.settimeout(600)\n"
        "try: print(c.recv(100))\n"
        "except ConnectionError: print(b'')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, rig.path], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as other:
        turn_until(rig.clock, lambda: other.poll() is not None, "the other user", rig.control)
        output, errors = other.communicate()
    assert output == b"b''\n", errors
    assert rig.requests == []
    rig.close()
