"""Fuzz: `pip install atheris`, then `python -m tests.fuzz [TARGET | all] [SECONDS] [option…]`; see targets.py.

Without a target, each is fuzzed for so many seconds (60). An input that fails is written to the present folder, its
traceback is shown once for each place where it happens, and fuzzing goes on; in the end the exit status is 1. What comes
after the seconds goes to libFuzzer, such as a file with an input that failed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from functools import partial
from importlib import import_module
from pathlib import Path


def fuzz(name: str, seconds: str, options: list[str]) -> None:
    """Fuzz one target; does not return."""
    # No dependency, not even of the tests: it is not made for every Python.
    atheris = import_module("atheris")
    with atheris.instrument_imports(include=["unplugd", "unplugd_service"]):
        from tests.fuzz.target import FOLDER
        from tests.fuzz.targets import TARGETS

    target = TARGETS[name]
    failed: set[str] = set()

    def take(raw: bytes) -> None:
        try:
            target.take(raw)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a bug
            innermost = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{name}-{type(error).__name__}-{Path(innermost.filename).stem}-{innermost.lineno}"
            if place not in failed:
                failed.add(place)
                Path(f"failed-{place}").write_bytes(raw)
                traceback.print_exc()
                print(f"failures so far: {len(failed)}", file=sys.stderr)

    def mutate(raw: bytes, most: int, seed: int) -> bytes:
        mutated = target.mutate(raw, most, seed, atheris.Mutate) if target.mutate else None
        return atheris.Mutate(raw, most) if mutated is None else mutated

    corpus = Path(tempfile.mkdtemp(prefix="unplugd-corpus-"))
    for number, seed in enumerate(target.find_seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    given = [f"-max_total_time={seconds}", "-max_len=30000", "-timeout=30", "-rss_limit_mb=1500", *options]
    folders = [] if any(Path(option).is_file() for option in options) else [str(corpus)]
    setup = partial(atheris.Setup, [sys.argv[0], *given, "-print_final_stats=1", *folders], take)
    setup(custom_mutator=mutate) if target.mutate else setup()
    try:
        atheris.Fuzz()
    finally:
        shutil.rmtree(corpus, ignore_errors=True)
        shutil.rmtree(FOLDER, ignore_errors=True)
        if failed:
            os._exit(1)


def main() -> int:
    """Fuzz one target, or each in a process of its own; return the exit status."""
    name, seconds, *options = [*sys.argv[1:], *("all", "60")[max(0, len(sys.argv) - 1) :]]
    if name != "all":
        fuzz(name, seconds, options)
    from tests.fuzz.targets import TARGETS

    status = 0
    for each in TARGETS:
        print(f"--- {each}", file=sys.stderr)
        command = [sys.executable, "-m", "tests.fuzz", each, seconds, *options]
        status = max(status, subprocess.run(command, check=False).returncode)
    return status


if __name__ == "__main__":
    sys.exit(main())
