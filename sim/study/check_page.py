"""What was understood of a scenario, on one page: the answer of ``check`` to a file without mistakes.

Prices and process medians are those of the lenders' case, from the functions of the engine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.base.quantities import Section
from sim.base.scenario_files import look_up
from sim.base.words import told
from sim.checks import warnings
from sim.model import macro
from sim.model.construction import erect, funds_of
from sim.model.costs import CapitalItem, Contingency, usd_at_spot
from sim.model.effects import Effects
from sim.model.macro import Money
from sim.model.market import PPA, CapacityPayment, Merchant
from sim.model.operations import Prices, discounted
from sim.model.physical import Link
from sim.prepare import Model, waiting
from sim.report.format import MISSING, number, percent, wrapped, years
from sim.scenario import Scenario, Spec
from sim.stages import World, politics, see_world
from sim.study import check_financing, check_sanctions
from sim.study.check_layout import Row, figure, figures, line, table

Array = NDArray[np.float64]
LOOKED_AT = (0, 10, 20, 40)
"""Years from the start in which the medians of processes are shown."""
PERIODS = {1: "yearly", 2: "half-yearly", 4: "quarterly", 12: "monthly"}


def page(model: Model, width: int = 100, file: str = "", strong: Callable[[str], str] = str) -> str:
    """Return what was understood of a scenario: calendar, budget, inputs, processes, loans, prices, warnings.

    ``strong`` makes heads bold.
    """
    spec, grid, chance = model.spec, model.grid, model.lenders
    world = see_world(spec, grid, chance)
    scenario, money = world.scenario, world.money

    def normals(name: str, rows: int) -> Array:
        return chance.normals(name, rows, spec.mixing)

    _, effects = politics(world, grid, model.regime)
    quoted = discounted(world.prices, effects.price)
    parts = [
        strong("\n".join(wrapped(f"{spec.written.title} ({spec.name}): what was understood", width, "  "))),
        _head(model, world, effects, width, file),
        table("Capital budget, without overruns", _budget(scenario, money), width, (0, 2), strong),
        table("Uncertain inputs", _uncertain(spec), width, (0, 1, 5), strong),
        table(
            "Processes, median of the lenders' case; sigma: volatility per sqrt(year)",
            _process_rows(scenario, money, quoted, normals),
            width,
            (0, 1, 7),
            strong,
        ),
        "\n".join(line(label, text, width) for label, text in check_sanctions.remarks(model)),
        _financing(model, scenario, width, strong),
        _foot(spec, scenario, money, quoted, width),
    ]
    return "\n\n".join(part for part in parts if part)


def _head(model: Model, world: World, effects: Effects, width: int, file: str) -> str:
    spec, grid, timeline = model.spec, model.grid, world.scenario.timeline
    funds = funds_of(model.backing, effects, world.bill, np.ones(1))
    cod = float(erect(timeline, effects, funds, grid).cod_years[0])
    start, end = grid.start_year, grid.start_year + grid.years - 1
    life, wait = years(_median(timeline.operation_years)).replace(".0 ", " "), waiting(spec, grid)
    late = f", with up to {wait:g} years of waiting" if wait else ""
    begins = "decision" if timeline.decision is None else "from"
    rows = [
        *([("file", f"{file}: ok")] if file else []),
        *_changes(spec),
        ("as of", spec.written.as_of),
        ("calendar", f"{begins} 1 January {start}, {PERIODS[grid.periods_per_year]} periods"),
        ("lenders", f"in operation after {number(cod)} years ({start + int(cod)}), for {life}"),
        ("horizon", f"{grid.years} years, to the end of {end}{late}"),
        ("link", _link(world.scenario.link)),
    ]
    return "\n".join(line(label, text, width) for label, text in rows)


def _changes(spec: Spec) -> Iterator[tuple[str, str]]:
    """Yield what the command line has changed."""
    asked = dict.fromkeys(mark for mark in spec.marks.values() if mark.startswith("--set "))
    for key in (mark.removeprefix("--set ") for mark in asked):
        value = look_up(spec.data, key)
        yield "changed", f"{key} {'is left out' if value is None else f'= {told(value)}'} (--set)"


def _link(link: Link) -> str:
    """Return size, length and reliability of the link."""
    land = _median(link.onshore_km)
    length = f"{figure(_median(link.length_km))} km{f' and {figure(land)} km on land' if land else ''}"
    reliable = (
        "faults as events" if link.availability is None else f"availability {percent(_median(link.availability))}"
    )
    return f"{figure(_median(link.capacity_mw))} MW, {length}, {reliable}"


def _budget(scenario: Scenario, money: Money) -> list[Row]:
    reserve = scenario.costs.contingency
    items: list[tuple[str, CapitalItem | Contingency]] = list(scenario.costs.items.items())
    if reserve is not None:
        items.append(("contingency", reserve))
    usd = [_median(usd_at_spot(item.amount_million, item.currency, money)) / 1e6 for _, item in items]
    total = math.fsum(usd)
    rows: list[Row] = [("item", "million", "money of", "million USD", "share")]
    for (name, item), amount in zip(items, usd, strict=True):
        own = number(_median(item.amount_million), 0)
        share = percent(amount / total if total else math.nan)
        rows.append((name, own, f"{item.currency.upper()} {item.price_year}", number(amount, 0), share))
    return [*rows, ("total", "", "", number(total, 0), "100.0 %" if total else MISSING)]


def _uncertain(spec: Spec) -> list[Row]:
    rows: list[Row] = [("input", "dist", "P10", "P50", "P90", "unit")]
    for path, leaf in spec.uncertain.items():
        yearly = leaf.unit == "1/year" and path.startswith("sanctions.")
        unit = "per year" if yearly else _unit(spec.written, path, leaf.unit)
        points, rest = figures([leaf.dist.quantile(share) for share in (0.1, 0.5, 0.9)], unit)
        rows.append((path, leaf.dist.kind, *points, rest))
    return rows if len(rows) > 1 else []


def _process_rows(scenario: Scenario, money: Money, quoted: Prices, normals: macro.Normals) -> list[Row]:
    grid = money.grid
    rows: list[Row] = [("process", "kind", "now", *(f"year {year}" for year in LOOKED_AT[1:]), "sigma", "unit")]
    for path, section in _processes(scenario, ""):
        yearly = path.startswith("macro.inflation.")
        per_year = 1 if yearly else grid.periods_per_year
        if path == "market.price_per_kwh":
            levels = quoted.market_real
        else:
            levels = macro.path(section, path, grid.start_year, 1.0 / per_year, grid.years * per_year, normals)
        found = [float(levels[year * per_year, 0]) if year <= grid.years else math.nan for year in LOOKED_AT]
        shown, unit = figures(found, _unit(scenario, f"{path}.value", "unit of the process"))
        volatility = getattr(section, "volatility", None)
        moves = figure(_median(volatility)) if volatility is not None else MISSING
        kind = str(getattr(section, "process", MISSING))
        rows.append((path, kind, *shown, moves, unit))
    return rows


def _financing(model: Model, scenario: Scenario, width: int, strong: Callable[[str], str]) -> str:
    plan, terms = model.plan, scenario.financing
    if plan is None or terms is None:
        return line("financing", "none: sponsors pay all and get all", width)
    loans = check_financing.loans(plan, terms)
    title = check_financing.TITLE if loans else check_financing.TITLE.partition(";")[0]
    listed = table(title, loans, width, (0, 4, 5, 7), strong)
    rows = check_financing.remarks(plan, scenario, terms)
    return "\n".join([listed, *(line(label, text, width) for label, text in rows)])


def _size(scheme: Merchant | PPA | CapacityPayment) -> str:
    if isinstance(scheme, CapacityPayment):
        return number(_median(scheme.amount_million_per_year), 0, f"million {scheme.currency.upper()}/year")
    return percent(scheme.share, 0)


def _foot(spec: Spec, scenario: Scenario, money: Money, quoted: Prices, width: int) -> str:
    rate = money.rate[scenario.market.currency]
    market = _median(quoted.market[1] * 1000.0 / rate[min(1, rate.shape[0] - 1)])
    supply = _median(quoted.supply_usd_per_mwh[1])
    schemes = [
        f"{name}{'' if item.kind == name else f' ({item.kind})'} {_size(item)}"
        for name, item in scenario.market.schemes.items()
    ]
    first, *others = warnings(spec.written) or ["none"]
    rows = [
        (
            f"prices {money.grid.start_year}",
            f"market {number(market)} USD/MWh, supply {number(supply)} USD/MWh sent, gap {number(market - supply)}; "
            "means before the link's effect",
        ),
        ("schemes", ", ".join(schemes)),
        ("discount", check_financing.discount(scenario.evaluation, scenario.financing is not None)),
        ("warnings", first),
        *(("", text) for text in others),
    ]
    return "\n".join(line(label, text, width) for label, text in rows)


def _processes(item: Any, path: str) -> Iterator[tuple[str, Section]]:
    if isinstance(item, Section):
        if hasattr(item, "process"):
            yield path, item
            return
        for name in type(item).model_fields:
            yield from _processes(getattr(item, name), f"{path}.{name}" if path else name)
    elif isinstance(item, dict):
        for key, inner in item.items():
            yield from _processes(inner, f"{path}.{key}")


def _unit(scenario: Scenario, path: str, unit: str) -> str:
    """Return the unit of a leaf with the currency and the process named.

    >>> _unit(Scenario.model_construct(), "link.capacity_mw", "MW")
    'MW'
    """
    parts = path.split(".")
    if "unit of the process" in unit:
        unit = unit.replace("unit of the process", _process_unit(scenario, parts[:-1]))
    if "currency" in unit:
        holder = _holder(scenario, parts[:-1])
        currency = getattr(holder, "currency", "usd").upper()
        for word in ("market currency", "of the currency", "currency"):
            unit = unit.replace(word, currency)
    return unit


def _process_unit(scenario: Scenario, parts: Sequence[str]) -> str:
    """Return the unit of the process at a path: what its last key says, in the currency of the block around it."""
    if parts[:2] in (["macro", "inflation"], ["macro", "reference_rates"]):
        return "per year"
    if parts[:2] == ["macro", "fx"]:
        return f"{parts[2].upper()} per USD"
    holder = _holder(scenario, parts[:-1])
    currency = str(getattr(holder, "currency", "usd")).upper()
    if hasattr(holder, "unit"):
        return f"{currency} per {holder.unit}"
    return {"price_per_kwh": f"{currency} per kWh", "price_per_mwh": f"{currency} per MWh"}.get(parts[-1], currency)


def _holder(scenario: Scenario, parts: Sequence[str]) -> Any:
    item: Any = scenario
    for part in parts:
        item = item.get(part) if isinstance(item, dict) else getattr(item, part, None)
    return item


def _median(values: Any) -> float:
    return float(np.asarray(values).reshape(-1)[0])
