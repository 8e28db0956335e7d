"""Addresses of journals that are not files here, such as `s3://bucket/events.jsonl`, as they are given to a command.

Only the command line makes any: a path from a configuration or from a journal is never an address.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final, NamedTuple

from unplugd_service.tilde import quote

_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]+://.*", re.ASCII | re.IGNORECASE | re.DOTALL)
_USER: Final = re.compile(r"(?<=://)(?:[^/@]*:(?!\d+(?:/|$)).*@|[^/]*@)", re.DOTALL)
"""A name and a password, up to the last @ as any may be in the password, unless that looks like a port; or a name."""
_QUERY: Final = re.compile(r"[?#].*", re.DOTALL)
_LIBRARIES: Final = {"s3": "s3fs", "ssh": "sshfs", "sftp": "sshfs", "http": "aiohttp", "https": "aiohttp"}
"""What fsspec needs besides, by kind of address."""


class Url(NamedTuple):
    """An address; as a str, it is without name, password and query, which may be secret."""

    address: str

    @property
    def scheme(self) -> str:
        """The kind of address, such as `s3`."""
        return self.address.partition("://")[0].lower()

    def __str__(self) -> str:
        return _QUERY.sub("", _USER.sub("", self.address))


COPIES: Final[dict[Path, Url]] = {}
"""The addresses of files and folders that are copies (see `remote`)."""


def parse_place(given: str) -> Path | Url:
    """Return the file or the address that a person means."""
    return Url(given) if _ADDRESS.fullmatch(given) else Path(given)


def advise_libraries(url: Url) -> str:
    """Return the command that installs what is needed to read an address."""
    return advise_install("fsspec", *filter(None, [_LIBRARIES.get(url.scheme)]))


def advise_install(*names: str) -> str:
    """Return the command that installs libraries for the Python that runs this."""
    return f"{quote(Path(sys.executable))} -m pip install {' '.join(names)}"
