"""Counts in English words: "1 device", "2 devices". Pure."""

from __future__ import annotations

from unplugd.languages.language import ENGLISH


def pluralize(count: int, singular: str, plural: str) -> str:
    """Return a count with its noun: "1 day", "3 days"."""
    return f"{ENGLISH.formats.group_digits(count)} {singular if count == 1 else plural}"


def choose_sentence(count: int, singular: str, plural: str) -> str:
    """Return the sentence for one thing, or the one for several with "{}" replaced by the count."""
    # Not with format(), because a sentence may contain other braces.
    return singular if count == 1 else plural.replace("{}", ENGLISH.formats.group_digits(count))
