"""Tests on real parts: buses, notification servers, processes, service managers, browsers."""
