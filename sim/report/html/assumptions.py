"""What went into a run: every number with its source, the processes, and what else was chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sim.base.words import shown
from sim.report.html.content import Section, View, filled
from sim.report.html.content_numbers import (
    ASSUMED,
    DATED,
    DEFAULT,
    SOURCED,
    TEXTS,
    UNSOURCED,
    Number,
    basis_of,
    numbers,
    spark,
)
from sim.report.html.content_run import Run
from sim.report.html.definitions import few, plain
from sim.report.names import input_name

COLUMNS = ("Number", "P10", "Value or median", "P90", "Distribution", "Unit", "Basis", "Source")
NUMERIC = (False, True, True, True, False, False, False, False)
OF_BLOCK = " (said of the whole block)"
MARKS = (
    "Basis: source, a published number; assumption, at least in part the author's judgement; default, what the program "
    "takes where the scenario says nothing; year of money, to whose prices an amount belongs."
)


def assumptions(run: Run) -> tuple[Section, ...]:
    """Return what is uncertain, then, folded, every number of the scenario by section and what else is chosen."""
    if not run.scenario:
        return (Section("assumptions", "Assumptions", ("The scenario is not known: there is no manifest with it.",)),)
    found = numbers(run.scenario, run.spec)
    words = [count(found)]
    about = run.scenario.get("about")
    if isinstance(about, str) and about.strip():
        words.insert(0, about)
    if run.read[1]:
        words.append(
            f"This program does not read the scenario any more ({run.read[1]}): numbers stand as the manifest says "
            "them, without units."
        )
    uncertain = [number for number in found if number.dist is not None and not number.dist.certain]
    first = (("Numbers that are drawn", _drawn(uncertain)), ("Prices and rates that move", processes(run)))
    tables = [*_by_section(found).items(), ("Choices", choices(run.scenario))]
    return (
        Section("uncertain", "What is assumed, and what is uncertain", tuple(words), (), _filled(first)),
        Section("assumptions", "All assumptions", (MARKS,), (), _filled(tables), folded=True),
    )


def _filled(tables: Iterable[tuple[str, View]]) -> tuple[tuple[str, View], ...]:
    """Return the tables that have rows."""
    return tuple((heading, view) for heading, view in tables if view.rows)


def count(found: Sequence[Number]) -> str:
    """Return in a sentence how many numbers are sourced, assumed, or neither."""
    by = Counter(number.basis for number in found)
    given = len(found) - by[DEFAULT] - by[DATED]
    dated = ", years of money aside," if by[DATED] else ""
    text = (
        f"Of {given:,} numbers in the scenario{dated} {by[SOURCED]:,} have a source, {by[ASSUMED]:,} are "
        f"assumptions, at least in part, and {by[UNSOURCED]:,} {'has' if by[UNSOURCED] == 1 else 'have'} no source."
    )
    if by[DEFAULT]:
        text += f" {by[DEFAULT]:,} more are defaults of the program, which the scenario leaves as they are."
    uncertain = sum(number.dist is not None and not number.dist.certain for number in found)
    return f"{text} {uncertain:,} {'is' if uncertain == 1 else 'are'} drawn from a distribution."


def _by_section(found: Sequence[Number]) -> dict[str, View]:
    groups: dict[str, list[Number]] = {}
    for number in found:
        groups.setdefault(number.path.partition(".")[0], []).append(number)
    return {name: _view(COLUMNS, [(number, number.path) for number in inside]) for name, inside in groups.items()}


def _drawn(found: Sequence[Number]) -> View:
    return _view(("Number", "P10", "Median", *COLUMNS[3:]), [(number, input_name(number.path)) for number in found])


def _view(heads: Sequence[str], found: Sequence[tuple[Number, str]]) -> View:
    """Return numbers, each under a name, without columns in which nothing stands."""
    rows = [_row(number, name) for number, name in found]
    sparks = tuple(spark(number.dist) for number, _ in found)
    return filled(View(tuple(heads), tuple(rows), NUMERIC, sparks if any(sparks) else ()))


def _row(number: Number, name: str) -> tuple[str, ...]:
    source = f"{number.source}{OF_BLOCK}" if number.inherited and number.source else number.source
    dist = number.dist
    if dist is None:
        cells = ("", number.text, "", "")
    elif dist.certain:
        cells = ("", plain(dist.lower), "", "")
    else:
        low, middle, high = (few(dist.quantile(chance)) for chance in (0.1, 0.5, 0.9))
        cells = (low, middle, high, number.text)
    return (name, *cells, number.unit, number.basis, source)


# --- processes and choices ----------------------------------------------------------------------------------------


def processes(run: Run) -> View:
    """Return prices and rates that move over the years: kind, parameters, source."""
    rows = tuple(_processes(run.scenario, (), ""))
    return View(("Process", "Kind", "Parameters", "Basis", "Source"), rows, (False,) * 5)


def _processes(item: Any, way: tuple[str, ...], around: str) -> Iterator[tuple[str, ...]]:
    if not isinstance(item, Mapping):
        return
    own = item.get("source")
    source = own if isinstance(own, str) else around
    kind = item.get("process")
    if isinstance(kind, str):
        inside = {key: inner for key, inner in item.items() if key not in ("process", "source")}
        told = source or "; ".join(dict.fromkeys(_sources(inside)))
        yield ".".join(way), kind, "; ".join(_told(inside)), basis_of(told), told
        return
    for key, inner in item.items():
        yield from _processes(inner, (*way, str(key)), source)


def _told(inside: Mapping[Any, Any]) -> Iterator[str]:
    """Yield the parameters of a process, a distribution by its own."""
    for key, item in inside.items():
        bare = item
        if isinstance(item, Mapping):
            bare = {name: inner for name, inner in item.items() if name != "source"}
            if set(bare) == {"value"}:
                bare = bare["value"]
        is_number = isinstance(bare, int | float) and not isinstance(bare, bool)
        yield f"{key} {plain(float(bare)) if is_number else bare if isinstance(bare, str) else shown(bare)}"


def _sources(inside: Mapping[Any, Any]) -> Iterator[str]:
    for item in inside.values():
        if isinstance(item, Mapping) and isinstance(item.get("source"), str):
            yield item["source"]


def choices(data: Mapping[str, Any]) -> View:
    """Return what a scenario chooses in words: regimes, ways of dispatch, kinds of blocks, switches."""
    rows = tuple(_choices(data, ()))
    return View(("Choice", "Value"), rows, (False, False))


def _choices(item: Any, way: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(item, Mapping):
        for key, inner in item.items():
            if str(key) not in (*TEXTS, "dist"):
                yield from _choices(inner, (*way, str(key)))
    elif isinstance(item, list) and all(isinstance(one, str) for one in item):
        yield ".".join(way), ", ".join(item)
    elif isinstance(item, bool | str):
        yield ".".join(way), item if isinstance(item, str) else str(item).lower()
