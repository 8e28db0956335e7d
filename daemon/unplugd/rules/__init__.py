"""The rules that decide when to remind. Pure: no clock, no I/O."""
