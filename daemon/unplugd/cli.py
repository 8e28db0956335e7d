"""The command line: parse, call, print, exit status. The only place that prints; picks the platform."""

from __future__ import annotations

import argparse
import io
import json
import os
import select
import signal
import sys
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from unplugd import __version__, config, control, duration, foreign, journal, lock, paths, sentence
from unplugd.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from unplugd.devices import Device
    from unplugd.linux import Linux
    from unplugd.paths import Paths
    from unplugd.reminder import Record

OTHER_VERSION: Final = Failure("the unplugd that runs is of another version", "stop it and start it again")
START: Final = "unplugd run   (or, to see what it does: unplugd demo)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = _parser().parse_args(argv)
    # Whatever is made, journal, configuration and the folders on the way, is the user's alone.
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a letter shows its number instead.
            stream.reconfigure(errors="backslashreplace")
    where = paths.of_user()
    try:
        status: int = arguments.command(arguments, where)
        if sys.stdout:
            sys.stdout.flush()
    except Failure as failure:
        say(f"unplugd: {failure}")
        say(f"hint: {failure.hint}")
        return 1
    except config.ConfigurationError as error:
        for problem in error.problems:
            say(f"unplugd: {problem}")
        file = getattr(arguments, "config", None) or where.config
        again = "unplugd config check" if file == where.config else "start it again"
        say(f"hint: edit {paths.short(file)}, then: {again}")
        return 1
    except control.NoAnswerError:
        say("unplugd: unplugd runs but does not answer\nhint: stop it and start it again")
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has seen enough; without this Python would complain at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        about = f"{paths.short(Path(os.fsdecode(error.filename)))}: " if error.filename else ""
        say(f"unplugd: {about}{error.strerror or type(error).__name__}")
        say("hint: unplugd doctor")
        return 1
    return status


def say(text: str) -> None:
    """Talk to the person: on stderr, so that data on stdout stays clean."""
    if sys.stderr:
        print(text, file=sys.stderr, flush=True)


def tell(text: str) -> None:
    """Talk to the person who may be there while the daemon runs: never waits, and nothing that happens to it matters.

    The terminal can be halted with Ctrl-S or be gone, and the reader of a pipe, too.
    """
    if not sys.stderr:
        return
    try:
        poll = select.poll()
        poll.register(sys.stderr.fileno(), select.POLLOUT)
        if poll.poll(0):
            os.write(sys.stderr.fileno(), f"{text}\n".encode(errors="backslashreplace"))
    except (OSError, ValueError):
        return


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="unplugd",
        description="Reminds you to disconnect the USB parts of a MiniMed 600 insulin-pump system "
        "when you are not using them to upload.",
    )
    parser.add_argument("--version", action="version", version=f"unplugd {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, what: str, command: Callable[[argparse.Namespace, Paths], int]
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
        added.set_defaults(command=command)
        return added

    as_json = {"action": "store_true", "help": "print JSON"}
    run = add("run", "watch, in the foreground; what the service runs", _run)
    run.add_argument(
        "--config", type=Path, metavar="FILE", help="read this configuration instead of the user's"
    )
    demo = add("demo", "the whole story on a simulated device, in a minute", _demo)
    demo.add_argument("--fast", action="store_true", help="in a few seconds")
    status = add("status", "show what is plugged in, who uses it and when the next reminder comes", _status)
    status.add_argument("--json", **as_json)  # type: ignore[arg-type]
    snooze = add("snooze", "no reminder for a while", _snooze)
    snooze.add_argument(
        "duration", nargs="?", type=_duration, metavar="DURATION", help='like "15m" (the default)'
    )
    snooze.add_argument("--cancel", action="store_true", help="end the snooze now")
    log = add("log", "show the journal", _log)
    log.add_argument("--last", type=int, metavar="N", help="only the last N events")
    log.add_argument(
        "--format", choices=("text", "jsonl"), default="text", help="sentences, or the events as they are"
    )
    log.add_argument("--follow", action="store_true", help="go on as events come")
    log.add_argument(
        "file", nargs="*", type=Path, metavar="FILE", help="journals to read instead of the user's"
    )
    listed = add("devices", "list every USB device here, which are watched and why", _devices)
    listed.add_argument("--json", **as_json)  # type: ignore[arg-type]
    more = listed.add_subparsers(metavar="learn")
    learn = more.add_parser("learn", help="watch a device that is plugged in", description=_learn.__doc__)
    learn.add_argument(
        "id", nargs="?", metavar="ID", help='like "0a21:8002"; without it, plug the device in now'
    )
    learn.add_argument("--name", help="what to call it")
    learn.set_defaults(command=_learn)
    doctor = add("doctor", "check everything that a reminder needs, with a hint for each failure", _doctor)
    doctor.add_argument("--notify", action="store_true", help="show a test notification")
    doctor.add_argument("--json", **as_json)  # type: ignore[arg-type]
    configuration = commands.add_parser(
        "config", help="the configuration file", description="The configuration file."
    )
    parts = configuration.add_subparsers(required=True, metavar="path|show|check|init|add-uploader")
    for name, what, command in (
        ("path", "print where it is", _config_path),
        ("show", "print every setting as it is in force", _config_show),
        ("check", "check it, and name every problem", _config_check),
        ("init", "write one to start from", _config_init),
        ("add-uploader", "add your upload software to it", _config_add_uploader),
    ):
        part = parts.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
        part.set_defaults(command=command)
        if name == "add-uploader":
            part.add_argument("process", metavar="PROGRAM", help='a name, a full path or "java:uploader.jar"')
            part.add_argument("--name", help="what to call it")
    return parser


def _duration(text: str) -> float:
    try:
        return duration.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a duration; write it like "15m" or "1h30m"'
        ) from None


