"""The page in a real browser: it draws, tells its numbers, folds, sorts and prints, and nothing in it breaks out."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sim.cli import main
from sim.report.html import charts
from sim.report.html import charts_theme as theme
from sim.report.html.content import Card, Figure, Page, Section, View
from sim.report.html.folder import Folder, read_folders
from sim.report.html.render import html
from sim.report.html.sheets import Sheet

CHROMIUM = shutil.which("chromium")
if CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("chromium is not installed", allow_module_level=True)
playwright: Any = import_module("playwright.sync_api")

SWITCHES = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--disable-quic"),
)
DRAWN = "html[data-drawn]"
ATTACKS = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\"quoted\" & 'quoted' <img src=x onerror=alert(2)>",
    "\u202egnp.exe\u202c \u200fعربي\u2028x",
    "{{ 7 * 7 }} {% raw %} ${alert(3)} datum['x']",
)
EVIL = " · ".join(ATTACKS)


@dataclass
class Opened:
    """A page in the browser, and what it said and asked for."""

    tab: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def refuse(self, dialog: Any) -> None:
        """Note a dialog, which no page of ours has, and close it."""
        self.said.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def js(self, expression: str) -> Any:
        """Return what a piece of JavaScript says."""
        return self.tab.evaluate(expression)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a headless browser."""
    assert CHROMIUM is not None, "chromium is not installed, and CI must not skip this"
    with playwright.sync_playwright() as started:
        one = started.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        yield one
        one.close()


@contextmanager
def opened(browser: Any, file: Path, width: int = 1280, scheme: str = "light") -> Iterator[Opened]:
    """Open a page, wait until it is drawn, and hold it to silence: no message, no request but for the file."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    found = Opened(context.new_page())
    found.tab.on("console", lambda message: found.said.append(f"{message.type}: {message.text}"))
    found.tab.on("pageerror", lambda error: found.said.append(f"error: {error}"))
    found.tab.on("dialog", found.refuse)
    found.tab.on("request", lambda request: found.asked.append(request.url))
    found.tab.goto(file.as_uri())
    found.tab.wait_for_selector(DRAWN, state="attached", timeout=20_000)
    yield found
    context.close()
    assert not found.said
    assert [url for url in found.asked if not url.startswith("data:")] == [file.as_uri()]


def write(folder: Path, page: Page) -> Path:
    """Write a page and return its file."""
    file = folder / "report.html"
    file.write_text(html(page), "utf-8")
    return file


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Return the folder of a small run of the base case."""
    out = tmp_path_factory.mktemp("runs")
    assert main(["run", "base", "--draws", "512", "--quiet", "--out", str(out)]) == 0
    return read_folders([out / "base"])[0]


def sweep() -> Folder:
    """Return a sweep made by hand, of names that are longer than a small screen is wide."""
    points = [(mw, f"a financing of a very long name {i}") for mw in (600.0, 1000.0, 2800.0) for i in range(4)]
    columns = ("case", "link.capacity_mw", "financing", "paid_back.mean", "project_npv_usd.p50")
    cases = [
        dict(zip(columns, (i + 1.0, *point, 0.08 * i, (i - 5) * 1e9), strict=True)) for i, point in enumerate(points)
    ]
    years = ("case", "link.capacity_mw", "financing", "year", "p_paid_back")
    curves = [
        dict(zip(years, (i + 1.0, *point, float(year), 0.02 * i * year / 4), strict=True))
        for i, point in enumerate(points)
        for year in range(17)
    ]
    sheets = {"cases.csv": Sheet(columns, tuple(cases)), "payback.csv": Sheet(years, tuple(curves))}
    return Folder(Path(), "sweep", "sweep", None, sheets, (), ())


def numbers(rows: int = 12) -> View:
    """Return a table of every kind of number."""
    cells = (
        "−3.2",
        "1,234.5",
        "never",
        "–",
        "12.0",
        "< 0.1 %",
        "2.0 bn USD",
        "900.0 million USD",
        "0.0",
        "7",
        "8",
        "9",
    )
    return View(("name", "value"), tuple((f"row {i:02}", cells[i % 12]) for i in range(rows)), (False, True))


@pytest.fixture(scope="module")
def page(run: Folder) -> Page:
    """Return a page with every chart of the run, big tables, and a folded part with a chart in it."""
    first = (
        charts.payback_curve([run]),
        charts.fan(run),
        charts.who_gets_what(run),
        charts.dscr(run),
        charts.parties(run),
    )
    more: tuple[Figure, ...] = (charts.regimes(run), charts.bearers(run), charts.drivers(run), charts.attribution(run))
    more += tuple(charts.distribution(run, metric) for metric in ("project_npv_usd", "project_irr"))
    of_cases = (charts.heat_map(sweep(), "paid_back.mean"), charts.heat_map(sweep(), "project_npv_usd.p50"))
    sections = (
        Section("first", "First", ("In words.",), first),
        Section("more", "More", (), more, (("Numbers", numbers()),)),
        Section("cases", "Cases", (), (*of_cases, charts.small_multiples(sweep()))),
        Section("fold", "Folded", (), (charts.payback_curve([run]),), (("Wide", wide()),), folded=True),
    )
    cards = (Card("Pays back", "4.1 %", "of futures"), Card("What matters", "costs.items.plant.amount_million", ""))
    return Page("A link", "as of 2026", cards, ("It does not pay.",), ("Beware.",), sections, ("A note.",))


