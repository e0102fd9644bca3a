"""Comparison with SAM: runs every case of a folder through the engine and says how far the answers are apart.

A case without a loan is held against its own outputs, a case with a loan against SAM's run of it without (its
``unlevered_twin``); lines that a loan does not touch are taken from the case itself.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine import deterministic
from sim.errors import ScenarioError
from sim.scenario import from_data
from sim.study.sam import Unsupported, levered, to_scenario

Array = NDArray[np.float64]
TOLERANCE = 1e-6
_OPERATING = ("om_fixed", "om_capacity", "om_production", "om_fuel", "insurance", "property_tax")
_COST_LINES = ("supply_cost", "charges", "operating_cost", "replacements", "decommissioning")


@dataclass(frozen=True)
class Verdict:
    """What came out for one output of a case: ``error`` is None where nothing could be compared."""

    case: str
    output: str = ""
    error: float | None = None
    why: str = ""

    @property
    def failed(self) -> bool:
        """Whether engine and reference differ; an error that is not a number counts as a difference."""
        return self.error is not None and not self.error <= TOLERANCE

    def __str__(self) -> str:
        """Return the line to print."""
        if self.error is None:
            parts = [self.case, self.output, f"UNSUPPORTED: {self.why}"]
        else:
            said = "FAIL" if self.failed else "PASS"
            parts = [self.case, self.output, said, f"max rel error {self.error:.1e}", self.why]
        return "  ".join(" ".join(part.split()) for part in parts if part)


def validate(folder: Path, out: Callable[[str], None]) -> int:
    """Print one line per case and output of the ``*.json`` files in ``folder``; return 1 if any fails, else 0."""
    files = [file for file in sorted(folder.glob("*.json")) if file.name != "index.json"]
    if not files:
        raise ScenarioError.single("holds no case (*.json)", where=str(folder), cure="name a folder with SAM cases")
    failed = False
    for file in files:
        for verdict in _verdicts(file):
            failed = failed or verdict.failed
            out(str(verdict))
    return int(failed)


def _verdicts(file: Path) -> Iterator[Verdict]:
    name, case = file.stem, _read(file)
    if case is None:
        yield Verdict(name, why="not a known case format")
        return
    if isinstance(case.get("id"), str) and case["id"].strip():
        name = case["id"]
    try:
        spec = from_data(name, to_scenario(case))
        wanted = _with_loan(case) if levered(case) else _without_loan(case)
    except Unsupported as error:
        yield Verdict(name, why=str(error))
        return
    except ScenarioError as error:
        yield Verdict(name, why=f"not a possible scenario: {error.problems[0]}")
        return
    try:
        outcome = deterministic(spec)
        found = _found(outcome.lines, outcome.metrics)
    except Exception as error:  # a case must not stop the others, whatever is wrong in the engine
        yield Verdict(name, "engine", math.inf, f"{type(error).__name__}: {error}")
        return
    for output, value in wanted.items():
        if value is None:
            yield Verdict(name, output, why="no reference value")
        else:
            yield Verdict(name, output, _error(found[output], value))


def _read(file: Path) -> dict[str, Any] | None:
    """Return a SAM case, or None where the file is something else."""
    try:
        case = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    blocks = ("inputs", "outputs_by_year", "outputs_scalar")
    if not isinstance(case, dict) or not all(isinstance(case.get(block), dict) for block in blocks):
        return None
    return case


def _found(lines: Mapping[str, Array], metrics: Mapping[str, Array]) -> dict[str, Array]:
    """Return the engine's answers under the names of the outputs."""
    return {
        "energy": lines["energy_delivered_mwh"][:, 0],
        "revenue_energy": lines["revenue_ppa"][:, 0] + lines["revenue_merchant"][:, 0],
        "salvage": lines["salvage"][:, 0],
        "operating_cost": lines["operating_cost"][:, 0],
        "recapitalization": lines["replacements"][:, 0],
        "opex_total": sum((lines[name][:, 0] for name in _COST_LINES), np.zeros(1)),
        "depreciation": lines["depreciation"][:, 0],
        "tax": lines["tax"][:, 0],
        "cash_flow_aftertax": lines["net"][:, 0],
        "npv": metrics["project_npv_usd"],
        "irr": metrics["project_irr"],
        "sam_lcoe": metrics["sam_lcoe_usd_per_mwh"],
    }


def _free_of_loan(case: Mapping[str, Any]) -> dict[str, Array | None]:
    """Return the reference lines that a loan does not touch; the rare ones only where they are not all zero."""
    years = case["outputs_by_year"]
    running = [_line(years, name) for name in _OPERATING]
    known = [line for line in running if line is not None]
    complete = len(known) == len(running) and len({line.size for line in known}) == 1
    rare = {name: _line(years, name) for name in ("salvage", "recapitalization")}
    return {
        "energy": _line(years, "energy_kWh", 1e-3),
        "revenue_energy": _line(years, "revenue_energy"),
        "operating_cost": np.sum(known, axis=0) if complete else None,
        "opex_total": _line(years, "opex_total"),
        "depreciation": _line(years, "tax_depreciation"),
        **{name: line for name, line in rare.items() if line is None or line.any()},
    }


def _without_loan(case: Mapping[str, Any]) -> dict[str, Array | None]:
    years, scalar, irr = case["outputs_by_year"], case["outputs_scalar"], case.get("irr")
    return _free_of_loan(case) | {
        "tax": _line(years, "tax", -1.0),
        "cash_flow_aftertax": _line(years, "equity_cash_flow_aftertax"),
        "npv": _line(scalar, "project_return_aftertax_npv"),
        "irr": _largest_root(irr, "exact_roots_from_sam_cash_flow"),
        "sam_lcoe": _line(scalar, "lcoe_nom", 10.0),
    }


def _with_loan(case: Mapping[str, Any]) -> dict[str, Array | None]:
    twin = case.get("unlevered_twin")
    if not isinstance(twin, Mapping):
        raise Unsupported("a loan and no unlevered_twin")
    return _free_of_loan(case) | {
        "tax": _line(twin, "tax", -1.0),
        "cash_flow_aftertax": _line(twin, "project_cash_flow_aftertax"),
        "npv": _line(twin, "project_npv_aftertax"),
        "irr": _largest_root(twin, "project_irr_aftertax_exact"),
        "sam_lcoe": _line(twin, "lcoe_nom_cents", 10.0),
    }


def _line(block: object, key: str, factor: float = 1.0) -> Array | None:
    """Return a reference line or number times ``factor``, None where it is missing or not all numbers."""
    value = block.get(key) if isinstance(block, Mapping) else None
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, (int, float)) and abs(item) < 1e300 for item in items):
        return None
    return np.array(items, dtype=np.float64) * factor


def _largest_root(block: object, key: str) -> Array | None:
    """Return the largest of the exact roots: the IRR of conventions.md; NaN where the list is empty (no root)."""
    if isinstance(block, Mapping) and block.get(key) == []:
        return np.array([math.nan])
    roots = _line(block, key)
    return None if roots is None else np.max(roots, keepdims=True)


def _error(found: Array, wanted: Array) -> float:
    """Return the largest difference over the largest reference value; the shorter line is continued with zeros."""
    if np.isnan(wanted).all():
        return 0.0 if np.isnan(found).all() else math.inf
    size = max(found.size, wanted.size)
    gap = np.abs(np.pad(found, (0, size - found.size)) - np.pad(wanted, (0, size - wanted.size)))
    scale = float(np.max(np.abs(wanted)))
    return float(np.max(gap)) / (scale if scale > 0.0 else 1.0)