def _platform(where: Paths | None = None) -> Linux:
    if not sys.platform.startswith("linux"):
        raise Failure(f"unplugd does not run on {sys.platform} yet", "use it on Linux")
    from unplugd.linux import Linux  # noqa: PLC0415 - only what is used is loaded

    return Linux(where.notification if where else None)


# --- run and demo -----------------------------------------------------------------------------------------------


def _run(arguments: argparse.Namespace, where: Paths) -> int:
    file = arguments.config or where.config
    if arguments.config and not file.exists():
        raise Failure(f"there is no file {arguments.config}", "unplugd config init writes one to start from")
    from unplugd.run import Daemon  # noqa: PLC0415 - as above

    # A person at a terminal sees what happens; in a service's log the journal would only stand twice.
    told = _tell_person if sys.stderr and sys.stderr.isatty() else _tell_nobody
    try:
        daemon = Daemon(_platform(where), where, lambda: config.load(file), _diagnose, told)
    except lock.HeldError as held:
        process = f" (process {held.holder})" if held.holder else ""
        raise Failure(f"unplugd is already running{process}", "unplugd status shows what it sees") from None
    except OSError as error:
        raise _no_folders(error, where) from None
    if sys.stderr and sys.stderr.isatty():
        _diagnose("watching; Ctrl-C ends it, unplugd status shows what it sees")
    try:
        daemon.run()
    finally:
        daemon.close()
    return 0


def _diagnose(text: str) -> None:
    tell(f"unplugd: {text}")


def _tell_person(record: Record) -> None:
    tell(f"{time.strftime('%H:%M:%S')}  {_told(record)}")


def _tell_nobody(_record: Record) -> None:
    pass


def _told(record: Record) -> str:
    device = record.device
    about = {"device": device.port, "name": device.name} if device else {}
    return sentence.of({"event": record.event, **about, **record.fields})


def _no_folders(error: OSError, where: Paths) -> Failure:
    folders = f"{paths.short(where.state)} and {paths.short(where.runtime)}"
    return Failure(
        f"cannot start: {error.strerror or error}", f"make {folders} folders that you can write to"
    )


