"""Loads a library of Windows and declares its functions; importable everywhere, so that tests can replace what it loads.

Handles are pointers: without a declaration, ctypes would cut them to 32 bits.
"""

from __future__ import annotations

import ctypes
import errno
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Types = tuple[Any, ...]
"""The type of a function's result, then those of its arguments."""
# Other systems lack these names. The calling convention differs on 32-bit Windows only.
_LIBRARY: Final[type[ctypes.CDLL]] = getattr(ctypes, "WinDLL", ctypes.CDLL)
CALLBACK: Final[Callable[..., Any]] = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)
"""Makes the type of a callback from the type of its result and those of its arguments."""
get_last_error: Final[Callable[[], int]] = getattr(ctypes, "get_last_error", lambda: 0)
"""Returns the code of the last error in this thread."""
_SYSTEM_FOLDER: Final = 0x800
"""LOAD_LIBRARY_SEARCH_SYSTEM32."""


def load_library(name: str, functions: Mapping[str, Types]) -> ctypes.CDLL:
    """Return a library of the system's folder, with its functions declared; OSError if it or one of them is missing."""
    try:
        # The folder of the program is not searched: only Windows' own library is meant.
        library = _LIBRARY(name, use_last_error=True, winmode=_SYSTEM_FOLDER)
    except OSError as error:
        raise OSError(errno.ENOENT, f"{name} cannot be loaded") from error
    for function, types in functions.items():
        declare(library, function, types)
    return library


def declare(library: ctypes.CDLL, name: str, types: Types) -> None:
    """Declare a function of a library; OSError if this version of Windows does not have it."""
    try:
        function = getattr(library, name)
    except AttributeError as error:
        raise OSError(errno.ENOSYS, f"this Windows has no {name}") from error
    function.restype, *arguments = types
    function.argtypes = arguments


def check(result: int | None, call: str) -> None:
    """Raise OSError with the code of the last error if `call` returned nothing."""
    if not result:
        raise make_error(call)


def make_error(call: str, code: int | None = None) -> OSError:
    """Return the error of `call`, with the code of the last error unless it is given."""
    code = get_last_error() if code is None else code
    # The fourth argument is the code, which Windows' Python turns into an errno and so into a subclass.
    return OSError(errno.EIO, f"{call} failed (error {code})", None, code)
