"""Shipped studies: their tables are those of the engine, README shows their numbers, every case is sound."""

from __future__ import annotations

import csv
import math
import re
from functools import cache

import pytest
from test_docs import README, ROOT, rows, shown
from test_reference_results import REFERENCE, STUDIES, TOLERANCE

from sim.batch.build import Scenarios, designed, name_of, probe
from sim.batch.columns import columns_of
from sim.batch.figures import STATISTICS, Answer, Asked, answer
from sim.batch.plan import Plan, checked
from sim.batch.study_file import Defaults, read_study
from sim.checks import warnings

FOLDER = ROOT / "scenarios" / "sweeps"
LEVERS = "levers_latin_hypercube"
CURE = "If the new numbers are right, run `make studies`, mend the tables in README.md and say so in CHANGELOG.md."
Row = dict[str, str]


@cache
def plan_of(name: str) -> Plan:
    """Return the plan of a study file as ``sweep`` has it."""
    plan = designed(checked(read_study(FOLDER / f"{name}.yaml", {}, Defaults(10_240, 1))))
    probe(plan, Scenarios(plan))
    return plan


@cache
def cases(name: str) -> list[Row]:
    """Return the rows of the table kept of a study."""
    with (REFERENCE / "studies" / name / "cases.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def of(name: str, *labels: str) -> Row:
    """Return the row of the case with these points."""
    axes = [axis.name for axis in plan_of(name).axes]
    (row,) = (row for row in cases(name) if [row[axis] for axis in axes] == list(labels))
    return row


def percent(row: Row, metric: str, decimals: int = 1) -> str:
    """Return a share as README writes it."""
    return f"{shown(100.0 * float(row[f'{metric}.mean']), decimals)} %"


def billion(row: Row, column: str) -> str:
    """Return an amount as README writes it, in bn USD."""
    return shown(float(row[column]) / 1e9, 2)


# --- the files ----------------------------------------------------------------------------------------------------


def test_there_is_a_table_of_every_study() -> None:
    """The Latin hypercube aside, which is too large to keep."""
    assert sorted([*STUDIES, LEVERS]) == sorted(file.stem for file in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("name", STUDIES)
def test_plan_and_table_agree(name: str) -> None:
    """The table has every case of the file, in its order, with the file's metrics; there are not too many."""
    plan = plan_of(name)
    assert (plan.draws, plan.seed) == (10_240, 1)
    assert plan.count <= 25
    assert [[row["case"], *(row[axis.name] for axis in plan.axes)] for row in cases(name)] == [
        [str(case.number), *(str(point.label) for point in case.points)] for case in plan.cases()
    ]
    figures = set(cases(name)[0]) - {"case", *(axis.name for axis in plan.axes)}
    assert {column.partition(".")[0] for column in figures} == set(plan.metrics)


@pytest.mark.parametrize("name", [*STUDIES, LEVERS])
def test_every_case_is_sound(name: str) -> None:
    """No case draws a warning; of the Latin hypercube every fiftieth is looked at."""
    plan = plan_of(name)
    scenarios = Scenarios(plan)
    for case in list(plan.cases())[:: 50 if name == LEVERS else 1]:
        assert not warnings(scenarios.spec(case).written), name_of(plan, case)


@pytest.mark.parametrize("number", [1, 15, 20, 73])
def test_levers_run(number: int) -> None:
    """Cases of the Latin hypercube run, also those that leave lenders no cash on which to size a loan."""
    plan = plan_of(LEVERS)
    case = plan.case(number - 1)
    found = answer(Asked(name_of(plan, case), Scenarios(plan).data(case), 256, 1))
    assert not found.problems and math.isfinite(found.figures["project_npv_usd"][0])


@pytest.mark.parametrize("case", range(0, 24, 4))
def test_budgets_are_what_the_labels_say(case: int) -> None:
    """In the study of capacities, items and contingency add up to the sum in the name of the point."""
    plan = plan_of("capacity_x_gap")
    spec = Scenarios(plan).spec(plan.case(case))
    keys = [f"costs.items.{name}.amount_million" for name in spec.written.costs.items]
    total = sum(spec.leaves[key].dist.lower for key in [*keys, "costs.contingency.amount_million"])
    megawatts, billions = re.findall(r"[\d.]+", str(plan.case(case).points[0].label))
    assert billions == f"{total / 1000.0:.1f}".removesuffix(".0")
    assert {spec.leaves[key].dist.lower for key in ("link.capacity_mw", "supply.net_capacity_mw")} == {float(megawatts)}


# --- the numbers --------------------------------------------------------------------------------------------------

CHECKED = [
    ("capacity_x_gap", "2000 MW for 11.9 bn USD", "5"),
    ("capacity_x_gap", "600 MW for 3.6 bn USD", "100"),
    ("capex_x_gap", "x0.5", "3 at the prices of 2022"),
    ("discount_rate_x_financing", "2.6 %", "state_50_30_20"),
    ("financing_x_sanctions", "today_full", "yamal_like"),
    ("financing_x_sanctions", "none", "all_equity"),
    ("jbic_share_x_sanctions", "jbic_stops", "60 %"),
    ("jbic_share_x_sanctions", "replay_2014_2022", "0 %"),
]
"""A few cases of each study, computed again in full."""


def computed(name: str, number: int) -> Answer:
    """Return a case as it is computed now."""
    plan = plan_of(name)
    case = plan.case(number - 1)
    return answer(Asked(name_of(plan, case), Scenarios(plan).data(case), plan.draws, plan.seed))


@pytest.mark.parametrize("name_and_labels", CHECKED, ids=" ".join)
def test_table_is_current(name_and_labels: tuple[str, ...]) -> None:
    """The row kept of a case is what the engine makes today, to 1e-9."""
    name, *labels = name_and_labels
    row = of(name, *labels)
    now = computed(name, int(row["case"])).figures
    for metric, statistic in columns_of(plan_of(name), {1: now}):
        old = row[f"{metric}.{statistic}"]
        new = now[metric][STATISTICS.index(statistic)] if metric in now else math.nan
        same = math.isnan(new) if old == "" else math.isclose(float(old), new, rel_tol=TOLERANCE)
        assert same, f"{' '.join(name_and_labels)}: {metric}.{statistic}: {old} is now {new}\n{CURE}"


def test_points_that_are_the_base_case_agree() -> None:
    """Where a study comes by the base case, it says the same as the run of it."""
    with (REFERENCE / "base" / "summary.csv").open(encoding="utf-8", newline="") as file:
        base = {row["metric"]: row for row in csv.DictReader(file)}
    same = [
        of("capacity_x_gap", "1000 MW for 6 bn USD", "3"),
        of("capex_x_gap", "x1", "3"),
        of("discount_rate_x_financing", "6.5 %", "base"),
        of("financing_x_sanctions", "base", "base"),
        of("jbic_share_x_sanctions", "base", "40 %"),
    ]
    for row in same:
        for column, cell in row.items():
            metric, _, statistic = column.partition(".")
            if metric in base and statistic in base[metric]:
                assert cell == base[metric][statistic], column


# --- README -------------------------------------------------------------------------------------------------------


def paid_and_calm(row: Row) -> str:
    """Return the share that pays back and, in brackets, that of the same futures without sanctions."""
    calm = float(row["pays_with_and_without.mean"]) + float(row["pays_only_without_sanctions.mean"])
    return f"{percent(row, 'paid_back')} ({shown(100.0 * calm, 1)} %)"


def grid(name: str) -> list[list[str]]:
    """Return the cells of a table of README: capacity or investment against the gap."""
    first, second = plan_of(name).axes
    return [[paid_and_calm(of(name, str(a.label), str(b.label))) for b in second.points] for a in first.points]


def rates() -> list[list[str]]:
    """Return the cells of the table of rates: chance and median of the project's NPV, then the sponsors' medians."""
    name = "discount_rate_x_financing"
    rate, financing = plan_of(name).axes
    found = []
    for point in rate.points:
        across = [of(name, str(point.label), str(other.label)) for other in financing.points]
        assert len({row["project_npv_usd.p50"] for row in across}) == 1
        cells = [percent(across[0], "npv_positive"), billion(across[0], "project_npv_usd.p50")]
        found.append([*cells, *(billion(row, "equity_npv_usd.p50") for row in across)])
    return found


def shares() -> list[list[str]]:
    """Return the cells of the table of JBIC's shares: what lenders lose, and the sponsors' mean NPV."""
    name = "jbic_share_x_sanctions"
    sanctions, jbic = plan_of(name).axes
    found = []
    for point in sanctions.points:
        across = [of(name, str(point.label), str(other.label)) for other in jbic.points]
        assert len({row["paid_back.mean"] for row in across}) == 1
        cells = (f"{percent(row, 'lenders_loss_share')}, {billion(row, 'equity_npv_usd.mean')}" for row in across)
        found.append([percent(across[0], "paid_back"), *cells])
    return found


NAMES = ("capacity_x_gap", "capex_x_gap", "discount_rate_x_financing", "jbic_share_x_sanctions")
BUDGET = re.compile(r"costs\.(items\.\w+|contingency)\.amount_million")
TABLES = {
    "capacity and budget": lambda: grid("capacity_x_gap"),
    "investment": lambda: grid("capex_x_gap"),
    "project's real rate": rates,
    "course of politics": shares,
}


@pytest.mark.parametrize("title", TABLES)
def test_tables_of_the_readme(title: str) -> None:
    """Each cell is that of the kept table; on failure the right side is what belongs there."""
    for row, wanted in zip(rows(title), TABLES[title](), strict=True):
        assert row[-len(wanted) :] == wanted, f"README.md: the row of {row[0]} should end in | {' | '.join(wanted)} |"


def test_rows_are_called_what_they_are() -> None:
    """Capacities, budgets, rates and politics at the left of the four tables are those of the cases."""
    firsts = {title: [row[:2] for row in rows(title)] for title in TABLES}
    plans = {title: plan_of(name) for title, name in zip(TABLES, NAMES, strict=True)}
    for title in ("capacity and budget", "project's real rate"):
        labels = [str(point.label) for point in plans[title].axes[0].points]
        assert [first.replace(",", "").removesuffix(" (`base`)") for first, _ in firsts[title]] == labels
    sanctions = [str(point.label) for point in plans["course of politics"].axes[0].points]
    assert [re.findall(r"`(.*)`", first)[0] for first, _ in firsts["course of politics"]] == sanctions
    for title, i in (("investment", 5), ("project's real rate", 5)):
        scenarios = Scenarios(plans[title])
        for place, (first, second) in enumerate(firsts[title]):
            leaves = scenarios.spec(plans[title].case(place * i)).leaves
            if title == "investment":
                amounts = [leaf.dist.lower for key, leaf in leaves.items() if BUDGET.fullmatch(key)]
                assert f", {shown(sum(amounts) / 1000.0, 1).removesuffix('.0')} bn USD" in first
            else:
                rate = leaves["evaluation.equity_discount_rate_nominal"].dist.lower
                assert second == f"{shown(100.0 * rate, 1)} %"


def numbers(cells: str) -> list[float]:
    """Return the numbers of a cell."""
    return [float(number) for number in re.findall(r"-?[\d.]+", cells.replace("−", "-"))]


def test_what_the_text_says_of_capacity_and_cost() -> None:
    """Larger is worse at unit costs; the words for chances fit; no cell is above one half."""
    sizes, costs = (
        [[numbers(cell) for cell in row] for row in grid(name)] for name in ("capacity_x_gap", "capex_x_gap")
    )
    assert all(sizes[0][i] > sizes[1][i] > sizes[2][i] for i in range(4))
    assert all(40.0 < sizes[row][1][1] < 60.0 and 1 / 7.5 < sizes[row][1][0] / 100.0 < 1 / 5.5 for row in (4, 5))
    half, whole = costs[1], costs[3]
    assert half[1][1] > 66.0 and 0.0 < half[1][1] - whole[3][1] < 10.0 and whole[4][1] > half[1][1]
    assert max(paid for row in costs + sizes for paid, _ in row) < 50.0
    added = percent(of("capex_x_gap", "x0.5", "3"), "npv_positive")
    assert f"at half the cost and a third of the price the NPV is above zero in {added} of futures" in " ".join(
        README.split()
    )


def test_what_the_text_says_of_rates_and_lenders() -> None:
    """No median NPV above zero; differences of who lends, and of JBIC's share, are as small as it says."""
    for row in rates():
        _, project, *sponsors, half_given = (number for cell in row for number in numbers(cell))
        assert project < 0.0 and max(sponsors) - min(sponsors) < 0.4 < half_given - max(sponsors)
    moved = []
    for _, *cells in shares():
        npv = [numbers(cell)[1] for cell in cells]
        assert npv in (sorted(npv), sorted(npv, reverse=True))
        moved.append(abs(npv[-1] - npv[0]))
    assert round(max(moved), 2) == 0.06
    assert shares()[1][1] == shares()[0][1] and numbers(shares()[1][-1])[1] < numbers(shares()[1][1])[1]


def test_the_parts_of_the_claim_are_those_of_the_reference() -> None:
    """README's table of parts is that of the attribution, which adds up to the difference of its two ends."""
    with (REFERENCE / "studies" / "press_claim_to_base" / "attribution.csv").open(newline="", encoding="utf-8") as file:
        parts = list(csv.DictReader(file))
    first, last = float(parts[0]["value_a"]), float(parts[0]["value_b"])
    assert sum(float(part["part"]) for part in parts) == pytest.approx(last - first, abs=1e-9)
    shown = re.findall(
        r"^\| (.+) \| ([−+]?[0-9.]+) (?:%|points) \|$", README[README.index("| from `press_claim`") :], re.M
    )
    wanted = [100.0 * first, *(100.0 * float(part["part"]) for part in parts), 100.0 * last]
    assert [float(number.replace("−", "-")) for _, number in shown[: len(wanted)]] == [round(x, 1) for x in wanted]
    assert [name.partition(":")[0].split()[0] for name, _ in shown[1:6]] == [
        "supply",
        "market",
        "sanctions",
        "link",
        "costs",
    ]
    assert [part["group"].split(" + ")[-1] for part in parts] == ["supply", "market", "timeline", "link", "costs"]