def _demo(arguments: argparse.Namespace, where: Paths) -> int:
    from unplugd import demo  # noqa: PLC0415 - as above
    from unplugd.run import Daemon  # noqa: PLC0415 - as above

    speed = demo.FAST if arguments.fast else 1.0
    own = paths.Paths(where.configuration, where.state / "demo", where.runtime / "demo")
    began = time.monotonic()

    def narrate(text: str, mark: str = " ") -> None:
        print(f"{(time.monotonic() - began) * speed:4.0f} s {mark} {text}", flush=True)

    say(
        "A CareLink USB stick on a simulated port; the notifications are real. Minutes of the real rules are seconds."
    )
    daemon: Daemon | None = None
    platform = demo.Simulated(
        _platform(own),
        speed,
        lambda text: narrate(text, ">"),
        lambda: daemon.stop("over") if daemon else None,
    )

    happened: set[str] = set()

    def told(record: Record) -> None:
        happened.add(record.event)
        narrate(_told(record))

    try:
        daemon = Daemon(
            platform, own, lambda: demo.settings(speed), lambda text: say(f"unplugd: {text}"), told
        )
    except lock.HeldError:
        raise Failure("another demo is running", "wait until it is over, or stop it with Ctrl-C") from None
    except OSError as error:
        raise _no_folders(error, own) from None
    interrupted = False
    try:
        interrupted = daemon.run() == signal.SIGINT.name
    finally:
        daemon.close()
    if interrupted:
        return 130
    if "reminded" not in happened:
        say("No reminder reached you in this story.\nhint: unplugd doctor --notify")
    say("That was the whole story. Its journal: unplugd log " + paths.short(own.journal))
    say("To watch for real: unplugd run")
    return 0


# --- asking the daemon ------------------------------------------------------------------------------------------


def _status(arguments: argparse.Namespace, where: Paths) -> int:
    try:
        status = control.ask(where.control, {"command": "status"})
    except control.NotRunningError:
        if arguments.json:
            print(json.dumps({"running": False}))
        raise Failure("unplugd is not running, so nobody reminds you", START) from None
    if arguments.json:
        print(json.dumps(status, indent=2))
        return 0
    try:
        _print_status(status)
    except (KeyError, TypeError, AttributeError, IndexError):
        raise OTHER_VERSION from None
    return 0


def _print_status(status: dict[str, Any]) -> None:
    print(
        f"unplugd {status['version']} is running since {_when(status['since'])} (process {status['process']})."
    )
    for device in status["devices"]:
        print()
        print(f"{_shown(device['name'])}, port {_shown(device['device'])}")
        for line in _about(device):
            print(f"  {line}")
    if not status["devices"]:
        print("Nothing that it watches is plugged in.")
    print()
    last = status["last_delivery"]
    if status["quiet_until"]:
        print(f"Quiet hours until {_when(status['quiet_until'])}.")
    if last is None:
        print(f"Reminders come by {status['channels'][0]}; none was needed yet.")
    elif last.get("error"):
        print(f"The last reminder did not reach you by {last['channel']}: {_shown(last['error'])}.")
        say("hint: unplugd doctor")
    else:
        print(f"The last reminder came by {last['channel']} at {_when(last['time'])}.")
    if status["journal"]["trouble"]:
        print(
            f"The journal cannot be written: {status['journal']['trouble']}; {status['journal']['waiting']} events wait."
        )
    if status["configuration"]["problems"]:
        print("The new configuration is refused, the one before is in force:")
        for problem in status["configuration"]["problems"]:
            print(f"  {_shown(problem, 300)}")


def _about(device: dict[str, Any]) -> Iterator[str]:
    plugged_in = f"plugged in since {_when(device['plugged_in'])}"
    if device["program"]:
        yield f"{plugged_in}, in use by {_shown(device['program'])} ({_shown(device['evidence'])})"
        yield "no reminder while it is used"
        return
    used = f"not used since {_when(device['used_until'])}" if device["used_until"] else "not used"
    yield f"{plugged_in}, {used}"
    for program in device["strangers"]:
        yield f"held open by {_shown(program)}, which is not known as upload software"
    if device["snoozed_until"]:
        yield f"snoozed until {_when(device['snoozed_until'])}"
    if device["next_reminder"]:
        sent = f" ({device['reminded']} so far)" if device["reminded"] else ""
        yield f"next reminder at {_when(device['next_reminder'])}{sent}"


