"""Titles, sentences and grids as text of a given width and as Markdown; how differences are written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from textwrap import wrap
from typing import Literal

from sim.batch.pairing import Estimate
from sim.report import format as say
from sim.report.letters import bold

LEAST = 8
"""Letters to which a column of text may be narrowed."""
NARROW = 20
"""Letters to which it is before columns are left out."""
FIRST = 12
"""Letters by which the first column stays wider than other texts: it says what a row is."""
WIDEST_HEAD = 16
"""Letters beyond which the head of a column of numbers takes several lines."""
MORE_DECIMALS = 3
"""Decimals that a difference may have more than what it is between."""


@dataclass(frozen=True)
class Words:
    """A title, a heading, a paragraph, or one item of a list."""

    text: str
    kind: Literal["title", "heading", "paragraph", "item"] = "paragraph"


@dataclass(frozen=True)
class Grid:
    """A table: its head, rows of cells, and how many columns at the left are text.

    The head of a column of numbers may end with their unit, after a comma.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1
    spare: int = 0
    """Columns at the right that may be left out for width."""
    elsewhere: str = ""
    """The file that then has them."""


Block = Words | Grid


def filled(grid: Grid) -> Grid:
    """Return a table without the columns of numbers in which nothing stands."""
    kept = [i for i in range(len(grid.head)) if i < grid.texts or any(row[i] for row in grid.rows)]
    lost = sum(i >= len(grid.head) - grid.spare for i in set(range(len(grid.head))) - set(kept))
    head, *rows = (tuple(row[i] for i in kept) for row in (grid.head, *grid.rows))
    return Grid(head, tuple(rows), grid.texts, grid.spare - lost, grid.elsewhere)


# --- text ---------------------------------------------------------------------------------------------------------


def text_of(blocks: Iterable[Block], width: int) -> str:
    """Return blocks as text, no line wider than ``width``; lists and what a heading is above stand close."""
    lines: list[str] = []
    before: Block | None = None
    for block in blocks:
        if before is not None and not _close(before, block):
            lines.append("")
        lines += _words(block, width) if isinstance(block, Words) else _table(block, width)
        before = block
    return "\n".join(lines)


def _close(above: Block, below: Block) -> bool:
    heading = isinstance(above, Words) and above.kind in ("title", "heading")
    items = all(isinstance(one, Words) and one.kind == "item" for one in (above, below))
    note = isinstance(above, Grid) and isinstance(below, Words) and below.kind == "paragraph"
    return heading or items or note


def _words(block: Words, width: int) -> list[str]:
    if block.kind == "item":
        return say.wrapped(f"- {block.text}", width, "  ")
    lines = say.wrapped(block.text, width)
    return lines if block.kind == "paragraph" else [bold(line) for line in lines]


def fits(grid: Grid, width: int) -> bool:
    """Say whether a table is not wider than a page, with all its columns and no text in two lines."""
    return _sum(_widths(grid, len(grid.head))) <= width


def _table(grid: Grid, width: int) -> Iterator[str]:
    """Yield a table: first its texts get narrower, then columns are left out, which is said, then texts once more."""
    count = len(grid.head)
    wide = _widths(grid, count)
    while count > len(grid.head) - grid.spare and _narrowed(grid, wide, width, NARROW) is None:
        count -= 1
        wide = wide[:count]
    sizes = _narrowed(grid, wide, width, NARROW) or _narrowed(grid, wide, width, LEAST) or wide
    if any(grid.head):
        yield from (bold(line) for line in _placed(_heads(grid, sizes), sizes, grid.texts))
    for row in grid.rows:
        told = [_lines(cell, sizes[i]) if i < grid.texts else [cell] for i, cell in enumerate(row[:count])]
        yield from _placed(told, sizes, grid.texts)
    if names := [name.rpartition(", ")[0] or name for name in grid.head[count:]]:
        where = f"; {grid.elsewhere} has {'it' if len(names) == 1 else 'them'}" if grid.elsewhere else ""
        yield from say.wrapped(f"Left out for width: {', '.join(names)}{where}.", width)


def _widths(grid: Grid, count: int) -> list[int]:
    """Return how wide each column is: as its widest cell, or line of its head."""
    wide = []
    for i in range(count):
        body = max((len(row[i]) for row in grid.rows), default=0)
        wide.append(max(body, *map(len, [grid.head[i]] if i < grid.texts else _stacked(grid.head[i], body))))
    return wide


def _heads(grid: Grid, sizes: Sequence[int]) -> list[list[str]]:
    """Return the lines of each head: what it is called, as low as the deepest, and below them all the units."""
    heads = grid.head[: len(sizes)]
    made = [_lines(head, size) if i < grid.texts else _stacked(head, size) for i, (head, size) in _each(heads, sizes)]
    unit = [", " in head and i >= grid.texts for i, head in enumerate(heads)]
    deepest = max(len(lines) - under for lines, under in zip(made, unit, strict=True))
    return [[""] * (deepest - len(lines) + under) + lines for lines, under in zip(made, unit, strict=True)]


def _stacked(head: str, size: int) -> list[str]:
    """Return the head of a column of numbers in lines, its unit below it.

    >>> _stacked("median NPV, bn USD", 6), _stacked("Net present value (NPV)", 8)
    (['median NPV', 'bn USD'], ['Net present', 'value (NPV)'])
    """
    name, comma, unit = head.rpartition(", ")
    name, units = (name, [unit]) if comma else (unit, [])
    return [*([name] if len(name) <= max(size, WIDEST_HEAD) else say.wrapped(name, max(size, LEAST + 4))), *units]


