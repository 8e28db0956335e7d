"""A second process that reviews pieces of a large journal: no orphan, no hang, and Ctrl-C is for the first one alone.

Only large journals load this module: the libraries take 25 ms.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import CancelledError, ProcessPoolExecutor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

FAILURES: Final = (OSError, RuntimeError, MemoryError, ImportError, CancelledError)
"""What an executor raises when it fails: the system is out of processes, threads, files or memory, or the process was
killed (BrokenExecutor is a RuntimeError), or its work was cancelled. ImportError: the system lacks shared semaphores."""
SAFE_PATH: Final = "PYTHONSAFEPATH"
"""The variable that makes Python ignore the current folder, as its option -P does."""


@contextlib.contextmanager
def make_pool() -> Iterator[Executor]:
    """Yield an executor with one process, which has ended when the block is left for any reason."""
    # Forking is fastest, and safe with a single thread. On macOS, system libraries may have started other threads.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    others = multiprocessing.active_children()
    with _ignore_current_folder():
        pool = ProcessPoolExecutor(1, context, initializer=_end_with_parent)
    try:
        with _ignore_current_folder():
            _start_process(pool)
        yield pool
    except BaseException:
        # Its results are not needed any more.
        for process in multiprocessing.active_children():
            if process not in others:
                process.kill()
                process.join()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


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


def _start_process(pool: ProcessPoolExecutor) -> None:
    # It inherits the mask: Ctrl-C is for this process alone, which then ends the other.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        pool.submit(int)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    # CPython keeps the end of the pipe open through which the process answers. If the process were killed in the middle
    # of an answer, the pool would wait for the rest of it forever.
    pool._result_queue._writer.close()  # type: ignore[attr-defined] # noqa: SLF001 - there is no public way


def _end_with_parent() -> None:
    """End this process when its parent is killed; otherwise it would wait for work forever."""
    parent = multiprocessing.parent_process()

    def wait_for_parent() -> None:
        if parent:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait_for_parent, daemon=True).start()
