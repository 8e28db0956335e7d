"""A file written whole or not at all, whatever happens in between."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write(file: Path, content: bytes, mode: int = 0o600) -> None:
    """Put `content` in place of what a file holds, if there is one; OSError where that cannot be. By default it is for the user alone."""
    descriptor, fresh = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as temporary:
            temporary.write(content)
            os.fchmod(temporary.fileno(), mode)
            temporary.flush()
            # Without it a file of a computer that loses power now can be there and empty.
            os.fsync(temporary.fileno())
        Path(fresh).replace(file)
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise
