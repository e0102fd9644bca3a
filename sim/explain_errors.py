"""From pydantic's errors to problems with file, line, dotted path and cure; and what can be read in spite of them."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from sim.base.quantities import DISTRIBUTIONS, Section
from sim.base.strict_yaml import Marks
from sim.base.words import closest, cut, shown, suggestion

_TAGS = ("process", "kind")
_STRANGE = ("extra_forbidden", "invalid_key")
_LONGEST_NAME = 40
BLOCK_CURE = "change this block accordingly"
"""Cure of what a whole block is found guilty of by its own validator."""


class Unknown:
    """Stands where a value could not be read: it has no attributes, cannot be compared, and is not None."""


UNKNOWN: Any = Unknown()


def where(marks: Marks, path: str, name: str) -> str:
    """Return ``file:line`` of the deepest known key on a dotted path; keys may hold dots themselves."""
    known = {".".join(place): mark for place, mark in marks.items()}
    while path and path not in known:
        path = path.rpartition(".")[0]
    return known.get(path, name)


def describe(error: ValidationError, data: Any, model: type[Section]) -> list[tuple[str, str, str]]:
    """Return dotted path, message and cure for each error of a validation."""
    items = [_of_date(item) for item in error.errors(include_url=False)]
    places = [_place(item["loc"], data) for item in items]
    missing = {place for item, place in zip(items, places, strict=True) if item["type"] == "missing"}
    found: list[tuple[str, str, str]] = []
    meant: set[tuple[str, ...]] = set()
    for item, place in zip(items, places, strict=True):
        if item["type"] in _STRANGE:
            known = _keys_at(model, data, place[:-1])
            absent = [key for key in known if (*place[:-1], key) in missing]
            near = closest(place[-1], absent) or closest(place[-1], known)
            meant.add((*place[:-1], near or ""))
            cure = f"did you mean {near}?" if near else f"known keys: {', '.join(sorted(known))}"
            found.append((".".join(place), "this key is not known", cure))
    for item, place in zip(items, places, strict=True):
        if item["type"] not in _STRANGE and not (item["type"] == "missing" and place in meant):
            found.append((".".join(place), *_words(item, place)))
    return found


def _of_date(item: Any) -> Any:
    """Return an error about a date, which may be a text or a whole number and fails as both, as one of its own kind."""
    *outer, last = item["loc"] or ("",)
    if (last, item["type"]) in (("str", "string_type"), ("int", "int_type")):
        return {**item, "loc": tuple(outer), "type": "date"}
    return item


def _words(item: Any, place: tuple[str, ...]) -> tuple[str, str]:
    """Return what is wrong and how to mend it."""
    kind, given, more = item["type"], item.get("input"), item.get("ctx", {})
    if kind == "quantity":
        return _number_words(given, more["message"], more["cure"])
    if "[key]" in item["loc"] and kind not in ("string_pattern_mismatch", "date"):
        return _key_words(kind, given)
    if kind == "string_pattern_mismatch" and "[a-z]{3}" in more["pattern"]:
        code = re.fullmatch("[a-z]{3}", str(given).strip().lower())
        cure = f"write {code[0]}" if code else "write a code of three small letters, such as usd"
        return f"{shown(given)} is not a currency code", cure
    if kind == "string_pattern_mismatch" and "[a-z_]*" in more["pattern"]:
        name = re.sub("[^a-z]+", "_", str(given)[:_LONGEST_NAME].lower()).strip("_")
        return f"{shown(given)} is not the name of a nation", f"write {name or 'it in lower case, such as japan'}"
    if kind == "string_pattern_mismatch":
        words = re.findall(r"\w+", more["pattern"])
        return f"{shown(given)} is not allowed", _choice(given, words)
    if kind in _SIMPLE:
        message, cure = _SIMPLE[kind]
        return message.format(given=shown(given)), cure.format(key=place[-1] if place else "it")
    if kind == "value_error":
        return cut(str(more["error"]), 200), BLOCK_CURE
    if kind == "union_tag_not_found":
        tag = more["discriminator"].strip("'")
        near = closest(tag, [key for key in given if isinstance(key, str)]) if isinstance(given, Mapping) else None
        return f"{tag} is missing", f"write {tag} instead of {near}" if near else f"add {tag}: …"
    if kind == "union_tag_invalid":
        choices = re.findall("'([^']*)'", more["expected_tags"])
        tag = more["discriminator"].strip("'")
        word = given.get(tag) if isinstance(given, Mapping) else more["tag"]
        return f"{tag} {shown(word)} is not possible here", _choice(word, choices)
    if kind == "literal_error":
        choices = re.findall("'([^']*)'|([0-9.]+)", more["expected"])
        return f"{shown(given)} is not allowed", _choice(given, [word or digits for word, digits in choices])
    return f"{shown(given)} cannot stand here", "see an example scenario for what can"


_SIMPLE = {
    # kind of error: what is wrong, how to mend it
    "missing": ("this key is missing", "add {key}"),
    "string_type": ("{given} is not a text", "write words, in quotes where they look like a number"),
    "bool_type": ("{given} is neither true nor false", "write true or false"),
    "model_type": ("{given} is not a block of keys", "write key: value lines under {key}"),
    "model_attributes_type": ("{given} is not a block of keys", "write key: value lines under {key}"),
    "dict_type": ("{given} is not a block of keys", "write name: value lines under {key}"),
    "dict_attributes_type": ("{given} is not a block of keys", "write name: value lines under {key}"),
    "too_short": ("is empty", "add at least one entry"),
    "float_type": ("{given} is not a number", "write a plain number such as 0.05 or 1200"),
    "finite_number": ("{given} is not a finite number", "write a plain number such as 0.05 or 1200"),
    "int_type": ("{given} is not a whole number", "write a whole number such as 2030"),
    "list_type": ("{given} is not a list", "write {key}: [japan], with brackets"),
    "date": ("{given} is not a date", "write a year, or year and month such as 2014-07"),
    "int_from_float": ("{given} is not a whole number", "write a whole number such as 2030"),
}


def _key_words(kind: str, given: object) -> tuple[str, str]:
    if kind == "string_type":
        return f"{shown(given)} is not a name", "begin it with a letter"
    if kind == "float_type":
        return f"the key {shown(given)} is not a number", "write numbers without quotes"
    return f"the key {shown(given)} is not a calendar year", "write a whole number without quotes, such as 2030"


def _choice(given: object, choices: list[str]) -> str:
    """Return the cure where one of a few words has to be given."""
    otherwise = f"choose {choices[0]}" if len(choices) == 1 else f"choose one of {', '.join(choices)}"
    return suggestion(given, choices, otherwise) if isinstance(given, str) and given else otherwise


def _number_words(given: object, message: str, cure: str) -> tuple[str, str]:
    """Return message and cure about a number, with values as in YAML and misspelt keys of distributions named."""
    inner = [given, *(given.values() if isinstance(given, Mapping) else ())]
    for value in inner:
        if isinstance(value, str | bool | list | dict) or value is None:
            message = message.replace(repr(value), shown(value))
    figure = re.fullmatch(r"([0-9][0-9,]*(?:\.[0-9]+)?) ?(%?)", given[:30]) if isinstance(given, str) else None
    if figure:
        plain = float(figure[1].replace(",", "")) / (100.0 if figure[2] else 1.0)
        cure = f"write {plain:g}, without quotes, commas and signs"
    if isinstance(given, Mapping) and not set(given) - {"source"}:
        return "there is no number here", "add value: …"
    if isinstance(given, Mapping):
        kind = given.get("dist")
        keys = [key for key in given if isinstance(key, str) and key not in ("dist", "source")]
        if kind is None:
            known = {"value", "dist", "source"}
            near = [(key, closest(key, known)) for key in keys if key not in known]
            cure = next((f"did you mean {meant} instead of {key}?" for key, meant in near if meant), cure)
        elif not isinstance(kind, str) or kind not in DISTRIBUTIONS:
            cure = suggestion(kind, DISTRIBUTIONS, cure)
        else:
            known = {key for required, optional, _ in DISTRIBUTIONS[kind] for key in required | optional}
            near = [(key, closest(key, known - set(keys))) for key in keys if key not in known]
            cure = next((f"did you mean {meant} instead of {key}?" for key, meant in near if meant), cure)
    return cut(message, 300), cut(cure, 300)


def _place(loc: tuple[Any, ...], data: Any) -> tuple[str, ...]:
    """Drop the tags that pydantic adds to a location for unions; they are not keys of the file."""
    place: list[str] = []
    holder = data
    for i, part in enumerate(loc):
        last = i == len(loc) - 1
        tag = isinstance(holder, Mapping) and part not in holder and part in (holder.get(tag) for tag in _TAGS)
        if part == "[key]" or tag:
            continue
        if isinstance(holder, Mapping) and (part in holder or last):
            place.append(cut(str(part), 100))
            holder = holder.get(part)
        elif not isinstance(holder, Mapping) and not isinstance(part, str):
            place.append(str(part))
    return tuple(place)


# --- the schema ---------------------------------------------------------------------------------------------------


def _options(annotation: Any) -> Iterator[Any]:
    """Yield the sections and mappings that an annotation may hold."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _options(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for inner in get_args(annotation):
            yield from _options(inner)
    elif origin is dict or (isinstance(annotation, type) and issubclass(annotation, Section)):
        yield annotation


