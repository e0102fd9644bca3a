"""Checks that look at more than one section of a scenario: impossible combinations, names that must exist, warnings.

The scenario may be one of which only a part could be read (`sim.explain_errors.partial`): a check that touches what is
not known ends there and the others go on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping

from sim import checks_of_finance, checks_of_market, checks_of_sanctions, checks_of_tax, warnings_of_sanctions
from sim.base import correlations, reach
from sim.base.quantities import Leaf, Section
from sim.base.reach import Finding
from sim.base.words import shown, suggestion
from sim.model.costs import OperatingCost
from sim.model.market import Charge, FuelLinked
from sim.model.metrics import Evaluation
from sim.model.physical import FuelCost, Link
from sim.sections import Scenario

_NAME = re.compile("[A-Za-z][A-Za-z0-9_]*")
_ONE_OF: tuple[tuple[type[Section], tuple[str, ...]], ...] = (
    (Link, ("availability", "outages")),
    (Charge, ("amount_per_mwh", "share_of_supply_cost")),
    (OperatingCost, ("share_of_capex_per_year", "amount_million_per_year", "amount_per_mwh")),
    (Evaluation, ("discount_rate_real", "discount_rate_nominal")),
)
_LONGEST_BUILDING = 150.0
_SHORTEST_LIFE = 1.0 / 12.0
_FAULTS = 20.0
_STALE = 5


def problems_across_sections(
    written: Scenario, leaves: Mapping[str, Leaf], unread: frozenset[str] = frozenset()
) -> Iterator[Finding]:
    """Yield every problem that no single section can see; ``written`` is unfilled, ``unread`` lists bad paths."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _one_of(written),
        lambda: _mapping_names(written),
        lambda: _currency_names(written),
        lambda: _commodity_names(written),
        lambda: checks_of_market.ratio(written),
        lambda: checks_of_market.shares(written.market),
        lambda: checks_of_tax.findings(written.tax),
        lambda: checks_of_tax.expiry(written.tax, written.timeline.periods_per_year),
        lambda: checks_of_market.curve(written.market),
        lambda: _order(leaves),
        lambda: _season(written),
        lambda: _correlations(written, leaves, unread),
        lambda: iter(reach.sizes(leaves)),
        lambda: _years(written),
        lambda: _processes(written),
        lambda: reach.rates(leaves, _span(written) + reach.YEARS_APART),
        lambda: _operating(written),
        lambda: _faults(written),
    )
    shocks, span = list(process_names(written)), lambda: _span(written)
    checks += (*checks_of_finance.checks(written, leaves, shocks, unread, span), *checks_of_sanctions.checks(written))
    for check in checks:
        try:
            yield from check()
        except (AttributeError, TypeError, KeyError, ValueError):
            if not unread:
                raise


def warnings(written: Scenario) -> list[str]:
    """Return what is legal but probably not meant."""
    found = []
    if written.supply.cost_basis == "full" and "plant" in written.costs.items:
        found.append(
            "supply.cost_basis is full while costs.items has a plant: the plant is paid for twice; "
            "use cost_basis: variable or delete costs.items.plant"
        )
    used = {f"macro.commodities.{name}" for _, name in _commodities_used(written)}
    used |= {f"macro.fx.{name}" for _, name in _currencies(written)} | checks_of_finance.references(written)
    for block in ("commodities", "fx", "reference_rates"):
        places = [f"macro.{block}.{name}" for name in getattr(written.macro, block)]
        found += [f"{place} is not used by anything" for place in places if place not in used]
    found += [*checks_of_finance.warnings(written), *warnings_of_sanctions.warnings(written)]
    year, start = re.match(r"[0-9]{4}(?![0-9])", written.as_of), written.timeline.start_year
    if year and start < int(year[0]) - _STALE:
        found.append(
            f"timeline.start_year {start} lies more than {_STALE} years before as_of ({year[0]}): the money of then is "
            "compared with numbers of now; use a later start_year or correct as_of"
        )
    return found


def process_names(scenario: Scenario) -> Iterator[str]:
    """Yield the dotted paths of all processes with shocks, in declaration order."""
    for path, section in reach.sections(scenario):
        if getattr(section, "process", None) in ("log_ou", "ou", "gbm", "fuel_linked"):
            yield path


# --- choices and names --------------------------------------------------------------------------------------------


