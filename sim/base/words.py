"""Words for messages: values as they are written in YAML, and the nearest known word to a misspelt one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

_LONGEST = 60
_NO_TEXT = ("true", "false", "null", "inf", "nan")
"""Words that are no texts in YAML."""


def shown(value: Any) -> str:
    """Return a value as a scenario file would have it, cut where it is long.

    >>> shown(True), shown("fast"), shown({"min": 1, "max": [2]})
    ('true', "'fast'", '{min: 1, max: [2]}')
    """
    return cut(_flow(value, 0), _LONGEST)


def told(value: Any, most: int = _LONGEST) -> str:
    """Return a value as a page shows it: texts bare where they cannot be taken for a number, distributions by name.

    >>> told("sectoral"), told("007"), told(-0.15), told(100000), told([1, "a"])
    ('sectoral', "'007'", '−0.15', '100,000', '1, a')
    >>> told({"dist": "pert", "min": -0.15, "max": 0.85, "source": "a book"}), told({"value": 5, "source": "own"})
    ('pert(min −0.15, max 0.85)', '5')
    """
    if isinstance(value, str):
        plain = re.fullmatch(r"[^\W\d](?:.*\S)?", value) is not None
        return cut(value if plain and value.lower() not in _NO_TEXT else shown(value), most)
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = f"{value:,}" if abs(value) >= 1e4 else f"{value}"
        return text.replace("-", "−")
    if isinstance(value, list | tuple):
        return cut(", ".join(told(item, most) for item in value) or "none", most)
    if isinstance(value, Mapping):
        parts = {key: item for key, item in value.items() if key != "source"}
        if set(parts) == {"value"}:
            return told(parts["value"], most)
        kind = next((parts.pop(key) for key in ("dist", "process", "kind") if key in parts), None)
        between = " " if kind else ": "
        inner = ", ".join(f"{key}{between}{told(item, most)}" for key, item in parts.items())
        return cut(f"{kind}({inner})" if kind else f"{{{inner}}}", most)
    return shown(value)


def in_percent(unit: str) -> str | None:
    """Return the unit that a share, a fraction or a yearly rate has in percent; None for what is none.

    >>> in_percent("share"), in_percent("fraction of the amount"), in_percent("per year"), in_percent("MW")
    ('%', '% of the amount', '% a year', None)
    """
    first, _, rest = unit.partition(" ")
    if first not in ("share", "fraction", "probability") and unit != "per year":
        return None
    rest = unit if unit == "per year" else rest
    return f"% {re.sub('^(?:per|in a) year', 'a year', rest)}".rstrip()


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
