"""The applet, built by the real osacompile and signed by the real codesign, in a folder of its own."""

from __future__ import annotations

import plistlib
import subprocess
from pathlib import Path

import pytest

from unplugd_service.applet import IDENTIFIER, Applet
from unplugd_service.system import RealSystem, run

ATTRIBUTE = ("com.apple.FinderInfo", f"{'00' * 8}0400{'00' * 22}")
"""The flag of an own icon; macOS does not keep one without any."""


@pytest.fixture
def applet(tmp_path: Path) -> Applet:
    """Return the applet of somebody with an empty home folder."""
    return Applet(tmp_path)


def install(applet: Applet) -> str:
    """Build it, and return what is said."""
    return applet.install(RealSystem(lambda _line: None))


def test_it_is_built_and_signed(applet: Applet) -> None:
    """Under its own name and identifier; once more, and it is kept."""
    assert "could not be set up" not in install(applet)
    info = plistlib.loads((applet.path / "Contents/Info.plist").read_bytes())
    assert (info["CFBundleIdentifier"], info["CFBundleName"], info["LSUIElement"]) == (
        IDENTIFIER,
        "unplugd",
        True,
    )
    assert run("codesign", "--verify", str(applet.path)).code == 0
    shown = run("codesign", "-dvv", str(applet.path)).err
    assert f"Identifier={IDENTIFIER}\n" in shown
    assert "Signature=adhoc\n" in shown
    before = applet.path.stat().st_ino
    install(applet)
    assert applet.path.stat().st_ino == before
    assert applet.uninstall(RealSystem(lambda _line: None))
    assert not applet.path.exists()


def test_xattr_takes_away_what_codesign_refuses(applet: Applet) -> None:
    """What the Finder or a cloud folder attaches."""
    install(applet)
    subprocess.run(["xattr", "-wx", *ATTRIBUTE, applet.path], check=True)
    assert run("codesign", "--force", "--deep", "-s", "-", str(applet.path)).code != 0
    assert run("xattr", "-cr", str(applet.path)).code == 0
    assert run("codesign", "--force", "--deep", "-s", "-", str(applet.path)).code == 0


def test_one_that_was_changed_is_built_anew(applet: Applet) -> None:
    """Its signature is broken, and macOS would not start it."""
    install(applet)
    script = next(Path(applet.path).rglob("main.scpt"))
    script.write_bytes(script.read_bytes() + b"\0")
    assert run("codesign", "--verify", str(applet.path)).code != 0
    install(applet)
    assert run("codesign", "--verify", str(applet.path)).code == 0
