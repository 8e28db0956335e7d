"""Finds the journal files that a person means, and opens them safely, even after a rotation."""

from __future__ import annotations

import errno
import glob
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd import paths, regular_file, sanitize
from unplugd.errors import Failure
from unplugd.journal import spool
from unplugd.journal.files import NAME, list_archived, list_files, strip_rotation
from unplugd.journal.url import COPIES, Url, advise_libraries

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Sequence
    from types import ModuleType

MAX_NAME_CHARACTERS: Final = 1000
HINT: Final = "give a journal, such as events.jsonl, or a folder with one"
URL_HINT: Final = "check the address, and that you can read what is there with another program"


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was when it was found; only its first `size` bytes are read.

    `device` and `inode` are -1 if the file was found by another computer, which may number them differently.
    """

    path: Path
    device: int
    inode: int
    size: int
    url: Url | None = None
    """The address that it was copied from."""
    given: Path | None = None
    """The journal that this is a temporary copy of."""
    level: int = 0
    """How it was copied: 1 are the lines of one computer, 2 of one boot, 3 sorted lines (see `split`)."""
    alternating: bool = False
    """Whether the boots in it alternate with others of the computer's name in what it was copied from."""

    @property
    def name(self) -> Path:
        """The file that a person knows."""
        return self.given or self.path

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode number, which stay the same when the file is renamed."""
        return self.device, self.inode

    def take_elsewhere(self) -> Source:
        """Return this file for another computer that has it under the same name."""
        return replace(self, path=self.path.absolute(), device=-1, inode=-1)

    def open(self) -> int:
        """Return a descriptor of this file, even if a rotation has renamed it; OSError if it is gone."""
        for path in self._list_names():
            try:
                descriptor = regular_file.open_file(path)
            except OSError:
                if path == self.path and os.path.lexists(path) and not self._list_others():
                    raise
                continue
            found = os.fstat(descriptor)
            if (found.st_dev, found.st_ino) == self.identity:
                return descriptor
            # A new file that a rotation began is smaller.
            if self.inode == -1 and found.st_size >= self.size:
                return descriptor
            os.close(descriptor)
        if self.url:
            return _open_copy(self.url)
        raise FileNotFoundError(errno.ENOENT, "it is gone", str(self.path))

    def _list_names(self) -> Iterable[Path]:
        yield self.path
        yield from self._list_others()

    def _list_others(self) -> list[Path]:
        try:
            path = strip_rotation(self.path)
            return list_files(path) + list_archived(path)
        except OSError:
            return []


def find_sources(
    given: Sequence[Path | Url], own: Path, notes: Counter[str], report_error: Callable[[str], None]
) -> list[Source]:
    """Return the files that `given` means, by default the user's `own` journal, each once; Failure if none is readable.

    A folder means the journals in it and in its subfolders, with their rotated files; `*`, `?` and `[…]` are wildcards.
    What an address means is copied.
    """
    found: dict[tuple[int, int], Source] = {}
    errors: list[str] = []
    for path in _expand(given, errors) if given else _list_own(own):
        try:
            identity, source = _make_source(path)
        except OSError as error:
            errors.append(f"{show_name(path)}: {_explain(error)}")
            continue
        except ValueError:
            errors.append(f"{show_name(path)}: no such file; there is a zero byte in its name")
            continue
        if identity in found:
            notes["same_file"] += 1
        else:
            found[identity] = source
    if errors and not found:
        for line in errors[:-1]:
            report_error(f"unplugd: {line}")
        raise Failure(errors[-1], URL_HINT if any(isinstance(one, Url) for one in given) else HINT)
    notes["unreadable_file"] += len(errors)
    for line in errors:
        report_error(f"unplugd: {line}")
    return list(found.values())


def find_current_files(given: Sequence[Path | Url], own: Path) -> list[Path]:
    """Return the files that a running unplugd appends to; they need not exist yet."""
    if not given:
        return [own]
    named: list[Path] = []
    for path in given:
        if isinstance(path, Url):
            raise Failure(f"{show_name(path)}: only files can be followed", "unplugd log --follow FILE")
        if path.is_dir():
            named.extend(sorted({strip_rotation(file) for file in _find_journals(path, [])}) or [path / NAME])
        elif glob.has_magic(str(path)) and not path.exists():
            named.extend(_match(path))
        else:
            named.append(path)
    return list(dict.fromkeys(strip_rotation(path) for path in named))


def describe_unreadable(path: Path, error: OSError) -> str:
    """Return a message about a file that cannot be read."""
    return f"{show_name(path)}: {_explain(error)}"


def show_name(path: Path | Url) -> str:
    """Return a file name that is safe to print, since file names are untrusted; that of a copy is its address."""
    url = path if isinstance(path, Url) else COPIES.get(path)
    shown = paths.shorten(path) if url is None and isinstance(path, Path) else str(url)
    return sanitize.one_line(shown, MAX_NAME_CHARACTERS)


def _make_source(path: Path) -> tuple[tuple[int, int], Source]:
    """Return the device and inode number of a file, and its source, which may be a copy."""
    descriptor = spool.open_file(path)
    try:
        status = os.fstat(descriptor)
        copy = spool.copy_if_needed(path, descriptor)
    finally:
        os.close(descriptor)
    found = copy.stat() if copy else status
    given = path if copy else None
    source = Source(copy or path, found.st_dev, found.st_ino, found.st_size, COPIES.get(path), given)
    return (status.st_dev, status.st_ino), source


def _expand(given: Iterable[Path | Url], errors: list[str]) -> Iterable[Path]:
    for path in given:
        try:
            if isinstance(path, Url):
                yield from _expand(_load_remote(path).copy_journals(path, errors), errors)
            elif path.is_dir():
                unreadable: list[str] = []
                files = _find_journals(path, unreadable)
                if not files and not unreadable:
                    errors.append(f"{show_name(path)}: no journal in this folder")
                errors += unreadable
                yield from files
            elif glob.has_magic(str(path)) and not os.path.lexists(path):
                matching = _match(path)
                if not matching:
                    errors.append(f"{show_name(path)}: no such file")
                yield from _expand(matching, errors)
            else:
                yield path
        except OSError as error:
            errors.append(f"{show_name(path)}: {_explain(error)}")
        except ValueError:
            errors.append(f"{show_name(path)}: no such file; there is a zero byte in its name")


def _open_copy(url: Url) -> int:
    """Return a descriptor of a copy; OSError if it cannot be made here, which may be another computer."""
    try:
        descriptor: int = _load_remote(url).open_copy(url)
    except Failure as failure:
        raise OSError(errno.EIO, str(failure)) from None
    return descriptor


def _load_remote(url: Url) -> ModuleType:
    """Return the module that copies what is elsewhere; Failure if the library for it is missing."""
    try:
        from unplugd.journal import remote  # noqa: PLC0415 - needs the extra "cluster"; 50 ms that only an address needs
    except ImportError:
        raise Failure(
            f"{show_name(url)}: this needs fsspec, which is not installed", advise_libraries(url)
        ) from None
    return remote


def _match(pattern: Path) -> list[Path]:
    return [Path(name) for name in sorted(glob.glob(str(pattern)))]  # noqa: PTH207 - the pattern can begin with a slash


def _find_journals(folder: Path, errors: list[str]) -> list[Path]:
    """Return the journals in a folder and its subfolders: `*.jsonl`, with their rotated files.

    `errors` gets a line for each of these folders that cannot be read.
    """
    names: set[Path] = set()
    places = [folder]
    for place in places:
        try:
            _check_access(place)
            entries = list(place.iterdir())
        except OSError as error:
            errors.append(describe_unreadable(place, error))
            continue
        names.update(strip_rotation(path) for path in entries if ".jsonl" in path.name)
        if place is folder:
            places += sorted(path for path in entries if _is_folder(path))
    found: list[Path] = []
    for name in sorted(name for name in names if name.suffix == ".jsonl"):
        try:
            files = _list_settled_files(name)
            # A link that leads nowhere is a journal that cannot be read.
            found += [file for file in files or [name] if not file.is_dir() and os.path.lexists(file)]
        except OSError as error:
            errors.append(describe_unreadable(name, error))
    return found


def _is_folder(path: Path) -> bool:
    """Return whether this is a folder, as far as that can be told."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _list_own(own: Path) -> list[Path]:
    """Return the files of the user's own journal; Failure if its folder cannot be read."""
    try:
        _check_access(own.parent)
    except PermissionError as error:
        raise Failure(describe_unreadable(own.parent, error), "give a journal that you can read") from None
    return _list_settled_files(own)


def _list_settled_files(path: Path) -> list[Path]:
    """Return a journal's files, but never as they are in the middle of a rotation."""
    before = list_archived(path) + list_files(path)
    for _ in range(5):
        after = list_archived(path) + list_files(path)
        if after == before:
            break
        before = after
    return before


def _check_access(folder: Path) -> None:
    """PermissionError if this folder is one whose files cannot be opened."""
    if folder.is_dir() and not os.access(
        folder, os.X_OK, effective_ids=os.access in os.supports_effective_ids
    ):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def _explain(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return error.strerror or type(error).__name__
