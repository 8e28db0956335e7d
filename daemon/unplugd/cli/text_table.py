"""A table as lines of text: a name, and columns of which those that matter least give way on a narrow terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from unplugd.cli.text_layout import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from unplugd.cli.text_layout import Layout

MIN_NAME_COLUMNS: Final = 12
EMPTY: Final = frozenset({"none", "-"})
"""Cells that are never marked."""


def lay_out_table(
    heading: Text,
    titles: Sequence[str],
    names: Sequence[str],
    cells: Sequence[Sequence[str]],
    layout: Layout,
    *,
    min_name_columns: int = MIN_NAME_COLUMNS,
    style: str = "",
) -> Iterator[Text]:
    """Yield a table with at least one row; `style` is that of the first column, where it is not empty.

    A title that ends with a space is that of a column of names, which are written from the left.
    """
    widths = [max(len(title), *(cell_len(row[at]) for row in cells)) for at, title in enumerate(titles)]
    # On a narrow terminal, leave out the last columns, which matter least.
    while len(widths) > 1 and sum(widths) + 2 * len(widths) + 2 + min_name_columns > layout.line_columns:
        widths.pop()
    name_columns = max(MIN_NAME_COLUMNS, layout.line_columns - sum(widths) - 2 * len(widths) - 2)
    name_columns = min(name_columns, max(heading.cell_len, *map(cell_len, names)))
    line = heading.copy()
    line.set_length(name_columns + 2)
    for title, width in zip(titles, widths, strict=False):
        line.append(f"  {_align(title, width, title)}", "not bold dim")
    yield line
    for name, row in zip(names, cells, strict=True):
        line = Text(f"  {set_cell_size(shorten(name, name_columns), name_columns)}")
        for at, (cell, width, title) in enumerate(zip(row, widths, titles, strict=False)):
            line.append(f"  {_align(cell, width, title)}", style if at == 0 and cell not in EMPTY else "")
        yield line


def _align(cell: str, width: int, title: str) -> str:
    blanks = " " * (width - cell_len(cell))
    return cell + blanks if title.endswith(" ") else blanks + cell
