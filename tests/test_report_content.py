"""What a page says of a folder: every figure is that of its CSV, and what is not there is said and does no harm."""

from __future__ import annotations

import csv
import math
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.cli import main
from sim.errors import ScenarioError
from sim.report.html import charts
from sim.report.html.assumptions import COLUMNS
from sim.report.html.content import Card, Figure, Page, Section, View
from sim.report.html.content_numbers import ASSUMED, DATED, DEFAULT, SOURCED, UNSOURCED
from sim.report.html.folder import read_folders
from sim.report.html.run_page import page_of
from sim.report.html.sheets import TEXTS
from sim.report.names import input_name, party

MINUS = "−"
SCALES = {
    "bn USD": 1e9,
    "million USD": 1e6,
    "USD": 1.0,
    "million USD a year": 1e6,
    "%": 0.01,
    "% a year": 0.01,
    "TWh/year": 1e6,
    "times": 1.0,
    "years": 1.0,
    "USD/MWh": 1.0,
    "bn USD a year": 1e9,
}
POINTS = {"P10": "p10", "P50": "p50", "P90": "p90", "Mean": "mean", "Lenders' case": "deterministic"}
RUNS = {
    "base": ("base", "5120"),
    "press_claim": ("press_claim", "256"),
    "few": ("base", "256"),
    "unfinanced": ("base", "256", "--set", "financing=null"),
    "calm": ("base", "256", "--set", "sanctions=null", "--set", "timeline.decision=null"),
    "quarters": ("base", "256", "--set", "timeline.periods_per_year=4"),
}


DRAWN = ("test_sections_come_in_their_order", "test_only_the_summary_is_left", "test_a_sweep")
"""Tests that draw the charts, too, which takes longer than all the rest of a page."""


@pytest.fixture(autouse=True)
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the charts away but where they are part of a test."""
    for name in charts.__all__ if request.node.name not in DRAWN else ():
        monkeypatch.setattr(charts, name, lambda *_, name=name: Figure(name, name, "", None, None, "not drawn"))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a folder of results for each of `RUNS`, a sweep with failed cases, and comparisons."""
    out = tmp_path_factory.mktemp("content")
    for name, (scenario, draws, *more) in RUNS.items():
        assert main(["run", scenario, "--draws", draws, *more, "--out", str(out / name), "--quiet"]) == 0
        next((out / name).iterdir()).rename(out / f"{name}_")
        (out / name).rmdir()
        (out / f"{name}_").rename(out / name)
    vary = ["--vary", "market.price_ratio=2,5", "--vary", "costs.items.*.amount_million=x0.5,x2"]
    common = ["--draws", "256", "--workers", "1", "--quiet"]
    assert main(["sweep", "base", *vary, *common, "--out", str(out), "--name", "sweep"]) == 1
    pair = [str(out / "few"), str(out / "calm")]
    assert main(["compare", *pair, "--csv", str(out / "comparison")]) == 0
    assert main(["compare", str(out / "sweep"), str(out / "sweep"), "--csv", str(out / "cases")]) == 0
    parts = ["explain", "sanctions/none", "base", "--csv", str(out / "few"), *common]
    assert main(parts) == 0
    return out


@pytest.fixture
def copy(out: Path, tmp_path: Path) -> Path:
    """Return a copy of a run that may be spoilt."""
    return Path(shutil.copytree(out / "few", tmp_path / "few"))


def page(*folders: Path) -> Page:
    """Return the page of some folders, after a look at its shape: tables are whole, ids are used once."""
    made = page_of(read_folders(folders))
    ids = [section.id for section in made.sections]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-z][a-z0-9_]*", one) for one in ids)
    for _, view in tables(made):
        assert len(view.columns) == len(view.numeric) and all(len(row) == len(view.columns) for row in view.rows)
        assert all(isinstance(cell, str) for row in view.rows for cell in row)
        assert len(view.sparks) in (0, len(view.rows))
    said = [text for text in texts(made) if not re.search("cannot be used: line", text)]  # which quotes a cell
    assert not [text for text in said if re.search(r"\bnan\b|\binf\b|None|\{\}", text)]
    return made


def tables(made: Page) -> Iterator[tuple[str, View]]:
    """Yield the tables of all sections with their headings."""
    for part in made.sections:
        yield from part.tables


def texts(made: Page) -> list[str]:
    """Return all sentences of a page."""
    cards = [text for card in made.verdict for text in (card.label, card.value, card.remark)]
    words = [text for part in made.sections for text in part.words if part.id != "assumptions"]
    return [made.title, made.subtitle, *cards, *made.words, *made.caveats, *made.notes, *words]


