"""Speed and memory of the engine: time per draw and period, peak memory, whole process, and where the time goes.

    python benchmarks/bench.py              1e4, 1e5 and 1e6 draws of base, what its parts cost, whole process, stages
    python benchmarks/bench.py --quick      1e4 draws only

Compare ratios between two states of the code on one quiet machine; absolute times differ from machine to machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parent.parent
BASE = ROOT / "scenarios" / "base.yaml"
RUNS = 5
CALM = ("sanctions=null", "timeline.decision=null")
WITHOUT = {"sanctions": CALM, "loans": ("financing=null",), "either": (*CALM, "financing=null")}
"""Parts of the base case that the benchmark leaves out in turn."""

CHILD = """
import resource, sys, time
from sim.engine import simulate
from sim.scenario import read
from sim.scenario import parse_override
spec = read(sys.argv[1], [parse_override(text) for text in sys.argv[3:]])
simulate(spec, 1024, 1)
start = time.perf_counter()
result = simulate(spec, int(sys.argv[2]), 1, workers=1)
seconds = time.perf_counter() - start
cells = result.draws * result.grid.periods
print(seconds, seconds / cells * 1e6, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, result.grid.periods)
"""


def main() -> None:
    """Print the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    print(f"{'draws':>10} {'seconds':>9} {'us per draw-period':>19} {'peak MB':>9}   (median of runs, one core)")
    for draws, runs in (
        ((10_240, RUNS),) if options.quick else ((10_240, RUNS), (100_000, 3), (1_000_000, 1), (2_000_000, 1))
    ):
        rows = [_child(draws) for _ in range(runs)]
        seconds, each, peak = (statistics.median(row[i] for row in rows) for i in range(3))
        print(f"{draws:>10,} {seconds:>9.2f} {each:>19.3f} {peak:>9.0f}")
    for name, changes in WITHOUT.items():
        each = statistics.median(_child(10_240, changes)[1] for _ in range(RUNS))
        print(f"{10_240:>10,} {'':>9} {each:>19.3f}            without {name}")
    print(f"\nwhole process, 10,240 draws with all files: {_whole():.2f} s (median of {RUNS})\n")
    _stages()


def _child(draws: int, changes: Sequence[str] = ()) -> list[float]:
    command = [sys.executable, "-c", CHILD, str(BASE), str(draws), *changes]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return [float(word) for word in done.stdout.split()]


def _whole() -> float:
    command = [sys.executable, "-m", "sim", str(BASE), "--quiet", "--out", str(ROOT / "results" / "bench")]
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(command, check=True, cwd=ROOT)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _stages() -> None:
    """Print the share of each stage, by wrapping its function."""
    from sim import engine, stages
    from sim.base.sampling import Draws
    from sim.collect import BlockResult, Limits
    from sim.model import finance_metrics, financing, macro, metrics, operations, physical, works
    from sim.prepare import prepare
    from sim.scenario import read

    spent: dict[str, float] = {}
    parts = [
        (stages, "fill"), (macro, "forecast"), (engine, "politics"), (stages, "erect"), (works, "build"),
        (physical, "produce"),
        (operations, "prices"), (operations, "sell"), (operations, "dispatch"), (stages, "before_loans"),
        (financing, "finance"), (metrics, "evaluate"), (finance_metrics, "evaluate"), (engine, "compare"),
        (metrics, "irr"), (engine, "run_project"),
        (BlockResult, "of"),
    ]  # fmt: skip
    for holder, name in parts:
        _timed(holder, name, spent)
    start = time.perf_counter()
    model = prepare(read(BASE))
    print(f"reading and sizing: {(time.perf_counter() - start) * 1e3:.0f} ms")
    limits = Limits(line_replicates=0, input_replicates=0)
    replicates, blocks = 16, 4
    engine.reduce_block(model, Draws(1, tuple(range(replicates))), limits)
    spent.clear()
    start = time.perf_counter()
    for i in range(blocks):
        engine.reduce_block(model, Draws(1, tuple(range(i * replicates, (i + 1) * replicates))), limits)
    total = time.perf_counter() - start
    cells = blocks * replicates * 256 * model.grid.periods
    print(f"stages [ns per draw-period], parts of others among them; all {total / cells * 1e9:.0f}")
    for name, seconds in sorted(spent.items(), key=lambda pair: -pair[1]):
        print(f"  {name:<26} {seconds / cells * 1e9:>6.0f}  {seconds / total:>5.0%}")


def _timed(holder: object, name: str, spent: dict[str, float]) -> None:
    inner = getattr(holder, name)

    def outer(*arguments: object, **options: object) -> object:
        start = time.perf_counter()
        result = inner(*arguments, **options)
        label = f"{getattr(holder, '__name__', '').rpartition('.')[2]}.{name}"
        spent[label] = spent.get(label, 0.0) + time.perf_counter() - start
        return result

    setattr(holder, name, outer)


if __name__ == "__main__":
    main()
