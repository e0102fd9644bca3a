"""Which scenario a word on the command line means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sim.verbs.screen import tell

if TYPE_CHECKING:
    from sim.errors import ScenarioError
    from sim.scenario import Spec

_MANY = re.compile(r"(known: (?:\w+, ){11}\w+)(?:, \w+)+")


def complain(error: ScenarioError) -> None:
    """Print every problem of an error; of a long list of what is known only the beginning."""
    for problem in error.problems:
        tell("error: " + _MANY.sub(r"\1, …; all of them: python -m sim describe", str(problem)))


def scenario_file(file: str) -> Path:
    """Return the file that is meant: a path, or the name of a shipped scenario; the manifest of a run is refused."""
    from sim.errors import ScenarioError
    from sim.manifest import is_manifest

    path = Path(file)
    try:
        there = path.exists()
    except (OSError, ValueError) as error:
        raise ScenarioError.single(f"cannot be read: {error}", where=file[:100], cure="check the path") from None
    if not there:
        from sim.study.template import shipped

        return shipped(file)
    if is_manifest(path):
        cure = f"run it again with python -m sim {file}"
        raise ScenarioError.single("is the manifest of a run, no scenario", where=file, cure=cure)
    return path


def read_scenario(file: str, changes: Sequence[str]) -> Spec:
    """Return the spec of a file, or of a shipped scenario of that name, with the changes of ``--set``."""
    from sim.batch.study_file import is_study
    from sim.errors import ScenarioError
    from sim.scenario import parse_override, read

    path = scenario_file(file)
    if is_study(path):
        cure = f"run it with python -m sim sweep {file}"
        raise ScenarioError.single("is a study of many cases, no scenario", where=file, cure=cure)
    return read(path, [parse_override(text) for text in changes])