def _one_of(written: Scenario) -> Iterator[Finding]:
    for path, section in reach.sections(written):
        for kind, names in _ONE_OF:
            if isinstance(section, kind):
                given = [name for name in names if getattr(section, name) is not None]
                if not given:
                    yield path, f"none of {', '.join(names)} is given", "give exactly one of them"
                for name in given[1:]:
                    yield f"{path}.{name}", f"cannot stand beside {given[0]}", f"delete one of them ({given[0]}: null)"
        by_share = isinstance(section, Charge) and section.share_of_supply_cost is not None
        if by_share and section.measured_at == "receiving_end":
            yield f"{path}.measured_at", "a share of the supply cost counts at the sending end", "write sending_end"
        of_capex = isinstance(section, OperatingCost) and section.share_of_capex_per_year is not None
        if of_capex and section.currency != "usd":
            cure = "write usd, or give amount_million_per_year"
            yield f"{path}.currency", "a share of the investment is an amount in US dollars", cure


def _mapping_names(written: Scenario) -> Iterator[Finding]:
    for path, section in [("", written), *reach.sections(written)]:
        for field in type(section).model_fields:
            block = getattr(section, field)
            if isinstance(block, dict) and any(isinstance(value, Section) for value in block.values()):
                for name in block:
                    if isinstance(name, str) and not _NAME.fullmatch(name):
                        place = f"{path}.{field}.{name}".lstrip(".")
                        yield place, f"{shown(name)} is not a name", "use letters, digits and _, a letter first"
    if written.costs.contingency is not None and "contingency" in written.costs.items:
        yield "costs.items.contingency", "has the name of costs.contingency", "call the item something else"
    if "remobilisation" in written.costs.items:
        message = "has the name of what a stop of the works costs when it ends"
        yield "costs.items.remobilisation", message, "call the item something else"


def _currencies(written: Scenario) -> Iterator[tuple[str, str]]:
    for path, section in reach.sections(written):
        for name in ("currency", "index_currency"):
            currency = getattr(section, name, None)
            if isinstance(currency, str):
                yield f"{path}.{name}", currency


def _commodities_used(written: Scenario) -> Iterator[tuple[str, str]]:
    for path, section in reach.sections(written):
        if isinstance(section, FuelLinked | FuelCost) and isinstance(section.commodity, str):
            yield f"{path}.commodity", section.commodity


def _currency_names(written: Scenario) -> Iterator[Finding]:
    inflation, fx = written.macro.inflation, written.macro.fx
    if "usd" not in inflation:
        yield "macro.inflation", "usd is missing, the currency of the results", "add usd: {process: constant, value: …}"
    if "usd" in fx:
        yield "macro.fx.usd", "the US dollar has no exchange rate against itself", "delete it"
    used = list(_currencies(written))
    for name, section in fx.items():
        idle = name not in inflation and name not in {currency for _, currency in used} and name != "usd"
        if idle and getattr(section, "follows_inflation", False) is True:
            yield (
                f"macro.fx.{name}",
                f"there is no macro.inflation.{name}, which it follows",
                f"add inflation for {name}",
            )
    for path, currency in used:
        known = [name for name in inflation if name == "usd" or name in fx]
        if currency in known or currency == "usd":
            continue
        cure = suggestion(currency, known, f"add inflation and exchange rate of {currency} there")
        if currency not in inflation and currency not in fx:
            yield path, f"there is no macro.inflation.{currency} and no macro.fx.{currency}", cure
        elif currency not in inflation:
            yield path, f"there is no macro.inflation.{currency}", f"add inflation for {currency}"
        else:
            yield path, f"there is no macro.fx.{currency}", f"add the exchange rate of {currency}"


def _commodity_names(written: Scenario) -> Iterator[Finding]:
    known = written.macro.commodities
    for path, name in _commodities_used(written):
        if name not in known:
            cure = suggestion(name, known, "add it or name one that is there")
            yield path, f"there is no macro.commodities.{shown(name)[1:-1]}", cure


def _order(leaves: Mapping[str, Leaf]) -> Iterator[Finding]:
    for path, leaf in leaves.items():
        for first, second in (("work_from", "work_to"), ("begins", "ends"), ("repair_median_days", "repair_p90_days")):
            other = leaves.get(path.removesuffix(first) + second) if path.endswith("." + first) else None
            if other is not None and leaf.dist.upper > other.dist.lower:
                message = f"reaches {leaf.dist.upper:g}, beyond {second} {other.dist.lower:g}"
                yield path, message, f"keep it below {second}"


