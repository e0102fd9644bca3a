"""Where a number comes from: one line of one year, or a metric, taken apart down to the inputs and their sources.

The formulas are those of docs/model.md and docs/financing.md, one line each, in the modules ``trace_…``. A node
with parts is recomputed from them and compared with the engine's number; one that disagrees says MISMATCH.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sim.base.sampling import REPLICATE
from sim.errors import ScenarioError
from sim.model.books import LINES as FINANCED
from sim.model.counterfactual import CHANGE
from sim.model.finance_metrics import LOSS_SHARE
from sim.model.metrics import DEFINITIONS, Discounting, discounting_of, payback_of_sum
from sim.model.owners import POLITICAL_LINES
from sim.scenario import Spec
from sim.study.trace_finance import BALANCES
from sim.study.trace_inputs import OneDraw, kept, once
from sim.study.trace_owners import Shared
from sim.study.trace_plan import some
from sim.study.trace_tax import BLOCKED, BOUGHT, ENERGY, OWN, SOLD
from sim.study.trace_tree import Node, made, product, render, total

CUMULATIVE = {"cumulative_net": "net", "cumulative_net_real": "net_real", "cumulative_net_present": "net_present"}
"""Lines that add up others over the rows."""
LINES = (
    *(*ENERGY, "revenue", *SOLD, *BLOCKED, *BOUGHT, *OWN, "salvage", "ebitda", "depreciation", "tax", "capex", "net"),
    *(*FINANCED, *POLITICAL_LINES),
    *("net_real", "net_present", *CUMULATIVE),
)
LEVELISED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "lcoe_usd_per_mwh": (("capex", *OWN, *BOUGHT), ("salvage",)),
    "transmission_lcoe_usd_per_mwh": (("capex", *OWN), ("salvage",)),
    "realised_gap_usd_per_mwh": (SOLD, BOUGHT),
}
METRICS = ("project_npv_usd", "project_payback_years", "investment_usd", *LEVELISED)


@dataclass(frozen=True)
class Lines(Shared):
    """Every line of one row and the metrics."""

    def line(self, name: str) -> Node:
        """Return a line of this row with its parts."""
        if name in CUMULATIVE:
            return self._cumulative(name)
        return super().line(name)

    def _cumulative(self, name: str) -> Node:
        before = [self.on(self.k - 1).stub(name)] if self.k else []
        value = self.at(self.block.lines[name])
        return total(f"{name} {self.label}", "USD", [*before, self.line(CUMULATIVE[name])], value=value)

    def net(self) -> Node:
        """Return the net flow."""
        value = self.at(self.block.cash.net)
        return total(f"net {self.label}", "USD", [self.ebitda()], [self.tax(), self.capex()], value)

    @kept
    def _after_tax(self) -> Node:
        return total(f"ebitda after tax {self.label}", "USD", [self.ebitda()], [self.tax()])

    @kept
    def _deflators(self) -> tuple[Node, Node]:
        money, middle = self.block.money, max(self.end - 0.5 * self.model.grid.dt, 0.0)
        ending = self.deflator(self.end, "at the end", self.at(money.deflator))
        return ending, self.deflator(middle, "in the middle", self.at(money.mid_deflator))

    def net_real(self) -> Node:
        """Return the net flow in dollars of time zero."""
        parts, value = [self._after_tax(), self.capex(), *self._deflators()], self.at(self.block.flows["net_real"])
        text = "ebitda after tax / deflator at the end − capex / deflator in the middle"
        return made(f"net_real {self.label}", "USD", text, lambda a, c, d, e: a / d - c / e, parts, value)

    @kept
    def factors(self) -> tuple[Node, Node]:
        """Return the discount factors of flows at the end and in the middle of the row."""
        path = "evaluation.discount_rate_real"
        real, known = path in self.spec.leaves, self._discounting()
        rate = self.leaf(path if real else "evaluation.discount_rate_nominal")
        rates, found = [rate, *some(self.leaf("evaluation.country_premium"))], []
        middle = max(self.end - 0.5 * self.model.grid.dt, 0.0)
        rows = (self.end, "at the end", known.at_end), (middle, "in the middle", known.at_middle)
        for deflator, (time, when, values) in zip(self._deflators(), rows, strict=True):
            text = f"1 / (1 + {' + '.join(part.word for part in rates)})^{time:g}" + (" / deflator" if real else "")
            parts = [*rates, deflator] if real else rates

            def factor(*v: float, time: float = time) -> float:
                return float((1.0 + sum(v[: len(rates)])) ** -time / (v[-1] if real else 1.0))

            found.append(made(f"discount factor {when} of {self.label}", "", text, factor, parts, self.at(values)))
        return found[0], found[1]

    @once
    def _discounting(self) -> Discounting:
        return discounting_of(self.block.scenario.evaluation, self.block.money)

    def net_present(self) -> Node:
        """Return the net flow discounted to time zero."""
        parts, value = [self._after_tax(), self.capex(), *self.factors()], self.at(self.block.flows["net_present"])
        text = "ebitda after tax × discount factor at the end − capex × discount factor in the middle"
        return made(f"net_present {self.label}", "USD", text, lambda a, c, v, w: a * v - c * w, parts, value)

    # --- metrics --------------------------------------------------------------------------------------------------

    def rows(self, year: int | None = None) -> list[Lines]:
        """Return this scenario at every row, or at those of a calendar year."""
        every = [self.on(k) for k in range(self.model.grid.periods + 1)]
        return [row for row in every if year is None or row.year == year]

    def metric(self, name: str) -> Node:
        """Return a metric with its parts."""
        value, unit = float(self.block.metrics[name][0]), DEFINITIONS[name].unit
        if name == "project_npv_usd":
            flows = [row.stub("net_present") for row in self.rows()]
            return total(name, unit, [flow for flow in flows if flow.value != 0.0], value=value)
        if name == "investment_usd":
            return total(name, unit, [self.spending(item) for item in self.spent_on()], value=value)
        if name == "project_payback_years":
            flows = [row.stub("cumulative_net_real") for row in self.rows()]
            dt = self.model.grid.dt
            text = "first return of cumulative_net_real to 0 after it was negative, in a straight line inside a period"
            again = lambda *flow: float(payback_of_sum(np.array(flow)[:, None], dt)[0][0])  # noqa: E731
            return made(name, unit, text, again, flows, value)
        energy = self._present("energy_delivered_mwh")
        plus, minus = ([self._present(line) for line in names] for names in LEVELISED[name])
        upper = total("present value", "USD", plus, minus)
        if energy.value > 0.0:
            return product(name, unit, [upper], [energy], value)
        return made(name, unit, "no energy is delivered", lambda *_: math.nan, [upper, energy], value)

    def _present(self, name: str) -> Node:
        parts, factors = [], self._discounting()
        last = [row for row in self.rows() if row.at(self.block.lines[name]) != 0.0][-1:]
        for row in self.rows():
            flow = row.stub(name)
            at_end, at_middle = row.factors() if flow.value != 0.0 else (flow, flow)
            factor = at_middle if name == "capex" else at_end
            if name == "energy_delivered_mwh":
                value, level = row.at(factors.energy), row._deflators()[0]
                factor = product(f"real {factor.name}", "", [at_end, level], value=value)
            if flow.value != 0.0:
                parts.append(product(f"present {flow.name}", flow.unit, [flow, factor], short=True))
        node = total(f"present value of {name}", "MWh" if name in ENERGY else "USD", parts)
        shown = [row.factors()[0 if name != "capex" else 1] for row in last]
        example = [replace(factor, name=f"example: {factor.name}") for factor in shown]
        combine = lambda *v: math.fsum(v[: len(parts)])  # noqa: E731
        return replace(node, formula="sum over the years", combine=combine, children=(*parts, *example))

    def of_year(self, name: str, year: int) -> Node:
        """Return a line of a calendar year: the sum of its rows; of balances the last, of ratios the least of them."""
        rows = self.rows(year)
        if name in CUMULATIVE or name in BALANCES:
            return rows[-1].line(name)
        nodes = [row.line(name) for row in rows]
        if name == "dscr":
            return _least(f"{name} {year}", nodes)
        nodes = [node for node in nodes if node.value != 0.0] or nodes[-1:]
        if len(nodes) == 1:
            return nodes[0]
        return total(f"{name} {year}", nodes[0].unit, nodes)


def _least(name: str, nodes: list[Node]) -> Node:
    """Return the least ratio of some rows that have one."""
    known = [node for node in nodes if not math.isnan(node.value)]
    if len(known) <= 1:
        return known[0] if known else nodes[-1]
    return made(name, "ratio", "least of the periods", min, known)


def tree(spec: Spec, line: str, year: int | None, draw: int | None = None, seed: int = 1) -> Node:
    """Return a line of a year, or a metric, as a tree; ``draw`` counts from 0, None is the lenders' case."""
    if line not in METRICS and (line in DEFINITIONS or line.startswith(("share_of_", LOSS_SHARE, CHANGE))):
        cure = f"of the metrics trace {', '.join(METRICS)}, or a line that it is made from: see describe {line}"
        raise ScenarioError.single(f"the metric {line} cannot be traced", where="--line", cure=cure)
    if line not in (*LINES, *METRICS):
        close = difflib.get_close_matches(line, (*LINES, *METRICS), n=3, cutoff=0.5)
        cure = f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join((*LINES, *METRICS))}"
        raise ScenarioError.single(f"there is no line {line!r}", where="--line", cure=cure)
    if line in METRICS and year is not None:
        raise ScenarioError.single(f"{line} is not of one year", where="--year", cure="leave out --year")
    if draw is not None and draw < 0:
        raise ScenarioError.single(f"{draw} is no draw", where="--draw", cure="count draws from 0")
    if line in FINANCED and spec.written.financing is None:
        cure = "add a financing block, or trace net, which no loan changes"
        raise ScenarioError.single(f"{line} is a line of the financing, which is not in the scenario", cure=cure)
    chance = None if draw is None else OneDraw(seed, (draw // REPLICATE,), draw % REPLICATE)
    lines = Lines.of(spec, chance)
    if line in (*BLOCKED, *POLITICAL_LINES) and line not in lines.block.lines:
        key = "revenue_blocked" if line in BLOCKED else "dividends_blocked, and no seizure_loss"
        cure = f"no regime has {key}; trace another line"
        raise ScenarioError.single(f"{line} is a line that this scenario does not have", where="--line", cure=cure)
    if line in METRICS:
        return lines.metric(line)
    start, last = lines.model.grid.start_year, lines.model.grid.start_year + lines.model.grid.years - 1
    if year is None or not start <= year <= last:
        problem = f"{line} needs a year" if year is None else f"{year} is not within the calculation"
        raise ScenarioError.single(problem, where="--year", cure=f"give a year from {start} to {last}")
    return lines.of_year(line, year)


def trace(
    spec: Spec,
    line: str,
    year: int | None,
    draw: int | None = None,
    seed: int = 1,
    titles: Mapping[str, str] | None = None,
) -> str:
    """Return a line of a year, or a metric, with its parts down to the inputs, as text; ``titles`` of metrics."""
    case = "lenders' case" if draw is None else f"draw {draw} of seed {seed}"
    what = f"{titles[line]}, {line}" if titles and line in titles else line if year is None else f"{line} {year}"
    title = f"{spec.written.title} ({spec.name}): {what}, {case}"
    return "\n".join([title, "", *render(tree(spec, line, year, draw, seed))])
