"""The man page. What the program knows by itself is written from it; the rest stands here, in plain words."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools.documents.grammar import NOTE, SUGGESTIONS
from unplugd import __version__, durations, paths
from unplugd.config.file import parse_settings
from unplugd.config.settings import Settings
from unplugd.config.write import TEMPLATE
from unplugd_service.launchd import Launchd
from unplugd_service.systemd import Systemd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tools.documents.grammar import Argument, Command

CHANGELOG: Final = Path(__file__).parents[2] / "CHANGELOG.md"

DESCRIPTION: Final = """
`unplugd` watches a computer for the USB parts of a MiniMed 600 insulin-pump system: the CareLink USB stick and the
Contour Next Link 2.4 meter. While one of them is plugged in and no upload software is using it, `unplugd` shows
a notification that asks you to unplug it. It stays silent while you upload, and it keeps a journal that you can review.

Why: in a notice of 20 September 2022 about the communication of these pumps, Medtronic asks people to disconnect the
USB device from the computer when they are not using it to download pump data. People forget. `unplugd` does not.

The first reminder comes {after_plug_in} after you plug a device in, or {after_use} after an upload ends. It repeats at
growing intervals, up to every {repeat}, until you unplug the device; from reminder number {critical_after} on it is
shown as urgent. Upload software that is open but not using the device delays reminders for {running_counts_for} at
most. The notification has two buttons: one pauses reminders for {snooze} (for one plug-in, {snooze_limit} at most in
total), the other tells `unplugd` that you are uploading. You can change all of these times: see CONFIGURATION.

`unplugd` gives no medical advice, does not talk to the pump, and never opens a USB device: it only looks at what the
system already knows.

Most people need two commands, once each: `unplugd service install`, so that it runs whenever you are logged in, and
`unplugd doctor --notify`, to check that you can see its notifications.
"""

CONFIGURATION: Final = """
The file is optional: every setting has a default, shown below. `unplugd config init` writes a file to start from, and
`unplugd config check` lists every error in it. Changes take effect after `unplugd service restart`, or at once when the
running `unplugd` receives SIGHUP; a file with errors is then rejected, and the old settings stay in effect.

Write durations like 90s, 5m or 1h30m. A section in double brackets can appear any number of times; its values below are
examples.
"""

FILES: Final = {
    "config": "The configuration. Without it, the defaults are used.",
    "journal": "The journal, one JSON event per line. When it gets too large it continues in a new file; "
    "older files have a number after their name.",
    "control": "The socket through which the other commands talk to the running `unplugd`.",
}
SERVICE: Final = "Starts `unplugd` when you log in; written by `unplugd service install`."
HOME: Final = {"HOME": "~", "XDG_RUNTIME_DIR": "/run/user/UID"}
"""The environment of a person whose folders are where they usually are."""

EXIT_STATUS: Final = {
    "0": "Done.",
    "1": "It could not be done, or a check found a problem. One line says what is wrong, and a hint says what to do.",
    "2": "Wrong usage; see `--help`.",
    "130": "Interrupted, by Ctrl-C.",
}

ENVIRONMENT: Final = {
    "HOME": "The home folder. All other folders are in it unless set otherwise.",
    "XDG_CONFIG_HOME": "On Linux, where the configuration and service folders are.",
    "XDG_STATE_HOME": "On Linux, where the journal folder is.",
    "XDG_RUNTIME_DIR": "On Linux, where the socket folder is. If not set, the socket is next to the journal.",
    "XDG_CACHE_HOME": "A folder that may be emptied: `service install` will not use a program that is inside it.",
    "DBUS_SESSION_BUS_ADDRESS, DBUS_SYSTEM_BUS_ADDRESS": "On Linux, how to reach the desktop and the system.",
    "DISPLAY, WAYLAND_DISPLAY": "On Linux, whether there is a desktop that can show notifications.",
    "NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID": "Set by systemd(1), so that `unplugd` can report that it is ready and alive.",
    "UNPLUGD_SERVICE": "Set in the service: if the configuration is invalid, it uses the defaults and says so.",
    "TZ": "The time zone for all times that you enter and see.",
    "PAGER": "The program that shows a log on a terminal, instead of less(1).",
    "TERM": 'The kind of terminal. If it is "dumb", a log is shown without a pager.',
    "NO_COLOR": "If set, output has no colours and no bold text.",
}

PRIVACY: Final = """
`unplugd` never stores, logs or shows a device's serial number, a program's command line or a user's name. Nothing leaves
this computer. Only you can read the folders and files of `unplugd`.
"""

EXAMPLES: Final = {
    "unplugd demo": "See how it works on a simulated device. You need not plug anything in.",
    "unplugd service install": "Start now, and whenever you log in.",
    "unplugd doctor --notify": "Find out why no reminder appears.",
    "unplugd snooze 30m": "Pause reminders for half an hour.",
    "unplugd log --last 20": "Show the latest events.",
    "unplugd config add-uploader my-uploader": "Treat a program as upload software: no reminders while it uses the device.",
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
    policy = Settings().policy
    rules = {**asdict(policy), "repeat": policy.repeat[-1]}
    return {
        name: durations.describe(value) if isinstance(value, float) else value
        for name, value in rules.items()
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
    for line in TEMPLATE.partition("\n\n")[2].splitlines():
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
    example = "[[" not in header and parse_settings(f"{header}\n{setting}") != Settings()
    return " There are none by default." if example else ""


def _files() -> Iterator[str]:
    linux, macos = (paths.find_paths(HOME, system) for system in ("linux", "darwin"))
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
