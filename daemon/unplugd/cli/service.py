"""`unplugd service`: runs unplugd in the background whenever the user is logged in."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from unplugd import __version__, account, paths, sanitize
from unplugd.cli.daemon_client import ask_daemon, ask_if_running
from unplugd.cli.service_checks import find_manager, inspect_service
from unplugd.cli.terminal import ask, say
from unplugd.config.file import load_settings
from unplugd.errors import Failure
from unplugd.platforms.current import current_platform
from unplugd.rules import reminder
from unplugd.watch import client
from unplugd_service.program import Program, find_program
from unplugd_service.system import DryRun, RealSystem

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from unplugd.paths import Paths
    from unplugd_service.manager import Defect, Manager, ServiceStatus
    from unplugd_service.system import System

READY_TIMEOUT_SECONDS: Final = reminder.DELIVERY_ANSWER_TIMEOUT_SECONDS
"""Timeout for the daemon's first answer, and for the delivery of the first notification."""
POLL_SECONDS: Final = 0.1


def install(arguments: argparse.Namespace, where: Paths) -> int:
    """Install the service, start it, and show a first notification."""
    manager = find_manager(arguments.manager)
    program = find_program(__version__)
    if arguments.dry_run:
        manager.install(program, DryRun(print))
        return 0
    # Check everything before writing anything. An invalid configuration raises ConfigurationError.
    load_settings(where.config)
    _check_user(manager)
    _refuse_second_daemon(manager, where)
    manager.install(program, RealSystem(say))
    _wait_until_running(where)
    say("From now on it starts whenever you log in.")
    _greet(where)
    say("To undo this: unplugd service uninstall")
    return 0


def uninstall(arguments: argparse.Namespace, where: Paths) -> int:
    """Stop the service and remove what `install` wrote."""
    manager = find_manager(arguments.manager)
    if arguments.dry_run:
        if not manager.uninstall(DryRun(print)):
            say("Nothing is installed.")
        return 0
    paths.refuse_others(where.configuration, where.state)
    if arguments.purge:
        _confirm_purge(where)
    removed = manager.uninstall(RealSystem(say))
    say("Service removed." if removed else "The service was not installed.")
    if arguments.purge:
        for folder in _list_folders(where):
            shutil.rmtree(folder)
            say(f"Removed {paths.shorten(folder)}")
    elif removed:
        say(f"Your journal and configuration were kept: {_join(_list_folders(where))}")
    return 0


def start(arguments: argparse.Namespace, where: Paths) -> int:
    """Start the service."""
    manager, system = _prepare_change(arguments)
    if arguments.dry_run:
        manager.start(system)
        return 0
    load_settings(where.config)
    _refuse_second_daemon(manager, where)
    manager.start(system)
    _wait_until_running(where)
    return 0


def stop(arguments: argparse.Namespace, _where: Paths) -> int:
    """Stop the service until the next login."""
    manager, system = _prepare_change(arguments)
    manager.stop(system)
    if not arguments.dry_run:
        say("unplugd is stopped until you next log in. To start it now: unplugd service start")
    return 0


def restart(arguments: argparse.Namespace, where: Paths) -> int:
    """Stop the service and start it again."""
    manager, system = _prepare_change(arguments)
    if arguments.dry_run:
        manager.restart(system)
        return 0
    # Do not stop a running daemon for one that cannot start.
    load_settings(where.config)
    manager.restart(system)
    _wait_until_running(where)
    return 0


def status(arguments: argparse.Namespace, where: Paths) -> int:
    """Print the status of the service and every defect; exit status 1 if there is one."""
    state, defects = inspect_service(find_manager(arguments.manager), where)
    if arguments.json:
        print(json.dumps(_make_json(state, defects), indent=2))
        return int(bool(defects))
    if state.installed:
        print(f"file      {paths.shorten(state.file)} ({state.manager})")
        print(f"command   {sanitize.one_line(' '.join(_shorten_paths(state.command)), 300)}")
        print(f"at login  {'yes' if state.enabled else 'no'}")
    print(f"state     {state.state}{f' (process {state.process})' if state.process else ''}")
    for defect in defects:
        print(f"problem   {sanitize.one_line(defect.what, 300)}")
        print(f"fix       {defect.repair}")
    return int(bool(defects))