def section(made: Page, name: str) -> Section:
    """Return a section by its id."""
    return next(part for part in made.sections if part.id == name)


def card(made: Page, label: str) -> Card:
    """Return a card by its label."""
    return next(one for one in made.verdict if one.label == label)


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV, as text."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def metric(folder: Path, name: str, column: str = "mean") -> float:
    """Return a figure of a summary."""
    found = {row["metric"]: row for row in rows(folder / "summary.csv")}
    return float(found[name][column] or "nan")


def percent(value: float) -> str:
    """Return a share as the page writes it."""
    return f"{100 * value:.1f} %" if 0 < value < 1 else f"{100 * value:.0f} %"


def billions(value: float) -> str:
    """Return an amount beyond half a billion as the page writes it."""
    return f"{value / 1e9:.1f} bn USD".replace("-", MINUS)


def close(text: str, unit: str, value: float) -> bool:
    """Say whether a text is a number to its own precision."""
    if text in ("–", "never"):
        return math.isnan(value) if text == "–" else value == math.inf
    text = text.replace(",", "").replace(MINUS, "-").replace("+", "")
    half = 0.5 * 10.0 ** -len(text.partition(".")[2])
    return abs(float(text) - value / SCALES[unit]) <= half * (1 + 1e-6)


# --- runs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RUNS)
def test_figures_are_those_of_the_summary(out: Path, name: str) -> None:
    """Each figure in a table, by label and by metric, is the number of summary.csv to the digits that are shown."""
    made, folder = page(out / name), out / name
    of = {
        "Net present value (NPV)": "project_npv_usd",
        "Investment, nominal": "investment_usd",
        "Payback from the start": "project_payback_years",
        "Price gap earned": "realised_gap_usd_per_mwh",
        "Rate of return (IRR), nominal": "project_irr",
        "Trade per year": "yearly_trade_usd",
        "Delivered energy": "energy_delivered_mwh_per_year",
        "Loans": "debt_usd",
        "Least debt service": "dscr_min",
        "Cost of sanctions (−: they save)": "cost_of_sanctions_usd",
        "… as a share of programme": "share_of_programme",
        "Sponsors pay in, nominal": "equity_invested_usd",
        "Sponsors' NPV at 12 % nominal": "equity_npv_usd",
    }
    seen = set()
    for _, view in tables(made):
        if view.columns == ("Figure", "Unit", *POINTS):
            for label, unit, *cells in view.rows:
                if label in of:
                    seen.add(label)
                    for cell, column in zip(cells, POINTS.values(), strict=True):
                        assert close(cell, unit, metric(folder, of[label], column)), (label, column, cell)
    assert {"Net present value (NPV)", "Payback from the start", "… as a share of programme"} <= seen
    assert ("Loans" in seen) == (name not in ("unfinanced",))
    assert ("Cost of sanctions (−: they save)" in seen) == (name not in ("calm", "press_claim"))
    figures = dict(section(made, "definitions").tables)["Figures"]
    for one, unit, *cells in figures.rows:
        if unit in SCALES:
            for head, cell in zip(figures.columns[2:], cells, strict=True):
                column = {"lenders' case": "deterministic"}.get(head, head.lower())
                if head != "defined in":
                    assert close(cell, unit, metric(folder, one, column)), (one, head, cell)


def test_verdict_of_the_base_case(out: Path) -> None:
    """Cards and sentences say the numbers of the tables."""
    made, folder = page(out / "base"), out / "base"
    curve = rows(folder / "payback.csv")
    paid, error = float(curve[-1]["p_paid_back"]), float(curve[-1]["se"])
    one = card(made, "Pays back")
    assert one.value == percent(paid)
    assert one.remark.startswith(
        f"of 5,120 futures within 54 years (standard error {100 * error:.1g} percentage points)"
    )
    given_up = re.search(r"in ([0-9.]+) % it is given up while building", one.remark)
    lost = metric(folder, "abandoned")
    assert given_up is not None and abs(float(given_up[1]) - 100 * lost) < 0.1  # the shares told add up to 100.0
    assert f"given up while building in {percent(lost)}" in section(made, "regimes").words[0]
    half = next(i for i, row in enumerate(curve) if float(row["p_paid_back"]) >= paid / 2)
    one = card(made, "When")
    assert metric(folder, "project_payback_years", "p50") == math.inf
    assert one.value == "never" and f"by the end of year {half} ({2027 + half - 1})" in one.remark
    assert card(made, "Adds value").value == percent(metric(folder, "npv_positive"))
    median = metric(folder, "project_npv_usd", "p50")
    assert f"the median is {MINUS}{-median / 1e9:.2f} bn USD" in card(made, "Adds value").remark
    earned, needed = (
        metric(folder, name, "p50") for name in ("realised_gap_usd_per_mwh", "transmission_lcoe_usd_per_mwh")
    )
    gap = card(made, "Price gap needed")
    assert gap.value == f"{needed:.0f} USD/MWh" and f"; {earned:.0f} are earned" in gap.remark
    assert made.title == "Sakhalin–Wakkanai power cable, as of 2026-10"
    assert made.subtitle.startswith("5,120 futures drawn, seed 1, 54 years from 2027, run on ")
    assert not made.notes and not made.words


