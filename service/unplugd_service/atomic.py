"""Writes files atomically."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

ATTEMPTS: Final = 20
BETWEEN_ATTEMPTS_SECONDS: Final = 0.01


def write(file: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace or create a file, completely or not at all; OSError on failure. By default only the user can read it."""
    descriptor, fresh = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as temporary:
            temporary.write(content)
            Path(fresh).chmod(mode)
            temporary.flush()
            # Otherwise a power failure can leave an empty file.
            os.fsync(temporary.fileno())
        replace(Path(fresh), file)
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise


if sys.platform == "win32":

    def replace(file: Path, target: Path) -> None:
        """Give a file the name of another, which is gone then; OSError on failure.

        Another program, such as one that looks for viruses, may have the other open for a moment.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                file.replace(target)
            except PermissionError:
                time.sleep(BETWEEN_ATTEMPTS_SECONDS)
            else:
                return
        file.replace(target)

else:

    def replace(file: Path, target: Path) -> None:
        """Give a file the name of another, which is gone then; OSError on failure."""
        file.replace(target)
