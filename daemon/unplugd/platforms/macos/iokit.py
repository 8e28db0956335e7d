"""Lists the USB devices through IOKit, which opens none and needs no permission.

An entry can end while it is read: a device goes, a program closes its connection. It is skipped, and the rest is kept.
IOKit only lists matched entries, so devices that the person has not yet allowed are missing.
"""

from __future__ import annotations

import errno
from contextlib import ExitStack, contextmanager, suppress
from ctypes import byref, c_uint32, c_uint64, create_string_buffer
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from unplugd.platforms.macos import registry
from unplugd.platforms.macos.core_foundation import Values, make_key
from unplugd.platforms.macos.frameworks import (
    ANY_PORT,
    NAME_SIZE,
    EntryGoneError,
    Frameworks,
    check_entry,
    check_result,
)
from unplugd.platforms.macos.registry import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLANE: Final = b"IOService"
"""kIOServicePlane, the only plane in which the connections of programs are below the devices."""
MAX_TRIES: Final = 5
"""How many times a listing is tried if the registry keeps changing."""
_INSIDE: Final = (registry.OWNER,)
_CLIENT: Final = (registry.OWNER, registry.CREATOR, registry.DEBUG_STATE)
_KEYS: Final = frozenset({*registry.DEVICE_KEYS, *_CLIENT, registry.OPENED})


def list_entries(frameworks: Frameworks, inside: Callable[[Node], bool]) -> tuple[Node, ...]:
    """Return all USB devices including hubs, with the entries below those that `inside` accepts; OSError on failure."""
    with ExitStack() as owned:
        return _Reader(frameworks, owned).find_devices(inside)


class _Reader:
    """Reads the registry once. Everything it creates is released with `owned` at the latest."""

    def __init__(self, frameworks: Frameworks, owned: ExitStack) -> None:
        self._iokit = frameworks.iokit
        self._core = frameworks.core
        self._keys = {name: make_key(self._core, name, owned) for name in sorted(_KEYS)}
        self._values = Values(self._core)

    def find_devices(self, inside: Callable[[Node], bool]) -> tuple[Node, ...]:
        matching = self._iokit.IOServiceMatching(registry.DEVICE.encode())
        if not matching:
            raise OSError(errno.EIO, "IOServiceMatching failed")
        iterator = c_uint32()
        # The call consumes the dictionary even if it fails.
        code = self._iokit.IOServiceGetMatchingServices(ANY_PORT, matching, byref(iterator))
        check_result(code, "IOServiceGetMatchingServices")
        found = []
        with self._entries(iterator.value) as entries:
            for entry in entries:
                with suppress(EntryGoneError):
                    found.append(self._device(entry, inside))
        return registry.find_devices(found)

    def _device(self, entry: int, inside: Callable[[Node], bool]) -> Node:
        device = self._node(entry, registry.DEVICE_KEYS, 0)
        if not inside(device):
            return device
        device = replace(device, children=tuple(self._children(entry, registry.MAX_DEPTH - 1)))
        self._read_id(entry)
        return device

    @contextmanager
    def _entries(self, iterator: int) -> Iterator[list[int]]:
        """Yield the entries of an iterator, then release them. An iterator of 0 means that nothing matched."""
        if not iterator:
            yield []
            return
        with ExitStack() as owned:
            owned.callback(self._iokit.IOObjectRelease, iterator)
            for _ in range(MAX_TRIES):
                with ExitStack() as taken:
                    entries = []
                    while entry := self._iokit.IOIteratorNext(iterator):
                        taken.callback(self._iokit.IOObjectRelease, entry)
                        entries.append(entry)
                    if self._iokit.IOIteratorIsValid(iterator):
                        yield entries
                        return
                # The registry changed meanwhile, so the list may be incomplete.
                self._iokit.IOIteratorReset(iterator)
        raise OSError(errno.EAGAIN, "the I/O Registry keeps changing")

    def _node(self, entry: int, keys: tuple[str, ...], depth: int) -> Node:
        name = create_string_buffer(NAME_SIZE)
        check_entry(self._iokit.IOObjectGetClass(entry, name), "IOObjectGetClass")
        kind = name.value.decode(errors="replace")
        properties = self._properties(entry, _CLIENT if kind == registry.HID_CLIENT else keys)
        children = tuple(self._children(entry, depth - 1)) if depth else ()
        # A property that cannot be read looks like one that is missing, so the id comes last: while it can be read, the
        # entry has not ended.
        return Node(kind, self._read_id(entry), properties, children)

    def _read_id(self, entry: int) -> int:
        """Return the id of an entry; EntryGoneError if it has ended."""
        number = c_uint64()
        code = self._iokit.IORegistryEntryGetRegistryEntryID(entry, byref(number))
        check_entry(code, "IORegistryEntryGetRegistryEntryID")
        return number.value

    def _children(self, entry: int, depth: int) -> Iterator[Node]:
        iterator = c_uint32()
        code = self._iokit.IORegistryEntryGetChildIterator(entry, PLANE, byref(iterator))
        check_entry(code, "IORegistryEntryGetChildIterator")
        with self._entries(iterator.value) as entries:
            for child in entries:
                # Devices behind a hub are listed separately once they are allowed.
                if self._iokit.IOObjectConformsTo(child, registry.DEVICE.encode()):
                    continue
                with suppress(EntryGoneError):
                    yield self._node(child, _INSIDE, depth)

    def _properties(self, entry: int, keys: tuple[str, ...]) -> dict[str, str | int]:
        found: dict[str, str | int] = {}
        for key in keys:
            value = self._iokit.IORegistryEntryCreateCFProperty(entry, self._keys[key], None, 0)
            if not value:
                continue
            try:
                # Keep only one entry of the debug state, as a separate property.
                name = registry.OPENED if key == registry.DEBUG_STATE else key
                values = self._values
                read = values.read(value) if name == key else values.read_entry(value, self._keys[name])
            finally:
                self._core.CFRelease(value)
            if read is not None:
                found[name] = read
        return found
