"""Sweeps: axes and designs, study files, what a case is, the table, and every way to ask for the wrong thing."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from small_scenarios import constant, small_scenario

from sim.batch.axes import Factor, numbers, of_values, parse
from sim.batch.build import Scenarios, designed
from sim.batch.columns import MAIN, statistics_of
from sim.batch.plan import Plan, checked
from sim.batch.study_file import Defaults, read_study
from sim.cli import main
from sim.engine import simulate
from sim.errors import ScenarioError
from sim.model.metrics import DEFINITIONS
from sim.scenario import read
from sim.tables import payback_curve, summary

Capture = pytest.CaptureFixture[str]
DEFAULTS = Defaults(256, 1)


def written(folder: Path, name: str, data: dict[str, Any]) -> Path:
    """Write a YAML file and return it."""
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
    return file


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return the file of a small certain scenario, with a little chance in its price."""
    data = small_scenario()
    data["market"]["price_per_kwh"] = {"process": "gbm", "spot": 0.08, "log_drift": 0.0, "volatility": 0.2}
    data["link"]["availability"] = {"dist": "uniform", "min": 0.9, "max": 0.98}
    return written(tmp_path, "small", data)


def plan_of(base: Path, *vary: str, design: str = "product") -> Plan:
    """Return the plan of some axes."""
    return checked(Plan("p", (base,), (), tuple(parse(text) for text in vary), design, 0, 256, 1, ()))


def run(base: Path, tmp_path: Path, *options: str) -> pd.DataFrame:
    """Run a sweep quietly and return its table."""
    assert main(["sweep", str(base), "--draws", "256", "--out", str(tmp_path / "out"), "--name", "s", *options]) == 0
    return pd.read_csv(tmp_path / "out" / "s" / "cases.csv")


# --- axes ---------------------------------------------------------------------------------------------------------


@given(start=st.integers(-50, 50), count=st.integers(1, 30), step=st.integers(1, 20), places=st.integers(0, 3))
def test_ranges_hold_both_ends_and_decimal_steps(start: int, count: int, step: int, places: int) -> None:
    """START:STOP:STEP has every multiple, both ends, and the numbers that a person would write."""
    texts = [f"{value / 10**places:.{places}f}" for value in range(start, start + count * step, step)]
    width = f"{step / 10**places:.{places}f}"
    assert numbers(texts[0], texts[-1], width, "", "") == [float(text) for text in texts]
    if count > 1:
        assert numbers(texts[-1], texts[0], f"-{width}", "", "") == [float(text) for text in reversed(texts)]


def test_axes_on_the_command_line(tmp_path: Path) -> None:
    """Lists are YAML, ranges have STOP, x makes factors, @ takes files and folders in order of their names."""
    listed = parse("market.price_ratio=2, 2.5,null,{a: [1, 2]}")
    assert [point.label for point in listed.points] == [2, 2.5, "null", "{a: [1, 2]}"]
    assert [change for point in listed.points for change in point.changes][2:] == [
        ("market.price_ratio", None),
        ("market.price_ratio", {"a": [1, 2]}),
    ]
    assert [point.label for point in parse("link.capacity_mw=600:1000:200").points] == [600, 800, 1000]
    assert [point.changes[0][1] for point in parse("a.b=x0.9,x1.1,x2").points] == [
        Factor(0.9),
        Factor(1.1),
        Factor(2.0),
    ]
    for name in ("b", "a", "c"):
        written(tmp_path, name, {})
    folder = parse(f"@{tmp_path}")
    assert (folder.name, [point.label for point in folder.points]) == (tmp_path.name, ["a", "b", "c"])
    files = parse(f"lenders=@{tmp_path}/c.yaml,@{tmp_path}/a.yaml")
    assert (files.name, [point.label for point in files.points]) == ("lenders", ["c", "a"])


