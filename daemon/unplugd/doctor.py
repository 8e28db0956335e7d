"""Checks every layer that a reminder depends on, with a hint for each failure."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from unplugd import paths, private_folder, regular_file
from unplugd.config.file import load_settings
from unplugd.config.settings import Settings
from unplugd.errors import ConfigurationError, Failure, advise
from unplugd.eventloop import loop
from unplugd.languages.choice import choose_language
from unplugd.notify import message
from unplugd.rules import reminder
from unplugd.watch import client

if TYPE_CHECKING:
    from typing import Literal

    from unplugd.notify.channel import Channel
    from unplugd.paths import Paths
    from unplugd.platforms.protocol import InspectablePlatform

HELP: Final = "see the README for what unplugd needs; to report a problem, include what this writes: unplugd doctor --report -"

DESKTOP: Final = "desktop"
TERMINAL: Final = "notification by terminal"
TRY: Final = "to see whether it shows anything: unplugd doctor --notify"
RESTART: Final = "it was started outside this session; in it, run: unplugd service restart"
POLL_SECONDS: Final = 0.05
"""Seconds between questions to the daemon."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check. `ok` None: not needed, or only for information. `by`: the mechanism in use."""

    layer: str
    ok: bool | None
    what: str
    hint: str = ""
    by: str = ""


def examine(computer: InspectablePlatform, where: Paths, *, notify: bool) -> list[Finding]:
    """Return the result of each check; with `notify`, a test notification is shown."""
    findings = [_check_configuration(where), _check_files(where)]
    settings = Settings() if findings[0].ok is False else load_settings(where.config)
    findings.append(_check_usb(computer, settings))
    findings.append(_check_events(computer))
    findings.append(_check_use(computer))
    findings.append(_check_presence(computer))
    layers = computer.mechanisms()
    findings = [replace(finding, by=layers.get(finding.layer, "")) for finding in findings]
    findings.extend(_check_channels(computer, settings, where, notify=notify))
    findings.append(_check_journal(where))
    findings.extend(_check_daemon(computer, where))
    return findings


def _check_configuration(where: Paths) -> Finding:
    try:
        load_settings(where.config)
    except ConfigurationError as error:
        return Finding("configuration", ok=False, what=str(error.problems[0]), hint="unplugd config check")
    if not where.config.exists():
        return Finding("configuration", ok=True, what="none; using the defaults")
    return Finding("configuration", ok=True, what=paths.shorten(where.config))


def _check_files(where: Paths) -> Finding:
    """Check that nobody else decides what is in unplugd's folders; whether they can be used is checked elsewhere."""
    for file in (where.config, where.journal, where.lock, where.control, where.notification):
        try:
            private_folder.check(file.parent)
            private_folder.resolve(file)
        except private_folder.NotOursError as error:
            what = f"{paths.shorten(file)}: {error.what}"
            return Finding("files", ok=False, what=what, hint=error.hint)
        except OSError:
            continue
    return Finding("files", ok=True, what="only you can change them")


def _check_usb(computer: InspectablePlatform, settings: Settings) -> Finding:
    try:
        watched = computer.scan(settings.watches)
    except OSError as error:
        what = f"cannot be listed: {error.strerror or error}"
        return Finding("USB devices", ok=False, what=what, hint=computer.hints().get("USB devices", HELP))
    if not watched:
        return Finding("USB devices", ok=True, what="can be listed; no watched device is plugged in")
    names = ", ".join(f"{device.name} (port {device.port})" for device in watched)
    return Finding("USB devices", ok=True, what=f"can be listed; plugged in: {names}")


def _check_events(computer: InspectablePlatform) -> Finding:
    try:
        for source in computer.sources(lambda: None):
            source.close()
    except OSError as error:
        what = f"cannot be received: {error.strerror or error}"
        return Finding(
            "plug-in events", ok=False, what=what, hint=computer.hints().get("plug-in events", HELP)
        )
    problem = computer.check_events()
    if problem:
        # They are polled, so this is no failure.
        return Finding("plug-in events", ok=None, what=problem[0], hint=problem[1])
    return Finding("plug-in events", ok=True, what="can be received")


def _check_use(computer: InspectablePlatform) -> Finding:
    blindness = computer.check_use_detection()
    if blindness:
        return Finding("use detection", ok=False, what=blindness[0], hint=blindness[1])
    return Finding("use detection", ok=True, what="works")


def _check_presence(computer: InspectablePlatform) -> Finding:
    """Check whether it is known if somebody is in front; reminders do not depend on it."""
    reason = computer.check_presence()
    if reason:
        what = f"not known, so reminders do not wait while nobody is there: {reason}"
        return Finding("in front", ok=None, what=what)
    return Finding("in front", ok=True, what="known; reminders wait while nobody is there")


