"""Upload software that runs without using a device holds reminders back for a limited time. Pure.

The limit counts from the first of its starts that follow one another without a rest as long as the limit itself: a
program that is started again and again holds back no longer than one that stays open.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from unplugd.rules import events
from unplugd.rules.model import Action, Chain, HeldBack, PluggedPeriod, Policy, Record, Running

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unplugd.rules.events import HeldBackEnd


def follow_chain(chain: Chain | None, running: Running | None, now: float, policy: Policy) -> Chain | None:
    """Return the chain of starts after a poll at `now` that saw `running`; None once it has rested long enough."""
    if running is None:
        if chain is None or now >= chain.seen_at + policy.running_counts_for:
            return None
        return replace(chain, is_running=False)
    has_rested = chain is None or running.started >= chain.seen_at + policy.running_counts_for
    since = running.started if chain is None or has_rested else min(chain.since, running.started)
    return Chain(running.program, running.process, since, now)


def find_limit(period: PluggedPeriod, chain: Chain | None, policy: Policy) -> float:
    """Return until when running upload software holds the reminders of a device back, 0 if none does."""
    if chain is None or not chain.is_running or period.is_forgotten:
        return 0.0
    return max(period.idle_since, chain.since) + policy.running_counts_for


def begin(
    period: PluggedPeriod, chain: Chain, now: float, until: float, actions: list[Action]
) -> PluggedPeriod:
    """Record that `chain` holds back a reminder that is due, `until` at the latest."""
    if period.held_back and period.held_back.ended is None:
        return period
    evidence = f"runs as {chain.process}" if chain.process else "runs"
    since = round(chain.since, 3)
    actions.append(Record(events.HeldBack(chain.program, evidence, since), period.device))
    return replace(period, held_back=HeldBack(chain.program, since, now, until))


def end(period: PluggedPeriod, now: float, how: HeldBackEnd, actions: list[Action]) -> PluggedPeriod:
    """Record that nothing holds the reminders of a device back any more, if anything did."""
    held = period.held_back
    if held is None or held.ended is not None:
        return period
    # The computer may have slept since then.
    ended_at = max(held.began, min(now, held.until))
    ended = events.HeldBackEnded(held.program, how, round(ended_at - held.began, 3))
    actions.append(Record(ended, period.device))
    return replace(period, held_back=replace(held, ended=now, how=how))


def restore_chain(periods: Iterable[PluggedPeriod], now: float) -> Chain | None:
    """Return the chain that the periods restored from the journal know of, None if none was.

    A program that still held back, or did so until its time was over, counts as running until now: a restart must not
    grant it more time.
    """
    chains = [
        Chain(
            held.program,
            "",
            held.chain_since,
            now if held.ended is None or held.how == "over" else held.ended,
        )
        for period in periods
        if (held := period.held_back)
    ]
    return max(chains, key=lambda chain: chain.seen_at, default=None)
