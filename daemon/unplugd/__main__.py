"""Runs the command `unplugd`, also as `python -m unplugd`, with its own modules only.

Some programs (ROS, AppImages) set PYTHONPATH in the shells that they open, and Python looks there first, as it does in
the folder of the script or, with `-m`, in the current one. A `usb.py` or another version of `rich` there would take the
place of ours. So those folders are left out, for child processes too, unless unplugd itself comes from there.
"""

import os
import site
import sys


def main() -> int:
    """Run one command and return its exit status."""
    leave_out_foreign_folders()
    from unplugd.cli.dispatch import main as run  # noqa: PLC0415 - only once the folders are right

    return run()


def leave_out_foreign_folders() -> None:
    """Remove the folders from `sys.path` that have nothing to do with this installation, and PYTHONPATH with them."""
    ours = os.path.dirname(os.path.dirname(__file__))
    installed = {ours, os.path.dirname(os.__file__), *site.getsitepackages(), site.USER_SITE}
    foreign = set()
    if not sys.flags.safe_path:
        foreign.add(os.path.abspath(sys.path[0]))
    given = os.environ.get("PYTHONPATH")
    if given and not sys.flags.ignore_environment:
        folders = {os.path.abspath(folder) for folder in given.split(os.pathsep)}
        if ours not in folders:
            foreign |= folders
            os.environ.pop("PYTHONPATH", None)
    sys.path[:] = [
        folder for folder in sys.path if folder in installed or os.path.abspath(folder) not in foreign
    ]


if __name__ == "__main__":
    sys.exit(main())
