"""Speed of a sweep: a Latin hypercube of base, cases a second, and what a case costs above the engine's own time.

    python benchmarks/bench_sweep.py                1,000 cases of 1,000 draws on all cores
    python benchmarks/bench_sweep.py --cases 100    fewer

Compare ratios between two states of the code on one quiet machine; absolute times differ from machine to machine.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parent.parent
STUDY = """
base: {base}
design: latin_hypercube
cases: {cases}
draws: {draws}
axes:
  link.capacity_mw: {{from: 600, to: 2000}}
  market.price_ratio: {{from: 2.5, to: 5}}
  costs.items.*.amount_million: {{times: {{from: 0.7, to: 1.3}}}}
  timeline.operation_years: {{from: 25, to: 40}}
"""


def main() -> None:
    """Print the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--draws", type=int, default=1000)
    options = parser.parse_args()
    for workers in sorted({1, os.cpu_count() or 1}):
        _one(options.cases, options.draws, workers)


def _one(cases: int, draws: int, workers: int) -> None:
    from sim.batch.build import designed
    from sim.batch.plan import checked
    from sim.batch.study_file import Defaults, read_study
    from sim.batch.sweep import sweep
    from sim.seam import processes

    def facts() -> dict[str, Any]:
        return {"workers": workers}

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "study.yaml"
        base = (ROOT / "scenarios" / "base.yaml").as_posix()
        file.write_text(STUDY.format(base=base, cases=cases, draws=draws), "utf-8")
        started = time.perf_counter()
        plan = designed(checked(read_study(file, {}, Defaults(draws, 1))))
        swept = sweep(plan, Path(folder) / "out", processes(workers), facts, lambda count: None)
        seconds = time.perf_counter() - started
    count = swept.count
    engine = count.seconds / (count.done + count.failed)
    above = seconds * workers / cases - engine
    print(
        f"{cases:,} cases of {draws:,} draws on {workers}: {seconds:.1f} s, {cases / seconds:.1f} a second; "
        f"a case takes {engine * 1e3:.1f} ms to run and {above * 1e3:.1f} ms beside; {count.failed} failed"
    )


if __name__ == "__main__":
    main()
