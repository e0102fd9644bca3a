"""What was understood of a scenario, on one page: the answer of ``check`` to a file without mistakes.

Prices and process medians are those of the lenders' case, from the functions of the engine.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.base.quantities import Section
from sim.checks import warnings
from sim.model import macro
from sim.model.construction import erect, funds_of
from sim.model.costs import CapitalItem, Contingency, usd_at_spot
from sim.model.effects import Effects
from sim.model.macro import Money
from sim.model.market import PPA, CapacityPayment, Merchant
from sim.model.operations import Prices, discounted
from sim.prepare import Model, waiting
from sim.report.format import MISSING, number, percent
from sim.scenario import Scenario, Spec
from sim.stages import World, politics, see_world
from sim.study import check_financing, check_sanctions

Array = NDArray[np.float64]
LABEL = 12
NARROW = 28
"""Width that a column of paths keeps while others can give way."""
LOOKED_AT = (0, 10, 20, 40)
"""Years from the start in which the medians of processes are shown."""
PERIODS = {1: "yearly", 2: "half-yearly", 4: "quarterly", 12: "monthly"}
Row = tuple[str, ...]


def page(model: Model, width: int = 100) -> str:
    """Return what was understood of a scenario: calendar, budget, inputs, processes, loans, prices, warnings."""
    spec, grid, chance = model.spec, model.grid, model.lenders
    world = see_world(spec, grid, chance)
    scenario, money = world.scenario, world.money

    def normals(name: str, rows: int) -> Array:
        return chance.normals(name, rows, spec.mixing)

    _, effects = politics(world, grid, model.regime)
    quoted = discounted(world.prices, effects.price)
    parts = [
        _head(model, world, effects, width),
        _table("Capital budget, without overruns", _budget(scenario, money), width, left=(0, 2)),
        _table("Uncertain inputs", _uncertain(spec), width, left=(0, 1, 5)),
        _table(
            "Processes, median of the lenders' case; sigma: volatility per sqrt(year)",
            _process_rows(scenario, money, quoted, normals),
            width,
            (0, 1, 7),
        ),
        "\n".join(_line(label, text, width) for label, text in check_sanctions.remarks(model)),
        _financing(model, scenario, width),
        _foot(spec, scenario, money, quoted, width),
    ]
    return "\n\n".join(part for part in parts if part)


def _head(model: Model, world: World, effects: Effects, width: int) -> str:
    spec, grid, timeline = model.spec, model.grid, world.scenario.timeline
    funds = funds_of(model.backing, effects, world.bill, np.ones(1))
    cod = float(erect(timeline, effects, funds, grid).cod_years[0])
    start, end = grid.start_year, grid.start_year + grid.years - 1
    life, wait = _figure(_median(timeline.operation_years)), waiting(spec, grid)
    late = f", with up to {wait:g} years of waiting" if wait else ""
    begins = "decision" if timeline.decision is None else "from"
    rows = [
        ("project", f"{spec.written.title} ({spec.name})"),
        ("as of", spec.written.as_of),
        ("calendar", f"{begins} 1 January {start}, {PERIODS[grid.periods_per_year]} periods"),
        ("lenders", f"in operation after {number(cod)} years ({start + int(cod)}), for {life} years"),
        ("horizon", f"{grid.years} years, to the end of {end}{late}"),
    ]
    return "\n".join(_line(label, text, width) for label, text in rows)


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
        points = (_figure(leaf.dist.quantile(share)) for share in (0.1, 0.5, 0.9))
        rows.append((path, leaf.dist.kind, *points, _unit(spec.written, path, leaf.unit)))
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
        shown = [_figure(float(levels[year * per_year, 0])) if year <= grid.years else MISSING for year in LOOKED_AT]
        volatility = getattr(section, "volatility", None)
        moves = _figure(_median(volatility)) if volatility is not None else MISSING
        kind = str(getattr(section, "process", MISSING))
        rows.append((path, kind, *shown, moves, _unit(scenario, f"{path}.value", "unit of the process")))
    return rows


def _financing(model: Model, scenario: Scenario, width: int) -> str:
    plan, terms = model.plan, scenario.financing
    if plan is None or terms is None:
        return _line("financing", "none: sponsors pay all and get all", width)
    loans = check_financing.loans(plan, terms)
    title = check_financing.TITLE if loans else check_financing.TITLE.partition(";")[0]
    table = _table(title, loans, width, left=(0, 4, 5, 7))
    rows = check_financing.remarks(plan, scenario, terms)
    return "\n".join([table, *(_line(label, text, width) for label, text in rows)])


def _size(scheme: Merchant | PPA | CapacityPayment) -> str:
    if isinstance(scheme, CapacityPayment):
        return number(_median(scheme.amount_million_per_year), 0, f"million {scheme.currency.upper()}/year")
    return percent(scheme.share, 0)


def _foot(spec: Spec, scenario: Scenario, money: Money, quoted: Prices, width: int) -> str:
    rate = money.rate[scenario.market.currency]
    market = _median(quoted.market[1] * 1000.0 / rate[min(1, rate.shape[0] - 1)])
    supply = _median(quoted.supply_usd_per_mwh[1])
    schemes = [f"{name} ({item.kind}) {_size(item)}" for name, item in scenario.market.schemes.items()]
    found = warnings(spec.written)
    rows = [
        (
            f"in {money.grid.start_year}",
            f"market {number(market)} USD/MWh, supply {number(supply)} USD/MWh sent, gap {number(market - supply)}; "
            "mean price, before the link's own effect",
        ),
        ("schemes", ", ".join(schemes)),
        ("discount", check_financing.discount(scenario.evaluation, scenario.financing is not None)),
        *(("warning", text) for text in found or ["none"]),
    ]
    return "\n".join(_line(label, text, width) for label, text in rows)


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


def _figure(value: float) -> str:
    """Return a number with four figures.

    >>> [_figure(x) for x in (12345.6, 157.93, 0.0265, 0.0, 3.0)]
    ['12,346', '157.9', '0.0265', '0', '3']
    """
    if value == 0.0 or not math.isfinite(value):
        return number(value, 0)
    text = number(value, min(max(3 - math.floor(math.log10(abs(value))), 0), 6))
    return text.rstrip("0").rstrip(".") if "." in text else text


def _line(label: str, text: str, width: int) -> str:
    return textwrap.fill(text, width, initial_indent=f"{label:<{LABEL}}", subsequent_indent=" " * LABEL)


def _table(title: str, rows: Sequence[Row], width: int, left: Sequence[int]) -> str:
    """Return aligned columns; where they are too wide the first gives way, then the last, then the first again."""
    if not rows:
        return f"{title}: none"
    wide = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for column, least in ((0, NARROW), (len(wide) - 1, 0), (0, 10)):
        over = 2 * len(wide) + sum(wide) - width
        wide[column] = min(wide[column], max(wide[column] - max(over, 0), least))
    lines = [title]
    for row in rows:
        first = row[0] if len(row[0]) <= wide[0] else f"…{row[0][1 - wide[0] :]}"
        last = row[-1] if len(row[-1]) <= wide[-1] else f"{row[-1][: wide[-1] - 1]}…" if wide[-1] > 1 else ""
        cells = zip((first, *row[1:-1], last), wide, strict=True)
        padded = (f"{cell:<{size}}" if i in left else f"{cell:>{size}}" for i, (cell, size) in enumerate(cells))
        lines.append("  " + "  ".join(padded).rstrip())
    return "\n".join(lines)
