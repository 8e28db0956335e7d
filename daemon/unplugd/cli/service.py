"""`unplugd service`: have unplugd started whenever the person logs in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from unplugd import __version__, paths, sanitize
from unplugd.cli.terminal import ask, say
from unplugd.config.file import load_settings
from unplugd.errors import Failure
from unplugd.rules import reminder
from unplugd.watch import control
from unplugd_service.manager import Defect
from unplugd_service.program import Program, find_program
from unplugd_service.system import DryRun, RealSystem

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from unplugd.paths import Paths
    from unplugd_service.manager import Manager, ServiceStatus
    from unplugd_service.system import System

READY_TIMEOUT_SECONDS: Final = reminder.DELIVERY_TIMEOUT_SECONDS
"""Seconds until the daemon has to answer, and until a channel has to have taken the first notification."""


def install(arguments: argparse.Namespace, where: Paths) -> int:
    """Install the service, start it, and show a first notification."""
    manager = _manager(arguments)
    program = find_program(__version__)
    if arguments.dry_run:
        manager.install(program, DryRun(print))
        return 0
    # Before anything is written: a service that cannot start helps nobody.
    load_settings(where.config)
    _check(manager)
    _alone(manager, where)
    manager.install(program, RealSystem(say))
    _watches(where)
    say("From now on it starts whenever you log in.")
    _greet(where)
    say("To undo this: unplugd service uninstall")
    return 0


def uninstall(arguments: argparse.Namespace, where: Paths) -> int:
    """Stop the service and remove what `install` wrote."""
    manager = _manager(arguments)
    if arguments.dry_run:
        if not manager.uninstall(DryRun(print)):
            say("Nothing is installed.")
        return 0
    if arguments.purge:
        _purge_is_meant(where)
    there = manager.uninstall(RealSystem(say))
    say("Service removed." if there else "The service was not installed.")
    if arguments.purge:
        for folder in _own_folders(where):
            shutil.rmtree(folder)
            say(f"Removed {paths.shorten(folder)}")
    elif there:
        say(f"Your journal and configuration were kept: {_listed(_own_folders(where))}")
    return 0


def start(arguments: argparse.Namespace, where: Paths) -> int:
    """Start the service."""
    manager, system = _to_change(arguments)
    if arguments.dry_run:
        manager.start(system)
        return 0
    load_settings(where.config)
    _alone(manager, where)
    manager.start(system)
    return _watches(where)


def stop(arguments: argparse.Namespace, _where: Paths) -> int:
    """Stop the service until the next login."""
    manager, system = _to_change(arguments)
    manager.stop(system)
    if not arguments.dry_run:
        say("unplugd is stopped until you next log in. To start it now: unplugd service start")
    return 0


def restart(arguments: argparse.Namespace, where: Paths) -> int:
    """Stop the service and start it again."""
    manager, system = _to_change(arguments)
    if arguments.dry_run:
        manager.restart(system)
        return 0
    # Before a good one is ended.
    load_settings(where.config)
    manager.restart(system)
    return _watches(where)


def problems(where: Paths) -> list[Defect]:
    """Return what is wrong with the service, each with the command that repairs it; Failure where there can be none."""
    return _found(_of_this_system(), where)[1]


def status(arguments: argparse.Namespace, where: Paths) -> int:
    """Print what is known of the service; exit status 1 where something is to be repaired."""
    state, wrong = _found(_manager(arguments), where)
    if arguments.json:
        print(json.dumps(_as_json(state, wrong), indent=2))
        return int(bool(wrong))
    if state.installed:
        print(f"file      {paths.shorten(state.file)} ({state.manager})")
        print(f"command   {sanitize.one_line(' '.join(_short_words(state.command)), 300)}")
        print(f"at login  {'yes' if state.enabled else 'no'}")
    print(f"state     {state.state}{f' (process {state.process})' if state.process else ''}")
    for problem in wrong:
        print(f"problem   {sanitize.one_line(problem.what, 300)}")
        print(f"fix       {problem.repair}")
    return int(bool(wrong))


def logs(arguments: argparse.Namespace, _where: Paths) -> int:
    """Print what the service has said."""
    if arguments.last < 0:
        raise Failure("--last cannot be negative", "unplugd service logs --last 20")
    command = _manager(arguments).make_log_command(arguments.last, follow=arguments.follow)
    sys.stdout.flush()
    return subprocess.run(command, check=False).returncode and 1


def file(arguments: argparse.Namespace, _where: Paths) -> int:
    """Print the service file."""
    if arguments.program is None:
        program = find_program(__version__)
    elif os.path.isabs(arguments.program):  # noqa: PTH117 - it stays as it was given
        program = Program((arguments.program, "run"), __version__)
    else:
        raise Failure(f"{arguments.program} is not an absolute path", "--command /usr/bin/unplugd")
    print(_manager(arguments).render(program), end="")
    return 0


def _manager(arguments: argparse.Namespace) -> Manager:
    return _of_this_system(arguments.manager)


def _of_this_system(name: str | None = None) -> Manager:
    if (name or ("launchd" if sys.platform == "darwin" else "systemd")) == "launchd":
        from unplugd_service.launchd import Launchd  # noqa: PLC0415 - only the one that is used is loaded

        return Launchd()
    from unplugd_service.systemd import Systemd  # noqa: PLC0415 - likewise

    return Systemd()


def _to_change(arguments: argparse.Namespace) -> tuple[Manager, System]:
    manager = _manager(arguments)
    if arguments.dry_run:
        return manager, DryRun(print)
    _check(manager)
    return manager, RealSystem(say)


def _check(manager: Manager) -> None:
    if os.geteuid() == 0:
        raise Failure(
            "root has no desktop to show reminders on",
            "run this as the user who will see the reminders; to set it up for all users, see docs/administrators.md",
        )
    manager.check()


def _watches(where: Paths) -> int:
    """See that the daemon answers: that it was started does not say so everywhere."""
    if not _until(lambda: _ask(where, "status")):
        raise Failure("the service was started, but unplugd is not responding", "unplugd service logs")
    say("unplugd is running.")
    return 0


def _alone(manager: Manager, where: Paths) -> None:
    """See that no other unplugd watches already: the service could not start beside it."""
    mine = manager.inspect(None).process
    try:
        running = control.ask(where.control, {"command": "status"}).get("process")
    except control.NotRunningError:
        return
    except control.NoAnswerError:
        if mine:
            # The service hangs; it is what is to be started anew.
            return
        raise
    if running and running != mine:
        raise Failure(
            f"unplugd is already running outside the service (process {running})",
            "stop it (Ctrl-C in its terminal), then try again",
        )


def _ask(where: Paths, command: str) -> dict[str, Any]:
    """Ask the daemon; nothing where it does not answer."""
    try:
        return control.ask(where.control, {"command": command})
    except (control.NotRunningError, control.NoAnswerError):
        return {}


def _greet(where: Paths) -> None:
    """Have the daemon show a first notification, from where it runs, and tell the person how that went."""
    _ask(where, "greet")
    greeted = _until(lambda: _ask(where, "status").get("greeted"))
    if isinstance(greeted, dict) and greeted.get("channel"):
        say(
            f"A first notification was sent (by {greeted['channel']}). Didn't see it? Run: unplugd doctor --notify"
        )
    else:
        say("But it cannot show notifications.\nhint: unplugd doctor --notify")


def _until(answer: Callable[[], Any]) -> Any:
    """Return the first answer that says something, or the last one when the time is over."""
    end = time.monotonic() + READY_TIMEOUT_SECONDS
    while not (found := answer()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def _found(manager: Manager, where: Paths) -> tuple[ServiceStatus, list[Defect]]:
    """Return what is known of the service, and all that is wrong with it and with the daemon."""
    state = manager.inspect(_this_or_none())
    return state, [*state.defects, *_of_the_daemon(state, where)]


def _this_or_none() -> Program | None:
    try:
        return find_program(__version__)
    except Failure:
        # From a folder that is emptied one day: nothing that a service could be compared with.
        return None


def _of_the_daemon(state: ServiceStatus, where: Paths) -> list[Defect]:
    """Return what the running daemon shows that its service manager cannot know."""
    answer = _ask(where, "status")
    version = answer.get("version")
    if state.process and version and version != __version__:
        what = f"unplugd {sanitize.one_line(str(version))} is still running, but {__version__} is installed"
        return [Defect(what, "unplugd service restart")]
    process = answer.get("process")
    if not state.process and isinstance(process, int):
        return [Defect(f"unplugd is running outside the service (process {process})", f"kill {process}")]
    if answer.get("configuration", {}).get("problems"):
        return [Defect("the configuration has errors and is not being used", "unplugd config check")]
    return []


def _as_json(state: ServiceStatus, problems: list[Defect]) -> dict[str, Any]:
    return {
        "manager": state.manager,
        "file": paths.shorten(state.file),
        "installed": state.installed,
        "enabled": state.enabled,
        "state": state.state,
        "process": state.process or None,
        "command": _short_words(state.command),
        "problems": [{"what": problem.what, "repair": problem.repair} for problem in problems],
    }


def _short_words(command: tuple[str, ...]) -> list[str]:
    return [paths.shorten(Path(word)) if word.startswith("/") else word for word in command]


# --- purging


def _own_folders(where: Paths) -> list[Path]:
    folders = dict.fromkeys((where.configuration, where.state))
    return [folder for folder in folders if folder.is_dir()]


def _listed(folders: list[Path]) -> str:
    return ", ".join(map(paths.shorten, folders)) or "there were none"


def _purge_is_meant(where: Paths) -> None:
    folders = _own_folders(where)
    if not folders:
        return
    if not sys.stdin.isatty():
        raise Failure("--purge asks before it deletes anything", "run it in a terminal")
    if not ask(f"Permanently delete the journal and the configuration ({_listed(folders)})?", default=False):
        raise Failure("nothing was removed", "to keep both: unplugd service uninstall")
