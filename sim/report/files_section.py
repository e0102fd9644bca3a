"""The end of a page: the folder and what each file in it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sim.report.compare_layout import Grid, fits, text_of
from sim.report.letters import bold

FILES = {
    "summary.csv": "every metric: spread, definition",
    "payback.csv": "chance of payback, year by year",
    "cashflow.csv": "every line of every period",
    "regimes.csv": "regimes over the years",
    "bearers.csv": "who bears what of sanctions",
    "drivers.csv": "which inputs move the results",
    "distributions.csv": "histogram of every metric",
    "draws.parquet": "metrics of every future",
    "draws.csv": "the same as text, with inputs",
    "manifest.yaml": "all that repeats this run",
}
OTHERS = {
    "cases.csv": "every case: its point, figures",
    "columns.csv": "what the columns of cases are",
    "errors.csv": "what is wrong with failed cases",
    "finished.jsonl": "cases done, to go on from",
    "replicates.parquet": "means, to compare cases in pairs",
    "comparison.csv": "figures side by side, differences",
    "paybacks.csv": "who pays back in which futures",
    "inputs.csv": "inputs that differ",
    "notes.csv": "what to know before relying on it",
    "attribution.csv": "the parts of the difference",
    "changes.csv": "what was changed in each part",
    "sources_and_uses.csv": "what is paid, and by whom",
    "waterfall.csv": "revenue down to distributions",
    "debt.csv": "each tranche over the years",
    "income.csv": "income statement",
    "balance_sheet.csv": "balance sheet",
}
"""Files of a run, and those of other verbs."""


def files(written: Sequence[Path], width: int) -> str:
    """Return the folder and what each file in it is, in two columns where there is room; a path is never broken."""
    folder = f"{written[0].parent}/"
    head = bold("Written to") + (f" {folder}" if len(folder) + 11 <= width else f"\n{folder}")
    entries = [(file.name, (FILES | OTHERS).get(file.name, "")) for file in written]
    half = -(-len(entries) // 2)
    pairs = [(*one, *other) for one, other in zip(entries, [*entries[half:], ("", "")], strict=False)][:half]
    wide = Grid(("",) * 4, tuple(pairs), 4)
    return f"{head}\n{text_of([wide if fits(wide, width) else Grid(('', ''), tuple(entries), 2)], width)}"
