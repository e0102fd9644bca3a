"""How much of a difference each of several changes makes: Shapley values of a game whose players are the changes.

v(S) is the value when the changes in the set S are made. The part of change i is its marginal effect
v(S with i) - v(S), averaged over all orders in which the changes can be made (L. S. Shapley, "A value for n-person
games", 1953); S are those made before it. The parts add up to v(all) - v(none), equal changes have equal parts, a
change without effect has none, and the part of a sum of games is the sum of the parts. Values are numbers or arrays,
such as one value per replicate; whatever their shape, it follows the axis of the changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sim.tables import standard_error

Array = NDArray[np.float64]
Orders = NDArray[np.int64]
Set = frozenset[int]


def subsets(count: int) -> list[Set]:
    """Return all sets of the players 0 to ``count`` - 1, from the empty one to the full one.

    >>> [sorted(one) for one in subsets(2)]
    [[], [0], [1], [0, 1]]
    """
    return [frozenset(some) for size in range(count + 1) for some in combinations(range(count), size)]


def shapley_exact(values: Mapping[Set, Array | float]) -> Array:
    """Return the parts, (players, …), from the values of all sets.

    Part i = sum over S without i of |S|! (n - |S| - 1)! / n! · (v(S with i) - v(S)), n the number of players.

    >>> shapley_exact({frozenset(): 0.0, frozenset({0}): 1.0, frozenset({1}): 2.0, frozenset({0, 1}): 7.0}).tolist()
    [3.0, 4.0]
    """
    count = max(len(one) for one in values)
    weights = [1.0 / (count * math.comb(count - 1, size)) for size in range(count)]
    parts = np.zeros((count, *np.shape(values[frozenset()])))
    for one in subsets(count):
        for i in range(count):
            if i not in one:
                parts[i] += weights[len(one)] * (np.asarray(values[one | {i}]) - values[one])
    return parts


def alone(values: Mapping[Set, Array | float], player: int) -> Array:
    """Return the effect of one change when no other is made."""
    return np.asarray(values[frozenset({player})]) - values[frozenset()]


def last(values: Mapping[Set, Array | float], player: int) -> Array:
    """Return the effect of one change when all others have been made."""
    full = max(values, key=len)
    return np.asarray(values[full]) - values[full - {player}]


def on_the_way(orders: Orders) -> list[Set]:
    """Return the sets that come about along some orders, (orders, players), and along them backwards, each once.

    The empty and the full set come first.
    """
    count = orders.shape[1]
    found = {frozenset[int](): None, frozenset(range(count)): None}
    for order in _both_ways(orders):
        found |= dict.fromkeys(frozenset(order[:size]) for size in range(1, count))
    return list(found)


def shapley_sampled(orders: Orders, value: Callable[[Set], Array | float]) -> Array:
    """Return the parts along some of the orders, (orders, players), as (orders, players, …): their mean estimates.

    Each order is taken forwards and backwards, and the mean of the two is one entry (an antithetic pair): what comes
    first in one comes last in the other. The parts of each entry add up to v(all) - v(none); as going from b to a along
    an order is going from a to b backwards, parts change their sign exactly where the two are exchanged.
    """
    parts = []
    for order in _both_ways(orders):
        marginal: list[Array] = [np.zeros(0)] * len(order)
        before = np.asarray(value(frozenset()))
        for size, player in enumerate(order, 1):
            after = np.asarray(value(frozenset(order[:size])))
            marginal[player], before = after - before, after
        parts.append(np.array(marginal))
    found = np.array(parts)
    return 0.5 * (found[0::2] + found[1::2])


def _both_ways(orders: Orders) -> Iterator[list[int]]:
    for order in orders.tolist():
        yield from (order, order[::-1])


def spread(by_replicate: Array) -> Array:
    """Return the standard error of each row, (rows, replicates), from the spread between replicates.

    NaN where there are fewer than 20 of them, or where one has no value.
    """
    return np.array([math.nan if np.isnan(row).any() else standard_error(row) for row in by_replicate])


def spread_sampled(entries: Array, by_replicate: Array) -> Array:
    """Return the standard error of each part that was sampled, (players,).

    ``entries`` are the parts of each antithetic pair in all draws, (pairs, players); ``by_replicate`` the means over
    pairs in each replicate, (players, replicates). The two sources of chance are added up: se² = s²(pairs) / pairs +
    s²(replicates) / replicates. What chance does in single cells of the two counts in both, so it is rather too large.
    NaN below 20 replicates or where one has no value.
    """
    between = entries.std(axis=0, ddof=1) / math.sqrt(entries.shape[0])
    both: Array = np.hypot(between, spread(by_replicate))
    return both


def merge(count: int, failing: Iterable[Set], fails: Callable[[Set], bool]) -> list[Set]:
    """Return the players 0 to ``count`` - 1 in groups of which no union is one of the sets without a value.

    ``failing`` are sets without a value that are known; ``fails`` tells of any set whether it has none. The groups are
    in the order of their first players.

    >>> bad = {frozenset({0}), frozenset({0, 1})}
    >>> [sorted(one) for one in merge(3, bad, lambda one: one in bad)]
    [[0, 2], [1]]
    """
    found: list[Set] = [frozenset({i}) for i in range(count)]
    for joined, _ in merging(count, failing, fails):
        found = sorted([*(one for one in found if not one <= joined), joined], key=min)
    return found


def merging(count: int, failing: Iterable[Set], fails: Callable[[Set], bool]) -> Iterator[tuple[Set, Set]]:
    """Yield the steps of `merge`: the players that become one group, and the set without a value that shows why.

    Of the smallest failing set that is a union of groups, the least part that still fails, and the least that has to
    come with it to have a value, belong together; nobody else is drawn in.
    """
    found: list[Set] = [frozenset({i}) for i in range(count)]
    known = sorted(set(failing), key=lambda one: (len(one), sorted(one)))
    if any(len(one) in (0, count) for one in known):
        raise ValueError("the empty and the full set must have a value")
    while True:
        left = [one for one in known if frozenset().union(*(group for group in found if group <= one)) == one]
        if not left:
            return
        core = _least([group for group in found if group <= left[0]], fails)
        rest = [group for group in found if not group <= core]
        own = [group for group in rest if group <= left[0]]
        others = [group for group in rest if not group <= left[0]]
        cure = _least([*others, *own], partial(_mends, fails, core))
        yield core | cure, core
        found = [*(group for group in found if not group <= core | cure), core | cure]


def _mends(fails: Callable[[Set], bool], core: Set, some: Set) -> bool:
    return not fails(core | some)


def _least(groups: Sequence[Set], true: Callable[[Set], bool]) -> Set:
    """Return a union of groups of which something is true, and of no smaller one; it is true of all together.

    Groups are left out from the last on.
    """
    kept = list(groups)
    for group in reversed(groups):
        fewer = [other for other in kept if other != group]
        if true(frozenset[int]().union(*fewer)):
            kept = fewer
    return frozenset[int]().union(*kept)
