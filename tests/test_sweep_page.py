"""The page of a sweep: words and keys of axes, cases that failed, and what is left out for width."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from sim.batch.axes import Axis, Span, of_values
from sim.batch.outcome import Count, Failed, Swept
from sim.batch.plan import Plan
from sim.errors import Problem
from sim.report.letters import uncoded
from sim.report.levers import levers
from sim.report.sweep_page import page, rehearsal
from sim.tables import Table

RATIO = of_values("market.price_ratio", [2, 3], "")
COSTS = of_values("costs.items.*.amount_million", ["x0.5", "x1"], "")
METRICS = ("paid_back.mean", "project_payback_years.p50", "project_npv_usd.p50", "cost_of_sanctions_usd.mean")


def plan_of(axes: tuple[Axis, ...], design: str = "product", metrics: tuple[str, ...] = ()) -> Plan:
    """Return a plan over some axes."""
    return Plan("some", (Path("base.yaml"),), (), axes, design, 0, 256, 1, metrics, "Some cases")


def swept(plan: Plan, failed: int = 0) -> Swept:
    """Return a sweep whose last cases have failed, with made-up figures."""
    cases = list(plan.cases())
    rows = [
        (case.number, *(point.label for point in case.points), *(i % 2, 30.0, -1e9 * (i + 1), 1e8))
        for i, case in enumerate(cases[: len(cases) - failed])
    ]
    table = Table("cases.csv", ("case", *(axis.name for axis in plan.axes), *METRICS), rows)
    wrong = tuple(Failed(case, (Problem("", "", "no"),)) for case in cases[len(rows) :])
    return Swept(plan, Path("results/some"), table, wrong, Count(len(cases), 0, len(rows), failed), (), ())


def shown(made: Swept, width: int = 100) -> str:
    """Return the page as a pipe receives it."""
    return uncoded(page(made, 3.0, width))


def test_a_grid() -> None:
    """Axes are called in words and have their keys; none and all are 0 and 100; a case without figures failed."""
    text = shown(swept(plan_of((RATIO, COSTS)), failed=1))
    assert text.startswith(
        "Some cases: 4 cases (2 × 2)\n256 futures in each case, the same in all; seed 1. 3 computed in"
    )
    assert re.search(r"^Market: price ratio +market\.price_ratio$", text, re.MULTILINE)
    assert re.search(r"^Costs of all items +costs\.items\.\*\.amount_million$", text, re.MULTILINE)
    assert "\nPays back, % of futures; from left to right Costs of all items\n" in text
    assert re.search(r"^Market: price ratio +× 0\.5 +× 1\n2 +0 +100\n3 +0 +failed$", text, re.MULTILINE)
    assert "\nNet present value (NPV), median, bn USD; from" in text


def test_a_list() -> None:
    """One axis has no sizes; the units stand below the heads; a case that failed has a row."""
    text = shown(swept(plan_of((RATIO,)), failed=1))
    assert text.startswith("Some cases: 2 cases\n")
    assert re.search(r"^case  Market: price ratio +paid back +median payback +median NPV +sanctions cost$", text, re.M)
    assert re.search(r"^ +% +years +bn USD +million USD$", text, re.M)
    assert re.search(r"^1 +2 +0 +30\.0 +−1\.00 +100\.0$", text, re.M) and re.search(r"^2 +3 +failed$", text, re.M)


def test_what_is_left_out_is_said() -> None:
    """A narrow page names the columns that it has no room for."""
    text = shown(swept(plan_of((RATIO,))), 60)
    assert max(map(len, text.split("\n"))) <= 60
    assert "Left out for width: sanctions cost; cases.csv has it." in text


def test_points_that_were_drawn_are_short() -> None:
    """A Latin hypercube has few digits; years have no separators."""
    ratio = replace(of_values("market.price_ratio", [2.05512345], ""), spread=Span(2.0, 3.0))
    axes = ratio, of_values("timeline.start_year", [2030], "")
    text = uncoded(rehearsal(plan_of(axes, "latin_hypercube"), list(plan_of(axes).cases()), 2.0, 1))
    assert re.search(r"^1 +2\.055 +2030$", text, re.M) and "About 2 seconds on 1 process;" in text


def test_many_axes_leave_what_the_cases_are_sorted_by() -> None:
    """No word of a head is broken: axes and figures are left out, the median NPV never."""
    names = ("capacity_mw", "onshore_km", "unavailability", "converter_loss", "transmission", "decommissioning")
    axes = tuple(of_values(f"a{i}.{name}", list(range(1, 15)), "") for i, name in enumerate(names))
    text = shown(swept(plan_of(axes, "zip")), 80)
    assert max(map(len, text.split("\n"))) <= 80
    assert (
        re.search(r"median NPV +paid back$", text, re.M)
        and "Left out for width: A4: transmission, A5: decommissioning, median payback,\n" in text
    )
    assert "Sanctions cost:" not in text and "What moves" not in text


def test_what_moves_the_sweep() -> None:
    """A grid with an axis of several numbers says which of its axes moves payback and NPV; a small one does not."""
    ratio = of_values("market.price_ratio", list(range(2, 9)), "")
    text = shown(swept(plan_of((ratio, COSTS))))
    assert "What moves the chance of payback and the median NPV most" in text
    assert re.search(r"^Costs of all items +\+1\.00 +", text, re.M) and "over 14 cases" in text
    assert "What moves" not in shown(swept(plan_of((RATIO, COSTS))))


@pytest.mark.parametrize("seed", range(5))
def test_rank_correlations(seed: int) -> None:
    """They are scipy's, with ties, without what has no figure."""
    chance = np.random.default_rng(seed)
    a, b, values = (chance.integers(0, 9, 40).astype(float).tolist() for _ in range(3))
    values[3] = math.nan
    found = levers({"a": a, "b": b, "name": ["x", "y"] * 20}, values, "latin_hypercube")
    assert found is not None and found.cases == 39 and found.names == ("name",)
    kept = [i for i in range(40) if i != 3]
    for axis, points in (("a", a), ("b", b)):
        wanted = spearmanr([points[i] for i in kept], [values[i] for i in kept]).statistic
        assert dict(found.moved)[axis] == pytest.approx(wanted)
    assert abs(found.moved[0][1]) >= abs(found.moved[1][1])


def test_where_ranks_say_nothing() -> None:
    """Few cases, axes side by side, a grid of pairs, one lever, a figure that is the same everywhere: nothing."""
    up, down = [float(i) for i in range(12)], [float(-i % 5) for i in range(12)]
    found = levers({"a": up, "b": down}, up, "product")
    assert found is not None and found.moved[0] == ("a", 1.0) and found.noise == pytest.approx(0.577, abs=1e-3)
    assert levers({"a": up, "b": down}, up, "zip") is None
    assert levers({"a": up[:11], "b": down[:11]}, up[:11], "product") is None
    assert levers({"a": [1.0, 2.0] * 6, "b": [1.0, 1.0, 2.0, 2.0] * 3}, up, "product") is None
    assert levers({"a": up, "b": ["x", "y"] * 6}, up, "product") is None
    assert levers({"a": up, "b": down}, [1.0] * 12, "product") is None
