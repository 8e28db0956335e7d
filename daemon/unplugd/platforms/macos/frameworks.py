"""IOKit, CoreFoundation and CoreGraphics through ctypes: the functions used here, with their types from Apple's public headers.

The paths are fixed: `find_library` does not find libraries that are only in the shared cache (Big Sur and later).
"""

from __future__ import annotations

import errno
from ctypes import (
    CDLL,
    CFUNCTYPE,
    POINTER,
    c_char_p,
    c_int,
    c_long,
    c_size_t,
    c_ssize_t,
    c_ubyte,
    c_uint32,
    c_uint64,
    c_ulong,
    c_void_p,
)
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Libraries(NamedTuple):
    """The paths of the libraries; tests replace them."""

    iokit: str = "/System/Library/Frameworks/IOKit.framework/IOKit"
    core: str = "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation"
    graphics: str = "/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics"


LIBRARIES: Final = Libraries()
MATCHED: Final = CFUNCTYPE(None, c_void_p, c_uint32)
"""IOServiceMatchingCallback: refcon, iterator."""
POWER: Final = CFUNCTYPE(None, c_void_p, c_uint32, c_uint32, c_void_p)
"""IOServiceInterestCallback: refcon, service, message type, message argument."""
ANY_PORT: Final = 0
"""MACH_PORT_NULL: the default port to the kernel."""
UTF8: Final = 0x08000100
"""kCFStringEncodingUTF8."""
SINT64: Final = 4
"""kCFNumberSInt64Type."""
NAME_SIZE: Final = 128
"""Bytes of an io_name_t."""

GONE: Final = frozenset((0x10000003, 0xE00002C2, 0xE00002C0))
"""What calls on an entry that has just ended return: MACH_SEND_INVALID_DEST, as the kernel takes the entry away from
everybody who holds it; for a moment before that kIOReturnBadArgument or kIOReturnNoDevice."""

_Types = tuple[Any, ...]
# The type of the result, then those of the arguments. io_object_t, mach_port_t and io_connect_t are 32 bits wide.
_IOKIT: Final[Mapping[str, _Types]] = {
    "IOServiceMatching": (c_void_p, c_char_p),
    "IOServiceGetMatchingServices": (c_int, c_uint32, c_void_p, POINTER(c_uint32)),
    "IOIteratorNext": (c_uint32, c_uint32),
    "IOIteratorIsValid": (c_int, c_uint32),
    "IOIteratorReset": (None, c_uint32),
    "IOObjectRelease": (c_int, c_uint32),
    "IOObjectGetClass": (c_int, c_uint32, c_char_p),
    "IOObjectConformsTo": (c_int, c_uint32, c_char_p),
    "IORegistryEntryGetRegistryEntryID": (c_int, c_uint32, POINTER(c_uint64)),
    "IORegistryEntryGetChildIterator": (c_int, c_uint32, c_char_p, POINTER(c_uint32)),
    "IORegistryEntryCreateCFProperty": (c_void_p, c_uint32, c_void_p, c_void_p, c_uint32),
    "IONotificationPortCreate": (c_void_p, c_uint32),
    "IONotificationPortDestroy": (None, c_void_p),
    "IONotificationPortGetRunLoopSource": (c_void_p, c_void_p),
    "IOServiceAddMatchingNotification": (
        c_int, c_void_p, c_char_p, c_void_p, MATCHED, c_void_p, POINTER(c_uint32),
    ),
    "IORegisterForSystemPower": (c_uint32, c_void_p, POINTER(c_void_p), POWER, POINTER(c_uint32)),
    "IODeregisterForSystemPower": (c_int, POINTER(c_uint32)),
    "IOAllowPowerChange": (c_int, c_uint32, c_ssize_t),
    "IOServiceClose": (c_int, c_uint32),
}  # fmt: skip
_CORE: Final[Mapping[str, _Types]] = {
    "CFRetain": (c_void_p, c_void_p),
    "CFRelease": (None, c_void_p),
    "CFGetTypeID": (c_ulong, c_void_p),
    "CFStringGetTypeID": (c_ulong,),
    "CFNumberGetTypeID": (c_ulong,),
    "CFBooleanGetTypeID": (c_ulong,),
    "CFDictionaryGetTypeID": (c_ulong,),
    "CFStringCreateWithCString": (c_void_p, c_void_p, c_char_p, c_uint32),
    "CFStringGetCString": (c_ubyte, c_void_p, c_char_p, c_long, c_uint32),
    "CFNumberGetValue": (c_ubyte, c_void_p, c_long, c_void_p),
    "CFBooleanGetValue": (c_ubyte, c_void_p),
    "CFDictionaryGetValue": (c_void_p, c_void_p, c_void_p),
    "CFLocaleCopyPreferredLanguages": (c_void_p,),
    "CFArrayGetCount": (c_long, c_void_p),
    "CFArrayGetValueAtIndex": (c_void_p, c_void_p, c_long),
    "CFRunLoopGetCurrent": (c_void_p,),
    "CFRunLoopAddSource": (None, c_void_p, c_void_p, c_void_p),
    "CFRunLoopRun": (None,),
    "CFRunLoopStop": (None, c_void_p),
}
_SYSTEM: Final[Mapping[str, _Types]] = {
    "sysctlbyname": (c_int, c_char_p, c_void_p, POINTER(c_size_t), c_void_p, c_size_t),
    "gethostuuid": (c_int, c_char_p, c_char_p),
}
_GRAPHICS: Final[Mapping[str, _Types]] = {"CGSessionCopyCurrentDictionary": (c_void_p,)}


