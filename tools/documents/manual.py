"""The man page: commands and settings from the program itself, the rest from the texts below."""

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
most, and so does software that has it open while no data move. The notification has two buttons: one pauses reminders for {snooze} (for one plug-in, {snooze_limit} at most in
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
"""An environment in which all folders are in their usual places."""

EXIT_STATUS: Final = {
    "0": "Done.",
    "1": "It could not be done, or a check found a problem. One line says what is wrong, and a hint says what to do.",
    "2": "Wrong usage; see `--help`.",
    "130": "Interrupted, by Ctrl-C.",
}

ENVIRONMENT: Final = {
    "HOME": "The home folder. All other folders are in it unless set otherwise.",
    "USERPROFILE": "On Windows, the home folder.",
    "APPDATA, LOCALAPPDATA": "On Windows, where the folders of the configuration and of the journal are.",
    "XDG_CONFIG_HOME": "On Linux, where the configuration and service folders are.",
    "XDG_STATE_HOME": "On Linux, where the journal folder is.",
    "XDG_DATA_HOME": "On Linux, where `service install` puts the icon and the entry among the applications.",
    "XDG_RUNTIME_DIR": "On Linux, where the socket folder is. If not set, the socket is next to the journal.",
    "XDG_CACHE_HOME": "A folder that may be emptied: `service install` will not use a program that is inside it.",
    "DBUS_SESSION_BUS_ADDRESS, DBUS_SYSTEM_BUS_ADDRESS": "On Linux, how to reach the desktop and the system.",
    "PYTHONPATH": "Not used, unless unplugd itself is in one of its folders: other programs set it to theirs.",
    "XDG_CURRENT_DESKTOP, XDG_SESSION_TYPE, SSH_CONNECTION": "On Linux, named in the report of `doctor --report`, "
    "the last one by yes or no.",
    "SESSIONNAME": "On Windows, likewise.",
    "DISPLAY, WAYLAND_DISPLAY": "On Linux, whether there is a desktop that can show notifications.",
    "NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID": "Set by systemd(1), so that `unplugd` can report that it is ready and alive.",
    "UNPLUGD_SERVICE": "Set in the service: if the configuration is invalid, it uses the defaults and says so.",
    "LANGUAGE, LC_ALL, LC_MESSAGES, LANG": "The language of notifications and of the page, unless it is configured.",
    "LC_TIME": "The region whose way of writing times is used, such as `en_US`, if the language has several.",
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


def make_page(root: Command) -> str:
    """Return the man page in roff."""
    lines = [
        f'.\\" {NOTE}',
        f'.TH UNPLUGD 1 "{_find_date()}" "unplugd {__version__}" "User Commands"',
        # No justification and no hyphenation: commands stay as they are typed.
        ".nh",
        ".ad l",
        *_start_section("NAME"),
        "unplugd \\- reminds you to unplug the USB parts of an insulin pump",
        *_start_section("SYNOPSIS"),
        *(
            f"{_format_literal(line)}\n.br"
            for line in ("unplugd *COMMAND* [*OPTION*...]", "unplugd *COMMAND* --help")
        ),
        _format_literal("unplugd --version"),
        *_start_section("DESCRIPTION"),
        *_make_paragraphs(DESCRIPTION.format_map(_describe_defaults())),
        *_start_section("OPTIONS"),
        *_describe_arguments(root.options),
        *_start_section("COMMANDS"),
        *(line for command in root.subcommands for line in _describe_command(command, root.options)),
        *_start_section("CONFIGURATION"),
        *_make_paragraphs(CONFIGURATION),
        *_describe_settings(),
        *_start_section("FILES"),
        *_describe_files(),
        *_start_section("EXIT STATUS"),
        *_make_list(EXIT_STATUS),
        *_start_section("ENVIRONMENT"),
        *_make_list(ENVIRONMENT),
        *_start_section("PRIVACY"),
        *_make_paragraphs(PRIVACY),
        *_start_section("EXAMPLES"),
        *_make_list(EXAMPLES),
        *_start_section("SEE ALSO"),
        ",\n".join(f"\\fB{name[:-3]}\\fR{name[-3:]}" for name in SEE_ALSO),
    ]
    return "\n".join(lines) + "\n"


def _find_date() -> str:
    """Return the release date from the changelog, "" before the release; a build date would not be reproducible."""
    found = re.search(rf"(?m)^## \[{re.escape(__version__)}\] - (\S+)", CHANGELOG.read_text(encoding="utf-8"))
    return found[1] if found else ""


def _describe_defaults() -> dict[str, object]:
    """Return the default settings in words."""
    policy = Settings().policy
    rules = {**asdict(policy), "repeat": policy.repeat[-1]}
    return {
        name: durations.describe(value) if isinstance(value, float) else value
        for name, value in rules.items()
    }


def _start_section(title: str) -> Iterator[str]:
    yield f".SH {title}"


def _describe_command(command: Command, general: tuple[Argument, ...]) -> Iterator[str]:
    """Describe a command, without the `general` options: every command takes them, and OPTIONS describes them."""
    yield f".SS {_format_usage(command)}"
    yield _format_text(command.description)
    shared = [
        option
        for option in (command.subcommands[0].options if len(command.subcommands) > 1 else ())
        if option not in general and all(option in sub.options for sub in command.subcommands)
    ]
    yield from _describe_arguments(argument for argument in command.arguments if argument not in general)
    for sub in command.subcommands:
        yield f".TP\n{_format_usage(sub)}"
        yield _format_text(sub.description)
        own = [argument for argument in sub.arguments if argument not in (*shared, *general)]
        if nested := list(_describe_arguments(own)):
            yield from (".RS", *nested, ".RE")
    if shared:
        yield f".PP\nEach of the \\fB{command.word}\\fR commands takes:"
        yield from _describe_arguments(shared)


def _format_usage(command: Command) -> str:
    positional = "".join(
        re.sub(r"(\w+)", r"\\fI\1\\fR", f" {argument.usage}") for argument in command.positional
    )
    return f"\\fB{_escape(command.name)}\\fR{positional}"


def _describe_arguments(arguments: Iterable[Argument]) -> Iterator[str]:
    for argument in arguments:
        names = ", ".join(f"\\fB{_escape(name)}\\fR" for name in argument.names)
        listed = argument.value == "|".join(argument.words)
        font = "B" if listed else "I"
        value = f"\\f{font}{_escape(argument.value)}\\fR" if argument.value else ""
        yield f".TP\n{' '.join(filter(None, (names, value)))}"
        yield _format_text(_make_sentence(argument.help))
        if argument.words and not listed and argument.value not in SUGGESTIONS:
            yield _format_text(f"One of: {', '.join(argument.words)}.")
        if argument.repeats:
            yield "It can be given more than once."


def _make_sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "." if text else ""


def _describe_settings() -> Iterator[str]:
    """Describe the settings, with the explanations in the template of the configuration file."""
    about = header = ""
    for line in TEMPLATE.partition("\n\n")[2].splitlines():
        if section := re.match(r"(?:# )?(\[+\w+\]+)", line):
            header = section[1]
            yield f".SS {_escape(header)}"
            if about:
                yield _format_text(about)
        elif setting := re.match(r"# (\w+) = (.+?)(?:\s+# (.+))?$", line):
            yield f".TP\n\\fB{_escape(setting[1])}\\fR = {_escape(setting[2])}"
            yield _format_text(_make_sentence(setting[3] or "") + _remark_unset(header, line[2:])) or "\\&"
        about = line.removeprefix("# ") if line.startswith("# ") else ""


def _remark_unset(header: str, setting: str) -> str:
    """Return a remark if the template shows an example rather than the default."""
    example = "[[" not in header and parse_settings(f"{header}\n{setting}") != Settings()
    return " There are none by default." if example else ""


def _describe_files() -> Iterator[str]:
    linux, macos = (paths.find_paths(HOME, system) for system in ("linux", "darwin"))
    places = {about: (getattr(linux, name), getattr(macos, name)) for name, about in FILES.items()}
    places[SERVICE] = (Systemd(HOME).file, Launchd(Path("~")).file)
    for about, (on_linux, on_macos) in places.items():
        yield f".TP\n\\fI{_escape(str(on_linux))}\\fR"
        yield f".TQ\n\\fI{_escape(str(on_macos))}\\fR (macOS)"
        yield _format_text(about)


def _make_list(entries: dict[str, str]) -> Iterator[str]:
    for tag, about in entries.items():
        yield f".TP\n{_format_literal(tag)}"
        yield _format_text(about)


def _make_paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        if number:
            yield ".PP"
        yield _format_text(paragraph)


def _format_text(text: str) -> str:
    """Return prose in roff; text in backquotes becomes bold."""
    parts = " ".join(text.split()).split("`")
    shown = "".join(
        f"\\fB{_escape(part)}\\fR" if number % 2 else _escape(part, hyphen="-")
        for number, part in enumerate(parts)
    )
    # In roff each sentence starts a new line.
    return re.sub(r"(?<=[.:?]) (?=[A-Z\\])", "\n", shown)


def _format_literal(text: str) -> str:
    """Return a command line in roff: bold, with placeholders in asterisks in italics."""
    parts = text.split("*")
    return "".join(
        f"\\f{'I' if number % 2 else 'B'}{_escape(part)}\\fR" for number, part in enumerate(parts) if part
    )


def _escape(text: str, hyphen: str = "\\-") -> str:
    shown = text.replace("\\", "\\e")
    for letter, escape in {"-": hyphen, "'": "\\(aq", '"': "\\(dq", "~": "\\(ti", "^": "\\(ha"}.items():
        shown = shown.replace(letter, escape)
    return f"\\&{shown}" if shown.startswith(".") else shown