def _snooze(arguments: argparse.Namespace, where: Paths) -> int:
    request: dict[str, Any] = {"command": "snooze"}
    if arguments.cancel:
        request["cancel"] = True
    elif arguments.duration is not None:
        if not 0 < arguments.duration <= config.DAY:
            raise Failure("a snooze lasts from a moment to a day", "unplugd snooze 15m")
        request["seconds"] = arguments.duration
    try:
        answer = control.ask(where.control, request)
    except control.NotRunningError:
        raise Failure("unplugd is not running, so there is nothing to snooze", START) from None
    try:
        return _print_snooze(arguments, answer)
    except (KeyError, TypeError, AttributeError, IndexError):
        raise OTHER_VERSION from None


def _print_snooze(arguments: argparse.Namespace, answer: dict[str, Any]) -> int:
    if arguments.cancel:
        names = ", ".join(_shown(name) for name in answer["cancelled"])
        say(f"Reminders are on again for {names}." if names else "Nothing was snoozed.")
        return 0
    if not answer.get("plugged_in"):
        raise Failure("nothing is plugged in, so there is nothing to snooze", "unplugd status")
    if not answer["snoozed"]:
        limit = duration.spoken(answer["limit"])
        raise Failure(f"the snooze of this plug-in is used up ({limit} in all)", "unplug the device")
    for snoozed in answer["snoozed"]:
        say(f"No reminder for {_shown(snoozed['name'])} until {_when(snoozed['until'])}.")
    return 0


def _when(moment: str | None) -> str:
    shown = sentence.local_time({"time": moment})
    return shown[11:16] if shown[:10] == time.strftime("%Y-%m-%d") else shown[:16]


def _shown(text: object, limit: int = foreign.LIMIT) -> str:
    return foreign.plain(str(text), limit)


# --- the journal ------------------------------------------------------------------------------------------------


def _log(arguments: argparse.Namespace, where: Paths) -> int:
    files = arguments.file or journal.files(where.journal)
    if not files and not arguments.follow:
        raise Failure("there is no journal yet", START)
    if arguments.last is not None and arguments.last < 0:
        raise Failure("--last takes a number from 0 on", "unplugd log --last 20")
    show: Callable[[dict[str, Any]], None] = _print_json if arguments.format == "jsonl" else _print_text
    lines = _lines(files)
    events = (event for line in lines if (event := journal.parse(line)) is not None)
    for event in events if arguments.last is None else deque(events, maxlen=arguments.last):
        show(event)
    if arguments.follow:
        for line in _following(arguments.file[-1] if arguments.file else where.journal):
            event = journal.parse(line)
            if event is not None:
                show(event)
    return 0


def _lines(files: Sequence[Path]) -> Iterator[bytes]:
    for file in files:
        try:
            if not file.is_file():
                reason = "no such file" if not file.exists() else "not a file"
                raise Failure(f"{paths.short(file)}: {reason}", "give a journal, such as events.jsonl")
            with file.open("rb") as opened:
                # Bounded: a line without an end must not fill the memory.
                while line := opened.readline(journal.LONGEST_LINE + 2):
                    yield line
        except OSError as error:
            raise Failure(
                f"{paths.short(file)}: {error.strerror}", "give a journal that you can read"
            ) from None


def _following(file: Path) -> Iterator[bytes]:
    opened = None
    rest = b""
    while True:
        try:
            if opened is None:
                opened = file.open("rb")
                if not rest:
                    opened.seek(0, os.SEEK_END)
            while more := opened.readline(journal.LONGEST_LINE + 2):
                rest += more
                if rest.endswith(b"\n"):
                    yield rest
                    rest = b""
            if not os.path.samestat(os.fstat(opened.fileno()), file.stat()):
                opened.close()
                opened = file.open("rb")
                continue
        except FileNotFoundError:
            pass
        sys.stdout.flush()
        time.sleep(0.25)


