"""Named pipes of Windows, as both ends use them, without waiting.

An operation is begun; the pipe's `event` is set once it is finished, and `take_result` returns what came of it. There is
one operation at a time. Windows keeps writing into the buffer of one that is not finished, so `close` waits for that.
"""

from __future__ import annotations

from ctypes import byref, create_string_buffer, memmove, string_at, wintypes
from typing import TYPE_CHECKING, Final

from unplugd.win32 import advapi32, kernel32
from unplugd.win32.files import GENERIC_READ, GENERIC_WRITE, OPEN_EXISTING
from unplugd.win32.library import check, get_last_error, make_error

if TYPE_CHECKING:
    from ctypes import CDLL

BUFFER_BYTES: Final = 65536
PREFIX: Final = "\\\\.\\pipe\\"

# CreateNamedPipeW
DUPLEX_OVERLAPPED: Final = 0x40000003
"""PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED."""
FIRST_INSTANCE: Final = 0x80000
"""FILE_FLAG_FIRST_PIPE_INSTANCE: fail if somebody else has made a pipe of this name."""
BYTES_FROM_HERE: Final = 0x8
"""PIPE_TYPE_BYTE | PIPE_REJECT_REMOTE_CLIENTS: for this computer's programs only."""

# CreateFileW
OVERLAPPED_IDENTIFIED: Final = 0x40110000
"""FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION: the server cannot act in the client's name."""

# Errors
BUSY: Final = 231
"""ERROR_PIPE_BUSY: every instance has a client."""
_NO_DATA: Final = 232
_CONNECTED: Final = 535
_INCOMPLETE: Final = 996
_PENDING: Final = 997
_MILLISECONDS: Final = 1000


class Pipe:
    """One end of a named pipe; `handle` is what was opened."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._system: CDLL = kernel32.load()
        self.event: int = self._system.CreateEventW(None, True, False, None)
        """The handle of an event that is set once an operation is finished, until the next one begins."""
        self._operation = kernel32.Overlapped(event=self.event)
        self._buffer = create_string_buffer(BUFFER_BYTES)
        self._is_pending = False
        self._is_connected = False
        """Whether there was a client already when it was to be waited for."""

    def connect(self) -> None:
        """Begin to wait for a client; OSError if that cannot be done."""
        begun = self._system.ConnectNamedPipe(self._handle, byref(self._operation))
        code = 0 if begun else get_last_error()
        # There is a client already, or there was one that has left, as reading will tell.
        if code in (_CONNECTED, _NO_DATA):
            self._is_connected = True
            self._system.SetEvent(self.event)
            return
        self._note_begin(code, "ConnectNamedPipe")

    def read(self) -> None:
        """Begin to read; OSError if the other end is gone."""
        begun = self._system.ReadFile(self._handle, self._buffer, BUFFER_BYTES, None, byref(self._operation))
        self._note_begin(0 if begun else get_last_error(), "ReadFile")

    def write(self, data: bytes) -> int:
        """Begin to write the beginning of `data`, and return how much that is; OSError if the other end is gone."""
        part = data[:BUFFER_BYTES]
        memmove(self._buffer, part, len(part))
        begun = self._system.WriteFile(self._handle, self._buffer, len(part), None, byref(self._operation))
        self._note_begin(0 if begun else get_last_error(), "WriteFile")
        return len(part)

    def take_result(self, seconds: float = 0.0) -> bytes | None:
        """Return what was read or written, None if that is not finished within `seconds`; OSError if it failed."""
        if self._is_connected:
            self._is_connected = False
            return b""
        if not self._is_pending:
            return None
        self._system.WaitForSingleObject(self.event, int(seconds * _MILLISECONDS))
        length = wintypes.DWORD()
        if not self._get_length(length, wait=False):
            if (code := get_last_error()) == _INCOMPLETE:
                return None
            self._is_pending = False
            raise make_error("GetOverlappedResult", code)
        self._is_pending = False
        return string_at(self._buffer, length.value)

    def cancel(self) -> None:
        """End the operation that goes on, if any."""
        self._is_connected = False
        if self._is_pending:
            self._system.CancelIoEx(self._handle, byref(self._operation))
            self._get_length(wintypes.DWORD(), wait=True)
            self._is_pending = False

    def disconnect(self) -> None:
        """Send the client away; what it has not read is lost."""
        self.cancel()
        self._system.DisconnectNamedPipe(self._handle)

    def find_client(self) -> str:
        """Return the account of the client's process; OSError if that cannot be told, as of one with more rights."""
        process = wintypes.ULONG()
        found = self._system.GetNamedPipeClientProcessId(self._handle, byref(process))
        check(found, "GetNamedPipeClientProcessId")
        return advapi32.read_sid(process.value)

    def find_owner(self) -> str:
        """Return the account that made the pipe; OSError if that cannot be told."""
        return advapi32.read_owner(self._handle)

    def close(self) -> None:
        """Release everything."""
        self.cancel()
        self._system.CloseHandle(self._handle)
        self._system.CloseHandle(self.event)

    def _note_begin(self, code: int, call: str) -> None:
        if code not in (0, _PENDING):
            raise make_error(call, code)
        self._is_pending = True

    def _get_length(self, length: wintypes.DWORD, *, wait: bool) -> bool:
        return bool(
            self._system.GetOverlappedResult(self._handle, byref(self._operation), byref(length), wait)
        )


def make_instances(name: str, count: int) -> list[Pipe]:
    """Return the server's ends of a new pipe for this account alone; OSError if the name is somebody else's."""
    system = kernel32.load()
    attributes = advapi32.make_private_attributes()
    instances: list[Pipe] = []
    for number in range(count):
        mode = DUPLEX_OVERLAPPED | (0 if number else FIRST_INSTANCE)
        handle = system.CreateNamedPipeW(
            name, mode, BYTES_FROM_HERE, count, BUFFER_BYTES, BUFFER_BYTES, 0, byref(attributes)
        )
        if handle == kernel32.INVALID_HANDLE:
            error = make_error("CreateNamedPipeW")
            for instance in instances:
                instance.close()
            raise error
        instances.append(Pipe(handle))
    return instances


def open_pipe(name: str) -> Pipe:
    """Return the client's end of a pipe; FileNotFoundError if nobody has it, another OSError if it cannot be opened."""
    handle = kernel32.load().CreateFileW(
        name, GENERIC_READ | GENERIC_WRITE, 0, None, OPEN_EXISTING, OVERLAPPED_IDENTIFIED, None
    )
    if handle == kernel32.INVALID_HANDLE:
        raise make_error("CreateFileW")
    return Pipe(handle)
