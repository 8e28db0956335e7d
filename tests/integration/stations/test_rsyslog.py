"""rsyslog takes journals to a collector: the two configurations that are shipped, run by Debian's rsyslogd."""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig import journal_maker
from tests.rig.daemon import UNPLUGD
from tests.rig.listening import HOST, Listening, reserve_ports
from tests.rig.recipe import EXAMPLES, fill_in, find_commands
from tests.rig.tools import need
from tests.rig.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

USER = "planted-user"
HOST_NAME = "station-1"
RSYSLOGD = "/usr/sbin/rsyslogd"


def make_certificates(folder: Path) -> None:
    """Make an authority, and certificates of it for a station and for the collector, as the guide says."""
    folder.mkdir()
    commands = find_commands("openssl")
    subprocess.run(["sh", "-ec", commands], cwd=folder, check=True, capture_output=True)
    for kind in ("key", "pem"):
        (folder / f"station-1.{kind}").rename(folder / f"station.{kind}")


class Lines:
    """The journal of one station, of which a test writes more and more; `written` is all of it."""

    def __init__(self, home: Path, seed: int) -> None:
        self.file = home / ".local/state/unplugd/events.jsonl"
        self.file.parent.mkdir(parents=True)
        self.written: list[str] = []
        self._source = journal_maker.lines(HOST_NAME, seed)

    def write(self, count: int, *more: str) -> None:
        """Append so many lines."""
        added = [*islice(self._source, count), *more]
        self.written += added
        with self.file.open("a", encoding="utf-8") as journal:
            journal.writelines(added)

    def rotate(self) -> None:
        """Give the file a name that never changes again; the next line begins a new one."""
        with self.file.open(encoding="utf-8") as journal:
            moment = json.loads(journal.readline())["time"]
        self.file.rename(self.file.with_name(f"events-{moment.replace(':', '')}.jsonl"))


