"""The man page. What the program knows by itself is written from it; the rest stands here, in plain words."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd import __version__, config, duration, paths
from unplugd_service.launchd import Launchd
from unplugd_service.systemd import Systemd

from .grammar import NOTE, SUGGESTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .grammar import Argument, Command

CHANGELOG: Final = Path(__file__).parents[2] / "CHANGELOG.md"

DESCRIPTION: Final = """
`unplugd` watches a computer for the USB parts of a MiniMed 600 insulin-pump system: the CareLink USB stick and the
Contour Next Link 2.4 meter. While one of them is plugged in and no upload software uses it, `unplugd` shows a
notification that asks you to unplug it. It stays silent while you upload, and it keeps a journal that you can review.

Why: in a notice of 20 September 2022 about the communication of these pumps, Medtronic asks people to disconnect the
USB device from the computer when they are not using it to download pump data. People forget. `unplugd` does not.

The first reminder comes {after_plug_in} after you plug a device in, or {after_use} after the end of an upload. Then it
comes again, ever less often, at last every {repeat}, until you unplug the device; from reminder number {critical_after}
on it is shown as urgent. Upload software that is open but does not use the device holds a reminder back for
{running_counts_for}, not longer. The notification has two buttons: one gives you {snooze} without a reminder (in all
{snooze_limit} at most, for one plug-in), the other tells `unplugd` that you are uploading. You can change these times,
see CONFIGURATION.

`unplugd` gives no medical advice, does not talk to the pump, and never opens a USB device: it only looks at what the
system already knows.

Most people need two commands, each once: `unplugd service install`, so that it watches whenever you are logged in, and
`unplugd doctor --notify`, to see that its notifications reach you.
"""

CONFIGURATION: Final = """
There need not be any: every setting has a default, and these are they. `unplugd config init` writes a file to start
from, `unplugd config check` names every error in it. A change holds after `unplugd service restart`, or at once when
the running `unplugd` receives SIGHUP; a file with errors is then refused, and the old settings stay.

