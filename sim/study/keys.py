"""The keys that a scenario file may hold, read off the sections: path, meaning, what may be written, default.

Meanings are the attribute docstrings, read from the source with `ast`, so that nothing here depends on what pydantic
keeps of them. A named part of a path stands as NAME, CURRENCY, NATION, YEAR, DATE or PERCENTILE.
"""

from __future__ import annotations

import ast
import inspect
import sys
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from sim.base.quantities import Fixed, Kind, Section
from sim.scenario import Scenario

PLACEHOLDERS = ("NAME", "CURRENCY", "NATION", "YEAR", "DATE", "PERCENTILE")


class Date:
    """Stands for a year, or a year and a month: a whole number or a text."""


_PATTERNS = {"^[a-z]{3}$": "CURRENCY", "^[a-z][a-z_]*$": "NATION"}
"""Pattern of a text: what it names."""


@dataclass(frozen=True)
class Form:
    """What may stand at a key: a number of some kind, choices, sections, named parts, a list, or plain data."""

    kind: Kind | None = None
    choices: tuple[Any, ...] = ()
    sections: tuple[type[Section], ...] = ()
    named: str = ""
    inner: Form | None = None
    listed: Form | None = None
    plain: type = object
    pattern: str = ""

    @property
    def number(self) -> Kind | None:
        """Return the kind of number that stands here, or at the end of named parts."""
        return self.inner.number if self.inner is not None else self.kind


@dataclass(frozen=True)
class Key:
    """A key of a scenario file: where it may stand, what it means, what may be written there."""

    path: tuple[str, ...]
    section: type[Section]
    tag: str
    """``process: gbm`` where the block is one of several kinds, else empty."""
    form: Form
    text: str
    default: str

    @property
    def dotted(self) -> str:
        """Return the path as it is written after --set."""
        return ".".join(self.path)

    def matches(self, parts: Sequence[str]) -> bool:
        """Say whether a path is this key, any name standing for a named part."""
        pairs = zip(self.path, parts, strict=False)
        return len(parts) == len(self.path) and all(own in (part, *PLACEHOLDERS) for own, part in pairs)

    def ends_with(self, parts: Sequence[str]) -> bool:
        """Say whether the last parts of the path are these."""
        return self.path[-len(parts) :] == tuple(parts)


@cache
def keys() -> tuple[Key, ...]:
    """Return every key in the order of the sections; blocks of one of several kinds give the keys of each kind."""
    return tuple(_keys(Scenario, (), ""))


def unit_of(path: str) -> str:
    """Return the unit of a number of a scenario, empty where it has none.

    >>> unit_of("financing.tranches.jbic.target_dscr"), unit_of("title")
    ('ratio', '')
    """
    parts = path.split(".")
    return next((key.form.number.unit for key in keys() if key.form.number and key.matches(parts)), "")


def _keys(section: type[Section], path: tuple[str, ...], tag: str) -> Iterator[Key]:
    for name, info in section.model_fields.items():
        form = form_of(info)
        text = meanings(section).get(name) or (
            f"Kind of block. {meaning_of(section)}" if len(form.choices) == 1 else ""
        )
        yield Key((*path, name), section, tag, form, text, default_of(info))
        inner, deeper = form, (*path, name)
        while inner.inner is not None:
            inner, deeper = inner.inner, (*deeper, inner.named)
        for part in inner.sections:
            yield from _keys(part, deeper, tag_of(part) if len(inner.sections) > 1 else "")


def form_of(info: FieldInfo) -> Form:
    """Return what may stand at a field."""
    return _form(info.annotation, tuple(info.metadata))


