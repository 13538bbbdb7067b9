"""The labels and annotations of an application, on everything of it that Kubernetes keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kusion_dsl.compiler.generation import Draft, Generated
from kusion_dsl.compiler.inputs import Inputs
from kusion_dsl.model import pod
from kusion_dsl.model.provenance import Origin, mark
from kusion_dsl.model.spec import KUBERNETES


def label(generated: Generated, inputs: Inputs) -> None:
    """Put the application's labels and annotations on its Kubernetes objects, and on the pods of its workload.

    What a module or the workload says about the same key stands: it is nearer to the object.
    """
    application = generated.application
    for field, values in (("labels", application.labels), ("annotations", application.annotations)):
        origin = Origin("author", f"{application.name}.{field}", inputs.sources.position(application.site))
        for metadata in _metadata(generated.drafts) if values else ():
            _fill(metadata, field, values, origin)


def _metadata(drafts: Iterable[Draft]) -> Iterator[dict[str, Any]]:
    for draft in drafts:
        if draft.resource.type.startswith(f"{KUBERNETES}:"):
            yield draft.attributes["metadata"]
            template = pod.template_path(draft.resource.type)
            if draft.resource.workload and template:
                yield pod.at(draft.attributes, template).setdefault("metadata", {})


def _fill(metadata: dict[str, Any], field: str, values: Mapping[str, str], origin: Origin) -> None:
    for key, value in values.items():
        metadata.setdefault(field, {}).setdefault(key, mark(value, lambda: origin))