def test_verdict_on_sanctions_sponsors_and_lenders(out: Path) -> None:
    """The cards of those whom the project concerns say the numbers of the tables."""
    made, folder = page(out / "base"), out / "base"
    cost, error = (metric(folder, "cost_of_sanctions_usd", column) for column in ("mean", "se"))
    sanctions = card(made, "Sanctions")
    without = metric(folder, "pays_with_and_without") + metric(folder, "pays_only_without_sanctions")
    assert sanctions.value == f"{percent(without)} → {percent(metric(folder, 'paid_back'))}"
    assert cost < 0
    assert f"the mean NPV is {-cost / 1e9:.2f} bn USD higher (standard error {error / 1e9:.2f})" in sanctions.remark
    assert "loses less where it is not built" in sanctions.remark
    back = metric(folder, "equity_payback_years", "share_defined")
    sponsors = card(made, "For sponsors")
    assert sponsors.value == percent(back) and billions(metric(folder, "equity_npv_usd")) in sponsors.remark
    loans = card(made, "Loans default")
    assert loans.value == percent(metric(folder, "defaulted"))
    assert f"lenders lose {metric(folder, 'lenders_loss_usd') / 1e6:.1f} million USD of present value" in loans.remark
    lent, planned = metric(folder, "debt_usd"), metric(folder, "debt_usd", "deterministic")
    assert f"they lend {lent / 1e6:.1f} in the mean, {planned / 1e6:.1f} on the lenders' case" in loans.remark


def test_bearers_and_drivers(out: Path) -> None:
    """The largest bearers and the strongest inputs come first, with their numbers and signs."""
    made, folder = page(out / "base"), out / "base"
    means = {row["party"]: float(row["mean"]) for row in rows(folder / "bearers.csv")}
    total = means.pop("total")
    bears = card(made, "Who gains by sanctions")
    assert total > 0
    pots = ("held_dividends", "cash_in_company", "blocked_accounts")
    order = sorted((party for party in means if party not in pots), key=lambda party: means[party])
    assert bears.value == "Sponsors of Japan and sponsors of Russia", "chance decides which of them gains more"
    for name in (*order[:2], *order[-2:]):
        assert f"{party(name)} {'+' if means[name] > 0 else MINUS}{abs(means[name]) / 1e9:.2f}" in bears.remark
    assert f"before tax and loans, +{total / 1e9:.2f} (mean present value, bn USD)" in bears.remark
    found = [
        row for row in rows(folder / "drivers.csv") if row["metric"] == "project_npv_usd" and row["rank_correlation"]
    ]
    found.sort(key=lambda row: -abs(float(row["rank_correlation"])))
    matters = card(made, "What matters most")
    assert matters.value == input_name(found[0]["input"])
    for row in found[:3]:
        value = float(row["rank_correlation"])
        way = "lower" if value < 0 else "higher"
        assert f"{value:.2f}".replace("-", MINUS) in matters.remark
        assert f"{input_name(row['input'])}: the more of it, the {way}" in section(made, "drivers").words[0]


def test_sections_come_in_their_order(out: Path) -> None:
    """All parts of a run are there, in the order in which a board reads them."""
    ids = [part.id for part in page(out / "few").sections]
    order = ["payback", "cash", "value", "dscr", "regimes", "who_gets_what", "bearers", "drivers", "attribution"]
    assert ids == [*order, "cash_flow", "cash_flow_planned", "uncertain", "assumptions", "definitions", "manifest"]
    made = page(out / "few")
    assert [part.id for part in made.sections if part.folded] == [
        *("cash_flow_planned", "assumptions", "definitions", "manifest")
    ]
    assert "dscr" not in [part.id for part in page(out / "unfinanced").sections]
    assert not {"regimes", "bearers"} & {part.id for part in page(out / "calm").sections}


