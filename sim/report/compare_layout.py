"""Titles, sentences and grids as text of a given width and as Markdown; how differences are written."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sim.batch.pairing import Estimate
from sim.report import format as say

LEAST = 8
"""Letters to which a column of text may be cut."""
MORE_DECIMALS = 3
"""Decimals that a difference may have more than what it is between."""


@dataclass(frozen=True)
class Words:
    """A title, a heading, a paragraph, or one item of a list."""

    text: str
    kind: Literal["title", "heading", "paragraph", "item"] = "paragraph"


@dataclass(frozen=True)
class Grid:
    """A table: its head, rows of cells, and how many columns at the left are text."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1


Block = Words | Grid


def text_of(blocks: Iterable[Block], width: int) -> str:
    """Return blocks as text, no line wider than ``width``; lists and what a heading is above stand close."""
    lines: list[str] = []
    before: Block | None = None
    for block in blocks:
        if before is not None and not _close(before, block):
            lines.append("")
        lines += _lines(block, width)
        before = block
    return "\n".join(line.rstrip() for line in lines)


def _close(above: Block, below: Block) -> bool:
    heading = isinstance(above, Words) and above.kind in ("title", "heading")
    items = all(isinstance(one, Words) and one.kind == "item" for one in (above, below))
    note = isinstance(above, Grid) and isinstance(below, Words) and below.kind == "paragraph"
    return heading or items or note


def _lines(block: Block, width: int) -> Iterator[str]:
    if isinstance(block, Words):
        first, rest = ("- ", "  ") if block.kind == "item" else ("", "")
        yield from textwrap.wrap(
            block.text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
        )
        return
    rows = [row for row in (block.head, *block.rows) if any(row)]
    wide = [max(len(row[i]) for row in rows) for i in range(len(block.head))]
    while sum(wide) + 2 * (len(wide) - 1) > width and max(wide[: block.texts]) > LEAST:
        wide[max(range(block.texts), key=lambda i: wide[i])] -= 1
    for row in rows:
        cells = [_fitted(cell, wide[i], left=i < block.texts) for i, cell in enumerate(row)]
        yield "  ".join(cells)[:width]


def _fitted(cell: str, wide: int, left: bool) -> str:
    if len(cell) > wide:
        return f"{cell[: wide - 1]}…"
    return cell.ljust(wide) if left else cell.rjust(wide)


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

    def value(self, value: float) -> str:
        """Return a value without its unit."""
        return say.number(value / self.one, self.decimals)

    def signed(self, value: float, decimals: int) -> str:
        """Return a difference; of times "to never" and "from never" where one is never reached."""
        if math.isinf(value):
            return "to never" if value > 0.0 else "from never"
        text = say.number(value / self.one, decimals)
        return f"+{text}" if value > 0.0 and text.strip("0.,") else text

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

    def difference(self, value: float) -> str:
        """Return a difference that has no interval."""
        return self.signed(value, self.fine(without_interval(value)))


def without_interval(difference: float) -> Estimate:
    """Return a difference of which no more is known."""
    return Estimate(difference, *[math.nan] * 4)


def scale(unit: str, values: Sequence[float]) -> Scale:
    """Return how to write values of a unit.

    >>> scale("USD", [-3.2e9, -1.1e9]), scale("share", [0.04])
    (Scale(one=1000000000.0, unit='bn USD', decimals=1), Scale(one=0.01, unit='%', decimals=1))
    """
    finite = [value for value in values if math.isfinite(value)]
    name = say.row_scale(unit, finite)[1].replace("USD/year", "USD a year")
    if unit.startswith("USD") and not unit.endswith("MWh"):
        one = say.usd_scale(finite)[0]
        return Scale(one, name, 0 if one == 1.0 else 2 if any(0.0 < abs(value) < one for value in finite) else 1)
    known = {"share": (0.01, 1), "per year": (0.01, 1), "MWh/year": (1e6, 2), "ratio": (1.0, 2)}
    return Scale(known.get(unit, (1.0, 1))[0], name, known.get(unit, (1.0, 1))[1])


def interval(estimate: Estimate, by: Scale) -> str:
    """Return the interval of a difference, as "−0.3 to +0.1"; empty where there is none."""
    if math.isnan(estimate.low):
        return ""
    low, high = (by.signed(end, by.fine(estimate)) for end in (estimate.low, estimate.high))
    return f"{low} to {high}"


def difference_and_interval(estimate: Estimate, by: Scale) -> tuple[str, str]:
    """Return the cells of a difference and of its interval."""
    return by.signed(estimate.difference, by.fine(estimate)), interval(estimate, by)
