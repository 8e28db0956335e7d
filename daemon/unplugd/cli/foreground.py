"""Running the daemon in the foreground: code shared by `unplugd run` and `unplugd demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unplugd.errors import Failure
from unplugd.journal import sentences
from unplugd.rules.events import get_fields

if TYPE_CHECKING:
    from unplugd.rules.model import Record


def describe_record(record: Record) -> str:
    """Return an event of the daemon as a sentence."""
    device = record.device
    about = {"device": device.port, "name": device.name} if device else {}
    return sentences.describe({"event": record.name, **about, **get_fields(record.event)})


def explain_start_failure(error: OSError) -> Failure:
    """Return why the daemon cannot start, with a hint."""
    return Failure(f"cannot start: {error.strerror or error}", "unplugd doctor")
