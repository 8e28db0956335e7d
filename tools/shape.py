"""Count the shape of the product code, and fail where it has outgrown its limits: `python tools/shape.py [FOLDER]`."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOTS: Final = {"unplugd": "daemon/unplugd", "unplugd_service": "service/unplugd_service"}
MAX_MODULE_LINES: Final = 450
MAX_CLASS_LINES: Final = 250
MAX_ATTRIBUTES: Final = 15
MAX_SUPPRESSIONS: Final = 48
MAX_LATE_IMPORTS: Final = 16
MAX_PARTICIPLES: Final = 10
SUPPRESSION: Final = re.compile(r"#.*\b(noqa|type: ignore)\b")
PARTICIPLE: Final = re.compile(
    "begun|built|caught|chosen|done|drawn|fed|felt|found|given|gone|held|kept|known|laid|led|left|lost|made|meant|met|"
    "said|seen|sent|shown|spoken|spread|stood|struck|taken|told|thought|written|.*ed"
)
VERBS: Final = frozenset({"feed", "need", "exceed", "embed"})
"""Verbs that end like participles."""


class Figure(NamedTuple):
    """One count, with its limit (None: it is only shown) and what was found."""

    name: str
    value: int
    limit: int | None
    found: str = ""


def main() -> int:
    """Print each figure; exit 1 where one is beyond its limit."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    figures = list(measure(folder))
    for figure in figures:
        limit = "" if figure.limit is None else f" (limit {figure.limit})"
        sys.stdout.write(f"{figure.name}: {figure.value}{limit}{' ' if figure.found else ''}{figure.found}\n")
    return int(any(figure.limit is not None and figure.value > figure.limit for figure in figures))


def measure(folder: Path) -> Iterator[Figure]:
    """Yield every figure of the checkout in `folder`."""
    paths = {
        ".".join((root, *path.relative_to(folder / place).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): path
        for root, place in ROOTS.items()
        for path in sorted((folder / place).rglob("*.py"))
    }
    texts = {module: path.read_text(encoding="utf-8") for module, path in paths.items()}
    trees = {module: ast.parse(text) for module, text in texts.items()}
    imports = {module: set(find_imports(tree, trees)) - {module} for module, tree in trees.items()}

    rooms = {find_room(module) for module in trees if "." in module and module.startswith("unplugd.")}
    arrows = {
        (find_room(module), find_room(wanted))
        for module in trees
        for wanted in imports[module]
        if module.startswith("unplugd") and wanted.startswith("unplugd.") and "." in module
    }
    yield Figure("packages and modules at the top", len(rooms), None)
    yield Figure("imports between them", sum(start != end for start, end in arrows), None)
    circles = sorted(find_circles(imports))
    yield Figure("import cycles", len(circles), 0, "; ".join(circles))

    long = [
        f"{module} {lines}"
        for module, text in texts.items()
        if (lines := text.count("\n")) > MAX_MODULE_LINES
    ]
    yield Figure(f"modules over {MAX_MODULE_LINES} lines", len(long), 0, ", ".join(long))
    classes = [
        (module, node)
        for module in trees
        for node in ast.walk(trees[module])
        if isinstance(node, ast.ClassDef)
    ]
    module, node = max(classes, key=lambda found: count_lines(found[1]))
    yield Figure("lines of the longest class", count_lines(node), MAX_CLASS_LINES, f"{module}.{node.name}")
    module, node = max(classes, key=lambda found: len(find_attributes(found[1])))
    yield Figure(
        "attributes of the widest class", len(find_attributes(node)), MAX_ATTRIBUTES, f"{module}.{node.name}"
    )

    suppressions = sum(
        bool(SUPPRESSION.search(line)) for text in texts.values() for line in text.splitlines()
    )
    yield Figure("suppressions (noqa, type: ignore)", suppressions, MAX_SUPPRESSIONS)
    late = find_late_modules(folder)
    yield Figure(
        "imports inside functions",
        sum(count_late_imports(tree, late) for tree in trees.values()),
        MAX_LATE_IMPORTS,
    )
    functions = [
        node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
    ]
    named = sorted(node.name for node in functions if is_participle(node.name) and not is_property(node))
    yield Figure("functions named by a participle", len(named), MAX_PARTICIPLES, " ".join(named))


def find_room(module: str) -> str:
    """Return the module or package right below unplugd."""
    return module.split(".")[1]


def find_imports(tree: ast.Module, modules: Mapping[str, ast.Module]) -> Iterator[str]:
    """Yield the project's modules that a module imports, also for types only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                full = f"{node.module}.{name.name}"
                yield from {full if full in modules else node.module} & modules.keys()
        elif isinstance(node, ast.Import):
            yield from {name.name for name in node.names} & modules.keys()


def find_circles(imports: Mapping[str, set[str]]) -> list[str]:
    """Return the groups of modules that import one another (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    circles: list[str] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for wanted in imports[module]:
            if wanted not in index:
                visit(wanted)
                low[module] = min(low[module], low[wanted])
            elif wanted in stack:
                low[module] = min(low[module], index[wanted])
        if low[module] == index[module]:
            group = [stack.pop()]
            while group[-1] != module:
                group.append(stack.pop())
            if len(group) > 1:
                circles.append(" + ".join(sorted(group)))

    for module in imports:
        if module not in index:
            visit(module)
    return circles


def count_lines(node: ast.ClassDef) -> int:
    """Return how many lines a class has."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def find_attributes(node: ast.ClassDef) -> set[str]:
    """Return the names of what a class sets on `self`."""
    return {
        found.attr
        for found in ast.walk(node)
        if isinstance(found, ast.Attribute)
        and isinstance(found.ctx, ast.Store)
        and isinstance(found.value, ast.Name)
        and found.value.id == "self"
    }


def find_late_modules(folder: Path) -> tuple[str, ...]:
    """Return the modules that pyproject.toml allows inside functions only."""
    settings = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    tidy = settings["tool"]["ruff"]["lint"].get("flake8-tidy-imports", {})
    return tuple(tidy.get("banned-module-level-imports", ()))


def count_late_imports(tree: ast.Module, late: tuple[str, ...]) -> int:
    """Return how many imports stand inside functions, those of `late` modules left out."""
    found = {
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    names = [
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name for node in found
    ]
    return sum(not any(name == module or name.startswith(f"{module}.") for module in late) for name in names)


def is_participle(name: str) -> bool:
    """Whether a function is called by what was done, not by what it does."""
    word = name.strip("_").split("_")[0]
    return bool(PARTICIPLE.fullmatch(word)) and word not in VERBS


def is_property(node: ast.FunctionDef) -> bool:
    """Whether a function is read like an attribute."""
    return any(isinstance(found, ast.Name) and found.id == "property" for found in node.decorator_list)


if __name__ == "__main__":
    sys.exit(main())
