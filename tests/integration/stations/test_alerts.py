"""The metrics and the alert rules in Debian's Prometheus: what is left plugged in is told to those who look after it."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.listening import HOST, Listening, reserve_ports
from tests.rig.recipe import EXAMPLES, fill_in
from tests.rig.tools import need
from tests.rig.usb import STICK
from tests.rig.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.daemon import Daemon
    from tests.rig.server import Server
    from tests.rig.usb import Testbed

RULES = EXAMPLES / "unplugd.rules.yml"
SOON = {"3600": "1", "1800": "60", "15m": "0s", "3 * 86400": "2", "14d": "5m", "1h": "200ms"}
"""The times in the rules, and what they are in a test."""
PROMETHEUS = """
global: {{scrape_interval: 200ms, evaluation_interval: 200ms}}
rule_files: [unplugd.rules.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["{alertmanager}"]}}]}}]}}
scrape_configs:
  - job_name: unplugd
    static_configs: [{{targets: ["{exporter}"], labels: {{instance: station-7}}}}]
"""
ALERTMANAGER = """
route: {{receiver: test, group_by: [alertname, instance], group_wait: 0s, group_interval: 200ms}}
receivers: [{{name: test, webhook_configs: [{{url: "http://{receiver}/", send_resolved: true}}]}}]
"""


class Receiver:
    """Whoever gets the alerts."""

    def __init__(self) -> None:
        self.alerts: list[dict[str, Any]] = []
        alerts = self.alerts

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                alerts.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = HTTPServer((HOST, 0), Handler)
        self.address = f"{HOST}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def find(self, name: str, status: str) -> dict[str, Any]:
        """Return the latest alert of this name and status, empty if there is none."""
        found = [one for one in self.alerts if (one["labels"]["alertname"], one["status"]) == (name, status)]
        return found[-1] if found else {}

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Monitoring:
    """node_exporter, Prometheus, Alertmanager and a receiver of alerts, on the loopback."""

    def __init__(self, folder: Path) -> None:
        self.textfiles = folder / "textfiles"
        self.textfiles.mkdir()
        self.receiver = Receiver()
        exporter, prometheus, alertmanager = reserve_ports(3)
        self.exporter = make_exporter(exporter, self.textfiles, folder / "exporter.log")
        self._alertmanager = Listening(
            [
                "prometheus-alertmanager",
                f"--config.file={folder}/alertmanager.yml",
                f"--storage.path={folder}/alertmanager",
                f"--web.listen-address={HOST}:{alertmanager}",
                "--cluster.listen-address=",
            ],
            alertmanager,
            folder / "alertmanager.log",
        )
        self._prometheus = Listening(
            [
                "prometheus",
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/prometheus",
                f"--web.listen-address={HOST}:{prometheus}",
            ],
            prometheus,
            folder / "prometheus.log",
        )
        (folder / "unplugd.rules.yml").write_text(fill_in(RULES, SOON))
        (folder / "alertmanager.yml").write_text(ALERTMANAGER.format(receiver=self.receiver.address))
        (folder / "prometheus.yml").write_text(
            PROMETHEUS.format(exporter=self.exporter.address, alertmanager=self._alertmanager.address)
        )

    def start(self) -> None:
        """Start them all."""
        for one in (self.exporter, self._alertmanager, self._prometheus):
            one.start()

    def close(self) -> None:
        """End them all."""
        for one in (self._prometheus, self._alertmanager, self.exporter):
            one.kill()
            if one.log.exists():
                print(one.log.name, one.log.read_text()[-2000:])
        self.receiver.close()


def make_exporter(port: int, folder: Path, log: Path) -> Listening:
    """Return node_exporter with the metrics of a folder only."""
    return Listening(
        [
            "prometheus-node-exporter",
            f"--web.listen-address={HOST}:{port}",
            "--collector.disable-defaults",
            "--collector.textfile",
            f"--collector.textfile.directory={folder}",
        ],
        port,
        log,
    )


@pytest.fixture
def monitoring(tmp_path: Path) -> Iterator[Monitoring]:
    """Yield the programs; running."""
    need("prometheus", "prometheus-node-exporter", "prometheus-alertmanager")
    monitoring = Monitoring(tmp_path)
    yield monitoring
    monitoring.close()


def test_the_rules_do_what_they_say(tmp_path: Path) -> None:
    """The rules are well-formed, and each alert comes and goes when it should."""
    need("promtool")
    for file in (RULES, Path(__file__).with_name("alerts.yml")):
        shutil.copy(file, tmp_path)
    for command in (["check", "rules", RULES.name], ["test", "rules", "alerts.yml"]):
        done = subprocess.run(
            ["promtool", *command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_metrics_are_prometheus_own_format(
    daemon: Daemon, server: Server, usb: Testbed, tmp_path: Path
) -> None:
    """No fault is found by promtool, and node_exporter takes those of two people on one computer."""
    need("promtool", "prometheus-node-exporter")
    daemon.remind(1)
    stick = usb.plug(STICK)
    server.notified()
    daemon.wait_for("reminded")
    metrics = daemon.command("status", "--prometheus").stdout
    assert f'unplugd_device_reminders{{id="0a21:8001",port="{stick.port}"' in metrics
    assert daemon.stop() == 0
    for text in (metrics, daemon.command("status", "--prometheus").stdout):
        done = subprocess.run(
            ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (port,) = reserve_ports(1)
    (tmp_path / "1.prom").write_text(metrics)
    (tmp_path / "2.prom").write_text(metrics.replace('session="', 'session="0'))
    exporter = make_exporter(port, tmp_path, tmp_path / "exporter.log")
    exporter.start()
    with urllib.request.urlopen(f"http://{exporter.address}/metrics") as answer:
        exported = answer.read().decode()
    exporter.kill()
    assert "node_textfile_scrape_error 0" in exported
    assert exported.count("\nunplugd_up{") == 2


def test_who_looks_after_the_stations_is_told(
    daemon: Daemon, server: Server, usb: Testbed, monitoring: Monitoring
) -> None:
    """Which station has a stick in, that it is unplugged, that unplugd is not running, that a station is silent."""
    receiver, file = monitoring.receiver, monitoring.textfiles / "unplugd-1000.prom"

    def write() -> None:
        # What the service in share/doc/unplugd/examples does every five minutes.
        new = file.with_suffix(".prom.new")
        new.write_text(daemon.command("status", "--prometheus").stdout)
        new.replace(file)

    def wait_for(name: str, status: str) -> dict[str, Any]:
        def ask() -> dict[str, Any]:
            write()
            return receiver.find(name, status)

        return wait_until(ask, f"{name} to be {status}", 30)

    monitoring.start()
    daemon.remind(1)
    stick = usb.plug(STICK)
    server.notified()
    alert = wait_for("UnplugdLeftPluggedIn", "firing")
    assert alert["labels"] == {
        "alertname": "UnplugdLeftPluggedIn", "instance": "station-7", "id": "0a21:8001", "port": stick.port
    }  # fmt: skip
    assert alert["annotations"]["summary"].startswith("station-7: 0a21:8001 has been plugged in unused for ")
    stick.unplug()
    wait_for("UnplugdLeftPluggedIn", "resolved")
    assert not receiver.find("UnplugdNotRunning", "firing")
    daemon.kill()
    for name in ("UnplugdNotRunning", "UnplugdSilent"):
        alert = wait_for(name, "firing")
        assert alert["labels"]["instance"] == "station-7"
        assert alert["annotations"]["summary"].startswith("station-7: ")
