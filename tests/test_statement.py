"""The statement of a case: its blocks add up, its balance sheet balances, and the tables say the same as the page."""

from __future__ import annotations

import csv
import random
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from random_financing import add_financing
from random_sanctions import add_sanctions
from random_scenarios import random_scenario
from test_trace import draw_with, spec

from sim.base.sampling import REPLICATE, Chance, Draws
from sim.cli import main
from sim.engine import run_block
from sim.prepare import prepare
from sim.report.names import spoken
from sim.report.statement_page import page
from sim.scenario import from_data, parse_override, read
from sim.sheets import Line, Sheet, Statement
from sim.study.statement import statement, tables
from sim.study.trace_inputs import OneDraw

Array = NDArray[np.float64]
SCENARIOS = Path(__file__).parents[1] / "scenarios"
FINANCING = sorted(file.stem for file in (SCENARIOS / "financing").glob("*.yaml"))
FILES = ("base", *(f"financing/{name}" for name in FINANCING))
EVERYTHING = (
    "financing.shareholder_loan={share: 0.5, rate: 0.08}",
    "financing.om_reserve_months=6",
    "financing.cfads_basis=pre_tax",
    "financing.tranches.jbic.cash_sweep=0.5",
    "financing.tranches.commercial_banks.seniority=2",
    "financing.grants={state: {amount_million: 500}}",
    "costs.replacements.converter_control.reserve_funded=true",
    "tax.withholding.japan.interest=0.1",
)
"""Whatever terms can hold, on top of a shipped scenario with loans of JBIC and banks."""
FAILING = 7
"""A draw of the base case with a default, costs left unpaid and costs caught up."""
CALM = ("sanctions=null", "timeline.decision=null")
"""Takes politics out of a shipped scenario."""
CASES: tuple[tuple[str, int | None, tuple[str, ...]], ...] = (
    *((file, draw, CALM if draw == 3 else ()) for file in FILES for draw in (None, 3, 5)),
    ("base", 7, ("financing=null",)),
    ("base", None, EVERYTHING),
    ("financing/high_gearing", 3, (*EVERYTHING, *CALM)),
    ("financing/rouble_loans", 3, ("timeline.periods_per_year=4", *CALM)),
    ("base", 5, ("timeline.periods_per_year=12", *EVERYTHING)),
    ("base", None, ("timeline.construction.years=0", "timeline.sea_work=null", *CALM)),
    ("base", FAILING, CALM),
)
COMPARED: dict[str, tuple[str, int | None, tuple[str, ...]]] = {
    "lenders' case": ("base", None, ()),
    "a default": ("base", FAILING, CALM),
    "a default in halves": ("base", FAILING, ("timeline.periods_per_year=2", *CALM)),
    "everything": ("financing/high_gearing", 3, EVERYTHING),
    "everything without sanctions": ("financing/high_gearing", 3, (*EVERYTHING, *CALM)),
    "everything by month": ("base", 5, ("timeline.periods_per_year=12", *EVERYTHING)),
    "roubles by quarter": ("financing/rouble_loans", 3, ("timeline.periods_per_year=4",)),
}
"""Cases whose lines are compared with those of the engine."""
CENT = 0.005
Capture = pytest.CaptureFixture[str]


@cache
def made(file: str, draw: int | None = None, sets: tuple[str, ...] = (), by_period: bool = False) -> Statement:
    """Return the statement of a shipped scenario."""
    return statement(spec(file, *sets), draw, by_period=by_period)


def values(line: Line) -> Array:
    """Return a line as an array."""
    return np.array(line.values)


def summed(lines: list[Line], like: Line) -> Array:
    """Return the sum of lines."""
    return sum((values(line) for line in lines), np.zeros(len(like.values)))


def check_parts(sheet: Sheet) -> None:
    """Each part adds up to its total, beginning with the total above where it says so."""
    above = np.zeros(len(sheet.lines[0].values))
    for part in sheet.parts:
        if part.total is None:
            continue
        whole = summed(list(part.lines), part.total) + (above if part.carried else 0.0)
        gap = np.abs(whole - values(part.total))
        assert np.all(gap < CENT), (sheet.title, part.total.key, float(gap.max()))
        above = values(part.total)


