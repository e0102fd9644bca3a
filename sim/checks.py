"""Checks that look at more than one section of a scenario: impossible combinations, names that must exist, warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sim.base.quantities import Leaf, Section
from sim.model.market import FuelLinked, Market
from sim.model.physical import FuelCost, RatioCost

if TYPE_CHECKING:
    from sim.scenario import Scenario

Finding = tuple[str, str, str]
"""Dotted path, what is wrong, how to mend it."""


def problems_across_sections(written: Scenario, leaves: Mapping[str, Leaf]) -> Iterator[Finding]:
    """Yield every problem that no single section can see; ``written`` is the unfilled scenario."""
    yield from _names(written)
    yield from _ratio(written)
    yield from _shares(written.market)
    yield from _curve(written.market)
    yield from _order(leaves)
    yield from _season(written)
    yield from _correlations(written, leaves)


def warnings(written: Scenario) -> list[str]:
    """Return what is legal but probably not meant."""
    found = []
    if written.supply.cost_basis == "full" and "plant" in written.costs.items:
        found.append(
            "supply.cost_basis is full while costs.items has a plant: the plant is paid for twice; "
            "use cost_basis: variable or delete costs.items.plant"
        )
    used = {key for _, key in _commodities_used(written)}
    found += [
        f"macro.commodities.{name} is not used by anything" for name in written.macro.commodities if name not in used
    ]
    currencies = {currency for _, currency in _currencies(written)}
    found += [f"macro.fx.{name} is not used by anything" for name in written.macro.fx if name not in currencies]
    return found


def _sections(item: Any, path: str) -> Iterator[tuple[str, Section]]:
    if isinstance(item, Section):
        if path:
            yield path, item
        for name in type(item).model_fields:
            yield from _sections(getattr(item, name), f"{path}.{name}" if path else name)
    elif isinstance(item, dict):
        for key, inner in item.items():
            yield from _sections(inner, f"{path}.{key}")


def _currencies(written: Scenario) -> Iterator[tuple[str, str]]:
    for path, section in _sections(written, ""):
        for name in ("currency", "index_currency"):
            if hasattr(section, name):
                yield f"{path}.{name}", getattr(section, name)


def _commodities_used(written: Scenario) -> Iterator[tuple[str, str]]:
    if isinstance(written.market.price_per_kwh, FuelLinked):
        yield "market.price_per_kwh.commodity", written.market.price_per_kwh.commodity
    if isinstance(written.supply.cost, FuelCost):
        yield "supply.cost.commodity", written.supply.cost.commodity


def _names(written: Scenario) -> Iterator[Finding]:
    for path, currency in _currencies(written):
        if currency not in written.macro.inflation:
            yield path, f"there is no macro.inflation.{currency}", f"add inflation for {currency}"
        if currency != "usd" and currency not in written.macro.fx:
            yield path, f"there is no macro.fx.{currency}", f"add the exchange rate of {currency}"
    if "usd" in written.macro.fx:
        yield "macro.fx.usd", "the US dollar has no exchange rate against itself", "delete it"
    for path, name in _commodities_used(written):
        if name not in written.macro.commodities:
            yield path, f"there is no macro.commodities.{name}", "add it or name one that is there"


def _ratio(written: Scenario) -> Iterator[Finding]:
    market, cost = written.market, written.supply.cost
    by_ratio = isinstance(cost, RatioCost)
    if by_ratio and market.price_ratio is None:
        yield "supply.cost", "kind price_ratio needs market.price_ratio", "add market.price_ratio"
    if not by_ratio and market.price_ratio is not None:
        yield (
            "market.price_ratio",
            f"does nothing with supply.cost.kind {cost.kind}",
            "delete it or use kind: price_ratio",
        )
    reference = by_ratio and isinstance(cost, RatioCost) and cost.basis == "reference"
    if reference and market.reference_price_per_kwh is None:
        yield "supply.cost", "basis reference needs market.reference_price_per_kwh", "add it"
    if not reference and market.reference_price_per_kwh is not None:
        yield "market.reference_price_per_kwh", "does nothing here", "delete it or use supply.cost.basis: reference"


def _shares(market: Market) -> Iterator[Finding]:
    total = sum(scheme.share for scheme in market.schemes.values())
    if abs(total - 1.0) > 1e-9:
        yield "market.schemes", f"the shares sum to {total:g}, not to 1", "change the shares"


def _curve(market: Market) -> Iterator[Finding]:
    curve = market.duration_curve
    if curve is None:
        return
    points = sorted(curve)
    path = "market.duration_curve"
    if len(points) < 2 or points[0] != 0.0 or points[-1] != 100.0:
        yield path, "does not run from percentile 0 to 100", "add the missing end"
    elif any(curve[a] > curve[b] for a, b in pairwise(points)):
        yield path, "falls somewhere", "sort the prices in rising order"
    elif curve[points[0]] < 0.0 or curve[points[-1]] <= 0.0:
        yield path, "has prices below 0", "use prices over the mean price, not below 0"


def _order(leaves: Mapping[str, Leaf]) -> Iterator[Finding]:
    for path, leaf in leaves.items():
        for first, second in (("work_from", "work_to"), ("begins", "ends"), ("repair_median_days", "repair_p90_days")):
            if path.endswith("." + first):
                other = leaves[path.removesuffix(first) + second]
                if leaf.dist.upper > other.dist.lower:
                    yield (
                        path,
                        f"reaches {leaf.dist.upper:g}, beyond {second} {other.dist.lower:g}",
                        f"keep it below {second}",
                    )


def _season(written: Scenario) -> Iterator[Finding]:
    sea = written.timeline.sea_work
    if sea is not None and sea.window_opens_month > sea.window_closes_month:
        months = f"{sea.window_opens_month} to {sea.window_closes_month}"
        yield "timeline.sea_work", f"the laying window from month {months} is empty", "open it before it closes"


def _correlations(written: Scenario, leaves: Mapping[str, Leaf]) -> Iterator[Finding]:
    from sim.scenario import process_names

    shocks = list(process_names(written))
    uncertain = [path for path, leaf in leaves.items() if not leaf.certain]
    for later, row in written.correlations.items():
        for earlier, value in row.items():
            path = f"correlations.{later}"
            group = uncertain if later in uncertain else shocks
            for name in (later, earlier):
                if name not in group:
                    yield path, f"{name} is not an uncertain number or process of the same kind", "name a dotted path"
            if later in group and earlier in group and group.index(later) <= group.index(earlier):
                yield (
                    path,
                    f"{later} is declared before {earlier}",
                    "write the later one first, the earlier one under it",
                )
            yearly = [name.startswith("macro.inflation.") for name in (later, earlier)]
            if any(yearly) and not all(yearly) and written.timeline.periods_per_year > 1:
                text = "inflation moves by year, the other process by period"
                yield path, f"{text}: {later} and {earlier} cannot be correlated", "use periods_per_year: 1"
            if not -1.0 < value < 1.0:
                yield path, f"correlation {value:g} is not between -1 and 1", "give a value inside"
