"""Lines and tables of the page of ``check``: figures with four digits, shares in percent, names whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from sim.base.words import in_percent
from sim.report.format import number, percent, wrapped

LABEL = 12
LAST = 14
"""Width that the last column keeps while it is broken for the sake of the names in the first."""
Row = tuple[str, ...]


def line(label: str, text: str, width: int) -> str:
    """Return a label and what there is to say of it, as wide as the page."""
    first, *rest = wrapped(text, width - LABEL)
    return "\n".join([f"{label:<{LABEL}}{first}", *(" " * LABEL + part for part in rest)])


def table(title: str, rows: Sequence[Row], width: int, left: Sequence[int], strong: Callable[[str], str] = str) -> str:
    """Return aligned columns; a name that is too long for its column stands above its row, the last column is broken.

    ``strong`` makes the title bold.

    >>> rows = [("input", "P50", "unit"), ("a.name", "2", "km"), ("a.name.that.is.longer.than.it.should", "1", "km")]
    >>> print(table("Inputs", rows, 44, (0, 2)))
    Inputs
      input   P50  unit
      a.name    2  km
      a.name.that.is.longer.than.it.should
                1  km
    """
    if not rows:
        return f"{strong(title)}: none"
    wide = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    room = width - 2 * len(wide) - sum(wide[1:-1])
    least = max(room - min(wide[-1], LAST), len(rows[0][0]))
    wide[0] = max(len(row[0]) for row in rows if len(row[0]) <= least)
    wide[-1] = max(min(wide[-1], room - wide[0]), 1)
    return "\n".join(
        [strong("\n".join(wrapped(title, width, "  "))), *(text for row in rows for text in _row(row, wide, left))]
    )


def _row(row: Row, wide: Sequence[int], left: Sequence[int]) -> Iterator[str]:
    first, *rest = row
    if len(first) > wide[0]:
        yield f"  {first}"
        first = ""
    end, *more = wrapped(rest[-1], wide[-1]) or [""]
    cells = enumerate(zip((first, *rest[:-1], end), wide, strict=True))
    padded = [f"{cell:<{size}}" if i in left else f"{cell:>{size}}" for i, (cell, size) in cells]
    yield "  " + "  ".join(padded).rstrip()
    for part in more:
        yield f"{'':<{sum(wide[:-1]) + 2 * len(wide)}}{part}"


def figure(value: float) -> str:
    """Return a number with four figures.

    >>> [figure(x) for x in (12345.6, 157.93, 0.0265, 0.0, 3.0)]
    ['12,346', '157.9', '0.0265', '0', '3']
    """
    if value == 0.0 or not math.isfinite(value):
        return number(value, 0)
    text = number(value, min(max(3 - math.floor(math.log10(abs(value))), 0), 6))
    return text.rstrip("0").rstrip(".") if "." in text else text


def figures(values: Sequence[float], unit: str) -> tuple[list[str], str]:
    """Return numbers of a unit as they stand in a row, and what is left to say of the unit.

    >>> figures([0.7493, 0.8], "share"), figures([0.0009], "fraction per year"), figures([157.93], "JPY per USD")
    ((['74.9 %', '80.0 %'], ''), (['0.09 %'], 'a year'), (['157.9'], 'JPY per USD'))
    """
    shared = in_percent(unit)
    if shared is None:
        return [figure(value) for value in values], unit
    return [part(value) for value in values], shared[2:]


def part(value: float) -> str:
    """Return a share in percent, below 1 % with up to two decimals.

    >>> part(0.7493), part(0.005), part(0.0009), part(0.0)
    ('74.9 %', '0.5 %', '0.09 %', '0.0 %')
    """
    return percent(value) if abs(value) >= 0.00995 or value == 0.0 else rate(value)


def rate(value: float) -> str:
    """Return a rate in percent, as many decimals as it has up to two.

    >>> rate(0.065), rate(0.12), rate(0.0342)
    ('6.5 %', '12 %', '3.42 %')
    """
    return f"{number(100.0 * value, 2).rstrip('0').rstrip('.')} %"
