"""Keeps outside the repository what takes long to download or to build; the latest few of each kind."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

REPOSITORY = Path(__file__).parents[2]
KEPT = 3  # for as many checkouts beside each other


def find_cache(name: str) -> Path:
    """Return the folder of the cache `name`, and make it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "unplugd-tests" / name
    cache.mkdir(parents=True, exist_ok=True)
    return cache


def keep(
    cache: Path, kind: str, parts: Iterable[Path], given: str, build: Callable[[Path, Path], None]
) -> Path:
    """Return the folder that holds what `build` makes of `parts` and what is `given`.

    Where there is none, call it with a folder for the result and one to work in, all or nothing.
    """
    digest = hashlib.sha256(given.encode())
    for part in sorted(parts):
        if part.is_file():
            content = part.read_bytes()
            digest.update(f"{part.relative_to(REPOSITORY)}\0{len(content)}\0".encode() + content)
    done = cache / f"{kind}-{digest.hexdigest()[:16]}"
    with (cache / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.is_dir():
            print(f"building {kind} in {done}", file=sys.stderr)
            try:
                _build(done, build)
            except (RuntimeError, subprocess.CalledProcessError) as error:
                # Much is downloaded, and a download may break off.
                print(f"building {kind} once more: {error}", file=sys.stderr)
                _build(done, build)
        os.utime(done)
        _use(done)
        for old in sorted(cache.glob(f"{kind}-*"), key=lambda folder: folder.stat().st_mtime)[:-KEPT]:
            _remove(old)
    return done


def _use(folder: Path) -> None:
    """Keep other runs from removing it until this process ends."""
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_SH)


def _remove(folder: Path) -> None:
    """Remove it unless it is used."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    except BlockingIOError:
        pass
    finally:
        os.close(descriptor)


def _build(done: Path, build: Callable[[Path, Path], None]) -> None:
    with tempfile.TemporaryDirectory(prefix="new-", dir=done.parent) as new:
        result, work = Path(new) / "result", Path(new) / "work"
        result.mkdir()
        work.mkdir()
        build(result, work)
        result.rename(done)
