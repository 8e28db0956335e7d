"""`unplugd log`: shows events of the journal in the requested format."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from unplugd import plurals
from unplugd.cli.log_filter import EventFilter
from unplugd.cli.log_formats import make_format
from unplugd.cli.pager import open_output
from unplugd.cli.terminal import START_HINT, say
from unplugd.errors import Failure
from unplugd.journal import sources, streams
from unplugd.journal.files import list_archived, list_files
from unplugd.review.notes import describe_notes

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from unplugd.cli.log_formats import Format
    from unplugd.paths import Paths


def log(arguments: argparse.Namespace, where: Paths) -> int:
    """Print the journal."""
    if arguments.bom and arguments.format != "csv":
        raise Failure("--bom is only for tables", "unplugd log --format csv --bom > log.csv")
    chosen = EventFilter(arguments)
    notes: Counter[str] = Counter()
    follower = None
    if arguments.follow:
        from unplugd.cli.log_follow import Follower  # noqa: PLC0415 - only for --follow

        # Open the files before reading the old events, so that no event in between is missed.
        follower = Follower(sources.find_current_files(arguments.file, where.journal), notes)
    if (
        not arguments.file
        and not follower
        and not (list_files(where.journal) or list_archived(where.journal))
    ):
        raise Failure("there is no journal yet", START_HINT)
    if arguments.last is not None and arguments.last < 0:
        raise Failure("--last cannot be negative", "unplugd log --last 20")
    try:
        found = sources.find_sources(arguments.file, where.journal, notes, say)
    except Failure as failure:
        if not follower:
            raise
        say(f"unplugd: {failure}")
        found = []
    if follower:
        found = follower.limit(found)
    if arguments.last is None:
        hosts, batches = streams.read_merged(found, notes, say, chosen.since)
    else:
        hosts, batches = streams.read_last(found, notes, say, chosen.select, arguments.last, chosen.since)
    with open_output(page=not follower) as output:
        shown = make_format(arguments.format, output, hosts, bom=arguments.bom)
        for batch in batches:
            shown.write(batch if arguments.last is not None else chosen.select(batch))
        if follower:
            output.flush()
            for batch in follower.follow():
                shown.write(chosen.select(batch))
                output.flush()
    say_remarks(shown, chosen, notes)
    return 0


def say_remarks(shown: Format, chosen: EventFilter, notes: Counter[str]) -> None:
    """Print what was left out, and what was wrong with the journal."""
    if not shown.count:
        skipped = chosen.checkpoints_skipped
        if skipped:
            checkpoints = plurals.pluralize(skipped, "checkpoint", "checkpoints")
            say(f"No events but {checkpoints}; to see checkpoints: unplugd log --event checkpoint")
        else:
            say("No such events.")
    say_notes(notes)


def say_notes(notes: Mapping[str, int]) -> None:
    """Print what was unusual in the journal."""
    # Unreadable files have been reported already.
    for sentence in describe_notes({key: count for key, count in notes.items() if key != "unreadable_file"}):
        say(f"unplugd: {sentence}")