def _print_json(event: dict[str, Any]) -> None:
    # Letters as numbers: the same data, and nothing in it that a terminal would obey.
    print(json.dumps(event), flush=True)


def _print_text(event: dict[str, Any]) -> None:
    print(f"{sentence.local_time(event)}  {sentence.of(event)}", flush=True)


# --- devices ----------------------------------------------------------------------------------------------------


def _devices(arguments: argparse.Namespace, where: Paths) -> int:
    from unplugd import listing  # noqa: PLC0415 - as above

    platform = _platform(where)
    try:
        found = platform.everything()
    except OSError as error:
        raise Failure(f"the USB devices cannot be listed: {error.strerror}", "unplugd doctor") from None
    listed = listing.of(found, config.load(where.config).watches, platform.products())
    if arguments.json:
        rows = [
            {
                "device": one.device.port,
                "id": one.device.id,
                "product": one.product,
                "watched": one.watched,
                "why": one.why,
            }
            for one in listed
        ]
        print(json.dumps(rows, indent=2))
        return 0
    if not listed:
        say("There is no USB device here.")
        return 0
    _table(
        ("PORT", "ID", "DEVICE", ""), [(o.device.port, o.device.id, o.product or "-", o.why) for o in listed]
    )
    if not any(one.watched for one in listed):
        say("hint: a stick that is plugged in and not watched? unplugd devices learn")
    return 0


def _learn(arguments: argparse.Namespace, where: Paths) -> int:
    """Add a device to the configuration: the one with this id, or the one that you plug in now."""
    from unplugd import devices, listing  # noqa: PLC0415 - as above

    platform = _platform(where)
    settings = config.load(where.config)
    if arguments.id:
        try:
            wanted = "{:04x}:{:04x}".format(*devices.parse_id(arguments.id))
        except ValueError as error:
            raise Failure(str(error), "ids look like 0a21:8001; unplugd devices lists them") from None
        found = [device for device in platform.everything() if device.id == wanted]
        if not found:
            raise Failure(
                f"no device {wanted} is plugged in", "plug it in; unplugd devices lists what is there"
            )
        device = found[0]
    else:
        device = _newly_plugged_in(platform)
    product = listing.of([device], settings.watches, platform.products())[0].product
    say(f"{device.id} on port {device.port}: {product or 'it does not say what it is'}")
    if device.device_class == listing.HUB:
        raise Failure("that is a hub", "plug the device itself in")
    known = devices.find(device.vendor, device.product, settings.watches)
    if known and known.on:
        say(f"It is watched already, as {known.name}.")
        return 0
    if device.id in devices.SHARED_IDS:
        raise Failure(
            f"{device.id} is the id of a chip in many different devices, which would all be watched",
            "unplugd cannot tell this one from the others",
        )
    if not arguments.id and sys.stdin.isatty() and not _yes("Watch this device from now on?"):
        say("Nothing was changed.")
        return 0
    name = (
        foreign.plain(arguments.name or product or (known.name if known else "")) or f"USB device {device.id}"
    )
    _append(where, config.device_entry(name, device.id))
    say(f"{name} ({device.id}) is watched from now on.")
    return 0


def _newly_plugged_in(platform: Linux) -> Device:
    """Wait for a device that was not there before, and return it."""
    from unplugd.listing import HUB  # noqa: PLC0415 - as above
    from unplugd.loop import turn  # noqa: PLC0415 - as above

    changed: list[bool] = []
    sources = platform.sources(lambda: changed.append(True))
    before = {(device.port, device.address) for device in platform.everything()}
    say("Plug the device in now (if it is plugged in, take it out and plug it in again). Ctrl-C ends.")
    try:
        while True:
            # Once a second as well: an announcement can be lost.
            turn(sources, platform.now, platform.now() + 1)
            there = platform.everything()
            new = [device for device in there if (device.port, device.address) not in before]
            # A hub that comes with its devices is not what is meant.
            if new:
                return min(new, key=lambda device: device.device_class == HUB)
            before &= {(device.port, device.address) for device in there}
    finally:
        for source in sources:
            source.close()


