"""Graphs of resources: a tree for people, Mermaid and DOT for documents, and a document for programs.

Edges that follow from others are left out, but for the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from kusion_dsl.cli.render.changes import SIGNS
from kusion_dsl.cli.render.screen import VERSION, Screen

if TYPE_CHECKING:
    from kusion_dsl.operations.graph import Graph, Node

_FILLS = {"create": "#d3f2d9", "adopt": "#d3eef2", "update": "#fff3c4", "replace": "#f0d9ff", "delete": "#ffd6d6"}
"""The colours of nodes in pictures, on which black text is readable."""


def show_graph(screen: Screen, graph: Graph, format: str) -> None:
    """Print a graph as ``tree``, ``mermaid``, ``dot``, ``json`` or ``yaml``."""
    if format in ("json", "yaml"):
        screen.document(_document(graph), format)
        return
    lines = {"tree": _tree, "mermaid": _mermaid, "dot": _dot}[format](graph)
    for line in lines:
        screen.out(line)


def _tree(graph: Graph) -> Iterator[str]:
    """What nothing else needs, and below each what it needs; what was shown above is not unfolded again."""
    yield click.style(str(graph.ref), bold=True)
    needs = graph.reduced()
    nodes = {node.id: node for node in graph.nodes}
    needed = {need for each in needs.values() for need in each}
    unfolded: set[str] = set()
    for root in (node for node in graph.nodes if node.id not in needed):
        pending = [(root.id, "", "")]  # a stack, as a chain may be longer than Python's
        while pending:
            id, lead, below = pending.pop()
            known = id in unfolded and bool(needs[id])
            yield f"{lead}{_label(nodes[id], graph)}{click.style('  (see above)', dim=True) if known else ''}"
            if known:
                continue
            unfolded.add(id)
            for last, need in enumerate(reversed(needs[id])):
                branch, rest = ("├── ", "│   ") if last else ("└── ", "    ")
                pending.append((need, f"{below}{branch}", f"{below}{rest}"))


def _label(node: Node, graph: Graph) -> str:
    if not graph.changes:
        return node.id
    if node.operation == "same":
        return f"  {node.id}"
    sign, color = SIGNS[node.operation]
    return click.style(f"{sign} {node.id}", fg=color, bold=True)


def _mermaid(graph: Graph) -> Iterator[str]:
    """A flowchart (https://mermaid.js.org/syntax/flowchart.html); an arrow leads to what is needed."""
    names = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    yield "flowchart LR"
    for node in graph.nodes:
        text = node.id.replace("#", "#35;").replace('"', "#quot;")
        mark = f":::{node.operation}" if node.operation in _FILLS else ""
        yield f'  {names[node.id]}["{_sign(node)}{text}"]{mark}'
    for id, needs in graph.reduced().items():
        for need in needs:
            yield f"  {names[id]} --> {names[need]}"
    for operation in sorted({node.operation for node in graph.nodes} & _FILLS.keys()):
        yield f"  classDef {operation} fill:{_FILLS[operation]},color:#000"


def _dot(graph: Graph) -> Iterator[str]:
    """A directed graph (https://graphviz.org/doc/info/lang.html); an arrow leads to what is needed."""
    yield f"digraph {_quoted(str(graph.ref))} {{"
    yield "  rankdir=LR"
    yield "  node [shape=box, style=filled, fillcolor=white]"
    for node in graph.nodes:
        fill = f", fillcolor={_quoted(_FILLS[node.operation])}" if node.operation in _FILLS else ""
        yield f"  {_quoted(node.id)} [label={_quoted(_sign(node) + node.id)}{fill}]"
    for id, needs in graph.reduced().items():
        for need in needs:
            yield f"  {_quoted(id)} -> {_quoted(need)}"
    yield "}"


def _sign(node: Node) -> str:
    return f"{SIGNS[node.operation][0]} " if node.operation in SIGNS else ""


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _document(graph: Graph) -> dict[str, Any]:
    return {
        "version": VERSION,
        "project": graph.ref.project,
        "stack": graph.ref.stack,
        "workspace": graph.ref.workspace,
        "resources": [_node_document(node, graph) for node in graph.nodes],
    }


def _node_document(node: Node, graph: Graph) -> Mapping[str, Any]:
    document = {"id": node.id, "type": node.type, "needs": list(node.needs)}
    return {**document, "operation": node.operation} if graph.changes else document
