"""The end of the page: the folder and what each file in it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.table import Table as Grid
from rich.text import Text

FILES = {
    "summary.csv": "every metric: spread, definition",
    "payback.csv": "chance of payback, year by year",
    "cashflow.csv": "every line of every period",
    "regimes.csv": "regimes over the years",
    "bearers.csv": "who bears what of sanctions",
    "drivers.csv": "which inputs move the results",
    "distributions.csv": "histogram of every metric",
    "draws.parquet": "metrics of every draw",
    "draws.csv": "the same as text, with inputs",
    "manifest.yaml": "all that repeats this run",
}


def files(written: Sequence[Path], wide: bool) -> Iterator[Text | Grid]:
    """Yield the folder and what each file in it is, in two columns where there is room."""
    if not written:
        return
    yield Text.assemble(("Written to ", "bold"), f"{written[0].parent}/")
    grid = Grid.grid(padding=(0, 2, 0, 0))
    entries = [(file.name, Text(FILES.get(file.name, ""), style="dim")) for file in written]
    half = -(-len(entries) // (2 if wide else 1))
    for i in range(half):
        right = entries[half + i] if half + i < len(entries) else ("", Text())
        grid.add_row(*entries[i], *right)
    yield grid
