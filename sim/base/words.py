"""Words for messages: values as they are written in YAML, and the nearest known word to a misspelt one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

_LONGEST = 60


def shown(value: Any) -> str:
    """Return a value as a scenario file would have it, cut where it is long.

    >>> shown(True), shown("fast"), shown({"min": 1, "max": [2]})
    ('true', "'fast'", '{min: 1, max: [2]}')
    """
    return cut(_flow(value, 0), _LONGEST)


def cut(text: str, length: int) -> str:
    """Return a text on one line and not longer than ``length``."""
    text = "".join(letter if letter.isprintable() else " " for letter in text[: 2 * length])
    return text if len(text) <= length else f"{text[: length - 1]}…"


def closest(word: object, known: Iterable[str]) -> str | None:
    """Return the known word that is meant by a misspelt one, or None where nothing is near.

    >>> closest("capacity_mv", ["length_km", "capacity_mw"]), closest("USD", ["usd"]), closest("x", ["usd"])
    ('capacity_mw', 'usd', None)
    """
    text = str(word)[:100].lower()
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(text, by_lower, n=1, cutoff=0.65)
    if not near and len(text) > 3:
        near = [name for name in by_lower if name.startswith(text) or text.startswith(name)][:1]
    return by_lower[near[0]] if near else None


def suggestion(word: object, known: Iterable[str], otherwise: str) -> str:
    """Return ``did you mean …?``, or another cure where nothing is near."""
    near = closest(word, known)
    return f"did you mean {near}?" if near is not None else otherwise


def _flow(value: Any, depth: int) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(value[: 2 * _LONGEST])
    if isinstance(value, int) and value.bit_length() > 1000:
        return "a whole number of hundreds of digits"
    if isinstance(value, Mapping | list | tuple) and depth > 4:
        return "…"
    if isinstance(value, Mapping):
        inner = (f"{cut(str(key), _LONGEST)}: {_flow(item, depth + 1)}" for key, item in list(value.items())[:9])
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item, depth + 1) for item in value[:9]) + "]"
    return str(value)
