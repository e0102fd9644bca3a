"""Axes of a sweep: what is varied, and the points on it.

An axis changes keys of the scenario, or puts a scenario file over it. A key may hold ``*`` for every name at its level
(``costs.items.*.amount_million``); a factor multiplies the numbers that stand there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from sim.base import strict_yaml
from sim.base.words import cut, shown
from sim.errors import ScenarioError

MAX_CASES = 100_000
"""Cases that a sweep may have: more would take days, and a page of them nobody reads."""
RESERVED = ("case", "year", "metric", "where", "key", "message", "cure")
"""Columns of the tables of a sweep, which no axis can be called."""
_NAME = re.compile(r"[^\W_][\w .*+%-]*")
_STATISTIC = re.compile(r"[a-z_0-9]+\.(mean|se|p10|p50|p90|never|share_defined)")
_TOO_FAR = 40
"""Powers of ten from which no number of a scenario is."""
RANGE = re.compile(r"\s*([-+.\deE]+)\s*:\s*([-+.\deE]+)\s*:\s*([-+.\deE]+)\s*")
FACTOR = re.compile(r"x\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")


@dataclass(frozen=True)
class Factor:
    """Multiplies the number that stands at a key."""

    by: float


@dataclass(frozen=True)
class Point:
    """One place on an axis: what the table calls it, the keys that it sets, the files that it puts over the base."""

    label: Any
    changes: tuple[tuple[str, Any], ...] = ()
    files: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Span:
    """An axis of a Latin hypercube: any number between two ends, or factor between them."""

    low: float
    high: float
    factor: bool = False


@dataclass(frozen=True)
class Drawn:
    """An axis of a Latin hypercube: numbers from the distribution that the scenario gives the key."""


@dataclass(frozen=True)
class Axis:
    """What is varied: a name (the dotted key, or a word for files and variants), its points, where it was said."""

    name: str
    points: tuple[Point, ...]
    where: str
    spread: Span | Drawn | None = None
    """Instead of points, for a Latin hypercube."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Return every key that the axis changes."""
        own = (self.name,) if self.spread is not None else ()
        return tuple(dict.fromkeys((*own, *(key for point in self.points for key, _ in point.changes))))


def of_values(name: str, values: Sequence[Any], where: str) -> Axis:
    """Return an axis of values of one key; a text such as ``x1.2`` is a factor."""
    points = []
    for value in values:
        factor = FACTOR.fullmatch(value) if isinstance(value, str) else None
        new = Factor(float(factor[1])) if factor else value
        label = value if isinstance(value, int | float | str) and not isinstance(value, bool) else shown(value)
        points.append(Point(label, ((name, new),)))
    return checked(Axis(name, tuple(points), where))


def of_files(name: str, files: Sequence[Path], where: str) -> Axis:
    """Return an axis of scenario files, named after them."""
    stems = Counter(file.stem for file in files)
    labels = [file.stem if stems[file.stem] == 1 else f"{file.resolve().parent.name}/{file.stem}" for file in files]
    return checked(
        Axis(name, tuple(Point(label, (), (file,)) for label, file in zip(labels, files, strict=True)), where)
    )


def of_variants(name: str, variants: Mapping[Any, Any], where: str) -> Axis:
    """Return an axis of named sets of changes, ``{name: {key: value}}``."""
    points = []
    for label, changes in variants.items():
        if not isinstance(changes, Mapping):
            raise problem(where, name, f"{shown(changes)} is no set of changes", "write NAME: {link.capacity_mw: 600}")
        one = (of_values(str(key), [value], where).points[0].changes for key, value in changes.items())
        points.append(Point(str(label), tuple(change for part in one for change in part)))
    return checked(Axis(name, tuple(points), where))


def checked(axis: Axis) -> Axis:
    """Return an axis, or raise an error where it has no points or the same twice."""
    if not axis.points:
        raise problem(axis.where, axis.name, "nothing is on this axis", "write at least one value, such as 2,2.5,3")
    if not _NAME.fullmatch(axis.name) or axis.name in RESERVED or _STATISTIC.fullmatch(axis.name):
        raise problem(
            axis.where, axis.name, "is no name for an axis", "write NAME=… with letters, digits, _, - and dots"
        )
    seen = Counter(_same(point.label) for point in axis.points)
    twice = next((point.label for point in axis.points if seen[_same(point.label)] > 1), None)
    if twice is not None:
        raise problem(axis.where, axis.name, f"{shown(twice)} is on this axis twice", "write it once")
    return axis


