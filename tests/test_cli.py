"""The command line, in process: verbs, options, exit codes, and what a run leaves in its folder."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim import __version__
from sim.checks import warnings
from sim.cli import main
from sim.scenario import read

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "scenarios"
BASE = str(SCENARIOS / "base.yaml")
SAM = ROOT / "tests" / "reference" / "sam"
CSVS = ("summary.csv", "payback.csv", "cashflow.csv", "drivers.csv", "distributions.csv")

Capture = pytest.CaptureFixture[str]


def run(tmp_path: Path, *options: str, draws: int = 256, folder: str = "out") -> Path:
    """Run the base case quietly with the implied verb and return its results folder."""
    assert main([BASE, "--draws", str(draws), "--out", str(tmp_path / folder), "--quiet", *options]) == 0
    return tmp_path / folder / "base"


def digest(file: Path) -> str:
    """Return the hash of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def tables(folder: Path) -> dict[str, str]:
    """Return the hashes of the tables in a results folder."""
    return {name: digest(folder / name) for name in CSVS}


def manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a results folder."""
    data: dict[str, Any] = yaml.safe_load((folder / "manifest.yaml").read_text("utf-8"))
    return data


def everything(folder: Path) -> dict[str, str]:
    """Return the hash of every file below a folder, hidden ones too."""
    return {str(file.relative_to(folder)): digest(file) for file in folder.rglob("*") if file.is_file()}


# --- run ----------------------------------------------------------------------------------------------------------


def test_a_file_alone_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """A first word that is no verb is a scenario; results go to results/SCENARIO and a page to the screen."""
    monkeypatch.chdir(tmp_path)
    assert main([BASE, "--draws", "256"]) == 0
    screen = capsys.readouterr()
    assert "Sakhalin–Wakkanai power cable" in screen.out
    assert "256 futures" in screen.out
    assert screen.err == ""
    assert set(CSVS) < {file.name for file in (tmp_path / "results" / "base").iterdir()}


def test_the_verb_may_be_written(tmp_path: Path) -> None:
    """``run FILE`` does what ``FILE`` does."""
    implied = run(tmp_path)
    assert main(["run", BASE, "--draws", "256", "--out", str(tmp_path / "verb"), "--quiet"]) == 0
    assert tables(tmp_path / "verb" / "base") == tables(implied)


def test_defaults(tmp_path: Path) -> None:
    """10,240 draws and seed 1, on one process, unless asked otherwise."""
    assert main([BASE, "--out", str(tmp_path), "--quiet"]) == 0
    facts = manifest(tmp_path / "base")
    assert (facts["draws"], facts["seed"], facts["run"]["workers"]) == (10_240, 1, 1)


def test_draws_are_rounded_up_and_the_page_says_so(tmp_path: Path, capsys: Capture) -> None:
    """Draws come in whole replicates of 256; a rounded number is shown with what was asked for."""
    assert main([BASE, "--draws", "300", "--out", str(tmp_path)]) == 0
    screen = " ".join(capsys.readouterr().out.split())
    assert "512 futures drawn (300 asked for, rounded up to whole replicates of 256)" in screen
    assert manifest(tmp_path / "base")["draws"] == 512
    assert main([BASE, "--draws", "512", "--out", str(tmp_path)]) == 0
    assert "asked for" not in capsys.readouterr().out


def test_seed_changes_the_numbers(tmp_path: Path) -> None:
    """The same seed gives the same bytes, another seed other numbers."""
    first, again, other = (run(tmp_path, "--seed", seed, folder=f) for seed, f in (("1", "a"), ("1", "b"), ("2", "c")))
    assert tables(first) == tables(again)
    assert manifest(other)["seed"] == 2
    for name in ("summary.csv", "cashflow.csv", "drivers.csv"):
        assert tables(first)[name] != tables(other)[name], name


def test_workers_do_not_change_a_byte(tmp_path: Path) -> None:
    """Two processes that share several chunks write the same tables as one."""
    one, two = (run(tmp_path, "--workers", n, draws=2560, folder=f"w{n}") for n in ("1", "2"))
    assert manifest(two)["run"]["workers"] == 2
    assert tables(one) == tables(two)
    assert digest(one / "draws.parquet") == digest(two / "draws.parquet")


def test_set_changes_a_number(tmp_path: Path, capsys: Capture) -> None:
    """``--set`` changes the input, is named on the page and stands in the manifest; several add up."""
    options = ["--set", "link.capacity_mw=600", "--set", "tax.jurisdictions.japan.rate=0.5"]
    assert main([BASE, "--draws", "256", "--out", str(tmp_path), *options]) == 0
    assert "link.capacity_mw, tax.jurisdictions.japan.rate" in capsys.readouterr().out
    facts = manifest(tmp_path / "base")
    assert facts["overrides"] == {"link.capacity_mw": 600, "tax.jurisdictions.japan.rate": 0.5}
    assert facts["scenario"]["tax"]["jurisdictions"]["japan"]["rate"] == 0.5
    assert tables(tmp_path / "base")["summary.csv"] != tables(run(tmp_path))["summary.csv"]


def test_set_takes_a_distribution_and_deletes(tmp_path: Path) -> None:
    """The value is YAML: a mapping is a distribution, ``null`` deletes an optional block."""
    triangle = "tax.jurisdictions.japan.rate={dist: triangular, min: 0.1, mode: 0.2, max: 0.4}"
    folder = run(tmp_path, "--set", triangle, "--set", "costs.decommissioning=null", "--keep-draws")
    assert "decommissioning" not in manifest(folder)["scenario"]["costs"]
    with (folder / "draws.csv").open(encoding="utf-8", newline="") as file:
        rates = [float(row["tax.jurisdictions.japan.rate"]) for row in csv.DictReader(file)]
    assert 0.1 <= min(rates) < 0.2 < max(rates) <= 0.4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("link.capacity_mv=600", "did you mean capacity_mw?"),
        ("link.capacity_mw=much", "'much' is not a number"),
        ("link.capacity_mw=-1", "out of range"),
        ("nothing.like.it=1", "not known"),
        ("link.capacity_mw", "not KEY=VALUE"),
        ("=600", "not KEY=VALUE"),
        ("link.capacity_mw=[1", "not valid YAML"),
    ],
)
def test_set_with_a_bad_key_or_value(tmp_path: Path, capsys: Capture, text: str, said: str) -> None:
    """A key that is not there or a value that cannot be ends the run with code 2 and writes nothing."""
    assert main([BASE, "--draws", "256", "--out", str(tmp_path / "out"), "--set", text]) == 2
    screen = capsys.readouterr()
    assert said in screen.err
    assert screen.err.startswith("error: ")
    assert screen.out == ""
    assert not (tmp_path / "out").exists()


def test_every_problem_is_told_at_once(tmp_path: Path, capsys: Capture) -> None:
    """Two mistakes are two lines."""
    options = ["--set", "link.capacity_mw=-1", "--set", "tax.jurisdictions.japan.rate=high"]
    assert main([BASE, "--out", str(tmp_path / "out"), *options]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_keep_draws(tmp_path: Path) -> None:
    """``--keep-draws`` adds the uncertain inputs by dotted path and writes all draws as text, too."""
    import pandas as pd

    plain, kept = run(tmp_path, folder="plain"), run(tmp_path, "--keep-draws", folder="kept")
    assert not (plain / "draws.csv").exists()
    metrics, wide = pd.read_parquet(plain / "draws.parquet"), pd.read_parquet(kept / "draws.parquet")
    assert metrics.equals(wide[list(metrics.columns)])
    added = set(wide.columns) - set(metrics.columns)
    assert {"supply.availability", "costs.items.plant.overrun", "market.price_effect_per_gw"} < added
    text = pd.read_csv(kept / "draws.csv")
    assert list(text.columns) == ["draw", *wide.columns]
    assert text["draw"].tolist() == list(range(256))
    pd.testing.assert_frame_equal(text[wide.columns.tolist()], wide, check_dtype=False, rtol=1e-9)
    assert tables(plain) == tables(kept)


def test_quiet_prints_nothing(tmp_path: Path, capsys: Capture) -> None:
    """``--quiet`` leaves both streams empty."""
    run(tmp_path)
    screen = capsys.readouterr()
    assert (screen.out, screen.err) == ("", "")


def test_quiet_prints_no_notes(tmp_path: Path, capsys: Capture) -> None:
    """A note on an older folder that is kept, and a doubt about a changed manifest, are not errors either."""
    folder = run(tmp_path)
    run(tmp_path, "--seed", "2")
    assert main([BASE, "--draws", "512", "--out", str(tmp_path / "out")]) == 0
    assert "note: " in capsys.readouterr().err
    run(tmp_path)
    file = tmp_path / "manifest.yaml"
    file.write_text((folder / "manifest.yaml").read_text("utf-8").replace("numpy: ", "numpy: 0."), encoding="utf-8")
    assert main([str(file), "--out", str(tmp_path / "again"), "--quiet"]) in (0, 1)
    screen = capsys.readouterr()
    assert (screen.out, screen.err) == ("", "")


@pytest.mark.parametrize("verb", [["check"], ["trace", "--line", "net", "--year", "2040"]])
def test_a_manifest_is_no_scenario(tmp_path: Path, capsys: Capture, verb: list[str]) -> None:
    """Where a scenario is asked for a manifest is one error, which says what can be done with it."""
    file = run(tmp_path) / "manifest.yaml"
    assert main([verb[0], str(file), *verb[1:]]) == 2
    error = f"error: {file}: is the manifest of a run, no scenario; run it again with python -m sim {file}\n"
    assert capsys.readouterr().err == error


@pytest.mark.parametrize(
    ("name", "said"), [("bse", "did you mean base?"), ("xyz", "name a file, or one of base, cable_only, ")]
)
def test_a_name_that_is_no_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, name: str, said: str
) -> None:
    """A near name is suggested; where none is near the shipped ones are listed."""
    monkeypatch.chdir(tmp_path)
    assert main([name]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {name}: there is no such file or shipped scenario; {said}")


def test_new_refuses_the_name_of_a_shipped_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """A file base.yaml of one's own would be confused with the shipped one."""
    monkeypatch.chdir(tmp_path)
    assert main(["new", "base"]) == 2
    assert "'base' is the name of a shipped scenario; choose another name" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_out_that_cannot_be_a_folder(tmp_path: Path, capsys: Capture) -> None:
    """A file in the place of the results folder is an input error, not a traceback."""
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    assert main([BASE, "--draws", "256", "--out", str(tmp_path / "taken"), "--quiet"]) == 2
    assert "cannot write results" in capsys.readouterr().err
    assert (tmp_path / "taken").read_text("utf-8") == "mine"


