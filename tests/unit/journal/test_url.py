"""Addresses of journals as they are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unplugd.journal.url import Url

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/@:?#"), min_size=1)
PASSWORDS = st.from_regex(r"(?![0-9]+/)[!-\"$->@-~]*Secret", fullmatch=True)
"""Not such as look like a port."""


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("s3://bucket/events.jsonl", "s3://bucket/events.jsonl"),
        ("sftp://ann@host:22/srv/events.jsonl", "sftp://host:22/srv/events.jsonl"),
        ("sftp://host:22/srv/a@b/events.jsonl", "sftp://host:22/srv/a@b/events.jsonl"),
        ("http://ann:p/w@host/x", "http://host/x"),
        ("http://ann:p@w@host/x", "http://host/x"),
        ("http://ann:@/w@host/x", "http://host/x"),
        ("https://host/x?X-Amz-Signature=1#y", "https://host/x"),
        ("zip://a.jsonl::http://ann:pw@host/x", "zip://host/x"),
    ],
)
def test_it_is_shown_without_secrets(address: str, shown: str) -> None:
    """Neither the name and the password nor the query is seen; where it is stays."""
    assert str(Url(address)) == shown


@given(NAMES, PASSWORDS)
def test_no_password_is_shown(name: str, password: str) -> None:
    """However it is written, as long as it does not look like a port."""
    assert "Secret" not in str(Url(f"sftp://{name}:{password}@host/x?key=Secret"))
