"""Copies of journals that cannot be read where they are: compressed ones, UTF-16, and what comes through a pipe.

A journal is read in any order, and by several processes, so a copy is a temporary file, which is removed when the
program ends. Making it takes a fixed amount of memory, and a fixed amount of disk at most.
"""

from __future__ import annotations

import atexit
import codecs
import errno
import importlib
import os
import re
import stat
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from unplugd import regular_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from tempfile import TemporaryDirectory

MAX_BYTES: Final = 4_000_000_000
"""Largest copy: a few kilobytes can be made to unpack into all of the disk."""
CHUNK_BYTES: Final = 256 * 1024
MODULES: Final = {b"\x1f\x8b\x08": "gzip", b"\xfd7zXZ\0": "lzma", b"BZh": "bz2"}
"""How compressed files begin, with the module that unpacks them."""
ENCODINGS: Final = {
    b"\xff\xfe{\0": "utf-16",
    b"\xfe\xff\0{": "utf-16",
    b"\xff\xfe\0\0{\0\0\0": "utf-32",
    b"\0\0\xfe\xff\0\0\0{": "utf-32",
}
"""How journals in other encodings begin, such as what PowerShell writes for `>`."""
UNREADABLE: Final = {
    b"\x28\xb5\x2f\xfd": "it is compressed; unpack it first: unzstd",
    b"PK\x03\x04": "it is compressed; unpack it first: unzip",
    b"\x04\x22\x4d\x18": "it is compressed; unpack it first: unlz4",
    b"\x1f\x9d": "it is compressed; unpack it first: uncompress",
}
"""How files begin that this Python cannot unpack."""
SPARE_BYTES: Final = 100_000_000
"""Bytes that are left to other programs when files are split."""
_DESCRIPTOR: Final = re.compile(r"-|/dev/stdin|/(?:dev|proc/self)/fd/(\d{1,9})")
"""A file that this process was given open, as by a pipe or by `<(…)` of a shell."""
_FOLDERS: Final[list[TemporaryDirectory[str]]] = []
"""Keeps the temporary folders, each of which removes itself once nothing refers to it."""


class NoRoomError(OSError):
    """There is no room for temporary files."""


def open_file(path: Path) -> int:
    """Return a descriptor of what can be read as a journal, perhaps by way of a copy; OSError for anything else."""
    given = _DESCRIPTOR.fullmatch(str(path))
    if not given:
        return regular_file.open_file(path)
    descriptor = os.dup(int(given[1] or 0))
    if os.isatty(descriptor) or stat.S_ISCHR(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is a device, not a file", str(path))
    return descriptor


def copy_if_needed(path: Path, descriptor: int) -> Path | None:
    """Return a copy of what is open, None if it can be read in place; OSError says what it is if it can be neither."""
    if _DESCRIPTOR.fullmatch(str(path)):
        copy = _write(_read(descriptor))
        with copy.open("rb") as copied:
            return copy_if_needed(copy, copied.fileno()) or copy
    begin = regular_file.read_at(descriptor, 8, 0)
    # Reading at a position moves the descriptor's own on Windows.
    os.lseek(descriptor, 0, os.SEEK_SET)
    for magic, what in UNREADABLE.items():
        if begin.startswith(magic):
            raise OSError(errno.EINVAL, what)
    for magic, module in MODULES.items():
        if begin.startswith(magic):
            return _write(_unpack(descriptor, module))
    for magic, encoding in ENCODINGS.items():
        if begin.startswith(magic):
            return _write(_recode(descriptor, encoding))
    return None


def _read(descriptor: int) -> Iterator[bytes]:
    while chunk := os.read(descriptor, CHUNK_BYTES):
        yield chunk


def _recode(descriptor: int, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for chunk in _read(descriptor):
        yield decoder.decode(chunk).encode(errors="replace")


def _unpack(descriptor: int, name: str) -> Iterator[bytes]:
    module = importlib.import_module(name)
    unpacked: IO[bytes]
    with os.fdopen(os.dup(descriptor), "rb") as packed, module.open(packed) as unpacked:
        try:
            while chunk := unpacked.read(CHUNK_BYTES):
                yield chunk
        except (EOFError, OSError, zlib.error, getattr(module, "LZMAError", OSError)):
            raise OSError(errno.EINVAL, "it is compressed, and damaged") from None


def make_folder() -> TemporaryDirectory[str]:
    """Return a temporary folder, which is removed when the program ends; NoRoomError if there can be none."""
    import tempfile  # noqa: PLC0415 - 4 ms that only a copy needs

    try:
        folder = tempfile.TemporaryDirectory(prefix="unplugd-", ignore_cleanup_errors=True)
    except OSError as error:
        raise NoRoomError(error.errno, error.strerror) from None
    atexit.register(folder.cleanup)
    # Under Python 3.13 a forked process forgets what is registered, and so would remove the folder at once.
    _FOLDERS.append(folder)
    return folder


def check_room(folder: Path, size: int) -> None:
    """NoRoomError if a folder has no room for so many bytes."""
    import shutil

    if shutil.disk_usage(folder).free < size + SPARE_BYTES:
        raise NoRoomError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def append(path: Path, text: bytes) -> None:
    """Append to a temporary file; NoRoomError if that is impossible."""
    try:
        with path.open("ab", buffering=0) as file:
            if file.write(text) != len(text):
                raise NoRoomError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise NoRoomError(error.errno, error.strerror) from None


def limit(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what a copy is made of; OSError if it would be longer than `MAX_BYTES`."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_BYTES:
            raise OSError(errno.EFBIG, f"it is longer than {MAX_BYTES // 10**9} GB")
        yield chunk


def _write(chunks: Iterable[bytes]) -> Path:
    folder = Path(make_folder().name)
    copy = folder / "copy.jsonl"
    for chunk in limit(chunks):
        try:
            append(copy, chunk)
        except NoRoomError as error:
            if error.errno == errno.ENOSPC:
                error.strerror = (
                    f"there is no room for a copy in {folder.parent}; TMPDIR can name another folder"
                )
            raise
    copy.touch()
    return copy