def logs(arguments: argparse.Namespace, _where: Paths) -> int:
    """Print the output of the service."""
    if arguments.last < 0:
        raise Failure("--last cannot be negative", "unplugd service logs --last 20")
    command = find_manager(arguments.manager).make_log_command(arguments.last, follow=arguments.follow)
    sys.stdout.flush()
    return subprocess.run(command, check=False).returncode and 1


def file(arguments: argparse.Namespace, _where: Paths) -> int:
    """Print the service file."""
    if arguments.program is None:
        program = find_program(__version__)
    elif Path(arguments.program).is_absolute():
        program = Program((arguments.program, "run"), __version__)
    else:
        raise Failure(f"{arguments.program} is not an absolute path", "--command /usr/bin/unplugd")
    print(find_manager(arguments.manager).render(program), end="")
    return 0


def _make_json(state: ServiceStatus, defects: list[Defect]) -> dict[str, Any]:
    return {
        "manager": state.manager,
        "file": paths.shorten(state.file),
        "installed": state.installed,
        "enabled": state.enabled,
        "state": state.state,
        "process": state.process or None,
        "command": _shorten_paths(state.command),
        "problems": [{"what": defect.what, "repair": defect.repair} for defect in defects],
    }


def _shorten_paths(command: tuple[str, ...]) -> list[str]:
    return [paths.shorten(Path(word)) if Path(word).is_absolute() else word for word in command]


def _prepare_change(arguments: argparse.Namespace) -> tuple[Manager, System]:
    manager = find_manager(arguments.manager)
    if arguments.dry_run:
        return manager, DryRun(print)
    _check_user(manager)
    return manager, RealSystem(say)


def _check_user(manager: Manager) -> None:
    if account.is_root():
        raise Failure(
            "root has no desktop to show reminders on",
            "run this as the user who will see the reminders; to set it up for all users, see docs/administrators.md",
        )
    manager.check()


def _refuse_second_daemon(manager: Manager, where: Paths) -> None:
    """Raise Failure if a daemon is running outside the service, since the service could then not start."""
    service_process = manager.inspect(None).process
    try:
        running = ask_daemon(where, {"command": "status"}).get("process")
    except client.NotRunningError:
        return
    except client.NoAnswerError:
        if service_process:
            # The service hangs and will be restarted.
            return
        raise
    if running and running != service_process:
        raise Failure(
            f"unplugd is already running outside the service (process {running})",
            "stop it (Ctrl-C in its terminal), then try again",
        )


def _wait_until_running(where: Paths) -> None:
    """Wait until the daemon answers, since a service manager may report the start too early."""
    if not _poll(lambda: ask_if_running(where, "status")):
        raise Failure("the service was started, but unplugd is not responding", "unplugd service logs")
    say("unplugd is running.")


def _greet(where: Paths) -> None:
    """Have the daemon show a first notification, and print whether that worked."""
    ask_if_running(where, "greet")
    greeted = _poll(lambda: ask_if_running(where, "status").get("greeted"))
    if isinstance(greeted, dict) and greeted.get("channel"):
        channel = str(greeted["channel"])
        hint = current_platform().hints().get(f"notification by {channel}", "")
        # Where the desktop asks for permission first, an ignored question means no.
        asks = f"{hint}\nStill nothing? " if sys.platform == "darwin" and hint else ""
        say(
            f"A first notification was sent (via {channel}). Didn't see it? {asks}Run: unplugd doctor --notify"
        )
    else:
        say("But it cannot show notifications.\nhint: unplugd doctor --notify")


def _poll(ask: Callable[[], Any]) -> Any:
    """Ask until there is an answer or the timeout is over; return the last answer."""
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while not (answer := ask()) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return answer


def _list_folders(where: Paths) -> list[Path]:
    folders = dict.fromkeys((where.configuration, where.state))
    return [folder for folder in folders if folder.is_dir()]


def _join(folders: list[Path]) -> str:
    return ", ".join(map(paths.shorten, folders)) or "there were none"


def _confirm_purge(where: Paths) -> None:
    folders = _list_folders(where)
    if not folders:
        return
    if not sys.stdin.isatty():
        raise Failure("--purge asks before it deletes anything", "run it in a terminal")
    if not ask(f"Permanently delete the journal and the configuration ({_join(folders)})?", default=False):
        raise Failure("nothing was removed", "to keep both: unplugd service uninstall")