@pytest.mark.parametrize("stage", ["sim.engine.reduce_block", "sim.results._write_manifest"])
def test_interrupt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, stage: str) -> None:
    """Ctrl-C, while computing or while writing, gives 130 and leaves earlier results as they were."""
    run(tmp_path)
    before = everything(tmp_path)

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stage, interrupted)
    assert main([BASE, "--draws", "512", "--out", str(tmp_path / "out"), "--quiet"]) == 130
    assert "interrupted" in capsys.readouterr().err
    assert everything(tmp_path) == before


# --- what is not a run --------------------------------------------------------------------------------------------


def test_version(capsys: Capture) -> None:
    """``--version`` names the distribution and its version."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"linkfeasibility {__version__}\n"


def test_check_accepts_every_shipped_scenario(capsys: Capture) -> None:
    """Each shipped scenario is sound and named on the screen, and none of them draws a warning."""
    files = sorted(file for file in SCENARIOS.rglob("*.yaml") if file.parent.name != "sweeps")
    assert main(["check", *map(str, files)]) == 0
    screen = capsys.readouterr()
    assert screen.err == ""
    for file in files:
        assert str(file) in screen.out
        assert not warnings(read(file).written)


def test_check_names_file_and_line(tmp_path: Path, capsys: Capture) -> None:
    """A bad file gives code 2 and its line; a good one beside it is still checked."""
    bad = tmp_path / "bad.yaml"
    text = Path(BASE).read_text("utf-8")
    line = text[: text.index("  capacity_mw:")].count("\n") + 1
    bad.write_text(text.replace("  capacity_mw:", "  capacity_mww:"), encoding="utf-8")
    assert main(["check", str(bad), BASE]) == 2
    screen = capsys.readouterr()
    assert f"error: {bad}:{line}: link.capacity_mww: this key is not known; did you mean capacity_mw?" in screen.err
    assert BASE in screen.out


def test_check_takes_changes(capsys: Capture) -> None:
    """``check`` shows the scenario with ``--set``, and refuses what cannot be set."""
    assert main(["check", BASE, "--set", "financing.tranches.jbic.tenor_years=12"]) == 0
    screen = capsys.readouterr().out
    assert "12 years" in screen and screen.count("15 years") == 1
    assert main(["check", BASE, "--set", "financing.tranches.jbic.tenor=12"]) == 2
    assert "error: --set financing.tranches.jbic.tenor: " in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "a: [1", "a: 1\na: 2\n", "- 1\n", "title: !!python/object:os.system x\n"])
def test_check_refuses_what_is_no_scenario(tmp_path: Path, capsys: Capture, text: str) -> None:
    """Empty, broken, doubled, listed or tagged YAML is an error with the name of the file."""
    file = tmp_path / "odd.yaml"
    file.write_text(text, encoding="utf-8")
    assert main(["check", str(file)]) == 2
    assert capsys.readouterr().err.startswith(f"error: {file}")


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["run", BASE, "--bogus"],
        ["run"],
        [],
        ["--bogus"],
        ["check"],
        ["validate", "--bogus"],
        ["trace", "base"],
        ["completion", "fish-and-chips"],
        [BASE, "--draws", "0"],
        [BASE, "--draws", "many"],
        [BASE, "--workers", "-1"],
        [BASE, "--seed", "x"],
    ],
    ids=" ".join,
)
def test_wrong_words(capsys: Capture, arguments: list[str]) -> None:
    """An unknown verb, file or option, or an option without a sense, gives code 2 and a word on stderr."""
    assert main(arguments) == 2
    screen = capsys.readouterr()
    assert screen.err and not screen.out


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["check", "-h"], ["validate", "-h"]])
def test_help_exits_0(capsys: Capture, arguments: list[str]) -> None:
    """Help goes to standard output."""
    assert main(arguments) == 0
    assert "usage: python -m sim" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"]])
def test_help_is_quick(arguments: list[str]) -> None:
    """Help and version import none of the heavy packages."""
    heavy = ("numpy", "scipy", "pydantic", "rich", "pandas", "pyarrow", "yaml")
    code = (
        f"import sys; from sim.cli import main; main({arguments!r}); print(*[m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""


def test_python_m_sim() -> None:
    """``python -m sim`` passes the exit code on to the shell."""
    command = [sys.executable, "-m", "sim", "check"]
    assert subprocess.run([*command, BASE], cwd=ROOT, capture_output=True).returncode == 0
    assert subprocess.run([*command, "nowhere.yaml"], cwd=ROOT, capture_output=True).returncode == 2


# --- validate -----------------------------------------------------------------------------------------------------


def test_validate_passes_on_the_outside_cases(capsys: Capture) -> None:
    """The engine agrees with every case that tests keep, which are those taken where no folder is named."""
    assert main(["validate", "--cases", str(SAM)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["Outside reference cases (sam): what the engine makes of them", ""]
    assert len(lines) > 25 and max(map(len, lines)) <= 100
    assert lines[-1] == "23 cases agree, 1 unsupported (sam21_receivables_quirk), 0 fail"
    assert not any("FAIL" in line for line in lines)
    assert sum("UNSUPPORTED: receivables" in line for line in lines) == 1
    assert main(["validate"]) == 0
    assert capsys.readouterr().out.splitlines() == lines


def test_validate_fails_on_a_changed_case(tmp_path: Path, capsys: Capture) -> None:
    """One wrong figure in a case is found and gives code 1."""
    case = json.loads((SAM / "sam01_equity_simple.json").read_text("utf-8"))
    case["outputs_scalar"]["project_return_aftertax_npv"] *= 1.001
    (tmp_path / "changed.json").write_text(json.dumps(case), encoding="utf-8")
    assert main(["validate", "--cases", str(tmp_path)]) == 1
    assert [line for line in capsys.readouterr().out.splitlines() if "FAIL" in line and "npv" in line]


def test_validate_needs_a_folder_of_cases(tmp_path: Path, capsys: Capture) -> None:
    """A folder that is not there, or that holds no case, is an input error."""
    assert main(["validate", "--cases", str(tmp_path / "nowhere")]) == 2
    assert main(["validate", "--cases", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("error: ") == 2
