"""The hosted tests: what they run on a Mac a person can run, too."""

from __future__ import annotations

import re

import pytest

from tests import PROJECT, TESTS

WORKFLOW = (PROJECT / ".github/workflows/tests.yml").read_text()
MAKEFILE = (PROJECT / "Makefile").read_text()
GOALS = re.findall(r"- run: make (\S+)", WORKFLOW)


def test_each_step_on_a_mac_is_a_make_target() -> None:
    """All of them, in the order in which `make test-mac` runs them; no step has a script of its own."""
    (parts,) = re.findall(r"(?m)^MAC := \$\(addprefix test-mac-,([a-z ]+)\)$", MAKEFILE)
    assert [f"test-mac-{part}" for part in parts.split()] == GOALS
    mac = WORKFLOW.partition("\n  macos:\n")[2]
    assert re.findall(r"\brun:", mac) == ["run:"] * len(GOALS)
    assert "run: .ci/run" in WORKFLOW, "and Linux's are CI's"


@pytest.mark.parametrize("file", sorted((TESTS / "real_mac").glob("test_*.py")), ids=lambda file: file.stem)
def test_each_test_for_a_mac_is_run(file: object) -> None:
    """By a target of its own."""
    assert f"test-mac-{str(file).rpartition('test_')[2].removesuffix('.py')}" in GOALS
