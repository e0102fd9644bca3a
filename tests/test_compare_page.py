"""The page of a comparison: what it says first, how it writes differences, and that it fits."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from sim.batch.compare import Comparison, compare
from sim.batch.pairing import Estimate
from sim.engine import simulate
from sim.report.compare_layout import Scale, difference_and_interval, scale
from sim.report.compare_page import MAIN, markdown
from sim.report.compare_page import page as coded
from sim.report.letters import uncoded
from sim.report.titles import title
from sim.results import RunFacts, write
from sim.scenario import read

SCENARIOS = Path(__file__).parents[1] / "scenarios"
FACTS = RunFacts("2026-10-01T00:00:00+00:00", 1.0, 1)
SUMMARY = "metric,unit,mean,se,p50,share_defined"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the results folders of two runs that can be paired, and one of another seed."""
    out = tmp_path_factory.mktemp("pages")
    asked = {"base": ("base", 5_120, 1), "calm": ("sanctions/none", 5_120, 1), "other": ("base", 512, 2)}
    for name, (scenario, draws, seed) in asked.items():
        write(simulate(read(SCENARIOS / f"{scenario}.yaml"), draws, seed), out / name, [], FACTS)
    return {name: out / name for name in asked}


@pytest.fixture(scope="module")
def paired(runs: dict[str, Path]) -> Comparison:
    """Return the base case against none of its sanctions."""
    return compare([runs["base"], runs["calm"]])


def page(made: Comparison, width: int = 100) -> str:
    """Return the page as a pipe receives it."""
    return uncoded(coded(made, width))


def csv(path: Path, *lines: str) -> Path:
    """Write lines to a file and return it."""
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def words(text: str) -> str:
    """Return a text with its lines joined."""
    return " ".join(text.split())


def test_what_a_paired_page_says_first(paired: Comparison) -> None:
    """Title, what each side is, that they are paired, and the answer, in this order."""
    text = page(paired)
    lines = text.split("\n")
    assert lines[0] == "none compared with base"
    assert re.fullmatch(r"A  base  .*/base +5,120 futures, seed 1, 54 years", lines[1])
    assert re.fullmatch(r"B  none  .*/calm +5,120 futures, seed 1, 54 years", lines[2])
    npv = next(one for one in paired.pairs[0].differences if one.metric == "project_npv_usd")
    found = re.search(
        r"Paired: both have drawn the same 5,120 futures.*"
        r"The mean NPV is −([\d.]+) bn USD in base and −([\d.]+) bn USD in none, ([\d.]+) bn USD less \(95 % interval "
        r"−([\d.]+) to −([\d.]+)\)\. It is higher in none in ([\d.]+) % of futures, in base in ([\d.]+) %.*"
        r"Pays back in ([\d.]+) % of futures in base, in ([\d.]+) % in none: in both in",
        words(text),
    )
    assert found is not None
    a, b, apart, low, high, better = map(float, found.groups()[:6])
    assert (a, b) == pytest.approx((-npv.a.mean / 1e9, -npv.b.mean / 1e9), abs=0.006)
    assert apart == pytest.approx(-npv.mean.difference / 1e9, abs=0.006) == pytest.approx(b - a, abs=0.011)
    assert (low, high) == pytest.approx((-npv.mean.low / 1e9, -npv.mean.high / 1e9), abs=0.006)
    assert better == pytest.approx(100 * npv.contest.better, abs=0.06)
    paid = next(one for one in paired.pairs[0].times if one.metric == "project_payback_years")
    assert [float(found[i]) for i in (8, 9)] == pytest.approx([100 * paid.reached_a, 100 * paid.reached_b], abs=0.06)


