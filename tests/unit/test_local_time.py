"""The daemon runs for weeks: the time zone may change meanwhile."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from unplugd import local_time

if TYPE_CHECKING:
    from datetime import tzinfo


def test_now_is_in_the_zone_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to tell Python that the time zone was changed."""
    assert local_time.read_now().utcoffset() == timedelta(0)
    monkeypatch.setenv("TZ", "JST-9")
    assert local_time.read_now().utcoffset() == timedelta(hours=9)


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Europe/Berlin"), None])
@pytest.mark.parametrize("seconds", [-62e9, -1e9, -0.5, 0.0, 1.5, 1_790_000_000.123, 30e9, 200e9])
def test_every_moment_has_a_local_time(zone: tzinfo | None, seconds: float) -> None:
    """Before 1970, too, as of a clock that was never set; there and back it is the same."""
    moment = local_time.to_datetime(seconds, zone)
    assert moment.tzinfo == zone
    assert local_time.to_seconds(moment.replace(tzinfo=None), zone) == pytest.approx(seconds, abs=1e-3)
    assert moment.replace(tzinfo=UTC).timestamp() == pytest.approx(seconds, abs=15 * 3600)
