"""Why: who put a field of a resource there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kusion_dsl.errors import RefusedError, SpecError, did_you_mean
from kusion_dsl.model.difference import labels
from kusion_dsl.model.pod import at
from kusion_dsl.model.provenance import Origin, Provenance
from kusion_dsl.model.release import Release
from kusion_dsl.model.spec import Spec, SpecResource


@dataclass(frozen=True)
class Explanation:
    """One field (or a whole resource, with an empty ``field``), its value and its origins, the decisive one first."""

    resource: str
    field: str
    value: Any
    origins: tuple[Origin, ...]


def why_released(release: Release, resource: str, field: str = "") -> tuple[Explanation, ...]:
    """Explain what a release has. Raises RefusedError for one that does not know, and what :func:`why` raises."""
    if release.spec.resources and not release.provenance.fields:
        raise RefusedError(
            f"release {release.revision} does not tell who put its fields there",
            where=str(release.ref),
            hint="it was written, or is a copy of one that was written, before releases told that",
        )
    return why(release.spec, release.provenance, resource, field)


def why(spec: Spec, provenance: Provenance, resource: str, field: str = "") -> tuple[Explanation, ...]:
    """Explain a field, or all fields of a resource that have an origin of their own.

    ``resource`` is an id or any part of one that only one resource has; ``field`` a path as `kusion preview` shows it
    (``spec.template.spec.containers[web].image``), or the end of one. Raises SpecError for what is not there.
    """
    found = spec[find_id([each.id for each in spec.resources], resource)]
    known = dict(labels(found.attributes))
    if not field:
        own = set(provenance.paths(found.id))
        whole = Explanation(found.id, "", None, provenance.of(found.id))
        return (whole, *(_explanation(found, label, provenance) for label, path in known.items() if path in own))
    matching = [label for label in known if label == field] or [
        label for label in known if label.endswith((f".{field}", f"]{field}")) or _plain(label) == field
    ]
    if not matching:
        raise SpecError(
            f"{found.id} has no field '{field}'",
            hint=did_you_mean(field, known) or "see `kusion generate` for its fields",
        )
    return tuple(_explanation(found, label, provenance) for label in matching)


def _plain(label: str) -> str:
    return label.replace('["', ".").replace('"]', "")


def _explanation(resource: SpecResource, label: str, provenance: Provenance) -> Explanation:
    path = dict(labels(resource.attributes))[label]
    return Explanation(resource.id, label, at(resource.attributes, path), provenance.of(resource.id, path))


def find_id(known: Iterable[str], text: str) -> str:
    """The id ``text``, else the only one of those ``known`` that contains it. Raises SpecError."""
    ids = list(known)
    if text in ids:
        return text
    matching = [id for id in ids if id.endswith(f":{text}")] or [id for id in ids if text.lower() in id.lower()]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise SpecError(f"'{text}' fits {len(matching)} resources", details=matching, hint="give more of the id")
    parts = [part for id in ids for part in id.split(":")]
    raise SpecError(f"there is no resource '{text}'", hint=did_you_mean(text, [*ids, *parts]), details=ids)
