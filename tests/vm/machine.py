"""The test machine as the tests hold it: boot, run programs in it, plug, put it to sleep, shut it down.

Every wait has a deadline; a `MachineError` carries the end of the machine's console.
"""

from __future__ import annotations

import json
import os
import queue
import select
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from tests.rig.wait import Deadline
from tests.vm.build import Images, images

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Item = TypeVar("Item")

# Emulation is slow: these, in seconds, are for what never comes, not for what comes late.
BOOT = 300.0
SOON = 60.0
# Of the machine types "pc" wakes up again and again, "q35" only once. rdrand gives random numbers, for which the boot
# would wait. The clock is the host's, since it must go on while the machine sleeps.
HARDWARE = """
qemu-system-x86_64 -machine pc -accel tcg,thread=multi -cpu qemu64,+rdrand -smp 2 -m 1024
-nodefaults -no-reboot -display none -nic none -rtc clock=host -device qemu-xhci,id=usb
-device virtio-serial -device virtserialport,chardev=agent,name=agent
"""
COMMAND_LINE = (
    "console=ttyS0 no_console_suspend loglevel=4 systemd.show_status=0 mitigations=off audit=0 ipv6.disable=1"
    # On a busy computer the kernel would take the emulated timer for broken. A kernel that gives up ends QEMU, too.
    " no_timer_check panic=-1"
)

LOGIN = "org.freedesktop.login1"
PREPARES_FOR_SLEEP = f"busctl get-property {LOGIN} /org/freedesktop/login1 {LOGIN}.Manager PreparingForSleep"
"""Prints whether the login manager is still busy with falling asleep or waking up."""


class MachineError(Exception):
    """The machine did not do what it was asked."""


class Program:
    """A program that runs in the machine; its output is taken line by line."""

    def __init__(self, machine: Machine, number: int, command: str) -> None:
        self.command = command
        self.errors = ""
        self.status: int | None = None
        self._machine = machine
        self._number = number
        self._messages: queue.Queue[dict[str, Any]] = queue.Queue()

    def lines(self, within: float | None = None) -> Iterator[str]:
        """Yield the lines of its output as they come, until it ends; all of them must come `within` seconds."""
        deadline = Deadline(within or self._machine.soon)
        while self.status is None:
            try:
                message = self._machine.wait_for(self._messages, deadline)
            except queue.Empty:
                what = f"{self.command}: nothing more within {deadline.seconds:g} s"
                raise self._machine.error(what) from None
            if "output" in message:
                yield message["output"].rstrip("\n")
            self.errors += message.get("errors", "")
            self.status = message.get("status")

    def ask(self, line: str) -> str:
        """Write a line to its input, and return the line that it answers."""
        self._machine.send({"id": self._number, "input": f"{line}\n"})
        return next(self.lines(), "")

    def stop(self) -> None:
        """End its input and then itself, and wait until it has ended."""
        self._machine.send({"id": self._number, "end_input": True})
        self._machine.send({"id": self._number, "signal": 15})
        for _ in self.lines():
            pass

    def take(self, message: dict[str, Any]) -> None:
        """Keep what the machine says of it."""
        self._messages.put(message)


