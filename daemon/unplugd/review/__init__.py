"""Turns the events of journals into periods, uses and reminders, and these into the figures of a report."""
