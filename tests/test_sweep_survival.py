"""Sweeps survive: kills at any moment, full disks, journals with garbage, two sweeps at once, other sweeps' results."""

from __future__ import annotations

import errno
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from small_sweeps import begun, lines, sweep, tables, until, written_scenario

import sim.batch.journal
import sim.batch.sweep
import sim.folder
from sim.batch.figures import answers
from sim.batch.journal import NAME as JOURNAL
from sim.cli import main
from sim.folder import beside

ROOT = Path(__file__).parents[1]
KILLS = 7
"""Kills of each of three chains of sweeps, on 1, 2 and 3 processes."""
SMALL = ("--vary", "link.capacity_mw=700,800,-5", "--draws", "256", "--workers", "1")
"""A sweep of two cases and one that fails."""
LARGE = ("--vary", "link.capacity_mw=600:1000:8", "--vary", "supply.availability=0.5,0.9,1.5", "--draws", "256")
"""A sweep of 153 cases of which every third fails."""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small scenario with one uncertain number."""
    return written_scenario(tmp_path_factory.mktemp("scenario"))


def size_of(path: Path) -> int:
    """Return the size of a file, 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, hidden ones too."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def undisturbed(scenario: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the results of the small sweep when nothing happens to it."""
    out = tmp_path_factory.mktemp("undisturbed")
    assert sweep(scenario, out, *SMALL) == 1
    return tables(out)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the cases that are computed in this process."""
    names: list[str] = []

    def noted(batch: Any) -> Any:
        names.extend(one.name for one in batch)
        return answers(batch)

    monkeypatch.setattr(sim.batch.sweep, "answers", noted)
    return names


# --- kills --------------------------------------------------------------------------------------------------------


def killed_again_and_again(scenario: Path, out: Path, workers: int) -> int:
    """Kill a sweep at random moments and let it go on; at last let it come to its end. Return the number of kills."""
    rng = random.Random(workers)
    journal = out / "s" / JOURNAL
    options = (*LARGE, "--workers", str(workers))
    kills = 0
    for attempt in range(3 * KILLS):
        before = lines(out) if journal.exists() else []
        with begun(scenario, out, *options) as process:
            if attempt % 3 == 0:
                time.sleep(rng.uniform(0.1, 1.2))
            else:
                more = size_of(journal) + rng.randrange(30_000)
                until(lambda more=more: size_of(journal) > more, process)  # type: ignore[misc]
            process.kill()
            process.communicate(timeout=20.0)  # ends when all have closed their end: no worker is left
            kills += process.returncode == -signal.SIGKILL
        if before:
            assert lines(out)[: len(before)] == [line for line in before if line.endswith(b"\n")] or torn(before)
        if kills == KILLS:
            break
    with begun(scenario, out, *options) as process:
        said = process.communicate(timeout=60.0)
    assert process.returncode == 1, said
    return kills


def torn(before: Sequence[bytes]) -> bool:
    """Say whether a journal ended within a line."""
    return not before[-1].endswith(b"\n")


def test_kill_at_any_moment(scenario: Path, tmp_path: Path) -> None:
    """Killed some twenty times at random moments, a sweep goes on and comes to the same bytes on 1, 2 and 3 processes.

    After each kill the workers end by themselves; no finished case is done twice.
    """
    outs = {workers: tmp_path / str(workers) for workers in (1, 2, 3)}
    with ThreadPoolExecutor(2) as pool:
        whole = pool.submit(sweep, scenario, tmp_path / "whole", *LARGE, "--workers", "1")
        kills = list(pool.map(lambda item: killed_again_and_again(scenario, item[1], item[0]), outs.items()))
    assert whole.result() == 1
    assert sum(kills) >= 20
    expected = tables(tmp_path / "whole")
    for out in outs.values():
        assert tables(out) == expected
        assert sorted(lines(out)) == sorted(lines(tmp_path / "whole")), "each case stands there once"
        assert [path.name for path in out.iterdir()] == ["s"]


# --- nothing is done twice ----------------------------------------------------------------------------------------


def test_finished_cases_are_not_done_again(
    scenario: Path, undisturbed: dict[str, bytes], tmp_path: Path, asked: list[str]
) -> None:
    """The same command once more computes nothing but what failed; a wider sweep computes only what is new."""
    assert sweep(scenario, tmp_path, *SMALL) == 1
    assert len(asked) == 3
    journal = (tmp_path / "s" / JOURNAL).read_bytes()
    asked.clear()
    assert sweep(scenario, tmp_path, *SMALL) == 1
    assert asked == ["s, case 3"]
    assert tables(tmp_path) == undisturbed
    assert (tmp_path / "s" / JOURNAL).read_bytes() == journal
    asked.clear()
    wider = [text.replace("700,", "600,700,900,") for text in SMALL]
    assert sweep(scenario, tmp_path, *wider) == 1
    assert asked == ["s, case 1", "s, case 3", "s, case 5"]
    assert (tmp_path / "s" / JOURNAL).read_bytes().startswith(journal)


@pytest.mark.parametrize("change", ["seed", "draws", "set", "file", "code"])
def test_what_has_changed_is_done_again(
    scenario: Path, tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Another seed, number of draws, scenario or source file makes every case another one."""
    file = tmp_path / "small.yaml"
    shutil.copyfile(scenario, file)
    out = tmp_path / "out"
    assert sweep(file, out, *SMALL) == 1
    before = (out / "s" / JOURNAL).read_bytes()
    more = {"seed": ("--seed", "2"), "draws": ("--draws", "257"), "set": ("--set", "link.length_km=41")}
    if change == "file":
        file.write_text(file.read_text("utf-8").replace("length_km: 40", "length_km: 41"), encoding="utf-8")
    if change == "code":
        monkeypatch.setattr(sim.batch.journal, "fingerprint", lambda: "other code")
    asked.clear()
    assert sweep(file, out, *SMALL, *more.get(change, ())) == 1
    assert len(asked) == 3
    assert (out / "s" / JOURNAL).read_bytes().startswith(before)
    assert len(lines(out)) == 4