def test_a_certain_scenario(out: Path) -> None:
    """Where nothing is uncertain the page says yes or no, and no share of futures."""
    made, folder = page(out / "press_claim"), out / "press_claim"
    years = metric(folder, "project_payback_years", "p50")
    assert card(made, "Pays back").value == "yes" and "nothing is uncertain" in card(made, "Pays back").remark
    assert card(made, "When").value == f"{years:.1f} years"
    assert card(made, "Adds value").value == "no"
    assert billions(metric(folder, "project_npv_usd")) in card(made, "Adds value").remark
    assert card(made, "Sanctions").value == "none in any future"
    assert card(made, "Loans default").value == "no"
    assert f"in {2027 + int(years)}" in card(made, "When").remark
    assert card(made, "For sponsors").value == (
        "yes" if metric(folder, "equity_payback_years", "share_defined") else "no"
    )
    assert not any("What matters" in one.label for one in made.verdict)
    assert any("taken as certain: 0 JPY/kWh per GW" in text for text in made.caveats)


def test_caveats(out: Path) -> None:
    """What the screen says before one relies on a run is here, too, as far as the folder has it."""
    made, folder = page(out / "base"), out / "base"
    said = "\n".join(made.caveats)
    assert f"cuts {round(5120 * metric(folder, 'cut_by_horizon')):,} futures off" in said
    again, paid = metric(folder, "payback_reversed"), metric(folder, "paid_back")
    assert again > 0 and f"In {round(5120 * again):,} futures ({percent(again / paid)} of those that pay back)" in said
    none = 1 - metric(folder, "project_irr", "share_defined")
    lost = sum(
        float(row["share"])
        for row in rows(folder / "distributions.csv")
        if row["metric"] == "project_irr" and row["to"] == "-1"
    )
    assert f"{percent(none)} have none and are left out, {percent(lost)} never earn" in said
    assert "first 3,072 futures" in said and "(1.8 to 10 JPY/kWh per GW)" in said
    assert made.caveats[0] == "Politics begin in the regime “sectoral” in 2027."
    assumed = re.match(r"(\d+) of (\d+) inputs are assumptions", made.caveats[1])
    marks = [row["Basis"] for row in inputs(made).values()]
    assert assumed is not None and int(assumed[1]) == marks.count(ASSUMED)
    assert int(assumed[2]) == int(assumed[1]) + marks.count(SOURCED) + marks.count(UNSOURCED)
    assert "too few futures for a standard error" in card(page(out / "few"), "Pays back").remark
    assert "before financing and no loans are in any figure." in "\n".join(page(out / "unfinanced").caveats)
    assert "there are no sanctions in any figure" in "\n".join(page(out / "calm").caveats)
    assert not [one for one in page(out / "unfinanced").verdict if one.label.startswith(("Loans", "Lenders"))]
    assert not [one for one in page(out / "calm").verdict if "anctions" in one.label]


@pytest.mark.parametrize("name", ["few", "quarters"])
@pytest.mark.parametrize(("part", "column"), [("cash_flow", "mean"), ("cash_flow_planned", "deterministic")])
def test_cash_flow_by_year(out: Path, name: str, part: str, column: str) -> None:
    """Flows are added up over the calendar year, balances are those at its end."""
    view = section(page(out / name), part).tables[0][1]
    flows: dict[tuple[str, str], float] = {}
    last: dict[tuple[str, str], float] = {}
    for row in rows(out / name / "cashflow.csv"):
        place = row["line"], row["year"]
        flows[place] = flows.get(place, 0.0) + float(row[column] or 0)
        last[place] = float(row[column] or "nan")
    heads = {"Investment": "capex", "Net flow of the project": "net", "Paid to owners": "distributions"}
    balances = {"Debt at the end": "debt_balance", "Cumulative net flow, real": "cumulative_net_real"}
    years = sorted({year for _, year in flows})
    assert [row[0] for row in view.rows] == [*years, "All years"]
    for found, of in ((flows, heads), (last, balances)):
        for head, line in of.items():
            cells = [row[view.columns.index(head)] for row in view.rows]
            assert all(close(cell, "million USD", found[line, year]) for cell, year in zip(cells, years, strict=False))
    total = view.rows[-1][view.columns.index("Investment")]
    assert close(total, "million USD", sum(flows["capex", year] for year in years))
    energy = [row[view.columns.index("Energy delivered, TWh")] for row in view.rows]
    assert all(
        close(cell, "TWh/year", flows["energy_delivered_mwh", year]) for cell, year in zip(energy, years, strict=False)
    )


