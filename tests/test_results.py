"""What a run leaves behind: files and columns, what the numbers in them must obey, and the safety of the folder."""

from __future__ import annotations

import csv
import errno
import hashlib
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

import sim
from sim.collect import Result
from sim.engine import simulate
from sim.errors import ScenarioError
from sim.results import RunFacts, write
from sim.scenario import from_data, read
from sim.tables import BEARER_COLUMNS, SUMMARY_COLUMNS

SCENARIOS = Path(__file__).parents[1] / "scenarios"
DRAWS = 5_120
"""20 replicates, the least that has standard errors."""
FACTS = RunFacts("2026-10-01T00:00:00+00:00", 1.0, 1)
COLUMNS = {
    "summary.csv": SUMMARY_COLUMNS,
    "payback.csv": ("year", "p_paid_back", "se", "p_paid_back_discounted", "se_discounted", "unpaid", "not_invested"),
    "cashflow.csv": ("period", "year", "line", "unit", "deterministic", "mean", "p10", "p50", "p90"),
    "drivers.csv": ("input", "metric", "rank_correlation"),
    "distributions.csv": ("metric", "from", "to", "share"),
    "regimes.csv": ("year", "regime", "share", "se"),
    "bearers.csv": BEARER_COLUMNS,
}
FLAGS = (
    *("paid_back", "payback_reversed", "npv_positive", "irr_several_roots", "cut_by_horizon"),
    *("missed_payment", "defaulted", "equity_wiped_out", "invested", "abandoned", "seized", "sanctions_save_money"),
    *("pays_with_and_without", "pays_only_without_sanctions", "pays_only_with_sanctions", "pays_in_neither"),
)
TEXTS = ("metric", "unit", "definition", "line", "input", "regime", "party")
"""Columns that hold words."""
NAMES = ["base", "cable_only", "press_claim"]
"""Scenarios that seldom, often and certainly pay back."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the results folders of some scenarios."""
    made = {}
    for name in NAMES:
        made[name] = tmp_path_factory.mktemp(name) / name
        write(simulate(read(SCENARIOS / f"{name}.yaml"), DRAWS, 1), made[name], [], FACTS)
    return made


@pytest.fixture(scope="module")
def small() -> Result:
    """Return the results of one replicate of the base case."""
    return simulate(read(SCENARIOS / "base.yaml"), 256, 1)


def frame(folder: Path, name: str) -> pd.DataFrame:
    """Return a table with its numbers."""
    return pd.read_csv(folder / name)


def manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a results folder."""
    data: dict[str, Any] = yaml.safe_load((folder / "manifest.yaml").read_text("utf-8"))
    return data


def contents(folder: Path) -> dict[str, str]:
    """Return the hash of every file around a results folder, hidden ones too."""
    files = [file for file in folder.parent.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder.parent)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


# --- tables -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_files_and_columns(folders: dict[str, Path], name: str) -> None:
    """The folder holds exactly what README names, each table with its columns."""
    found = {file.name for file in folders[name].iterdir()}
    assert found == {*COLUMNS, "draws.parquet", "manifest.yaml"}
    for table, columns in COLUMNS.items():
        with (folders[name] / table).open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        assert tuple(rows[0]) == columns
        assert {len(row) for row in rows} == {len(columns)}


@pytest.mark.parametrize("name", NAMES)
def test_cells(folders: dict[str, Path], name: str) -> None:
    """Numbers have at most 10 significant digits, never is ``inf``, what does not exist is blank."""
    for table in COLUMNS:
        with (folders[name] / table).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                numbers = {k: v for k, v in row.items() if k not in TEXTS}
                for column, cell in numbers.items():
                    if cell not in ("", "inf"):
                        digits = re.fullmatch(r"-?(\d*\.?\d*)(e[-+]\d+)?", cell)
                        assert digits, (table, column, cell)
                        assert len(digits[1].replace(".", "").lstrip("0")) <= 10, (table, column, cell)


def test_never_is_inf(folders: dict[str, Path]) -> None:
    """Where more than half of all futures never pay back, the median payback is ``inf`` and has no mean."""
    row = frame(folders["base"], "summary.csv").set_index("metric").loc["project_payback_years"]
    assert row["p50"] == row["max"] == math.inf
    assert row[["mean", "sd", "se"]].isna().all()
    assert ",inf," in (folders["base"] / "summary.csv").read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_summary(folders: dict[str, Path], name: str) -> None:
    """Every metric is defined, its percentiles rise between its extremes, its standard error fits its spread."""
    table = frame(folders[name], "summary.csv")
    assert table["metric"].is_unique
    assert table["definition"].str.len().gt(10).all()
    assert table["unit"].str.len().gt(0).all()
    spread = table[table["p50"].notna()][["min", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "max"]].to_numpy()
    assert (spread[:, 1:] >= spread[:, :-1]).all()
    assert table["share_defined"].between(0.0, 1.0).all()
    known = table[table["se"].notna()]
    assert (
        known["se"] <= 3.0 * known["sd"] / np.sqrt(DRAWS * known["share_defined"]) + 1e-6 * known["mean"].abs()
    ).all()


@pytest.mark.parametrize("name", NAMES)
def test_summary_is_that_of_the_draws(folders: dict[str, Path], name: str) -> None:
    """Means, spreads and percentiles are those of the draws beside them."""
    draws = pd.read_parquet(folders[name] / "draws.parquet")
    assert len(draws) == manifest(folders[name])["draws"] == DRAWS
    table = frame(folders[name], "summary.csv").set_index("metric")
    borne = [name for name in draws.columns if name.startswith("change_")]
    own = [name for name in draws.columns if name not in borne]
    assert [*own, "project_npv_cvar5_usd"] == list(table.index)
    bearers = frame(folders[name], "bearers.csv").set_index("party")
    assert [name.removeprefix("change_for_").removeprefix("change_in_") for name in borne] == list(bearers.index)
    for name, party in zip(borne, bearers.index, strict=True):
        assert bearers.loc[party, "mean"] == pytest.approx(draws[name].mean(), rel=1e-9, abs=1e-3)
    for metric in own:
        values, row = draws[metric].to_numpy(), table.loc[metric]
        finite = values[np.isfinite(values)]
        assert row["share_defined"] == pytest.approx(finite.size / DRAWS, abs=1e-9)
        if pd.notna(row["mean"]):
            assert row["mean"] == pytest.approx(finite.mean(), rel=1e-9)
            assert row["sd"] == pytest.approx(finite.std(ddof=1), rel=1e-6, abs=1e-6 * abs(finite.mean()))
        known = values[~np.isnan(values)]
        for share in (10, 50, 90):
            point = np.percentile(known, share, method="inverted_cdf")
            assert row[f"p{share}"] == pytest.approx(point, rel=1e-9), (metric, share)
    worst = np.sort(draws["project_npv_usd"].to_numpy())[: DRAWS // 20].mean()
    assert table.loc["project_npv_cvar5_usd", "mean"] == pytest.approx(worst, rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_payback_curve(folders: dict[str, Path], name: str) -> None:
    """Payback only grows, discounted payback is later, and the three outcomes sum to one in every year."""
    table = frame(folders[name], "payback.csv")
    assert table["year"].tolist() == list(range(len(table)))
    for column in ("p_paid_back", "p_paid_back_discounted"):
        assert (table[column].diff().dropna() >= 0.0).all()
        assert table[column].between(0.0, 1.0).all()
    assert (table["p_paid_back_discounted"] <= table["p_paid_back"]).all()
    sums = table[["p_paid_back", "unpaid", "not_invested"]].sum(axis=1)
    assert np.allclose(sums, 1.0, rtol=0.0, atol=1e-9)
    summary = frame(folders[name], "summary.csv").set_index("metric")
    assert table["p_paid_back"].iloc[-1] == pytest.approx(summary.loc["paid_back", "mean"], abs=1e-9)
    assert table[["se", "se_discounted"]].notna().all(axis=None)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("column", ["deterministic", "mean"])
def test_cash_flow(folders: dict[str, Path], name: str, column: str) -> None:
    """Net is EBITDA less tax and capex, and cumulative lines are the running sums, row by row."""
    table = frame(folders[name], "cashflow.csv").pivot(index="period", columns="line", values=column)
    income = table[["revenue_merchant", "revenue_ppa", "revenue_capacity", "salvage"]].sum(axis=1)
    costs = ["supply_cost", "charges", "operating_cost", "replacements", "decommissioning"]
    small = 1e-9 * float(table["net"].abs().max())
    assert np.allclose(table["ebitda"], income - table[costs].sum(axis=1), rtol=1e-9, atol=small)
    assert np.allclose(table["net"], table["ebitda"] - table["tax"] - table["capex"], rtol=1e-9, atol=small)
    for line in ("net", "net_real", "net_present"):
        assert np.allclose(table[line.replace("net", "cumulative_net")], table[line].cumsum(), rtol=1e-9, atol=small)
    sizes = ["energy_sent_mwh", "energy_delivered_mwh", "revenue_merchant", "capex", *costs]
    assert (table[sizes] >= 0.0).all(axis=None)
    assert (table["energy_delivered_mwh"] <= table["energy_sent_mwh"]).all()


def test_cash_flow_and_summary_agree(folders: dict[str, Path]) -> None:
    """The last mean cumulative present value is the mean NPV, the lenders' one the deterministic NPV."""
    table = frame(folders["base"], "cashflow.csv")
    last = table[table["line"] == "cumulative_net_present"].iloc[-1]
    npv = frame(folders["base"], "summary.csv").set_index("metric").loc["project_npv_usd"]
    assert last["mean"] == pytest.approx(npv["mean"], rel=1e-9)
    assert last["deterministic"] == pytest.approx(npv["deterministic"], rel=1e-9)


