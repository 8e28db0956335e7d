"""What carries out the parts of a review: other processes, or the workers of a Dask cluster.

Only large journals, and `--on`, load this module: the libraries take 25 ms.
"""

from __future__ import annotations

import contextlib
import importlib
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from unplugd.errors import Failure
from unplugd.journal.url import advise_install
from unplugd.review import process_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from concurrent.futures import Executor, Future

CHECK_EVERY_SECONDS: Final = 1.0


def _check_nothing() -> None:
    """Find nothing wrong."""


class Engine(NamedTuple):
    """An executor with its number of workers."""

    executor: Executor
    workers: int
    check: Callable[[], None] = _check_nothing
    """Called every now and then while waiting for results; it raises one of `parallel.FAILURES` if there will be none."""
    is_elsewhere: bool = False
    """Whether the workers may be on other computers."""
    single_failures: tuple[type[BaseException], ...] = ()
    """What is raised if only this part of the work failed, and would fail again."""

    def wait(self, futures: Collection[Future[bytes]]) -> set[Future[Any]]:
        """Return those that are done, at least one."""
        while not (done := wait(futures, CHECK_EVERY_SECONDS, FIRST_COMPLETED).done):
            self.check()
        return done

    def take(self, future: Future[bytes]) -> bytes:
        """Return the result of a future that is done."""
        if future.cancelled():
            raise BrokenExecutor("the work was cancelled")
        error = future.exception()
        if error and self.is_elsewhere and not isinstance(error, self.single_failures):
            raise BrokenExecutor(f"a worker failed: {error}") from error
        return future.result()


@contextlib.contextmanager
def start_processes(workers: int) -> Iterator[Engine]:
    """Yield other processes, which end when the block is left."""
    with process_pool.make_pool(workers) as (pool, check):
        yield Engine(pool, workers, check)


@contextlib.contextmanager
def join_cluster(address: str) -> Iterator[Engine]:
    """Yield the workers of the Dask scheduler at `address`; Failure if they cannot be used."""
    try:
        # Half a second that only a cluster is worth.
        cluster = importlib.import_module("unplugd.review.cluster")
    except ImportError:
        raise Failure(
            'a Dask cluster needs the extra "cluster", which is not installed',
            f"install it: {advise_install('distributed')}",
        ) from None
    with cluster.open_cluster(address) as (executor, workers, check, failures):
        yield Engine(executor, workers, check, is_elsewhere=True, single_failures=failures)
