"""In what two scenarios differ: the smallest parts of their merged data, without what is only said about them.

A number is one thing, whether it stands alone, as ``{value, source}`` or as a distribution: where it differs, all of it
does. Texts that no result depends on (`SAID`, `SAID_AT_TOP`) are left out, and ``{value: 3, source: …}`` is 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

SAID = ("source", "unit")
"""Keys whose text says something about a block and changes no result, wherever they stand."""
SAID_AT_TOP = ("title", "as_of", "about")
"""The same of the scenario as a whole; ``as_of`` is looked at by one warning."""
TAGS = ("process", "kind", "dist")
"""Keys that choose what a block is: where they differ, blocks cannot be compared key by key."""
ORDERED = ("sanctions", "regimes")
"""The one block whose order means something: from calm to grave."""


class Missing(Enum):
    """What stands in a `Change` for something that one of the scenarios does not have."""

    MISSING = "–"

    def __str__(self) -> str:
        return self.value


MISSING = Missing.MISSING


@dataclass(frozen=True)
class Change:
    """One difference: its dotted path and what stands there in the first and in the second scenario, without texts."""

    path: str
    before: Any
    after: Any
    way: tuple[Any, ...] = field(default=(), compare=False, repr=False)
    """The keys on the path: they may be numbers, and may hold dots themselves (correlations)."""


def differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Change]:
    """Return where two merged scenario data differ, in the order of ``a``, then what only ``b`` has.

    Two mappings are compared key by key, but as a whole where one is a distribution, where a tag (process, kind, dist)
    differs, and where the regimes of sanctions come in another order. Lists are compared as a whole.

    >>> differences({"a": {"x": 1, "y": {"value": 2, "source": "p"}}}, {"a": {"x": 3, "y": 2}})
    [Change(path='a.x', before=1, after=3)]
    """
    first, second = ({key: item for key, item in data.items() if key not in SAID_AT_TOP} for data in (a, b))
    return list(_compared(_without_texts(first), _without_texts(second), ()))


def _without_texts(item: Any) -> Any:
    """Return data without `SAID`, a number that is only there with its source as the number."""
    if isinstance(item, Mapping):
        kept = {k: _without_texts(inner) for k, inner in item.items() if not (k in SAID and isinstance(inner, str))}
        return kept["value"] if set(kept) == {"value"} and not isinstance(kept["value"], dict) else kept
    return [_without_texts(inner) for inner in item] if isinstance(item, list) else item


def _compared(a: Any, b: Any, way: tuple[Any, ...]) -> Iterator[Change]:
    reordered = way == ORDERED and _reordered(a, b)
    if isinstance(a, dict) and isinstance(b, dict) and not reordered and not _whole(a, b):
        for key in [*a, *(key for key in b if key not in a)]:
            yield from _compared(a.get(key, MISSING), b.get(key, MISSING), (*way, key))
    elif reordered or not _same(a, b):
        yield Change(".".join(map(str, way)), a, b, way)


def _reordered(a: Any, b: Any) -> bool:
    both = isinstance(a, dict) and isinstance(b, dict)
    return both and [key for key in a if key in b] != [key for key in b if key in a]


def _whole(a: Mapping[Any, Any], b: Mapping[Any, Any]) -> bool:
    """Say whether two mappings are one thing each: distributions, or of different kinds."""
    tags = [tuple(item[tag] if isinstance(item.get(tag), str) else None for tag in TAGS) for item in (a, b)]
    return tags[0] != tags[1] or tags[0][TAGS.index("dist")] is not None


def _same(a: Any, b: Any) -> bool:
    """Say whether data are equal; true is not 1, and 3 is 3.0."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)