def test_drivers(folders: dict[str, Path]) -> None:
    """Correlations lie in [-1, 1], strongest on each metric first; blank where few draws have the metric."""
    table = frame(folders["base"], "drivers.csv")
    shares = frame(folders["base"], "summary.csv").set_index("metric")["share_defined"]
    rates = ("project_irr", "dscr_min", "lcoe_usd_per_mwh")  # of what is finished, or has debt service
    assert all(shares[name] < 0.95 for name in rates)
    few = table["metric"].isin(rates)
    assert table["rank_correlation"].isna().equals(few)
    table = table[~few]
    assert table["rank_correlation"].between(-1.0, 1.0).all()
    for _, part in table.groupby("metric"):
        assert (part["rank_correlation"].abs().diff().dropna() <= 0.0).all()
    by_name = table.set_index(["input", "metric"])["rank_correlation"]
    assert by_name["costs.items.plant.overrun", "project_npv_usd"] < 0.0
    assert by_name["sanctions.rates.sectoral.full", "project_npv_usd"] > 0.1, "what is not built loses nothing"
    assert frame(folders["press_claim"], "drivers.csv").empty


@pytest.mark.parametrize("name", NAMES)
def test_distributions(folders: dict[str, Path], name: str) -> None:
    """Bins follow each other, 0 and 1 have a row each, and the shares, never and blank included, sum to 1."""
    table, draws = frame(folders[name], "distributions.csv"), pd.read_parquet(folders[name] / "draws.parquet")
    assert set(table["metric"]) <= set(draws.columns)
    for metric, part in table.groupby("metric"):
        values = draws[str(metric)]
        assert part["share"].sum() == pytest.approx(1.0, abs=1e-8)
        assert part[part["from"].isna()]["share"].sum() == pytest.approx(values.isna().mean(), abs=1e-8)
        two = part["from"].tolist() == part["to"].tolist() == [0.0, 1.0]
        assert two or str(metric) not in FLAGS
        if two:
            assert set(values) <= {0.0, 1.0}
            assert part["share"].iloc[1] == pytest.approx(values.mean(), abs=1e-8)
            continue
        finite = part[np.isfinite(part["to"])]
        assert (finite["to"] >= finite["from"]).all()
        assert np.array_equal(finite["from"].to_numpy()[1:], finite["to"].to_numpy()[:-1])


def test_few_draws_have_no_standard_error(small: Result, tmp_path: Path) -> None:
    """Below 20 replicates the standard errors are blank."""
    write(small, tmp_path / "base", [], FACTS)
    assert frame(tmp_path / "base", "summary.csv")["se"].isna().all()
    assert frame(tmp_path / "base", "payback.csv")["se"].isna().all()


# --- manifest -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_manifest_repeats_the_run(folders: dict[str, Path], name: str, tmp_path: Path) -> None:
    """Simulating the scenario block with its seed and draws gives the same bytes, also by way of a file."""
    facts = manifest(folders[name])
    file = tmp_path / f"{facts['name']}.yaml"
    file.write_text(yaml.safe_dump(facts["scenario"], allow_unicode=True, sort_keys=False), encoding="utf-8")
    for i, spec in enumerate((from_data(facts["name"], facts["scenario"]), read(file))):
        assert spec.digest == facts["scenario_sha256"]
        again = tmp_path / str(i) / name
        write(simulate(spec, facts["draws"], facts["seed"]), again, [], FACTS)
        for table in COLUMNS:
            assert (again / table).read_bytes() == (folders[name] / table).read_bytes(), table


def test_the_manifest_knows_its_files(folders: dict[str, Path]) -> None:
    """The hashes in the manifest are those of the files, all tables among them."""
    facts = manifest(folders["base"])
    assert set(facts["files_sha256"]) >= set(COLUMNS)
    for name, digest in facts["files_sha256"].items():
        assert hashlib.sha256((folders["base"] / name).read_bytes()).hexdigest() == digest
    assert facts["run"] == {"date": FACTS.date, "seconds": FACTS.seconds, "workers": FACTS.workers}
    assert facts["versions"]["linkfeasibility"] == sim.__version__


