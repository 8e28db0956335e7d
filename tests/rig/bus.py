"""A private D-Bus message bus: a real dbus-daemon at an address that outlives it."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jeepney import message_bus
from jeepney.io.blocking import DBusConnection, Proxy, open_dbus_connection

from tests.rig.child import stop
from tests.rig.tools import need
from tests.rig.wait import GIVE_UP, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTIFICATIONS = "org.freedesktop.Notifications"
STARTED_BY_THE_BUS = (NOTIFICATIONS, "org.cinnamon.ScreenSaver", "org.mate.ScreenSaver")
"""The services for which desktops install a file that lets the bus start them."""
CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
SERVICES = Path("/usr/share/dbus-1/services")
"""What the machine's own bus may start."""
SERVICE = """[D-BUS Service]
Name={name}
Exec=/bin/sh -c "echo {name} >> '{log}'; exit 1"
"""


class Bus:
    """The bus; it starts each of `STARTED_BY_THE_BUS` for who calls it while nobody owns it, which notes it and fails."""

    def __init__(self, folder: Path, variable: str = "DBUS_SESSION_BUS_ADDRESS") -> None:
        need("dbus-daemon")
        folder.mkdir()
        self.socket = folder / "bus"
        self.address = f"unix:path={self.socket}"
        self.environment: Mapping[str, str] = {variable: self.address}
        self.handed_on: Mapping[str, str] | None = None
        """The environment of what it starts, None for the test's own."""
        self._configuration = folder / "bus.conf"
        self._activations = folder / "activations"
        self._log = folder / "stderr"
        self._process: subprocess.Popen[bytes] | None = None
        self._services = services = folder / "services"
        services.mkdir()
        self._configuration.write_text(CONFIGURATION.format(socket=self.socket, services=services))
        for name in STARTED_BY_THE_BUS:
            service = SERVICE.format(name=name, log=self._activations)
            (services / f"{name}.service").write_text(service)

    def offer(self, pattern: str) -> None:
        """Let it start the machine's own services whose names match `pattern`, which no service manager is asked for."""
        for file in SERVICES.glob(f"{pattern}.service"):
            lines = file.read_text().splitlines(keepends=True)
            if f"Name={NOTIFICATIONS}\n" not in lines:
                own = "".join(line for line in lines if not line.startswith("SystemdService="))
                (self._services / file.name).write_text(own)

    def start(self) -> None:
        """Start it and wait until it answers."""
        arguments = ["dbus-daemon", "--nofork", "--nopidfile", f"--config-file={self._configuration}"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                arguments, env=self.handed_on, stderr=log, start_new_session=True
            )
        wait_until(self._answers, "the bus")

    def kill(self) -> None:
        """End it, as a crash does; it can be started again at the same address."""
        if self._process:
            self._process.kill()
            self._process.wait(GIVE_UP)
            self._process = None
        self.socket.unlink(missing_ok=True)

    def freeze(self) -> None:
        """Stop it, as a computer that is busy with something else does; what it is sent waits."""
        if self._process:
            stop(self._process.pid)

    def thaw(self) -> None:
        """Let it go on."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)

    def connect(self) -> DBusConnection:
        """Return a connection of the test's own."""
        return open_dbus_connection(self.address, auth_timeout=GIVE_UP)

    def owner(self, name: str) -> str:
        """Return the unique name of who owns `name`, "" if nobody does."""
        with self.connect() as connection:
            bus = Proxy(message_bus, connection, timeout=GIVE_UP)
            return str(bus.GetNameOwner(name)[0]) if bus.NameHasOwner(name)[0] else ""

    def call(self, message: Any) -> tuple[Any, ...]:
        """Send a method call and return the body of its answer."""
        with self.connect() as connection:
            body: tuple[Any, ...] = connection.send_and_get_reply(message, timeout=GIVE_UP).body
            return body

    def activations(self) -> list[str]:
        """Return the names of the services that somebody made the bus start."""
        return self._activations.read_text().splitlines() if self._activations.exists() else []

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except OSError:
            return False
        return True
