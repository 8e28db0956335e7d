"""From the events of journals to periods, uses and reminders, and to the figures of a report."""
