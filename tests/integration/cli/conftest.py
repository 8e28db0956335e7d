"""A user who runs commands."""

from __future__ import annotations

from tests.rig.command_line import shell

__all__ = ["shell"]