def test_the_table_of_figures(paired: Comparison) -> None:
    """Main metrics stand in their order, with a sign on each difference; what is the same is only named."""
    text = page(paired)
    head = next(line for line in text.split("\n") if line.startswith("Mean of futures"))
    assert head.split("  ")[0] == "Mean of futures"
    assert re.split(r" {2,}", head)[1:] == ["unit", "A", "B", "B − A", "95 % interval", "B better", "equal"]
    starts = [text.find(f"\n{title(metric)} ") for metric in MAIN]
    shown = [start for start in starts if start > 0]
    assert shown == sorted(shown) and len(shown) > 12
    row = next(line for line in text.split("\n") if line.startswith("Given up while building"))
    assert re.search(r" % +\d\d\.\d+ +0 +−\d\d\.\d+ +−\d\d\.\d+ to −\d\d\.\d+ +\d\d\.\d +\d\d\.\d$", row)
    assert re.search(r"The same in both: [^.]*Invested", words(text))
    assert not re.search(r"^Invested", text, re.MULTILINE)
    assert "* Of the futures that have a value in both: " in words(text)


def test_the_table_of_paybacks_and_inputs(paired: Comparison) -> None:
    """Who pays in which futures, and the inputs that make the difference."""
    text = page(paired)
    at = text.index("\nPays back  ", text.index("\nMean of futures") + 1)
    at = text.index("\nPays back  ", at + 1)
    head, units = text[at + 1 :].split("\n")[:2]
    asked = ("in A", "in B", "P50 A", "P50 B", "B − A *", "both", "only A", "only B", "neither")
    assert tuple(re.split(r" {2,}", head)[1:]) == asked
    assert units.split() == ["%", "%", "years", "years", "years", "%", "%", "%", "%"]
    row = next(line for line in text.split("\n") if line.startswith("Payback  "))
    cells = re.split(r" {2,}", row)
    assert float(cells[2]) == pytest.approx(float(cells[6]) + float(cells[8]), abs=0.11)
    assert cells[3:5] == ["never", "never"] and cells[5].startswith("−")
    assert re.search(r"^sanctions\.initial +sectoral +none$", text, re.MULTILINE)


def test_a_page_that_is_not_paired(runs: dict[str, Path]) -> None:
    """It says why, and has no column of who is better."""
    text = page(compare([runs["base"], runs["other"]]))
    assert (
        "Not paired: the seeds differ (1 and 2); the numbers of draws differ (5,120 and 512). "
        "There are no standard errors, hence no intervals."
    ) in words(text)
    assert "better" not in text and "only B" not in text
    assert "No input differs." in text


def test_a_seed_in_common_without_draws(runs: dict[str, Path], tmp_path: Path) -> None:
    """Where the chance is the same and not known draw by draw, the intervals are too wide and said to be."""
    bare = tmp_path / "bare"
    shutil.copytree(runs["calm"], bare, ignore=shutil.ignore_patterns("draws.parquet"))
    text = words(page(compare([runs["base"], bare])))
    assert "Not paired: there is no draws.parquet in none." in text
    assert "nothing in common; as the seed is the same, they are wider than need be." in text


def test_a_run_against_itself(runs: dict[str, Path]) -> None:
    """There is nothing to show, and that is what it says."""
    text = words(page(compare([runs["base"], runs["base"]])))
    assert "base (2) compared with base" in text
    assert "The NPV is the same in every future. The same " in text and "% of futures pay back in both." in text
    assert "All is the same in both: Pays back; Net present value (NPV);" in text
    assert "Mean of futures" not in text and "No input differs." in text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_too_wide(runs: dict[str, Path], width: int) -> None:
    """The page of three runs fits."""
    made = compare([runs["base"], runs["calm"], runs["other"]])
    text = page(made, width)
    assert max(map(len, text.split("\n"))) <= width
    assert text.count("compared with base") == 2


def test_markdown(paired: Comparison) -> None:
    """Tables have a rule and as many cells in each row; what Markdown would read as a mark is escaped."""
    text = markdown(paired)
    assert text.startswith("## none compared with base\n\n|  |  |  |  |\n| :-- | :-- | :-- | :-- |\n| A | base | ")
    assert "\n\nPaired: both have drawn the same 5,120 futures" in text
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert len(tables) == 4
    for table in tables:
        rows = table.strip().split("\n")
        assert len({row.replace("\\|", "").count("|") for row in rows}) == 1
        assert set(rows[1]) <= set("|:- ")
    assert "| Rate of return (IRR), nominal \\* | % a year |" in text


