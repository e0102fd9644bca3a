"""Means of replicates beside the table of a sweep: with them two sweeps are compared on the same futures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.batch.figures import REPLICATES, Figures

Array = NDArray[np.float64]
FILE = "replicates.parquet"
Means = dict[tuple[int, str], Array]
"""Number of a case and metric: the mean of each replicate, (replicates,)."""


def write(path: Path, cases: Mapping[int, Figures]) -> None:
    """Write the means of all cases: a row for each case and metric, a column for each replicate."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [
        (number, name.removesuffix(REPLICATES), means)
        for number, figures in cases.items()
        for name, means in figures.items()
        if name.endswith(REPLICATES)
    ]
    columns = {"case": [row[0] for row in rows], "metric": [row[1] for row in rows]}
    count = max((len(means) for _, _, means in rows), default=0)
    columns |= {f"r{i}": [means[i] for _, _, means in rows] for i in range(count)}
    pq.write_table(pa.table(columns), path)


def read(path: Path) -> Means:
    """Return the means of all cases; empty where there is no such file or it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException):
        return {}
    if not {"case", "metric"} <= set(table.column_names):
        return {}
    names = [name for name in table.column_names if name not in ("case", "metric")]
    values = np.column_stack([table[name].to_numpy() for name in names]) if names else np.empty((table.num_rows, 0))
    keys = zip(table["case"].to_pylist(), table["metric"].to_pylist(), strict=True)
    return dict(zip(keys, values, strict=True))
