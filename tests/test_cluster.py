"""The same over a Dask cluster: a real scheduler and workers as processes of their own on this machine."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pytest
import yaml
from small_sweeps import begun, lines, sweep, tables, until, written_scenario

import sim.batch.sweep
import sim.cluster
import sim.seam
from sim.batch.figures import Answer, Asked, answers
from sim.batch.journal import NAME as JOURNAL
from sim.engine import simulate
from sim.errors import ScenarioError
from sim.scenario import from_data
from sim.seam import Lost, completed

ROOT = Path(__file__).parents[1]
AXES = ("--vary", "link.capacity_mw=600:950:50", "--vary", "supply.availability=0.5,0.9,1.5", "--draws", "256")
"""A sweep of 24 cases of which every third fails."""
LONG = ("--vary", "link.capacity_mw=500:1000:4", "--draws", "256")
"""A sweep of 126 cases."""
PYTHONPATH = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
FLAGS = "SIM_TEST_FLAGS"
"""Variable of the workers: the folder in which they note what has killed one of them."""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small scenario with one uncertain number."""
    return written_scenario(tmp_path_factory.mktemp("scenario"))


@contextmanager
def started(scenario: Path, out: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Sweep in another process with a process group of its own, and wait until it has finished some cases."""
    journal = out / "s" / JOURNAL
    with begun(scenario, out, *options) as process:
        until(lambda: journal.exists() and journal.stat().st_size > 10_000, process)
        yield process


@pytest.fixture(scope="module")
def alone(scenario: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of a sweep on this process alone."""
    out = tmp_path_factory.mktemp("alone")
    assert sweep(scenario, out, *AXES, "--workers", "1") == 1
    return out


# --- without Dask -------------------------------------------------------------------------------------------------


def test_without_dask(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where Dask is not installed, one line says how to get it."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert sweep(scenario, tmp_path, *AXES, "--cluster", "local") == 2
    said = 'error: --cluster local: Dask is not installed; pip install "linkfeasibility[cluster]"\n'
    assert capsys.readouterr().err == said


# --- scheduler and workers ----------------------------------------------------------------------------------------


class Cluster:
    """A scheduler on this machine, and its workers."""

    def __init__(self, stack: ExitStack, folder: Path, path: str = PYTHONPATH) -> None:
        self.stack, self.folder = stack, folder
        few = {
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",  # deaths cost the start of a worker each
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s",  # to a worker that died with a result
            "PYTHONPATH": path,
        }
        self.scheduler, self.address = self._begin(
            ("scheduler", "--host", "127.0.0.1", "--port", "0"), r"Scheduler at:\s+(tcp://\S+)", **few
        )

    def worker(self, *options: str, path: str = PYTHONPATH) -> subprocess.Popen[str]:
        """Start a worker, and wait until the scheduler has it."""
        local = ("--local-directory", str(self.folder), "--no-dashboard", "--nthreads", "1")
        environment = {"PYTHONPATH": path, FLAGS: str(self.folder)}
        done = r"Registered to:\s+(tcp://\S+)"
        return self._begin(("worker", self.address, *local, *options), done, **environment)[0]

    def _begin(self, arguments: tuple[str, ...], until: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{arguments[0]}", *arguments[1:]]
        process = subprocess.Popen(
            [*command, "--dashboard-address", "127.0.0.1:0"],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            cwd=self.folder,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        self.stack.callback(_end, process)
        assert process.stderr is not None
        found = next(match for line in process.stderr if (match := re.search(until, line)))
        threading.Thread(target=_drain, args=(process.stderr,), daemon=True).start()
        return process, found[1]


def _drain(pipe: IO[str]) -> None:
    with pipe:
        pipe.read()


def _end(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Start a scheduler and two workers, which are started again when they die."""
    pytest.importorskip("distributed")
    with ExitStack() as stack:
        made = Cluster(stack, tmp_path_factory.mktemp("cluster"))
        made.worker("--nanny")
        made.worker("--nanny")
        yield made


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Start a scheduler without workers."""
    pytest.importorskip("distributed")
    with ExitStack() as stack:
        yield Cluster(stack, tmp_path_factory.mktemp("bare"))


def test_a_cluster_does_not_show(scenario: Path, alone: Path, cluster: Cluster, tmp_path: Path) -> None:
    """Tables have the same bytes as those of one process, errors included, and the journal has the same lines."""
    assert sweep(scenario, tmp_path, *AXES, "--cluster", cluster.address) == 1
    assert tables(tmp_path) == tables(alone)
    assert sorted(lines(tmp_path)) == sorted(lines(alone))


def test_one_big_run_on_a_cluster(scenario: Path, cluster: Cluster) -> None:
    """The blocks of one run come to the results of one process, to the last bit."""
    spec = from_data("big", yaml.safe_load(scenario.read_text("utf-8")))
    one = simulate(spec, 6 * 256, 3)
    with sim.cluster.cluster(cluster.address, 2) as crew:
        assert crew.size == 2
        many = simulate(spec, 6 * 256, 3, crew=crew, chunk_replicates=1)
    assert list(one.metrics) == list(many.metrics)
    assert all(one.metrics[name].tobytes() == many.metrics[name].tobytes() for name in one.metrics)
    assert all(one.lines[name].tobytes() == many.lines[name].tobytes() for name in one.lines)


def pair(number: int) -> tuple[int, int]:
    """Return two numbers; a negative one is an error."""
    if number < 0:
        raise OSError(f"no {number} here")
    return number, number


def test_a_result_whose_worker_dies_after_it(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that has come in counts, although its worker dies before it is looked at."""
    from distributed import Client

    gather: Any = Client._gather

    async def and_lose(self: Any, futures: list[Any], *arguments: Any, **more: Any) -> Any:
        found = await gather(self, futures, *arguments, **more)
        for future in futures:
            self._handle_lost_data(future.key)  # what the scheduler says of it
        return found

    monkeypatch.setattr(Client, "_gather", and_lose)
    with sim.cluster.cluster(cluster.address, 2) as crew:
        assert sorted(completed(crew, pair, range(4))) == [(number, (number, number)) for number in range(4)]


def test_a_result_whose_workers_die_before_it(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that was lost with its worker, and then given up, is a death; a hang would be a failure."""
    from distributed import Client
    from distributed.scheduler import KilledWorker

    async def give_up(self: Any, futures: list[Any], *arguments: Any, **more: Any) -> Any:
        nobody: Any = None
        error = KilledWorker("pair", nobody, 1)
        for future in futures:
            self._handle_task_erred(future.key, error)
        raise error

    with sim.cluster.cluster(cluster.address, 2) as crew:
        monkeypatch.setattr(Client, "_gather", give_up)
        assert list(completed(crew, pair, [1])) == [(0, Lost())]


def test_a_scheduler_that_dies_before_a_result_has_come(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that cannot be fetched from the scheduler is one clear error; an error of the function is its own."""
    from distributed import Client
    from distributed.comm.core import CommClosedError

    async def break_off(self: Any, futures: list[Any], *arguments: Any, **more: Any) -> Any:
        raise CommClosedError("gone")

    with sim.cluster.cluster(cluster.address, 2) as crew:
        with pytest.raises(OSError, match="no -1 here"):
            list(completed(crew, pair, [-1]))
        monkeypatch.setattr(Client, "_gather", break_off)
        with pytest.raises(ScenarioError, match="dropped what it was to do"):
            list(completed(crew, pair, [1]))


def test_what_is_left_is_called_off(cluster: Cluster) -> None:
    """An executor that is shut down without waiting calls off what is under way; without a client it does nothing."""
    with sim.cluster.cluster(cluster.address, 2) as crew:
        assert crew.start is not None
        left = crew.start()
        future = left.submit(time.sleep, 60.0)
        left.shutdown(wait=False)
        with pytest.raises(CancelledError):
            future.result(timeout=20.0)
        late = crew.start()
        late.submit(time.sleep, 0.0).result(timeout=20.0)
    late.shutdown(wait=False)


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
        flag = Path(os.environ[FLAGS]) / asked.name
        if any(asked.name == f"s, case {number}" for number in DEADLY) and not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return answers(batch)


def test_workers_that_die_once(
    scenario: Path, alone: Path, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that are killed in mid-run change nothing."""
    monkeypatch.setattr(sim.batch.sweep, "answers", deadly_once)
    assert sweep(scenario, tmp_path, *AXES, "--cluster", cluster.address) == 1
    assert len(list(cluster.folder.glob("s, case *"))) == len(DEADLY)
    assert tables(tmp_path) == tables(alone)
    assert sorted(lines(tmp_path)) == sorted(lines(alone))


def test_cases_that_always_kill(
    scenario: Path,
    alone: Path,
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Cases that kill every worker are failed cases, and only they; all others finish.

    Comes last of those that use this cluster: its workers may still be on their way back.
    """
    monkeypatch.setattr(sim.batch.sweep, "answers", deadly)
    assert sweep(scenario, tmp_path, *AXES, "--cluster", cluster.address) == 1
    said = capsys.readouterr().err
    assert "error: case 5 and 1 more: every process that took on this case has died" in said
    assert "Traceback" not in said
    errors = tables(tmp_path)["errors.csv"].splitlines()
    dead = [line.split(b",")[0] for line in errors if b"has died" in line]
    assert dead == [b"%d" % number for number in DEADLY]
    whole = tables(alone)["cases.csv"].splitlines()
    found = tables(tmp_path)["cases.csv"].splitlines()
    assert found == [line for line in whole if line.split(b",")[0] not in dead]


# --- nobody there -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense", "foo://127.0.0.1:1"])
def test_nobody_answers(
    scenario: Path, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An address at which nobody listens, or that is none, is one clear error."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(sim.cluster, "CONNECT_SECONDS", 0.5)
    assert sweep(scenario, tmp_path, *AXES, "--cluster", address) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: --cluster {address}: nobody answers: ") and said.count("\n") == 1


def test_a_scheduler_without_workers(
    scenario: Path,
    alone: Path,
    bare: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No workers at the beginning, or none left after a while, is one clear error, and what is finished is kept."""
    assert sweep(scenario, tmp_path, *AXES, "--cluster", bare.address) == 2
    cure = "start some (dask worker ADDRESS --nthreads 1)"
    said = f"error: --cluster {bare.address}: the scheduler has no workers; {cure}\n"
    assert capsys.readouterr().err == said
    bare.worker("--no-nanny")
    monkeypatch.setattr(sim.seam, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(sim.cluster, "WORKERLESS_SECONDS", 0.5)
    with monkeypatch.context() as patch:
        patch.setattr(sim.batch.sweep, "answers", deadly)
        assert sweep(scenario, tmp_path, *AXES, "--cluster", bare.address) == 2
    assert re.fullmatch(r"error: [^\n]*no workers are left[^\n]*\n", capsys.readouterr().err)
    assert 0 < len(lines(tmp_path)) < 16
    assert set(lines(tmp_path)) < set(lines(alone))
    assert sweep(scenario, tmp_path, *AXES, "--workers", "1") == 1
    assert tables(tmp_path) == tables(alone)


def test_a_cluster_without_the_program(scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A scheduler that does not have this program is one clear error at once."""
    pytest.importorskip("distributed")
    nothing = tmp_path / "nothing"
    (nothing / "sim").mkdir(parents=True)
    (nothing / "sim" / "__init__.py").write_text("raise ImportError('there is no such program')", encoding="utf-8")
    with ExitStack() as stack:
        made = Cluster(stack, tmp_path, str(nothing))
        made.worker("--no-nanny", path=str(nothing))
        assert sweep(scenario, tmp_path / "out", *AXES, "--cluster", made.address) == 2
    said = capsys.readouterr().err
    assert re.fullmatch(r"error: --cluster tcp://[^\n]*cannot run this program[^\n]*\n", said)


def test_a_worker_with_other_code(
    scenario: Path, bare: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker whose copy of the program differs in one source file is refused in one line, before it does anything."""
    other = tmp_path / "other"
    shutil.copytree(ROOT / "sim", other / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "sim" / "model" / "tax.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    worker = bare.worker("--no-nanny", path=str(other))
    assert sweep(scenario, tmp_path / "out", *AXES, "--cluster", bare.address) == 2
    assert re.fullmatch(r"error: [^\n]*other code[^\n]*\n", capsys.readouterr().err)
    assert lines(tmp_path / "out") == []
    _end(worker)


def test_a_scheduler_that_dies(scenario: Path, bare: Cluster, tmp_path: Path) -> None:
    """A scheduler that is killed in mid-sweep is one clear error, no hang; what is finished is kept.

    Comes last of those that use this scheduler.
    """
    bare.worker("--no-nanny")
    with started(scenario, tmp_path, *LONG, "--cluster", bare.address) as process:
        _end(bare.scheduler)
        out, said = process.communicate(timeout=60.0)
    assert process.returncode == 2
    assert out == "" and re.fullmatch(r"error: [^\n]*(dropped what it was|does not answer)[^\n]*\n", said)
    finished = lines(tmp_path)
    assert finished and finished[-1].endswith(b"\n")
    assert sweep(scenario, tmp_path, *LONG, "--workers", "1") == 0
    assert lines(tmp_path)[: len(finished)] == finished
    assert len(lines(tmp_path)) == 126


def test_a_cluster_of_its_own(scenario: Path, tmp_path: Path) -> None:
    """``--cluster local`` starts one here; an interrupt ends it at once and in one line, and the rest goes on there."""
    pytest.importorskip("distributed")
    slow = (*LONG, "--draws", "10240")  # long enough that an interrupt never comes after the end
    with started(scenario, tmp_path, *slow, "--cluster", "local", "--workers", "2") as process:
        os.killpg(process.pid, signal.SIGINT)
        try:
            out, said = process.communicate(timeout=3.0)  # ends when all have closed their end: no worker is left
        except subprocess.TimeoutExpired:  # Python drops an interrupt that comes while it tidies up after an object
            os.killpg(process.pid, signal.SIGINT)
            out, said = process.communicate(timeout=30.0)
    assert process.returncode == 130
    assert out == "" and re.fullmatch(r"interrupted: \d+ of 126 cases are finished and kept; [^\n]*\n", said)
    before = lines(tmp_path)
    with ExitStack() as stack:
        with suppress(OSError):  # where another has the port of Dask's page already
            stack.enter_context(socket.create_server(("127.0.0.1", 8787)))
        process = stack.enter_context(started(scenario, tmp_path, *slow, "--cluster", "local", "--workers", "2"))
        out, said = process.communicate(timeout=240.0)
    assert (process.returncode, out, said) == (0, "", "")
    assert lines(tmp_path)[: len(before)] == before
    assert sweep(scenario, tmp_path / "alone", *slow, "--workers", "1") == 0
    assert tables(tmp_path) == tables(tmp_path / "alone")