def test_comments_and_titles_change_nothing_that_was_computed(scenario: Path, tmp_path: Path, asked: list[str]) -> None:
    """A comment in the file makes no case another one."""
    file = tmp_path / "small.yaml"
    shutil.copyfile(scenario, file)
    assert sweep(file, tmp_path / "out", *SMALL) == 1
    file.write_text(f"# checked\n{file.read_text('utf-8')}", encoding="utf-8")
    asked.clear()
    assert sweep(file, tmp_path / "out", *SMALL) == 1
    assert asked == ["s, case 3"]


def test_two_cases_of_one_scenario(scenario: Path, tmp_path: Path, asked: list[str]) -> None:
    """Cases that come to the same scenario are computed once and have a row each, those that fail as well."""
    options = ("--vary", "costs.operating.om.amount_million_per_year=x1,x1.0", *SMALL)
    assert sweep(scenario, tmp_path, *options) == 1
    found = tables(tmp_path)
    rows = [line.split(b",") for line in found["cases.csv"].splitlines()[1:]]
    assert [row[0] for row in rows] == [b"1", b"2", b"4", b"5"]
    assert rows[0][3:] == rows[2][3:] != rows[1][3:]
    assert [line.split(b",")[0] for line in found["errors.csv"].splitlines()[1:]] == [b"3", b"6"]
    assert len(lines(tmp_path)) == 2
    assert len(asked) <= 4


# --- the journal --------------------------------------------------------------------------------------------------


