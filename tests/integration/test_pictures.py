"""The pictures of the README can be taken at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.rig.pictures import PICTURES, take_pictures
from tests.rig.tools import need, need_umockdev

if TYPE_CHECKING:
    from pathlib import Path


def test_the_pictures_can_be_taken_again(tmp_path: Path) -> None:
    """Each that is kept, and no other, is what the program and the page look like now."""
    need("chromium", "dunst", "Xvfb", "scrot", "xdotool")
    need_umockdev()
    take_pictures(tmp_path)
    taken = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert taken.keys() == {file.name for file in PICTURES.iterdir()}
    assert all(picture[:4] == b"RIFF" and picture[8:12] == b"WEBP" for picture in taken.values())
    assert min(map(len, taken.values())) > 2000
