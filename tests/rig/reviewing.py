"""Reviews files in one call: found by their names, planned and read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unplugd.journal.plan import Planner
from unplugd.review.parallel import review_plan

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from unplugd.journal.sources import Source
    from unplugd.review.model import Review


def review_files(
    found: Sequence[Source],
    notes: Counter[str],
    report_error: Callable[[str], None],
    *more: Any,
    **named: Any,
) -> Review:
    """Return the review of the sources, with the other arguments as in `review_plan`."""
    plan = Planner(notes, report_error).plan(found)
    return review_plan(plan, notes, report_error, *more, **named)
