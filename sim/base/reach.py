"""How far numbers and processes can reach: so that no draw leaves the range of arithmetic or of sense."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.base.quantities import Leaf, Section
from sim.base.special import ndtr

Finding = tuple[str, str, str]
"""Dotted path, what is wrong, how to mend it."""

LARGEST, SMALLEST = 1e12, 1e-12
GROWTH = 60.0
"""Largest growth, as a logarithm, of any index, process or factor over the horizon (a factor of 1e26)."""
YEARS_APART = 60
"""Largest distance of a price year from the start year."""
_TAIL = 1e-9
_SCORES = np.linspace(-6.0, 6.0, 49)
_VANISHING = 1e-100
_BELOW_ONE = ("converter_loss", "line_loss_per_1000km", "degradation_per_year")
_DEVIATIONS = 4.0
_RATES = (-0.05, 1.0)
"""Where the mean of a rate of interest may lie."""
_SWING = 1.0
"""Largest distance of a rate of interest from its mean."""


def _drawn(leaf: Leaf) -> NDArray[np.float64]:
    """Return values across the distribution; those of the beta family without building their table."""
    if leaf.dist.kind in ("beta", "pert"):
        return leaf.dist.ppf(ndtr(_SCORES))
    return leaf.dist.quantile_of_score(_SCORES)


def sections(item: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every section of a scenario with its dotted path, in declaration order."""
    if isinstance(item, Section):
        if path:
            yield path, item
        parts = ((name, getattr(item, name)) for name in type(item).model_fields)
    else:
        parts = ((key, inner) for key, inner in item.items())
    for key, inner in parts:
        if isinstance(inner, (Section, dict)):  # most are numbers
            yield from sections(inner, f"{path}.{key}" if path else key)


def low(leaf: Any) -> float:
    """Return the lower end of a number, where there is none its 1e-9 quantile."""
    return float(leaf.dist.lower if math.isfinite(leaf.dist.lower) else leaf.dist.quantile(_TAIL))


def high(leaf: Any) -> float:
    """Return the upper end of a number, where there is none its 1 - 1e-9 quantile."""
    return float(leaf.dist.upper if math.isfinite(leaf.dist.upper) else leaf.dist.quantile(1.0 - _TAIL))


def middle(leaf: Any) -> float:
    """Return the median of a number."""
    return float(leaf.dist.lower if leaf.certain else leaf.dist.quantile(0.5))


def sizes(leaves: Mapping[str, Leaf]) -> list[Finding]:
    """Return a finding for each number that is too large, too small or cannot be drawn."""
    found = []
    for path, leaf in leaves.items():
        ends = _reached(leaf)
        if not all(math.isfinite(end) for end in ends):
            found.append((path, "the distribution is too extreme to draw from", "choose milder parameters"))
        elif max(map(abs, ends)) > _largest(path, leaf):
            message = f"reaches {max(ends, key=abs):.3g}, beyond what can be computed with ({_largest(path, leaf):g})"
            found.append((path, message, "use a larger unit, or truncate it with min and max"))
        elif any(0.0 < abs(end) < _smallest(path) for end in (leaf.dist.lower, middle(leaf))):
            message = f"is as small as {min(abs(end) for end in ends if end):.3g}, below {_smallest(path):g}"
            found.append((path, message, "write 0, or a larger number"))
        elif max(ends) >= 1.0 and path.endswith(_BELOW_ONE):
            found.append((path, "is 1 in some draws: nothing is left", "truncate it with max, such as max: 0.9"))
    return found


def _reached(leaf: Leaf) -> tuple[float, ...]:
    """Return values that a number takes, its ends among them; NaN where it cannot be drawn."""
    if leaf.certain and not 0.0 < abs(leaf.dist.lower) < _VANISHING:
        return (leaf.dist.lower,)
    try:
        with np.errstate(all="raise", under="ignore"):
            drawn = _drawn(leaf)
            ends = (*drawn.tolist(), low(leaf), high(leaf))
            return (math.nan,) if _piled(leaf, drawn) else ends
    except (ArithmeticError, ValueError):
        return (math.nan,)


def _piled(leaf: Leaf, drawn: NDArray[np.float64]) -> bool:
    """Say whether draws vanish, or all but sit on an end of a distribution that is meant to be smooth."""
    vanish = (drawn != 0.0) & (np.abs(drawn) < _VANISHING)
    zero = (drawn == 0.0) & (leaf.dist.kind in ("beta", "pert"))
    still = not leaf.certain and drawn[0] == drawn[-1] and leaf.dist.kind not in ("discrete", "empirical")
    return bool(np.any(vanish | (zero & (not leaf.certain))) or still)


def _largest(path: str, leaf: Leaf) -> float:
    """Return the largest size of a number; sums in plain dollars, to hold results against, may be larger."""
    if leaf.unit == "USD":
        return 1e3 * LARGEST
    return 1e7 if "per_kwh" in path else 1e10 if "per_mwh" in path else LARGEST


def _smallest(path: str) -> float:
    """Return the smallest size of a number but 0: one unit of money for an investment."""
    return 1e-6 if path.endswith("amount_million") else SMALLEST


