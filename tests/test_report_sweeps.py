"""The page of a sweep, of tables made by hand: what it claims is what they say, and its maps show what varies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_report_charts import data_of, valid

from sim.report.html import charts
from sim.report.html.cases import Cases
from sim.report.html.content import Card, Page, Section
from sim.report.html.folder import Folder, read_folders
from sim.report.html.render import html
from sim.report.html.run_page import page_of
from sim.report.html.sweep_page import mapped

AXES = ("sanctions", "financing")
POLITICS = {
    "none": (0.168, -4.41e9, 1.0),
    "sectoral": (0.037, -3.88e9, 0.9),
    "replay": (0.0, -4.05e9, 1.0),
    "full": (0.016, -2e6, 0.4),
}
"""Share that pays back, median NPV and share begun of each course of politics, whoever lends."""
LOANS = {"banks": (0.5, 6e8), "yamal_like": (0.25, 5e8), "all_equity": (0.0, 0.0)}
"""Share in default and debt of each financing, whatever the politics."""
COLUMNS = ("paid_back.mean", "project_npv_usd.p50", "invested.mean", "defaulted.mean", "debt_usd.mean")


def written(place: Path, axes: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Folder:
    """Return the folder of a sweep with some cases, read back; each curve rises to the share that pays back."""
    place.mkdir()
    head = ["case", *axes, *columns]
    lines = [",".join(head), *(",".join(map(str, (i + 1, *row))) for i, row in enumerate(rows))]
    (place / "cases.csv").write_text("\n".join(lines) + "\n", "utf-8")
    curves = [",".join(["case", *axes, "year", "p_paid_back"])]
    for i, row in enumerate(rows):
        at, paid = row[: len(axes)], float(row[len(axes)])
        curves += [",".join(map(str, (i + 1, *at, year, paid * year / 4))) for year in range(5)]
    (place / "payback.csv").write_text("\n".join(curves) + "\n", "utf-8")
    manifest = {
        "name": place.name,
        "title": "By hand",
        "seed": 1,
        "draws": 512,
        "axes": {axis: [] for axis in axes},
        "design": "product",
    }
    (place / "manifest.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False), "utf-8")
    return read_folders([place])[0]


@pytest.fixture
def sweep(tmp_path: Path) -> Folder:
    """Return three financings under four courses of politics."""
    rows = [(name, lender, *of, *loan) for name, of in POLITICS.items() for lender, loan in LOANS.items()]
    return written(tmp_path / "sweep", AXES, COLUMNS, rows)


def card(page: Page, label: str) -> Card:
    """Return a card by its label."""
    return next(one for one in page.verdict if one.label == label)


def section(page: Page, name: str) -> Section:
    """Return a section by its id."""
    return next(part for part in page.sections if part.id == name)


def test_the_best_is_no_majority(sweep: Folder) -> None:
    """The title says how many pay back at best, and names only the axis that makes it so."""
    figure = charts.small_multiples(sweep)
    assert figure.title == "At best 16.8 % of futures pay back, with sanctions “none”"
    assert "over each case: sanctions · financing" in figure.caption
    valid(figure)
    assert figure.spec is not None and figure.spec["resolve"]["axis"]["x"] == "independent"


def test_nothing_pays_back_and_all_the_same(tmp_path: Path) -> None:
    """Neither a best case where none pays back, nor one where all pay back alike."""
    none = written(tmp_path / "none", ("mw",), COLUMNS[:1], [(600, 0), (1000, 0)])
    assert charts.small_multiples(none).title == "No case pays back in any future"
    same = written(tmp_path / "same", ("mw",), COLUMNS[:1], [(600, 0.25), (1000, 0.25)])
    assert charts.small_multiples(same).title == "25.0 % of futures pay back in every case"


def test_what_is_not_begun_is_not_the_best(sweep: Folder) -> None:
    """A median NPV of next to nothing, as hardly half of the futures begin, is told and not praised."""
    page = page_of((sweep,))
    best = card(page, "Highest median NPV of those begun")
    assert best.value == "−3.88 bn USD" and best.remark.startswith("with sanctions “sectoral”; 0.00 bn USD with")
    assert best.remark.endswith("sanctions “full”, as the project is not begun in the median future")
    assert card(page, "Lowest median NPV").remark == "with sanctions “none”"
    view = section(page, "cases").tables[0][1]
    begun = [row[view.columns.index("Begun")] for row in view.rows]
    assert begun == [text for text in ("100 %", "90.0 %", "100 %", "40.0 %") for _ in LOANS]
    figure = charts.heat_map(sweep, "project_npv_usd.p50")
    assert figure.title.endswith("of those begun the highest with sanctions “sectoral”")
    assert "In 3 of 12 cases it is next to nothing" in figure.caption


@pytest.mark.parametrize(
    ("median", "invested", "idle"), [(0.0, 0.9, True), (-2e7, 0.4, True), (-2e7, 0.6, False), (-5e7, 0.1, False)]
)
def test_when_nothing_is_begun(tmp_path: Path, median: float, invested: float, idle: bool) -> None:
    """Nothing at all, or less than a hundredth of the largest where less than half are begun."""
    columns = ("project_npv_usd.p50", "invested.mean")
    found = Cases(written(tmp_path / "two", ("mw",), columns, [(600, -4e9, 1.0), (1000, median, invested)]))
    assert [found.idle(row) for row in found.rows] == [False, idle]


def test_maps_show_what_moves(sweep: Folder) -> None:
    """Where an axis moves neither payback nor NPV, figures that it does move are drawn too, and the page says so."""
    found = Cases(sweep)
    assert found.still("paid_back.mean") == ("financing",) and found.still("defaulted.mean") == ("sanctions",)
    assert mapped(found) == ["paid_back.mean", "project_npv_usd.p50", "defaulted.mean", "debt_usd.mean"]
    words = section(page_of((sweep,)), "maps").words
    assert words[0].endswith("do not depend on financing; figures that do are drawn beside them.")
    assert "It does not depend on financing." in charts.heat_map(sweep, "paid_back.mean").caption
    assert "It does not depend on sanctions." in charts.heat_map(sweep, "debt_usd.mean").caption


def test_what_is_not_lent_is_not_in_default(sweep: Folder) -> None:
    """Cases without debt have no share in default: blank on the map, a dash in the table."""
    figure = charts.heat_map(sweep, "defaulted.mean")
    assert {cell["a"] for cell in data_of(figure)[0]} == {"banks", "yamal_like"}
    assert "4 of 12 cases have no figure" in figure.caption
    view = section(page_of((sweep,)), "cases").tables[0][1]
    assert [row[view.columns.index("Loans in default")] for row in view.rows[:3]] == ["50.0 %", "25.0 %", "–"]


def test_no_map_of_what_does_not_vary(tmp_path: Path) -> None:
    """A figure that is the same everywhere is told in a sentence, not drawn and no column."""
    rows = [(mw, year, 0.0, -1e9 * mw) for mw in (1, 2) for year in (2027, 2030)]
    folder = written(tmp_path / "same", ("link.capacity_mw", "timeline.start_year"), COLUMNS[:2], rows)
    assert mapped(Cases(folder)) == ["project_npv_usd.p50"]
    part = section(page_of((folder,)), "cases")
    assert part.tables[0][1].columns == ("Case", "Link: capacity, MW", "Timeline: start year", "NPV, median, bn USD")
    assert part.tables[0][1].rows[1][2] == "2030"
    assert "The same in all cases: pays back: 0 %." in part.words[0]
    assert part.words[-1].endswith("The folder's cases.csv holds all figures of all cases.")


def test_chance_designs_do_not_claim_independence(tmp_path: Path) -> None:
    """Where no two cases differ in one axis only, nothing is said of what a figure does not depend on."""
    folder = written(tmp_path / "lhs", ("a.b", "c.d"), COLUMNS[:1], [(1, 5, 0.25), (2, 6, 0.25), (3, 7, 0.25)])
    assert Cases(folder).still("paid_back.mean") == ()


def test_colours_tell_apart_what_words_do(sweep: Folder) -> None:
    """−4.41, −4.05, −3.88 and 0.00 have four colours, darker for more, and three equal ones have one."""
    cells = data_of(charts.heat_map(sweep, "project_npv_usd.p50"))[0]
    steps = {cell["text"]: cell["step"] for cell in cells}
    assert steps == {"−4.41": "n5", "−4.05": "n4", "−3.88": "n3", "0.00": "n0"}
    assert len(cells) == 12


def test_names_are_words_and_labels_have_lines(tmp_path: Path) -> None:
    """Long names of rows are broken into lines that differ; nothing is left of dotted keys."""
    sizes = ("600 MW for 3.6 bn USD", "600 MW for 6 bn USD")
    rows = [(size, ratio, 0.1 * i, -1e9) for i, size in enumerate(sizes) for ratio in (2, 2800)]
    folder = written(tmp_path / "sizes", ("size", "market.price_ratio"), COLUMNS[:2], rows)
    figure = charts.heat_map(folder, "paid_back.mean")
    valid(figure)
    assert figure.spec is not None
    down, across = (figure.spec["layer"][0]["encoding"][axis] for axis in "yx")
    assert '"600 MW for 6 bn USD": ["600 MW for 6", "bn USD"]' in down["axis"]["labelExpr"]
    assert across["axis"]["title"] == "Market: price ratio" and across["scale"]["domain"] == ["2", "2,800"]
    page = page_of((folder,))
    assert "market.price_ratio" not in " ".join([*page.words, *(f"{one.remark}" for one in page.verdict)])
    assert card(page, "Pays back most often").remark == "with size “600 MW for 6 bn USD”"


def test_a_page_of_junk_cells(tmp_path: Path) -> None:
    """Cells that are no numbers are as if they were not there."""
    folder = written(tmp_path / "junk", ("a.b", "c.d"), COLUMNS[:2], [(1, 5, 0.25, "abc"), (1, 6, 0.5, math.inf)])
    assert card(page_of((folder,)), "Pays back most often").value == "50.0 %"


def test_a_large_sweep_makes_a_page_to_send(tmp_path: Path) -> None:
    """Of thousands of cases the best and the worst are listed, each once, and the page says so."""
    rows = [(i, round(i / 4000, 6), -i * 1e6) for i in range(3000)]
    page = page_of((written(tmp_path / "large", ("mw",), COLUMNS[:2], rows),))
    part = section(page, "cases")
    listed = [int(row[0].replace(",", "")) for row in part.tables[0][1].rows]
    assert listed == [*range(3000, 2750, -1), *range(250, 0, -1)]
    assert part.words[0].startswith("Of 3,000 cases the 250 best and as many of the worst, varied: MW (3,000 values).")
    assert len(html(page)) < 3_000_000
    assert "3,000 cases are more than a map can show" in section(page, "maps").figures[0].missing
    curves = section(page, "payback").figures[0]
    assert curves.table is not None and len(curves.table.rows) < 100
    assert "and 2,964 more" in curves.caption


def test_points_that_are_written_alike_have_curves_of_their_own(tmp_path: Path) -> None:
    """Values that differ in the seventh digit are two cases and two curves."""
    figure = charts.small_multiples(
        written(tmp_path / "near", ("mw",), COLUMNS[:1], [(1.0000001, 0.2), (1.0000002, 0.4)])
    )
    assert figure.table is not None
    assert [row[:1] + row[-1:] for row in figure.table.rows] == [("1 (case 1)", "20.0 %"), ("1 (case 2)", "40.0 %")]


@pytest.mark.parametrize("count", [1, 3])
def test_maps_of_one_and_of_three_axes(tmp_path: Path, count: int) -> None:
    """The last axis goes across, the others down; every case has its cell."""
    names = ("a", "b", "c")[:count]
    places = [(i,) if count == 1 else (i, j, k) for i in range(2) for j in range(count) for k in range(count)]
    places = list(dict.fromkeys(places))
    rows = [(*place, 0.01 * (n + 1)) for n, place in enumerate(places)]
    folder = written(tmp_path / "maps", names, COLUMNS[:1], rows)
    figure = section(page_of((folder,)), "maps").figures[0]
    valid(figure)
    cells = max(data_of(figure), key=len)
    assert len(cells) == len(places) and len({(cell["a"], cell["d"]) for cell in cells}) == len(places)
    assert [cell["text"] for cell in cells] == [f"{n + 1:.1f}" for n in range(len(places))]


def test_ties_are_no_winners(tmp_path: Path) -> None:
    """Named is what all the best have in common; an axis on which nothing depends is no tie."""
    axes = ("link.capacity_mw", "costs.items.*.amount_million", "sanctions")
    places = [(mw, cost, name) for mw in (600, 1000, 1400) for cost in ("x0.5", "x1") for name in ("none", "full")]
    shares = [0.5 if mw > 600 and cost == "x0.5" and name == "none" else 0.1 for mw, cost, name in places]
    values = [0.0 if name == "full" and cost == "x1" else -1e9 for _, cost, name in places]
    rows = [(*place, *figures) for place, *figures in zip(places, shares, values, strict=True)]
    found = Cases(written(tmp_path / "ties", axes, COLUMNS[:2], rows))
    best = [row for row in found.rows if row["paid_back.mean"] == 0.5]
    assert found.where(best, "paid_back.mean") == "in 2 cases, all with costs of all items × 0.5, sanctions “none”"
    assert found.where(best[:1], "paid_back.mean").startswith("with link capacity 1,000 MW, costs of all items × 0.5, ")
    assert found.where(best[:1], "paid_back.mean", 20) == "in case 5"
    idle = [row for row in found.rows if row["project_npv_usd.p50"] == 0.0]
    assert (
        found.where(idle, "project_npv_usd.p50") == "with costs of all items × 1, sanctions “full”"
    )  # whatever the capacity
    assert found.where(found.rows, "paid_back.mean") == "in every case"
    crossed = [row for row in found.rows if (row["sanctions"] == "none") == (row["link.capacity_mw"] == 600.0)]
    assert found.where(crossed, "paid_back.mean") == "in 6 cases"


def test_one_axis_of_equals(tmp_path: Path) -> None:
    """Few equal points of a single axis are named together."""
    rows = [(600, 0.1), (1000, 0.2), (1400, 0.2), (2000, 0.1)]
    page = page_of((written(tmp_path / "one", ("link.capacity_mw",), COLUMNS[:1], rows),))
    assert card(page, "Pays back most often").remark == "with link capacity 1,000 or 1,400 MW"


def hypercube(tmp_path: Path) -> Folder:
    """Return sixteen cases of four axes: the first alone makes the difference, two are drawn, one is of names."""
    axes = ("market.price_ratio", "costs.items.*.amount_million", "capacity", "sanctions")
    drawn = [(2 + i / 7, f"x{0.5 + (5 * i % 16) / 23:.8f}", f"{600 + 400 * (i % 3)} MW") for i in range(16)]
    rows = [(*place, ("none", "full")[i // 2 % 2], i / 100, -1e9 * (20 - i)) for i, place in enumerate(drawn)]
    folder = written(tmp_path / "lhs", axes, COLUMNS[:2], rows)
    file = tmp_path / "lhs" / "manifest.yaml"
    file.write_text(file.read_text("utf-8").replace("design: product", "design: latin_hypercube"), "utf-8")
    return read_folders([folder.path])[0]


def test_a_hypercube_can_be_read(tmp_path: Path) -> None:
    """Cases go by their number, drawn points have four digits, and what moves the result comes first."""
    folder = hypercube(tmp_path)
    page = page_of((folder,))
    assert card(page, "Pays back most often").remark == "in case 16"
    assert card(page, "Cases").remark == "varied: 4 inputs at once"
    part = section(page, "cases")
    assert (
        "market price ratio (from 2 to 4.143), costs of all items (from × 0.5 to × 1.152), capacity (3 values)"
        in part.words[0]
    )
    assert part.tables[0][1].rows[1][1:4] == ("2.143", "× 0.7174", "1000 MW")
    assert charts.small_multiples(folder).title == "At best 15.0 % of futures pay back, in case 16"
    moves = page.sections[0]
    assert moves.title == "What moves the result"
    assert moves.words[0] == "The chance of payback goes most with market price ratio (+1.00)."
    assert moves.figures[0].title == "Among numbers, the chance of payback hangs most on market price ratio"
    assert "over 16 cases" in moves.figures[0].caption and "below 0.50 hardly" in moves.figures[0].caption
    assert "Points of sanctions are names" in moves.figures[0].caption
    valid(moves.figures[0])
    assert moves.figures[0].table is not None and len(moves.figures[0].table.rows) == 3
