"""Which resource needs which: of what a stack has, or of what a preview would make of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from kusion_dsl.model.change import Operation
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.spec import SpecResource
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.preview import Preview
from kusion_dsl.operations.resources import existing_resources
from kusion_dsl.operations.selection import Selection


@dataclass(frozen=True)
class Node:
    """A resource: what would happen to it, and the ids that it depends on, all of them in the graph."""

    id: str
    type: str
    operation: Operation
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """The resources of a stack, what others need first. ``changes`` tells whether operations were looked for."""

    ref: StackRef
    nodes: tuple[Node, ...]
    changes: bool

    def reduced(self) -> Mapping[str, tuple[str, ...]]:
        """For each node what it needs, without what follows from the rest: its transitive reduction."""
        places = {node.id: place for place, node in enumerate(self.nodes)}
        reached: dict[str, int] = {}  # for each node the set of all that it needs, however far, as bits
        direct: dict[str, tuple[str, ...]] = {}
        for node in self.nodes:
            reached[node.id] = _union(reached[need] | 1 << places[need] for need in node.needs)
            further = _union(reached[need] for need in node.needs)
            direct[node.id] = tuple(need for need in node.needs if not further >> places[need] & 1)
        return direct


def _union(sets: Iterable[int]) -> int:
    union = 0
    for each in sets:
        union |= each
    return union


def applied_graph(host: Host, selection: Selection) -> Graph:
    """The graph of what the selected stack has. Raises RefusedError, DamagedError, NewerFormatError."""
    existing = existing_resources(host, selection)
    return Graph(existing.ref, _nodes(list(existing.resources.values()), {}), changes=False)


def changed_graph(host: Host, preview: Preview) -> Graph:
    """The graph of what a preview would make, what it would delete included, with the operations."""
    operations = {change.id: change.operation for change in preview.changes}
    spec = preview.proposal.spec
    before = host.releases.last_applied(preview.proposal.ref)
    deleted = [before[change.id] for change in preview.changes if change.id in before and change.id not in spec]
    return Graph(preview.proposal.ref, _nodes([*spec.resources, *deleted], operations), changes=True)


def _nodes(resources: Sequence[SpecResource], operations: Mapping[str, Operation]) -> tuple[Node, ...]:
    by_id = {resource.id: resource for resource in resources}
    needs = {id: tuple(need for need in each.depends_on if need in by_id) for id, each in by_id.items()}
    order = TopologicalSorter(needs).static_order()
    return tuple(Node(id, by_id[id].type, operations.get(id, "same"), needs[id]) for id in order)
