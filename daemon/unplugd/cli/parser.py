"""The command line's grammar: every command and option, and where its work is done."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from unplugd import __version__, duration, moment
from unplugd.reading.kinds import KINDS

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its type has no other name

AS_JSON: Final[dict[str, Any]] = {"action": "store_true", "help": "print JSON"}
DRY_RUN: Final[dict[str, Any]] = {"action": "store_true", "help": "only say what would be done"}
MANAGERS: Final = ("systemd", "launchd")


def parser() -> argparse.ArgumentParser:
    """Return the parser. What it parses has `command`, the module below `unplugd.cli` and the function to call."""
    whole = argparse.ArgumentParser(
        prog="unplugd",
        description="Reminds you to disconnect the USB parts of a MiniMed 600 insulin-pump system "
        "when you are not using them to upload.",
    )
    whole.add_argument("--version", action="version", version=f"unplugd {__version__}")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    _watching(commands)
    _asking(commands)
    _log(commands)
    _report(commands)
    _devices(commands)
    _doctor(commands)
    _configuration(commands)
    _service(commands)
    return whole


def _add(commands: Commands, name: str, what: str, command: str) -> argparse.ArgumentParser:
    added = commands.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    # A name, not the function: the daemon runs for months and loads no other command.
    added.set_defaults(command=command)
    return added


def _watching(commands: Commands) -> None:
    run = _add(commands, "run", "watch, in the foreground; what the service runs", "watching.run")
    run.add_argument(
        "--config", type=Path, metavar="FILE", help="read this configuration instead of the user's"
    )
    demo = _add(commands, "demo", "the whole story on a simulated device, in a minute", "watching.demo")
    demo.add_argument("--fast", action="store_true", help="in a few seconds")


def _asking(commands: Commands) -> None:
    what = "show what is plugged in, who uses it and when the next reminder comes"
    status = _add(commands, "status", what, "asking.status")
    status.add_argument("--json", **AS_JSON)
    snooze = _add(commands, "snooze", "no reminder for a while", "asking.snooze")
    snooze.add_argument(
        "duration", nargs="?", type=_duration, metavar="DURATION", help='like "15m" (the default)'
    )
    snooze.add_argument("--cancel", action="store_true", help="end the snooze now")


def _log(commands: Commands) -> None:
    log = _add(commands, "log", "show the journal", "log.log")
    log.add_argument("--since", metavar="T", help=f"only from then on; {moment.FORMS}, in local time")
    log.add_argument("--until", metavar="T", help="only until then; a day or a minute as a whole")
    log.add_argument("--last", type=int, metavar="N", help="only the last N events")
    log.add_argument(
        "--event",
        action="append",
        choices=KINDS,
        metavar="NAME",
        help=f"only these, may be given more than once: {', '.join(KINDS)}",
    )
    log.add_argument(
        "--device", metavar="TEXT", help="only devices with this port, this id or this in the name"
    )
    log.add_argument(
        "--format",
        choices=("text", "jsonl", "csv"),
        default="text",
        help="sentences without the checkpoints (unless --event asks for them), the events as they are, or a table",
    )
    log.add_argument("--follow", action="store_true", help="go on as events come")
    log.add_argument(
        "file",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="journals, or folders with some, to read instead of the user's own",
    )


def _report(commands: Commands) -> None:
    what = "show how long devices were plugged in, used, and left plugged in unused"
    report = _add(commands, "report", what, "report.report")
    report.add_argument("--since", metavar="T", help=f"only from then on; {moment.FORMS}, in local time")
    report.add_argument("--until", metavar="T", help="only until then; a day or a minute as a whole")
    report.add_argument("--json", **AS_JSON)
    report.add_argument("--html", type=Path, metavar="FILE", help="write it as a page, with pictures")
    report.add_argument("--open", action="store_true", help="open the page, too")
    report.add_argument(
        "--share", action="store_true", help="without the names of computers and with models as device names"
    )
    report.add_argument(
        "file",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="journals, or folders with some, to read instead of the user's own",
    )


def _devices(commands: Commands) -> None:
    what = "list every USB device here, which are watched and why"
    listed = _add(commands, "devices", what, "devices.devices")
    listed.add_argument("--json", **AS_JSON)
    more = listed.add_subparsers(metavar="learn")
    learn = more.add_parser(
        "learn",
        help="watch a device that is plugged in",
        description="Add a device to the configuration: the one with this id, or the one that you plug in now.",
    )
    learn.add_argument(
        "id", nargs="?", metavar="ID", help='like "0a21:8002"; without it, plug the device in now'
    )
    learn.add_argument("--name", help="what to call it")
    learn.set_defaults(command="devices.learn")


def _doctor(commands: Commands) -> None:
    what = "check everything that a reminder needs, with a hint for each failure"
    doctor = _add(commands, "doctor", what, "doctor.doctor")
    doctor.add_argument("--notify", action="store_true", help="show a test notification")
    doctor.add_argument("--json", **AS_JSON)


def _configuration(commands: Commands) -> None:
    configuration = commands.add_parser(
        "config", help="the configuration file", description="The configuration file."
    )
    parts = configuration.add_subparsers(required=True, metavar="path|show|check|init|add-uploader")
    _add(parts, "path", "print where it is", "configuration.path")
    _add(parts, "show", "print every setting as it is in force", "configuration.show")
    _add(parts, "check", "check it, and name every problem", "configuration.check")
    _add(parts, "init", "write one to start from", "configuration.init")
    adder = _add(parts, "add-uploader", "add your upload software to it", "configuration.add_uploader")
    adder.add_argument("process", metavar="PROGRAM", help='a name, a full path or "java:uploader.jar"')
    adder.add_argument("--name", help="what to call it")


def _service(commands: Commands) -> None:
    what = "have unplugd started whenever you log in"
    service = commands.add_parser("service", help=what, description=what[0].upper() + what[1:] + ".")
    parts = service.add_subparsers(
        required=True, metavar="install|uninstall|start|stop|restart|status|logs|file"
    )
    install = _add(
        parts, "install", "install it, start it, and show that it can reach you", "service.install"
    )
    uninstall = _add(parts, "uninstall", "stop it and remove what install wrote", "service.uninstall")
    uninstall.add_argument(
        "--purge", action="store_true", help="the configuration and the journal too; asks before"
    )
    start = _add(parts, "start", "start it now", "service.start")
    stop = _add(parts, "stop", "stop it until you log in again", "service.stop")
    restart = _add(parts, "restart", "stop it and start it again", "service.restart")
    for changes in (install, uninstall, start, stop, restart):
        changes.add_argument("--dry-run", **DRY_RUN)
    status = _add(parts, "status", "show whether it is installed, up to date and running", "service.status")
    status.add_argument("--json", **AS_JSON)
    logs = _add(parts, "logs", "show what it has said", "service.logs")
    logs.add_argument("--last", type=int, metavar="N", default=50, help="only the last N lines (50)")
    logs.add_argument("--follow", action="store_true", help="go on as lines come")
    file = _add(parts, "file", "print the service file, for packagers and administrators", "service.file")
    file.add_argument("--command", dest="program", metavar="PATH", help="where the command unplugd will be")
    for part in (install, uninstall, start, stop, restart, status, logs, file):
        part.add_argument("--manager", choices=MANAGERS, help="instead of the one of this system")


def _duration(text: str) -> float:
    try:
        return duration.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a duration; write it like "15m" or "1h30m"'
        ) from None