def test_the_manifest_names_overrides(tmp_path: Path) -> None:
    """What was changed stands beside the scenario that came of it."""
    overrides: list[tuple[str, Any]] = [("link.capacity_mw", 600), ("timeline.sea_work", None)]
    spec = read(SCENARIOS / "base.yaml", overrides)
    write(simulate(spec, 256, 1), tmp_path / "base", overrides, FACTS)
    facts = manifest(tmp_path / "base")
    assert facts["overrides"] == dict(overrides)
    assert "sea_work" not in facts["scenario"]["timeline"]


# --- the folder ---------------------------------------------------------------------------------------------------


def full(*arguments: object, **named: object) -> None:
    """Fail as a full disk does."""
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("step", ["_write_csv", "_write_draws", "_write_manifest", "_swap"])
def test_a_failing_write_leaves_the_older_folder(
    small: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whatever step fails, the older results are whole, nothing else is left, and the user is told where and why."""
    folder = tmp_path / "base"
    write(small, folder, [], FACTS)
    before = contents(folder)
    monkeypatch.setattr(f"sim.results.{step}", full)
    with pytest.raises(ScenarioError, match="cannot write results: No space left") as caught:
        write(simulate(read(SCENARIOS / "base.yaml"), 256, 2), folder, [], FACTS)
    assert caught.value.problems[0].where == str(folder)
    assert contents(folder) == before


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "Permission denied"), KeyboardInterrupt()])
def test_a_failing_swap_puts_the_older_folder_back(
    small: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """Where the new folder cannot take its place after the older one has left it, the older one returns."""
    folder = tmp_path / "base"
    write(small, folder, [], FACTS)
    before = contents(folder)
    rename, calls = Path.rename, []

    def second_fails(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) == 2:
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises((ScenarioError, KeyboardInterrupt)):
        write(small, folder, [], FACTS)
    assert contents(folder) == before


def test_a_failing_first_write_leaves_nothing(small: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without older results a failing write leaves no folder behind."""
    monkeypatch.setattr("sim.results._write_manifest", full)
    with pytest.raises(ScenarioError):
        write(small, tmp_path / "base", [], FACTS)
    assert not list(tmp_path.iterdir())


def test_a_rerun_replaces(small: Result, tmp_path: Path) -> None:
    """A new run takes the place of the older one, files that it does not write included."""
    folder = tmp_path / "base"
    write(small, folder, [], FACTS, keep_draws=True)
    assert (folder / "draws.csv").exists()
    _, files = write(small, folder, [], FACTS)
    assert sorted(folder.iterdir()) == files
    assert {file.name for file in files} == {*COLUMNS, "draws.parquet", "manifest.yaml"}
    assert [path.name for path in tmp_path.iterdir()] == ["base"]


# --- the Python face ----------------------------------------------------------------------------------------------


def test_a_run_in_python_has_the_same_tables(tmp_path: Path) -> None:
    """``sim.run`` gives as data frames what the files hold, and shows itself as a table in a notebook."""
    made = sim.run(SCENARIOS / "base.yaml", set={"link.capacity_mw": 600}, draws=256, seed=3)
    write(made.result, tmp_path / "base", [], FACTS)
    named = {name: getattr(made, name) for name in ("summary", "payback", "drivers", "regimes", "bearers")}
    for name, table in named.items():
        index = table.index.name
        written = frame(tmp_path / "base", f"{name}.csv")
        pd.testing.assert_frame_equal(
            written.set_index(index) if index else written, table, check_dtype=False, rtol=1e-9
        )
    assert len(made.draws) == 256
    assert made.result.spec.leaves["link.capacity_mw"].dist.lower == 600.0
    calm = sim.run(SCENARIOS / "base.yaml", set={"sanctions": None, "timeline.decision": None}, draws=256)
    assert calm.regimes.empty and calm.bearers.empty
    page = made._repr_html_()
    assert "<table" in page and "project_npv_usd" in page


def test_python_raises_the_one_error() -> None:
    """A bad key raises `sim.ScenarioError`, which lists the problems."""
    with pytest.raises(sim.ScenarioError, match="did you mean capacity_mw") as caught:
        sim.run(SCENARIOS / "base.yaml", set={"link.capacity_mv": 600})
    assert len(caught.value.problems) == 1
