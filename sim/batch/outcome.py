"""What a sweep has come to, for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sim.batch.plan import Case, Plan
from sim.errors import Problem
from sim.tables import Table


class Failed(NamedTuple):
    """A case without figures, and why."""

    case: Case
    problems: tuple[Problem, ...]


@dataclass
class Count:
    """How far a sweep is."""

    total: int
    kept: int = 0
    """Cases that were finished before."""
    done: int = 0
    failed: int = 0
    seconds: float = 0.0
    """What the cases have taken, added up over all processes."""

    @property
    def left(self) -> int:
        """Return the number of cases that are still to come."""
        return self.total - self.kept - self.done - self.failed


@dataclass(frozen=True)
class Swept:
    """A sweep that has come to its end."""

    plan: Plan
    folder: Path
    table: Table
    failed: tuple[Failed, ...]
    count: Count
    files: tuple[Path, ...]
    notes: tuple[str, ...]
