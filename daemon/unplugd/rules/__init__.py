"""The rules: when to remind. Pure: no clock, no input or output."""
