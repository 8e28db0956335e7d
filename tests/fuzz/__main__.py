"""Fuzz for so many seconds (60 without a word): `pip install atheris`, then `python -m tests.fuzz [seconds] [option…]`.

An input that fails is written to the present folder, its traceback is shown once for each place where it happens, and
fuzzing goes on. What comes after the seconds goes to libFuzzer, such as a file with an input that failed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path


def main() -> None:
    """Fuzz; does not return."""
    # No dependency, not even of the tests: it is not made for every Python.
    atheris = import_module("atheris")
    with atheris.instrument_imports(include=["unplugd"]):
        from tests.fuzz import mutation, target

    failed: set[str] = set()

    def one_input(raw: bytes) -> None:
        try:
            target.one_input(raw)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a bug
            innermost = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{type(error).__name__}-{Path(innermost.filename).stem}-{innermost.lineno}"
            if place not in failed:
                failed.add(place)
                Path(f"failed-{place}").write_bytes(raw)
                traceback.print_exc()
                print(f"failures so far: {len(failed)}", file=sys.stderr)

    def mutated(raw: bytes, most: int, seed: int) -> bytes:
        return mutation.mutate(raw, most, seed, atheris.Mutate)

    seconds, *options = sys.argv[1:] or ["60"]
    corpus = Path(tempfile.mkdtemp(prefix="unplugd-corpus-"))
    for number, seed in enumerate(mutation.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    given = [f"-max_total_time={seconds}", "-max_len=30000", "-timeout=30", "-rss_limit_mb=1500", *options]
    folders = [] if any(Path(option).is_file() for option in options) else [str(corpus)]
    atheris.Setup([sys.argv[0], *given, "-print_final_stats=1", *folders], one_input, custom_mutator=mutated)
    try:
        atheris.Fuzz()
    finally:
        shutil.rmtree(corpus, ignore_errors=True)
        shutil.rmtree(target.FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
