"""Where commands reach the daemon: a Unix socket, on Windows a named pipe."""

import sys

if sys.platform == "win32":
    from unplugd.watch.control_pipe import Control
else:
    from unplugd.watch.control_socket import Control

__all__ = ["Control"]