def wide() -> View:
    """Return a table that is wider than small screens."""
    heads = tuple(f"Investment {i}" for i in range(17))
    return View(heads, (tuple("−9,999.9" for _ in heads),) * 30, (True,) * 17)


@pytest.fixture(scope="module")
def file(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the written page."""
    return write(tmp_path_factory.mktemp("page"), page)


# --- one file -----------------------------------------------------------------------------------------------------


def test_one_file_without_addresses(file: Path) -> None:
    """The file is small enough to send, is closed by its policy, and loads nothing by src or href."""
    text = file.read_text("utf-8")
    assert len(text.encode()) < 3_000_000
    assert "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:;" in text
    markup = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r"\bsrc=", markup)
    assert all(target.startswith(("#", "data:")) for target in re.findall(r'href="([^"]*)"', markup))
    assert not re.search(r"url\(|@import", markup)


def test_a_page_of_words_has_no_libraries(tmp_path: Path, browser: Any) -> None:
    """Without charts the page is small; it opens all the same."""
    words = Page("t", "", (), ("Nothing.",), (), (Section("a", "A", ("Words.",)),))
    made = write(tmp_path, words)
    assert made.stat().st_size < 40_000
    with opened(browser, made) as shown:
        assert shown.js("document.querySelectorAll('h1').length") == 1


# --- drawing ------------------------------------------------------------------------------------------------------


def test_every_chart_is_drawn_with_its_table(browser: Any, file: Path, page: Page) -> None:
    """Each chart has marks, is told to those who do not see it, and its table has the cells of the page."""
    figures = [figure for section in page.sections for figure in section.figures]
    with opened(browser, file) as shown:
        found = shown.js(
            """[...document.querySelectorAll('figure')].map(one => ({
                title: one.querySelector('h3').textContent,
                label: one.querySelector('.chart')?.getAttribute('aria-label'),
                marks: [...one.querySelectorAll('.chart svg [class*=role-mark] path')]
                    .filter(path => (path.getAttribute('d') || '').length > 8).length,
                cells: [...one.querySelectorAll('tbody tr')].map(row => [...row.cells].map(cell => cell.textContent)),
                missing: one.querySelector('.missing')?.textContent,
            }))"""
        )
    assert len(found) == len(figures)
    for figure, there in zip(figures, found, strict=True):
        assert there["title"].replace("\u00a0", " ") == figure.title
        if figure.spec is None:
            assert there["missing"].replace("\u00a0", " ") == figure.missing
            continue
        assert there["marks"] >= 2, figure.id
        assert figure.caption in there["label"]
        assert figure.table is not None
        assert [tuple(row) for row in there["cells"]] == list(figure.table.rows)


def test_words_in_charts_stay_inside_and_apart(browser: Any, file: Path) -> None:
    """At every width no label of a chart is cut by its drawing, and no two of them overlap."""
    for width in (1280, 320):
        with opened(browser, file, width) as shown:
            wrong = shown.js(
                """[...document.querySelectorAll('.chart svg')].flatMap(svg => {
                    const frame = svg.getBoundingClientRect();
                    const texts = [...svg.querySelectorAll('text')].filter(t => t.textContent && t.style.opacity !== '0'
                        && t.getAttribute('opacity') !== '0');
                    const boxes = texts.map(t => [t.textContent, t.getBoundingClientRect()]).filter(([, b]) => b.width);
                    const out = boxes.filter(([, b]) => b.left < frame.left - 1 || b.right > frame.right + 1
                        || b.top < frame.top - 1 || b.bottom > frame.bottom + 1).map(([t]) => 'cut: ' + t);
                    boxes.forEach(([t, a], i) => boxes.slice(i + 1).forEach(([u, b]) => {
                        const across = a.left < b.right - 1 && b.left < a.right - 1;
                        if (across && a.top < b.bottom - 2 && b.top < a.bottom - 2)
                            out.push(`over: ${t} | ${u}`);
                    }));
                    return out;
                })"""
            )
        assert not wrong, width


def test_hover_tells_the_numbers_of_the_table(browser: Any, file: Path, page: Page) -> None:
    """A tooltip appears over a chart, and says what its table says of that year."""
    with opened(browser, file) as shown:
        chart = shown.tab.locator("figure .chart svg").nth(1)
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        shown.tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
        shown.tab.mouse.move(box["x"] + box["width"] / 2 + 3, box["y"] + box["height"] / 3)
        tip = shown.tab.locator("#vg-tooltip-element.visible")
        tip.wait_for(timeout=5_000)
        told = dict(
            zip(tip.locator("td.key").all_text_contents(), tip.locator("td.value").all_text_contents(), strict=True)
        )
    fan = page.sections[0].figures[1]
    assert fan.table is not None
    row = next(row for row in fan.table.rows if row[0] == told["End of"])
    unit = re.sub(r"^P10, ", "", fan.table.columns[1])
    assert told[f"P90, {unit}"] == row[3]
    assert told["median"] == row[2]
    assert told["lenders’ case"] == row[5]


def test_dark(browser: Any, file: Path) -> None:
    """Where the system is dark, so are the page and its charts; a change while it is open counts at once."""
    colours = """[getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector('.chart svg text')).fill,
        getComputedStyle(document.querySelector('.chart svg .mark-line path')).stroke]"""

    def wanted(palette: dict[str, str]) -> list[str]:
        parts = [[int(palette[name][i : i + 2], 16) for i in (1, 3, 5)] for name in ("bg", "muted", "c0")]
        return [f"rgb({red}, {green}, {blue})" for red, green, blue in parts]

    with opened(browser, file, scheme="dark") as shown:
        assert shown.js(colours) == wanted(theme.DARK)
        shown.tab.emulate_media(color_scheme="light")
        assert shown.js(colours) == wanted(theme.LIGHT)


def test_paper(browser: Any, file: Path) -> None:
    """Printed from a dark screen it is light, fits its pages, and short tables are unfolded as long as it takes."""
    with opened(browser, file, scheme="dark") as shown:
        shown.js("addEventListener('afterprint', () => { window.printed = true; })")
        pdf = shown.tab.pdf(format="A4", prefer_css_page_size=True)
        assert pdf.startswith(b"%PDF")
        assert 3 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 20
        assert shown.js("document.querySelectorAll('details[open]').length") == 0
        shown.tab.set_viewport_size({"width": 680, "height": 960})
        shown.tab.emulate_media(media="print", color_scheme="dark")
        assert shown.js("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        shown.js("document.querySelector('.fold').open = true")
        width = "[...document.querySelectorAll('table')].every(t => t.matches('.most') === {} || t.offsetWidth <= {})"
        assert shown.js(width.format("true", 681))
        charts_fit = "[...document.querySelectorAll('.chart svg')].every(s => s.getBoundingClientRect().width <= 681)"
        assert shown.js(charts_fit)
        shown.tab.set_viewport_size(
            {"width": 1009, "height": 660}
        )  # the widest tables have a page of their own, across
        assert shown.js("document.querySelectorAll('table.most').length") > 0
        assert shown.js(width.format("false", 1010))


def test_small_screen(browser: Any, file: Path) -> None:
    """At 320 pixels nothing but tables is wider than the screen, folded parts open or not."""
    with opened(browser, file, 320) as shown:
        assert shown.js("document.documentElement.scrollWidth") <= 320
        shown.js("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        shown.tab.wait_for_timeout(200)
        assert shown.js("document.documentElement.scrollWidth") <= 320
        folded = "document.querySelector('.fold .chart svg').getBoundingClientRect().width"
        assert 200 < shown.js(folded) <= 320


def test_charts_follow_the_window(browser: Any, file: Path) -> None:
    """A window that grows narrow takes its charts with it."""
    with opened(browser, file) as shown:
        shown.tab.set_viewport_size({"width": 400, "height": 900})
        narrow = "[...document.querySelectorAll('.part > :not(.fold) .chart svg')].every(s => s.clientWidth <= 400)"
        for _ in range(50):
            if shown.js(narrow):
                break
            shown.tab.wait_for_timeout(100)
        assert shown.js(narrow)
        assert shown.js("document.documentElement.scrollWidth") <= 400


# --- reading without a mouse --------------------------------------------------------------------------------------


def test_headings_landmarks_and_names(browser: Any, file: Path) -> None:
    """Headings descend by one at a time, ids are unique, landmarks are there, the language is said."""
    with opened(browser, file) as shown:
        levels = shown.js("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        ids = shown.js("[...document.querySelectorAll('[id]')].map(one => one.id)")
        assert len(ids) == len(set(ids))
        for landmark in ("main", "header", "footer", "nav"):
            assert shown.js(f"document.querySelectorAll('{landmark}').length") == 1
        assert shown.js("document.documentElement.lang") == "en"
        links = shown.js("[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href').slice(1))")
        assert links
        assert set(links) <= set(ids)


def test_skip_link_and_tables_by_keyboard(browser: Any, file: Path) -> None:
    """The first stop of the keyboard skips to the results; Enter opens a table, and what has the focus shows it."""
    with opened(browser, file) as shown:
        shown.tab.keyboard.press("Tab")
        assert shown.js("document.activeElement.className") == "skip"
        assert shown.js("document.activeElement.getBoundingClientRect().top >= 0")
        assert shown.js("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        shown.tab.keyboard.press("Enter")
        assert shown.js("document.activeElement.id") == "main"
        for _ in range(12):
            shown.tab.keyboard.press("Tab")
            if shown.js("document.activeElement.tagName") == "SUMMARY":
                break
        shown.tab.keyboard.press("Enter")
        assert shown.js("document.activeElement.parentElement.open")


def test_sorting_by_keyboard(browser: Any, file: Path) -> None:
    """A head sorts by number whatever unit it is in: up, then down; what has no value stays last."""
    with opened(browser, file) as shown:
        table = shown.tab.locator("#section-more .table table")
        button = table.locator("thead button").nth(1)
        button.focus()
        orders = []
        for _ in range(2):
            shown.tab.keyboard.press("Enter")
            way = table.locator("thead th").nth(1).get_attribute("aria-sort")
            orders.append((way, table.locator("td").all_text_contents()))
        assert table.locator("thead th").nth(0).get_attribute("aria-sort") is None
    up = ["−3.2", "0.0", "< 0.1 %", "7", "8", "9", "12.0", "1,234.5", "900.0 million USD", "2.0 bn USD", "never", "–"]
    assert orders == [("ascending", up), ("descending", [*up[-2::-1], "–"])]


def test_a_link_opens_what_is_folded(browser: Any, file: Path) -> None:
    """The contents lead into a folded part and unfold it."""
    with opened(browser, file) as shown:
        assert not shown.js("document.querySelector('.fold').open")
        shown.tab.locator(".contents a").last.click()
        shown.tab.locator(".fold[open]").wait_for(timeout=5_000)


# --- texts that want to get out -----------------------------------------------------------------------------------


def test_texts_stay_texts(browser: Any, run: Folder, tmp_path: Path) -> None:
    """Markup, quotes, templates and marks of direction in any text, in charts too, are shown as they are."""
    evil = Folder(run.path, run.kind, EVIL, run.manifest, run.sheets, (), ())
    curve = charts.payback_curve([run, evil])
    sheets = {**run.sheets}
    drivers = sheets["drivers.csv"]
    rows = tuple({**row, "input": f"{EVIL} {i}"} for i, row in enumerate(drivers.rows[:3]))
    sheets["drivers.csv"] = type(drivers)(drivers.columns, rows)
    moved = charts.drivers(Folder(run.path, run.kind, EVIL, run.manifest, sheets, (), ()))
    view = View((EVIL, "value"), ((EVIL, EVIL),) * 10, (False, True))
    one = Figure(EVIL, EVIL, EVIL, curve.spec, view)
    parts = (
        Section(EVIL, EVIL, (EVIL,), (one, one, moved, Figure(EVIL, EVIL, EVIL, None, None, EVIL)), ((EVIL, view),)),
    )
    page = Page(EVIL, EVIL, (Card(EVIL, EVIL, EVIL),), (EVIL,), (EVIL,), (*parts, *parts, *parts), (EVIL,))
    with opened(browser, write(tmp_path, page)) as shown:
        flat = re.sub(r"\s+", " ", EVIL)
        assert re.sub(r"\s+", " ", shown.tab.title()) == flat
        for place in (
            "h1",
            "h2[id^=section]",
            "h3",
            ".caveats li",
            "td",
            "th",
            "caption",
            "figcaption p",
            ".missing",
            "dt",
        ):
            texts = shown.tab.locator(place).all_text_contents()
            assert texts, place
            assert any(flat in re.sub(r"\s+", " ", text) for text in texts), place
        assert shown.js("document.querySelectorAll('img, iframe, object').length") == 0
        assert shown.js("document.querySelectorAll('script').length") == 3 + 9, (
            "settings, libraries, page, nine drawings"
        )
        legend = shown.js("[...document.querySelectorAll('.role-legend text')].map(t => t.textContent).join()")
        assert "</script>" in legend
        chart = shown.tab.locator(".chart svg").first
        box = chart.bounding_box()
        chart.scroll_into_view_if_needed()
        chart.hover(position={"x": box["width"] / 2, "y": 60})
        shown.tab.locator("#vg-tooltip-element.visible").wait_for(timeout=5_000)
        assert ATTACKS[0] in shown.tab.locator("#vg-tooltip-element").text_content()
        isolated = "getComputedStyle(document.querySelector('h1 bdi')).unicodeBidi"
        assert shown.js(isolated) == "isolate"
