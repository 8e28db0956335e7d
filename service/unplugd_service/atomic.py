"""Writes files atomically."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write(file: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace or create a file, completely or not at all; OSError on failure. By default only the user can read it."""
    descriptor, fresh = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as temporary:
            temporary.write(content)
            os.fchmod(temporary.fileno(), mode)
            temporary.flush()
            # Otherwise a power failure can leave an empty file.
            os.fsync(temporary.fileno())
        Path(fresh).replace(file)
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise
