"""Watches for the USB parts of a MiniMed 600 pump system and reminds people to disconnect them."""

__version__ = "0.2.0"
