"""README and docs say what is true: its commands run, its numbers are those of the reference results."""

from __future__ import annotations

import csv
import math
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest

from sim.checks import warnings
from sim.cli import main
from sim.prepare import prepare
from sim.scenario import read

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
REFERENCE = ROOT / "results" / "reference"
NAMES = sorted(file.stem for file in (ROOT / "scenarios").glob("*.yaml"))
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "docs" / "design.md"]

Capture = pytest.CaptureFixture[str]


def blocks(language: str) -> list[str]:
    """Return the code blocks of README in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def rows(title: str) -> list[list[str]]:
    """Return the cells of the README table whose first column has a title, without its two heading lines."""
    lines = README.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {title} |"))
    body = takewhile(lambda line: line.startswith("|"), lines[start + 2 :])
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in body]


def commands() -> Iterator[list[str]]:
    """Yield the arguments of each ``python -m sim`` that README shows, in blocks and in the text."""
    shown = re.findall(r"python -m sim ((?:[^&`\n]|&(?!&))+)", README)
    yield from (shlex.split(text) for text in shown if not re.search(r"\b(FILE|FOLDER)\b", text))


# --- commands -----------------------------------------------------------------------------------------------------


def test_the_two_commands() -> None:
    """The first two shell blocks set up and run, and test; .ci/run takes them from here."""
    first, second = blocks("sh")[:2]
    steps = ["python3 -m venv .venv", ". .venv/bin/activate", 'pip install -e ".[dev]"']
    assert first.strip().split(" && ") == [*steps, "python -m sim scenarios/base.yaml"]
    assert second.strip() == "python -m pytest"


def test_ci_finds_the_two_commands() -> None:
    """The script of the build takes the same two blocks out of README."""
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    function = script[script.index("block() {") : script.index("\n}\n", script.index("block() {")) + 3]
    for i, wanted in enumerate(blocks("sh")[:2], start=1):
        command = ["bash", "-c", f"{function}\nblock {i}"]
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert found == wanted


@pytest.mark.parametrize("arguments", list(commands()), ids=" ".join)
def test_commands_run(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Each command in README ends with 0."""
    monkeypatch.chdir(ROOT)
    small = {"validate": [], "compare": [], "explain": ["--draws", "256"]}
    if arguments[0] == "compare":
        for name in ("base", "sanctions/today_full"):
            assert main([name, "--draws", "256", "--quiet", "--out", str(tmp_path)]) == 0
        arguments = [word.replace("results", str(tmp_path)) for word in arguments]
    assert main([*arguments, *small.get(arguments[0], ["--draws", "256", "--out", str(tmp_path)])]) == 0


def test_the_python_example_runs() -> None:
    """The lines for Python run from the root of the checkout and print numbers."""
    (code,) = blocks("python")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.search(r"^p50\s+-?\d", done.stdout, re.MULTILINE)


def test_the_scenario_example_is_sound(tmp_path: Path, capsys: Capture) -> None:
    """The variant in README is a scenario without a warning, when it stands beside the base case."""
    (text,) = blocks("yaml")
    (tmp_path / "base.yaml").write_bytes((ROOT / "scenarios" / "base.yaml").read_bytes())
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    assert main(["check", str(tmp_path / "mine.yaml")]) == 0
    assert not warnings(read(tmp_path / "mine.yaml").written)


def test_the_sanctions_example_is_sound(tmp_path: Path, capsys: Capture) -> None:
    """The file in the docs on sanctions is a scenario without a warning, and it runs."""
    text = (ROOT / "docs" / "sanctions.md").read_text("utf-8")
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "base.yaml").write_bytes((ROOT / "scenarios" / "base.yaml").read_bytes())
    (tmp_path / "mine.yaml").write_text(example, encoding="utf-8")
    assert not warnings(read(tmp_path / "mine.yaml").written)
    assert main([str(tmp_path / "mine.yaml"), "--draws", "256", "--out", str(tmp_path)]) == 0


