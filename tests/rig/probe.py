"""What an ordinary program sees of a test bed; run there, it answers in JSON lines.

python probe.py devices | holders PID NODE… | listen
"""

import json
import socket
import struct
import sys
from pathlib import Path

DEVICES = Path("/sys/bus/usb/devices")
AF_NETLINK = 16
NETLINK_KOBJECT_UEVENT = 15


def say(what: object) -> None:
    """Answer."""
    print(json.dumps(what), flush=True)


def attribute(device: str, name: str) -> str:
    """Return what a device says of itself."""
    try:
        return (DEVICES / device / name).read_text().strip()
    except FileNotFoundError:
        return ""


def devices() -> None:
    """List what is plugged in."""
    names = ("idVendor", "idProduct", "product", "serial")
    found = [path.name for path in DEVICES.iterdir() if ":" not in path.name]
    say({device: [attribute(device, name) for name in names] for device in found})


def holders(pid: str, *nodes: str) -> None:
    """Tell which nodes a process holds, known by their inode."""
    held = {inode(descriptor) for descriptor in Path(f"/proc/{pid}/fd").iterdir()}
    say([node for node in nodes if inode(Path(node)) in held])


def inode(path: Path) -> tuple[int, int]:
    """Return what a file is known by."""
    status = path.stat()
    return status.st_dev, status.st_ino


def listen() -> None:
    """Tell each announcement, until one is of a change."""
    netlink = socket.socket(AF_NETLINK, socket.SOCK_RAW, NETLINK_KOBJECT_UEVENT)
    netlink.bind((0, 1))
    say("listening")
    action = ""
    while action != "change":
        message = netlink.recv(16384)
        framing = "udev" if message.startswith(b"libudev\0") else "kernel"
        if framing == "udev":
            start, length = struct.unpack_from("=II", message, 16)
            message = b"\0" + message[start : start + length]
        pairs = dict(pair.split("=", 1) for pair in message.decode().split("\0")[1:] if pair)
        action = pairs["ACTION"]
        say(
            [
                framing,
                action,
                pairs["SUBSYSTEM"],
                pairs["DEVPATH"].rpartition("/")[2],
                pairs.get("PRODUCT", ""),
            ]
        )


globals()[sys.argv[1]](*sys.argv[2:])
