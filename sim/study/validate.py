"""Comparison with SAM: runs every case of a folder through the engine and says how far the answers are apart.

Each case is run twice: as it is, with its loan and reserves, and without the loan, which is held against SAM's run of
the same case without it (its ``unlevered_twin``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine import deterministic
from sim.errors import ScenarioError
from sim.scenario import from_data
from sim.study.sam import to_scenario
from sim.study.sam_answers import GROUPS, answers, beyond, references, remarks
from sim.study.sam_inputs import Unsupported

Array = NDArray[np.float64]
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Verdict:
    """What came out for one output of a case: ``error`` is None where nothing could be compared."""

    case: str
    output: str = ""
    error: float | None = None
    why: str = ""

    @property
    def failed(self) -> bool:
        """Whether engine and reference differ; an error that is not a number counts as a difference."""
        return self.error is not None and not self.error <= TOLERANCE

    def __str__(self) -> str:
        """Return the line to print."""
        if self.error is None:
            parts = [self.case, self.output, f"UNSUPPORTED: {self.why}"]
        else:
            said = "FAIL" if self.failed else "PASS"
            parts = [self.case, self.output, said, f"max rel error {self.error:.1e}", self.why]
        return "  ".join(" ".join(part.split()) for part in parts if part)


def validate(folder: Path, out: Callable[[str], None]) -> int:
    """Compare the ``*.json`` files in ``folder`` and return 1 if any fails, else 0.

    Prints a line for the outputs of a case that agree, one for each that does not or needs a remark, and last how many
    cases agree and which have no counterpart here.
    """
    files = [file for file in sorted(folder.glob("*.json")) if file.name != "index.json"]
    if not files:
        raise ScenarioError.single("holds no case (*.json)", where=str(folder), cure="name a folder with SAM cases")
    agree = fail = 0
    beyond_us: list[str] = []
    wide = max(len(file.stem) for file in files)
    for file in files:
        verdicts = list(_verdicts(file))
        failed = any(verdict.failed for verdict in verdicts)
        fail += failed
        compared = any(verdict.error is not None for verdict in verdicts)
        agree += not failed and compared
        beyond_us += [] if compared else [" ".join(verdicts[0].case.split())]
        for line in _lines(verdicts, wide):
            out(line)
    named = f" ({', '.join(beyond_us)})" if beyond_us else ""
    out(f"{agree} case{' agrees' if agree == 1 else 's agree'}, {len(beyond_us)} unsupported{named}, {fail} fail")
    return int(fail > 0)


def _lines(verdicts: list[Verdict], wide: int) -> Iterator[str]:
    """Yield the lines of a case: how many outputs pass without a word, then the others in the order of `GROUPS`."""
    errors = [v.error for v in verdicts if v.error is not None and not v.failed and not v.why]
    if errors:
        near = f"to {max(errors):.0e}" if max(errors) else "exactly"
        name = " ".join(verdicts[0].case.split())
        yield f"{name:<{wide}}  PASS  {len(errors):>2} output{' agrees' if len(errors) == 1 else 's agree'} {near}"
    order = [name for names in GROUPS.values() for name in names]
    others = [v for v in verdicts if v.error is None or v.failed or v.why]
    yield from map(str, sorted(others, key=lambda v: order.index(v.output) if v.output in order else len(order)))


def _verdicts(file: Path) -> Iterator[Verdict]:
    name, case = file.stem, _read(file)
    if case is None:
        yield Verdict(name, why="not a known case format")
        return
    if isinstance(case.get("id"), str) and case["id"].strip():
        name = case["id"]
    try:
        yield from _compared(name, case)
    except Unsupported as error:
        yield Verdict(name, why=str(error))
    except ScenarioError as error:
        yield Verdict(name, why=f"not a possible scenario: {error.problems[0]}")
    except Exception as error:  # a case must not stop the others, whatever is wrong in the engine
        yield Verdict(name, "engine", math.inf, f"{type(error).__name__}: {error}")


def _compared(name: str, case: dict[str, Any]) -> Iterator[Verdict]:
    """Yield a verdict for each output that is not zero throughout on both sides."""
    own, twin = (from_data(name, to_scenario(case, loan)) for loan in (True, False))
    wanted, said = references(case), remarks(case)
    block = deterministic(own)
    found = answers(case, block, deterministic(twin))
    if why := beyond(case, block):
        raise Unsupported(why)
    for output, value in wanted.items():
        if value is None:
            yield Verdict(name, output, why="no reference value")
            continue
        ours = found.get(output, np.zeros(1))
        if ours.any() or value.any():
            yield Verdict(name, output, _error(ours, value), said.get(output, ""))


def _read(file: Path) -> dict[str, Any] | None:
    """Return a SAM case, or None where the file is something else."""
    try:
        case = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    blocks = ("inputs", "outputs_by_year", "outputs_scalar")
    if not isinstance(case, dict) or not all(isinstance(case.get(block), dict) for block in blocks):
        return None
    return case


def _error(found: Array, wanted: Array) -> float:
    """Return the largest difference over the largest reference value; the shorter line is continued with zeros."""
    if np.isnan(wanted).all():
        return 0.0 if np.isnan(found).all() else math.inf
    size = max(found.size, wanted.size)
    gap = np.abs(np.pad(found, (0, size - found.size)) - np.pad(wanted, (0, size - wanted.size)))
    scale = float(np.max(np.abs(wanted)))
    return float(np.max(gap)) / (scale if scale > 0.0 else 1.0)