def check_debt(found: Statement) -> None:
    """Every loan goes on where it ended; what is in the cash flow and in the balance sheet is the same in USD."""
    for sheet in found.debt:
        opening, closing = values(sheet.line("opening")), values(sheet.line("closing"))
        assert opening[0] == 0.0 and np.array_equal(opening[1:], closing[:-1])
        paid, due = values(sheet.line("interest_paid")), values(sheet.line("interest_due"))
        assert np.allclose(due - paid, values(sheet.line("unpaid_interest")), atol=CENT)
        assert np.all(values(sheet.line("swept")) <= -values(sheet.line("principal")) + CENT)
        assert np.all(values(sheet.line("arrears")) <= closing + CENT)
        owed = values(found.balance.line("loan", sheet.tranche)) + values(found.balance.line("arrears", sheet.tranche))
        assert np.allclose(owed, values(sheet.line("closing_usd")), rtol=0.0, atol=CENT)


def check_balance(found: Statement) -> None:
    """Assets less debts and equity is nothing, though each of them is added up for itself."""
    sheet = found.balance
    assert np.all(np.abs(values(sheet.line("check"))) < CENT)
    politics = found.facts.politics
    assert np.any(values(sheet.line("assets")) > 1e6) or (politics is not None and np.isinf(politics.fid_years))
    kept, retained = values(found.income.line("retained")), values(sheet.line("retained_earnings"))
    assert np.allclose(np.cumsum(kept), retained, rtol=0.0, atol=CENT)


def check_cash(found: Statement) -> None:
    """Cash goes on where it ended, and the reserves move by what is put in."""
    flows = found.waterfall
    opening, closing = values(flows.line("cash_opening")), values(flows.line("cash_balance"))
    assert np.array_equal(opening[1:], closing[:-1]) and np.all(closing > -CENT)
    for key in ("service_reserve", "operating_reserve", "maintenance_reserve"):
        held = values(flows.line(f"{key}_held"))
        assert np.allclose(np.diff(held, prepend=0.0), -values(flows.line(key)), rtol=0.0, atol=CENT)


def check_politics(found: Statement) -> None:
    """What is paid out and in goes to sponsors, states and those who wait; blocked accounts move by their flows."""
    flows, income = found.waterfall, found.income
    out = -values(flows.line("distributions"))
    keys = ("equity_building", "equity_of_state", "shareholder_loan_drawn", "equity_support", "support_of_state")
    paid_in = summed([line for line in flows.lines if line.key in keys], flows.lines[0])
    waiting = np.diff(values(flows.line("dividends_held")), prepend=0.0)
    withheld = -values(flows.line("sponsor_withholding"))
    reach = values(flows.line("equity_flow")) + withheld + values(flows.line("seizing_state")) + waiting
    assert np.allclose(out - paid_in, reach, rtol=0.0, atol=CENT)
    kept = summed([income.line(f"revenue_{key}") for key in ("blocked", "lost", "confiscated")], flows.lines[0])
    account = values(found.balance.line("blocked_balance"))
    assert np.allclose(np.diff(account, prepend=0.0), kept, rtol=0.0, atol=CENT)
    assert np.array_equal(account, values(flows.line("blocked_balance"))) and np.all(account > -CENT)
    free = summed([flows.line(f"revenue_{key}") for key in ("blocked", "released")], flows.lines[0])
    assert np.allclose(-free, values(income.line("revenue_blocked")), rtol=0.0, atol=CENT)


def check(found: Statement) -> str:
    """Check everything about a statement and return its page."""
    assert abs(found.funding.gap) < CENT
    for sheet in (found.waterfall, *found.debt, found.income, found.balance):
        check_parts(sheet)
    check_debt(found)
    check_balance(found)
    check_cash(found)
    check_politics(found)
    text = page(found)
    assert max(map(len, text.splitlines())) <= 100
    assert "Sources and uses are equal to the cent." in text
    return text


@pytest.mark.parametrize(("file", "draw", "sets"), CASES)
def test_everything_adds_up(file: str, draw: int | None, sets: tuple[str, ...]) -> None:
    """Sources equal uses, every block adds up, loans roll forward and the balance sheet balances, to the cent."""
    check(made(file, draw, sets))