def test_several_runs(out: Path) -> None:
    """A card and a column for each, caveats that name their run, sections that name the first one."""
    folders = [out / "few", out / "press_claim", out / "unfinanced"]
    made = page(*folders)
    view = section(made, "side_by_side").tables[0][1]
    assert view.columns[2:] == tuple(folder.label for folder in read_folders(folders))
    table = {row[0]: row for row in view.rows}
    for i, folder in enumerate(folders):
        assert table["Pays back"][2 + i] == percent(metric(folder, "paid_back"))
        assert close(table["NPV, median"][2 + i], table["NPV, median"][1], metric(folder, "project_npv_usd", "p50"))
        assert close(table["NPV, mean"][2 + i], table["NPV, mean"][1], metric(folder, "project_npv_usd"))
    assert table["Loans in default"][2:] == (percent(metric(out / "few", "defaulted")), "0 %", "–")
    assert [(one.label, one.value) for one in made.verdict] == [
        (one.label, percent(metric(folder, "paid_back")))
        for one, folder in zip(read_folders(folders), folders, strict=True)
    ]
    first, *others = (set(page(folder).caveats) for folder in folders)
    assert first.intersection(*others) <= set(made.caveats)
    assert any(text.startswith("press_claim: The link's own effect") for text in made.caveats)
    label = read_folders(folders)[0].label
    titles = [part.title for part in made.sections if part.id not in ("side_by_side", "payback")]
    assert all(title.endswith(f"({label})") for title in titles)
    assert section(made, "payback").figures and "python -m sim compare" in section(made, "side_by_side").words[0]


def test_kinds_do_not_mix(out: Path) -> None:
    """A run and a sweep on one page are refused, with what to do instead."""
    with pytest.raises(ScenarioError, match=r"one page cannot show a run .* and a sweep .*make a page for each kind"):
        page(out / "few", out / "sweep")


def test_attribution(out: Path) -> None:
    """The parts add up to the difference of what is said of both ends, and the changes behind them are there."""
    part = section(page(out / "few"), "attribution")
    first = rows(out / "few" / "attribution.csv")[0]
    total = sum(float(row["part"]) for row in rows(out / "few" / "attribution.csv"))
    assert total == pytest.approx(float(first["value_b"]) - float(first["value_a"]), rel=1e-8)
    pattern = rf"Mean NPV: ({MINUS}[0-9.]+) bn USD in none, .* bn USD in base, "
    told = re.match(rf"{pattern}([0-9.,]+) (bn|million)", part.words[0])
    assert told is not None, part.words[0]
    assert close(told[1], "bn USD", float(first["value_a"])) and close(told[2], f"{told[3]} USD", abs(total))
    assert part.words[0].endswith("higher." if total > 0 else "lower.")
    changes = rows(out / "few" / "changes.csv")
    assert [row[1] for row in dict(part.tables)["What was changed"].rows] == [row["path"] for row in changes]
    cells = dict(part.tables)["The parts"].rows
    assert len(cells) == len(rows(out / "few" / "attribution.csv"))


# --- assumptions --------------------------------------------------------------------------------------------------