def spoilt(data: bytes) -> dict[str, bytes]:
    """Return what may have become of a journal, by what has happened to it."""
    end = data.index(b"\n") + 1
    return {
        "nothing": data,
        "torn": data[:-40],
        "torn first": data[: end // 2],
        "empty": b"",
        "garbage in the middle": data[:end] + b"\0garbage\xff\n" + data[end:],
        "garbage in a line": data[:100] + b"7" + data[101:],
        "zeros at the end": data + b"\0" * 512,
        "only garbage": os.urandom(5000),
        "twice": data + data,
    }


def test_journals_with_garbage(scenario: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """Whatever stands in the journal, the same command comes to the same bytes, and the journal is whole again."""
    assert sweep(scenario, tmp_path, *SMALL) == 1
    whole = (tmp_path / "s" / JOURNAL).read_bytes()
    for what, data in spoilt(whole).items():
        (tmp_path / "s" / JOURNAL).write_bytes(data)
        (tmp_path / "s" / "cases.csv").unlink(missing_ok=True)
        assert sweep(scenario, tmp_path, *SMALL) == 1, what
        assert tables(tmp_path) == undisturbed, what
        assert set(lines(tmp_path)) >= set(whole.splitlines(keepends=True)), what
        assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_a_folder_in_the_place_of_the_journal(
    scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that is called like the journal is one clear error."""
    assert sweep(scenario, tmp_path, *SMALL) == 1
    (tmp_path / "s" / JOURNAL).unlink()
    (tmp_path / "s" / JOURNAL).mkdir()
    capsys.readouterr()
    assert sweep(scenario, tmp_path, *SMALL) == 2
    said = capsys.readouterr().err
    assert said == f"error: {tmp_path / 's'}: cannot write results: Is a directory; choose another --out\n"


# --- full disks ---------------------------------------------------------------------------------------------------


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Let the system refuse to write beyond a size, in the middle of a write, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_files_that_may_not_grow(
    scenario: Path, undisturbed: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever the system refuses to write on, that is told in one line, and the same command goes on afterwards."""
    assert sweep(scenario, tmp_path / "whole", *SMALL) == 1
    largest = max(file.stat().st_size for file in (tmp_path / "whole" / "s").iterdir())
    every = lines(tmp_path / "whole")
    rng = random.Random(3)
    sizes = [0, 1, len(every[0]) - 1, len(every[0]), len(every[0]) + 1, largest - 1]
    for size in (*sizes, *(rng.randrange(largest) for _ in range(8))):
        out = tmp_path / str(size)
        capsys.readouterr()
        with files_no_larger_than(size):
            code = sweep(scenario, out, *SMALL)
        said = capsys.readouterr().err
        assert code == 2
        assert (
            said
            == f"error: {out / 's'}: cannot write results: File too large; free some space, or choose another --out\n"
        )
        if (out / "s").exists():
            assert lines(out) == every[: len(lines(out))], "whole lines, nothing else"
        assert sweep(scenario, out, *SMALL) == 1
        assert tables(out) == undisturbed
        assert lines(out) == every


@pytest.mark.parametrize("before", ["nothing", "unfinished", "other axes", "a run"])
def test_disk_full_at_every_step(
    scenario: Path, undisturbed: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str], before: str
) -> None:
    """Whatever step finds the disk full, one line tells it, nothing is lost, and the same command goes on."""
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    if before == "unfinished":
        assert sweep(scenario, earlier, *SMALL) == 1
        (earlier / "s" / "cases.csv").unlink()
        (earlier / "s" / JOURNAL).write_bytes(lines(earlier)[0])
    elif before == "other axes":
        assert sweep(scenario, earlier, "--vary", "link.capacity_mw=700,-6", *SMALL[2:]) == 1
    elif before == "a run":
        (earlier / "r").mkdir()
        assert main(["run", str(scenario), "--draws", "256", "--out", str(earlier / "r"), "--quiet"]) == 0
        (earlier / "r" / scenario.stem).rename(earlier / "s")
        (earlier / "r").rmdir()
    for step in range(1, 200):
        out = tmp_path / str(step)
        shutil.copytree(earlier, out)
        capsys.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            count = failing_at(patch, step)
            code = sweep(scenario, out, *SMALL)
        said = capsys.readouterr().err
        if count[0] < step:
            break
        if code != 1:  # some steps may fail without harm
            assert code == 2, step
            assert "cannot write results: No space left on device" in said and said.count("\n") == 1, step
        assert sweep(scenario, out, *SMALL) == 1, step
        assert tables(out) == undisturbed, step
        kept = [contents(path) for path in out.iterdir() if path.name.startswith("s@")]
        assert kept == ([contents(earlier / "s")] if before in ("other axes", "a run") else []), step
        assert {path.name.partition("@")[0] for path in out.iterdir()} == {"s"}, step
        shutil.rmtree(out)
    assert step > 10


def failing_at(patch: pytest.MonkeyPatch, step: int) -> list[int]:
    """Let one step that writes fail as on a full disk; return the counter of steps."""
    count = [0]

    def fails(do: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            count[0] += 1
            if count[0] == step:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return do(*given, **named)

        return call

    opened = Path.open

    def writes(path: Path, mode: str = "r", *given: Any, **named: Any) -> Any:
        return (fails(opened) if set(mode) & set("wax+") else opened)(path, mode, *given, **named)

    for name in ("mkdir", "fsync", "rename", "replace"):
        patch.setattr(os, name, fails(getattr(os, name)))
    patch.setattr(Path, "open", writes)
    patch.setattr(Path, "touch", fails(Path.touch))
    patch.setattr(shutil, "copyfile", fails(shutil.copyfile))
    return count


# --- others in the same place -------------------------------------------------------------------------------------


def test_a_second_sweep_while_the_first_is_at_work(
    scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one says who is in its way and touches nothing, whatever its axes; the first comes to its end."""
    monkeypatch.setattr(sim.folder, "PATIENCE_SECONDS", 0.05)
    out = tmp_path / "out"
    options = (*LARGE, "--workers", "2")
    with begun(scenario, out, *options) as first:
        until(lambda: size_of(out / "s" / JOURNAL) > 5_000, first)
        first.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        before = contents(out)
        for other in (options, SMALL, (*LARGE, "--seed", "2")):
            assert sweep(scenario, out, *other) == 2
            said = capsys.readouterr().err
            assert said == f"error: {out / 's'}: another run is writing; wait, or choose another --out\n"
        assert contents(out) == before
        first.send_signal(signal.SIGCONT)
        first.communicate(timeout=60.0)
        assert first.returncode == 1
    assert [path.name for path in out.iterdir()] == ["s"]
    assert sweep(scenario, tmp_path / "whole", *LARGE, "--workers", "1") == 1
    assert tables(out) == tables(tmp_path / "whole")


def test_sweeps_side_by_side(scenario: Path, tmp_path: Path) -> None:
    """Sweeps of other names in one folder at the same time do not get in each other's way."""
    names = ["a", "b", "c", "d"]
    command = [sys.executable, "-m", "sim", "sweep", str(scenario), "--out", str(tmp_path), "--quiet", *SMALL]
    begun = [subprocess.Popen([*command, "--name", name], cwd=ROOT, stderr=subprocess.DEVNULL) for name in names]
    assert [process.wait(60.0) for process in begun] == [1, 1, 1, 1]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_other_axes_in_the_same_place(
    scenario: Path, undisturbed: dict[str, bytes], tmp_path: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The older results are kept aside as they were, and what is finished comes along; back again it is the same."""
    assert sweep(scenario, tmp_path, *SMALL) == 1
    older = contents(tmp_path / "s")
    asked.clear()
    other = ("--vary", "link.capacity_mw=800,900,-5", *SMALL[2:])
    capsys.readouterr()
    assert main(["sweep", str(scenario), "--out", str(tmp_path), "--name", "s", *other]) == 1
    assert asked == ["s, case 2", "s, case 3"]
    (kept,) = (path for path in tmp_path.iterdir() if path.name != "s")
    assert kept.name.startswith("s@")
    assert contents(kept) == older
    captured = capsys.readouterr()
    assert f"note: {tmp_path / 's'}: the earlier results are kept in {kept}" in captured.err
    assert "1 finished before" in captured.out
    asked.clear()
    assert sweep(scenario, tmp_path, *SMALL) == 1
    assert asked == ["s, case 3"]
    assert tables(tmp_path) == undisturbed


def test_back_and_forth(scenario: Path, tmp_path: Path) -> None:
    """However often two sweeps take turns in one place, each is kept once, and there is always room for the next."""
    for i in range(36):
        assert sweep(scenario, tmp_path, "--vary", f"link.capacity_mw={700 + i % 2},-5", *SMALL[2:]) == 1
    assert len(list(tmp_path.iterdir())) <= 3


def test_results_of_a_run_in_the_same_place(scenario: Path, tmp_path: Path) -> None:
    """Results of an ordinary run are kept aside, and those of a sweep when a run comes into their place."""
    run = ["run", str(scenario), "--draws", "256", "--out", str(tmp_path), "--quiet"]
    assert main(run) == 0
    place = tmp_path / scenario.stem
    older = contents(place)
    options = ("--out", str(tmp_path), "--name", scenario.stem, "--quiet", *SMALL)
    assert main(["sweep", str(scenario), *options]) == 1
    swept = contents(place)
    assert [contents(path) for path in tmp_path.iterdir() if path != place] == [older]
    assert main(run) == 0
    assert sorted(contents(path) == swept for path in tmp_path.iterdir()) == [False, False, True]
    assert older in [contents(path) for path in tmp_path.iterdir()]


def test_files_of_others(scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder of somebody's files without a manifest is refused; files that a user puts beside results stay."""
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "thoughts.txt").write_text("mine", encoding="utf-8")
    before = contents(tmp_path)
    assert sweep(scenario, tmp_path, *SMALL) == 2
    assert "the folder holds other files and no manifest.yaml" in capsys.readouterr().err
    assert contents(tmp_path) == before
    (tmp_path / "s").rename(tmp_path / "mine")
    assert sweep(scenario, tmp_path, *SMALL) == 1
    shutil.copyfile(tmp_path / "mine" / "thoughts.txt", tmp_path / "s" / "thoughts.txt")
    for seed in ("1", "2", "1"):
        assert sweep(scenario, tmp_path, *SMALL, "--seed", seed) == 1
    assert "mine" in [file.read_text("utf-8") for file in tmp_path.glob("s*/thoughts.txt")]


def test_dying_while_the_place_is_taken(scenario: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """What a kill leaves between two renames is put in order by the next sweep, with the journal."""
    assert sweep(scenario, tmp_path, *SMALL) == 1
    journal = (tmp_path / "s" / JOURNAL).read_bytes()
    for role in ("old", "keep"):
        (tmp_path / "s").rename(beside(tmp_path / "s", role))
        assert sweep(scenario, tmp_path, *SMALL) == 1
        assert tables(tmp_path) == undisturbed
        assert (tmp_path / "s" / JOURNAL).read_bytes() == journal
        assert [path.name for path in tmp_path.iterdir()] == ["s"]
