"""The running program: look, decide, act, wait. `Daemon` is in `daemon`."""