Durations are written like 90s, 5m or 1h30m. A section in double brackets can stand as often as you like; what is shown
in it is an example.
"""

FILES: Final = {
    "config": "The configuration. Without the file, the defaults hold.",
    "journal": "The journal, one event a line, in JSON. When it grows too long it is continued in a new file; "
    "the older ones have a number behind their name.",
    "control": "The socket by which the other commands ask the running `unplugd`.",
}
SERVICE: Final = "What has `unplugd` started when you log in; `unplugd service install` writes it."
HOME: Final = {"HOME": "~", "XDG_RUNTIME_DIR": "/run/user/UID"}
"""The environment of a person whose folders are where they usually are."""

EXIT_STATUS: Final = {
    "0": "Done.",
    "1": "It could not be done, or a check found something wrong. One line says what, and one what helps.",
    "2": "The command was written wrongly; `--help` shows how it is meant.",
    "130": "Interrupted, by Ctrl-C.",
}

ENVIRONMENT: Final = {
    "HOME": "The home folder, in which all other folders are where nothing else is said.",
    "XDG_CONFIG_HOME": "Where the folders of the configuration and of the service are, on Linux.",
    "XDG_STATE_HOME": "Where the folder of the journal is, on Linux.",
    "XDG_RUNTIME_DIR": "Where the folder of the socket is, on Linux. Without it, the socket is beside the journal.",
    "XDG_CACHE_HOME": "A folder that is emptied one day: no service is installed to run a program in it.",
    "DBUS_SESSION_BUS_ADDRESS, DBUS_SYSTEM_BUS_ADDRESS": "How the desktop and the system are reached, on Linux.",
    "DISPLAY, WAYLAND_DISPLAY": "Whether there is a desktop that can show a notification, on Linux.",
    "NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID": "Set by systemd(1), which is told that `unplugd` is ready and alive.",
    "UNPLUGD_SERVICE": "Set in the service: with an invalid configuration it watches by the defaults and says so.",
    "TZ": "The time zone in which times are given and shown.",
    "PAGER": "The program that shows a long log on a terminal, instead of less(1).",
    "NO_COLOR": "If set, text is printed plainly: without colours and without bold.",
}

PRIVACY: Final = """
No serial number of a device, no command line of a program and no name of a user is stored, logged or shown. Nothing
leaves this computer. The folders and files of `unplugd` can be read by you alone.
"""

EXAMPLES: Final = {
    "unplugd demo": "See the whole story on a simulated device. Nothing has to be plugged in.",
    "unplugd service install": "Watch from now on, and whenever you log in.",
    "unplugd doctor --notify": "Find out why no reminder comes.",
    "unplugd snooze 30m": "Have half an hour without a reminder.",
    "unplugd log --last 20": "Show the latest events.",
    "unplugd config add-uploader my-uploader": "Count a program as upload software: no reminder while it uploads.",
}

SEE_ALSO: Final = ("journalctl(1)", "launchctl(1)", "lsusb(8)", "systemctl(1)")


def page(whole: Command) -> str:
    """Return the page."""
    lines = [
        f'.\\" {NOTE}',
        f'.TH UNPLUGD 1 "{_date()}" "unplugd {__version__}" "User Commands"',
        # Ragged on the right and unbroken words: what is to be typed stays whole.
        ".nh",
        ".ad l",
        *_section("NAME"),
        "unplugd \\- reminds you to unplug the USB parts of an insulin pump",
        *_section("SYNOPSIS"),
        *(
            f"{_literal(line)}\n.br"
            for line in ("unplugd *COMMAND* [*OPTION*...]", "unplugd *COMMAND* --help")
        ),
        _literal("unplugd --version"),
        *_section("DESCRIPTION"),
        *_paragraphs(DESCRIPTION.format_map(_defaults())),
        *_section("OPTIONS"),
        *_arguments(whole.options),
        *_section("COMMANDS"),
        *(line for command in whole.below for line in _command(command, whole.options)),
        *_section("CONFIGURATION"),
        *_paragraphs(CONFIGURATION),
        *_settings(),
        *_section("FILES"),
        *_files(),
        *_section("EXIT STATUS"),
        *_list(EXIT_STATUS),
        *_section("ENVIRONMENT"),
        *_list(ENVIRONMENT),
        *_section("PRIVACY"),
        *_paragraphs(PRIVACY),
        *_section("EXAMPLES"),
        *_list(EXAMPLES),
        *_section("SEE ALSO"),
        ",\n".join(f"\\fB{name[:-3]}\\fR{name[-3:]}" for name in SEE_ALSO),
    ]
    return "\n".join(lines) + "\n"


def _date() -> str:
    """Return the day of the version as the changelog has it, "" before its release: never the day of the build."""
    found = re.search(rf"(?m)^## \[{re.escape(__version__)}\] - (\S+)", CHANGELOG.read_text(encoding="utf-8"))
    return found[1] if found else ""


def _defaults() -> dict[str, object]:
    """Return the settings of the rules as a person says them."""
    policy = config.Settings().policy
    rules = {**asdict(policy), "repeat": policy.repeat[-1]}
    return {
        name: duration.spoken(value) if isinstance(value, float) else value for name, value in rules.items()
    }


def _section(title: str) -> Iterator[str]:
    yield f".SH {title}"


def _command(command: Command, general: tuple[Argument, ...]) -> Iterator[str]:
    """Yield what is said of a command. The `general` options, which every command takes, stand under OPTIONS."""
    yield f".SS {_usage(command)}"
    yield _text(command.description)
    shared = [
        option
        for option in (command.below[0].options if len(command.below) > 1 else ())
        if option not in general and all(option in below.options for below in command.below)
    ]
    yield from _arguments(argument for argument in command.arguments if argument not in general)
    for below in command.below:
        yield f".TP\n{_usage(below)}"
        yield _text(below.description)
        own = [argument for argument in below.arguments if argument not in (*shared, *general)]
        if nested := list(_arguments(own)):
            yield from (".RS", *nested, ".RE")
    if shared:
        yield f".PP\nEach of the \\fB{command.word}\\fR commands takes:"
        yield from _arguments(shared)


def _usage(command: Command) -> str:
    positional = "".join(
        re.sub(r"(\w+)", r"\\fI\1\\fR", f" {argument.usage}") for argument in command.positional
    )
    return f"\\fB{_escaped(command.name)}\\fR{positional}"


def _arguments(arguments: Iterable[Argument]) -> Iterator[str]:
    for argument in arguments:
        names = ", ".join(f"\\fB{_escaped(name)}\\fR" for name in argument.names)
        listed = argument.value == "|".join(argument.words)
        font = "B" if listed else "I"
        value = f"\\f{font}{_escaped(argument.value)}\\fR" if argument.value else ""
        yield f".TP\n{' '.join(filter(None, (names, value)))}"
        yield _text(_sentence(argument.help))
        if argument.words and not listed and argument.value not in SUGGESTIONS:
            yield _text(f"One of: {', '.join(argument.words)}.")
        if argument.repeats:
            yield "It can be given more than once."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "." if text else ""


def _settings() -> Iterator[str]:
    """Yield the settings as the configuration's own template explains them."""
    about = header = ""
    for line in config.TEMPLATE.partition("\n\n")[2].splitlines():
        if section := re.match(r"(?:# )?(\[+\w+\]+)", line):
            header = section[1]
            yield f".SS {_escaped(header)}"
            if about:
                yield _text(about)
        elif setting := re.match(r"# (\w+) = (.+?)(?:\s+# (.+))?$", line):
            yield f".TP\n\\fB{_escaped(setting[1])}\\fR = {_escaped(setting[2])}"
            yield _text(_sentence(setting[3] or "") + _unset(header, line[2:])) or "\\&"
        about = line.removeprefix("# ") if line.startswith("# ") else ""


