"""Few rows of choices that hold every pair of two choices that makes sense."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

Row = dict[str, Any]  # a choice by the name of its group


def pairs_of(row: Row) -> set[frozenset[tuple[str, Any]]]:
    """Every two choices of a row."""
    return {frozenset(pair) for pair in combinations(row.items(), 2)}


def sensible_pairs(
    groups: Mapping[str, Sequence[Any]], clash: Callable[[Any, Any], bool]
) -> set[frozenset[tuple[str, Any]]]:
    """Every two choices of different groups that do not clash."""
    return {
        frozenset([(one, first), (other, second)])
        for one, other in combinations(groups, 2)
        for first in groups[one]
        for second in groups[other]
        if not clash(first, second)
    }


def pairwise(groups: Mapping[str, Sequence[Any]], clash: Callable[[Any, Any], bool]) -> list[Row]:
    """Rows that hold every sensible pair: each takes the choices that bring most new ones.

    Args:
        groups: What to choose from, by name.
        clash: Whether two choices make no sense together, in either order.
    """
    rows, left = [], sensible_pairs(groups, clash)
    while left:
        row = dict(min(left, key=lambda pair: sorted(map(str, pair))))
        for name, choices in groups.items():
            fitting = [each for each in choices if not any(clash(each, o) for o in row.values())]
            new = {each: len(pairs_of(row | {name: each}) & left) for each in fitting}
            row.setdefault(name, max(fitting, key=new.__getitem__))
        rows.append({name: row[name] for name in groups})
        left -= pairs_of(row)
    return rows
