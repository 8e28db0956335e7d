"""Copies journals from where only fsspec can read them: S3, SSH, HTTP and others.

A copy is a temporary file with the same name, which is removed when the program ends. Rotated files are beside one
another, as they were. Importing this module needs the extra "cluster", and takes 50 ms.
"""

from __future__ import annotations

import contextlib
import errno
import logging
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import fsspec

from unplugd import regular_file, sanitize
from unplugd.errors import Failure
from unplugd.journal import spool
from unplugd.journal.files import strip_rotation
from unplugd.journal.url import COPIES, Url, advise_libraries

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILES: Final = 100_000
"""Maximum number of files that a folder or a pattern may stand for."""
MAX_MESSAGE_CHARACTERS: Final = 200
SSH_SCHEMES: Final = ("ssh", "sftp")
"""What fsspec's own file system is not used for, since it trusts any server."""

# What goes wrong is said in one line. Without a handler, the logs of the libraries would be printed, too.
logging.getLogger().addHandler(logging.NullHandler())


def copy_journals(url: Url, errors: list[str]) -> list[Path]:
    """Return the copies of what an address stands for: a file, a folder of journals, or a pattern.

    `errors` gets a line for what cannot be copied.
    """
    folder = Path(spool.make_folder().name)
    copied: dict[Path, None] = {}
    with _collect_error(url, errors):
        system, place = fsspec.core.url_to_fs(url.address, **_choose_options(url))
        is_folder = _is_folder(url, system, place)
        if is_folder:
            COPIES[folder] = url
        found = _list_files(system, place, is_folder=is_folder)
        parents = sorted({PurePosixPath(path).parent for path in found})
        numbers = {parent: str(number) for number, parent in enumerate(parents)}
        for path in found:
            name = PurePosixPath(path)
            file = folder / numbers[name.parent] / _find_name(name)
            file.parent.mkdir(exist_ok=True)
            COPIES[file] = _make_address(url, system, place, path)
            with _collect_error(COPIES[file], errors):
                _copy_file(system, path, file)
                copied[file] = None
            if file not in copied:
                # What was copied before the error is not all of it.
                file.unlink(missing_ok=True)
                del COPIES[file]
        if is_folder and (copied or not found):
            return [folder]
    return list(copied)


def open_copy(url: Url) -> int:
    """Return a descriptor of a copy of this file, which may have been copied already; OSError if that fails."""
    file = next((file for file, known in COPIES.items() if known == url), None)
    if file is None:
        errors: list[str] = []
        copies = copy_journals(url, errors)
        if not copies:
            raise OSError(errno.EIO, errors[0].removeprefix(f"{url}: "))
        file = copies[0]
    with file.open("rb") as opened:
        unpacked = spool.copy_if_needed(file, opened.fileno())
    if unpacked:
        # Next time, this one is found.
        del COPIES[file]
        COPIES[unpacked] = url
    return regular_file.open_file(unpacked or file)


def _choose_options(url: Url) -> dict[str, Any]:
    """Return what the file system is asked for: that a server which SSH does not know is refused."""
    if url.scheme not in SSH_SCHEMES:
        return {}
    if fsspec.get_filesystem_class(url.scheme).__module__.startswith("fsspec."):
        raise ImportError("Install sshfs to access SSH")
    # Those of asyncssh: the user's known hosts. Without this, sshfs would trust any server.
    return {"known_hosts": ()}


def _make_address(url: Url, system: Any, place: str, path: str) -> Url:
    """Return the address of a path in the file system in which `place` is that of `url`."""
    address = url.address.rstrip("/")
    if address.endswith(place):
        # With the name of the server, which the file system would leave out.
        return Url(address.removesuffix(place) + path)
    return Url(str(system.unstrip_protocol(path)))


def _is_folder(url: Url, system: Any, place: str) -> bool:
    if url.address.endswith("/"):
        return True
    return not _is_web(system) and not _has_wildcards(system, place) and bool(system.isdir(place))


def _is_web(system: Any) -> bool:
    return "http" in system.protocol


def _has_wildcards(system: Any, place: str) -> bool:
    # A question mark begins the query of a web address.
    return any(character in place for character in ("*[" if _is_web(system) else "*?["))


def _list_files(system: Any, place: str, *, is_folder: bool) -> list[str]:
    if is_folder:
        top = place.rstrip("/") + "/"
        found = system.find(top if _is_web(system) else place, maxdepth=2)
        found = [path for path in found if path.startswith(top) and _is_journal(path)]
    elif _has_wildcards(system, place):
        found = [path for path in system.glob(place) if not system.isdir(path)]
        if not found:
            raise FileNotFoundError(errno.ENOENT, "no such file")
    else:
        found = [place]
    if len(found) > MAX_FILES:
        raise OSError(errno.EFBIG, f"it has more than {MAX_FILES} files")
    return sorted(found)


def _is_journal(path: str) -> bool:
    return strip_rotation(Path(_find_name(PurePosixPath(path)))).suffix == ".jsonl"


def _find_name(path: PurePosixPath) -> str:
    """Return the name for a copy; one that could lead out of the folder is replaced."""
    name = path.name.partition("?")[0]
    return "events.jsonl" if name in ("", ".", "..") or "\\" in name or "\0" in name else name


def _copy_file(system: Any, path: str, file: Path) -> None:
    # A web server may not be able to send a part of a file.
    options = {"block_size": 0} if _is_web(system) else {}
    with system.open(path, "rb", **options) as source, file.open("xb") as target:
        target.writelines(spool.limit(iter(lambda: source.read(spool.CHUNK_BYTES), b"")))


@contextlib.contextmanager
def _collect_error(url: Url, errors: list[str]) -> Iterator[None]:
    """Add what is raised in the block to the errors; Failure if a library is missing."""
    shown = sanitize.one_line(str(url), MAX_MESSAGE_CHARACTERS)
    try:
        yield
    except ImportError as error:
        raise Failure(f"{shown}: {_explain(url, error)}", advise_libraries(url)) from None
    except Exception as error:  # noqa: BLE001 - each file system has errors of its own
        errors.append(f"{shown}: {_explain(url, error)}")


def _explain(url: Url, error: Exception) -> str:
    """Return what is wrong, without anything secret of the address."""
    # Of whatever a web server or the way to it says, fsspec makes a missing file.
    while isinstance(error, FileNotFoundError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, PermissionError):
        return "Permission denied"
    text = (error.strerror if isinstance(error, OSError) else "") or str(error)
    if status := getattr(error, "status", None):
        text = f"the server says {status}"
    parts = urlsplit(url.address)
    secrets = {parts.username, parts.password, parts.query, parts.fragment, url.address} - {None, ""}
    if not text or any(one in text or unquote(one) in text for one in secrets if one):
        return type(error).__name__
    return sanitize.one_line(text, MAX_MESSAGE_CHARACTERS)
