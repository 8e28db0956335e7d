"""Renders a report as an HTML page."""
