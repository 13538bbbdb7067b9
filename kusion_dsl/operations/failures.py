"""What fails for a resource, at the line that says what it is to be."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kusion_dsl.errors import Position, Problem, SpecError
from kusion_dsl.model.provenance import Provenance
from kusion_dsl.model.reference import Path, parse_path

_FIELD = re.compile(r"(?:^|[\s\[,(])(?P<path>[a-z]\w*(?:\.\w+|\[\d+\])+): [A-Z]")
"""A field in the words of the API server: ``spec.replicas: Invalid value: -1: must be greater than or equal to 0``
(https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/field/errors.go)."""


def located(problems: Iterable[Problem], provenance: Provenance) -> tuple[Problem, ...]:
    """``problems``, those at the id of a resource at the line that put there what they are about.

    That is the field that the problem names, else the resource. What has no line (a resource that is no longer part
    of the application) stays where it is.
    """
    return tuple(_located(problem, provenance) for problem in problems)


def _located(problem: Problem, provenance: Provenance) -> Problem:
    id = problem.where
    place = _place(id, problem.what, provenance) if isinstance(id, str) else None
    return problem._replace(where=place, what=f"{id}: {problem.what}") if place else problem


def _place(id: str, what: str, provenance: Provenance) -> Position | None:
    origins = provenance.of(id, _field(what))
    return next((origin.position for origin in origins if origin.position), None)


def _field(what: str) -> Path:
    found = _FIELD.search(what)
    try:
        return parse_path(found["path"]) if found else ()
    except SpecError:  # no path of ours: a map's key in brackets, or no path at all
        return ()
