"""What a run leaves behind: a folder of CSVs, the draws as parquet, and a manifest that can repeat it."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import math
import platform
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.collect import Result
from sim.errors import ScenarioError
from sim.folder import identity, writing
from sim.folder import ready as _ready
from sim.folder import swap as _swap
from sim.manifest import MANIFEST, VERSIONS, to_yaml
from sim.tables import Table, tables

Array = NDArray[np.float64]
ROWS_AT_ONCE = 4096
"""Rows of a CSV that are text in memory at one time."""


@dataclass(frozen=True)
class RunFacts:
    """What differs between two runs of the same inputs; left out of byte comparisons."""

    date: str
    seconds: float
    workers: int


class _Written(NamedTuple):
    tables: list[Table]
    files: list[Path]


class Written(_Written):
    """Tables and files of a run, with what the user should know of how they came to their place."""

    notes: tuple[str, ...] = ()


def write(
    result: Result, folder: Path, overrides: Sequence[tuple[str, Any]], facts: RunFacts, keep_draws: bool = False
) -> Written:
    """Write the results folder whole or not at all; return its tables and files, and notes for the user.

    Older results of the same inputs are replaced, those of other inputs are kept as ``folder@hash``.
    """
    made = tables(result)
    inputs = identity(result.spec.digest, result.seed, result.draws)
    with told(folder):
        target = folder.resolve() if folder.is_symlink() else folder
        with writing(target) as (partial, notes):
            hashes = {table.name: _write_csv(partial / table.name, table.columns, table.rows) for table in made}
            hashes |= _write_draws(result, partial, keep_draws)
            _write_manifest(result, partial, overrides, facts, hashes, keep_draws)
            kept = _swap(partial, target, inputs)
        if kept is not None:
            notes.append(f"{folder}: the earlier results are kept in {kept}")
        written = Written(made, sorted(folder.iterdir()))
    written.notes = tuple(notes)
    return written


def ready(folder: Path) -> tuple[str, ...]:
    """Mend what killed runs have left beside a folder, before a long run; return notes for the user.

    Where results could not be written there, the error comes now and not after the run.
    """
    with told(folder):
        return tuple(_ready(folder.resolve() if folder.is_symlink() else folder))


def write_tables(made: Sequence[Table], folder: Path, option: str) -> list[Path]:
    """Write tables into a folder that may hold other files: all of them or none; return the files.

    They are written beside their places and moved there when all of them are whole.
    """
    files = [folder / table.name for table in made]
    parts = [file.with_name(f".{file.name}.sim-part") for file in files]
    with told(folder, option):
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            if file.is_dir():
                raise IsADirectoryError(errno.EISDIR, f"{file.name} is a folder")
        try:
            for table, part in zip(made, parts, strict=True):
                _write_csv(part, table.columns, table.rows)
            for part, file in zip(parts, files, strict=True):
                part.replace(file)
        finally:
            for part in parts:
                part.unlink(missing_ok=True)
    return files


def write_bytes(file: Path, data: bytes, option: str) -> bool:
    """Write a file whole or not at all, and its folder where that is not there; return that it was written."""
    part = file.with_name(f".{file.name}.sim-part")
    with told(file, option):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(data)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    return True


@contextmanager
def told(folder: Path, option: str = "--out") -> Iterator[None]:
    """Turn what the system says about files into an error for the user."""
    try:
        yield
    except OSError as error:
        cure = f"free some space, or choose another {option}"
        if error.errno == errno.ENAMETOOLONG:
            cure = f"give the scenario or {option} a shorter name"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
            cure = f"choose another {option}"
        message = f"cannot write results: {error.strerror or error}"
        raise ScenarioError.single(message, where=str(folder), cure=cure) from None


# --- files --------------------------------------------------------------------------------------------------------

_FORMULA = re.compile(r"""["'\s]*[=+\-@＝＋－＠]|["']*[\t\r\n]""")


def text_of(value: Any) -> str:
    """Return a CSV cell: 10 significant digits, ``inf`` for never, blank for what does not exist.

    A text that a spreadsheet would take for a formula gets an apostrophe in front; numbers never do.

    >>> [text_of(x) for x in (0.1 + 0.2, math.inf, math.nan, 12, -3, "a", "=1+1", "-")]
    ['0.3', 'inf', '', '12', '-3', 'a', "'=1+1", "'-"]
    """
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.10g}"
    if isinstance(value, str):
        return f"'{value}" if _FORMULA.match(value) else value
    return str(value)


def _write_csv(path: Path, columns: Iterable[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a CSV and return the hash of its bytes."""
    digest = hashlib.sha256()
    lines: Iterator[Sequence[Any]] = chain([tuple(columns)], rows)
    with path.open("wb") as file:
        while some := list(islice(lines, ROWS_AT_ONCE)):
            buffer = io.StringIO()
            csv.writer(buffer, lineterminator="\n").writerows([text_of(cell) for cell in row] for row in some)
            data = buffer.getvalue().encode()
            digest.update(data)
            file.write(data)
    return digest.hexdigest()


def _write_draws(result: Result, folder: Path, keep_draws: bool) -> dict[str, str]:
    """Write the draws; return the hash of their CSV, where there is one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = dict(result.metrics)
    if keep_draws:
        size = next(iter(columns.values())).size
        columns |= {name: values[:size] for name, values in result.inputs.items()}
    arrays = {name: _arrow(pa, values) for name, values in columns.items()}
    pq.write_table(pa.table(arrays), folder / "draws.parquet")
    if not keep_draws:
        return {}
    return {"draws.csv": _write_csv(folder / "draws.csv", ["draw", *columns], _rows(list(columns.values())))}


def _rows(columns: Sequence[Array]) -> Iterator[list[float]]:
    """Yield number and values of each draw, in blocks, as all of them at once would fill the memory."""
    for start in range(0, columns[0].size, ROWS_AT_ONCE):
        block = np.column_stack([values[start : start + ROWS_AT_ONCE] for values in columns]).tolist()
        yield from ([start + i, *row] for i, row in enumerate(block))


def _arrow(pa: Any, values: Array) -> Any:
    """Return an Arrow array; built from the buffer, because ``pa.array`` would import pandas."""
    return pa.Array.from_buffers(pa.float64(), values.size, [None, pa.py_buffer(np.ascontiguousarray(values))])


def _write_manifest(
    result: Result,
    folder: Path,
    overrides: Sequence[tuple[str, Any]],
    facts: RunFacts,
    hashes: Mapping[str, str],
    keep_draws: bool,
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
        "keep_draws": keep_draws,
        "horizon_years": result.grid.years,
        "overrides": dict(overrides),
        "versions": {**VERSIONS, "python": platform.python_version()},
        "scenario_sha256": result.spec.digest,
        "files_sha256": dict(hashes),
        "run": {"date": facts.date, "seconds": round(facts.seconds, 3), "workers": facts.workers},
        "scenario": result.spec.data,
    }
    (folder / MANIFEST).write_bytes(to_yaml(manifest).encode())
