"""Results as people read them: one format for each kind of number, and sentences.

"never" stands for infinite, "–" for what does not exist.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from sim.report.names import spoken

if TYPE_CHECKING:
    from sim.model.loans import Plan

NEVER = "never"
MISSING = "–"
UNITS = r"%|bn|million|USD|years?\b|months?\b|times\b|[kMGT]W|km\b|percentage points"


def kept(text: str) -> str:
    """Return a text whose numbers stay on one line with their units.

    >>> kept("NPV −4.7 bn USD in 99.8 % (< 0.1 %)").split(" ")
    ['NPV', '−4.7\\xa0bn\\xa0USD', 'in', '99.8\\xa0%', '(<\\xa00.1\\xa0%)']
    """
    return re.sub(rf"(?<=\d) (?={UNITS})|(?<=bn|on) (?=USD)|(?<=[<>±×]) (?=\d)", "\u00a0", text)


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Return a text in lines, none torn between a number and its unit; ``indent`` goes before all but the first.

    >>> wrapped("the median payback is 26.2 years", 28, "  ")
    ['the median payback is', '  26.2 years']
    """
    lines = wrap(
        kept(text), width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, expand_tabs=False
    )
    return [line.replace("\u00a0", " ") for line in lines]


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


def signed(text: str, value: float) -> str:
    """Return a number as text, with a plus where it is more than nothing.

    >>> signed("0.58", 0.58), signed("0.00", 0.001), signed("−0.1", -0.1)
    ('+0.58', '0.00', '−0.1')
    """
    return f"+{text}" if value > 0.0 and text.strip("0.") else text


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


def usd(value: float, among: Sequence[float] = ()) -> str:
    """Return an amount of money; ``among``: the other amounts of its sentence, which all have one unit.

    >>> usd(6.0e9), usd(-4.3223e9), usd(343.04e6), usd(0.0)
    ('6.0 bn USD', '−4.3 bn USD', '343.0 million USD', '0 USD')
    >>> usd(-3.17e9, [8.2e8]), usd(8.2e8, [-3.17e9]), usd(2e6, [-3.17e9])
    ('−3.17 bn USD', '0.82 bn USD', '< 0.01 bn USD')
    """
    by, unit = usd_scale([value, *among])
    mixed = any(0.0 < abs(amount) < 0.99995 * by for amount in (value, *among))
    decimals = 0 if by == 1.0 else 2 if mixed else 1
    return visible(value / by, number(value / by, decimals, unit))


def visible(value: float, text: str) -> str:
    """Return a number as text, one above zero never as if it were nothing.

    >>> visible(0.002, "0.00 bn USD"), visible(0.2, "0.20"), visible(0.0, "0")
    ('< 0.01 bn USD', '0.20', '0')
    """
    size, blank, unit = text.partition(" ")
    return f"< {size[:-1]}1{blank}{unit}" if value > 0.0 and size.endswith("0") and not size.strip("0.") else text


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


def bare_share(value: float, decimals: int = 1) -> str:
    """Return a share where the unit stands in the head: 0 and 100 mean none and all.

    >>> [bare_share(x) for x in (0.0, 0.0001, 0.1525, 1.0, 3.0, math.nan)]
    ['0', '< 0.1', '15.3', '100', '300.0', '–']
    """
    if not 0.0 <= value <= 1.0:
        return number(100.0 * value, decimals)
    if decimals == 1 or value <= 1e-12 or value >= 1.0 - 1e-12:
        return share(value).removesuffix(" %")
    text = number(100.0 * value, decimals)
    return f"> {100 - 10**-decimals:.{decimals}f}" if float(text) == 100.0 else visible(value, text)


def divisor(unit: str, values: Sequence[float]) -> float:
    """Return what numbers next to each other are divided by where they are written or drawn.

    >>> [divisor(unit, [2e9]) for unit in ("USD", "USD/MWh", "share", "years")]
    [1000000000.0, 1.0, 0.01, 1.0]
    """
    if unit.startswith("USD") and not unit.endswith("MWh"):
        return usd_scale(values)[0]
    return {"share": 0.01, "per year": 0.01, "MWh/year": 1e6}.get(unit, 1.0)


def scale_of(unit: str, values: Sequence[float]) -> tuple[float, str, int]:
    """Return what numbers of one metric next to each other are divided by, the unit they then have, and the decimals.

    >>> scale_of("USD", [-5.3e9, 2e8]), scale_of("share", [0.04])
    ((1000000000.0, 'bn USD', 2), (0.01, '%', 1))
    """
    by = divisor(unit, values)
    if unit.startswith("USD") and not unit.endswith("MWh"):
        return by, usd_scale(values)[1] + unit.removeprefix("USD"), {1e9: 2, 1e6: 1}.get(by, 0)
    if unit in ("MWh/year", "ratio"):
        return by, {"MWh/year": "TWh/year", "ratio": "times"}[unit], 2
    if by != 1.0:
        return by, "%" if unit == "share" else "% a year", 1
    return by, "years" if unit.startswith("years") else unit, 1


def row_scale(unit: str, values: Sequence[float]) -> tuple[Callable[[float], str], str]:
    """Return how to write the numbers of one metric next to each other, and the unit they then have.

    >>> write, unit = row_scale("USD", [-5.3e9, 2e8])
    >>> write(2e8), unit
    ('0.20', 'bn USD')
    """
    by, name, decimals = scale_of(unit, values)
    return lambda value: number(value / by, decimals), name


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
        public = f" and {usd(granted, [plan.equity_usd])} of public money" if granted else ""
        return f"No loans: sponsors pay {usd(plan.equity_usd, [granted])}{public} on the lenders' case."
    public = f" Public money pays {usd(granted)}." if granted else ""
    first = plan.limits[0]
    if plan.debt_usd <= 0.0:
        return f"Nothing is lent: the lenders' case carries no debt ({binding(first.what)}).{public}"
    others = [limit.debt_usd for limit in plan.limits[1:] if limit.what == "gearing" and math.isfinite(limit.debt_usd)]
    among = [plan.debt_usd, plan.uses_usd, *others[:1]]
    more = f"; a gearing cap alone would allow {usd(others[0], among)}" if others else ""
    return (
        f"Lenders give {usd(plan.debt_usd, among)}, {percent(plan.gearing)} of the {usd(plan.uses_usd, among)} needed: "
        f"on the lenders' case no more is carried (limit: {binding(first.what)}{more}).{public}"
    )


def binding(what: str) -> str:
    """Return what limits the debt as a banker says it.

    >>> [binding(what) for what in ("repayment of jbic in 2034", "uses", "DSCR 1.8 of jbic in 2034")]
    ['the cash of 2034 just repays JBIC', 'all that is needed', 'DSCR 1.80 of JBIC in 2034']
    """
    repaid = re.fullmatch(r"repayment of (.+) in ([0-9]+)", what)
    if repaid:
        return f"the cash of {repaid[2]} just repays {spoken(repaid[1])}"
    cover = re.fullmatch(r"DSCR (\S+) of (.+) in ([0-9]+)", what)
    if cover:
        return f"DSCR {float(cover[1]):.2f} of {spoken(cover[2])} in {cover[3]}"
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
