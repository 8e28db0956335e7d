"""Other processes that review parts of large journals: no orphan, no hang, and Ctrl-C is for the first process alone.

Only large journals load this module: the libraries take 25 ms.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor
    from multiprocessing.process import BaseProcess

if sys.platform == "win32":
    from unplugd.win32.interrupts import keep_interrupts
else:
    import signal

    @contextlib.contextmanager
    def keep_interrupts() -> Iterator[None]:
        """Have the processes that are started meanwhile ignore Ctrl-C; they inherit the mask."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


SAFE_PATH: Final = "PYTHONSAFEPATH"
"""The variable that makes Python ignore the current folder, as its option -P does."""


@contextlib.contextmanager
def make_pool(workers: int = 1) -> Iterator[tuple[Executor, Callable[[], None]]]:
    """Yield an executor with so many processes, which have all ended when the block is left for any reason.

    Whoever waits for results must call the function every now and then: if a process was killed in the middle of an
    answer, it ends the others, so that nobody waits for the rest of it.
    """
    # Forking is fastest, and safe with a single thread. On macOS, system libraries may have started other threads.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    others = multiprocessing.active_children()
    with _ignore_current_folder():
        pool = ProcessPoolExecutor(workers, context, initializer=_end_with_parent)
    try:
        with _ignore_current_folder():
            _start_processes(pool, workers)
        processes = [process for process in multiprocessing.active_children() if process not in others]

        def check() -> None:
            if not all(process.is_alive() for process in processes):
                _kill(processes)

        yield pool, check
    except BaseException:
        # Their results are not needed any more.
        _kill([process for process in multiprocessing.active_children() if process not in others])
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _kill(processes: list[BaseProcess]) -> None:
    for process in processes:
        process.kill()
    for process in processes:
        process.join()


@contextlib.contextmanager
def _ignore_current_folder() -> Iterator[None]:
    """Have each Python that is started import nothing from the current folder, as with `python -P`."""
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = before


def _start_processes(pool: ProcessPoolExecutor, workers: int) -> None:
    # Ctrl-C is for this process alone, which then ends the others.
    with keep_interrupts():
        for _ in range(workers):
            pool.submit(int)
    # CPython keeps the end of the pipe open through which the processes answer. If one were killed in the middle of an
    # answer, the pool would wait for the rest of it forever.
    pool._result_queue._writer.close()  # type: ignore[attr-defined] # noqa: SLF001 - there is no public way


def _end_with_parent() -> None:
    """End this process when its parent is killed; otherwise it would wait for work forever."""
    parent = multiprocessing.parent_process()

    def wait_for_parent() -> None:
        if parent:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait_for_parent, daemon=True).start()
