"""The daemon runs for weeks: the time zone may change meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from unplugd import local_time

if TYPE_CHECKING:
    import pytest


def test_now_is_in_the_zone_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to tell Python that the time zone was changed."""
    assert local_time.read_now().tzname() == "UTC"
    monkeypatch.setenv("TZ", "JST-9")
    assert local_time.read_now().tzname() == "JST"


def test_now_where_the_zone_cannot_be_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no `tzset`."""
    monkeypatch.delattr(time, "tzset")
    assert local_time.read_now().tzname() == "UTC"