class Machine:
    """A booted machine; a context that shuts it down."""

    def __init__(self, parts: Images | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="unplugd-vm-")
        self.console = Path(self._folder.name) / "console"
        self.soon = SOON
        self._parts = parts or images()
        self._programs: dict[int, Program] = {}
        self._threads: list[threading.Thread] = []
        self._ready = threading.Event()
        self._events: queue.Queue[str] = queue.Queue()
        self._replies: queue.Queue[dict[str, Any]] = queue.Queue()
        self._ahead = Path(self._folder.name) / "ahead"
        self._set_ahead(0)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._folder)
            self._boot(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def _boot(self, stack: ExitStack) -> None:
        control, agent = (stack.enter_context(self._listen(name)) for name in ("control", "agent"))
        disk = "if=virtio,format=raw,snapshot=on"
        command = [
            *HARDWARE.split(),
            *("-kernel", str(self._parts.kernel), "-initrd", str(self._parts.initramfs)),
            *("-append", COMMAND_LINE, "-serial", f"file:{self.console}"),
            *("-drive", f"file={self._parts.system},{disk}"),
            *("-drive", f"file={self._parts.program},{disk}"),
            *("-qmp", f"unix:{control.getsockname()}"),
            *("-chardev", f"socket,id=agent,path={agent.getsockname()}"),
        ]
        clock = {"LD_PRELOAD": str(self._parts.clock), "CLOCK_AHEAD": str(self._ahead)}
        output = stack.enter_context((self.console.with_name("qemu")).open("wb"))
        began = time.monotonic()
        self._process = subprocess.Popen(
            command, env=os.environ | clock, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        stack.callback(self._end)  # its disks are thrown away: nothing is lost
        self._control = stack.enter_context(self._accept(control, self._take_control))
        self._agent = stack.enter_context(self._accept(agent, self._take_agent))
        self.qmp("qmp_capabilities")
        deadline = Deadline(BOOT)
        while not self._ready.wait(min(1.0, left := deadline.left())):
            if not left or self._process.poll() is not None:
                raise self.error("the agent in the machine did not start")
        # On a slow computer everything in the machine takes as many times longer as its boot.
        self.soon = max(SOON, time.monotonic() - began)

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()

    # --- programs ---

    def start(self, *command: str, user: str = "root") -> Program:
        """Start a program in the machine and return at once."""
        number = len(self._programs)
        program = self._programs[number] = Program(self, number, shlex.join(command))
        self.send({"id": number, "start": command, "user": user})
        return program

    def run(self, *command: str, user: str = "root", within: float | None = None, check: bool = True) -> str:
        """Run a program in the machine and return its output, less the last newline."""
        program = self.start(*command, user=user)
        output = "\n".join(program.lines(within))
        if check and program.status:
            said = f"{output}\n{program.errors}"
            raise self.error(f"{program.command} ended with status {program.status}\n{said}")
        return output

    def shell(self, script: str, user: str = "root", within: float | None = None) -> str:
        """Run a shell script in the machine and return its output."""
        return self.run("sh", "-euc", script, user=user, within=within)

    def send(self, message: dict[str, Any]) -> None:
        """Send the agent in the machine a message."""
        self._agent.sendall(json.dumps(message).encode() + b"\n")

    def wait_for(self, messages: queue.Queue[Item], deadline: Deadline) -> Item:
        """Return the next message; raise queue.Empty at the deadline, and when QEMU has ended."""
        while (left := deadline.left()) and self._process.poll() is None:
            with suppress(queue.Empty):
                return messages.get(timeout=min(1.0, left))
        return messages.get_nowait()

    # --- the machine itself ---

    def qmp(self, command: str, **arguments: Any) -> Any:
        """Have QEMU do something, and return what it answers."""
        self._control.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        try:
            reply = self.wait_for(self._replies, Deadline(self.soon))
        except queue.Empty:
            raise self.error(f"QEMU did not answer {command}") from None
        if "error" in reply:
            raise self.error(f"QEMU: {reply['error']['desc']}")
        return reply["return"]

    def sleep(self) -> None:
        """Put the machine to sleep (to RAM) as a desktop does, and return once it sleeps."""
        self._forget_events()
        # Its end, even with --no-block, may be told only after waking up.
        self.start("systemctl", "suspend", "--no-block")
        self._wait_for_event("SUSPEND")

    def wake(self, after: int = 0) -> None:
        """Wake the machine up, as if `after` seconds had passed since it fell asleep."""
        self._set_ahead(self._slept + after)
        self.qmp("system_wakeup")
        self._wait_for_event("WAKEUP")
        # Before that it would refuse to fall asleep again.
        self.shell(f"until {PREPARES_FOR_SLEEP} | grep -q false; do sleep 0.1; done")

    def plug_virtual(self, device: str) -> None:
        """Plug in a device of QEMU's own (`usb-tablet`), which can be done while the machine sleeps."""
        self.qmp("device_add", driver=device, id=device, bus="usb.0")

    def unplug_virtual(self, device: str) -> None:
        """Unplug it."""
        self.qmp("device_del", id=device)

    def error(self, what: str) -> MachineError:
        """Return an error that carries the end of the console."""
        text = self.console.read_text(errors="replace") if self.console.exists() else ""
        ended = self._process.poll()
        if ended is not None:
            what += f" (QEMU ended with status {ended}: {self.console.with_name('qemu').read_text()})"
        return MachineError(f"{what}\n--- the machine's console, its end ---\n{text[-3000:]}")

    def _set_ahead(self, seconds: int) -> None:
        self._slept = seconds
        # In place, as QEMU has it mapped.
        with self._ahead.open("r+b" if self._ahead.exists() else "wb") as file:
            file.write(seconds.to_bytes(8, sys.byteorder))

    def _forget_events(self) -> None:
        while not self._events.empty():
            self._events.get()

    def _wait_for_event(self, name: str) -> None:
        deadline = Deadline(self.soon)
        try:
            while self.wait_for(self._events, deadline) != name:
                pass
        except queue.Empty:
            raise self.error(f"no {name} from QEMU") from None

    def _listen(self, name: str) -> socket.socket:
        """Listen before the machine starts, so that nothing that it says is lost."""
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(f"{self._folder.name}/{name}")
        listening.listen()
        return listening

    def _accept(self, listening: socket.socket, take: Callable[[dict[str, Any]], None]) -> socket.socket:
        deadline = Deadline(self.soon)
        while not select.select([listening], (), (), min(1.0, left := deadline.left()))[0]:
            if not left or self._process.poll() is not None:
                raise self.error("QEMU did not start")
        connection, _ = listening.accept()

        def follow() -> None:
            with suppress(OSError), connection.makefile("r", encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    # QEMU is killed in the end, whatever it is saying.
                    if line.endswith("\n"):
                        take(json.loads(line))

        thread = threading.Thread(target=follow)
        thread.start()
        self._threads.append(thread)
        return connection

    def _take_agent(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self._ready.set()
        else:
            self._programs[message["id"]].take(message)

    def _take_control(self, message: dict[str, Any]) -> None:
        if "event" in message:
            self._events.put(message["event"])
        elif "QMP" not in message:
            self._replies.put(message)
