"""Why: who put a field of a resource there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kusion_dsl.errors import SpecError, did_you_mean
from kusion_dsl.model.difference import labels
from kusion_dsl.model.pod import at
from kusion_dsl.model.provenance import Origin
from kusion_dsl.model.spec import SpecResource
from kusion_dsl.operations.generate import GeneratedStack


@dataclass(frozen=True)
class Explanation:
    """One field (or a whole resource, with an empty ``field``), its value and its origins, the decisive one first."""

    resource: str
    field: str
    value: Any
    origins: tuple[Origin, ...]


def why(generated: GeneratedStack, resource: str, field: str = "") -> tuple[Explanation, ...]:
    """Explain a field, or all fields of a resource that have an origin of their own.

    ``resource`` is an id or any part of one that only one resource has; ``field`` a path as `kusion preview` shows it
    (``spec.template.spec.containers[web].image``), or the end of one. Raises SpecError for what is not there.
    """
    found = find_resource(generated, resource)
    known = dict(labels(found.attributes))
    provenance = generated.compiled.provenance
    if not field:
        own = set(provenance.paths(found.id))
        whole = Explanation(found.id, "", None, provenance.of(found.id))
        return (whole, *(_explanation(generated, found, label) for label, path in known.items() if path in own))
    matching = [label for label in known if label == field] or [
        label for label in known if label.endswith((f".{field}", f"]{field}")) or _plain(label) == field
    ]
    if not matching:
        raise SpecError(
            f"{found.id} has no field '{field}'",
            hint=did_you_mean(field, known) or "see `kusion generate` for its fields",
        )
    return tuple(_explanation(generated, found, label) for label in matching)


def _plain(label: str) -> str:
    return label.replace('["', ".").replace('"]', "")


def _explanation(generated: GeneratedStack, resource: SpecResource, label: str) -> Explanation:
    path = dict(labels(resource.attributes))[label]
    return Explanation(
        resource.id, label, at(resource.attributes, path), generated.compiled.provenance.of(resource.id, path)
    )


def find_resource(generated: GeneratedStack, text: str) -> SpecResource:
    """The resource with the id ``text``, else the only one whose id contains it. Raises SpecError."""
    spec = generated.spec
    if text in spec:
        return spec[text]
    ids = [resource.id for resource in spec.resources]
    matching = [id for id in ids if id.endswith(f":{text}")] or [id for id in ids if text.lower() in id.lower()]
    if len(matching) == 1:
        return spec[matching[0]]
    if matching:
        raise SpecError(f"'{text}' fits {len(matching)} resources", details=matching, hint="give more of the id")
    parts = [part for id in ids for part in id.split(":")]
    raise SpecError(f"there is no resource '{text}'", hint=did_you_mean(text, [*ids, *parts]), details=ids)
