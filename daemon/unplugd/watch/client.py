"""Asks the running daemon, whatever the shell's environment is.

The lock beside the journal says where the daemon's socket is. If that socket is gone, or the file could not be locked,
the daemon also listens at a name (see `named_socket`). The socket in this shell's runtime folder comes last: it may
belong to the daemon of another journal. Only a process of the same user is asked.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from unplugd import account
from unplugd.errors import Failure
from unplugd.watch.lock import find_holder
from unplugd.watch.protocol import CLIENT_TIMEOUT_SECONDS, ForeignError, NobodyError

if sys.platform == "win32":
    from unplugd.watch.pipe_client import (
        SAME_USER_HINT,
        exchange,
        explain_denial,
        explain_foreigner,
        list_addresses,
    )
else:
    from unplugd.watch.socket_client import (
        SAME_USER_HINT,
        exchange,
        explain_denial,
        explain_foreigner,
        list_addresses,
    )

if TYPE_CHECKING:
    from unplugd.paths import Paths
    from unplugd.watch.lock import Holder

TIMEOUT_SECONDS: Final = CLIENT_TIMEOUT_SECONDS + 3


class NotRunningError(Exception):
    """No daemon is running. `remark` is what else is wrong, as the end of a sentence, with its `hint`; usually ""."""

    def __init__(self, remark: str = "", hint: str = "") -> None:
        super().__init__(f"unplugd is not running{remark}")
        self.remark = remark
        self.hint = hint


class NoAnswerError(Failure):
    """A daemon is running but does not answer in time, or not with a JSON object."""

    def __init__(self, process: str = "") -> None:
        which = f" (process {process})" if process else ""
        super().__init__("the daemon is running but not responding", f"stop it{which} and start it again")


def ask(where: Paths, request: dict[str, Any]) -> dict[str, Any]:
    """Send a request to the running daemon and return its answer; raises NotRunningError or Failure."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    line = json.dumps(request).encode() + b"\n"
    remark = hint = ""
    holder: Holder | None = None
    try:
        holder = find_holder(where.lock)
    except PermissionError:
        remark, hint = explain_denial(where.lock)
    except OSError:
        # The file cannot be locked, so the daemon has only its name.
        pass
    for address in list_addresses(where, holder.address if holder else ""):
        try:
            return _parse(exchange(address, line, deadline))
        except NobodyError:
            continue
        except ForeignError:
            if not address.startswith("\0"):
                remark, hint = explain_foreigner(address)
        except PermissionError:
            if not remark:
                remark, hint = explain_denial(where.control)
        except (OSError, ValueError, RecursionError):
            raise NoAnswerError(holder.process if holder else "") from None
    if holder and holder.user != account.find_user():
        process = f" (process {holder.process})" if holder.process else ""
        raise Failure(f"the unplugd that is running{process} belongs to another user", SAME_USER_HINT)
    if holder:
        raise NoAnswerError(holder.process)
    raise NotRunningError(remark, hint)


def _parse(line: bytes) -> dict[str, Any]:
    answer = json.loads(line)
    return answer if isinstance(answer, dict) else {}