@pytest.mark.parametrize(("file", "draw", "sets"), COMPARED.values(), ids=COMPARED)
def test_lines_are_those_of_the_engine(file: str, draw: int | None, sets: tuple[str, ...]) -> None:
    """What the statement splits by tranche, item and purpose adds up to the lines of a run without detail."""
    model = prepare(spec(file, *sets))
    chance: Chance = model.lenders if draw is None else OneDraw(1, (draw // REPLICATE,), draw % REPLICATE)
    block, flows = run_block(model, chance), made(file, draw, sets).waterfall
    split = {
        "equity_paid_in": (
            *("equity_building", "equity_of_state", "equity_support", "support_of_state"),
            "shareholder_loan_drawn",
        ),
        "withholding": ("withholding_building", "withholding"),
        "principal_paid": ("principal_paid",),
        "interest_paid": ("interest_paid",),
        "debt_drawn": ("debt_drawn",),
        "operating_cost": ("operating_cost",),
        "equity_flow": ("equity_flow",),
        "sponsor_withholding": ("sponsor_withholding",),
        "unpaid_costs": ("unpaid_costs",),
        "costs_caught_up": ("costs_caught_up",),
        "distributions": ("distributions",),
    }
    starts = np.unique(model.grid.year, return_index=True)[1]
    for name, keys in split.items():
        whole = summed([line for line in flows.lines if line.key in keys], flows.lines[0])
        engine = np.add.reduceat(np.broadcast_to(block.lines[name], (model.grid.periods + 1, 1))[:, 0], starts)
        assert np.allclose(np.abs(whole), np.abs(engine), rtol=0.0, atol=CENT), name
    owed = values(made(file, draw, sets).balance.line("costs_owed"))
    assert owed[-1] == pytest.approx(float(block.metrics["unpaid_costs_usd"][0]), abs=CENT)


POLITICAL: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("base", "a stop and remobilisation", ()),
    ("base", "abandoned", EVERYTHING),
    ("base", "seized", EVERYTHING),
    ("base", "held", ("timeline.periods_per_year=4",)),
    ("sanctions/seizure", "released", EVERYTHING),
    ("sanctions/seizure", "confiscated", ()),
    ("sanctions/today_full", "not invested", ()),
    ("sanctions/today_full", "a wait", EVERYTHING),
)


@pytest.mark.parametrize(("file", "outcome", "sets"), POLITICAL)
def test_everything_adds_up_under_sanctions(file: str, outcome: str, sets: tuple[str, ...]) -> None:
    """Draws that are stopped, given up, seized, blocked or never begun add up to the cent, and their page says so."""
    draw = draw_with(spec(file, *sets), outcome)
    found = made(file, draw, sets)
    text, about = check(found), found.facts.politics
    assert about is not None and f"Regimes: {about.regimes}." in text.replace("\n  ", " ")
    said = {
        "a stop and remobilisation": ("The works stand still for ", "remobilisation after stops"),
        "abandoned": (f"The works are given up at the end of {about.abandoned}", f"at the end of {about.abandoned}."),
        "seized": (f"The company is seized in {about.seized}", "Net to the seizing state"),
        "held": ("Held for barred owners",),
        "released": ("Blocked revenue released", "Blocked accounts", "Held: blocked revenue"),
        "confiscated": ("Blocked revenue confiscated", "million USD is confiscated."),
        "not invested": ("Not invested: ",),
        "a wait": ("The decision is taken ",),
    }[outcome]
    assert all(part in text for part in said), said
    assert ("Cash-flow waterfall" in text) == (outcome != "not invested")
    assert ("  Regime " in text) == (outcome != "not invested")
    chance = OneDraw(1, (draw // REPLICATE,), draw % REPLICATE)
    block = run_block(prepare(spec(file, *sets)), chance)
    assert values(found.waterfall.line("equity_flow")).sum() == pytest.approx(
        float(block.lines["equity_flow"].sum()), rel=1e-9, abs=CENT
    )


@pytest.mark.parametrize("seed", range(16))
def test_random_sanctions_add_up(seed: int) -> None:
    """Statements of random term sheets under random sanctions add up, and their pages fit."""
    rng = random.Random(200 + seed)
    data = add_sanctions(rng, add_financing(rng, random_scenario(rng)))
    found = statement(from_data("random", data), seed, by_period=seed % 2 == 0)
    for sheet in (found.waterfall, *found.debt, found.income, found.balance):
        check_parts(sheet)
    check_debt(found)
    check_cash(found)
    check_politics(found)
    assert abs(found.funding.gap) < CENT and np.all(np.abs(values(found.balance.line("check"))) < CENT)
    assert max(map(len, page(found).splitlines())) <= 100


def test_the_lenders_case_is_as_agreed() -> None:
    """On the lenders' case the sources are the agreement, the debt is at its tightest limit and paid on time."""
    found = made("base")
    assert all(one.usd == one.agreed for one in (*found.funding.uses, *found.funding.sources))
    debt = sum(one.usd for one in found.funding.sources if one.key == "loan")
    assert debt == pytest.approx(found.funding.limits[0][1], rel=1e-9)
    assert [a[1] <= b[1] for a, b in pairwise(found.funding.limits)] == [True] * (len(found.funding.limits) - 1)
    assert found.funding.residual < 1e-12 and not found.facts.defaulted and found.facts.written_off == 0.0
    least = min(value for value in found.waterfall.line("dscr").values if not np.isnan(value))
    assert least == pytest.approx(1.8, abs=1e-6)
    assert found.debt[0].line("closing").values[-1] == 0.0


@pytest.mark.parametrize("sets", [(), EVERYTHING, ("timeline.periods_per_year=2",)], ids=["base", "all", "halves"])
def test_the_worst_draw_is_told(sets: tuple[str, ...]) -> None:
    """The draw in which lenders lose most shows arrears, unpaid interest and their loss, in words too, and adds up."""
    model = prepare(read(SCENARIOS / "base.yaml", [parse_override(text) for text in sets]))
    worst = int(np.argmax(run_block(model, Draws(1, (0,))).metrics["lenders_loss_usd"]))
    found = made("base", worst, sets)
    text = check(found)
    assert found.facts.defaulted and found.facts.written_off > 0.0
    assert any(max(sheet.line("arrears").values) > 0.0 for sheet in found.debt)
    assert any(max(sheet.line("unpaid_interest").values) > 0.0 for sheet in found.debt)
    assert any(min(sheet.line("written_off").values) < 0.0 for sheet in found.debt)
    assert f"in default from the end of {found.facts.defaulted}" in text
    assert "Lenders write off" in text and "agreed" in text and "of the balance: arrears" in text


@pytest.mark.parametrize("periods", [4, 12])
def test_years_are_their_periods(periods: int) -> None:
    """A year has the sums of the flows of its periods, and their last balances."""
    sets = (f"timeline.periods_per_year={periods}",)
    years, rows = made("base", 5, sets), made("base", 5, sets, True)
    stamps = np.array(rows.columns.years)
    assert len(rows.columns.labels) == len(set(rows.columns.labels)) == periods * len(years.columns.labels) + 1
    for ours, theirs in zip((years.waterfall, *years.debt), (rows.waterfall, *rows.debt), strict=True):
        for line in ours.lines:
            parts = values(theirs.line(line.key, line.item))
            groups = [parts[stamps == year] for year in years.columns.years]
            if line.unit in ("ratio", "per year", "regime"):
                continue
            ends = [group[-1] for group in groups]
            starts = [group[0] for group in groups]
            sums = [group.sum() for group in groups]
            kinds: dict[str, list[Any]] = {"cash_opening": starts, "opening": starts}
            balances = ("cash_balance", "closing", "arrears", "closing_usd", "blocked_balance")
            held = line.key.endswith("_held") or line.key in balances
            wanted = kinds.get(line.key, ends if held else sums)
            assert np.allclose(line.values, wanted, rtol=1e-9, atol=CENT), (ours.title, line.key)


def test_quiet_years_are_left_out() -> None:
    """Years after the last payment are no columns of the page, but they are rows of the tables."""
    found = made("base")
    text = page(found)
    assert "2080" not in text.partition("Left out")[0] and "–2080." in text
    assert any(row[0] == 2080 for row in tables(found)[1].rows)


def test_the_page_speaks_in_words_and_fits() -> None:
    """Names of the scenario are words, regimes are whole in their columns, and no line is too wide for a terminal."""
    text = page(made("base", draw_with(spec("base"), "abandoned")), 80, spoken)
    assert max(map(len, text.splitlines())) <= 80 and "secto…" not in text and " sectoral " in text
    assert not {"overhead_lines", "commercial_banks", "jbic"} & set(text.replace(",", " ").split())
    assert "  overhead lines  " in text and "Hokkaido grid" in text
    assert not [line for line in text.splitlines() if " –  " in line and line.endswith(" 0.0 %")]


def test_without_financing_sponsors_pay_all() -> None:
    """A scenario without terms has a statement with one source and no debt, and the project's own flow."""
    found = made("base", 7, ("financing=null",))
    assert [one.key for one in found.funding.sources] == ["equity", "equity_of_state"] and not found.debt
    block = run_block(prepare(read(SCENARIOS / "base.yaml", [("financing", None)])), OneDraw(1, (0,), 7))
    own = values(found.waterfall.line("equity_flow")) - values(found.waterfall.line("sponsor_withholding"))
    assert float(own.sum()) == pytest.approx(float(block.cash.net.sum()), abs=CENT)
    assert "no financing" in page(found)


def test_the_excerpt_is_on_the_page() -> None:
    """docs/financing.md shows the statement of the base case as it is."""
    text = (SCENARIOS.parent / "docs" / "financing.md").read_text("utf-8")
    shown = text.partition("## 10 Reading the statement")[2].partition("```text\n")[2].partition("```")[0]
    lines = page(made("base"), spoken=spoken).splitlines()
    assert shown and [line for line in shown.splitlines() if line != "…" and line not in lines] == []


# --- the command line ---------------------------------------------------------------------------------------------


def table(file: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV."""
    with file.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def csv_cells(folder: Path) -> list[list[str]]:
    """Return the rows of all CSVs of a folder as they are written."""
    return [line.split(",") for file in folder.iterdir() for line in file.read_text("utf-8").splitlines()]


def test_tables_read_back(tmp_path: Path, capsys: Capture) -> None:
    """The CSVs hold the statement: sources equal uses and the balance sheet balances in them too."""
    arguments = ["statement", str(SCENARIOS / "base.yaml"), "--draw", "5", "--csv", str(tmp_path / "new" / "place")]
    assert main(arguments) == 0
    assert "waterfall.csv" in capsys.readouterr().out
    folder = tmp_path / "new" / "place"
    names = ["balance_sheet.csv", "debt.csv", "income.csv", "sources_and_uses.csv", "waterfall.csv"]
    assert sorted(file.name for file in folder.iterdir()) == names
    assert not any("-0" in row for row in csv_cells(folder))
    money = {"use": 0.0, "source": 0.0, "limit": 0.0, "residual": 0.0}
    for row in table(folder / "sources_and_uses.csv"):
        money[row["side"]] += float(row["usd"])
    assert money["use"] == pytest.approx(money["source"], rel=1e-9)
    found = made("base", 5)
    sheets = {"waterfall.csv": found.waterfall, "income.csv": found.income, "balance_sheet.csv": found.balance}
    for name, sheet in sheets.items():
        cells = {(row["line"], row["item"], row["year"]): row["value"] for row in table(folder / name)}
        assert len(cells) == len(sheet.lines) * len(found.columns.years)
        for line in sheet.lines:
            for year, value in zip(found.columns.years, line.values, strict=True):
                text = cells[line.key, line.item, str(year)]
                assert text == "" if np.isnan(value) else float(text) == pytest.approx(value, rel=1e-9, abs=1e-9)
    rows = table(folder / "debt.csv")
    assert {row["tranche"] for row in rows} == {"jbic", "commercial_banks"}
    assert {row["unit"] for row in rows} == {"JPY", "USD", "ratio", "per year"}


def test_tables_by_period(tmp_path: Path, capsys: Capture) -> None:
    """By period, tables have a column for it."""
    sets = ["--set", "timeline.periods_per_year=4", "--by", "period", "--csv", str(tmp_path)]
    assert main(["statement", "base", *sets]) == 0
    rows = table(tmp_path / "waterfall.csv")
    assert list(rows[0]) == ["period", "year", "line", "item", "unit", "value"]
    assert rows[0]["period"] == "0"
    out = capsys.readouterr().out
    assert "2033 Q2" in out and max(map(len, out.splitlines()[:-1])) <= 100


def test_tables_are_written_whole_or_not_at_all(tmp_path: Path, capsys: Capture) -> None:
    """Where a table cannot be put in its place none is, and the error says so."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert main(["statement", "base", "--csv", str(tmp_path / "file")]) == 2
    assert "choose another --csv" in capsys.readouterr().err
    (tmp_path / "folder" / "debt.csv").mkdir(parents=True)
    assert main(["statement", "base", "--csv", str(tmp_path / "folder")]) == 2
    assert "debt.csv is a folder" in capsys.readouterr().err
    assert [file.name for file in (tmp_path / "folder").iterdir()] == ["debt.csv"]


def test_mistakes_are_errors(capsys: Capture) -> None:
    """A draw below 0 is refused; another way to look at time is no choice."""
    assert main(["statement", "base", "--draw", "-1"]) == 2
    assert "count draws from 0" in capsys.readouterr().err
    assert main(["statement", "base", "--by", "month"]) == 2
