"""The journal of events: the daemon writes it; people, `unplugd log` and the review read it."""