class Place:
    """A collector and its stations on the loopback, each an rsyslogd with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (self._port,) = reserve_ports(1)
        make_certificates(folder / "certificates")
        self.collected = folder / "collected"
        self.collected.mkdir()
        changed: Mapping[str, str | Path] = {
            "/srv/unplugd": self.collected,
            "/etc/unplugd": folder / "certificates",
            "20514": str(self._port),
        }
        self.collector = self._make(
            "collector", fill_in(EXAMPLES / "rsyslog-collector.conf", changed), self._port
        )
        self.stations: list[Listening] = []

    def add_station(self, name: str, certificates: str = "certificates") -> Listening:
        """Make a station whose users' homes are in the folder of that name."""
        changed: Mapping[str, str | Path] = {
            "/home/*/": f"{self._folder / name}/*/",
            'target="collector.example"': f'target="{HOST}"',
            "/etc/unplugd": self._folder / certificates,
            "20514": str(self._port),
            'action.resumeInterval="10"': 'action.resumeInterval="1"',
        }
        station = self._make(f"rsyslogd-{name}", fill_in(EXAMPLES / "rsyslog-station.conf", changed), None)
        self.stations.append(station)
        return station

    def start(self, station: Listening) -> None:
        """Start a station's rsyslogd as systemd does with rsyslog-service.conf."""
        assert (
            "ExecStartPre=-/usr/local/sbin/rsyslog-rewind\n"
            in (EXAMPLES / "rsyslog-service.conf").read_text()
        )
        subprocess.run(["sh", EXAMPLES / "rsyslog-rewind", station.log.with_suffix("")], check=True)
        station.start()

    def find_files(self) -> list[Path]:
        """Return what was collected, a file a station."""
        return sorted(path for path in self.collected.rglob("*") if path.is_file())

    def has(self, line: str) -> bool:
        """Return whether a line has come."""
        return any(line.encode() in file.read_bytes() for file in self.find_files())

    def read_lines(self) -> set[str]:
        """Return the lines that have come."""
        return {
            line
            for file in self.find_files()
            for line in file.read_text(errors="replace").splitlines(keepends=True)
        }

    def close(self) -> None:
        for one in (self.collector, *self.stations):
            one.kill()

    def _make(self, name: str, recipe: str, port: int | None) -> Listening:
        work = self._folder / name
        work.mkdir()
        own = f'global(workDirectory="{work}" processInternalMessages="on")\n'
        rest = f'action(type="omfile" file="{work}.log")\n'
        configuration = self._folder / f"{name}.conf"
        configuration.write_text(own + recipe + rest)
        command = (RSYSLOGD, "-n", "-f", configuration, "-iNONE")
        return Listening(command, port, self._folder / f"{name}.out")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Yield a collector; nothing is running yet."""
    need("rsyslogd", "openssl")
    if not any(Path("/usr/lib").glob("*/rsyslog/omrelp.so")):
        pytest.skip("needs the Debian package rsyslog-relp")
    place = Place(tmp_path)
    yield place
    place.close()
    for log in sorted(tmp_path.glob("*.log")):
        print(log.name, log.read_text(errors="replace")[-3000:])


def report(*paths: Path) -> dict[str, Any]:
    """Return what `unplugd report --json` says of journals."""
    done = subprocess.run([UNPLUGD, "report", "--json", *paths], capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_nothing_is_lost_or_counted_twice_and_only_lines_travel(place: Place, tmp_path: Path) -> None:
    """Two stations of one name; each end is killed in a burst, and the journal rotates: the report is the same."""
    one, other = Lines(tmp_path / "first" / USER, 1), Lines(tmp_path / "second" / USER, 2)
    first, second = place.add_station("first"), place.add_station("second")

    # Killed while it reads, before it has ever reached the collector.
    one.write(300)
    place.start(first)
    queue = tmp_path / "rsyslogd-first"
    wait_until(lambda: any(file.stat().st_size for file in queue.glob("unplugd.0*")), "lines to wait")
    first.kill()

    # Each end killed in a burst.
    place.collector.start()
    place.start(first)
    wait_until(lambda: place.has(one.written[100]), "lines to come")
    first.kill()
    other.write(300)
    place.start(second)
    long = json.dumps(
        {**json.loads(one.written[-1]), "uptime": 9e9, "name": "ü" * 25_000}, ensure_ascii=False
    )
    one.write(1500, f"{long}\n")
    place.start(first)
    wait_until(lambda: place.has(one.written[600]) and place.has(other.written[-1]), "more lines")
    place.collector.kill()
    one.write(100)
    one.rotate()
    one.write(200)
    other.write(5)
    # Switched off meanwhile: one with much to send, the other with a few lines in hand.
    for station in (first, second):
        station.stop()
    one.write(5)
    for station in (first, second):
        place.start(station)
    place.collector.start()
    wait_until(lambda: place.has(one.written[-1]), "the last line", 60)
    # And the journal begins new files while all is well.
    for _ in range(2):
        one.write(20)
        wait_until(lambda: place.has(one.written[-1]), "the next line", 60)
        one.rotate()
    one.write(3)
    wait_until(lambda: {*one.written, *other.written} <= place.read_lines(), "all lines", 60)
    # Lines that are sent again may still be coming.
    for running in (first, second, place.collector):
        running.stop()

    files = place.find_files()
    assert [file.parent.name for file in files] == [f"{HOST_NAME}-{seed:016x}" for seed in (1, 2)]
    for lines, file in zip((one, other), files, strict=True):
        # So no byte more than the lines has travelled: no name of a user or a file.
        assert set(file.read_text().splitlines(keepends=True)) == set(lines.written)
    assert USER not in "".join(str(file) + file.read_text() for file in files)
    collected, original = report(*files), report(one.file.parent, other.file.parent)
    assert collected["notes"].pop("doubled")
    assert collected == original


@pytest.mark.parametrize("who", ["stranger", "collector"])
def test_who_has_no_certificate_of_the_authoritys_is_refused(place: Place, tmp_path: Path, who: str) -> None:
    """Nothing comes from a stranger who believes that this is the collector, nor from a station that does not."""
    make_certificates(tmp_path / "strange")
    if who == "stranger":
        shutil.copy(tmp_path / "certificates/ca.pem", tmp_path / "strange")
    one, other = Lines(tmp_path / "first" / USER, 1), Lines(tmp_path / "second" / USER, 2)
    one.write(3)
    other.write(3)
    place.collector.start()
    place.start(place.add_station("second", "strange"))
    log = tmp_path / ("collector.log" if who == "stranger" else "rsyslogd-second.log")
    wait_until(lambda: log.exists() and "certificate" in log.read_text(), "the refusal")
    place.start(place.add_station("first"))
    wait_until(lambda: place.has(one.written[-1]), "the lines of a station")
    assert [file.parent.name for file in place.find_files()] == [f"{HOST_NAME}-{1:016x}"]
