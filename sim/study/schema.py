"""The JSON schema of a scenario file and the reference page, both generated from its keys."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from sim.base.quantities import DISTRIBUTIONS, Fixed, Kind, Section
from sim.scenario import Scenario
from sim.study.keys import Date, Form, Key, default_of, form_of, keys, meaning_of, meanings, written

DRAFT = "https://json-schema.org/draft/2020-12/schema"
ABOUT = (
    "A scenario of linkfeasibility. A file may extend others and say only what differs: no key is required here, null "
    "deletes what an extended file says, and parameters of an extended number may be changed one by one. "
    "`python -m sim check FILE` looks at the whole."
)
EXTENDS = (
    "Path, or list of paths, of files that this one extends; a later one counts more, this one most. "
    "A file that several of them extend counts once, before them."
)
DATE = "^[0-9]{4}(-(0[1-9]|1[0-2]))?$"
SOURCE = {"$ref": "#/$defs/Source"}
POSITIVE = ("sd", "sigma", "lam", "a", "b", "median")
PARAMETERS = {
    "min": "Lowest value, or cut from below.",
    "mode": "Most likely value.",
    "max": "Highest value, or cut from above.",
    "p10": "10 % point (the low value).",
    "p90": "90 % point.",
    "lam": "Weight of the mode (4).",
    "mean": "Mean.",
    "sd": "Standard deviation.",
    "median": "Median.",
    "sigma": "Standard deviation of the logarithm.",
    "a": "First shape; larger: more mass at 1.",
    "b": "Second shape; larger: more mass at 0.",
    "weights": "Value: probability; they sum to 1.",
    "quantiles": "Probability: value, from 0 to 1, straight lines between.",
}
REFERENCE_HEAD = """\
# Scenario reference

Every key of a scenario file, generated from the code (`make docs` or `sim.study.describe.scenario_reference`); do not
edit. `python -m sim describe KEY` shows the same with typical values and sources, `python -m sim schema` a JSON schema.

- `extends`: path, or list of paths, of files that this one extends. A file says only what differs; `null` deletes. A
  later file counts more; one that several of them extend counts once, before them.
- `source`: may stand in every block and beside every number: title and year, or that it is an assumption.
- A *number* is written `1000`, `{value: 1000, source: …}` or `{dist: pert, min: …, mode: …, max: …, source: …}`. A
  *fixed number* shapes the run (a calendar year, a count) and cannot be uncertain.
- NAME, CURRENCY, NATION, YEAR, DATE and PERCENTILE in a path stand for names of one's own, currency codes, nations in
  lower case, years, dates (a year, or year and month such as 2014-07) and percentiles."""


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a scenario file; nothing is required, for a file may be a change."""
    sections = {key.section for key in keys()} - {Scenario}
    path = {"type": "string"}
    extends = {"description": EXTENDS, "anyOf": [path, {"type": "array", "items": path}]}
    root = _block(Scenario)
    return {
        "$schema": DRAFT,
        "title": "linkfeasibility scenario",
        **root,
        "description": ABOUT,
        "properties": {"extends": extends, **root["properties"]},
        "$defs": {
            "Source": {
                "type": ["string", "null"],
                "description": "Where the number comes from (title, year), or that it is an assumption.",
            },
            "Distribution": {"oneOf": [_distribution(*form) for form in distributions()]},
            "Change": _object({name: _parameter(name, null=True) for name in PARAMETERS} | {"source": SOURCE}),
            **{section.__name__: _block(section) for section in sorted(sections, key=lambda s: s.__name__)},
        },
    }


def schema_text() -> str:
    """Return the schema as the text of scenarios/schema.json."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def distributions() -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield each way to write a distribution: its name, required and optional parameters in reading order."""
    order = list(PARAMETERS)
    for name in sorted(DISTRIBUTIONS):
        for required, optional, _ in DISTRIBUTIONS[name]:
            yield name, sorted(required, key=order.index), sorted(optional, key=order.index)


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    needs = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, **needs, "additionalProperties": False}


def _distribution(name: str, required: list[str], optional: list[str]) -> dict[str, Any]:
    given = {key: _parameter(key) for key in required} | {key: _parameter(key, null=True) for key in optional}
    return _object({"dist": {"const": name}, **given, "source": SOURCE}, "dist", *required)


def _parameter(name: str, null: bool = False) -> dict[str, Any]:
    about = {"description": PARAMETERS[name]}
    if name in ("weights", "quantiles"):
        return {**about, "type": ["object", "null"] if null else "object", "additionalProperties": {"type": "number"}}
    above = {"exclusiveMinimum": 0} if name in POSITIVE else {}
    return {**about, "type": ["number", "null"] if null else "number", **above}


