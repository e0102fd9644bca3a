"""Charts of a folder: numbers are those of its tables, what is missing is said, colours can be told apart."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import altair as alt
import pytest

from sim.batch.read_back_manifest import Manifest
from sim.cli import main
from sim.report import format as say
from sim.report.html import charts
from sim.report.html import charts_theme as theme
from sim.report.html.content import Figure, Page, Section
from sim.report.html.folder import Folder, read_folders
from sim.report.html.pictures import pictures
from sim.report.html.sheets import Sheet

NAN, NEVER = math.nan, math.inf


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small run of the base case with sanctions and loans."""
    out = tmp_path_factory.mktemp("runs")
    assert main(["run", "base", "--draws", "512", "--quiet", "--out", str(out)]) == 0
    return out / "base"


@pytest.fixture(scope="module")
def run(made: Path) -> Folder:
    """Return the folder of the small run, read back."""
    return read_folders([made])[0]


def rows_of(made: Path, name: str) -> list[dict[str, str]]:
    """Return a table of a folder as it is written."""
    with (made / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sheet(columns: str, *rows: Sequence[Any]) -> Sheet:
    """Return a table made by hand."""
    names = tuple(columns.split())
    cells = (tuple(float(cell) if isinstance(cell, int) else cell for cell in row) for row in rows)
    return Sheet(names, tuple(dict(zip(names, row, strict=True)) for row in cells))


def folder(
    label: str = "by hand", scenario: dict[str, Any] | None = None, axes: Sequence[str] = (), **sheets: Sheet
) -> Folder:
    """Return a folder made by hand; ``sheets`` by the name of the file without its ending."""
    scenario = {"timeline": {"start_year": 2027}} if scenario is None else scenario
    manifest = Manifest(Path(), label, 1, 256, 256, 10, {}, scenario, tuple(axes), {})
    kind = "sweep" if "cases" in sheets else "run"
    return Folder(Path(), kind, label, manifest, {f"{name}.csv": one for name, one in sheets.items()}, (), ())


def all_of(run: Folder) -> list[Figure]:
    """Return every figure of a run."""
    found = [charts.payback_curve([run]), charts.fan(run), charts.dscr(run), charts.regimes(run)]
    found += [charts.parties(run), charts.who_gets_what(run), charts.bearers(run), charts.drivers(run)]
    found += [charts.attribution(run)]
    return [*found, *(charts.distribution(run, metric) for metric in ("project_npv_usd", "project_irr"))]


def data_of(figure: Figure) -> list[list[dict[str, Any]]]:
    """Return the data of each layer of a drawing."""
    assert figure.spec is not None, figure.missing
    shared = [figure.spec["data"]] if "data" in figure.spec else []
    return [one["values"] for one in (*shared, *(layer["data"] for layer in figure.spec["layer"] if "data" in layer))]


def bars_of(figure: Figure) -> list[dict[str, Any]]:
    """Return the bars of a drawing from the top down."""
    return max(data_of(figure), key=lambda rows: len(rows) * ("i" in rows[0]))


def valid(figure: Figure) -> None:
    """Check a drawing against the schema of Vega-Lite, and that its settings are left to the page."""
    assert figure.spec is not None, figure.missing
    chart = alt.FacetChart if "facet" in figure.spec else alt.LayerChart
    chart.from_dict(figure.spec)
    text = json.dumps(figure.spec, allow_nan=False)
    assert "config" not in figure.spec
    assert not re.search(r'"#[0-9a-fA-F]{3,8}"', text), "colours are those of the palette"
    assert set(re.findall(r"var\(--([a-z0-9]+)\)", text)) <= set(theme.LIGHT)


# --- a run --------------------------------------------------------------------------------------------------------


def test_every_chart_of_a_run(run: Folder) -> None:
    """Each has a drawing that the schema allows, a title, a sentence, and a table as wide as its heads."""
    ids = set()
    for figure in all_of(run):
        if figure.id.startswith("attribution"):
            assert figure.spec is None
            assert "attribution.csv is not in the folder" in figure.missing
            continue
        valid(figure)
        assert figure.title and figure.caption.endswith(".") and figure.table is not None and not figure.missing
        assert all(len(row) == len(figure.table.columns) for row in figure.table.rows)
        assert len(figure.table.numeric) == len(figure.table.columns)
        ids.add(figure.id)
    assert len(ids) == 10


def test_drawn_twice_is_drawn_alike(run: Folder) -> None:
    """The same folder gives the same bytes, however many charts came before."""
    assert [json.dumps(one.spec) for one in all_of(run)] == [json.dumps(one.spec) for one in all_of(run)]


def test_payback_is_the_table(run: Folder, made: Path) -> None:
    """The curve and its table are payback.csv, in calendar years, without year 0."""
    figure = charts.payback_curve([run])
    rows = rows_of(made, "payback.csv")[1:]
    assert figure.table is not None
    assert [row[:2] for row in figure.table.rows] == [
        (str(2026 + int(row["year"])), say.share(float(row["p_paid_back"]))) for row in rows
    ]
    points = [row for row in data_of(figure)[1] if row["of"] == "paid back"]
    assert [(row["x"], row["p"]) for row in points] == [
        (2026 + int(row["year"]), float(row["p_paid_back"])) for row in rows
    ]
    assert say.share(float(rows[-1]["p_paid_back"])) in figure.title
    assert "no error band" in figure.caption


def test_payback_has_a_band_where_there_are_errors() -> None:
    """The band is 1.96 standard errors to each side, and stays between nothing and all."""
    curve = sheet("year p_paid_back se", (0, 0.0, 0.0), (1, 0.01, 0.01), (2, 0.5, 0.1))
    figure = charts.payback_curve(
        [folder("a", payback=curve), folder("b", {"timeline": {"start_year": 2030}}, payback=curve)]
    )
    valid(figure)
    bands = {(row["of"], row["x"]): (row["low"], row["high"]) for row in data_of(figure)[0]}
    assert bands["a", 2028] == pytest.approx((0.5 - 0.196, 0.5 + 0.196))
    assert bands["b", 2030] == pytest.approx((0.0, 0.01 + 0.0196))
    assert figure.table is not None
    assert figure.table.columns == ("By the end of", "a", "b")
    assert figure.table.rows[0] == ("2027", "1.0 % ± 2.0", "–")
    assert "a 50.0 % by 2028, b 50.0 % by 2031" in figure.title


def test_payback_leaves_out_who_has_none() -> None:
    """A run without payback.csv is named; without any there is no chart."""
    curve = sheet("year p_paid_back se", (0, 0.0, 0.0), (1, 0.2, NAN))
    assert "Without b: no payback.csv." in charts.payback_curve([folder("a", payback=curve), folder("b")]).caption
    assert charts.payback_curve([folder("b")]).missing
    assert charts.payback_curve([]).missing


def test_fan_is_the_table(run: Folder, made: Path) -> None:
    """The fan is the line cumulative_net_real, in billions."""
    figure = charts.fan(run)
    last = [row for row in rows_of(made, "cashflow.csv") if row["line"] == "cumulative_net_real"][-1]
    assert figure.table is not None
    numbers = [float(cell.replace("−", "-")) for cell in figure.table.rows[-1][1:]]
    assert numbers == pytest.approx(
        [float(last[k]) / 1e9 for k in ("p10", "p50", "p90", "mean", "deterministic")], abs=0.005
    )
    assert "bn USD of January 2027" in figure.caption


def test_who_gets_what_adds_up(run: Folder, made: Path) -> None:
    """Each bar begins where the one above ended; the last one is the mean cumulative net flow at the end."""
    bars = bars_of(charts.who_gets_what(run))
    assert bars[0]["low"] == 0.0
    for above, below in pairwise(bars[:-1]):
        assert below["low"] == above["high"]
    last = [row for row in rows_of(made, "cashflow.csv") if row["line"] == "cumulative_net"][-1]
    assert bars[-1]["low"] == 0.0
    assert bars[-1]["high"] == pytest.approx(float(last["mean"]) / 1e9)
    assert bars[-2]["high"] == pytest.approx(bars[-1]["high"])
    assert all((bar["kind"] == "takes") == (bar["high"] < bar["low"]) for bar in bars[:-1])


def test_what_one_party_gets_another_pays(run: Folder, made: Path) -> None:
    """The parties add up to nothing; what sponsors, builders and buyers have is what the cash flow says of them."""
    figure = charts.parties(run)
    sums: dict[str, float] = {}
    for row in rows_of(made, "cashflow.csv"):
        sums[row["line"]] = sums.get(row["line"], 0.0) + float(row["mean"] or "nan")
    bars = {bar["name"]: bar["high"] for bar in bars_of(figure)}
    assert math.fsum(bars.values()) == pytest.approx(0.0, abs=2e-3)  # those that are too small to be drawn
    assert bars["Sponsors"] == pytest.approx(sums["equity_flow"] / 1e9)
    assert bars["Builders"] == pytest.approx(sums["capex"] / 1e9)
    assert bars["Buyers of power"] == pytest.approx(-sums["revenue_merchant"] / 1e9)
    paid = math.fsum(sums[name] for name in ("interest_capitalised", "interest_paid", "principal_paid", "fees"))
    assert bars["Lenders"] == pytest.approx((paid - sums["debt_drawn"]) / 1e9)


def test_parties_without_an_agreement() -> None:
    """Without loans sponsors have the net flow; blocked revenue is a party; lines that do not add up are not drawn."""
    lines = {"revenue_merchant": 5e9, "supply_cost": 1e9, "capex": 2e9, "tax": 0.5e9, "ebitda": 3e9, "net": 0.5e9}
    bars = {bar["name"]: bar["high"] for bar in bars_of(charts.parties(flows(**lines)))}
    assert bars == pytest.approx(
        {
            "Buyers of power": -5.0,
            "Sponsors": 0.5,
            "States (tax)": 0.5,
            "Suppliers of the power": 1.0,
            "Revenue blocked, not released": 1.0,
            "Builders": 2.0,
        }
    )
    wrong = charts.parties(flows(**{**lines, "net": 0.7e9}))
    assert wrong.spec is None and "do not add up" in wrong.missing


def flows(**sums: float) -> Folder:
    """Return a folder whose cash flow has one row of each line."""
    return folder(cashflow=sheet("period year line mean", *((1, 2027, name, sum_) for name, sum_ in sums.items())))


def test_revenue_that_stays_blocked_has_a_bar() -> None:
    """Revenue that is not in the operating result is blocked; lines that do not add up are not drawn."""
    figure = charts.who_gets_what(
        flows(revenue_merchant=5e9, supply_cost=1e9, capex=2e9, tax=0.0, ebitda=3e9, cumulative_net=1e9)
    )
    assert figure.table is not None
    assert list(figure.table.rows) == [
        ("Power sold on the market", "+5.00"),
        ("Revenue blocked, not released", "−1.00"),
        ("Cost of the power", "−1.00"),
        ("Investment", "−2.00"),
        ("Net flow", "1.00"),
    ]
    assert "4.0 bn USD of revenue 1.0 bn USD is left" in figure.title
    wrong = charts.who_gets_what(flows(revenue_merchant=5e9, ebitda=5e9, capex=2e9, cumulative_net=1e9))
    assert wrong.spec is None
    assert "do not add up" in wrong.missing


@pytest.mark.parametrize("metric", ["project_npv_usd", "project_irr"])
def test_areas_of_a_distribution_are_shares(run: Folder, made: Path, metric: str) -> None:
    """Heights times widths add up to the shares of the bins, and what is not drawn is told."""
    figure = charts.distribution(run, metric)
    boxes = [box for layer in data_of(figure) for box in layer if "height" in box]
    rows = [row for row in rows_of(made, "distributions.csv") if row["metric"] == metric]
    bins = [row for row in rows if row["from"] and float(row["to"]) > float(row["from"])]
    equal = min(float(row["to"]) - float(row["from"]) for row in bins) / (1e9 if metric.endswith("usd") else 0.01)
    area = sum(box["height"] * (box["high"] - box["low"]) for box in boxes) / equal
    assert area == pytest.approx(sum(float(row["share"]) for row in bins), abs=0.006)
    assert figure.table is not None
    assert len(figure.table.rows) == len(rows)
    none = sum(float(row["share"]) for row in rows if not row["from"])
    assert (none > 0.0) == (metric == "project_irr")
    assert not none or f"without any value in {say.share(none)}" in figure.caption
    assert not any(box["low"] < 0.0 < box["high"] for box in boxes), "a bin across zero is of two colours"


def test_what_does_not_vary_is_told() -> None:
    """One value in all futures is no histogram."""
    table = sheet("metric from to share", ("project_npv_usd", -2.7e9, -2.7e9, 1.0))
    assert (
        "−2.70 bn USD in 100 % of futures"
        in charts.distribution(folder(distributions=table), "project_npv_usd").missing
    )


def test_cover_has_its_covenants(run: Folder) -> None:
    """Each level stands once, however many loans name it; without debt service there is no chart."""
    figure = charts.dscr(run)
    levels = [row for layer in data_of(figure) for row in layer if "of" in row]
    named = list(dict.fromkeys(row["of"] for row in levels))
    assert named == [
        "target 1.80",
        "lock-up 1.30",
        "default 1.10",
        "median",
        "lenders’ case",
    ]
    assert figure.title.startswith("Loans default in ")
    nothing = sheet("period year line deterministic p10 p50 p90", (1, 2027, "dscr", NAN, NAN, NAN, NAN))
    assert "no debt service" in charts.dscr(folder(cashflow=nothing)).missing


def test_periods_shorter_than_a_year() -> None:
    """Quarters: a stock counts at the end of its year, the cover of each quarter stands at its own place."""
    lines = [
        (k, 2026 + (k + 3) // 4, name, float(k), float(k), 0.5, 1.5, 2.5)
        for k in range(1, 9)
        for name in ("dscr", "cumulative_net_real")
    ]
    table = sheet("period year line deterministic mean p10 p50 p90", *lines)
    quarters = folder(scenario={"timeline": {"start_year": 2027, "periods_per_year": 4}}, cashflow=table)
    fan = charts.fan(quarters)
    assert fan.table is not None
    assert [(row[0], row[4]) for row in fan.table.rows] == [("2027", "4"), ("2028", "8")]
    places = [row["x"] for row in data_of(charts.dscr(quarters))[0]]
    assert places[:4] == [2026.625, 2026.875, 2027.125, 2027.375], "centred on the label of their year"
    assert sum(places[:4]) / 4 == 2027


def test_regimes_are_shares_of_all(run: Folder) -> None:
    """The regimes of each year add up to all futures, and the start has its own row."""
    figure = charts.regimes(run)
    assert figure.table is not None
    assert figure.table.rows[0][0] == "at the start"
    shares: dict[float, float] = {}
    for row in data_of(figure)[0]:
        shares[row["x"]] = shares.get(row["x"], 0.0) + row["share"]
    assert list(shares.values()) == pytest.approx([1.0] * len(shares))


def test_bearers_add_up(run: Folder, made: Path) -> None:
    """The parties that are drawn, the others as one, add up to the project."""
    bars = bars_of(charts.bearers(run))
    assert sum(bar["high"] for bar in bars[:-1]) == pytest.approx(bars[-1]["high"], rel=1e-6)
    table = charts.bearers(run).table
    assert table is not None
    assert len(table.rows) == len(rows_of(made, "bearers.csv"))
    nobody = sheet("party mean se p10 p50 p90", ("total", 0.0, 0.0, 0.0, 0.0, 0.0))
    assert "change nothing" in charts.bearers(folder(bearers=nobody)).missing


def test_twelve_drivers_are_drawn(run: Folder, made: Path) -> None:
    """The strongest twelve, in order; all are in the table."""
    figure = charts.drivers(run)
    bars = bars_of(figure)
    sizes = [abs(bar["high"]) for bar in bars]
    assert len(bars) == 12
    assert sizes == sorted(sizes, reverse=True)
    all_rows = [row for row in rows_of(made, "drivers.csv") if row["metric"] == "project_npv_usd"]
    assert figure.table is not None
    assert len(figure.table.rows) == len(all_rows)
    assert "nothing is uncertain" in charts.drivers(folder(drivers=sheet("input metric rank_correlation"))).missing


def test_attribution_adds_up() -> None:
    """Parts begin where the one above ended, and end at the difference; shares are told in points."""
    parts = sheet("group part se unit", ("costs", -3e9, NAN, "USD"), ("market", 1e9, NAN, "USD"))
    bars = bars_of(charts.attribution(folder(attribution=parts)))
    assert [(bar["low"], bar["high"]) for bar in bars] == [(0.0, -3.0), (-3.0, -2.0), (0.0, -2.0)]
    shares = sheet("group part se unit", ("costs", -0.03, 0.001, "share"), ("market", 0.01, NAN, "share"))
    figure = charts.attribution(folder(attribution=shares))
    valid(figure)
    assert figure.title == "Largest part: “costs”, −3.0 percentage points, more than the difference of −2.0"
    assert figure.table is not None
    assert figure.table.rows[0] == ("costs", "−3.0", "0.100")
    assert [bar["high"] for bar in bars_of(figure)] == pytest.approx([-3.0, -2.0, -2.0])


def test_empty_folders_have_words() -> None:
    """Whatever is missing, is empty, or has other columns, each chart says so and none fails."""
    names = ("payback", "cashflow", "distributions", "regimes", "bearers", "drivers", "attribution")
    blank: dict[str, Any] = {name: sheet("a b") for name in names}
    others: dict[str, Any] = {name: sheet("a b", (1, 2)) for name in names}
    for one in (folder(), folder(**blank), folder(**others)):
        for figure in all_of(one):
            assert figure.spec is None
            assert figure.table is None
            assert figure.missing
    for chart in (lambda f: charts.heat_map(f, "paid_back.mean"), charts.small_multiples):
        assert chart(folder()).missing


# --- sweeps -------------------------------------------------------------------------------------------------------


def cases(*rows: Sequence[Any], columns: str = "case a b paid_back.mean", axes: Sequence[str] = ("a", "b")) -> Folder:
    """Return a sweep made by hand."""
    return folder(scenario={}, axes=axes, cases=sheet(columns, *rows))


def test_heat_map_is_in_order() -> None:
    """Numbers are in numeric order whatever the order of the cases, cells hold the number, a failed case is blank."""
    figure = charts.heat_map(
        cases((1, 1000, "x", 0.25), (2, 600, "x", NAN), (3, 1000, "w", 0.5), (4, 600, "w", 0.0)), "paid_back.mean"
    )
    valid(figure)
    assert figure.spec is not None
    encoding = figure.spec["layer"][0]["encoding"]
    assert encoding["y"]["scale"]["domain"] == ["600", "1,000"]
    assert encoding["x"]["scale"]["domain"] == ["x", "w"]
    cells = {(row["d"], row["a"]): row["text"] for row in data_of(figure)[0]}
    assert cells == {("1,000", "x"): "25.0", ("1,000", "w"): "50.0", ("600", "w"): "0"}
    assert "1 of 4 cases have no figure" in figure.caption


def test_heat_maps_of_one_axis_and_of_three() -> None:
    """One axis makes one row; more than two share the rows."""
    one = cases((1, 600, 0.25), (2, 1000, 0.5), columns="case a paid_back.mean", axes=("a",))
    valid(charts.heat_map(one, "paid_back.mean"))
    three = cases(
        (1, 6, 2, 3, -1e9), (2, 6, 1, 3, NEVER), columns="case a b c project_npv_usd.p50", axes=("a", "b", "c")
    )
    figure = charts.heat_map(three, "project_npv_usd.p50")
    valid(figure)
    assert figure.spec is not None
    assert figure.spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == ["6 · 1", "6 · 2"]


def test_small_multiples_are_limited() -> None:
    """24 cases are drawn, the others are named and in the table."""
    rows = [(case, case * 100, year, 0.01 * case * year) for case in range(1, 31) for year in range(3)]
    sweep = folder(scenario={}, axes=("mw",), cases=sheet("case mw x.mean", *((c, c * 100, 0.1) for c in range(1, 31))),
                   payback=sheet("case mw year p_paid_back", *rows))  # fmt: skip
    figure = charts.small_multiples(sweep)
    valid(figure)
    assert figure.spec is not None
    assert len({row["of"] for row in figure.spec["data"]["values"]}) == 24
    assert "2,500; 2,600; 2,700; 2,800; 2,900; 3,000" in figure.caption
    assert figure.table is not None
    assert len(figure.table.rows) == 30


# --- colours and pictures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("palette", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_contrast(palette: dict[str, str]) -> None:
    """Text has a contrast of 4.5 to what it stands on, lines and bars of 3."""
    assert set(theme.LIGHT) == set(theme.DARK)
    for ground in ("bg", "panel"):
        for text in ("ink", "muted", "link", "warn"):
            assert theme.contrast(palette[text], palette[ground]) >= 4.5, (text, ground)
    for name in (*(f"c{i}" for i in range(theme.SERIES)), "focus"):
        assert theme.contrast(palette[name], palette["bg"]) >= 3.0, name
    for name, colour in palette.items():
        if f"t{name}" in palette:
            assert theme.contrast(palette[f"t{name}"], colour) >= 4.5, name


@pytest.mark.parametrize(("kind", "begins"), [("png", b"\x89PNG"), ("svg", b"<svg")])
def test_pictures(run: Folder, tmp_path: Path, kind: str, begins: bytes) -> None:
    """Each chart is a picture with its title in it and colours that need no style sheet; an id may come twice."""
    curve, nothing = charts.payback_curve([run]), charts.attribution(run)
    page = Page("t", "", (), (), (), (Section("a", "A", (), (curve, nothing)), Section("b", "B", (), (curve,))))
    found = pictures(page, tmp_path, kind)
    assert [Path(name).name for name, _ in found] == [f"payback-base.{kind}", f"payback-base-2.{kind}"]
    assert all(data.startswith(begins) for _, data in found)
    if kind == "svg":
        text = found[0][1].decode()
        assert "of futures have paid back" in text
        assert "var(--" not in text
    with pytest.raises(ValueError, match="png or svg"):
        pictures(page, tmp_path, "gif")


def test_pictures_of_many_small_charts(tmp_path: Path) -> None:
    """Facets have a fixed width too."""
    rows = [(case, case * 100, year, 0.01 * case * year) for case in range(1, 5) for year in range(3)]
    sweep = folder(
        scenario={},
        axes=("mw",),
        cases=sheet("case mw x.mean", (1, 100, 0.1)),
        payback=sheet("case mw year p_paid_back", *rows),
    )
    page = Page("t", "", (), (), (), (Section("a", "A", (), (charts.small_multiples(sweep),)),))
    assert pictures(page, tmp_path, "svg")[0][1].startswith(b"<svg")


# --- what a reader would not see to be wrong ------------------------------------------------------------------------


def test_bands_and_errors_are_those_of_the_tables(run: Folder, made: Path) -> None:
    """The shaded band is P10 to P90 of the table; an error of 95 % is 1.96 standard errors."""
    lines = [
        row for row in rows_of(made, "cashflow.csv") if row["line"] == "cumulative_net_real" and row["period"] != "0"
    ]
    band = data_of(charts.fan(run))[0]
    assert [row["low"] for row in band] == pytest.approx([float(row["p10"]) / 1e9 for row in lines])
    assert [row["high"] for row in band] == pytest.approx([float(row["p90"]) / 1e9 for row in lines])
    one = ("a", 2e9, 0.1e9, 1e9, 2e9, 3e9)
    table = charts.bearers(folder(bearers=sheet("party mean se p10 p50 p90", one, ("total", *one[1:])))).table
    assert table is not None
    assert table.rows[0] == ("A", "+2.00", "± 0.196", "1.00", "2.00", "3.00")


def bearing(**means: float) -> Figure:
    """Return the chart of some parties with a standard error of 0.1 bn USD each."""
    rows = [(name, mean, 0.1e9, mean, mean, mean) for name, mean in means.items()]
    total = math.fsum(means.values())
    whole = ("total", total, 0.1e9, total, total, total)
    return charts.bearers(folder(bearers=sheet("party mean se p10 p50 p90", *rows, whole)))


def test_who_bears_most() -> None:
    """A pot is nobody; parties that chance alone sets apart are named together."""
    figure = bearing(
        sponsors_japan=-3e9, sponsors_russia=-2.9e9, state_russia=-1e9, held_dividends=5e9, lender_jbic=1e9
    )
    assert figure.title == (
        "Largest loss by sanctions: sponsors of Japan and sponsors of Russia; largest gain of a party: lender JBIC; "
        "more still lies with nobody: dividends held back"
    )
    assert bearing(sponsors_japan=-3e9, sponsors_russia=-2e9).title == "Largest loss by sanctions: sponsors of Japan"
    assert bearing(suppliers=1e9, banks=0.5e9).title == "Largest gain of a party: suppliers and states that are owed"
    assert bearing(held_dividends=1e9).title == "Who bears the change by sanctions"