def _form(annotation: Any, metadata: tuple[Any, ...]) -> Form:
    kinds = [item for item in metadata if isinstance(item, Kind)]
    if kinds:
        return Form(kind=kinds[0])
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _form(arguments[0], (*metadata, *arguments[1:]))
    if origin in (Union, types.UnionType):
        given = [part for part in arguments if part is not type(None)]
        if len(given) == 1:
            return _form(given[0], metadata)
        if set(given) == {str, int}:
            return Form(plain=Date)
        return Form(sections=tuple(section for part in given for section in _form(part, ()).sections))
    if origin is Literal:
        return Form(choices=arguments)
    if origin is dict:
        inner = _form(arguments[1], ())
        key = _form(arguments[0], ())
        names = {int: "YEAR", float: "PERCENTILE", Date: "DATE"}
        named = _PATTERNS.get(key.pattern) or names.get(key.plain, "NAME")
        return Form(named=named, inner=inner, pattern=key.pattern)
    if origin is list:
        return Form(listed=_form(arguments[0], ()))
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return Form(sections=(annotation,))
    return Form(plain=annotation, pattern=_pattern(metadata))


def _pattern(metadata: tuple[Any, ...]) -> str:
    flat = [inner for item in metadata for inner in (item, *getattr(item, "metadata", ()))]
    return next((str(item.pattern) for item in flat if getattr(item, "pattern", None)), "")


def tag_of(section: type[Section]) -> str:
    """Return the key and word that tell a kind of block from its siblings, such as ``process: gbm``."""
    for name, info in section.model_fields.items():
        choices = form_of(info).choices
        if len(choices) == 1 and info.is_required():
            return f"{name}: {choices[0]}"
    return ""


def default_of(info: FieldInfo) -> str:
    """Return the default as text; empty where the key has to be given.

    >>> default_of(Scenario.model_fields["about"]), default_of(Scenario.model_fields["costs"])
    ('""', '')
    """
    if info.is_required():
        return ""
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is None or value in ({}, []):
        return "none"
    if isinstance(value, Section):
        return "its defaults"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, (int, float)) else str(value) or '""'


@cache
def meanings(section: type[Section]) -> dict[str, str]:
    """Return the attribute docstrings of a section, inherited ones included, on one line each."""
    found: dict[str, str] = {}
    for base in reversed(section.__mro__):
        if issubclass(base, Section):
            found |= _docstrings(base.__module__).get(base.__name__, {})
    return found


@cache
def _docstrings(module: str) -> dict[str, dict[str, str]]:
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: dict(_attributes(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _attributes(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for line, after in zip(node.body, node.body[1:], strict=False):
        if not (isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and isinstance(after, ast.Expr)):
            continue
        if isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
            yield line.target.id, " ".join(after.value.value.replace("``", "`").split())


def meaning_of(section: type[Section]) -> str:
    """Return the docstring of a section on one line."""
    return " ".join((section.__doc__ or "").replace("``", "`").split())


def written(form: Form) -> str:
    """Return in words how the value of a key is written.

    >>> written(Form(choices=("profit", "competitive")))
    'one of profit, competitive'
    """
    if form.kind is not None:
        if isinstance(form.kind, Fixed):
            return f"a {'whole ' if form.kind.whole else ''}number or {{value: …, source: …}}; cannot be uncertain"
        return "a number; {value: …, source: …}; {dist: …, parameters, source: …}"
    if form.choices:
        return f"one of {', '.join(map(str, form.choices))}" if len(form.choices) > 1 else str(form.choices[0])
    if form.inner is not None:
        return f"for each {form.named.lower()}: {written(form.inner)}"
    if len(form.sections) > 1:
        return "a block with " + ", or ".join(_with_keys(section) for section in form.sections)
    if form.sections:
        return f"a block with {', '.join(name for name in form.sections[0].model_fields if name != 'source')}"
    if form.listed is not None:
        return f"a list of {'nations' if form.listed.pattern else 'names'}, such as [japan]"
    if form.plain is Date:
        return "a year, or year and month such as 2014-07"
    return {str: "text", bool: "true or false", int: "a whole number", float: "a number"}.get(form.plain, "any value")


def _with_keys(section: type[Section]) -> str:
    tag = tag_of(section)
    names = [name for name in section.model_fields if name not in ("source", tag.split(":")[0])]
    return f"{tag} ({', '.join(names)})"
