"""Tests for Shapley values: textbook games, the axioms, sampled orders, standard errors, and merging."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.base.sampling import orders
from sim.batch.attribution import (
    Set,
    alone,
    last,
    merge,
    merging,
    on_the_way,
    shapley_exact,
    shapley_sampled,
    spread,
    spread_sampled,
    subsets,
)

Array = NDArray[np.float64]
Game = dict[Set, float]


def brute_force(game: Game) -> Array:
    """Return the mean of marginal effects over all orders, one by one."""
    count = max(len(one) for one in game)
    parts = np.zeros(count)
    for order in permutations(range(count)):
        for size, player in enumerate(order):
            parts[player] += game[frozenset(order[: size + 1])] - game[frozenset(order[:size])]
    return parts / math.factorial(count)


@st.composite
def games(draw: st.DrawFn, largest: int = 5) -> Game:
    """Return a game of one to some players with any values."""
    sets = subsets(draw(st.integers(1, largest)))
    values = draw(st.lists(st.floats(-100, 100), min_size=len(sets), max_size=len(sets)))
    return dict(zip(sets, values, strict=True))


def swapped(game: Game) -> Game:
    """Return the game from the other end."""
    full = max(game, key=len)
    return {one: game[full - one] for one in game}


def test_additive_game() -> None:
    """Where effects add up, each part is the effect, whatever the order."""
    effects = [3.0, -1.0, 0.0, 10.0]
    game = {one: 100.0 + sum(effects[i] for i in one) for one in subsets(4)}
    np.testing.assert_allclose(shapley_exact(game), effects, atol=1e-12)
    np.testing.assert_allclose([alone(game, 3), last(game, 3)], [10.0, 10.0], atol=1e-12)
    entries = shapley_sampled(orders(1, "x", 4, 3), lambda one: game[one])
    np.testing.assert_allclose(entries, np.tile(effects, (3, 1)), atol=1e-12)


def test_glove_game() -> None:
    """One left glove, two right ones, a pair is worth 1: 2/3, 1/6, 1/6."""
    game = {one: float(0 in one and len(one) > 1) for one in subsets(3)}
    np.testing.assert_allclose(shapley_exact(game), [2 / 3, 1 / 6, 1 / 6], atol=1e-15)
    np.testing.assert_array_equal([alone(game, 0), last(game, 0), last(game, 1)], [0.0, 1.0, 0.0])


def test_weighted_majority_game() -> None:
    """Weights 4, 3, 2, 1 and 6 votes needed: 5/12, 1/4, 1/4, 1/12."""
    weights = (4, 3, 2, 1)
    game = {one: float(sum(weights[i] for i in one) >= 6) for one in subsets(4)}
    np.testing.assert_allclose(shapley_exact(game), [5 / 12, 1 / 4, 1 / 4, 1 / 12], atol=1e-15)


@given(games())
def test_exact_is_the_mean_over_all_orders(game: Game) -> None:
    """Also from all orders given to the sampled form; parts add up."""
    parts = shapley_exact(game)
    np.testing.assert_allclose(parts, brute_force(game), atol=1e-9)
    full = max(game, key=len)
    assert parts.sum() == pytest.approx(game[full] - game[frozenset()], rel=1e-9, abs=1e-9)
    every = np.array(list(permutations(range(len(full)))), dtype=np.int64)
    np.testing.assert_allclose(shapley_sampled(every, lambda one: game[one]).mean(axis=0), parts, atol=1e-9)


@given(games(), st.integers(0, 9), st.integers(1, 4))
def test_sampled_parts_add_up_and_turn_with_the_game(game: Game, seed: int, count: int) -> None:
    """Each entry adds up; exchanging the two ends turns every sign, as it does for the exact parts."""
    full, other = max(game, key=len), swapped(game)
    taken = orders(seed, "x", len(full), count)
    entries = shapley_sampled(taken, lambda one: game[one])
    np.testing.assert_allclose(entries.sum(axis=1), game[full] - game[frozenset()], atol=1e-9)
    np.testing.assert_allclose(shapley_sampled(taken, lambda one: other[one]), -entries, atol=1e-9)
    np.testing.assert_allclose(shapley_exact(other), -shapley_exact(game), atol=1e-9)


@given(games(4), st.floats(-10, 10))
def test_symmetry_and_dummy(game: Game, effect: float) -> None:
    """A player who adds the same to every set gets that; two who can stand for each other get the same."""
    count = max(len(one) for one in game)
    wider = {one: game[one - {count}] + effect * (count in one) for one in subsets(count + 1)}
    parts = shapley_exact(wider)
    assert parts[count] == pytest.approx(effect, abs=1e-9)
    np.testing.assert_allclose(parts[:count], shapley_exact(game), atol=1e-9)
    by_size = {one: game[frozenset(range(min(len(one), count)))] for one in subsets(count + 1)}
    np.testing.assert_allclose(np.ptp(shapley_exact(by_size)), 0.0, atol=1e-9)


def test_values_may_be_arrays() -> None:
    """Each entry of an array is a game of its own."""
    game = {one: np.array([float(len(one) > 1), 2.0 * len(one)]) for one in subsets(3)}
    np.testing.assert_allclose(shapley_exact(game), [[1 / 3, 2.0]] * 3, atol=1e-15)
    assert shapley_sampled(orders(1, "x", 3, 5), lambda one: game[one]).shape == (5, 3, 2)


def test_sets_on_the_way() -> None:
    """Beginnings and ends of each order, each once, after the two ends."""
    found = on_the_way(np.array([[0, 1, 2], [0, 2, 1]]))
    assert [sorted(one) for one in found] == [[], [0, 1, 2], [0], [0, 1], [2], [1, 2], [0, 2], [1]]


def test_standard_errors() -> None:
    """From the spread between replicates, and where orders were sampled from that between pairs, too."""
    by_replicate = np.array([[1.0, -1.0] * 10, [0.0] * 20, [np.nan] + [0.0] * 19])
    own = math.sqrt(20 / 19 / 20)
    np.testing.assert_allclose(spread(by_replicate), [own, 0.0, np.nan])
    assert np.isnan(spread(by_replicate[:, :19])).all()
    entries = np.array([[1.0, 2.0, 0.0], [3.0, 2.0, 0.0]])
    np.testing.assert_allclose(spread_sampled(entries, by_replicate), [math.hypot(1.0, own), 0.0, np.nan])


@pytest.mark.parametrize(
    ("count", "failing", "wanted"),
    [
        (3, [], [[0], [1], [2]]),
        (2, [[0]], [[0, 1]]),
        (3, [[0], [0, 2]], [[0, 1], [2]]),  # 0 needs 1
        (3, [[0], [2], [0, 1], [1, 2]], [[0, 2], [1]]),  # 0 and 2 need each other
        (4, [[0], [0, 2], [0, 3], [0, 2, 3], [3], [0, 1, 3], [1, 3]], [[0, 1], [2, 3]]),  # and 3 needs 2
        (3, [[0], [0, 1], [0, 2]], [[0, 1, 2]]),  # 0 needs both
        (3, [[1]], [[0, 1], [2]]),  # a tie: the first pair
    ],
)
def test_merging(count: int, failing: list[list[int]], wanted: list[list[int]]) -> None:
    """Cases by hand."""
    bad = set(map(frozenset[int], failing))
    assert [sorted(one) for one in merge(count, bad, bad.__contains__)] == wanted


def test_steps_of_merging_name_what_they_avoid() -> None:
    """The least set that fails is the reason, and only what mends it is drawn in."""
    bad = {frozenset({0, 1}), frozenset({0})}
    assert list(merging(3, bad, bad.__contains__)) == [(frozenset({0, 2}), frozenset({0}))]


def test_innocent_players_are_not_drawn_in() -> None:
    """Of ten players 3 needs 7; whatever failing sets are known, nobody else joins them."""
    for known in ([{3}], [{0, 1, 2, 3, 4, 5}], [{3, 9}, {1, 3, 8}], [{0, 1, 2, 3, 4, 5, 6, 8, 9}]):
        found = merge(10, map(frozenset[int], known), lambda one: 3 in one and 7 not in one)
        assert [sorted(one) for one in found if len(one) > 1] == [[3, 7]]


def test_the_ends_cannot_fail() -> None:
    """They are the two scenarios themselves."""
    for one in (frozenset[int](), frozenset({0, 1})):
        with pytest.raises(ValueError, match="must have a value"):
            merge(2, [one], [one].__contains__)


@given(st.integers(2, 5).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.sampled_from(subsets(n)[1:-1])))))
def test_no_union_of_merged_groups_fails(case: tuple[int, set[Set]]) -> None:
    """The groups are a partition, and no union of them fails."""
    count, failing = case
    ordered = sorted(failing, key=sorted)
    found = merge(count, ordered, failing.__contains__)
    assert sorted(i for one in found for i in one) == list(range(count))
    unions = {frozenset[int]().union(*(found[i] for i in some)) for some in subsets(len(found))}
    assert not unions & failing