def _correlations(written: Scenario, leaves: Mapping[str, Leaf], unread: frozenset[str]) -> Iterator[Finding]:
    shocks = list(process_names(written))
    yield from correlations.findings(written.correlations, leaves, shocks, unread)
    yearly = [name for name in shocks if name.startswith("macro.inflation.")]
    for later, row in written.correlations.items():
        for earlier in row:
            mixed = later in shocks and earlier in shocks and (later in yearly) != (earlier in yearly)
            if mixed and written.timeline.periods_per_year > 1:
                message = "inflation moves by year, the other process by period"
                yield f"correlations.{later}.{earlier}", message, "use periods_per_year: 1, or drop the correlation"


# --- time and size ------------------------------------------------------------------------------------------------


def _season(written: Scenario) -> Iterator[Finding]:
    if reach.high(written.timeline.operation_years) < _SHORTEST_LIFE:
        yield "timeline.operation_years", "is less than a month of operation", "write years, such as 40"
    sea, years = written.timeline.sea_work, written.timeline.construction.years
    if sea is None:
        return
    opens, closes = sea.window_opens_month, sea.window_closes_month
    if opens > closes:
        message = f"the laying window from month {opens} to {closes} is empty"
        yield "timeline.sea_work", message, "open it before it closes"
        return
    work = (reach.high(sea.ends) - reach.low(sea.begins)) * reach.high(years)
    window = (closes - opens + 1) / 12.0
    if work / window + reach.high(years) > _LONGEST_BUILDING:
        message = f"{work:.1f} years of laying, in a window of {closes - opens + 1} months a year, take too long"
        yield "timeline.sea_work", message, f"widen the window or build in less than {_LONGEST_BUILDING:g} years"


def _span(written: Scenario) -> float:
    """Return a number of years that the horizon does not exceed, waits for the laying window left out."""
    timeline = written.timeline
    wait = timeline.decision.max_wait_years if timeline.decision is not None else 0.0
    building = wait + reach.high(timeline.construction.years) + timeline.max_delay_years
    return building + reach.high(timeline.operation_years) + written.costs.removal_years + 2.0


def _shortest(written: Scenario) -> int:
    """Return whole years that the horizon does not fall short of: with no wait for the laying window."""
    timeline, building = written.timeline, reach.middle(written.timeline.construction.years)
    lasting = reach.high(timeline.operation_years) + written.costs.removal_years
    return math.ceil(building + timeline.max_delay_years + lasting - 1e-9)


def _years(written: Scenario) -> Iterator[Finding]:
    start = written.timeline.start_year
    span = min(_shortest(written), reach.YEARS_APART)
    for path, section in reach.sections(written):
        year = getattr(section, "price_year", None)
        if isinstance(year, int) and not start - reach.YEARS_APART <= year <= start + span:
            message = f"{year} is too far from the start year {start} for a price index"
            yield f"{path}.price_year", message, f"convert the amount to money of about {start}"
        if getattr(section, "process", None) == "scripted" and isinstance(section.values, dict):
            for when in section.values:
                if isinstance(when, int) and not 1900 <= when <= 2600:
                    message = f"{when} is not a calendar year of our time"
                    yield f"{path}.values.{shown(when)}", message, f"write years such as {start}"


def _processes(written: Scenario) -> Iterator[Finding]:
    span = _span(written)
    divided = [f"macro.commodities.{name}.price" for _, name in _commodities_used(written)]
    if getattr(written.supply.cost, "basis", None) == "concurrent_mean":
        divided.append("market.price_per_kwh")
    for path, section in reach.sections(written):
        if not isinstance(getattr(section, "process", None), str):
            continue
        try:
            yield from reach.process(path, section, span, above_zero=path.startswith("macro.fx.") or path in divided)
            market = path == "market.price_per_kwh" and section.process == "ou"
            if market and min(map(reach.low, (section.spot, section.mean_level))) <= 0.0:
                yield path, "spot and mean_level have to be above 0", "correct them"
        except (AttributeError, TypeError, ValueError):
            continue  # a number of this process could not be read


def _operating(written: Scenario) -> Iterator[Finding]:
    shares = (entry.share_of_capex_per_year for entry in written.costs.operating.values())
    total = sum((reach.high(share) for share in shares if share is not None), 0.0)
    if total > 1.0:
        message = f"the yearly shares of the investment can sum to {total:g}, more than the investment itself"
        yield "costs.operating", message, "write shares as fractions, such as 0.02"


def _faults(written: Scenario) -> Iterator[Finding]:
    outages = written.link.outages
    if outages is not None:
        yearly = reach.high(outages.failures_per_100km_year) * reach.high(written.link.length_km) / 100.0
        if yearly > _FAULTS:
            message = f"{yearly:.3g} faults a year on {reach.high(written.link.length_km):g} km"
            yield "link.outages.failures_per_100km_year", message, f"keep it below {_FAULTS:g} faults a year"
