"""Feasibility of energy links under sanctions and financing: ``run`` a scenario, get its `Result`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from sim.collect import Result
    from sim.errors import ScenarioError

__version__ = "0.1.0"
__all__ = ["ScenarioError", "run"]


def run(
    path: str | Path, set: Mapping[str, Any] | None = None, draws: int = 10_240, seed: int = 1, workers: int = 1
) -> Result:
    """Return the results of a scenario file; ``set`` maps dotted keys to new values. Raises `ScenarioError`."""
    from sim.engine import simulate
    from sim.scenario import read

    return simulate(read(path, list((set or {}).items())), draws, seed, workers)


def __getattr__(name: str) -> Any:
    if name == "ScenarioError":
        from sim.errors import ScenarioError

        return ScenarioError
    raise AttributeError(f"module 'sim' has no attribute {name!r}")