def _unset(header: str, setting: str) -> str:
    """Return that there is none by default where the template shows an example, as it does in every table."""
    example = "[[" not in header and config.parse(f"{header}\n{setting}") != config.Settings()
    return " There are none by default." if example else ""


def _files() -> Iterator[str]:
    linux, macos = (paths.of_user(HOME, system) for system in ("linux", "darwin"))
    places = {about: (getattr(linux, name), getattr(macos, name)) for name, about in FILES.items()}
    places[SERVICE] = (Systemd(HOME).file, Launchd(Path("~")).file)
    for about, (on_linux, on_macos) in places.items():
        yield f".TP\n\\fI{_escaped(str(on_linux))}\\fR"
        yield f".TQ\n\\fI{_escaped(str(on_macos))}\\fR (macOS)"
        yield _text(about)


def _list(entries: dict[str, str]) -> Iterator[str]:
    for tag, about in entries.items():
        yield f".TP\n{_literal(tag)}"
        yield _text(about)


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        if number:
            yield ".PP"
        yield _text(paragraph)


def _text(text: str) -> str:
    """Return prose; what stands in backquotes is to be typed."""
    parts = " ".join(text.split()).split("`")
    shown = "".join(
        f"\\fB{_escaped(part)}\\fR" if number % 2 else _escaped(part, hyphen="-")
        for number, part in enumerate(parts)
    )
    # Each sentence begins a line, as roff likes it.
    return re.sub(r"(?<=[.:?]) (?=[A-Z\\])", "\n", shown)


def _literal(text: str) -> str:
    """Return what is to be typed, with `*what stands for something else*`."""
    parts = text.split("*")
    return "".join(
        f"\\f{'I' if number % 2 else 'B'}{_escaped(part)}\\fR" for number, part in enumerate(parts) if part
    )


def _escaped(text: str, hyphen: str = "\\-") -> str:
    shown = text.replace("\\", "\\e")
    for letter, escape in {"-": hyphen, "'": "\\(aq", '"': "\\(dq", "~": "\\(ti", "^": "\\(ha"}.items():
        shown = shown.replace(letter, escape)
    return f"\\&{shown}" if shown.startswith(".") else shown
