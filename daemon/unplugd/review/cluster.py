"""The workers of a Dask cluster as an executor. They read the journals where they are: only names of files are sent.

Importing this module needs the extra "cluster", and takes half a second.
"""

from __future__ import annotations

import contextlib
import logging
import time
import warnings
from typing import TYPE_CHECKING, Any, Final

from distributed import Client, KilledWorker

from unplugd import __version__
from unplugd.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor

CONNECT_SECONDS: Final = 5.0
"""Seconds in which a scheduler must answer at first."""
LOST_SECONDS: Final = 30.0
"""Seconds for which the connection may be lost later."""


def find_version() -> str:
    """Return the version of unplugd; workers are asked for theirs."""
    return __version__


@contextlib.contextmanager
def open_cluster(
    address: str,
) -> Iterator[tuple[Executor, int, Callable[[], None], tuple[type[BaseException], ...]]]:
    """Yield the workers as an executor, how many there are, a check, and what is raised if a task kills workers.

    The check raises ConnectionError if the scheduler is gone. Failure if the workers cannot be used.
    """
    _silence()
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError):
        raise Failure(
            f"no Dask scheduler answers at {address}", "start one: dask scheduler --port 8786"
        ) from None
    try:
        _check_versions(client)
        threads = client.nthreads()
        if not threads:
            raise Failure(
                f"the scheduler at {address} has no workers",
                f"start some: dask worker {address} --nthreads 1 --death-timeout 60",
            )
        executor = client.get_executor(pure=False, retries=0)
        try:
            yield executor, sum(threads.values()), _Check(client, address), (KilledWorker,)
        finally:
            # Cancel what is not needed any more.
            executor.shutdown(wait=False)
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=2)


def _silence() -> None:
    """Keep what the libraries log from the terminal: tracebacks, and what they put right themselves.

    Each failure is reported in one line. The libraries give some of their loggers a level, which hides their parents'.
    """
    for name in tuple(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    # They warn if a worker has other versions of them. If that breaks anything, a failure is reported.
    warnings.filterwarnings("ignore", module=r"distributed\.")


def _check_versions(client: Any) -> None:
    hint = "install the same version of unplugd where the workers run"
    for found in client.run(find_version, on_error="return").values():
        # An OSError: this worker has ended meanwhile, and gets no work.
        if found == __version__ or isinstance(found, OSError):
            continue
        if isinstance(found, str):
            raise Failure(f"a worker has unplugd {found}, and this computer has {__version__}", hint)
        raise Failure("a worker cannot run unplugd", hint)


class _Check:
    """Raises ConnectionError once the scheduler has been away for too long."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address
        self._seen = time.monotonic()

    def __call__(self) -> None:
        now = time.monotonic()
        if self._client.status == "running":
            self._seen = now
        elif now - self._seen > LOST_SECONDS:
            raise ConnectionError(f"the scheduler at {self._address} is gone")
