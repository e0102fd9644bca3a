"""The catalogue of keys, the JSON schema of a scenario file and the reference page agree with the sections."""

from __future__ import annotations

import copy
import importlib
import json
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from random_scenarios import random_scenario

from sim.base import strict_yaml
from sim.base.quantities import Section
from sim.scenario import Scenario, from_data, read
from sim.study.keys import keys
from sim.study.schema import DRAFT, scenario_reference, schema, schema_text

ROOT = Path(__file__).parents[1]
SHIPPED = sorted(f for f in (ROOT / "scenarios").rglob("*.yaml") if f.parent.name != "sweeps")
MAKE = "make docs writes it anew"


@cache
def validator() -> Any:
    """Return a validator of the schema; jsonschema is a development dependency without types."""
    return importlib.import_module("jsonschema").Draft202012Validator(schema())


def as_json(item: Any) -> Any:
    """Return data with the keys that JSON knows: text."""
    if isinstance(item, dict):
        return {str(key): as_json(inner) for key, inner in item.items()}
    return [as_json(inner) for inner in item] if isinstance(item, list) else item


def accepted(data: Any) -> bool:
    """Say whether the schema accepts data."""
    return bool(validator().is_valid(as_json(data)))


def changed(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy of data with one value at a dotted path."""
    result = copy.deepcopy(data)
    *way, last = path.split(".")
    holder = result
    for part in way:
        holder = holder.setdefault(part, {})
    holder[last] = value
    return result


def blocks(item: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every block whose keys are fixed: not of mappings from names of one's own."""
    if isinstance(item, dict):
        if not path or any(key.path[:-1] and key.matches((*path, key.path[-1])) for key in keys()):
            yield path
        for key, inner in item.items():
            yield from blocks(inner, (*path, str(key)))


def test_the_schema_is_one() -> None:
    """It is a valid schema of the draft that it names."""
    assert schema()["$schema"] == DRAFT
    validator().check_schema(schema())


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_scenarios_fit(file: Path) -> None:
    """The schema accepts every shipped file, and each names it for editors on its first line."""
    data = strict_yaml.value(file.read_text("utf-8"), file.name)
    assert [error.message for error in validator().iter_errors(as_json(data))] == []
    up = "../" * len(file.relative_to(ROOT / "scenarios").parts[:-1])
    assert file.read_text("utf-8").splitlines()[0] == f"# yaml-language-server: $schema={up}schema.json"


@pytest.mark.parametrize("name", ["base", "outage_events", "cable_only"])
def test_bad_keys_are_refused_everywhere(name: str) -> None:
    """A key that nothing knows is refused in every block and in every number of a whole scenario."""
    data = read(ROOT / "scenarios" / f"{name}.yaml").data
    assert accepted(data)
    places = list(blocks(data))
    assert len(places) > 25
    for place in places:
        assert not accepted(changed(data, ".".join((*place, "no_such_key")), 1)), place


def test_every_block_is_closed() -> None:
    """No object of the schema with named properties takes other ones, and none has required keys but numbers do."""

    def walk(item: Any, where: str) -> None:
        if isinstance(item, dict):
            if isinstance(item.get("properties"), dict) and item.get("type") == "object":
                assert item["additionalProperties"] is False, where
            if "required" in item and isinstance(item["required"], list):
                assert item["required"][0] in ("dist", "value"), where
            for key, inner in item.items():
                walk(inner, f"{where}/{key}")
        elif isinstance(item, list):
            for i, inner in enumerate(item):
                walk(inner, f"{where}/{i}")

    walk(schema(), "")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("link.capacity_mw", "1000"),
        ("link.capacity_mw", True),
        ("link.capacity_mw", 0),
        ("link.capacity_mw", {"value": -5}),
        ("link.capacity_mw", {"value": 5, "unit": "MW"}),
        ("link.capacity_mw", {"dist": "pert", "min": 1, "mode": 2}),
        ("link.capacity_mw", {"dist": "pert", "min": 1, "mode": 2, "max": 3, "sd": 1}),
        ("link.capacity_mw", {"dist": "gaussian", "mean": 1, "sd": 2}),
        ("link.capacity_mw", {"dist": "normal", "mean": 1, "sd": -2}),
        ("link.capacity_mw", {"dist": "lognormal", "median": 1, "sd": 2}),
        ("timeline.start_year", {"dist": "uniform", "min": 2027, "max": 2029}),
        ("timeline.start_year", 2027.5),
        ("timeline.periods_per_year", 3),
        ("timeline.construction", 5),
        ("market.currency", "JPY"),
        ("market.dispatch", "greedy"),
        ("market.price_per_kwh", {"process": "random_walk", "spot": 1}),
        ("market.price_per_kwh", {"process": "gbm", "spot": 1, "median_level": 2}),
        ("market.schemes.m", {"kind": "merchant", "share": 1.5}),
        ("market.duration_curve", {"low": 1}),
        ("macro.inflation", {"dollar": {"process": "constant", "value": 0.02}}),
        ("macro.inflation.usd", {"process": "gbm", "spot": 1, "volatility": 0.1}),
        ("sanctions.regimes.full.pace", 1.5),
        ("sanctions.regimes.full.lenders_stop", "japan"),
        ("sanctions.regimes.full.dividends_blocked", ["Japan"]),
        ("sanctions.rates.none", 0.1),
        ("sanctions.rates.none.full", "often"),
        ("sanctions.script", {"2014-13": "full"}),
        ("sanctions.script", {"2014": 5}),
        ("sanctions.chance_from", "2014-07-01"),
        ("sanctions.chance_from", 3026),
        ("sanctions.seizure_loss", {"Japan": 1}),
        ("timeline.decision", True),
        ("extends", 5),
        ("title", 5),
    ],
)
def test_wrong_values_are_refused(path: str, value: Any) -> None:
    """Wrong types, values out of bounds, unknown words and wrong parameters are refused."""
    assert not accepted(changed({}, path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("extends", ["base.yaml", "other.yaml"]),
        ("market.price_ratio", None),
        ("costs.items.plant", None),
        ("costs.items.plant", {"amount_million": 3000}),
        ("timeline.construction.years", {"max": 9}),
        ("timeline.construction.years", {"source": "the same number, another source"}),
        ("market.price_per_kwh", {"volatility": 0.5}),
        ("sanctions.regimes.full", None),
        ("sanctions.regimes.full.lenders_stop", ["japan", "jbic"]),
        ("sanctions.rates", {"none": {"full": {"dist": "uniform", "min": 0, "max": 1}}, "full": None}),
        ("sanctions.probabilities.none.full", {"value": 0.1, "source": "x"}),
        ("sanctions.script", {2014: "partial", "2022-03": "full", "2025-01": None}),
        ("sanctions.chance_from", 2026),
        ("sanctions.chance_from", "2026-01"),
        ("timeline.decision", None),
        ("link.capacity_mw", {"dist": "lognormal", "p10": 500, "p90": 900, "max": 1200, "source": "x"}),
        ("macro.commodities.gas.price", {"process": "scripted", "values": {2027: 9, 2030: {"value": 8}}}),
    ],
)
def test_changes_of_another_file_are_accepted(path: str, value: Any) -> None:
    """A file that extends another says only what differs."""
    assert accepted(changed({"extends": "base.yaml"}, path, value))


