"""One run of atheris, which is libFuzzer for Python: `python -m tests.fuzz.libfuzzer TARGET SECONDS [option…]`.

Everything stays in the folder for temporary files: the process ends without a chance to remove anything.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path


def fuzz(name: str, seconds: str, options: list[str]) -> None:
    """Fuzz a target; does not return."""
    # No dependency, not even of the tests: it is not made for every Python.
    atheris = import_module("atheris")
    with atheris.instrument_imports(include=["unplugd", "unplugd_service"]):
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

    corpus = Path(tempfile.mkdtemp())
    for number, seed in enumerate(target.find_seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    given = [f"-max_total_time={seconds}", "-max_len=30000", "-timeout=30", "-rss_limit_mb=1500", *options]
    folders = [] if any(Path(option).is_file() for option in options) else [str(corpus)]
    known = {"custom_mutator": mutate} if target.mutate else {}
    atheris.Setup([sys.argv[0], *given, "-print_final_stats=1", *folders], take, **known)
    atheris.Fuzz()


if __name__ == "__main__":
    fuzz(sys.argv[1], sys.argv[2], sys.argv[3:])