def _check_journal(where: Paths) -> Finding:
    folder = where.state
    # Make no folder: until the daemon does, what counts is whether it could.
    existing = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    try:
        paths.refuse_others(folder)
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"\n")
            file.flush()
    except Failure as failure:
        return Finding("journal", ok=False, what=str(failure), hint=failure.hint)
    except OSError as error:
        hint = advise(error, where.journal)
        return Finding("journal", ok=False, what=f"cannot be written: {error.strerror}", hint=hint)
    if where.journal.exists():
        try:
            os.close(regular_file.open_file(where.journal, os.O_RDWR | os.O_APPEND))
        except OSError as error:
            hint = advise(error, where.journal)
            return Finding("journal", ok=False, what=f"cannot be written: {error.strerror}", hint=hint)
    return Finding("journal", ok=True, what=paths.shorten(where.journal))


def _check_daemon(computer: InspectablePlatform, where: Paths) -> list[Finding]:
    try:
        status = client.ask(where, {"command": "status"})
    except client.NotRunningError as error:
        hint = error.hint or "unplugd service install"
        return [Finding("daemon", ok=False, what=str(error), hint=hint)]
    except client.NoAnswerError:
        hint = "restart it: unplugd service restart"
        return [Finding("daemon", ok=False, what="running but not responding", hint=hint)]
    except Failure as failure:
        return [Finding("daemon", ok=False, what=str(failure), hint=failure.hint)]
    try:
        return [_describe_daemon(status), *_check_lock(status), *_check_open_events(computer, status)]
    except (AttributeError, KeyError, TypeError):
        hint = "restart it: unplugd service restart"
        return [Finding("daemon", ok=False, what="running, but a different version", hint=hint)]


def _describe_daemon(status: dict[str, Any]) -> Finding:
    """Say that the daemon is running, and which programs keep it from reminding, or would like to."""
    journal = status["journal"]
    if journal["trouble"]:
        what = f"cannot write its journal: {journal['trouble']}"
        return Finding("daemon", ok=False, what=what, hint=str(journal.get("hint") or HELP))
    what = f"running, process {status['process']}"
    for device in status["devices"]:
        if device.get("held_back_by"):
            what += f"; {device['held_back_by']} is running and holds a reminder back"
        if device.get("forgotten_by"):
            what += f"; {device['forgotten_by']} has a device open but moves no data, which is no use"
    return Finding("daemon", ok=True, what=what)


def _check_lock(status: dict[str, Any]) -> list[Finding]:
    """Report why the daemon cannot use its lock file, if it cannot; reminders work without it."""
    lock = status["lock"]
    return [Finding("lock", ok=None, what=lock["trouble"], hint=lock["hint"])] if lock["trouble"] else []


def _check_open_events(computer: InspectablePlatform, status: dict[str, Any]) -> list[Finding]:
    """Report whether the daemon is told when a device is opened; nothing is known while none is plugged in."""
    unwatched = status.get("unwatched_nodes")
    if unwatched is None or not status.get("devices"):
        return []
    layer, layers = "open events", computer.mechanisms()
    if not unwatched:
        what = "received; a use is noticed when it begins and ends"
        return [Finding(layer, ok=True, what=what, by=layers.get(layer, ""))]
    nodes = ", ".join(f"{node} ({why})" for node, why in unwatched.items())
    what = f"not received from {nodes}, whose use only the regular checks notice"
    return [
        Finding(layer, ok=None, what=what, hint=computer.hints().get(layer, HELP), by=layers.get(layer, ""))
    ]


class _Trial:
    """Takes the daemon's place for one notification, to find out whether a channel works."""

    def __init__(self) -> None:
        self.error: str | None = None
        self.what = ""
        self.over = False

    def on_result(self, error: str | None, what: str = "") -> None:
        self.error, self.what, self.over = error, what, True

    def on_action(self, key: str) -> None:
        """Do nothing: the test notification has no buttons."""

    def on_closed(self, outcome: Literal["dismissed", "expired"]) -> None:
        """Do nothing: the test notification may be closed."""

    def on_lost(self) -> None:
        """Do nothing: the result of the delivery is enough."""

    def on_server_back(self) -> None:
        """Do nothing: the result of the delivery is enough."""

    def label_menu(self) -> tuple[tuple[str, str], ...]:
        """Return nothing: the test notification has no menu."""
        return ()


