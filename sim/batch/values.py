"""The number that is explained, of many scenarios at once, on whichever processes have the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from sim.batch.explain import valued
from sim.batch.hybrids import Evaluate, Values
from sim.batch.measure import Measure
from sim.errors import Problem, ScenarioError
from sim.seam import Crew, Lost, in_order


class _Asked(NamedTuple):
    """One scenario as plain data, for another process."""

    name: str
    data: dict[str, Any]
    measure: Measure
    draws: int
    seed: int


def evaluator(crew: Crew, measure: Measure, draws: int, seed: int, tell: Callable[[int, int], None]) -> Evaluate:
    """Return what runs scenarios on a crew; ``tell`` hears how many are done, of how many that are known of."""
    done = total = 0

    def evaluate(scenarios: Sequence[tuple[str, dict[str, Any]]]) -> Iterator[Values | ScenarioError]:
        nonlocal done, total
        total += len(scenarios)
        asked = [_Asked(name, data, measure, draws, seed) for name, data in scenarios]
        for result in in_order(crew, _answer, asked, len(asked)) if asked else ():
            if isinstance(result, Lost):
                cure = "take fewer --workers, or fewer --draws"
                raise ScenarioError([Problem("", "", "the process of a worker has died again and again", cure)])
            done += 1
            tell(done, total)
            yield result

    return evaluate


def _answer(asked: _Asked) -> Values | ScenarioError:
    try:
        return valued(*asked)
    except ScenarioError as error:
        return error
