"""Small charts made of characters."""

from __future__ import annotations

import math
from collections.abc import Sequence


def bars(curve: Sequence[float], top: float, wide: int, rows: int, ascii_only: bool) -> list[str]:
    """Return a filled chart of a curve over its years, from the top row down.

    >>> bars([0.0, 0.5, 1.0], 1.0, 4, 4, False)
    ['  ██', '  ██', '████', '████']
    """
    levels = "  .::||##" if ascii_only else " ▁▂▃▄▅▆▇█"
    last = len(curve) - 1
    heights = [curve[math.ceil((i + 1) * last / wide - 1e-9)] / top * 8 * rows for i in range(wide)]
    return [
        "".join(levels[round(min(max(height - 8 * row, 0), 8))] for height in heights) for row in reversed(range(rows))
    ]


def ticks(last: int, wide: int) -> str:
    """Return the labels of a time axis from 0 to the last year, each ending under its year.

    >>> ticks(20, 40)
    '0        5        10        15        20'
    """
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100) if last / s <= 6)
    line = [" "] * (wide + 4)
    for year in range(0, last + 1, step):
        text = str(year)
        place = max(round(year / last * wide) - len(text), 0)
        line[place : place + len(text)] = text
    return "".join(line)[:wide]


def signed_bar(value: float, ascii_only: bool, half: int = 16) -> str:
    """Return a bar to the left of an axis for a negative correlation, to the right for a positive one.

    >>> signed_bar(-0.5, True, 4), signed_bar(1.0, True, 4)
    ('  ##|    ', '    |####')
    """
    length = round(min(abs(value), 1.0) * half)
    bar = ("#" if ascii_only else "█") * length
    return f"{bar if value < 0 else '':>{half}}{'|' if ascii_only else '│'}{bar if value > 0 else '':<{half}}"
