"""Changes in groups, and the scenarios between two others: one scenario with some groups as in the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sim.batch.changes import Change

By = Literal["section", "key"]


@dataclass(frozen=True)
class Group:
    """Changes that are made together: a section of the file, or one key."""

    name: str
    changes: tuple[Change, ...]
    ways: tuple[tuple[Any, ...], ...]
    """Where the blocks stand that are taken as a whole: the keys on the path of each."""


def groups(changes: Sequence[Change], by: By) -> list[Group]:
    """Return changes by top-level key, or each on its own, in their order.

    >>> found = [Change("tax.a", 1, 2, ("tax", "a")), Change("tax.b", 3, 4, ("tax", "b"))]
    >>> [group.name for group in groups(found, "section")], [group.name for group in groups(found, "key")]
    (['tax'], ['tax.a', 'tax.b'])
    """
    if by == "key":
        return [Group(change.path, (change,), (change.way,)) for change in changes]
    sections: dict[Any, list[Change]] = {}
    for change in changes:
        sections.setdefault(change.way[0], []).append(change)
    return [Group(str(key), tuple(found), ((key,),)) for key, found in sections.items()]


def hybrid(a: Mapping[Any, Any], b: Mapping[Any, Any], groups_in_b: Iterable[Group]) -> dict[Any, Any]:
    """Return the data of ``a`` with the blocks of some groups as in ``b``, a copy that shares nothing with either.

    What ``b`` does not have is deleted, what only it has comes in its place in the order of ``b``. With no group the
    result is ``a``; with all groups it does not differ from ``b`` but for texts.
    """
    mixed = _copy(a)
    for group in groups_in_b:
        for way in group.ways:
            _take(mixed, b, way)
    return dict(mixed)


def _take(mixed: dict[Any, Any], b: Mapping[Any, Any], way: Sequence[Any]) -> None:
    """Put the block of ``b`` at a path in place of what stands there; the blocks around it are in both."""
    *outer, last = way
    for key in outer:
        mixed, b = mixed[key], b[key]
    if last not in b:
        del mixed[last]
    elif last in mixed:
        mixed[last] = _copy(b[last])
    else:
        before = list(b)[: list(b).index(last)]
        place = max((i + 1 for i, key in enumerate(mixed) if key in before), default=0)
        items = list(mixed.items())
        mixed.clear()
        mixed.update([*items[:place], (last, _copy(b[last])), *items[place:]])


def _copy(item: Any) -> Any:
    """Return a copy in which no two places share a block, as anchors in a file would make them do."""
    if isinstance(item, Mapping):
        return {key: _copy(inner) for key, inner in item.items()}
    return [_copy(inner) for inner in item] if isinstance(item, list) else item
