"""Who computes does not show: one process or several, workers that die, interrupts, other code, one big run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml
from small_sweeps import begun, lines, sweep, tables, until, written_scenario

import sim.batch.sweep
import sim.seam
from sim.batch.figures import Answer, Asked, answers
from sim.batch.journal import NAME as JOURNAL
from sim.engine import simulate
from sim.errors import ScenarioError
from sim.scenario import from_data
from sim.seam import processes
from sim.tables import tables as tables_of

ROOT = Path(__file__).parents[1]
AXES = ("--vary", "link.capacity_mw=600:950:50", "--vary", "supply.availability=0.5,0.9,1.5", "--draws", "256")
"""A sweep of 24 cases of which every third fails."""
LONG = ("--vary", "link.capacity_mw=500:1000:0.5", "--draws", "256")
"""A sweep of 1,001 cases."""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small scenario with one uncertain number."""
    return written_scenario(tmp_path_factory.mktemp("scenario"))


@pytest.fixture(scope="module")
def alone(scenario: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of a sweep on this process alone."""
    out = tmp_path_factory.mktemp("alone")
    assert sweep(scenario, out, *AXES, "--workers", "1") == 1
    return out


def test_the_number_of_workers_does_not_show(scenario: Path, alone: Path, tmp_path: Path) -> None:
    """Tables have the same bytes, errors included, and the journal has the same lines; others here have two workers."""
    assert sweep(scenario, tmp_path, *AXES, "--workers", "3") == 1
    assert tables(tmp_path) == tables(alone)
    assert sorted(lines(tmp_path)) == sorted(lines(alone))
    assert b"is out of range" in tables(alone)["errors.csv"]


def test_cases_are_figures_of_runs_of_their_own(scenario: Path, alone: Path) -> None:
    """A row of the table says what an ordinary run of that case says."""
    heads, *rows = [line.split(",") for line in (alone / "s" / "cases.csv").read_text("utf-8").splitlines()]
    row = rows[3]
    data = yaml.safe_load(scenario.read_text("utf-8"))
    data["link"]["capacity_mw"], data["supply"]["availability"] = float(row[1]), float(row[2])
    values = simulate(from_data("one", data), 256, 1).metrics["project_npv_usd"]
    assert float(row[heads.index("project_npv_usd.mean")]) == pytest.approx(float(np.mean(values)), rel=1e-9)


# --- deaths -------------------------------------------------------------------------------------------------------

DEADLY = (5, 10)
"""Cases that kill whoever takes them on."""


def deadly(batch: tuple[Asked, ...]) -> tuple[Answer, ...]:
    """Answer, unless one of the cases kills."""
    if any(asked.name == f"s, case {number}" for asked in batch for number in DEADLY):
        os.kill(os.getpid(), signal.SIGKILL)
    return answers(batch)


def deadly_once(batch: tuple[Asked, ...]) -> tuple[Answer, ...]:
    """Answer, unless this is the first time that somebody is asked for one of the deadly cases."""
    for asked in batch:
        flag = Path(os.environ["SIM_TEST_FLAGS"]) / asked.name
        if any(asked.name == f"s, case {number}" for number in DEADLY) and not flag.exists():
            flag.touch()
            os._exit(1)
    return answers(batch)


def test_workers_that_die_once(scenario: Path, alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deaths of workers in mid-run change nothing."""
    flags = tmp_path / "flags"
    flags.mkdir()
    monkeypatch.setenv("SIM_TEST_FLAGS", str(flags))
    monkeypatch.setattr(sim.batch.sweep, "answers", deadly_once)
    assert sweep(scenario, tmp_path, *AXES, "--workers", "2") == 1
    assert len(list(flags.iterdir())) == 2
    assert tables(tmp_path) == tables(alone)
    assert sorted(lines(tmp_path)) == sorted(lines(alone))


def test_cases_that_always_kill(
    scenario: Path, alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cases that kill every worker are failed cases; all others finish, and the next sweep does only what is left."""
    with monkeypatch.context() as patch:
        patch.setattr(sim.batch.sweep, "answers", deadly)
        patch.setattr(sim.batch.sweep, "LEAST_SECONDS", 5.0)  # innocents are in one batch with the guilty
        assert sweep(scenario, tmp_path, *AXES, "--workers", "2") == 1
    said = capsys.readouterr().err
    assert "error: case 5 and 1 more: every process that took on this case has died" in said
    assert "Traceback" not in said
    errors = tables(tmp_path)["errors.csv"].splitlines()
    assert [int(line.split(b",")[0]) for line in errors[1:]] == sorted({*DEADLY, *range(3, 25, 3)})
    dead = [line.split(b",")[0] for line in errors if b"has died" in line]
    assert dead == [b"%d" % number for number in DEADLY]
    whole = tables(alone)["cases.csv"].splitlines()
    found = tables(tmp_path)["cases.csv"].splitlines()
    assert found == [line for line in whole if line.split(b",")[0] not in dead]
    assert sweep(scenario, tmp_path, *AXES, "--workers", "1") == 1
    assert tables(tmp_path) == tables(alone)


def test_workers_with_other_code(
    scenario: Path, alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Workers that run other code are refused in one line; what was finished before is kept."""
    assert sweep(scenario, tmp_path, "--set", "link.length_km=40", *AXES, "--workers", "1") == 1
    before = lines(tmp_path)
    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr(sim.seam, "fingerprint", lambda: "0" * 64)
        assert sweep(scenario, tmp_path, *AXES, "--workers", "2", "--seed", "2") == 2
    said = capsys.readouterr().err
    assert "other code" in said and said.count("\n") == 1 and said.startswith("error: ")
    assert lines(tmp_path) == before
    assert sweep(scenario, tmp_path, *AXES, "--workers", "2") == 1
    assert tables(tmp_path) == tables(alone)


# --- interrupts ---------------------------------------------------------------------------------------------------


def larger(file: Path, size: int) -> bool:
    """Say whether a file is there and larger than that."""
    return file.exists() and file.stat().st_size > size


def interrupted(process: subprocess.Popen[str]) -> str:
    """Interrupt a sweep as a terminal does, all its processes at once; return what it says, after all have ended."""
    os.killpg(process.pid, signal.SIGINT)
    began = time.monotonic()
    out, said = process.communicate(timeout=20.0)  # ends when all have closed their end: no worker is left
    assert time.monotonic() - began < 15.0
    assert out == ""
    return said


@pytest.mark.parametrize("workers", ["1", "3"])
def test_interrupt_at_work(scenario: Path, tmp_path: Path, workers: str) -> None:
    """An interrupt ends a sweep at once and says how much is kept; the same command goes on there."""
    finished = 0
    journal = tmp_path / "s" / JOURNAL
    for more in (1, 60_000):
        with begun(scenario, tmp_path, *LONG, "--workers", workers) as process:
            until(partial(larger, journal, more), process)
            said = interrupted(process)
            assert process.returncode == 130
        now = len(lines(tmp_path))
        assert now > finished
        told = "interrupted: {} of 1,001 cases are finished and kept; the same command goes on\n"
        assert said in (told.format(now), told.format(now - 1)), "one may be written and not counted yet"
        finished = now


def test_interrupt_while_workers_begin(scenario: Path, tmp_path: Path) -> None:
    """Workers that are about to begin say nothing about an interrupt, and none is left."""
    rng = random.Random(4)
    for i in range(4):
        out = tmp_path / str(i)
        with begun(scenario, out, *LONG, "--workers", "3") as process:
            until((out / "s").exists, process)
            time.sleep(rng.uniform(0.0, 0.5))
            said = interrupted(process)
            assert process.returncode in (130, -signal.SIGINT)
        assert said.startswith("interrupted: ") and said.count("\n") == 1


# --- one big run --------------------------------------------------------------------------------------------------


def test_one_big_run_on_several_workers(scenario: Path) -> None:
    """The blocks of one run on several processes come to the results of one process, to the last bit."""
    spec = from_data("big", yaml.safe_load(scenario.read_text("utf-8")))
    seen: list[int] = []
    one = simulate(spec, 6 * 256, 3)
    many = simulate(spec, 6 * 256, 3, crew=processes(2), chunk_replicates=1, progress=seen.append)
    assert seen == [256] * 6
    assert one.draws == many.draws == 6 * 256
    for kind in ("metrics", "lines", "inputs"):
        first, second = getattr(one, kind), getattr(many, kind)
        assert list(first) == list(second)
        assert all(first[name].tobytes() == second[name].tobytes() for name in first), kind
    for table, other in zip(tables_of(one), tables_of(many), strict=True):
        assert repr(list(table.rows)) == repr(list(other.rows)), table.name


def test_one_big_run_whose_worker_dies(scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that kills every process that takes it on ends the run with one clear error."""
    spec = from_data("big", yaml.safe_load(scenario.read_text("utf-8")))
    monkeypatch.setattr("sim.engine._work", block_that_kills)
    with pytest.raises(ScenarioError, match="the process of a worker has died again and again; take fewer --workers"):
        simulate(spec, 4 * 256, 3, crew=processes(2), chunk_replicates=1)


def block_that_kills(chunk: object) -> None:
    """Kill the process that has taken on a block."""
    os.kill(os.getpid(), signal.SIGKILL)