class Frameworks:
    """The first two libraries, loaded, with their functions declared; OSError if this is not macOS."""

    def __init__(self, libraries: Libraries = LIBRARIES) -> None:
        self.iokit = _load(libraries.iokit, _IOKIT)
        self.core = _load(libraries.core, _CORE)
        self.default_mode = _symbol(self.core, "kCFRunLoopDefaultMode")


@cache
def load_graphics(path: str) -> CDLL:
    """Return CoreGraphics, with its function declared; OSError if it cannot be loaded."""
    return _load(path, _GRAPHICS)


def load_system(path: str | None) -> CDLL:
    """Return the C library at `path` (None: the one that Python uses), with its functions declared."""
    return _load(path, _SYSTEM)


class EntryGoneError(OSError):
    """An entry of the I/O Registry has ended since it was listed."""


def check_result(code: int, call: str) -> None:
    """Raise OSError if `code`, which `call` returned, is not KERN_SUCCESS."""
    if code:
        raise OSError(errno.EIO, _describe_failure(code, call))


def check_entry(code: int, call: str) -> None:
    """Raise EntryGoneError if `code`, which `call` returned for an entry, says that it has ended, OSError if it failed."""
    if code & 0xFFFFFFFF in GONE:
        raise EntryGoneError(errno.ENODEV, _describe_failure(code, call))
    check_result(code, call)


def _describe_failure(code: int, call: str) -> str:
    return f"{call} failed ({code & 0xFFFFFFFF:#010x})"


def _load(path: str | None, functions: Mapping[str, _Types]) -> CDLL:
    try:
        library = CDLL(path)
    except OSError as error:
        # dlopen's error has no errno, and so no strerror.
        raise OSError(errno.ENOENT, f"{path} cannot be loaded") from error
    for name, (result, *arguments) in functions.items():
        try:
            function = getattr(library, name)
        except AttributeError as error:
            raise OSError(errno.ENOSYS, f"the system has no {name}") from error
        function.restype = result
        function.argtypes = arguments
    return library


def _symbol(library: CDLL, name: str) -> c_void_p:
    try:
        return c_void_p.in_dll(library, name)
    except ValueError as error:
        raise OSError(errno.ENOSYS, f"the system has no {name}") from error
