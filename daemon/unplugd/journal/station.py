"""Stand-ins for this computer and for the person's account on it, which tell several daemons' lines apart. Pure.

They are keyed hashes of the machine id, made for unplugd only: nobody can get back from them to a machine id, an
account or a name, and no other program has the same ones.
"""

from __future__ import annotations

from typing import Final, NamedTuple

try:
    # hashlib loads OpenSSL: 2 ms and a megabyte that the daemon needs for nothing else.
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

HOST_SUBSTITUTE: Final = "computer-"
"""Beginning of the name that replaces a computer's name if that contains the user's name."""
_BYTES: Final = 8


class Station(NamedTuple):
    """The fields `station` and `session` of each line, 16 hexadecimal digits each; "" if they cannot be told."""

    station: str = ""
    session: str = ""


UNKNOWN: Final = Station()


def find_station(machine_id: str, account: str) -> Station:
    """Return the stand-ins for a computer ("": it has no id) and for an account on it ("": it is not known)."""
    if not machine_id:
        return UNKNOWN
    return Station(_hash("station", machine_id), _hash(f"session {account}", machine_id) if account else "")


def _hash(text: str, machine_id: str) -> str:
    key = machine_id.encode()[: blake2b.MAX_KEY_SIZE]
    return blake2b(f"unplugd {text}".encode(), digest_size=_BYTES, key=key).hexdigest()
