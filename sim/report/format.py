"""Results as people read them: one format for each kind of number, sentences, and small charts made of characters.

"never" stands for infinite, "–" for what does not exist.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.model.loans import Plan

NEVER = "never"
MISSING = "–"
SYMBOLS = "–−│▁█"
ASCII = str.maketrans({"–": "-", "−": "-", "│": "|", "…": "~", "’": "'", "±": "~"})


def encodes(encoding: str) -> bool:
    """Say whether an encoding can write the symbols used here.

    >>> encodes("utf-8"), encodes("ascii"), encodes("cp1252")
    (True, False, False)
    """
    try:
        return bool(SYMBOLS.encode(encoding))
    except UnicodeEncodeError:
        return False


def plain(text: str, encoding: str) -> str:
    """Return a text of the same width that an encoding can write.

    >>> plain("−0.3 – 水", "ascii")
    '-0.3 - ?'
    """
    return text.translate(ASCII).encode(encoding, "replace").decode(encoding)


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
    ('0.20', 'bn USD')
    """
    if unit.startswith("USD") and not unit.endswith("MWh"):
        divisor, name = usd_scale(values)
        small = any(0.0 < abs(value) < divisor for value in values)
        decimals = 0 if divisor == 1.0 else 2 if small else 1
        return lambda value: number(value / divisor, decimals), name + unit.removeprefix("USD")
    if unit in ("share", "per year"):
        return lambda value: number(100.0 * value), "%" if unit == "share" else "% a year"
    if unit == "MWh/year":
        return lambda value: number(value / 1e6, 2), "TWh/year"
    if unit == "ratio":
        return lambda value: number(value, 2), "times"
    return number, "years" if unit.startswith("years") else unit


def outcome(
    parts: Sequence[float], draws: int, horizon: int, half: tuple[int, int], median: float, given_up: float = 0.0
) -> str:
    """Return in words how often the project pays back.

    ``parts`` are the shares paid back, invested but unpaid, not invested; ``half`` is the year by whose end half of
    those that ever pay have paid, counted from the start and as a calendar year; ``given_up`` is the share that is
    never finished.

    >>> outcome((1.0, 0.0, 0.0), 256, 54, (12, 2038), 11.4)
    'Pays back in all 256 futures within 54 years. The median payback is 11.4 years.'
    """
    paid, unpaid, absent = shares(parts)
    futures = f"{draws:,} futures within {horizon} years"
    rest = f"n {unpaid} it is built and never pays back, in {absent} it is not built."
    if given_up > 0.0:
        lost = shares([parts[0], parts[1] - given_up, given_up, parts[2]])
        never = f"n {lost[1]} it is built and never pays back"
        rest = f"{never}, in {lost[2]} given up while building, in {lost[3]} not begun."
    if parts[0] == 0.0:
        return f"Pays back in none of {futures}: i{rest}"
    known = math.isfinite(median)
    typical = f"The median payback is {years(median)}." if known else "The median future never pays back."
    if paid == "100 %":
        return f"Pays back in all {futures}. {typical}"
    by = f"half of those that pay have done so by the end of year {half[0]} ({half[1]})"
    return f"Pays back in {paid} of {futures}; {by}. I{rest} {typical}"


def value(certain: bool, positive: float, npv: float, gap: tuple[float, float] | None) -> list[str]:
    """Return in words whether the project adds value, and what a MWh earns and needs; NaN: not known.

    >>> value(False, 0.25, -3.9e9, (42.0, 158.0))[0]
    'Adds value (NPV > 0) in 25.0 % of futures; the median NPV is −3.9 bn USD.'
    """
    told = []
    if certain and not math.isnan(npv):
        told.append(f"It {'adds' if npv > 0.0 else 'does not add'} value: its NPV is {usd(npv)}.")
    elif not math.isnan(positive):
        told.append(f"Adds value (NPV > 0) in {share(positive)} of futures; the median NPV is {usd(npv)}.")
    if gap is not None and all(map(math.isfinite, gap)):
        basis = "before tax" if certain else "medians, before tax"
        told.append(f"A delivered MWh earns {number(gap[0], 0)} USD over the cost of its power;")
        told.append(f"the project needs {number(gap[1], 0)} USD to break even ({basis}).")
    elif gap is not None:
        told.append("No energy is delivered in the median future.")
    return told


def lent(plan: Plan) -> str:
    """Return how much is lent on the lenders' case, what limits it, and the public money."""
    granted = sum(grant.amount_usd for grant in plan.grants)
    if not plan.loans:
        public = f" and {usd(granted)} of public money" if granted else ""
        return f"No loans: sponsors pay {usd(plan.equity_usd)}{public} on the lenders' case."
    public = f" Public money pays {usd(granted)}." if granted else ""
    first = plan.limits[0]
    if plan.debt_usd <= 0.0:
        return f"Nothing is lent: the lenders' case carries no debt ({first.what}).{public}"
    others = [limit for limit in plan.limits[1:] if limit.what == "gearing" and math.isfinite(limit.debt_usd)]
    more = f"; a gearing cap alone would allow {usd(others[0].debt_usd)}" if others else ""
    return (
        f"Lenders give {usd(plan.debt_usd)}, {percent(plan.gearing)} of the {usd(plan.uses_usd)} needed: "
        f"on the lenders' case no more is carried (limit: {binding(first.what)}{more}).{public}"
    )


def binding(what: str) -> str:
    """Return what limits the debt as a banker says it.

    >>> [binding(what) for what in ("repayment of jbic in 2034", "uses", "DSCR 1.8 of jbic in 2034")]
    ['the cash of 2034 just repays jbic', 'all that is needed', 'DSCR 1.8 of jbic in 2034']
    """
    repaid = re.fullmatch(r"repayment of (.+) in ([0-9]+)", what)
    if repaid:
        return f"the cash of {repaid[2]} just repays {repaid[1]}"
    return {"uses": "all that is needed", "gearing": "the gearing cap"}.get(what, what)


def rates_of_return(none: float, lost: float, several: float, sponsors: tuple[float, float] = (0.0, 0.0)) -> str:
    """Return in words which shares of futures have no rate of return, none but −100 %, or several; empty: none of them.

    ``sponsors``: the first two shares of the sponsors' rate.

    >>> rates_of_return(0.2, 0.0, 0.7)
    'Rate of return: of all futures 20.0 % have none and are left out, 70.0 % have several and show the largest.'
    >>> rates_of_return(0.0, 0.0, 0.0, (0.1, 0.3))
    "Rate of return: of all futures sponsors' missing in 10.0 %, −100 % in 30.0 %."
    """
    parts = (none, "have none and are left out"), (lost, "never earn and count as −100 %")
    told = [
        f"{share(part)} {text}" for part, text in (*parts, (several, "have several and show the largest")) if part > 0.0
    ]
    theirs = [
        f"{text} in {share(part)}" for part, text in zip(sponsors, ("missing", "−100 %"), strict=True) if part > 0.0
    ]
    both = [", ".join(told), f"sponsors' {', '.join(theirs)}" if theirs else ""]
    return f"Rate of return: of all futures {'; '.join(text for text in both if text)}." if any(both) else ""


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
