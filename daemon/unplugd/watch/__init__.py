"""The running daemon: it polls, lets the rules decide, acts, and waits. The class is in `daemon`."""