def _yes(question: str) -> bool:
    print(f"{question} [Y/n] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("", "y", "yes")


# --- the configuration ------------------------------------------------------------------------------------------


def _config_path(_arguments: argparse.Namespace, where: Paths) -> int:
    print(where.config)
    return 0


def _config_show(_arguments: argparse.Namespace, where: Paths) -> int:
    print(config.written(config.load(where.config)), end="")
    return 0


def _config_check(_arguments: argparse.Namespace, where: Paths) -> int:
    config.load(where.config)
    shown = paths.short(where.config)
    say(f"{shown} is right." if where.config.exists() else f"There is no {shown}, so the defaults hold.")
    return 0


def _config_init(_arguments: argparse.Namespace, where: Paths) -> int:
    try:
        where.configuration.mkdir(mode=0o700, parents=True, exist_ok=True)
        with where.config.open("x", encoding="utf-8") as file:
            file.write(config.TEMPLATE)
    except FileExistsError:
        raise Failure(f"{paths.short(where.config)} is there already", "unplugd config show") from None
    except OSError as error:
        raise Failure(
            f"{paths.short(where.config)}: {error.strerror}", "make it a folder you can write to"
        ) from None
    say(f"Wrote {paths.short(where.config)}: every line in it is a default.")
    return 0


def _config_add_uploader(arguments: argparse.Namespace, where: Paths) -> int:
    process = arguments.process
    name = foreign.plain(arguments.name or process.rpartition("/")[2].rpartition(":")[2])
    _append(where, config.uploader_entry(name or "upload software", (process,)))
    say(f"{name} counts as upload software from now on.")
    return 0


def _append(where: Paths, entry: str) -> None:
    """Add an entry to the configuration file, which must be right before and after, and tell the daemon."""
    config.load(where.config)
    try:
        text = where.config.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        text = ""
    # A link, as people keep their dotfiles, stays a link.
    target = where.config.resolve()
    text = f"{text.rstrip()}\n\n{entry}" if text.strip() else entry
    config.parse(text, where.config.name)
    try:
        where.configuration.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}.new")
        fresh.unlink(missing_ok=True)
        with fresh.open("x", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(target)
    except OSError as error:
        raise Failure(
            f"{paths.short(where.config)}: {error.strerror}", "make it a file you can write to"
        ) from None
    try:
        control.ask(where.control, {"command": "reload"})
    except (control.NotRunningError, control.NoAnswerError):
        return


# --- the doctor -------------------------------------------------------------------------------------------------


def _doctor(arguments: argparse.Namespace, where: Paths) -> int:
    from unplugd import doctor  # noqa: PLC0415 - as above

    # Without the note of what is on the screen: the daemon's reminder is not the doctor's to replace.
    findings = doctor.examine(_platform(), where, notify=arguments.notify)
    failed = any(finding.ok is False for finding in findings)
    if arguments.json:
        rows = [{"layer": f.layer, "ok": f.ok, "what": f.what, "hint": f.hint, "by": f.by} for f in findings]
        print(json.dumps(rows, indent=2))
        return int(failed)
    console = _console()
    for finding in findings:
        mark, style = {True: ("ok", "green"), None: ("--", "yellow"), False: ("NO", "bold red")}[finding.ok]
        console.print(mark, style=style, end="  ")
        layer = f"{finding.layer} (by {finding.by})" if finding.by else finding.layer
        console.print(f"{layer}: {_shown(finding.what, 200)}", markup=False)
        if finding.hint and finding.ok is not True:
            console.print(f"      hint: {finding.hint}", markup=False)
    return int(failed)


def _console() -> Any:
    from rich.console import Console  # noqa: PLC0415 - the daemon never loads it

    # A pipe gets whole lines, however long.
    width = None if sys.stdout.isatty() else 1000
    return Console(highlight=False, emoji=False, soft_wrap=True, width=width)


def _table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, no_wrap=title != "")
    for row in rows:
        # Text, not markup: names are foreign.
        table.add_row(*(Text(cell) for cell in row))
    _console().print(table, soft_wrap=False)
