"""From pydantic's errors to problems with file, line, dotted path and cure."""

from __future__ import annotations

import difflib
from typing import Any, get_args

from pydantic import ValidationError

from sim.base.quantities import Section
from sim.base.strict_yaml import Marks
from sim.errors import Problem


def describe(error: ValidationError, data: Any, marks: Marks, name: str, model: type[Section]) -> list[Problem]:
    """Return one problem for each error of a validation."""
    return [_problem(item, data, marks, name, model) for item in error.errors(include_url=False)]


def _problem(item: Any, data: Any, marks: Marks, name: str, model: type[Section]) -> Problem:
    place = _place(item["loc"], data)
    path = ".".join(place)
    where = _where(place, marks, name)
    kind, given = item["type"], item.get("input")
    if kind == "extra_forbidden":
        known = sorted(_keys_at(model, place[:-1]))
        close = difflib.get_close_matches(place[-1], known, n=1)
        cure = f"did you mean {close[0]}?" if close else f"known keys: {', '.join(known)}"
        return Problem(where, path, "this key is not known", cure)
    if kind == "missing":
        return Problem(where, path, "this key is missing", f"add {place[-1]}")
    if kind == "union_tag_not_found":
        return Problem(where, path, f"{item['ctx']['discriminator']} is missing", f"add {item['ctx']['discriminator']}")
    if kind == "union_tag_invalid":
        choices = item["ctx"]["expected_tags"]
        return Problem(
            where, path, f"{item['ctx']['discriminator']} {item['ctx']['tag']!r} is not known", f"choose {choices}"
        )
    if kind == "value_error":
        return Problem(where, path, str(item["ctx"]["error"]), "")
    if kind == "quantity":
        return Problem(where, path, item["ctx"]["message"], item["ctx"]["cure"])
    if kind == "literal_error":
        return Problem(where, path, f"{given!r} is not allowed", f"choose {item['ctx']['expected']}")
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return Problem(where, path, f"{given!r} is not a block of keys", "write key: value lines under it")
    return Problem(where, path, f"{given!r}: {item['msg'][0].lower()}{item['msg'][1:]}", "mend the value")


def _place(loc: tuple[Any, ...], data: Any) -> tuple[str, ...]:
    """Drop the tags that pydantic adds to a location for unions; they are not keys of the file."""
    place: list[str] = []
    holder = data
    for i, part in enumerate(loc):
        last = i == len(loc) - 1
        if part == "[key]":
            continue
        if isinstance(holder, dict) and (part in holder or last):
            place.append(str(part))
            holder = holder.get(part)
        elif not isinstance(holder, dict):
            place.append(str(part))
    return tuple(place)


def _where(place: tuple[str, ...], marks: Marks, name: str) -> str:
    while place and place not in marks:
        place = place[:-1]
    return marks.get(place, name)


def _keys_at(model: type[Section], place: tuple[str, ...]) -> set[str]:
    candidates: list[Any] = [model]
    for part in place:
        found: list[Any] = []
        for candidate in candidates:
            if isinstance(candidate, type) and issubclass(candidate, Section):
                if part in candidate.model_fields:
                    found += _inside(candidate.model_fields[part].annotation)
            else:
                found += _inside(candidate)
        candidates = found
    sections = [c for c in candidates if isinstance(c, type) and issubclass(c, Section)]
    return {key for section in sections for key in section.model_fields}


def _inside(annotation: Any) -> list[Any]:
    """Return the sections an annotation may hold; a mapping is returned as the annotation of its values."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    arguments = get_args(annotation)
    if getattr(annotation, "__origin__", None) is dict:
        return [arguments[1]]
    return [inner for argument in arguments for inner in _inside(argument)]
