"""What does not fit, told as problems: which field of which resource, who put it there, what to do."""

from __future__ import annotations

from collections.abc import Sequence

from kusion_dsl.checks.schema import Mismatch
from kusion_dsl.errors import CompileError, Position, Problem
from kusion_dsl.model.difference import labels
from kusion_dsl.model.provenance import Origin, Provenance
from kusion_dsl.model.reference import format_path
from kusion_dsl.model.spec import SpecResource


def misfit(mismatch: Mismatch, resource: SpecResource, provenance: Provenance) -> Problem:
    """A field that does not fit, at the place in the author's file or the workspace that can be changed, if any."""
    origins = _origins(mismatch, resource, provenance)
    what = f"{_label(mismatch, resource)} of {resource.id} {mismatch.what}"
    return Problem(what, _place(origins), mismatch.hint, _who(origins))


def unknown_type(error: CompileError, resource: SpecResource, provenance: Provenance) -> tuple[Problem, ...]:
    """A resource whose type is not known, at the place of what made it."""
    origins = provenance.of(resource.id)
    where = _place(origins) or resource.id
    return tuple(Problem(each.what, where, each.hint, _who(origins)) for each in error.problems)


def _origins(mismatch: Mismatch, resource: SpecResource, provenance: Provenance) -> tuple[Origin, ...]:
    """Who put it there. A mapping or a list, and one that lacks a field, is told with who put its first part there."""
    path = mismatch.path[:-1] if mismatch.missing else mismatch.path
    own = provenance.of(resource.id, path)
    inner = next((each for each in provenance.paths(resource.id) if each[: len(path)] == path), path)
    return tuple(dict.fromkeys((*provenance.of(resource.id, inner)[:1], *own)))


def _label(mismatch: Mismatch, resource: SpecResource) -> str:
    """The field as previews call it: ``spec.template.spec.containers[web].image``."""
    known = {path: label for label, path in labels(resource.attributes)}
    if not mismatch.missing:
        return known.get(mismatch.path, format_path(mismatch.path))
    above, name = known.get(mismatch.path[:-1], ""), str(mismatch.path[-1])
    return f"{above}.{name}" if above else name


def _place(origins: Sequence[Origin]) -> Position | None:
    return next((each.position for each in origins if each.position is not None), None)


def _who(origins: Sequence[Origin]) -> tuple[str, ...]:
    return (f"from {', '.join(map(str, origins))}",) if origins else ()