def leaves(item: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every number of a scenario and what stands there."""
    if isinstance(item, dict) and not ("dist" in item or set(item) - {"source"} == {"value"}):
        for key, inner in item.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(item, dict) or (isinstance(item, int | float) and not isinstance(item, bool)):
        yield path, item


def inputs(made: Page) -> dict[str, dict[str, str]]:
    """Return the rows of numbers by path, each by column; columns without anything in them are not there."""
    views = [view for _, view in section(made, "assumptions").tables if view.columns[0] == "Number"]
    blank = dict.fromkeys(COLUMNS, "")
    return {row[0]: blank | dict(zip(view.columns, row, strict=True)) for view in views for row in view.rows}


def test_every_number_is_listed(out: Path) -> None:
    """Value, unit, source and mark of every number of the scenario; the sentence counts the rows."""
    made = page(out / "few")
    scenario = yaml.safe_load((out / "few" / "manifest.yaml").read_text("utf-8"))["scenario"]
    wanted, found = dict(leaves(scenario)), inputs(made)
    assert set(wanted) == {path for path, row in found.items() if row["Basis"] != DEFAULT}
    for path, item in wanted.items():
        value = item.get("value") if isinstance(item, dict) else item
        if value is not None:
            said = float(found[path]["Value or median"].replace(",", "").replace(MINUS, "-"))
            assert said == pytest.approx(value, rel=1e-11), path
        if isinstance(item, dict) and "source" in item:
            assert found[path]["Source"] == item["source"]
    marks = [row["Basis"] for row in found.values()]
    words = section(made, "uncertain").words[1]
    assert f"{marks.count(SOURCED)} have a source, {marks.count(ASSUMED)} are assumptions" in words
    assert f"and {marks.count(UNSOURCED)} ha" in words and marks.count(DATED) > 10
    assert f"{marks.count(DEFAULT)} more are defaults" in words
    assert found["link.capacity_mw"]["Unit"] == "MW" and found["timeline.start_year"]["Unit"] == "calendar year"
    assert found["link.capacity_mw"]["Basis"] == ASSUMED  # "own choice"
    assert found["costs.items.converters.amount_million"]["Basis"] == SOURCED


def test_distributions_and_processes_are_told(out: Path) -> None:
    """A distribution has P10, median and P90 and a drawing; a process has its parameters."""
    made = page(out / "few")
    row = inputs(made)["market.price_effect_per_gw"]
    assert row["Distribution"] == "pert: min 1.8, mode 3.4, max 10"
    assert 1.8 < float(row["P10"]) < float(row["Value or median"]) < float(row["P90"]) < 10
    even = inputs(made)["sanctions.stoppage.restart_years"]
    assert [even[name] for name in ("P10", "Value or median", "P90")] == ["0.55", "0.75", "0.95"]
    assert even["Distribution"] == "uniform: min 0.5, max 1"
    views = dict(section(made, "assumptions").tables)
    spark = dict(zip((r[0] for r in views["market"].rows), views["market"].sparks, strict=True))
    points = spark["market.price_effect_per_gw"]
    assert max(y for _, y in points) == 1.0 and all(0 <= x <= 1 and 0 <= y <= 1 for x, y in points)
    assert spark["market.price_ratio"] == ()
    drawn = dict(section(made, "uncertain").tables)
    assert [row[0] for row in drawn["Numbers that are drawn"].rows][:2] == ["Construction, years", "Plant: overrun"]
    process = {row[0]: row for row in drawn["Prices and rates that move"].rows}["macro.fx.jpy.rate"]
    assert process[1:3] == ("gbm", "spot 157.9; log_drift 0; volatility 0.09")
    assert ("sanctions.initial", "sectoral") in views["Choices"].rows


# --- folders that are old, spoilt or hostile ----------------------------------------------------------------------


def rewrite(folder: Path, change: Any) -> None:
    """Change the manifest of a folder."""
    file = folder / "manifest.yaml"
    data = yaml.safe_load(file.read_text("utf-8"))
    change(data)
    file.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), "utf-8")


def without_columns(file: Path, *names: str) -> None:
    """Write a CSV without some of its columns."""
    found = rows(file)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [name for name in found[0] if name not in names], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(found)


def test_an_older_version(copy: Path) -> None:
    """Keys, columns and a scenario of another version: said, and the rest of the page stands."""

    def older(data: dict[str, Any]) -> None:
        for key in ("seed", "draws", "horizon_years", "files_sha256", "run", "overrides", "draws_kept"):
            del data[key]
        data["versions"] = {"linkfeasibility": "0.0.1"}
        data["scenario"]["timeline"]["of_old"] = {"value": 3, "source": "lore, 1999"}
        data["scenario"]["link"]["odd"] = {"dist": "zipf", "s": 2, "source": "lore, 1999"}

    rewrite(copy, older)
    without_columns(copy / "summary.csv", "se", "p10", "definition", "share_defined", "min", "max", "deterministic")
    without_columns(copy / "payback.csv", "se", "unpaid", "not_invested")
    without_columns(copy / "bearers.csv", "mean")
    made = page(copy)
    notes = "\n".join(made.notes)
    assert "Made with version 0.0.1 of the program" in notes
    assert "The scenario in the manifest is not one that this program reads: timeline.of_old" in notes
    assert "The manifest does not say: seed, number of draws, horizon." in notes
    assert "summary.csv has no column se, p10, share_defined, deterministic, definition" in notes
    assert card(made, "Pays back").value == percent(metric(copy, "paid_back"))
    assert card(made, "Pays back").remark.startswith("of the futures within 54 years")
    found = inputs(made)
    assert found["timeline.of_old"]["Value or median"] == "3" and found["timeline.of_old"]["Source"] == "lore, 1999"
    assert "zipf" in found["link.odd"]["Value or median"]
    assert found["market.price_effect_per_gw"]["Distribution"].startswith("pert")
    assert any("does not read the scenario any more" in text for text in section(made, "uncertain").words)


@pytest.mark.parametrize(
    "name",
    ["payback.csv", "cashflow.csv", "drivers.csv", "distributions.csv", "regimes.csv", "bearers.csv", "manifest.yaml"],
)
def test_a_table_is_missing(copy: Path, name: str) -> None:
    """The page says what is missing and still has the rest."""
    (copy / name).unlink()
    made = page(copy)
    assert any(name in note for note in made.notes)
    assert card(made, "Pays back").value == percent(metric(copy, "paid_back"))
    assert close(section(made, "value").tables[0][1].rows[3][5], "bn USD", metric(copy, "project_npv_usd"))
    left = {part.id for part in made.sections}
    assert {"payback", "cash", "value", "drivers", "definitions", "manifest", "assumptions"} <= left


def test_only_the_summary_is_left(copy: Path) -> None:
    """A folder with nothing but summary.csv, and one in which that has nothing but its head."""
    for file in copy.iterdir():
        if file.name != "summary.csv":
            file.unlink()
    assert card(page(copy), "Pays back").value == percent(metric(copy, "paid_back"))
    (copy / "summary.csv").write_text("metric,unit,mean\n", "utf-8")
    assert page(copy).verdict == ()


@pytest.mark.parametrize("junk", ["abc", "inf", "-inf", ""])
@pytest.mark.parametrize("name", ["few", "sweep", "comparison", "cases"])
def test_junk_in_the_cells(out: Path, tmp_path: Path, name: str, junk: str) -> None:
    """Cells that somebody has spoilt are as if they were not there; the page comes all the same."""
    folder = Path(shutil.copytree(out / name, tmp_path / name))
    for file in folder.glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as stream:
            head, *body = csv.reader(stream)
        for i, row in enumerate(body):
            spoilt = [(i + j) % 3 == 0 and column not in TEXTS for j, column in enumerate(head)]
            row[:] = [junk if bad else cell for bad, cell in zip(spoilt, row, strict=True)]
        with file.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([head, *body])
    assert any("was changed after it was written" in note for note in page(folder).notes) == (name in ("few", "sweep"))


def test_a_changed_table_is_told(copy: Path) -> None:
    """A summary that somebody has edited is shown as it is, and the page says so."""
    text = (copy / "summary.csv").read_text("utf-8")
    (copy / "summary.csv").write_text(re.sub("(?m)^(npv_positive,share),[^,]*", r"\1,0.75", text), "utf-8")
    made = page(copy)
    assert card(made, "Adds value").value == "75.0 %"
    assert any("summary.csv was changed after it was written" in note for note in made.notes)


def test_warnings_and_changes_are_told(out: Path, copy: Path) -> None:
    """What `check` would warn of is a caveat; what was changed on the command line is noted, and stands in the end."""
    rewrite(copy, lambda data: data["scenario"]["evaluation"].update(country_premium=0.02))
    assert any("evaluation.country_premium puts political risk into the rate" in text for text in page(copy).caveats)
    made = page(out / "unfinanced")
    assert made.caveats[0].startswith("Changed on the command line: financing = null. Title and description")
    assert "changed: financing" in made.subtitle
    assert ("Changed: financing", "null") in section(made, "manifest").tables[0][1].rows


def test_hostile_texts_are_kept_as_they_are(copy: Path) -> None:
    """Markup in titles, names and sources arrives as text; whoever makes HTML of it escapes it."""
    markup = '<script>alert("1")</script> & {{x}}'

    def hostile(data: dict[str, Any]) -> None:
        data["scenario"]["title"] = data["name"] = markup
        data["scenario"]["about"] = markup
        data["scenario"]["link"]["capacity_mw"]["source"] = markup
        data["scenario"]["link"]["length_km"]["source"] = "  "

    rewrite(copy, hostile)
    made = page(copy)
    assert made.title == f"{markup}, as of 2026-10"
    assert inputs(made)["link.capacity_mw"]["Source"] == markup and inputs(made)["link.capacity_mw"]["Basis"] == SOURCED
    assert inputs(made)["link.length_km"]["Basis"] == UNSOURCED
    assert section(made, "uncertain").words[0] == markup


# --- sweeps and comparisons ---------------------------------------------------------------------------------------


def test_a_sweep(out: Path) -> None:
    """All cases with their figures, the best and the worst in words, and those that failed."""
    made, found = page(out / "sweep"), rows(out / "sweep" / "cases.csv")
    view = section(made, "cases").tables[0][1]
    heads = {"Pays back": "paid_back.mean", "NPV, median, bn USD": "project_npv_usd.p50"}
    assert [row[0] for row in view.rows] == [row["case"] for row in found]
    for cells, row in zip(view.rows, found, strict=True):
        assert cells[1:3] == (row["market.price_ratio"], row["costs.items.*.amount_million"].replace("x", "× "))
        for head, column in heads.items():
            cell, value = cells[view.columns.index(head)], float(row[column])
            assert cell == percent(value) if column.endswith("mean") else close(cell, "bn USD", value)
    best = max(found, key=lambda row: float(row["paid_back.mean"]))
    one = card(made, "Pays back most often")
    assert one.value == percent(float(best["paid_back.mean"]))
    assert one.remark == f"with market price ratio {best['market.price_ratio']}, costs of all items × 0.5"
    worst = min(found, key=lambda row: float(row["project_npv_usd.p50"]))
    assert card(made, "Lowest median NPV").value == billions(float(worst["project_npv_usd.p50"]))
    errors = rows(out / "sweep" / "errors.csv")
    assert errors and f"{len(errors)} more failed" in card(made, "Cases").remark
    assert [row[-2] for row in section(made, "failed").tables[0][1].rows] == [row["message"] for row in errors]
    assert len(section(made, "maps").figures) == 2 and section(made, "payback").figures
    twice = page(out / "sweep", out / "sweep")
    assert [part.id for part in twice.sections].count("cases_1") == 1 and section(twice, "cases_2").title != "All cases"


def test_a_sweep_without_its_manifest(out: Path, tmp_path: Path) -> None:
    """Axes are then the columns before the first figure."""
    folder = Path(shutil.copytree(out / "sweep", tmp_path / "sweep"))
    (folder / "manifest.yaml").unlink()
    (folder / "payback.csv").unlink()
    made = page(folder)
    assert section(made, "cases").tables[0][1].columns[1:3] == ("Market: price ratio", "Costs of all items")
    assert any("payback.csv is missing" in note for note in made.notes)


def test_a_comparison(out: Path) -> None:
    """The tables of compare, with the words of its screen."""
    made = page(out / "comparison")
    found = {row["metric"]: row for row in rows(out / "comparison" / "comparison.csv")}
    part = section(made, "pair_1")
    views = dict(part.tables)
    main_figures = {row[0]: row for row in views["Main figures"].rows}
    for label, name in (
        ("Net present value (NPV)", "project_npv_usd"),
        ("Pays back", "paid_back"),
        ("Cost of delivered energy (LCOE) *", "lcoe_usd_per_mwh"),
    ):
        both = "_where_both" if label.endswith("*") else ""
        _, unit, *cells = main_figures[label]
        for cell, column in zip(cells[:3], (f"mean_a{both}", f"mean_b{both}", "difference"), strict=True):
            assert close(cell, unit, float(found[name][column])), (name, column, cell)
    assert part.words[0].startswith("Paired:")
    paid = next(row for row in rows(out / "comparison" / "paybacks.csv") if row["metric"] == "project_payback_years")
    assert f"Pays back in {percent(float(paid['p_a']))} of futures" in made.words[0]
    assert f"in neither in {percent(float(paid['neither']))}" in made.words[0]
    assert views["Paybacks"].rows[0][1] == percent(float(paid["p_a"])).removesuffix(" %")
    changed = [row["path"] for row in rows(out / "comparison" / "inputs.csv")]
    assert [row[1] for row in views["Inputs that differ"].rows] == changed


def test_a_comparison_with_tables_missing(out: Path, tmp_path: Path) -> None:
    """Without paybacks and inputs the figures still stand."""
    folder = Path(shutil.copytree(out / "comparison", tmp_path / "comparison"))
    for name in ("paybacks.csv", "inputs.csv"):
        (folder / name).unlink()
    assert "Main figures" in dict(section(page(folder), "pair_1").tables)


def test_a_comparison_of_sweeps(out: Path) -> None:
    """Cases side by side: their axes, both means, the difference."""
    made = page(out / "cases")
    views = dict(section(made, "pair_1").tables)
    found = [row for row in rows(out / "cases" / "comparison.csv") if row["metric"] == "project_npv_usd"]
    view = views["Net present value (NPV)"]
    assert view.columns[:3] == ("Market: price ratio", "Costs of all items", "mean A, bn USD")
    for cells, row in zip(view.rows, found, strict=True):
        assert cells[0] == row["market.price_ratio"] and close(cells[2], "bn USD", float(row["mean_a"]))
