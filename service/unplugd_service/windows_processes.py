"""The service's process on Windows, and the session that it would show its reminders in.

Its functions are what `windows.Processes` asks for; on other systems each raises Failure or finds nothing.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path, PureWindowsPath

from unplugd_service.errors import Failure
from unplugd_service.home import look_up_home
from unplugd_service.windows_registry import make_failure

if sys.platform == "win32":
    import ctypes
    import subprocess
    from contextlib import suppress
    from ctypes import (
        POINTER,
        WINFUNCTYPE,
        WinDLL,
        byref,
        c_void_p,
        c_wchar_p,
        create_unicode_buffer,
        wintypes,
    )
    from typing import Final

    WITHOUT_CONSOLE: Final = "pythonw"
    """How the program is called that runs Python without a console; so is no unplugd that somebody runs in one."""
    EPOCH: Final = 116444736000000000
    """1970, in tenths of microseconds since 1601."""
    TIME_SLACK_SECONDS: Final = 2.0
    """How exact the times of files are on the least exact disks."""
    ACCESS_DENIED: Final = 5
    BREAK_AWAY: Final = 0x01000000
    """CREATE_BREAKAWAY_FROM_JOB: some terminals end with everything that was started in them."""
    QUERY: Final = 0x1000
    """PROCESS_QUERY_LIMITED_INFORMATION."""
    TERMINATE: Final = 1
    CLOSE: Final = 0x10
    """WM_CLOSE."""
    USER_NAME: Final = 5
    """WTSUserName."""
    STILL_ACTIVE: Final = 259

    _kernel32: Final = WinDLL("kernel32", use_last_error=True)
    _kernel32.OpenProcess.restype = wintypes.HANDLE
    _kernel32.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
    _kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)
    _kernel32.GetExitCodeProcess.argtypes = (wintypes.HANDLE, POINTER(wintypes.DWORD))
    _kernel32.GetProcessTimes.argtypes = (wintypes.HANDLE, *(POINTER(wintypes.FILETIME),) * 4)
    _kernel32.QueryFullProcessImageNameW.argtypes = (
        *(wintypes.HANDLE, wintypes.DWORD, wintypes.LPWSTR),
        POINTER(wintypes.DWORD),
    )
    _kernel32.TerminateProcess.argtypes = (wintypes.HANDLE, wintypes.UINT)
    _kernel32.ProcessIdToSessionId.argtypes = (wintypes.DWORD, POINTER(wintypes.DWORD))

    def find_daemon(lock: Path) -> int:
        """Return the process id of the daemon that runs without a console and wrote `lock`, 0 if there is none."""
        try:
            first = lock.read_bytes()[:100].partition(b"\n")[0]
            written = lock.stat().st_mtime
        except OSError:
            return 0
        process = int(first) if first.isdigit() and len(first) <= 10 else 0
        handle = _kernel32.OpenProcess(QUERY, False, process)
        if not handle:
            return 0
        try:
            # After a crash, another process may have got its number since.
            is_it = (
                _is_running(handle)
                and _read_start(handle) <= written + TIME_SLACK_SECONDS
                and _read_name(handle).startswith(WITHOUT_CONSOLE)
            )
        finally:
            _kernel32.CloseHandle(handle)
        return process if is_it else 0

    def start_program(command: tuple[str, ...]) -> None:
        """Start a program that has no console and goes on when this terminal is closed; Failure if it cannot be started."""
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        for more in (BREAK_AWAY, 0):
            try:
                # Nobody waits for it: it goes on. Its working folder could not be removed while it runs.
                subprocess.Popen(command, creationflags=flags | more, cwd=look_up_home())
            except OSError as error:
                if more and error.winerror == ACCESS_DENIED:
                    # This terminal lets nothing out of its job.
                    continue
                raise Failure(f"unplugd cannot be started: {error.strerror}", "unplugd doctor") from None
            return

    def ask_to_end(process: int) -> None:
        """Ask a process to end, as the end of the session does; Failure if it may not be asked."""
        user32 = WinDLL("user32", use_last_error=True)
        user32.GetWindowThreadProcessId.argtypes = (wintypes.HWND, POINTER(wintypes.DWORD))
        user32.PostMessageW.argtypes = (wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)
        denied = False

        def close(window: int, _: int) -> bool:
            nonlocal denied
            owner = wintypes.DWORD()
            user32.GetWindowThreadProcessId(window, byref(owner))
            if owner.value == process and not user32.PostMessageW(window, CLOSE, 0, 0):
                denied = denied or ctypes.get_last_error() == ACCESS_DENIED
            return True

        user32.EnumWindows(WINFUNCTYPE(wintypes.BOOL, wintypes.HWND, wintypes.LPARAM)(close), 0)
        if denied:
            raise _make_denial()

    def end_process(process: int) -> None:
        """End a process that does not end when it is asked to; Failure if that is not allowed."""
        handle = _kernel32.OpenProcess(TERMINATE, False, process)
        if not handle:
            if ctypes.get_last_error() == ACCESS_DENIED:
                raise _make_denial()
            return
        _kernel32.TerminateProcess(handle, 1)
        _kernel32.CloseHandle(handle)

    def check_session() -> None:
        """Raise Failure unless this person is at the screen of this session."""
        session = wintypes.DWORD()
        if _kernel32.ProcessIdToSessionId(os.getpid(), byref(session)) and not session.value:
            raise Failure(
                "you are not logged on at this computer's own screen (over ssh there is no desktop to show reminders on)",
                "log on there, then: unplugd service install",
            )
        name = _read_session_user()
        with suppress(OSError):
            if name and _shorten_name(name) != _shorten_name(os.getlogin()):
                raise Failure(
                    "this terminal runs as another user than the one who is logged on here, who sees the reminders",
                    'run it in a terminal of your own, not in one opened with "Run as administrator"',
                )

    def _is_running(handle: int) -> bool:
        code = wintypes.DWORD()
        return bool(_kernel32.GetExitCodeProcess(handle, byref(code))) and code.value == STILL_ACTIVE

    def _read_start(handle: int) -> float:
        """Return when a process began, in seconds since 1970; never, if that cannot be told."""
        start, *others = (wintypes.FILETIME() for _ in range(4))
        if not _kernel32.GetProcessTimes(handle, byref(start), *map(byref, others)):
            return float("inf")
        return ((start.dwHighDateTime << 32 | start.dwLowDateTime) - EPOCH) / 10_000_000

    def _read_name(handle: int) -> str:
        size = wintypes.DWORD(32768)
        path = create_unicode_buffer(size.value)
        if not _kernel32.QueryFullProcessImageNameW(handle, 0, path, byref(size)):
            return ""
        return PureWindowsPath(path.value).name.casefold()

    def _read_session_user() -> str:
        """Return the name of whoever is logged on in this session, "" if that cannot be told."""
        try:
            wtsapi32 = WinDLL("wtsapi32", use_last_error=True)
        except OSError:
            return ""
        wtsapi32.WTSQuerySessionInformationW.argtypes = (
            *(wintypes.HANDLE, wintypes.DWORD, wintypes.INT),
            *(POINTER(c_wchar_p), POINTER(wintypes.DWORD)),
        )
        wtsapi32.WTSFreeMemory.argtypes = (c_void_p,)
        text, size = c_wchar_p(), wintypes.DWORD()
        this_session = 0xFFFF_FFFF
        if not wtsapi32.WTSQuerySessionInformationW(None, this_session, USER_NAME, byref(text), byref(size)):
            return ""
        try:
            return text.value or ""
        finally:
            wtsapi32.WTSFreeMemory(text)

    def _shorten_name(name: str) -> str:
        # What is longer may be cut by one of the two that tell it.
        return name.casefold()[:20]

    def _make_denial() -> Failure:
        return Failure(
            "the running unplugd has more rights than this terminal",
            'stop it in the Task Manager, or in a terminal opened with "Run as administrator"',
        )

else:

    def find_daemon(_lock: Path) -> int:
        """Return 0: no daemon of Windows runs here."""
        return 0

    def start_program(_command: tuple[str, ...]) -> None:
        """Raise Failure."""
        raise make_failure()

    def ask_to_end(_process: int) -> None:
        """Raise Failure."""
        raise make_failure()

    def end_process(_process: int) -> None:
        """Raise Failure."""
        raise make_failure()

    def check_session() -> None:
        """Raise Failure."""
        raise make_failure()