def _choose(annotation: Any, raw: Any) -> Any:
    """Return the section or mapping that a value is meant to be, or None where that cannot be said."""
    options = list(_options(annotation))
    if len(options) > 1:
        options = [o for o in options if any(raw.get(tag) in _words_of(o, tag) for tag in _TAGS if tag in raw)]
    return options[0] if len(options) == 1 else None


def _words_of(section: Any, tag: str) -> tuple[Any, ...]:
    field = getattr(section, "model_fields", {}).get(tag)
    return get_args(field.annotation) if field is not None and get_origin(field.annotation) is Literal else ()


def _keys_at(model: type[Section], data: Any, place: tuple[str, ...]) -> set[str]:
    """Return the known keys of the block at a place."""
    option: Any = model
    for part in place:
        data = data.get(part) if isinstance(data, Mapping) else None
        inner = get_args(option)[1] if get_origin(option) is dict else option.model_fields[part].annotation
        option = _choose(inner, data) if isinstance(data, Mapping) else None
        if option is None:
            return set()
    return set() if get_origin(option) is dict else set(option.model_fields)


def partial(model: type[Section], data: Mapping[Any, Any]) -> Any:
    """Return as much of a section as can be read; `UNKNOWN` stands for the rest."""
    values = {}
    for name, field in model.model_fields.items():
        if name in data:
            values[name] = _known(_adapter(model, name), field.annotation, data[name])
        elif field.is_required():
            values[name] = UNKNOWN
        else:
            default = field.get_default(call_default_factory=True)
            values[name] = _known(_adapter(model, name), field.annotation, default)
    return model.model_construct(**values)


@lru_cache(maxsize=1024)
def _adapter(model: type[Section], name: str) -> TypeAdapter[Any]:
    field = model.model_fields[name]
    whole: Any = field.annotation
    for extra in field.metadata:
        whole = Annotated[whole, extra]
    return TypeAdapter(whole)


def _known(adapter: TypeAdapter[Any] | None, annotation: Any, raw: Any) -> Any:
    try:
        return (adapter or TypeAdapter(annotation)).validate_python(raw, strict=True)
    except ValidationError:
        option = _choose(annotation, raw) if isinstance(raw, Mapping) else None
    if option is None:
        return UNKNOWN
    if get_origin(option) is dict:
        inner = get_args(option)[1]
        return {key: _known(None, inner, item) for key, item in raw.items()}
    return partial(option, raw)