def _check_channels(
    computer: InspectablePlatform, settings: Settings, where: Paths, *, notify: bool
) -> list[Finding]:
    """Check each channel; with `notify`, by showing the test notification on it.

    If the daemon runs, it does that: its channels may be others than those of this shell, as over ssh.
    """
    status = _have_daemon_check(where, notify=notify)
    test = None
    if notify:
        test = message.test(choose_language(settings.language, os.environ, computer.read_locale))
    findings: list[Finding] = []
    unconfirmed: set[str] = set()
    works = False
    for name in settings.channels if status is None else status["channel_checks"]:
        trial = _Trial()
        channel = computer.channel(name, trial)
        if channel is None:
            continue
        # The daemon shows one notification at a time: beside its reminder, this shell shows the test.
        shows = notify and (status is None or status["greeted"] == {"channel": name, "reminder": True})
        _try_channel(computer, channel, trial, test if shows else None)
        layer = f"notification by {name}"
        hint = computer.hints().get(layer, channel.hint or HELP)
        if status is not None:
            finding = _describe_daemon_channel(layer, hint, status, trial, notify=notify)
        elif trial.error is None:
            finding = Finding(layer, ok=True, what="the test notification was sent" if notify else trial.what)
        else:
            finding = Finding(layer, ok=False, what=trial.error, hint=hint)
        # The existence of notify-send does not mean that anyone would see the notification.
        if finding.ok is True and not notify and not channel.confirms:
            unconfirmed.add(layer)
        else:
            works = works or finding.ok is True
        findings.append(finding)
    return [_weigh(finding, findings, unconfirmed, works=works) for finding in findings]


def _weigh(finding: Finding, findings: list[Finding], unconfirmed: set[str], *, works: bool) -> Finding:
    """Return the finding about a channel in the light of the others: one that works is enough."""
    if works:
        return finding if finding.ok else replace(finding, ok=None)
    if finding.layer in unconfirmed:
        return replace(finding, ok=None, hint=TRY)
    # A service, or a command in a pipe, has no terminal.
    return replace(finding, ok=None) if finding.layer == TERMINAL and len(findings) > 1 else finding


def _try_channel(
    computer: InspectablePlatform, channel: Channel, trial: _Trial, shown: message.Message | None
) -> None:
    """Check a channel of this shell, or show a message on it."""
    if shown:
        channel.show(shown, trial.on_result)
    else:
        channel.check(trial.on_result)
    deadline = computer.now() + reminder.DELIVERY_ANSWER_TIMEOUT_SECONDS
    while not trial.over and computer.now() < deadline:
        loop.turn([channel], computer.now, deadline)
    if not trial.over:
        trial.on_result("no answer")
    channel.close()


def _have_daemon_check(where: Paths, *, notify: bool) -> dict[str, Any] | None:
    """Have the daemon check its channels; return its status with the results, None if it does not run or cannot."""
    deadline = time.monotonic() + reminder.DELIVERY_ANSWER_TIMEOUT_SECONDS
    try:
        if "error" in client.ask(where, {"command": "check_channels"}):
            return None
        if notify:
            client.ask(where, {"command": "test"})
        while True:
            status = client.ask(where, {"command": "status"})
            is_pending = None in status["channel_checks"].values() or (notify and status["greeted"] is None)
            if not is_pending or time.monotonic() >= deadline:
                return status
            time.sleep(POLL_SECONDS)
    except (client.NotRunningError, Failure, AttributeError, KeyError, TypeError):
        # If one runs, `_check_daemon` says what is wrong with it.
        return None


def _describe_daemon_channel(
    layer: str, hint: str, status: dict[str, Any], own: _Trial, *, notify: bool
) -> Finding:
    """Return what the daemon's `status` says of its channel; `own` is the result of this shell's own check."""
    name = layer.rpartition(" ")[2]
    check = status["channel_checks"][name] or {"error": "no answer", "what": ""}
    error, what = check["error"], check["what"]
    shown = (status["greeted"] or {}) if notify else {}
    if shown.get("channel") == name:
        if not shown.get("reminder"):
            what = "the running unplugd sent the test notification"
        elif own.error is None:
            what = "the test notification was sent, beside the reminder"
        else:
            what = "a reminder is on the screen"
        return Finding(layer, ok=True, what=what)
    if error is None and notify and not shown.get("channel"):
        return Finding(
            layer, ok=False, what="the running unplugd could not show the test notification", hint=hint
        )
    if error is not None:
        if name == DESKTOP and own.error is None:
            error, hint = f"{error}, for the running unplugd; this shell has one", RESTART
        return Finding(layer, ok=False, what=error, hint=hint)
    if name == DESKTOP and own.error is not None:
        what = f"{what}, for the running unplugd; not for this shell: {own.error}"
    return Finding(layer, ok=None if notify else True, what=what)
