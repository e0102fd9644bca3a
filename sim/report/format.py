"""Numbers as people read them: one format for each kind, "never" for infinite, "–" for what does not exist."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

NEVER = "never"
MISSING = "–"


def number(value: float, decimals: int = 1, unit: str = "") -> str:
    """Return a number with thousands separators, a real minus sign, no "−0.0", and its unit if there is one.

    >>> [number(x) for x in (1234.56, -0.3, -0.04, math.inf, math.nan)]
    ['1,234.6', '−0.3', '0.0', 'never', '–']
    >>> number(41.99, 0, "USD")
    '42 USD'
    """
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return NEVER if value > 0.0 else "−∞"
    text = f"{value:,.{decimals}f}"
    if text.startswith("-"):
        text = text[1:] if float(text.replace(",", "")) == 0.0 else "−" + text[1:]
    return f"{text} {unit}" if unit else text


def years(value: float) -> str:
    """Return a time span.

    >>> years(26.2), years(math.inf)
    ('26.2 years', 'never')
    """
    return number(value, 1, "years")


def usd_scale(values: Sequence[float]) -> tuple[float, str]:
    """Return the divisor and unit in which the largest of some amounts reads well.

    >>> usd_scale([6.5e9, 2e8]), usd_scale([999.96e6]), usd_scale([336e6]), usd_scale([1.0])
    ((1000000000.0, 'bn USD'), (1000000000.0, 'bn USD'), (1000000.0, 'million USD'), (1.0, 'USD'))
    """
    largest = max((abs(value) for value in values if math.isfinite(value)), default=1e9)
    for divisor, unit in ((1e9, "bn USD"), (1e6, "million USD")):
        if largest >= 0.99995 * divisor:  # what would round to 1,000.0 of the next smaller unit
            return divisor, unit
    return 1.0, "USD"


def usd(value: float) -> str:
    """Return an amount of money.

    >>> usd(6.0e9), usd(-4.3223e9), usd(343.04e6), usd(0.0)
    ('6.0 bn USD', '−4.3 bn USD', '343.0 million USD', '0 USD')
    """
    divisor, unit = usd_scale([value])
    return number(value / divisor, 0 if divisor == 1.0 else 1, unit)


def per_mwh(value: float) -> str:
    """Return a price or cost of energy.

    >>> per_mwh(130.93)
    '130.9 USD/MWh'
    """
    return number(value, 1, "USD/MWh")


def percent(value: float, decimals: int = 1) -> str:
    """Return a share or rate in percent.

    >>> percent(0.123), percent(-0.0105), percent(math.nan)
    ('12.3 %', '−1.1 %', '–')
    """
    return number(100.0 * value, decimals, "%")


def share(value: float) -> str:
    """Return the share of futures in which something happens: 0 % and 100 % mean none and all.

    >>> [share(x) for x in (0.0, 0.0001, 0.1525, 0.9999, 1.0)]
    ['0 %', '< 0.1 %', '15.3 %', '> 99.9 %', '100 %']
    """
    return shares([value, 1.0 - value])[0]


def shares(values: Sequence[float]) -> list[str]:
    """Return shares that sum to one as percentages that sum to 100.0 (largest remainder).

    >>> shares([0.3335, 0.3335, 0.3330])
    ['33.4 %', '33.3 %', '33.3 %']
    """
    if any(math.isnan(value) for value in values):
        return [MISSING] * len(values)
    scaled = [1000.0 * value for value in values]
    parts = [math.floor(value + 1e-9) for value in scaled]
    left = round(sum(scaled)) - sum(parts)
    order = sorted(range(len(parts)), key=lambda i: (round(parts[i] - scaled[i], 9), i))
    for i in order[: max(left, 0)]:
        parts[i] += 1
    return [_share(value, part) for value, part in zip(values, parts, strict=True)]


def _share(value: float, tenths: int) -> str:
    if value <= 1e-12 or value >= 1.0 - 1e-12:
        return "0 %" if value < 0.5 else "100 %"
    if tenths == 0:
        return "< 0.1 %"
    return "> 99.9 %" if tenths == 1000 else f"{tenths / 10:.1f} %"


def row_scale(unit: str, values: Sequence[float]) -> tuple[Callable[[float], str], str]:
    """Return how to write the numbers of one metric next to each other, and the unit they then have.

    >>> write, unit = row_scale("USD", [-5.3e9, 2e8])
    >>> write(2e8), unit
    ('0.2', 'bn USD')
    """
    if unit.startswith("USD") and not unit.endswith("MWh"):
        divisor, name = usd_scale(values)
        return lambda value: number(value / divisor, 0 if divisor == 1.0 else 1), name + unit.removeprefix("USD")
    if unit in ("share", "per year"):
        return lambda value: number(100.0 * value), "%" if unit == "share" else "% a year"
    if unit == "MWh/year":
        return lambda value: number(value / 1e6, 2), "TWh/year"
    return number, "years" if unit.startswith("years") else unit