def _same(label: Any) -> str:
    """Return what two labels of one place have in common: 600 and 600.0 are one."""
    return repr(float(label)) if isinstance(label, int | float) and not isinstance(label, bool) else str(label)


def problem(where: str, path: str, message: str, cure: str) -> ScenarioError:
    """Return the error about an axis."""
    return ScenarioError.single(message, where=where, path=path, cure=cure)


def numbers(start: Any, stop: Any, step: Any, where: str, path: str) -> list[int | float]:
    """Return the numbers from start to stop, both included, in steps; the steps must lead to stop exactly.

    >>> numbers("0.1", "0.3", "0.1", "", "")
    [0.1, 0.2, 0.3]
    """
    try:
        first, last, width = (Decimal(str(number)) for number in (start, stop, step))
        whole = all(number.is_finite() and abs(number.adjusted()) < _TOO_FAR for number in (first, last, width))
    except InvalidOperation:
        whole = False
    if not whole:
        raise problem(where, path, f"{start}:{stop}:{step} is no range", "write START:STOP:STEP, such as 600:2000:200")
    if width == 0 or (last - first) / width < 0:
        cure = f"write a step from {start} towards {stop}"
        raise problem(where, path, f"steps of {step} from {start} never come to {stop}", cure)
    count = (last - first) / width
    if count >= MAX_CASES:
        raise problem(
            where, path, f"{int(count) + 1:,} values are on this axis", f"at most {MAX_CASES:,} cases; widen the step"
        )
    if count != count.to_integral_value():
        nearest = first + width * int(count)
        cure = f"end at {nearest} or {nearest + width}, or choose another step"
        raise problem(where, path, f"steps of {step} from {start} miss {stop}, which is included", cure)
    return [_plain(first + width * i) for i in range(int(count) + 1)]


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() and number.as_tuple().exponent == 0 else float(number)


# --- on the command line ------------------------------------------------------------------------------------------


def parse(text: str) -> Axis:
    """Return the axis of one ``--vary``: KEY=V1,V2,…, KEY=START:STOP:STEP, or [NAME=]@FILE-OR-FOLDER,…."""
    where = f"--vary {cut(text, 60)}"
    name, equals, raw = text.partition("=")
    if text.startswith("@"):
        name, equals, raw = Path(text.split(",")[0][1:]).stem, "=", text
    name = name.strip()
    if not equals or not name:
        cure = "write market.price_ratio=2,2.5,3 or link.capacity_mw=600:2000:200 or @scenarios/financing"
        raise ScenarioError.single(f"{cut(text, 60)!r} is not KEY=VALUES", where="--vary", cure=cure)
    if raw.startswith("@"):
        return of_files(
            name, files_of([part.strip().removeprefix("@") for part in raw.split(",")], Path(), where, name), where
        )
    if re.fullmatch(r"[-+.\d]+:[-+.\d]+", raw):
        raise problem(where, name, f"{raw} is no range", f"write START:STOP:STEP, such as {raw}:0.5")
    span = RANGE.fullmatch(raw)
    if span:
        return of_values(name, numbers(span[1], span[2], span[3], where, name), where)
    return of_values(name, strict_yaml.value(f"[{raw}]", where), where)


def files_of(names: Sequence[str], beside: Path, where: str, path: str) -> list[Path]:
    """Return scenario files, and those of folders in order of their names; ``beside`` is where relative paths begin."""
    found: list[Path] = []
    for name in names:
        place = beside / name
        try:
            folder, file = place.is_dir(), place.is_file()
        except OSError as error:
            raise problem(where, path, f"{cut(name, 60)}: {error.strerror}", "check the path") from None
        if folder:
            inside = sorted([*place.glob("*.yaml"), *place.glob("*.yml")])
            if not inside:
                raise problem(where, path, f"the folder {name} has no scenario files", "name another one, or files")
            found += inside
        elif file:
            found.append(place)
        else:
            raise problem(where, path, f"{name} is no file or folder", strict_yaml.other_file(place))
    return found