def _sum(wide: Sequence[int]) -> int:
    return sum(wide) + 2 * (len(wide) - 1)


def _narrowed(grid: Grid, wide: Sequence[int], width: int, least: int) -> list[int] | None:
    """Return the widths of columns within a page, the widest text narrowed first; None where they are too many.

    A text is not narrower than its longest word, or than ``least``.
    """
    sizes = list(wide)
    texts = [[row[i] for row in (grid.head, *grid.rows)] for i in range(grid.texts)]
    words = [[word for cell in cells for word in say.kept(cell).split(" ")] for cells in texts]
    floors = [min(max(map(len, found)), least) for found in words]
    while _sum(sizes) > width:
        free = [i for i in range(grid.texts) if sizes[i] > floors[i]]
        if not free:
            return None
        sizes[max(free, key=lambda i: sizes[i] - (FIRST if i == 0 else 0))] -= 1
    return sizes


def _lines(cell: str, size: int) -> list[str]:
    indent = cell[: len(cell) - len(cell.lstrip())]
    lines = wrap(say.kept(cell), max(size, 1), subsequent_indent=indent, break_on_hyphens=False)
    return [line.replace("\u00a0", " ") for line in lines] or [""]


def _placed(told: Sequence[Sequence[str]], sizes: Sequence[int], texts: int) -> Iterator[str]:
    """Yield the lines of a row of cells, each of several lines."""
    for line in zip_longest(*told, fillvalue=""):
        placed = (part.ljust(size) if i < texts else part.rjust(size) for i, (part, size) in _each(line, sizes))
        yield "  ".join(placed).rstrip()


def _each(cells: Sequence[str], sizes: Sequence[int]) -> Iterator[tuple[int, tuple[str, int]]]:
    return enumerate(zip(cells, sizes, strict=True))


# --- Markdown -----------------------------------------------------------------------------------------------------


def markdown_of(blocks: Iterable[Block]) -> str:
    """Return blocks as Markdown of GitHub."""
    parts: list[str] = []
    before: Block | None = None
    for block in blocks:
        items = all(isinstance(one, Words) and one.kind == "item" for one in (before, block))
        parts.append(("" if before is None else "\n" if items else "\n\n") + _marked(block))
        before = block
    return "".join(parts) + "\n"


def _marked(block: Block) -> str:
    if isinstance(block, Words):
        return {"title": "## ", "heading": "### ", "paragraph": "", "item": "- "}[block.kind] + _escaped(block.text)
    rule = tuple(":--" if i < block.texts else "--:" for i in range(len(block.head)))
    rows = [tuple(map(_escaped, block.head)), rule, *(tuple(map(_escaped, row)) for row in block.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _escaped(text: str) -> str:
    """Return a text in which nothing means anything to Markdown.

    >>> _escaped("a|b_c *")
    'a\\\\|b\\\\_c \\\\*'
    """
    return "".join(f"\\{letter}" if letter in "\\|*_`<[]" else letter for letter in text)


# --- differences --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scale:
    """How to write values of one metric next to each other: what one unit is, its name, and the decimals."""

    one: float
    unit: str
    decimals: int

    def value(self, value: float, decimals: int = 0) -> str:
        """Return a value without its unit, in more decimals than usual if asked for."""
        most = max(decimals, self.decimals)
        return say.bare_share(value, most) if self.unit == "%" else say.number(value / self.one, most)

    def signed(self, value: float, decimals: int) -> str:
        """Return a difference; of times "to never" and "from never" where one is never reached."""
        if math.isinf(value):
            return "to never" if value > 0.0 else "from never"
        return say.signed(say.number(value / self.one, decimals), value)

    def fine(self, estimate: Estimate) -> int:
        """Return the decimals that show a difference, one digit of the half width of its interval, and its signs."""
        half, ends = estimate.high - estimate.difference, (estimate.low, estimate.high)
        size = half if half > 0.0 else abs(estimate.difference)
        if not (0.0 < size < math.inf):
            return self.decimals
        most = self.decimals + MORE_DECIMALS
        decimals = min(max(self.decimals, -math.floor(math.log10(size / self.one))), most)
        while decimals < most and any(end and not round(end / self.one, decimals) for end in ends if end == end):
            decimals += 1
        return decimals


def without_interval(difference: float) -> Estimate:
    """Return a difference of which no more is known."""
    return Estimate(difference, *[math.nan] * 4)


def scale(unit: str, values: Sequence[float]) -> Scale:
    """Return how to write values of a unit.

    >>> scale("USD", [-3.2e9, -1.1e9]), scale("share", [0.04])
    (Scale(one=1000000000.0, unit='bn USD', decimals=2), Scale(one=0.01, unit='%', decimals=1))
    """
    one, name, decimals = say.scale_of(unit, values)
    return Scale(one, name.replace("USD/year", "USD"), decimals)


def interval(estimate: Estimate, by: Scale) -> str:
    """Return the interval of a difference, as "−0.3 to +0.1"; empty where there is none."""
    if math.isnan(estimate.low):
        return ""
    low, high = (by.signed(end, by.fine(estimate)) for end in (estimate.low, estimate.high))
    return f"{low} to {high}"


def difference_and_interval(estimate: Estimate, by: Scale) -> tuple[str, str]:
    """Return the cells of a difference and of its interval."""
    return by.signed(estimate.difference, by.fine(estimate)), interval(estimate, by)