def test_options_are_those_of_the_command(capsys: Capture) -> None:
    """README lists every option of ``run`` and ``sweep`` and no other; the verbs are those of the program."""
    main(["run", "--help"])
    known = set(re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
    assert {re.findall(r"--[a-z-]+", row[0])[0] for row in rows("option of `run`")} == known - {"--help"}
    main(["sweep", "--help"])
    known = set(re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
    own = {re.findall(r"--[a-z-]+", row[0])[0] for row in rows("option of `sweep`")}
    (as_for_run,) = re.findall(r"^(`--.*?) of `sweep` are\nthose of `run`", README, re.MULTILINE | re.DOTALL)
    assert own | set(re.findall(r"--[a-z-]+", as_for_run)) == known - {"--help"}
    main(["--help"])
    verbs = re.findall(r"^    ([a-z]+) ", capsys.readouterr().out, re.MULTILINE)
    assert verbs and all(re.search(rf"`{verb}[ `]", README) for verb in verbs)


# --- numbers ------------------------------------------------------------------------------------------------------


def summary(name: str) -> dict[str, dict[str, str]]:
    """Return the reference summary of a scenario by metric and column."""
    with (REFERENCE / name / "summary.csv").open(encoding="utf-8", newline="") as file:
        return {row["metric"]: row for row in csv.DictReader(file)}


def shown(value: float, decimals: int) -> str:
    """Return a number as README writes it, "never" for inf."""
    return "never" if math.isinf(value) else f"{value:.{decimals}f}".replace("-", "−")


def numbers(name: str) -> list[str]:
    """Return the numbers of a scenario's row in README, from the reference results."""
    of = summary(name)
    calm = float(of["pays_with_and_without"]["mean"]) + float(of["pays_only_without_sanctions"]["mean"])
    return [
        f"{shown(100.0 * float(of['paid_back']['mean']), 1)} %",
        f"{shown(100.0 * calm, 1)} %",
        shown(float(of["project_payback_years"]["p50"]), 1),
        shown(float(of["project_npv_usd"]["p50"]) / 1e9, 2),
        shown(float(of["transmission_lcoe_usd_per_mwh"]["p50"]), 0),
        shown(float(of["realised_gap_usd_per_mwh"]["p50"]), 0),
    ]


def test_every_scenario_has_a_row() -> None:
    """The table lists the shipped scenarios, base case first."""
    named = [row[0].strip("`") for row in rows("scenario")]
    assert named[0] == "base"
    assert sorted(named) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_those_of_the_reference(name: str) -> None:
    """Each row holds the numbers of results/reference; on failure the right side is what belongs there."""
    row = next(row for row in rows("scenario") if row[0] == f"`{name}`")
    assert row[2:] == numbers(name), f"README.md: the row of {name} should end in | {' | '.join(numbers(name))} |"


def financing_numbers(name: str) -> list[str]:
    """Return the numbers of a row of the table of financings, from the reference results."""
    of = summary(name if name == "base" else f"financing/{name}")
    lent = float(of["debt_usd"]["deterministic"]) / 1e9
    cells = [shown(lent, 2), f"{shown(100.0 * float(of['gearing']['deterministic']), 1)} %"]
    if lent > 0.0:
        cells.append(shown(float(of["dscr_min"]["p50"]), 2))
        cells.append(f"{shown(100.0 * float(of['defaulted']['mean']), 0)} %")
        cells.append(f"{shown(100.0 * float(of['lenders_loss_share']['mean']), 1)} %")
    else:
        cells += ["–"] * 3
    cells += [shown(float(of[f"equity_{what}_usd"]["p50"]) / 1e9, d) for what, d in (("invested", 1), ("npv", 2))]
    return [*cells, shown(float(of["equity_payback_years"]["p50"]), 1)]


FINANCINGS = ["base", *sorted(file.stem for file in (ROOT / "scenarios" / "financing").glob("*.yaml"))]


@pytest.mark.parametrize("name", FINANCINGS)
def test_financing_numbers_are_those_of_the_reference(name: str) -> None:
    """Each row of the table of financings holds the numbers of results/reference."""
    row = next(row for row in rows("financing") if row[0] == f"`{name}`")
    wanted = financing_numbers(name)
    assert row[2:] == wanted, f"README.md: the row of {name} should end in | {' | '.join(wanted)} |"
    assert sorted(row[0].strip("`") for row in rows("financing")) == sorted(FINANCINGS)


def sanctions_numbers(name: str) -> list[str]:
    """Return the numbers of a row of the table of sanctions, from the reference results."""
    of = summary(name if name == "base" else f"sanctions/{name}")

    def share(metric: str, decimals: int = 0) -> str:
        return f"{shown(100.0 * float(of[metric]['mean']), decimals)} %"

    def billion(metric: str) -> str:
        return shown(float(of[metric]["mean"]) / 1e9, 2)

    return [
        *(share("invested"), share("abandoned"), share("seized"), share("paid_back", 1), share("defaulted")),
        *(
            billion("cost_of_sanctions_usd"),
            share("sanctions_save_money"),
            billion("cost_of_sanctions_to_sponsors_usd"),
        ),
    ]


SANCTIONS = ["base", *sorted(file.stem for file in (ROOT / "scenarios" / "sanctions").glob("*.yaml"))]


@pytest.mark.parametrize("name", SANCTIONS)
def test_sanctions_numbers_are_those_of_the_reference(name: str) -> None:
    """Each row of the table of sanctions holds the numbers of results/reference."""
    row = next(row for row in rows("sanctions") if row[0] == f"`{name}`")
    wanted = sanctions_numbers(name)
    assert row[2:] == wanted, f"README.md: the row of {name} should end in | {' | '.join(wanted)} |"
    assert sorted(row[0].strip("`") for row in rows("sanctions")) == sorted(SANCTIONS)


LENDERS = {"base": "JBIC and banks", "yamal_like": "China and Russia", "all_equity": "nobody"}
POLITICS = {name: f"`{name}`" for name in ("none", "replay_2014_2022", "today_full")}
POLITICS["base"] = "`base`: sectoral, then chance"


def combined_numbers(lenders: str, politics: str) -> list[str]:
    """Return the numbers of a row of the table of politics and lenders, from the study of both."""
    with (REFERENCE / "studies" / "financing_x_sanctions" / "cases.csv").open(encoding="utf-8", newline="") as file:
        (of,) = (row for row in csv.DictReader(file) if (row["financing"], row["sanctions"]) == (lenders, politics))
    loans = float(of["debt_usd.p90"]) > 0.0
    return [
        f"{shown(100.0 * float(of['paid_back.mean']), 1)} %",
        shown(float(of["project_payback_years.p50"]), 1),
        shown(float(of["project_npv_usd.mean"]) / 1e9, 2),
        f"{shown(100.0 * float(of['defaulted.mean']), 0)} %" if loans else "–",
        shown(float(of["equity_npv_usd.mean"]) / 1e9, 2),
    ]


@pytest.mark.parametrize("lenders", LENDERS)
@pytest.mark.parametrize("politics", POLITICS)
def test_combined_numbers_are_those_of_the_reference(politics: str, lenders: str) -> None:
    """Politics by lenders: each of the twelve rows is that of results/reference, in README and in the docs."""
    start = f"| {POLITICS[politics]} | {LENDERS[lenders]} | "
    wanted = start + " | ".join(combined_numbers(lenders, politics)) + " |"
    for page in (README, (ROOT / "docs" / "sanctions.md").read_text("utf-8")):
        found = [line for line in page.splitlines() if line.startswith(start)]
        assert found == [wanted]


def test_what_the_text_says_of_every_scenario() -> None:
    """Horizon, first year and discount rate are as told around the table."""
    for name in NAMES:
        spec = read(ROOT / "scenarios" / f"{name}.yaml")
        assert prepare(spec).grid.years == 54
        assert spec.written.timeline.start_year == 2027
        assert spec.leaves["evaluation.discount_rate_real"].dist.lower == 0.065


def test_the_excerpt_is_what_the_screen_shows(tmp_path: Path, capsys: Capture) -> None:
    """Every line of the excerpt stands on the page of a default run, in that order; … skips."""
    assert main([str(ROOT / "scenarios" / "base.yaml"), "--out", str(tmp_path)]) == 0
    page = iter(capsys.readouterr().out.splitlines())
    (excerpt,) = blocks("text")
    for line in excerpt.splitlines():
        assert line in ("", "…") or line in page, f"README.md: not on the screen (any more), or not in order: {line}"


def test_files_and_columns(tmp_path: Path) -> None:
    """README names every table of a run with its columns, and every other file; and those of a sweep."""
    options = ["--draws", "256", "--out", str(tmp_path), "--quiet", "--keep-draws"]
    assert main([str(ROOT / "scenarios" / "base.yaml"), *options]) == 0
    told = {row[0].strip("`"): re.findall(r"`([^`]+)`", row[2]) for row in rows("file")}
    for file in (tmp_path / "base").iterdir():
        if file.name in told:
            assert told.pop(file.name) == file.read_text("utf-8").splitlines()[0].split(",")
        else:
            assert f"`{file.name}`" in README
    assert not told
    wrong = ["--vary", "link.capacity_mw=1000,-1", *options[:-1]]  # a case that fails, for errors.csv
    assert main(["sweep", str(ROOT / "scenarios" / "base.yaml"), *wrong, "--name", "two"]) == 1
    assert all(f"`{file.name}`" in README for file in (tmp_path / "two").iterdir())


# --- pages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Each link within the project names a file that is there."""
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_are_short(page: Path) -> None:
    """Lines have at most 120 characters, table rows aside."""
    long = [line for line in page.read_text("utf-8").splitlines() if len(line) > 120 and not line.startswith("|")]
    assert not long


def test_design_fits_on_two_screens() -> None:
    """The page on design stays short enough to be read."""
    assert len((ROOT / "docs" / "design.md").read_text("utf-8").splitlines()) <= 100


def test_changelog_has_the_version() -> None:
    """The version of the package has a heading in the changelog."""
    from sim import __version__

    assert re.search(rf"^## {re.escape(__version__)}\b", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("target", re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
def test_make_targets_are_told(target: str) -> None:
    """README names each target of the Makefile."""
    assert re.search(rf"`(make )?{target}`", README)
