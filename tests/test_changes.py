"""Tests for what two scenarios differ in, and for hybrids of them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from small_scenarios import constant, small_scenario

from sim.batch.changes import MISSING, Change, differences
from sim.batch.groups import By, groups, hybrid
from sim.scenario import read

SCENARIOS = Path(__file__).parents[1] / "scenarios"


def said(a: Any, b: Any) -> list[tuple[str, Any, Any]]:
    """Return the differences of two blocks as plain tuples."""
    return [(change.path, change.before, change.after) for change in differences({"s": a}, {"s": b})]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (3, {"value": 3, "source": "x"}),
        ({"value": 3, "source": "x"}, {"value": 3, "source": "y"}),
        ({"value": 3}, 3.0),
        ({"source": "x", "share": 1}, {"share": 1}),
        ({"unit": "t", "price": 1}, {"unit": "kg", "price": 1}),
        ({"dist": "pert", "min": 1, "source": "x"}, {"min": 1.0, "dist": "pert"}),
        ({"process": "constant", "value": {"value": 2, "source": "x"}}, {"process": "constant", "value": 2}),
        ([1, {"value": 2, "source": "x"}], [1, 2]),
        ({"x": 1, "y": 2}, {"y": 2, "x": 1}),
    ],
)
def test_what_changes_no_number_is_no_difference(a: Any, b: Any) -> None:
    """Texts, ways to write a number, and the order of keys."""
    assert said(a, b) == []
    assert said(b, a) == []


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [
        (3, 4, [("s", 3, 4)]),
        (True, 1, [("s", True, 1)]),
        ({"x": {"value": 3, "source": "p"}}, {"x": {"value": 4, "source": "q"}}, [("s.x", 3, 4)]),
        (3, {"dist": "uniform", "min": 1, "max": 2}, [("s", 3, {"dist": "uniform", "min": 1, "max": 2})]),
        (
            {"dist": "uniform", "min": 1, "max": 2, "source": "p"},
            {"dist": "uniform", "min": 1, "max": 3},
            [("s", {"dist": "uniform", "min": 1, "max": 2}, {"dist": "uniform", "min": 1, "max": 3})],
        ),
        (
            {"process": "ou", "spot": 1, "volatility": 2},
            {"process": "ou", "spot": 1, "volatility": 3},
            [("s.volatility", 2, 3)],
        ),
        (
            {"process": "constant", "value": 1},
            {"process": "scripted", "values": {2027: 1}},
            [("s", {"process": "constant", "value": 1}, {"process": "scripted", "values": {2027: 1}})],
        ),
        (
            {"kind": "price", "x": 1},
            {"kind": "fuel", "x": 1},
            [("s", {"kind": "price", "x": 1}, {"kind": "fuel", "x": 1})],
        ),
        ({2027: 1, 2030: 2}, {2027: 1, 2030: 3, 2040: 4}, [("s.2030", 2, 3), ("s.2040", MISSING, 4)]),
        ([1, 2], [1, 3], [("s", [1, 2], [1, 3])]),
        ({"x": 1, "y": 1}, {"z": 1, "y": 2}, [("s.x", 1, MISSING), ("s.y", 1, 2), ("s.z", MISSING, 1)]),
        ({"a.b": {"c.d": 0.1}}, {"a.b": {"c.d": 0.2}}, [("s.a.b.c.d", 0.1, 0.2)]),
        ({"n": {}}, {}, [("s.n", {}, MISSING)]),
        ({"source": {"share": 1}}, {"source": {"share": 2}}, [("s.source.share", 1, 2)]),
    ],
)
def test_differences(a: Any, b: Any, wanted: list[tuple[str, Any, Any]]) -> None:
    """The smallest blocks that differ, in the order of the first, then of the second."""
    assert said(a, b) == wanted
    assert sorted(said(b, a), key=str) == sorted(((p, y, x) for p, x, y in wanted), key=str)


def test_texts_of_the_whole_scenario() -> None:
    """Title, about and date change nothing; a block of such a name further down is a block."""
    a, b = ({"title": t, "about": t, "as_of": t, "items": {"title": {"x": t}}} for t in ("p", "q"))
    assert [change.path for change in differences(a, b)] == ["items.title.x"]


def test_the_order_of_regimes_is_a_change() -> None:
    """Regimes run from calm to grave; in another order they are others."""
    calm, grave = {"pace": 1}, {"pace": 0}
    a = {"sanctions": {"regimes": {"x": calm, "y": grave}}}
    b = {"sanctions": {"regimes": {"y": grave, "x": calm}}}
    (change,) = differences(a, b)
    assert change.path == "sanctions.regimes"
    more = {"sanctions": {"regimes": {"x": calm, "z": calm, "y": grave}}}
    assert [change.path for change in differences(a, more)] == ["sanctions.regimes.z"]


def test_a_change_knows_its_keys_and_travels() -> None:
    """Keys hold dots and numbers; what is missing stays itself on the way to another process."""
    (change,) = differences({}, {"correlations": {"a.b": {"c.d": 0.5}}})
    assert (change.way, change.before) == (("correlations",), MISSING)
    copied = pickle.loads(pickle.dumps(change))
    assert copied == change
    assert copied.before is MISSING
    assert str(MISSING) == "–"
    assert change == Change("correlations", MISSING, {"a.b": {"c.d": 0.5}})


def test_shipped_scenarios() -> None:
    """What today_full says itself is the one difference from base."""
    a, b = (read(SCENARIOS / name).data for name in ("base.yaml", "sanctions/today_full.yaml"))
    assert differences(a, b) == [Change("sanctions.initial", "sectoral", "full")]
    assert differences(a, a) == []
    assert differences(small_scenario(), small_scenario() | {"title": "other"}) == []
    dear = small_scenario()
    dear["market"]["price_per_kwh"] = constant(0.1)
    assert differences(small_scenario(), dear) == [Change("market.price_per_kwh.value", 0.08, 0.1)]


# --- groups and hybrids -------------------------------------------------------------------------------------------


def between(a: dict[str, Any], b: dict[str, Any], by: By, *names: str) -> dict[str, Any]:
    """Return the hybrid of two data with the named groups as in the second."""
    return hybrid(a, b, [group for group in groups(differences(a, b), by) if group.name in names])


def two() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two data that differ in three keys of two sections."""
    a = {"x": {"p": 1, "q": 2, "z": 0}, "y": {"r": {"value": 3, "source": "a"}}, "s": {"t": 1}}
    b = {"x": {"p": 5, "n": 7, "z": 0}, "y": {"r": {"value": 4, "source": "b"}}, "s": {"t": 1}}
    return a, b


