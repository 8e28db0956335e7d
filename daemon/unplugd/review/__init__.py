"""What journals tell: periods, uses, reminders, and the figures of a report. Pure."""