def test_random_scenarios_fit() -> None:
    """What the model accepts the schema accepts: 60 random scenarios that use every option."""
    for seed in range(60):
        data = random_scenario(random.Random(seed))
        from_data("random", data)
        errors = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in validator().iter_errors(as_json(data))]
        assert not errors, (seed, errors)


def sections(section: type[Section] = Section) -> Iterator[type[Section]]:
    """Yield every section that the package defines."""
    for inner in section.__subclasses__():
        if inner.__module__.startswith("sim."):
            yield inner
        yield from sections(inner)


def test_keys_are_those_of_the_sections() -> None:
    """Every section is in the schema with the keys that pydantic sees, and every key has a meaning."""
    known = schema()
    for section in sections():
        block = known if section is Scenario else known["$defs"][section.__name__]
        assert set(block["properties"]) - {"extends"} == set(section.model_fields), section
    assert [key.dotted for key in keys() if not key.text] == []


def test_schema_file_is_current() -> None:
    """scenarios/schema.json, which editors read, is what the code says."""
    text = (ROOT / "scenarios" / "schema.json").read_text("utf-8")
    assert json.loads(text) == schema(), MAKE
    assert text == schema_text(), MAKE


def test_reference_page_is_current() -> None:
    """docs/scenario-reference.md is what the code says."""
    assert (ROOT / "docs" / "scenario-reference.md").read_text("utf-8") == scenario_reference(), MAKE


def test_reference_page_has_every_key() -> None:
    """Each key stands in a table of the page with its meaning."""
    text = scenario_reference()
    for key in keys():
        if key.path[-1] != "source" and len(key.form.choices) != 1:
            assert f"| `{key.path[-1]}` | {key.text} |" in text, key.dotted
