"""What is no regular file is opened neither for reading nor for writing, and never waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from unplugd import regular_file


@pytest.mark.not_on_windows("there are no such files")
@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR | os.O_CREAT | os.O_APPEND, os.O_WRONLY])
def test_pipes_folders_and_devices_are_refused(tmp_path: Path, flags: int) -> None:
    """Each by its kind, also behind a link."""
    pipe, folder, link = (tmp_path / name for name in ("pipe", "folder", "link"))
    os.mkfifo(pipe)
    folder.mkdir()
    link.symlink_to(pipe)
    for path, kind in ((pipe, "pipe"), (link, "pipe"), (folder, "folder"), (Path("/dev/null"), "device")):
        with pytest.raises(OSError, match=f"it is a {kind}, not a file"):
            regular_file.open_file(path, flags)


@pytest.mark.not_on_windows("there are no such files")
def test_a_pipe_that_takes_the_place_of_a_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also between the first check and the opening."""
    path = tmp_path / "file"
    os.mkfifo(path)
    regular = os.stat_result((stat.S_IFREG, *[0] * 9))
    monkeypatch.setattr(Path, "stat", lambda _path: regular)
    with pytest.raises(OSError, match="it is a pipe"):
        regular_file.open_file(path)


@pytest.mark.not_on_windows("file modes and owners mean nothing there")
def test_a_new_file_is_private(tmp_path: Path) -> None:
    """Only the user can read it, whatever the umask."""
    before = os.umask(0)
    try:
        os.close(regular_file.open_file(tmp_path / "new", os.O_WRONLY | os.O_CREAT))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