def test_a_page_of_csvs_without_main_metrics(tmp_path: Path) -> None:
    """Whatever is common is shown; a payback that one never reaches is a matter of never."""
    a = csv(tmp_path / "a.csv", SUMMARY, "my_cost,EUR,10,,9,1", "project_payback_years,years from start,,,20,0.6")
    b = csv(tmp_path / "b.csv", SUMMARY, "my_cost,EUR,12.5,,9,1", "project_payback_years,years from start,,,inf,0.4")
    text = page(compare([a, b]))
    assert re.search(r"^My cost +EUR +10\.0 +12\.5 +\+2\.5$", text, re.MULTILINE)
    assert re.search(r"^Payback from the start, median +years +20\.0 +never +to never$", text, re.MULTILINE)
    assert "Pays back in 60.0 % of futures in a, in 40.0 % in b." in words(text)
    assert re.search(r"^Payback +60\.0 +40\.0 +20\.0 +never$", text, re.MULTILINE)


def test_a_page_of_sweeps(tmp_path: Path) -> None:
    """Cases stand side by side under their places on the axes, and it says that they are not paired."""
    head = "case,link.capacity_mw,project_npv_usd.mean,project_npv_usd.se,paid_back.mean"
    a = csv(tmp_path / "a.csv", head, "1,600,-4e9,3e7,0.1", "2,1000,-3e9,3e7,0.2")
    b = csv(tmp_path / "b.csv", head, "1,600,-3.5e9,4e7,0.1", "2,2000,-3e9,3e7,0.2")
    text = page(compare([a, b]))
    assert text.startswith("b compared with a\nA  a  ")
    assert (
        "1 case is in both, by link.capacity_mw. Not paired: a has no means of replicates beside its cases; 95 % "
        "intervals add up the standard errors of both as if they had nothing in common."
    ) in words(text)
    assert re.search(
        r"^Link: capacity, MW +Mean NPV A +B +B − A +95 % interval\n +bn USD +bn USD +bn USD$", text, re.MULTILINE
    )
    assert re.search(r"^600 +−4\.00 +−3\.50 +\+0\.50 +\+0\.40 to \+0\.60$", text, re.MULTILINE)
    assert re.search(r"^600 +10\.0 +10\.0 +0\.0$", text, re.MULTILINE)
    assert "- Only in a: 1 case (link.capacity_mw 1000)." in text
    assert "- Only in b: 1 case (link.capacity_mw 2000)." in text
    assert "| 600 | −4.00 | −3.50 | +0.50 | +0.40 to +0.60 |" in markdown(compare([a, b]))


def test_a_warning_is_on_the_page(runs: dict[str, Path], tmp_path: Path) -> None:
    """Other versions and metrics that only one has stand at the end."""
    other = tmp_path / "other"
    shutil.copytree(runs["calm"], other)
    manifest = yaml.safe_load((other / "manifest.yaml").read_text("utf-8"))
    manifest["versions"]["numpy"] = "1.0"
    (other / "manifest.yaml").write_text(yaml.safe_dump(manifest), "utf-8")
    text = page(compare([runs["base"], other]))
    assert re.search(
        r"\n\nBefore you rely on this\n- Made with different versions: numpy .* and 1\.0; a difference", text
    )


def test_how_differences_are_written() -> None:
    """A sign, as many decimals as the interval can bear, and words for never."""
    bn = scale("USD", [-3.2e9, -1.1e9])
    assert difference_and_interval(Estimate(2.1e9, 2e7, 2.06e9, 2.14e9, 1.0), bn) == ("+2.10", "+2.06 to +2.14")
    assert difference_and_interval(Estimate(-3.98e7, 5e5, -4.08e7, -3.88e7, 1.0), bn) == (
        "−0.040",
        "−0.041 to −0.039",
    )
    assert difference_and_interval(Estimate(0.0, 0.0, 0.0, 0.0, 1.0), bn) == ("0.00", "0.00 to 0.00")
    assert difference_and_interval(Estimate(0.4, *[float("nan")] * 4), scale("years", [])) == ("+0.4", "")
    tenth = Scale(1.0, "years", 1)
    assert (tenth.signed(float("inf"), 1), tenth.signed(float("-inf"), 1)) == ("to never", "from never")
    assert tenth.signed(float("nan"), 1) == "–"