def test_groups_by_section_and_by_key() -> None:
    """In the order of the changes."""
    changes = differences(*two())
    assert [(group.name, len(group.changes)) for group in groups(changes, "section")] == [("x", 3), ("y", 1)]
    assert [group.name for group in groups(changes, "key")] == ["x.p", "x.q", "x.n", "y.r"]


@pytest.mark.parametrize("by", ["section", "key"])
def test_hybrids_begin_and_end_with_the_two(by: By) -> None:
    """No group is a, all groups are b; neither is touched by what is done to the hybrid."""
    a, b = two()
    assert between(a, b, by) == a
    whole = hybrid(a, b, groups(differences(a, b), by))
    assert whole == b
    assert differences(whole, b) == []
    whole["x"]["p"] = 99
    assert (a, b) == two()


def test_hybrids_between() -> None:
    """A section is taken whole; a key is changed, deleted or put in its place in the order of the second."""
    a, b = two()
    assert between(a, b, "section", "x") == {**a, "x": b["x"]}
    assert between(a, b, "key", "x.q", "x.n")["x"] == {"p": 1, "n": 7, "z": 0}
    assert list(between(a, b, "key", "x.n")["x"]) == ["p", "n", "q", "z"]
    first = {"s": {"b": 1}}, {"s": {"a": 0, "b": 1, "c": 2}}
    assert list(hybrid(*first, groups(differences(*first), "key"))["s"]) == ["a", "b", "c"]


def test_a_missing_section_comes_and_goes() -> None:
    """A section that only one of the two has."""
    a, b = {"x": {"p": 1}, "y": {"q": 1}}, {"x": {"p": 2}, "z": {"r": 1}}
    assert between(a, b, "section", "y") == {"x": {"p": 1}}
    assert between(a, b, "section", "z") == {"x": {"p": 1}, "y": {"q": 1}, "z": {"r": 1}}


def test_one_place_of_a_shared_block_changes() -> None:
    """Blocks that are one object, as with an anchor, are changed one by one."""
    block = {"rate": 1}
    a = {"tax": {"one": block, "two": block}}
    b = {"tax": {"one": {"rate": 2}, "two": {"rate": 1}}}
    assert between(a, b, "key", "tax.one.rate") == b