@pytest.mark.parametrize(
    ("vary", "words"),
    [
        (["link.capacity_mw="], "nothing is on this axis"),
        (["link.capacity_mw"], "is not KEY=VALUES"),
        (["=3"], "is not KEY=VALUES"),
        (["link.capacity_mw=600,600"], "600 is on this axis twice"),
        (["link.capacity_mw=600:1000:300"], "steps of 300 from 600 miss 1000, which is included; end at 900 or 1200"),
        (["link.capacity_mw=600:1000:-200"], "steps of -200 from 600 never come to 1000"),
        (["link.capacity_mw=600:1000:0"], "steps of 0 from 600 never come to 1000"),
        (["link.capacity_mw=1:2:e"], "1:2:e is no range"),
        (["a=1:1000000000:1"], "1,000,000,000 values are on this axis"),
        (["a=1:40000:1", "b=1:25000:1"], "1,000,000,000 cases (40,000 x 25,000) are too many; at most 100,000"),
        (["link.capacity_mw=600", "link.capacity_mw=700"], "two axes have this name"),
        (["link=null", "link.capacity_mw=700"], "link.capacity_mw is changed by the axis link (link), too"),
        (
            ["costs.items.*.amount_million=x2", "costs.items.link.amount_million=3"],
            "is changed by the axis costs.items.*",
        ),
        (["@nowhere"], "nowhere is no file or folder"),
        (["link.capacity_mw=[1"], "close every bracket"),
        ([], "nothing varies; add --vary"),
    ],
)
def test_wrong_axes_are_refused_with_their_place(base: Path, vary: list[str], words: str, capsys: Capture) -> None:
    """One line that names the axis, what is wrong and what to write; exit 2, and nothing is begun."""
    options = [word for text in vary for word in ("--vary", text)]
    assert main(["sweep", str(base), *options, "--out", str(base.parent / "out")]) == 2
    said = capsys.readouterr()
    assert words in said.err and said.err.count("\n") == 1 and not said.out
    assert not (base.parent / "out").exists()
    if vary:
        assert said.err.startswith("error: --vary")


def test_an_axis_that_cannot_be_meant_is_refused_before_anything_runs(base: Path, capsys: Capture) -> None:
    """An unknown key, or values that are all impossible; a few impossible ones among others only fail their cases."""
    for vary, words in (
        ("link.capacity_mv=600,700", "link.capacity_mv: this key is not known; did you mean capacity_mw?"),
        ("link.capacity_mw=-1,-2", "link.capacity_mw: -1 is out of range"),
        ("costs.*.nothing=x2", "nothing in the scenario is called costs.*.nothing"),
        ("link.availability=x1.01", "no number that x1.01 could multiply; write the values themselves"),
    ):
        assert main(["sweep", str(base), "--vary", vary, "--out", str(base.parent / "out")]) == 2
        assert words in capsys.readouterr().err
    assert not (base.parent / "out").exists()
    assert main(["sweep", str(base), "--set", "link.capacity_mw=1", "--vary", "link.capacity_mw=2,3"]) == 2
    assert "link.capacity_mw is changed by a setting of all cases, too" in capsys.readouterr().err


# --- designs and cases --------------------------------------------------------------------------------------------