def memory(section: Any, span: float) -> float:
    """Return the years over which a process adds up its shocks: the horizon, or less where it reverts."""
    kappa = low(section.reversion_per_year) if hasattr(section, "reversion_per_year") else 0.0
    return min(span, 1.0 / (2.0 * kappa)) if kappa > 0.0 else span


def levels(section: Any, span: float) -> tuple[float, float]:
    """Return the lowest and highest level of a process; of one with Gaussian levels at 4 standard deviations."""
    if section.process == "constant":
        return low(section.value), high(section.value)
    if section.process == "scripted":
        values = section.values.values()
        return min(map(low, values)), max(map(high, values))
    if section.process == "ou":
        swing = _swing(section, span)
        ends = (section.spot, section.mean_level)
        return min(map(low, ends)) - swing, max(map(high, ends)) + swing
    return SMALLEST, LARGEST


def _swing(section: Any, span: float) -> float:
    """Return how far a process with Gaussian levels goes from its mean; 0 for one without shocks."""
    if section.process != "ou":
        return 0.0
    return _DEVIATIONS * high(section.volatility) * math.sqrt(memory(section, span))


def log_growth(section: Any, span: float) -> float:
    """Return the largest change of the logarithm of a process over the horizon, its convexity included."""
    if section.process not in ("gbm", "log_ou", "fuel_linked"):
        return 0.0
    years = memory(section, span)
    volatility = high(section.volatility)
    growth = 0.5 * volatility**2 * years + 8.0 * volatility * math.sqrt(years)
    if hasattr(section, "log_drift"):
        growth += max(abs(low(section.log_drift)), abs(high(section.log_drift))) * span
    if hasattr(section, "intercept"):
        growth += max(abs(low(section.intercept)), abs(high(section.intercept)))
    return growth


def compound(lowest: float, highest: float, years: float) -> float:
    """Return the largest change of the logarithm of (1 + rate)^years.

    >>> round(compound(0.0, 0.05, 20.0), 3)
    0.976
    """
    if lowest <= -1.0:
        return math.inf
    return max(abs(math.log1p(lowest)), abs(math.log1p(highest))) * years


def process(path: str, section: Any, span: float, *, above_zero: bool) -> Iterator[Finding]:
    """Yield what is wrong with where a process can go; ``above_zero``: prices by which something is divided."""
    growth = log_growth(section, span)
    lowest, highest = levels(section, span)
    if path.startswith("macro.inflation."):
        if compound(lowest, highest, span + YEARS_APART) > GROWTH:
            yield path, *_too_fast(lowest, highest, span + YEARS_APART)
    elif path.startswith("macro.reference_rates."):
        yield from _interest(path, lowest, highest, _swing(section, span))
    elif growth > GROWTH:
        message = f"can grow or fall by a factor of e^{growth:.0f} in {span:.0f} years"
        yield path, message, "use a smaller volatility or log_drift, or a quicker reversion"
    elif above_zero and lowest <= 0.0:
        yield path, f"can reach {lowest:.3g}, but has to stay above 0", _higher(section)
    elif path == "market.price_per_kwh" and section.process == "ou":
        pass  # a power price may be negative for a time
    elif lowest < 0.0 and "price" in path:
        yield path, f"can reach {lowest:.3g}, below 0", _higher(section)


def _interest(path: str, lowest: float, highest: float, swing: float) -> Iterator[Finding]:
    """Yield where a rate of interest is none."""
    if swing > _SWING:
        message = f"can move {swing:.3g} away from its mean, more than {_SWING:g} a year"
        yield path, message, "use a smaller volatility or a quicker reversion"
    elif lowest + swing < _RATES[0] or highest - swing > _RATES[1]:
        mean = lowest + swing if lowest + swing < _RATES[0] else highest - swing
        message = f"has a mean of {mean:.3g}, outside {_RATES[0]:g} to {_RATES[1]:g} a year"
        yield path, message, "write rates as fractions, such as 0.02"


def _higher(section: Any) -> str:
    return "use process: log_ou, or a smaller volatility" if section.process == "ou" else "correct the value"


def rates(leaves: Mapping[str, Leaf], span: float) -> Iterator[Finding]:
    """Yield the escalation and discount rates that compound beyond all numbers."""
    for path, leaf in leaves.items():
        name = path.rpartition(".")[2]
        lowest, highest = low(leaf), high(leaf)
        if name.startswith("discount_rate"):  # a high rate makes later money small, which is what it is for
            lowest, highest = min(lowest, 0.0), min(highest, 0.0)
        if name.startswith(("discount_rate", "escalation_per_year")) and compound(lowest, highest, span) > GROWTH:
            yield path, *_too_fast(low(leaf), high(leaf), span)


def _too_fast(lowest: float, highest: float, years: float) -> tuple[str, str]:
    message = f"a yearly rate from {lowest:.3g} to {highest:.3g} compounds beyond all numbers in {years:.0f} years"
    return message, "write rates as fractions, such as 0.02, and keep them moderate"
