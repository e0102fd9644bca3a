"""Feasibility of energy links under sanctions and financing: ``run`` a scenario, get its tables and draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from sim.errors import ScenarioError
    from sim.notebook import Run

__version__ = "0.1.0"
__all__ = ["ScenarioError", "run"]


def run(
    path: str | Path, set: Mapping[str, Any] | None = None, draws: int = 10_240, seed: int = 1, workers: int = 1
) -> Run:
    """Return a run of a scenario file; ``set`` maps dotted keys to new values. Raises `ScenarioError`.

    ``run("scenarios/base.yaml", set={"link.capacity_mw": 600}).summary`` is a pandas data frame.
    """
    from sim import notebook

    return notebook.run(path, set or {}, draws, seed, workers)


def __getattr__(name: str) -> Any:
    if name == "ScenarioError":
        from sim.errors import ScenarioError

        return ScenarioError
    raise AttributeError(f"module 'sim' has no attribute {name!r}")
