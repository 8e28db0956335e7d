"""A child's job object, by which it is killed along with what it has started, and its output; for Windows."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from ctypes import Structure, byref, c_size_t, c_uint64, sizeof, wintypes
from typing import IO, TYPE_CHECKING, Any, Final

from unplugd.win32 import kernel32

if TYPE_CHECKING:
    import subprocess

START_OPTIONS: Final[dict[str, Any]] = {"creationflags": 0x0800_0000}
"""CREATE_NO_WINDOW: no console appears, even if the daemon has none."""
_QUOTA_AND_TERMINATE: Final = 0x0101
"""PROCESS_SET_QUOTA | PROCESS_TERMINATE: what is needed to put a process into a job."""
_EXTENDED_LIMITS: Final = 9
"""JobObjectExtendedLimitInformation."""
_KILL_ON_CLOSE: Final = 0x2000
"""JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE: the processes end with the last handle of the job, and so with the daemon."""


class _Limits(Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = (
        ("process_time", c_uint64),
        ("job_time", c_uint64),
        ("flags", wintypes.DWORD),
        ("minimum_working_set", c_size_t),
        ("maximum_working_set", c_size_t),
        ("active_processes", wintypes.DWORD),
        ("affinity", c_size_t),
        ("priority", wintypes.DWORD),
        ("scheduling", wintypes.DWORD),
        ("io_counters", c_uint64 * 6),
        ("process_memory", c_size_t),
        ("job_memory", c_size_t),
        ("peak_process_memory", c_size_t),
        ("peak_job_memory", c_size_t),
    )


class Group:
    """The child and what it starts, which end at the latest with the daemon, however that ends."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        self._system = kernel32.load()
        self._job = self._system.CreateJobObjectW(None, None)
        self._limit(_KILL_ON_CLOSE)
        process = self._system.OpenProcess(_QUOTA_AND_TERMINATE, False, child.pid)
        if process:
            self._system.AssignProcessToJobObject(self._job, process)
            self._system.CloseHandle(process)

    def kill(self) -> None:
        """Kill them all."""
        self._system.TerminateJobObject(self._job, 1)
        # It is not in the job if Windows refused that.
        self._child.kill()

    def release(self) -> None:
        """Let those live on that still run, such as a browser."""
        self._limit(0)
        self._system.CloseHandle(self._job)

    def _limit(self, flags: int) -> None:
        limits = _Limits(flags=flags)
        self._system.SetInformationJobObject(self._job, _EXTENDED_LIMITS, byref(limits), sizeof(limits))


class Output:
    """What a child writes to its pipe: a thread passes it on to a socket, for which the loop can wait."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        threading.Thread(target=self._pass_on, args=(pipe,), daemon=True).start()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable."""
        return self._read.fileno()

    def read(self) -> bytes:
        """Return the next part, nothing at the end; BlockingIOError if there is none yet."""
        return self._read.recv(65536)

    def close(self) -> None:
        """Take no more of it."""
        self._read.close()

    def _pass_on(self, pipe: IO[bytes]) -> None:
        # Once the other end is closed, nobody wants to know the rest.
        with contextlib.suppress(OSError), pipe, self._write:
            while more := os.read(pipe.fileno(), 65536):
                self._write.sendall(more)
