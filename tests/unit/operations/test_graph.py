"""The graph of resources without the edges that follow from others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.model.identity import StackRef
from kusion_dsl.operations.graph import Graph, Node

REF = StackRef("shop", "dev", "default")
edges = st.lists(st.frozensets(st.integers(0, 11)), max_size=12)
"""For each node what it might need; it needs those that come before it."""


def graph_of(needs: Sequence[frozenset[int]]) -> Graph:
    """A graph whose nodes are called by their places."""
    nodes = [
        Node(str(place), "t", "same", tuple(str(need) for need in sorted(needed) if need < place))
        for place, needed in enumerate(needs)
    ]
    return Graph(REF, tuple(nodes), changes=False)


def reachable(needs: Mapping[str, Sequence[str]], start: str) -> set[str]:
    """Everything that a node needs, however far."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = set(needs[waiting.pop()]) - found
        found |= new
        waiting += new
    return found


@given(edges)
def test_the_same_is_needed_and_no_edge_can_be_left_out(needs: list[frozenset[int]]) -> None:
    graph = graph_of(needs)
    whole, reduced = {node.id: node.needs for node in graph.nodes}, graph.reduced()
    for id in whole:
        assert set(reduced[id]) <= set(whole[id])
        assert reachable(reduced, id) == reachable(whole, id)
        for need in reduced[id]:
            fewer = {**reduced, id: tuple(each for each in reduced[id] if each != need)}
            assert need not in reachable(fewer, id)


def test_an_edge_that_follows_is_left_out() -> None:
    graph = graph_of([frozenset(), frozenset({0}), frozenset({0, 1})])
    assert graph.reduced() == {"0": (), "1": ("0",), "2": ("1",)}