def test_product_and_zip(base: Path) -> None:
    """In a product the last axis moves fastest; side by side axes move together and have to be equally long."""
    plan = plan_of(base, "a=1,2", "b=x,y,z")
    labels = [tuple(point.label for point in case.points) for case in plan.cases()]
    assert labels == [(1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z")]
    assert [case.number for case in plan.cases()] == [1, 2, 3, 4, 5, 6]
    plan = plan_of(base, "a=1,2,3", "b=x,y,z", design="zip")
    assert [tuple(point.label for point in case.points) for case in plan.cases()] == [(1, "x"), (2, "y"), (3, "z")]
    with pytest.raises(ScenarioError, match="axes side by side have to be equally long: a 2, b 3"):
        plan_of(base, "a=1,2", "b=x,y,z", design="zip")


def test_a_case_is_the_scenario_that_a_user_would_write(base: Path, tmp_path: Path) -> None:
    """Settings, then axes in their order: keys, factors that keep the source, and files as by extends."""
    written(tmp_path, "cheap", {"extends": "small.yaml", "costs": {"items": {"link": {"amount_million": 900}}}})
    written(tmp_path, "taxed", {"extends": "small.yaml", "tax": {"jurisdictions": {"all": {"rate": 0.5}}}})
    axes = (f"@{tmp_path}/cheap.yaml", f"tax=@{tmp_path}/taxed.yaml,{base}", "costs.items.*.amount_million=x2")
    plan = plan_of(base, *axes)
    scenarios = Scenarios(plan)
    both = written(tmp_path, "both", {"extends": ["cheap.yaml", "taxed.yaml"], "link": {"capacity_mw": 1000}})
    wanted = read(both, [("costs.items.link.amount_million", 1800.0)])
    assert scenarios.data(plan.case(0)) == wanted.data
    assert scenarios.spec(plan.case(0)).digest == wanted.digest
    assert scenarios.data(plan.case(1))["tax"]["jurisdictions"]["all"]["rate"] == 0.25, "the base itself adds nothing"
    sourced = plan_of(base, "link.converter_loss=x1.5")
    changed = Scenarios(Plan("p", (base,), (("link.converter_loss", {"value": 0.02, "source": "s"}),), *plain(sourced)))
    assert changed.data(sourced.case(0))["link"]["converter_loss"] == {"value": 0.03, "source": "s"}


def plain(plan: Plan) -> tuple[Any, ...]:
    """Return what follows the settings of a plan."""
    return plan.axes, plan.design, plan.size, plan.draws, plan.seed, plan.metrics


def hypercube(base: Path, tmp_path: Path, size: int, axes: dict[str, Any]) -> Plan:
    """Return the plan of a Latin hypercube."""
    study = {"base": base.name, "design": "latin_hypercube", "cases": size, "axes": axes}
    return designed(checked(read_study(written(tmp_path, "study", study), {}, DEFAULTS)))


def test_a_latin_hypercube_has_a_point_in_each_part_of_each_axis(base: Path, tmp_path: Path) -> None:
    """Ranges evenly, a distribution by its quantiles, choices equally often; another axis moves no point."""
    ranges = {
        "link.length_km": {"from": 20, "to": 60},
        "costs.items.*.amount_million": {"times": {"from": 0.5, "to": 2}},
    }
    axes = {**ranges, "link.availability": "drawn", "timeline.operation_years": [10, 12], "market.price_year": [2026]}
    plan = hypercube(base, tmp_path, 40, axes)
    length, factor, drawn, years, _ = ([case.points[i] for case in plan.cases()] for i in range(5))
    assert sorted(math.floor(point.label - 20) for point in length) == list(range(40))
    found = sorted(change.by for point in factor for _, change in point.changes)
    assert [math.floor((by - 0.5) / 1.5 * 40 + 1e-6) for by in found] == list(range(40))
    places = sorted((point.label - 0.9) / 0.08 * 40 for point in drawn)
    assert [math.floor(place + 1e-6) for place in places] == list(range(40))
    assert [point.label for point in years].count(10) == 20
    fewer = hypercube(base, tmp_path, 40, {"link.availability": "drawn"})
    assert [case.points[0].label for case in fewer.cases()] == [point.label for point in drawn]
    pairs = np.corrcoef([point.label for point in length], [point.label for point in drawn])
    assert abs(pairs[0, 1]) < 0.5, "the order of one axis is not that of another"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"axis": {}}, "study.yaml:1: axis: this key is not known; did you mean axes?"),
        ({"design": "grid"}, "design: 'grid' is not known"),
        ({"design": "latin_hypercube"}, "a Latin hypercube has a number of cases; write cases: 1000"),
        ({"cases": 5}, "cases: a product has as many cases as its axes make"),
        ({"axes": {"link.capacity_mw": []}}, "link.capacity_mw: nothing is on this axis"),
        ({"axes": {"link.capacity_mw": 600}}, "600 is no axis"),
        ({"axes": {"link.capacity_mw": {"form": 1}}}, "an axis has no 'form'; did you mean from?"),
        ({"axes": {"link.capacity_mw": {"from": 600, "to": 2000}}}, "a range without a step has no end of values"),
        ({"axes": {"link.capacity_mw": "drawn"}}, "a range without a step has no end of values"),
        ({"axes": {"link.capacity_mw": {"from": "a", "to": 2, "step": 1}}}, "is no range"),
        ({"axes": {"how": {"variants": {"one": 3}}}}, "3 is no set of changes"),
        ({"axes": {"how": {"variants": {}}}}, "how: nothing is on this axis"),
        ({"axes": {"how": {"files": ["none.yaml"]}}}, "none.yaml is no file or folder"),
        ({"axes": ["a"]}, "axes: ['a'] is no block of keys"),
        ({"axes": {}}, "nothing varies"),
        ({"base": "none.yaml"}, "base: none.yaml is no file or folder"),
        ({"base": 3}, "base: 3 is no name"),
        ({"draws": 0}, "draws: 0 is no such number"),
        ({"seed": "x"}, "seed: 'x' is no such number"),
        ({"metrics": ["project_npv"]}, "there is no metric 'project_npv'; did you mean project_npv_usd?"),
    ],
)
def test_wrong_study_files_are_refused_with_file_and_line(
    base: Path, tmp_path: Path, change: dict[str, Any], words: str, capsys: Capture
) -> None:
    """The file, the line, the key, what is wrong, and the cure."""
    study = {"base": base.name, "axes": {"link.capacity_mw": [600, 700]}} | change
    file = written(tmp_path, "study", {key: study[key] for key in [*change, *(set(study) - set(change))]})
    text = file.read_text("utf-8")
    file.write_text(text if "\naxes:" in text or text.startswith("axes:") else f"{text}axes: {{}}\n", "utf-8")
    assert main(["sweep", str(file), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert words in said and str(file) in said and "Traceback" not in said


def test_what_is_no_study_says_so(base: Path, tmp_path: Path, capsys: Capture) -> None:
    """A study has its own axes; a study is no scenario; a folder's name is a name."""
    study = written(tmp_path, "study", {"base": base.name, "axes": {"link.capacity_mw": [600]}})
    assert main(["sweep", str(study), "--vary", "link.length_km=1"]) == 2
    assert "a study file has its own axes" in capsys.readouterr().err
    assert main([str(study)]) == 2
    assert "python -m sim sweep" in capsys.readouterr().err
    assert main(["sweep", str(base), "--vary", "link.length_km=1", "--name", "a/b"]) == 2
    assert "'a/b' is no name of a folder" in capsys.readouterr().err
    assert main(["sweep", str(base), "--vary", "link.length_km=1", "--metric", "npv"]) == 2
    assert "--metric: metrics: there is no metric 'npv'" in capsys.readouterr().err


# --- the table ----------------------------------------------------------------------------------------------------


def test_a_row_is_the_run_of_its_case(base: Path, tmp_path: Path) -> None:
    """Every figure is that of a run of its own; never is the share without payback, and what is never stays inf."""
    table = run(base, tmp_path, "--vary", "market.price_per_kwh.spot=0.001,0.08", "--metric", "all", "--workers", "1")
    assert list(table.columns[:2]) == ["case", "market.price_per_kwh.spot"]
    for row, spot in zip(table.to_dict("records"), (0.001, 0.08), strict=True):
        result = simulate(read(base, [("market.price_per_kwh.spot", spot)]), 256, 1)
        wanted = summary(result)
        for line in (dict(zip(wanted.columns, row, strict=True)) for row in wanted.rows):
            about = DEFINITIONS.get(line["metric"])
            for statistic in statistics_of(about) if about is not None else ():
                cell = row[f"{line['metric']}.{statistic}"]
                if statistic == "never":
                    assert cell == np.isinf(result.metrics[line["metric"]]).mean()
                else:
                    assert cell == pytest.approx(line[statistic], rel=1e-9, nan_ok=True), (line["metric"], statistic)
        years = pd.read_csv(tmp_path / "out" / "s" / "payback.csv")
        paid = years[years["case"] == row["case"]]["p_paid_back"].tolist()
        assert paid == pytest.approx([float(line[1]) for line in payback_curve(result).rows], rel=1e-9)
        assert paid[0] == 0.0 and len(paid) == result.grid.years + 1
    assert table["project_payback_years.never"].tolist()[0] == 1.0
    assert table["project_payback_years.p50"].tolist()[0] == math.inf
    assert table["project_payback_years.p50"].tolist()[1] < 20.0


def test_the_main_metrics_are_the_default_and_what_does_not_exist_has_no_column(base: Path, tmp_path: Path) -> None:
    """No loans, no sanctions: no columns of theirs; a mean only where there is one, P(never) only for times."""
    table = run(base, tmp_path, "--vary", "link.length_km=40")
    names = list(dict.fromkeys(column.partition(".")[0] for column in table.columns[2:]))
    assert names == [name for name in MAIN if not name.startswith(("equity", "debt", "dscr", "defaul", "lenders"))][:9]
    assert "project_payback_years.mean" not in table and "paid_back.p50" not in table
    assert {"project_npv_usd.se", "project_npv_usd.p90", "project_payback_years.never", "paid_back.mean"} <= set(table)
    one = run(base, tmp_path, "--vary", "link.length_km=40", "--metric", "utilisation")
    assert list(one.columns) == [
        "case",
        "link.length_km",
        *(f"utilisation.{s}" for s in ("mean", "se", "p10", "p50", "p90")),
    ]


def test_cases_that_fail_are_told_and_the_others_go_on(base: Path, tmp_path: Path, capsys: Capture) -> None:
    """errors.csv has a row for each problem, the screen each complaint once; exit 1, and 0 once it is mended."""
    options = ["sweep", str(base), "--draws", "256", "--out", str(tmp_path / "out"), "--name", "s"]
    vary = ["--vary", "link.capacity_mw=800,-5,900", "--vary", "link.length_km=40,50"]
    assert main([*options, *vary]) == 1
    said = capsys.readouterr()
    assert "4 computed" in said.out and "2 failed" in said.out
    complaint = "error: case 3 and 1 more: --vary link.capacity_mw=800,-5,900: link.capacity_mw: -5 is out of range"
    assert complaint in said.err and said.err.count("error:") == 1 and "2 of 6 cases failed" in said.err
    folder = tmp_path / "out" / "s"
    with (folder / "errors.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["case"], row["link.length_km"], row["key"]) for row in rows] == [
        ("3", "40", "link.capacity_mw"),
        ("4", "50", "link.capacity_mw"),
    ]
    assert pd.read_csv(folder / "cases.csv")["case"].tolist() == [1, 2, 5, 6]
    assert main([*options, "--vary", "link.capacity_mw=800,900", "--vary", "link.length_km=40,50"]) == 0
    assert "4 finished before" in capsys.readouterr().out
    assert not (folder / "errors.csv").exists()


def test_a_loan_that_cannot_be_agreed_names_its_line(tmp_path: Path, capsys: Capture) -> None:
    """What only shows when a case is prepared is told with file and line, too, although a worker found it."""
    data = small_scenario()
    loan = {"seniority": 1, "share": 1.0, "rate": 0.05, "tenor_years": 8, "profile": "sculpted", "target_dscr": 1.5}
    data["financing"] = {"gearing_cap": 0.5, "tranches": {"bank": {"nation": "japan", **loan}}}
    file = written(tmp_path, "lent", data)
    vary = ["--vary", "supply.cost.price_per_mwh.value=20,500", "--workers", "2"]
    assert main(["sweep", str(file), "--draws", "256", "--out", str(tmp_path / "out"), *vary]) == 1
    line = next(i for i, text in enumerate(file.read_text("utf-8").splitlines(), 1) if "profile: sculpted" in text)
    assert f"case 2: {file}:{line}: financing.tranches.bank.profile: there is no cash" in capsys.readouterr().err


def test_dry_run_says_how_many_and_how_long_and_writes_nothing(base: Path, tmp_path: Path, capsys: Capture) -> None:
    """Count, time and the first five cases."""
    vary = ["--vary", "link.capacity_mw=600:1000:100", "--vary", "link.length_km=30,40"]
    assert main(["sweep", str(base), *vary, "--out", str(tmp_path / "out"), "--dry-run", "--draws", "512"]) == 0
    said = capsys.readouterr().out
    assert (
        "10 cases (5 × 2)\n512 futures in each case, the same in all; seed 1" in said
        and "second" in said
        and "and 5 more" in said
    )
    lines = said.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("case ")) + 1
    assert [line.split() for line in lines[start : start + 5]] == [
        [str(i + 1), f"{600 + 100 * (i // 2):,}", str(30 + 10 * (i % 2))] for i in range(5)
    ]
    assert not (tmp_path / "out").exists()


def test_all_cases_share_their_random_numbers(base: Path, tmp_path: Path) -> None:
    """A number that changes nothing leaves every figure of its case equal to the last digit."""
    table = run(base, tmp_path, "--vary", "link.length_km=40,x1", "--vary", "evaluation.benchmarks=null")
    assert len(table.columns) > 30
    pd.testing.assert_series_equal(table.iloc[0, 3:], table.iloc[1, 3:], check_names=False, check_exact=True)


def test_an_axis_of_one_key_holds_any_value(base: Path, tmp_path: Path) -> None:
    """Distributions, processes and null are values as numbers are."""
    axis = of_values("market.price_per_kwh", [constant(0.08), constant(0.09)], "")
    assert [point.label for point in axis.points] == [
        "{process: 'constant', value: 0.08}",
        "{process: 'constant', value: 0.09}",
    ]
    vary = "market.price_per_kwh={process: constant, value: 0.08},{process: constant, value: 0.09}"
    table = run(base, tmp_path, "--vary", vary)
    assert table["project_npv_usd.p50"][1] > table["project_npv_usd.p50"][0]


# --- sweeps held against each other -------------------------------------------------------------------------------


def test_sweeps_of_the_same_futures_are_compared_future_by_future(base: Path, tmp_path: Path) -> None:
    """The interval comes from the differences of replicates, worked out here from the draws of plain runs."""
    for name, price in (("one", 2026), ("two", 2025)):
        options = ["--vary", "link.capacity_mw=500,1000", "--set", f"costs.items.link.price_year={price}"]
        out = ["--out", str(tmp_path), "--name", name, "--draws", "5120", "--workers", "1", "--quiet"]
        assert main(["sweep", str(base), *options, *out]) == 0
    assert main(["compare", str(tmp_path / "one"), str(tmp_path / "two" / "cases.csv"), "--csv", str(tmp_path)]) == 0
    table: Any = pd.read_csv(tmp_path / "comparison.csv").set_index(["link.capacity_mw", "metric"])
    for capacity in (500, 1000):
        npv = []
        for price in (2026, 2025):
            changes = [("link.capacity_mw", capacity), ("costs.items.link.price_year", price)]
            npv.append(simulate(read(base, changes), 5120, 1).metrics["project_npv_usd"])
        means = (npv[1] - npv[0]).reshape(20, 256).mean(axis=1)
        se = means.std(ddof=1) / math.sqrt(20)
        row = table.loc[(capacity, "project_npv_usd")]
        assert row["paired"] == "yes" and row["difference"] == pytest.approx(means.mean(), rel=1e-6)
        assert row["se"] == pytest.approx(se, rel=1e-6)
        assert row["ci_high"] - row["difference"] == pytest.approx(2.093024 * se, rel=1e-6), "Student's t, 19 degrees"
        apart = math.hypot(*(values.reshape(20, 256).mean(axis=1).std(ddof=1) / math.sqrt(20) for values in npv))
        assert row["se"] < apart / 3.0
    assert table.loc[(500, "project_payback_years")]["paired"] == "no"


def test_sweeps_that_cannot_be_paired_say_why(base: Path, tmp_path: Path, capsys: Capture) -> None:
    """Other seeds, other draws, means that are not there or not those of the manifest."""
    for name, seed, draws in (("one", "1", "256"), ("seed", "2", "256"), ("draws", "1", "512"), ("bare", "1", "256")):
        options = ["--vary", "link.capacity_mw=500", "--seed", seed, "--draws", draws, "--quiet", "--workers", "1"]
        assert main(["sweep", str(base), *options, "--out", str(tmp_path), "--name", name]) == 0
    with (tmp_path / "bare" / "replicates.parquet").open("ab") as file:
        file.write(b"x")
    for name, words in (
        ("seed", "their seeds differ, 1 and 2"),
        ("draws", "their draws differ, 256 and 512"),
        ("bare", "bare has no means of replicates beside its cases"),
    ):
        capsys.readouterr()
        assert main(["compare", str(tmp_path / "one"), str(tmp_path / name)]) == 0
        assert words in " ".join(capsys.readouterr().out.split())
