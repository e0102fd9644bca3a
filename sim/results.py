"""What a run leaves behind: a folder of CSVs, the draws as parquet, and a manifest that can repeat it."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import os
import platform
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import yaml
from numpy.typing import NDArray

from sim import __version__
from sim.collect import Result
from sim.errors import ScenarioError
from sim.tables import Table, tables

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RunFacts:
    """What differs between two runs of the same inputs; left out of byte comparisons."""

    date: str
    seconds: float
    workers: int


def write(
    result: Result, folder: Path, overrides: Sequence[tuple[str, Any]], facts: RunFacts, keep_draws: bool = False
) -> tuple[list[Table], list[Path]]:
    """Write the results folder whole or not at all; return its tables and files."""
    made = tables(result)
    partial = folder.with_name(f".{folder.name}.new-{os.getpid()}")
    try:
        partial.mkdir(parents=True)
        hashes = {table.name: _write_csv(partial / table.name, table.columns, table.rows) for table in made}
        _write_draws(result, partial, keep_draws)
        _write_manifest(result, partial, overrides, facts, hashes)
        _swap(partial, folder)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        cure = "free some space, or choose another --out"
        raise ScenarioError.single(f"cannot write results: {error.strerror}", where=str(folder), cure=cure) from None
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return made, sorted(folder.iterdir())


def _swap(partial: Path, folder: Path) -> None:
    old = folder.with_name(f".{folder.name}.old-{os.getpid()}")
    if folder.exists():
        folder.rename(old)
    partial.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def text_of(value: Any) -> str:
    """Return a CSV cell: 10 significant digits, ``inf`` for never, blank for what does not exist.

    >>> [text_of(x) for x in (0.1 + 0.2, math.inf, math.nan, 12, "a")]
    ['0.3', 'inf', '', '12', 'a']
    """
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.10g}"
    return str(value)


def _write_csv(path: Path, columns: Iterable[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a CSV and return the hash of its bytes."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([text_of(cell) for cell in row] for row in rows)
    data = buffer.getvalue().encode()
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def _write_draws(result: Result, folder: Path, keep_draws: bool) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = dict(result.metrics)
    if keep_draws:
        size = next(iter(columns.values())).size
        columns |= {name: values[:size] for name, values in result.inputs.items()}
    arrays = {name: _arrow(pa, values) for name, values in columns.items()}
    pq.write_table(pa.table(arrays), folder / "draws.parquet")
    if keep_draws:
        rows = np.column_stack(list(columns.values())).tolist()
        _write_csv(folder / "draws.csv", ["draw", *columns], ((i, *row) for i, row in enumerate(rows)))


def _arrow(pa: Any, values: Array) -> Any:
    """Return an Arrow array; built from the buffer, because ``pa.array`` would import pandas."""
    return pa.Array.from_buffers(pa.float64(), values.size, [None, pa.py_buffer(np.ascontiguousarray(values))])


def _write_manifest(
    result: Result, folder: Path, overrides: Sequence[tuple[str, Any]], facts: RunFacts, hashes: dict[str, str]
) -> None:
    kept = next(iter(result.metrics.values())).size
    manifest = {
        "name": result.spec.name,
        "seed": result.seed,
        "draws": result.draws,
        "draws_kept": kept,
        "draws_in_cashflow_percentiles": next(iter(result.lines.values())).shape[1],
        "percentile_error": "none"
        if kept == result.draws
        else "rank error at most 1/4096 plus that of the first kept draws",
        "horizon_years": result.grid.years,
        "overrides": dict(overrides),
        "versions": {
            "linkfeasibility": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
        },
        "scenario_sha256": result.spec.digest,
        "files_sha256": hashes,
        "run": {"date": facts.date, "seconds": round(facts.seconds, 3), "workers": facts.workers},
        "scenario": result.spec.data,
    }
    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(manifest, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)
    (folder / "manifest.yaml").write_text(text, encoding="utf-8")
