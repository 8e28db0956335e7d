"""The grammar of the command line: every command with its options and the function that runs it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from unplugd import __version__, durations
from unplugd.cli import timespan
from unplugd.journal.kinds import KINDS
from unplugd.journal.url import parse_place

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it

AS_JSON: Final[dict[str, Any]] = {"action": "store_true", "help": "print JSON"}
BOM: Final[dict[str, Any]] = {
    "action": "store_true",
    "help": "begin the csv table with a byte order mark, so that Excel shows every letter right",
}
DRY_RUN: Final[dict[str, Any]] = {
    "action": "store_true",
    "help": "print what would be done, and change nothing",
}
MANAGERS: Final = ("systemd", "launchd", "windows")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser. Its result has `command`: the module in `unplugd.cli` and the function, as "log.log"."""
    parser = argparse.ArgumentParser(
        prog="unplugd",
        description="Reminds you to disconnect the USB parts of a MiniMed 600 insulin-pump system "
        "when you are not using them to upload.",
    )
    parser.add_argument("--version", action="version", version=f"unplugd {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run_and_demo(commands)
    _add_status_and_snooze(commands)
    _add_log(commands)
    _add_report(commands)
    _add_export(commands)
    _add_devices(commands)
    _add_doctor(commands)
    _add_config(commands)
    _add_service(commands)
    return parser


def _add_command(commands: Commands, name: str, summary: str, command: str) -> argparse.ArgumentParser:
    added = commands.add_parser(name, help=summary, description=_make_sentence(summary))
    # Use a name, not the function, so that the daemon, which runs for months, does not import other commands.
    added.set_defaults(command=command)
    return added


def _add_run_and_demo(commands: Commands) -> None:
    run = _add_command(commands, "run", "watch in the foreground; this is what the service runs", "run.run")
    run.add_argument(
        "--config", type=Path, metavar="FILE", help="use this configuration file instead of your own"
    )
    demo = _add_command(
        commands, "demo", "show how it all works on a simulated device, in about a minute", "demo.demo"
    )
    demo.add_argument("--fast", action="store_true", help="take only a few seconds")


def _add_status_and_snooze(commands: Commands) -> None:
    summary = "show what is plugged in, what is using it, and when the next reminder is due"
    status = _add_command(commands, "status", summary, "status.status")
    form = status.add_mutually_exclusive_group()
    form.add_argument("--json", **AS_JSON)
    form.add_argument(
        "--prometheus",
        action="store_true",
        help="print metrics in Prometheus's text format, without names; also if unplugd is not running",
    )
    snooze = _add_command(commands, "snooze", "pause reminders for a while", "snooze.snooze")
    snooze.add_argument(
        "duration",
        nargs="?",
        type=_parse_duration,
        metavar="DURATION",
        help='how long, such as "30m" (default: the "snooze" setting, 15m)',
    )
    snooze.add_argument("--cancel", action="store_true", help="end the snooze now")


def _add_interval(command: argparse.ArgumentParser) -> None:
    command.add_argument("--since", metavar="T", help=f"start from this local time: {timespan.FORMS}")
    command.add_argument("--until", metavar="T", help="stop at this time; a day or minute is included whole")


def _add_files(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "file",
        nargs="*",
        type=parse_place,
        metavar="FILE",
        help="journal files, or folders that hold some, to read instead of your own journal",
    )


def _add_log(commands: Commands) -> None:
    log = _add_command(commands, "log", "show the journal", "log.log")
    _add_interval(log)
    log.add_argument("--last", type=int, metavar="N", help="show only the last N events")
    log.add_argument(
        "--event",
        action="append",
        choices=KINDS,
        metavar="NAME",
        help=f"show only these events; can be given more than once: {', '.join(KINDS)}",
    )
    log.add_argument(
        "--device",
        metavar="TEXT",
        help="show only devices with this port or id, or with this text in the name",
    )
    log.add_argument(
        "--format",
        choices=("text", "jsonl", "csv"),
        default="text",
        help="sentences (without checkpoints unless --event asks for them), the events as stored, or a table",
    )
    log.add_argument("--bom", **BOM)
    log.add_argument("--follow", action="store_true", help="keep running and show new events as they come")
    _add_files(log)


def _add_report(commands: Commands) -> None:
    summary = "show how long devices were plugged in, used, and left plugged in unused"
    report = _add_command(commands, "report", summary, "report.report")
    _add_interval(report)
    report.add_argument("--json", **AS_JSON)
    report.add_argument(
        "--html", type=Path, metavar="FILE", help="write the report to FILE as an HTML page with charts"
    )
    report.add_argument(
        "--open",
        action="store_true",
        help="open the page; without --html, it is among unplugd's temporary files",
    )
    report.add_argument(
        "--share", action="store_true", help="leave out computer names, and name devices by model only"
    )
    report.add_argument("--computer", metavar="NAME", help="report only on this one of several computers")
    report.add_argument(
        "--on",
        metavar="WHERE",
        help="where to review: inline, processes, processes:4, or the address of a Dask scheduler, such as "
        "tcp://scheduler:8786 (default: processes if there is much to read)",
    )
    _add_files(report)


def _add_export(commands: Commands) -> None:
    summary = "write when devices were used, and when plugged in unused, for other programs"
    export = _add_command(commands, "export", summary, "export.export")
    _add_interval(export)
    export.add_argument(
        "--format", choices=("csv", "jsonl"), default="csv", help="a table (default), or an object a line"
    )
    export.add_argument("--bom", **BOM)
    _add_files(export)


def _add_devices(commands: Commands) -> None:
    summary = "list every USB device on this computer, which ones are watched, and why"
    devices = _add_command(commands, "devices", summary, "devices.list_devices")
    devices.add_argument("--json", **AS_JSON)
    parts = devices.add_subparsers(metavar="learn")
    learn = parts.add_parser(
        "learn",
        help="watch one more device",
        description="Add a device to the configuration: the one with the given id or, without an id, the one you plug in now.",
    )
    learn.add_argument(
        "id", nargs="?", metavar="ID", help='such as "0a21:8002"; without it, plug the device in when asked'
    )
    learn.add_argument("--name", help="the name to show for it")
    learn.set_defaults(command="devices.learn_device")


def _add_doctor(commands: Commands) -> None:
    summary = "check everything a reminder needs, with a hint for each failure"
    doctor = _add_command(commands, "doctor", summary, "doctor.doctor")
    doctor.add_argument("--notify", action="store_true", help="show a test notification")
    doctor.add_argument("--json", **AS_JSON)
    doctor.add_argument(
        "--report",
        metavar="FILE",
        help="write a report without names and serial numbers to FILE, to send to the developers; in a terminal, it also "
        "asks you to try things, for ten minutes (- for stdout)",
    )


def _add_config(commands: Commands) -> None:
    configuration = commands.add_parser(
        "config",
        help="show, check or change the configuration",
        description="Show, check or change the configuration.",
    )
    parts = configuration.add_subparsers(required=True, metavar="path|show|check|init|add-uploader")
    _add_command(parts, "path", "print the path of the configuration file", "config.path")
    _add_command(parts, "show", "print every setting in effect", "config.show")
    _add_command(parts, "check", "check the file and list every problem", "config.check")
    _add_command(parts, "init", "write a file with the defaults to start from", "config.init")
    adder = _add_command(parts, "add-uploader", "add your upload software to the file", "config.add_uploader")
    adder.add_argument("process", metavar="PROGRAM", help='a name, a full path or "java:uploader.jar"')
    adder.add_argument("--name", help="the name to show for it")


def _add_service(commands: Commands) -> None:
    summary = "run unplugd in the background whenever you are logged in"
    service = commands.add_parser("service", help=summary, description=_make_sentence(summary))
    parts = service.add_subparsers(
        required=True, metavar="install|uninstall|start|stop|restart|status|logs|file"
    )
    install = _add_command(
        parts, "install", "install the service, start it, and show a first notification", "service.install"
    )
    uninstall = _add_command(
        parts, "uninstall", "stop the service and remove what install wrote", "service.uninstall"
    )
    uninstall.add_argument(
        "--purge", action="store_true", help="also delete the configuration and the journal, after asking"
    )
    start = _add_command(parts, "start", "start the service now", "service.start")
    stop = _add_command(parts, "stop", "stop the service until you next log in", "service.stop")
    restart = _add_command(parts, "restart", "stop the service and start it again", "service.restart")
    for changes in (install, uninstall, start, stop, restart):
        changes.add_argument("--dry-run", **DRY_RUN)
    status = _add_command(
        parts, "status", "show whether the service is installed, up to date and running", "service.status"
    )
    status.add_argument("--json", **AS_JSON)
    logs = _add_command(parts, "logs", "show the service's output", "service.logs")
    logs.add_argument(
        "--last", type=int, metavar="N", default=50, help="show only the last N lines (default: 50)"
    )
    logs.add_argument("--follow", action="store_true", help="keep running and show new lines as they come")
    file = _add_command(
        parts, "file", "print the service file, for packagers and administrators", "service.file"
    )
    file.add_argument(
        "--command",
        dest="program",
        metavar="PATH",
        help="the absolute path where the unplugd command will be",
    )
    for part in (install, uninstall, start, stop, restart, status, logs, file):
        part.add_argument(
            "--manager", choices=MANAGERS, help="use this service manager instead of the system's usual one"
        )


def _make_sentence(summary: str) -> str:
    return f"{summary[0].upper()}{summary[1:]}."


def _parse_duration(text: str) -> float:
    try:
        return durations.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a duration; write it like "15m" or "1h30m"'
        ) from None
