"""Simulated applications: osacompile builds them, xattr cleans them, codesign signs them, open starts them.

osascript runs a script alone.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import plistlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rig.mac import applescript
from tests.rig.mac.state import here

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rig.mac.state import State

SCRIPT = "Contents/Resources/Scripts/main.scpt"
SIGNATURE = "Contents/_CodeSignature/CodeResources"
ATTRIBUTES = "Contents/._applet"
"""Where a file system without extended attributes keeps what the Finder has attached."""
INFO = {
    "CFBundleExecutable": "applet",
    "CFBundlePackageType": "APPL",
    "CFBundleName": "unplugd",
    "LSMinimumSystemVersionByArchitecture": {"x86_64": "10.6"},
    "NSAppleEventsUsageDescription": "This script needs to control other applications to run.",
}


def osacompile(arguments: list[str]) -> int:
    """Do what `osacompile -o X.app SCRIPT` does."""
    state = here()
    order = state.called("osacompile", arguments)
    match arguments:
        case ["-o", out, source] if out.endswith(".app"):
            bundle = Path(out)
        case _:
            state.refuse(f"osacompile {' '.join(arguments)}")
    if order not in (None, "finder information"):
        return _failed(f"osacompile: couldn't write {out}", int(order))
    text = Path(source).read_text()
    try:
        applescript.parse(text)
    except applescript.SyntaxTrouble as trouble:
        return _failed(f"{source}: error: {trouble} (-2741)", 1)
    if not bundle.parent.is_dir() or bundle.exists():
        return _failed(f"osacompile: can't write {out}", 1)
    for name in ("Contents/MacOS", "Contents/Resources/Scripts"):
        (bundle / name).mkdir(parents=True)
    (bundle / SCRIPT).write_text(text)
    (bundle / "Contents/MacOS/applet").write_bytes(b"\xcf\xfa\xed\xfe")
    (bundle / "Contents/Info.plist").write_bytes(plistlib.dumps(INFO))
    if order is not None:
        (bundle / ATTRIBUTES).touch()
    _sign(bundle)
    return 0


def xattr(arguments: list[str]) -> int:
    """Do what `xattr -cr X.app` does, which removes every extended attribute, and `xattr -lr X.app`, which lists them."""
    state = here()
    order = state.called("xattr", arguments)
    match arguments:
        case ["-cr" | "-lr", path]:
            bundle = Path(path)
        case _:
            state.refuse(f"xattr {' '.join(arguments)}")
    if order is not None:
        return _failed(f"xattr: [Errno 1] Operation not permitted: '{path}'", int(order))
    if not bundle.exists():
        return _failed(f"xattr: No such file: {path}", 1)
    if arguments[0] == "-lr":
        print(f"{path}/Contents: com.apple.provenance: \n00000000  01 02 00 0F 3A    |....:|\n00000005")
    else:
        (bundle / ATTRIBUTES).unlink(missing_ok=True)
    return 0


def codesign(arguments: list[str]) -> int:
    """Do what `codesign --force --deep -s - X.app`, `codesign --verify X.app` and `codesign -dvv X.app` do."""
    state = here()
    order = state.called("codesign", arguments)
    match arguments:
        case ["--force", "--deep", "-s", "-", path] | ["--verify" | "-dvv", path]:
            bundle = Path(path)
        case _:
            state.refuse(f"codesign {' '.join(arguments)}")
    if order is not None or (arguments[0] == "--force" and (bundle / ATTRIBUTES).exists()):
        detritus = "resource fork, Finder information, or similar detritus not allowed"
        return _failed(f"{path}: {detritus}", int(order or 1))
    if not _executable(bundle):
        return _failed(f"{path}: bundle format unrecognized, invalid, or unsuitable", 1)
    if arguments[0] == "-dvv":
        info = plistlib.loads((bundle / "Contents/Info.plist").read_bytes())
        lines = (
            f"Executable={bundle}/Contents/MacOS/applet",
            f"Identifier={info.get('CFBundleIdentifier', 'applet')}",
            "Format=app bundle with Mach-O universal (x86_64 arm64)",
            "CodeDirectory v=20400 size=552 flags=0x2(adhoc) hashes=6+7 location=embedded",
            "Signature=adhoc",
            f"Info.plist entries={len(info)}",
            "TeamIdentifier=not set",
            "Sealed Resources version=2 rules=13 files=4",
        )
        return _failed("\n".join(lines), 0)
    if arguments[0] == "--verify":
        good = _is_signed(bundle)
        return 0 if good else _failed(f"{path}: a sealed resource is missing or invalid", 1)
    _sign(bundle)
    return _failed(f"{path}: replacing existing signature", 0)


def start(arguments: list[str]) -> int:
    """Do what `open -g -a X.app` does: have the applet's script run later, or `at once`."""
    state = here()
    order = state.called("open", arguments)
    match arguments:
        case ["-g", "-a", path] if path.startswith("/"):
            bundle = Path(path)
        case _:
            state.refuse(f"open {' '.join(arguments)}")
    if order == "nothing":
        # The applet starts, and hangs.
        return 0
    if order not in (None, "at once"):
        return _failed(
            f"The application {path} cannot be opened for an unexpected reason, error=-600", int(order)
        )
    if not _executable(bundle) or not _is_signed(bundle):
        return _failed(f"Unable to find application named '{path}'", 1)
    info = plistlib.loads((bundle / "Contents/Info.plist").read_bytes())
    if not info.get("LSUIElement"):
        state.refuse("an applet with a place in the Dock")
    script = (bundle / SCRIPT).read_text()
    if order is None:
        _detach(state)
    return _run(script, [], lambda title, text: state.show(info["CFBundleName"], title, text))


