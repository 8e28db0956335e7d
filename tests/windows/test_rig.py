"""What the other tests take for granted of Windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.rig.wine import Windows


def test_what_is_installed_there_is_the_checkout(windows: Windows, person: dict[str, str]) -> None:
    """Windows' own Python runs the wheel of this checkout, with the folders of the person that a test makes up."""
    code = "import os, sys, unplugd; print(sys.platform, unplugd.__file__, os.environ['APPDATA'])"

    done = windows.run("-c", code, environment=person)

    assert not done.stderr
    platform, module, folder = done.stdout.split()
    assert platform == "win32"
    assert module.endswith(r"\python\Lib\site-packages\unplugd\__init__.py")
    assert folder.endswith(r"\person\AppData\Roaming")
