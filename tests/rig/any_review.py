"""Any review, for hypothesis."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from unplugd.review.figures import ABSENCES
from unplugd.review.model import Absence, HeldBack, Period, Reminder, Review, Snooze, Use, Watched

BERLIN = ZoneInfo("Europe/Berlin")
STICK = ("0a21:8001", "CareLink USB")


@st.composite
def periods(draw: st.DrawFn) -> Period:
    """Return any period."""
    edges = sorted(draw(st.lists(st.integers(0, 2 * 10**8), min_size=2, max_size=6)))
    moments = [1.79e9 + edge / 1000 for edge in edges]
    inner = moments[1:-1]
    pairs = list(zip(inner[::2], inner[1::2], strict=False))
    uses = tuple(Use(began, ended, "x", "") for began, ended in pairs)
    reminders = tuple(
        Reminder(at, 1, "normal", "desktop", draw(st.sampled_from(["unplugged", "", "odd"]))) for at in inner
    )
    return Period(
        draw(st.sampled_from(["anna", "bert", ""])),
        draw(st.sampled_from(["1-1", "1-2"])),
        draw(st.sampled_from(["0a21:8001", "1a79:6210", "nonsense"])),
        draw(st.sampled_from(["CareLink USB", "my own"])),
        moments[0],
        moments[-1],
        draw(st.sampled_from(["unplugged", "unseen", "cut", "open"])),
        uses,
        reminders,
        tuple(Snooze(began, ended) for began, ended in pairs[:1]),
        draw(st.sampled_from([(), ("thermometer",)])),
        tuple(HeldBack(began, ended, draw(st.sampled_from(["my own", ""]))) for began, ended in pairs),
        tuple(Absence(began, ended, draw(st.sampled_from(ABSENCES))) for began, ended in pairs),
    )


@st.composite
def reviews(draw: st.DrawFn) -> Review:
    """Return any review."""
    watched = [Watched(one.host, one.began, one.ended) for one in draw(st.lists(periods(), max_size=3))]
    return Review(tuple(draw(st.lists(periods(), max_size=4))), tuple(watched))


MOMENTS = st.integers(-10_000, 21 * 10**7).map(lambda edge: 1.79e9 + edge / 1000)
ZONES = st.sampled_from([UTC, BERLIN, ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/St_Johns")])