def _block(section: type[Section]) -> dict[str, Any]:
    properties = {}
    for name, info in section.model_fields.items():
        form, default = form_of(info), default_of(info)
        about = meanings(section).get(name, "")
        if form.number is not None:
            limits = ", ".join(part for part in (form.number.unit, form.number.bounds) if part)
            about = f"{about} [{limits}]"
        if default:
            about = f"{about} Default: {default}."
        properties[name] = {"description": about, **_or_null(_value(form))}
    return {"description": meaning_of(section), **_object(properties)}


def _or_null(value: dict[str, Any]) -> dict[str, Any]:
    """Allow null, which deletes what an extended file says."""
    if "oneOf" in value:
        return {**value, "oneOf": [*value["oneOf"], {"type": "null"}]}
    return {"anyOf": [*value["anyOf"], {"type": "null"}] if "anyOf" in value else [value, {"type": "null"}]}


def _value(form: Form) -> dict[str, Any]:
    if form.kind is not None:
        return _number(form.kind)
    if form.choices:
        return {"enum": list(form.choices)}
    if form.sections:
        return {"anyOf": [{"$ref": f"#/$defs/{section.__name__}"} for section in form.sections]}
    if form.inner is not None:
        names = {"pattern": form.pattern} if form.pattern else {}
        names = {"pattern": r"^-?[0-9.]+$"} if form.named in ("YEAR", "PERCENTILE") else names
        names = {"pattern": DATE} if form.named == "DATE" else names
        limits = {"propertyNames": names} if names else {}
        return {"type": "object", **limits, "additionalProperties": _or_null(_value(form.inner))}
    if form.listed is not None:
        return {"type": "array", "items": _value(form.listed)}
    if form.plain is Date:
        return {"type": ["integer", "string"], "minimum": 1900, "maximum": 2600, "pattern": DATE}
    words = {str: "string", bool: "boolean", int: "integer", float: "number"}
    return {"type": words[form.plain], **({"pattern": form.pattern} if form.pattern else {})}


def _number(kind: Kind) -> dict[str, Any]:
    bounds = {"minimum": kind.ge, "maximum": kind.le, "exclusiveMinimum": kind.gt, "exclusiveMaximum": kind.lt}
    whole = isinstance(kind, Fixed) and kind.whole
    number: dict[str, Any] = {"type": "integer" if whole else "number"}
    number |= {key: value for key, value in bounds.items() if math.isfinite(value)}
    forms = [number, _object({"value": number, "source": SOURCE}, "value")]
    if isinstance(kind, Fixed):
        forms.append(_object({"source": SOURCE}))
    else:
        forms += [{"$ref": "#/$defs/Distribution"}, {"$ref": "#/$defs/Change"}]
    return {"unit": kind.unit, "oneOf": forms}


# --- the reference page -------------------------------------------------------------------------------------------


def scenario_reference() -> str:
    """Return docs/scenario-reference.md: every block of a scenario file with its keys."""
    blocks: dict[type[Section], list[Key]] = {}
    for key in keys():
        blocks.setdefault(key.section, []).append(key)
    parts = [REFERENCE_HEAD, "## Distributions", *(_distribution_table(),)]
    parts += [_section_text(section, found) for section, found in blocks.items()]
    return "\n\n".join(parts) + "\n"


def _distribution_table() -> str:
    rows = ["| dist | Parameters | Optional |", "| --- | --- | --- |"]
    rows += [f"| `{name}` | {_code(required)} | {_code(optional)} |" for name, required, optional in distributions()]
    return "\n".join([*rows, "", *(f"- `{name}`: {text}" for name, text in PARAMETERS.items())])


def _code(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _section_text(section: type[Section], found: Sequence[Key]) -> str:
    places = list(dict.fromkeys(".".join(key.path[:-1]) for key in found))
    tag = found[0].tag
    title = f"`{tag}`" if tag else f"`{places[0]}`" if places[0] else "Top level"
    where = f" Stands at {_code(places)}." if tag or len(places) > 1 else ""
    rows = ["| Key | Meaning | Written | Unit and bounds | Default |", "| --- | --- | --- | --- | --- |"]
    own = {key.path[-1]: key for key in found if key.path[-1] != "source" and len(key.form.choices) != 1}
    rows += [_row(key) for key in own.values()]
    return "\n\n".join([f"## {title}", f"{meaning_of(section)}{where}", "\n".join(rows)])


def _row(key: Key) -> str:
    kind, number = key.form.kind, key.form.number
    limits = ", ".join(part for part in (number.unit, number.bounds) if part) if number else ""
    how = written(key.form)
    if kind is not None:
        how = "fixed number" if isinstance(kind, Fixed) else "number"
    elif key.form.sections or (key.form.inner and key.form.inner.sections):
        how = f"a block for each {key.form.named.lower()}" if key.form.inner else "a block"
    cells = (f"`{key.path[-1]}`", key.text, how, limits, key.default or "to be given")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
