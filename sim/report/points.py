"""Points of an axis as they are read: numbers with separators, factors, calendar years, names as they are."""

from __future__ import annotations

import math
from typing import Any

from sim.batch.axes import FACTOR
from sim.report import format as say

DIGITS, DRAWN_DIGITS = 6, 4
"""Significant figures of a point that was asked for, and of one that was drawn."""


def point_name(axis: str, value: Any, digits: int = DIGITS) -> str:
    """Return a point of an axis as text.

    >>> point_name("link.capacity_mw", 2800.0), point_name("timeline.start_year", 2027.0), point_name("costs", "x0.5")
    ('2,800', '2027', '× 0.5')
    >>> point_name("a_per_year", 1200), point_name("costs", "x0.79593788", 4), point_name("costs", "x 1e-05")
    ('1,200', '× 0.7959', '× 1e-05')
    >>> point_name("financing", "x1..2"), point_name("link.capacity_mw", 1234567.8), point_name("a", -0.0)
    ('x1..2', '1,234,567.8', '0')
    """
    if isinstance(value, str) and (factor := FACTOR.fullmatch(value)):
        return f"× {point_name('', float(factor[1]), digits)}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if not math.isfinite(value):
        return say.number(float(value))
    figures = max(digits, 12) if abs(value) >= 1e6 and digits == DIGITS else digits
    number = value if isinstance(value, int) else float(f"{value:.{figures}g}") + 0.0
    text = f"{number:{'' if is_year(axis) else ','}}".removesuffix(".0")
    return f"−{text[1:]}" if text.startswith("-") else text


def is_year(axis: str) -> bool:
    """Say whether the points of an axis are calendar years.

    >>> is_year("timeline.start_year"), is_year("costs.grid.amount_million_per_year")
    (True, False)
    """
    words = axis.rpartition(".")[2].split("_")
    return "year" in words and "per" not in words


def is_number(value: Any) -> bool:
    """Say whether a point is a number or a factor.

    >>> is_number(2.0), is_number("x1e-05"), is_number("base")
    (True, True, False)
    """
    return isinstance(value, float) or (isinstance(value, str) and FACTOR.fullmatch(value) is not None)
