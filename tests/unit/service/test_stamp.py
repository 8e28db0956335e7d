"""The line by which a service file is known as ours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unplugd_service import stamp


@given(st.text(), st.from_regex(r"[0-9a-z.+]+", fullmatch=True))
def test_a_stamp_knows_its_file(rest: str, version: str) -> None:
    """Whatever stands in the file: as written it is intact, with one more letter it is not."""
    text = f"# {stamp.format_line(rest, version)}\n{rest}"
    assert stamp.read_stamp(text) == stamp.Stamp(version, intact=True)
    assert stamp.read_stamp(f"{text}x") == stamp.Stamp(version, intact=False)


@given(st.text())
def test_other_files_have_no_stamp(text: str) -> None:
    """Somebody else's file is never taken for ours."""
    assert stamp.read_stamp(text) is None