def osascript(arguments: list[str]) -> int:
    """Do what `osascript -e LINE … ARGUMENT …` does."""
    state = here()
    order = state.called("osascript", arguments)
    lines, rest = [], list(arguments)
    while rest[:1] == ["-e"] and len(rest) > 1:
        lines.append(rest[1])
        del rest[:2]
    if not lines or (rest and rest[0].startswith("-")):
        state.refuse(f"osascript {' '.join(arguments)}")
    if order is not None:
        return _failed("execution error: an error of type -10810 has occurred. (-10810)", int(order))
    return _run("\n".join(lines), rest, lambda title, text: state.show("Script Editor", title, text))


def _run(script: str, arguments: list[str], show: Callable[[str, str], None]) -> int:
    try:
        applescript.Run(show, arguments).block(applescript.parse(script))
    except applescript.SyntaxTrouble as trouble:
        here().refuse(f"a script: {trouble}")
    except applescript.ScriptError as error:
        return _failed(f"execution error: {error}", 1)
    return 0


def _detach(state: State) -> None:
    """Let whoever started this go on, and be the applet."""
    state.applets.mkdir(exist_ok=True)
    mark = state.applets / str(os.getpid())
    mark.touch()
    if os.fork():
        sys.exit(0)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nothing, descriptor)
    atexit.register(mark.unlink)


def _executable(bundle: Path) -> bool:
    try:
        info = plistlib.loads((bundle / "Contents/Info.plist").read_bytes())
    except (OSError, ValueError):
        return False
    return "CFBundleExecutable" in info and (bundle / "Contents/MacOS" / info["CFBundleExecutable"]).is_file()


def _sign(bundle: Path) -> None:
    (bundle / SIGNATURE).parent.mkdir(exist_ok=True)
    (bundle / SIGNATURE).write_text(_digest(bundle))


def _is_signed(bundle: Path) -> bool:
    return (bundle / SIGNATURE).is_file() and (bundle / SIGNATURE).read_text() == _digest(bundle)


def _digest(bundle: Path) -> str:
    files = [bundle / name for name in ("Contents/Info.plist", "Contents/MacOS/applet", SCRIPT)]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _failed(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code
