"""The pictures of the README can be taken at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.rig.desktops import KINDS
from tests.rig.pictures import DESKTOPS, PICTURES, take_pictures
from tests.rig.tools import need, need_umockdev

if TYPE_CHECKING:
    from pathlib import Path


def test_the_pictures_can_be_taken_again(tmp_path: Path) -> None:
    """Each that is kept, and no other, is what the page and the reminder on each installed desktop look like now."""
    need("chromium", "Xvfb", "xdotool")
    need_umockdev()
    missing = [name for name in DESKTOPS if KINDS[name].missing]
    take_pictures(tmp_path, [name for name in DESKTOPS if name not in missing])
    taken = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    kept = {file.name for file in PICTURES.iterdir()}
    assert taken.keys() == kept - {f"reminder-{name}.webp" for name in missing}
    assert all(picture[:4] == b"RIFF" and picture[8:12] == b"WEBP" for picture in taken.values())
    assert min(map(len, taken.values())) > 2000
