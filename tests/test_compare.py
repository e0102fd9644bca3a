"""Comparisons of results: numbers against pandas on real runs, hand-made CSVs, and every bad input with its message."""

from __future__ import annotations

import csv
import hashlib
import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import yaml

from sim.base.scenario_files import look_up
from sim.batch.compare import Comparison, compare, tables
from sim.batch.compare_directions import DIRECTIONS
from sim.batch.compare_runs import Difference, Pair, Times
from sim.batch.pairing import Estimate, contest, meeting, of_pairs
from sim.batch.read_back import number
from sim.engine import simulate
from sim.errors import ScenarioError
from sim.model.metrics import DEFINITIONS
from sim.results import RunFacts, write, write_tables
from sim.scenario import Spec, read

BASE = Path(__file__).parents[1] / "scenarios" / "base.yaml"
DRAWS = 5_120
"""20 replicates, the least that has standard errors."""
FACTS = RunFacts("2026-10-01T00:00:00+00:00", 1.0, 1)
HEADER = "metric,unit,mean,se,p10,p50,p90,share_defined,definition"
CASES = "case,link.capacity_mw,financing,project_npv_usd.mean,project_npv_usd.se,project_payback_years.never"


def dearer(spec: Spec) -> list[tuple[str, Any]]:
    """Return the overrides that make every item of cost 5 % dearer."""
    keys = [f"costs.items.{name}.amount_million" for name in spec.data["costs"]["items"]]
    return [(key, 1.05 * look_up(spec.data, key)["value"]) for key in keys]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the results folders of the base case, of one with costs 5 % up, another seed, and one of few draws."""
    out = tmp_path_factory.mktemp("runs")
    base = read(BASE)
    changed = read(BASE, dearer(base))
    made = {"base": (base, DRAWS, 1), "dear": (changed, DRAWS, 1), "seed": (changed, DRAWS, 2), "few": (base, 512, 1)}
    for name, (spec, draws, seed) in made.items():
        write(simulate(spec, draws, seed), out / name, [], FACTS)
    return {name: out / name for name in made}


@pytest.fixture(scope="module")
def pair(runs: dict[str, Path]) -> Pair:
    """Return the paired comparison of the base case with costs 5 % up."""
    return compare([runs["base"], runs["dear"]]).pairs[0]


def one(pair: Pair, metric: str) -> Difference:
    """Return the difference of a metric."""
    return next(found for found in pair.differences if found.metric == metric)


def time(pair: Pair, metric: str) -> Times:
    """Return what is known of a time that can be never."""
    return next(found for found in pair.times if found.metric == metric)


def draws_of(folder: Path) -> pd.DataFrame:
    """Return the draws of a run."""
    return pd.read_parquet(folder / "draws.parquet")


def summary_of(folder: Path) -> pd.DataFrame:
    """Return the summary of a run."""
    return pd.read_csv(folder / "summary.csv", index_col="metric")


def complaint(*paths: Path) -> list[str]:
    """Return the problems of a comparison that cannot be made, the folder of the first file cut off."""
    with pytest.raises(ScenarioError) as error:
        compare(paths)
    return [str(problem).replace(f"{paths[0].parent}/", "") for problem in error.value.problems]


def text(path: Path, *lines: str) -> Path:
    """Write lines to a file and return it."""
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def copied(folder: Path, to: Path, **changes: Any) -> Path:
    """Return a copy of a results folder, some keys of its manifest changed."""
    shutil.copytree(folder, to)
    manifest = yaml.safe_load((to / "manifest.yaml").read_text("utf-8"))
    (to / "manifest.yaml").write_text(yaml.safe_dump(manifest | changes, sort_keys=False), "utf-8")
    return to


# --- paired, against pandas ---------------------------------------------------------------------------------------


def test_means_and_intervals_of_pairs(runs: dict[str, Path], pair: Pair) -> None:
    """Differences, standard errors and intervals are those of a calculation by replicates in pandas."""
    a, b = draws_of(runs["base"]), draws_of(runs["dear"])
    assert pair.paired and [found.metric for found in pair.differences] == list(summary_of(runs["base"]).index)
    checked = 0
    for found in pair.differences:
        if found.metric not in a or not DEFINITIONS.get(found.metric, DEFINITIONS["paid_back"]).averaged:
            assert math.isnan(found.mean.se), found.metric
            continue
        apart = (b[found.metric] - a[found.metric]).where(np.isfinite(a[found.metric]) & np.isfinite(b[found.metric]))
        groups = apart.groupby(np.arange(DRAWS) // 256)
        means, counts = groups.mean().to_numpy(), groups.count().to_numpy(dtype=float)
        there = counts > 0
        weight, away = counts[there] / counts.sum(), means[there] - np.average(means[there], weights=counts[there])
        se = math.sqrt(float((weight**2 * away**2).sum()) * there.sum() / (there.sum() - 1))
        middle = float(apart.mean())
        scale = max(abs(found.a.mean), abs(found.b.mean), 1e-300)
        assert found.mean.difference == pytest.approx(middle, rel=1e-9, abs=1e-12 * scale), found.metric
        assert found.mean.compared == apart.notna().mean(), found.metric
        if there.sum() < 20:
            assert math.isnan(found.mean.se) and math.isnan(found.mean.low), found.metric
            continue
        ends = scipy.stats.t.interval(0.95, there.sum() - 1, middle, se) if se > 0 else (middle, middle)
        assert (found.mean.low, found.mean.high) == pytest.approx(ends, rel=1e-6, abs=1e-12 * scale), found.metric
        assert found.mean.se == pytest.approx(se, rel=1e-6, abs=1e-12 * scale), found.metric
        checked += 1
    assert checked > 30


def test_undefined_draws_are_left_out(pair: Pair) -> None:
    """A rate of return exists in some draws only: the difference is of those in which both have one."""
    found = one(pair, "project_irr")
    assert 0.3 < found.mean.compared < min(found.a.share_defined, found.b.share_defined) < 0.9


def test_a_tail_without_draws_is_not_paired(pair: Pair) -> None:
    """The mean of the worst 5 % is a difference of two numbers, and says that it is not paired."""
    found = one(pair, "project_npv_cvar5_usd")
    assert not found.paired and found.mean.difference == found.b.mean - found.a.mean < 0
    row = row_of(tables(Comparison((pair,), ()))[0], "project_npv_cvar5_usd")
    assert (row["paired"], row["not_paired_because"]) == ("no", "the draws of this metric are not kept in both")


def test_pairing_narrows_the_interval(runs: dict[str, Path], pair: Pair) -> None:
    """Common random numbers make the standard error of a 5 % dearer project many times smaller."""
    alone = [runs[name] / "summary.csv" for name in ("base", "dear")]
    text_files = [text(path.with_name("alone.csv"), path.read_text("utf-8")) for path in alone]
    apart = one(compare(text_files).pairs[0], "project_npv_usd")
    se = [float(summary_of(runs[name])["se"]["project_npv_usd"]) for name in ("base", "dear")]
    assert not apart.paired and apart.mean.se == pytest.approx(math.hypot(*se), rel=1e-9)
    half = 1.959963984540054 * math.hypot(*se)
    assert apart.mean.high - apart.mean.low == pytest.approx(2 * half, rel=1e-9)
    assert apart.mean.difference == pytest.approx(one(pair, "project_npv_usd").mean.difference, rel=1e-6)
    assert apart.mean.se / one(pair, "project_npv_usd").mean.se > 10


def test_who_is_better(runs: dict[str, Path], pair: Pair) -> None:
    """Shares of draws in which B is better or equal are those that pandas counts, never being worst."""
    a, b = draws_of(runs["base"]), draws_of(runs["dear"])
    seen = set()
    for found in pair.differences:
        way = DIRECTIONS.get(found.metric, -1 if found.metric.startswith("loss_share_of_") else 0)
        if found.metric not in a or way == 0:
            assert math.isnan(found.contest.better) and math.isnan(found.contest.equal), found.metric
            continue
        both = a[found.metric].notna() & b[found.metric].notna()
        x, y = (way * frame[found.metric][both].to_numpy() for frame in (a, b))
        equal = (x == y) | np.isclose(x, y, rtol=1e-9, atol=0.0)
        assert found.contest.equal == equal.mean(), found.metric
        assert found.contest.better == ((y > x) & ~equal).mean(), found.metric
        seen.add(0.0 < found.contest.better < 1.0)
    assert seen == {True, False}
    assert one(pair, "project_npv_usd").contest.better < 0.01


def test_who_pays_back(runs: dict[str, Path], pair: Pair) -> None:
    """The table of who pays, medians and the difference of the shares are those of pandas."""
    a, b = draws_of(runs["base"]), draws_of(runs["dear"])
    for metric in ("project_payback_years", "equity_payback_years", "project_payback_nominal_years"):
        found, x, y = time(pair, metric), np.isfinite(a[metric]), np.isfinite(b[metric])
        assert found.meeting is not None
        shares = (found.meeting.both, found.meeting.only_a, found.meeting.only_b, found.meeting.neither)
        assert shares == ((x & y).mean(), (x & ~y).mean(), (~x & y).mean(), (~x & ~y).mean())
        assert (found.reached_a, found.reached_b) == (x.mean(), y.mean())
        assert found.meeting.median_difference == (b[metric] - a[metric])[x & y].median() > 0
        assert found.meeting.draws_both == (x & y).sum()
        means = (y.astype(float) - x.astype(float)).groupby(np.arange(DRAWS) // 256).mean()
        assert found.meeting.reached.se == pytest.approx(means.std() / math.sqrt(len(means)), rel=1e-9)
        assert found.median_a == summary_of(runs["base"]).loc[metric, "p50"]
    assert time(pair, "project_payback_years").meeting.only_a > 0  # type: ignore[union-attr]


def test_inputs_that_differ(runs: dict[str, Path], pair: Pair) -> None:
    """The inputs that differ are those that were set, with both values."""
    assert pair.inputs is not None
    wanted = {key: (value / 1.05, value) for key, value in dearer(read(BASE))}
    assert {change.path for change in pair.inputs} == wanted.keys()
    for change in pair.inputs:
        assert (change.before, change.after) == pytest.approx(wanted[change.path])
    rows = tables(Comparison((pair,), ()))[2].rows
    assert ("base", "dear", "costs.items.plant.amount_million", 2500, 2625.0) in rows


def test_swapped_sides_turn_every_sign(runs: dict[str, Path], pair: Pair) -> None:
    """B against A is A against B with the opposite sign, and who is better changes places."""
    turned = compare([runs["dear"], runs["base"]]).pairs[0]
    assert len(turned.differences) == len(pair.differences)
    for here, there in zip(pair.differences, turned.differences, strict=True):
        assert (here.metric, here.a, here.b) == (there.metric, there.b, there.a)
        ends = (-there.mean.difference, there.mean.se, -there.mean.high, -there.mean.low)
        mine = (here.mean.difference, here.mean.se, here.mean.low, here.mean.high)
        assert mine == pytest.approx(ends, nan_ok=True, rel=1e-12)
        for point in ("p10", "p50", "p90"):
            assert here.point(point) == pytest.approx(-there.point(point), nan_ok=True, rel=1e-12)
        if not math.isnan(here.contest.equal):
            worse = 1.0 - there.contest.better - there.contest.equal
            assert here.contest.equal == there.contest.equal
            assert here.contest.better == pytest.approx(worse, abs=1e-12)
    for mine_, theirs in zip(pair.times, turned.times, strict=True):
        assert mine_.meeting is not None and theirs.meeting is not None
        assert (mine_.meeting.only_a, mine_.meeting.both) == (theirs.meeting.only_b, theirs.meeting.both)
        assert mine_.meeting.median_difference == pytest.approx(-theirs.meeting.median_difference, nan_ok=True)


def test_a_run_against_itself(runs: dict[str, Path]) -> None:
    """Every difference is zero, every draw equal, and no input differs."""
    same = compare([runs["base"], runs["base"]]).pairs[0]
    assert (same.a.label, same.b.label, same.inputs, same.notes) == ("base", "base (2)", (), ())
    for found in same.differences:
        if not math.isnan(found.mean.difference):
            assert found.mean.difference == 0.0, found.metric
            assert not found.mean.se > 0.0, found.metric
        if not math.isnan(found.contest.equal):
            assert (found.contest.better, found.contest.equal) == (0.0, 1.0), found.metric
    assert one(same, "project_npv_usd").contest.equal == 1.0
    npv = one(same, "project_npv_usd").mean
    assert npv == Estimate(0.0, 0.0, 0.0, 0.0, 1.0, npv.mean_a, npv.mean_a)
    assert npv.mean_a == pytest.approx(one(same, "project_npv_usd").a.mean, rel=1e-9)


def test_several_against_the_first(runs: dict[str, Path]) -> None:
    """Each result is compared with the first, under letters and labels of its own."""
    made = compare([runs["base"], runs["dear"], runs["seed"]])
    told = [(pair.a.letter, pair.a.label, pair.b.letter, pair.b.label, pair.paired) for pair in made.pairs]
    assert told == [("A", "base", "B", "dear", True), ("A", "base", "C", "seed", False)]
    table = tables(made)[0]
    assert len(table.rows) == sum(len(pair.differences) for pair in made.pairs)


# --- not paired, and why ------------------------------------------------------------------------------------------


def test_why_runs_are_not_paired(runs: dict[str, Path], tmp_path: Path) -> None:
    """Every reason is said, and the intervals then come from the standard errors of both."""
    kept = copied(runs["dear"], tmp_path / "kept", draws_kept=256)
    bare = copied(runs["dear"], tmp_path / "bare")
    (bare / "draws.parquet").unlink()
    broken = copied(runs["dear"], tmp_path / "broken")
    (broken / "draws.parquet").write_bytes(b"PAR1 junk PAR1")
    short = copied(runs["dear"], tmp_path / "short")
    shutil.copy(runs["few"] / "draws.parquet", short)
    apart = text(tmp_path / "apart.csv", (runs["dear"] / "summary.csv").read_text("utf-8"))
    for other, why in (
        (runs["seed"], "the seeds differ (1 and 2)"),
        (runs["few"], "the numbers of draws differ (5,120 and 512)"),
        (kept, "of kept only the first 256 of 5,120 draws are kept"),
        (bare, "there is no draws.parquet in bare"),
        (broken, "the draws.parquet of broken cannot be read"),
        (short, "the draws.parquet of short holds 512 draws, its manifest 5,120"),
        (apart, "apart stands without the manifest of its run"),
    ):
        label = other.stem
        named = [copied(runs["base"], tmp_path / f"a_{label}", name="a"), other]
        if other.is_dir():
            named[1] = copied(other, tmp_path / "b" / label, name=label)
        found = compare(named).pairs[0]
        assert found.unpaired == why and not found.paired
        npv = one(found, "project_npv_usd")
        assert npv.paired is False and math.isnan(npv.contest.better)
        assert npv.mean.se == pytest.approx(math.hypot(npv.a.se, npv.b.se), rel=1e-12, nan_ok=True)
        assert math.isnan(npv.mean.se) == (label == "few")
        paid = time(found, "project_payback_years")
        assert paid.meeting is None and paid.reached_b == npv_share(other, "project_payback_years")
        assert {row_of(tables(Comparison((found,), ()))[i], "project_payback_years")["paired"] for i in (0, 1)} == {
            "no"
        }


def npv_share(place: Path, metric: str) -> float:
    """Return the share of draws in which a metric is defined, as the summary says."""
    file = place / "summary.csv" if place.is_dir() else place
    return float(pd.read_csv(file, index_col="metric")["share_defined"][metric])


def test_few_draws_have_no_interval(runs: dict[str, Path]) -> None:
    """Two replicates are paired, but too few for a standard error."""
    found = one(compare([runs["few"], runs["few"]]).pairs[0], "project_npv_usd")
    assert found.paired and found.mean.difference == 0.0 and math.isnan(found.mean.se) and math.isnan(found.mean.low)
    assert found.contest.equal == 1.0


def test_a_summary_in_its_folder_is_the_run(runs: dict[str, Path], pair: Pair) -> None:
    """The path of a summary.csv serves like its folder."""
    found = compare([runs["base"] / "summary.csv", runs["dear"] / "summary.csv"]).pairs[0]
    assert found.paired and found.a.label == pair.a.label
    assert str(found.differences) == str(pair.differences)  # as text, for NaN is not NaN


def test_a_changed_summary_stands_alone(runs: dict[str, Path], tmp_path: Path) -> None:
    """A summary with other bytes than its manifest says is warned of and not paired."""
    folder = copied(runs["dear"], tmp_path / "dear")
    file = folder / "summary.csv"
    file.write_text(file.read_text("utf-8").replace("paid_back,share,0.0", "paid_back,share,0.1", 1), "utf-8")
    for given in (folder, file):
        found = compare([runs["base"], given]).pairs[0]
        assert found.unpaired.endswith("has a summary.csv that was changed after the run")
        assert found.notes == (f"{file} was changed after the run: its bytes are not those of the manifest.",)
        assert found.inputs is None
        assert one(found, "paid_back").b.mean > 0.1


def test_what_to_know_of_two_runs(runs: dict[str, Path], tmp_path: Path) -> None:
    """Versions, horizons, start years and definitions that differ are named."""
    scenario = yaml.safe_load((runs["dear"] / "manifest.yaml").read_text("utf-8"))["scenario"]
    scenario["timeline"]["start_year"] = 2030
    changes = {"name": "other", "horizon_years": 60, "versions": {"linkfeasibility": "0.0.1"}, "scenario": scenario}
    other = copied(runs["dear"], tmp_path / "other", **changes)
    base = copied(runs["base"], tmp_path / "base", versions={"linkfeasibility": "0.1.0"}, horizon_years=54)
    assert compare([base, other]).pairs[0].notes == (
        "Made with different versions: linkfeasibility 0.1.0 and 0.0.1; a difference can come from the program.",
        "The horizons differ: 54 years in base, 60 in other; what pays back does so within its own.",
        "The start years differ: 2027 in base, 2030 in other; real money and present values are each of their own "
        "year.",
    )


# --- hand-made CSVs -----------------------------------------------------------------------------------------------


def row_of(table: Any, metric: str) -> dict[str, Any]:
    """Return the row of a metric as a mapping."""
    place = table.columns.index("metric")
    return dict(zip(table.columns, next(row for row in table.rows if row[place] == metric), strict=True))


def test_two_csvs_by_hand(tmp_path: Path) -> None:
    """What is common is compared, with answers worked out by hand; the rest is named."""
    a = text(
        tmp_path / "a.csv",
        HEADER,
        "project_npv_usd,USD,-100,3,-200,-90,10,1,",
        "project_payback_years,years from start,,,20,inf,inf,0.4,",
        "only_here,USD,1,,,,,,",
    )
    b = text(
        tmp_path / "b.csv",
        "metric,unit,mean,se,p50,p90,share_defined,colour",
        "project_npv_usd,USD,-60,4,-90,inf,1,red",
        "project_payback_years,years from start,,,30.5,inf,0.6,blue",
        "other,USD,1,,,,,",
    )
    found = compare([a, b]).pairs[0]
    assert (found.only_a, found.only_b) == (("only_here",), ("other",))
    assert found.notes == (f"{b} has no column p10, definition.", f"Columns of {b} that are not compared: colour.")
    comparison, paybacks, inputs, notes = tables(Comparison((found,), ()))
    assert [row[2] for row in notes.rows] == list(found.caveats) and notes.columns == ("a", "b", "note")
    npv = row_of(comparison, "project_npv_usd")
    assert (npv["difference"], npv["se"], npv["paired"]) == (40.0, 5.0, "no")
    assert (npv["ci_low"], npv["ci_high"]) == pytest.approx((30.20018, 49.79982), abs=1e-5)
    assert (npv["p50_difference"], npv["p90_difference"]) == (0.0, math.inf)
    assert math.isnan(npv["p10_b"]) and math.isnan(npv["p10_difference"]) and math.isnan(npv["p_better"])
    assert npv["better"] == "higher"
    payback = row_of(comparison, "project_payback_years")
    assert payback["p50_difference"] == -math.inf and math.isnan(payback["p90_difference"])
    assert math.isnan(payback["difference"])
    who = row_of(paybacks, "project_payback_years")
    assert (who["p_a"], who["p_b"], who["p50_a"], who["p50_b"]) == (0.4, 0.6, math.inf, 30.5)
    assert who["p_difference"] == pytest.approx(0.2) and math.isnan(who["both"])
    assert inputs.rows == []


def test_csvs_as_spreadsheets_write_them(tmp_path: Path) -> None:
    """Semicolons, decimal commas, a byte-order mark, CRLF, trailing cells and blank lines are read."""
    a = text(tmp_path / "a.csv", HEADER, 'x,USD,1.5,0.5,1e3,-2.25,inf,1,"one, two"')
    b = tmp_path / "b.csv"
    lines = [
        "",
        "metric;unit;mean;se;p10;p50;p90;share_defined;definition;",
        'x;USD;2,5;0,5;1e3;-2,25;inf;1;"a;b";',
        "",
    ]
    b.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    tabs = text(tmp_path / "c.csv", "metric\tmean\tp50", "x\t4\t ")
    found = compare([a, b, tabs])
    first = one(found.pairs[0], "x")
    assert (first.b.mean, first.b.p10, first.b.p50, first.b.p90, first.b.definition) == (
        2.5,
        1e3,
        -2.25,
        math.inf,
        "a;b",
    )
    assert first.mean.difference == 1.0 and first.point("p10") == 0.0 and math.isnan(first.point("p90"))
    second = one(found.pairs[1], "x")
    assert second.mean.difference == 2.5 and math.isnan(second.b.p50) and second.unit == "USD"


def test_the_tables_read_back_as_csv(runs: dict[str, Path], tmp_path: Path) -> None:
    """The written tables have the header and as many rows, with inf for never and blanks for what does not exist."""
    made = tables(compare([runs["base"], runs["dear"]]))
    files = write_tables(made, tmp_path / "csv", "--csv")
    assert [file.name for file in files] == ["comparison.csv", "paybacks.csv", "inputs.csv", "notes.csv"]
    for table, file in zip(made, files, strict=True):
        with file.open(encoding="utf-8", newline="") as handle:
            header, *rows = csv.reader(handle)
        assert tuple(header) == table.columns and len(rows) == len(table.rows)
        assert rows or file.name == "notes.csv"
        assert not any(cell == "nan" for row in rows for cell in row)


# --- small arrays by hand -----------------------------------------------------------------------------------------


def test_contests_by_hand() -> None:
    """Never is worst of times, equal to never; what has no value in one is left out; noise is equal."""
    a = np.array([10.0, 10.0, np.inf, np.inf, np.nan, 10.0])
    b = np.array([9.0, np.inf, np.inf, 5.0, 5.0, 10.0 * (1 + 1e-12)])
    found = contest(a, b, -1)
    assert (found.better, found.equal) == (0.4, 0.4)
    turned = contest(b, a, -1)
    assert turned.better == pytest.approx(0.2)
    assert contest(np.array([1.0, 2.0]), np.array([2.0, 1.0 + 1e-6]), 1).better == 0.5
    assert math.isnan(contest(a, b, 0).better) and math.isnan(contest(a[4:5], b[4:5], 1).equal)


def test_meetings_by_hand() -> None:
    """Who is in time, and the median where both are: between two middle draws their mean."""
    a, b = np.full(256, np.inf), np.full(256, np.inf)
    a[:4], b[:2], b[4] = (10.0, 20.0, 5.0, 6.0), (13.0, 21.0), 7.0
    found = meeting(a, b)
    assert (found.both, found.only_a, found.only_b, found.neither) == (2 / 256, 2 / 256, 1 / 256, 251 / 256)
    assert (found.median_difference, found.draws_both) == (2.0, 2)
    assert found.reached.difference == -1 / 256 and math.isnan(found.reached.se)


def test_estimates_without_common_draws() -> None:
    """Where no draw has both values there is no difference; some replicates without any are left out."""
    nothing = of_pairs(np.full(256, np.nan), np.zeros(256))
    assert math.isnan(nothing.difference) and nothing.compared == 0.0
    a, b = np.zeros(21 * 256), np.repeat(np.arange(21.0), 256)
    a[:256] = np.inf
    found = of_pairs(a, b)
    assert found.difference == 10.5 and found.compared == pytest.approx(20 / 21)
    assert found.se == pytest.approx(np.std(np.arange(1.0, 21.0), ddof=1) / math.sqrt(20))
    assert found.high - found.difference == pytest.approx(2.093024054 * found.se, rel=1e-8)


def test_every_metric_has_a_direction() -> None:
    """A new metric needs a word on which way it is better."""
    assert DIRECTIONS.keys() - {"project_npv_cvar5_usd"} == DEFINITIONS.keys()


@pytest.mark.parametrize("cell", ["1_000", "１", "12 %", "1,5", "--1", "0x10", "1e999", "never", "1 000"])
def test_what_is_no_number(cell: str) -> None:
    """What Python or a person may take for a number, and CSVs do not hold, is refused."""
    assert number(cell) is None


# --- sweeps -------------------------------------------------------------------------------------------------------


def test_cases_by_hand(tmp_path: Path) -> None:
    """Cases are aligned on the axes that both have, wherever their columns and rows stand; the rest is named."""
    a = text(
        tmp_path / "a.csv",
        CASES,
        "1,600,base,-400,3,0.9",
        "2,1000,base,-300,3,0.8",
        "3,600,all_equity,-500,3,1",
    )
    b = text(
        tmp_path / "b.csv",
        "case;financing;link.capacity_mw;market.x;project_payback_years.never;project_npv_usd.mean;project_npv_usd.se;o",
        "7;base;1000,0;3,5;0,5;-280;4;1",
        "8;base;600;3,5;0,9;-400;4;1",
        "9;base;2000;3,5;0,1;-1;4;1",
    )
    found = compare([a, b]).cases[0]
    assert found.axes == ("link.capacity_mw", "financing") and found.places == ((600.0, "base"), (1000.0, "base"))
    assert (found.only_a, found.only_b) == (((600.0, "all_equity"),), ((2000.0, "base"),))
    table = tables(Comparison((), (found,)))[0]
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    npv = next(row for row in rows if row["metric"] == "project_npv_usd" and row["link.capacity_mw"] == 1000.0)
    assert (npv["financing"], npv["mean_a"], npv["mean_b"], npv["difference"]) == ("base", -300.0, -280.0, 20.0)
    assert (npv["se"], npv["ci_low"], npv["ci_high"]) == pytest.approx((5.0, 10.20018, 29.79982), abs=1e-5)
    never = next(row for row in rows if row["metric"] == "project_payback_years" and row["link.capacity_mw"] == 1000.0)
    assert never["never_difference"] == pytest.approx(-0.3) and never["unit"] == "years from start"
    assert (npv["paired"], npv["not_paired_because"]) == ("no", "a has no means of replicates beside its cases")
    assert found.notes == (
        f"Columns of {b} that are not compared: o.",
        "b holds market.x at 3.5; the other does not name it.",
    )


def test_a_sweep_folder(tmp_path: Path) -> None:
    """The manifest of a sweep says which columns are axes, also one that looks like a figure."""
    rows = ["case,price.mean,project_npv_usd.mean,project_npv_usd.se", "1,10,-5,1", "2,20,-3,1"]
    for name, seed in (("one", 1), ("two", 1)):
        (tmp_path / name).mkdir()
        file = text(tmp_path / name / "cases.csv", *rows)
        manifest = {"kind": "sweep", "name": "s", "seed": seed, "draws": 256, "axes": {"price.mean": [10, 20]}}
        manifest["files_sha256"] = {"cases.csv": hashlib.sha256(file.read_bytes()).hexdigest()}
        (tmp_path / name / "manifest.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False), "utf-8")
    found = compare([tmp_path / "one", tmp_path / "two" / "cases.csv"]).cases[0]
    assert found.axes == ("price.mean",) and found.places == ((10.0,), (20.0,))
    assert found.unpaired == "one has no means of replicates beside its cases"
    assert (found.a.label, found.b.label, found.notes) == ("one", "two", ())
    manifest_file = tmp_path / "two" / "manifest.yaml"
    text(manifest_file, manifest_file.read_text("utf-8").partition("files_sha256")[0])
    assert complaint(tmp_path / "one", tmp_path / "two") == [
        "two/manifest.yaml: the sweep is not finished: its manifest.yaml lists no hash of cases.csv; "
        "finish the sweep first"
    ]


CASE_FAULTS: list[tuple[Sequence[str], str]] = [
    (
        ["case,other,project_npv_usd.mean", "1,2,3"],
        "b.csv:1: has no axis in common with {a}: it has other; the other has link.capacity_mw, financing; "
        "compare sweeps over the same inputs",
    ),
    (
        ["case,financing,lcoe_usd_per_mwh.mean", "1,base,3"],
        "b.csv:1: has no figure in common with {a}: it has lcoe_usd_per_mwh.mean; the other has "
        "project_npv_usd.mean, project_npv_usd.se, project_payback_years.never; "
        "ask both sweeps for the same metrics",
    ),
    (
        ["case,link.capacity_mw,financing,x,project_npv_usd.mean", "1,600,base,1,3", "2,600,base,2,3"],
        "b.csv:1: x: the axis has 2 values here and is not in {a}; keep the rows of one value",
    ),
    (
        ["case,link.capacity_mw,financing,project_npv_usd.mean", "1,600,base,3", "2,600.0,base,3"],
        "b.csv:3: link.capacity_mw 600, financing base is there twice, first on line 2; keep one of the two rows",
    ),
    (
        ["case,link.capacity_mw,financing,project_npv_usd.mean", "1,7,base,3"],
        "b.csv: has no case in common with {a} on link.capacity_mw, financing; sweep over values that both have",
    ),
    (
        ["case,link.capacity_mw,financing,project_npv_usd.mean"],
        "b.csv:1: there is no case; name the results of a finished sweep",
    ),
    (
        ["case,link.capacity_mw,financing,project_npv_usd.mean", "1,600,base,much"],
        "b.csv:2: project_npv_usd.mean: 'much' is no number; write a number, inf for never, or leave the cell blank",
    ),
    (
        [HEADER, "project_npv_usd,USD,1,,,,,,"],
        "b.csv: is a run, and {a} is a sweep; compare runs with runs, sweeps with sweeps",
    ),
]


@pytest.mark.parametrize("number_", range(len(CASE_FAULTS)))
def test_cases_that_cannot_be_compared(number_: int, tmp_path: Path) -> None:
    """Each fault of a cases.csv has its place and its cure."""
    lines, message = CASE_FAULTS[number_]
    a = text(tmp_path / "a.csv", CASES, "1,600,base,-400,3,0.9")
    assert complaint(a, text(tmp_path / "b.csv", *lines)) == [message.format(a="a.csv")]


# --- bad inputs ---------------------------------------------------------------------------------------------------

GOOD = "project_npv_usd,USD,-100,3,-200,-90,10,1,"
FAULTS: dict[str, tuple[bytes, list[str]]] = {
    "empty": (b"", ["b.csv: the file is empty; name the results of a finished run"]),
    "blank": (b"\n \n", ["b.csv: the file is empty; name the results of a finished run"]),
    "parquet": (b"PAR1abc", ["b.csv: is a parquet file, no CSV; name the results folder, or the summary.csv in it"]),
    "binary": (b"a\0b", ["b.csv: is no text: it holds bytes of zero; save it as a CSV in UTF-8"]),
    "utf16": ("metric".encode("utf-16"), ["b.csv: is no text in UTF-8; save it as a CSV in UTF-8"]),
    "latin": (b"metric,mean\nx,1\n\xe9,2\n", ["b.csv:3: is no text in UTF-8; save it as a CSV in UTF-8"]),
    "no metric": (
        b"\nname,mean\nx,1\n",
        [
            "b.csv:2: there is no column metric; it has name, mean; "
            "name the summary.csv of a run or the cases.csv of a sweep"
        ],
    ),
    "no row": (
        b"metric,mean\n",
        [
            "b.csv:1: there is no row of figures; it has metric, mean; "
            "name the summary.csv of a run or the cases.csv of a sweep"
        ],
    ),
    "no figure": (
        b"metric,unit,p25\nproject_npv_usd,USD,1\n",
        ["b.csv:1: there is no column mean, p10, p50 or p90; it has metric, unit, p25; keep at least one of them"],
    ),
    "no number": (
        b"metric,mean,p50\nproject_npv_usd,1,2\nx,n/a,many\n",
        [
            f"b.csv:3: {column}: '{cell}' is no number; write a number, inf for never, or leave the cell blank"
            for column, cell in (("mean", "n/a"), ("p50", "many"))
        ],
    ),
    "thousands": (
        b'metric,mean\nproject_npv_usd,"1,000.5"\n',
        [
            "b.csv:2: mean: '1,000.5' is no number; write it without separators of thousands; "
            "the decimals of this file begin with a point"
        ],
    ),
    "thousands of Germany": (
        b"metric;mean;p50\nproject_npv_usd;1.000,5;2,5\n",
        [
            "b.csv:2: mean: '1.000,5' is no number; write it without separators of thousands; "
            "the decimals of this file begin with a comma"
        ],
    ),
    "short row": (
        b"metric,mean,p50\nproject_npv_usd,1\n",
        ["b.csv:2: the row has 2 cells, the header 3; take the CSV as the program wrote it"],
    ),
    "long row": (
        b"metric,mean\nproject_npv_usd,1,2\n",
        ["b.csv:2: the row has 3 cells, the header 2; take the CSV as the program wrote it"],
    ),
    "open quote": (
        b'metric,mean\n"project_npv_usd,1\n',
        ["b.csv:2: is no CSV: unexpected end of data; take the CSV as the program wrote it"],
    ),
    "column twice": (
        b"metric,mean,mean\nproject_npv_usd,1,2\n",
        ["b.csv:1: mean: the column is there twice; keep one of them"],
    ),
    "column without a name": (
        b"metric,,mean\nproject_npv_usd,1,2\n",
        ["b.csv:1: column 2 has no name; take the CSV as the program wrote it"],
    ),
    "metric twice": (
        b"metric,mean\nproject_npv_usd,1\nproject_npv_usd,2\n,3\n",
        [
            "b.csv:3: metric: 'project_npv_usd' is there twice, first on line 2; keep one of the two rows",
            "b.csv:4: metric: the row names no metric; take the CSV as the program wrote it",
        ],
    ),
    "other units": (
        b"metric,unit,mean\nproject_npv_usd,EUR,1\n",
        ["b.csv:2: unit: project_npv_usd is in EUR here and in USD in a.csv:2; bring both to one currency and unit"],
    ),
    "other metrics": (
        b"metric,mean\nsomething,1\n",
        [
            "b.csv: metric: has no metric in common with a.csv: it has something; the other has project_npv_usd; "
            "compare results of the same kind"
        ],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_files_that_cannot_be_compared(name: str, tmp_path: Path) -> None:
    """Each fault of a summary has its place, what is wrong, and its cure."""
    data, messages = FAULTS[name]
    a = text(tmp_path / "a.csv", HEADER, GOOD)
    (tmp_path / "b.csv").write_bytes(data)
    found = complaint(a, tmp_path / "b.csv")
    assert found == [message.replace("{a}", "a.csv") for message in messages]


def test_figures_that_only_one_has(tmp_path: Path) -> None:
    """Both must have one column of figures in common."""
    a, b = text(tmp_path / "a.csv", "metric,mean", "x,1"), text(tmp_path / "b.csv", "metric,p50", "x,1")
    assert complaint(a, b) == [
        "b.csv: has no column of figures in common with a.csv: it has p50; the other has mean; "
        "both need one of mean, p10, p50, p90"
    ]


def test_places_without_results(runs: dict[str, Path], tmp_path: Path) -> None:
    """A missing path, folders that hold no results or half of them, and a manifest are said to be so."""
    good = text(tmp_path / "a.csv", HEADER, GOOD)
    (tmp_path / "empty").mkdir()
    copied(runs["few"], tmp_path / "outer" / "few")
    half = copied(runs["few"], tmp_path / "half")
    (half / "summary.csv").unlink()
    sweep = tmp_path / "sweep"
    sweep.mkdir()
    text(sweep / "manifest.yaml", "kind: sweep", "name: s")
    bad = copied(runs["few"], tmp_path / "bad", seed="one")
    line = next(i for i, row in enumerate((bad / "manifest.yaml").read_text("utf-8").splitlines(), 1) if "seed" in row)
    manifest = runs["few"] / "manifest.yaml"
    for path, message in (
        (tmp_path / "none", "none: there is no such file or folder; check the path; a run writes results/NAME"),
        (
            tmp_path / "empty",
            "empty: the folder holds no results: neither summary.csv nor cases.csv; "
            "name the folder of a run or of a sweep",
        ),
        (
            tmp_path / "outer",
            "outer: the folder holds no results: neither summary.csv nor cases.csv; name one folder in it: few",
        ),
        (
            half,
            "half: the results are not whole: there is a manifest.yaml and no summary.csv; "
            "finish the run or sweep, or run it again",
        ),
        (
            sweep,
            "sweep: the results are not whole: there is a manifest.yaml and no summary.csv or cases.csv; "
            "finish the run or sweep, or run it again",
        ),
        (
            bad,
            f"bad/manifest.yaml:{line}: seed: 'one' is not a whole number; take the manifest as the program wrote it",
        ),
        (manifest, f"{manifest}: is a manifest, no table of results; name its folder, {manifest.parent}"),
    ):
        assert complaint(good, path) == [message]
    with pytest.raises(ScenarioError, match=r"a\.csv: there is nothing to compare it with; name two results or more$"):
        compare([good])


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system says of a file is passed on."""
    good = text(tmp_path / "a.csv", HEADER, GOOD)

    def denied(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    assert complaint(good, good) == ["a.csv: cannot be read: Permission denied; check its permissions"]
