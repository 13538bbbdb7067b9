"""What autoscalers decide, and we therefore leave alone: the replicas of what a HorizontalPodAutoscaler scales.

https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#maintaining-desired-state: a manifest that is
applied again should not say ``spec.replicas``. It may here: the first apply sets it, later ones leave it. And where it
no longer does, because an autoscaler comes, the replicas stay what they are: given up by everybody they would be one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from kusion_dsl.engine.cluster.live import LiveObjects, Object
from kusion_dsl.model.pod import at
from kusion_dsl.model.spec import KUBERNETES, Spec, SpecResource

REPLICAS = "spec.replicas"
_VERSION, _KIND = "autoscaling/v2", "HorizontalPodAutoscaler"

Left = Mapping[str, Mapping[str, str]]
"""By the ids of resources: the fields that are left to somebody, by their labels, with who that is."""


def left_to_autoscalers(spec: Spec, live: LiveObjects, existing: Collection[str]) -> Left:
    """What autoscalers decide of the resources of ``spec`` that are ``existing``, as ids.

    Where the Spec says how many replicas there are, those count that are in the cluster, but for one that goes with the
    same run, as it exists and the Spec no longer has it; elsewhere those that the Spec has.
    Raises EngineError where the cluster is not reached or does not let them be listed.
    """
    known = [each for each in spec.resources if each.id in existing and each.package == KUBERNETES]
    leaving = {id for id in existing if id not in spec}
    there = [
        scaler
        for namespace in dict.fromkeys(_namespace(each.attributes) for each in known if _says_replicas(each))
        for scaler in live.list(_VERSION, _KIND, namespace)
        if not _goes(scaler, leaving)
    ]
    planned = [each.attributes for each in spec.resources if _is_scaler(each)]
    return {
        each.id: {REPLICAS: f"the {_KIND} {scaler['metadata']['name']}"}
        for each in known
        for scaler in (there if _says_replicas(each) else planned)
        if _scales(scaler, each)
    }


def leaving(spec: Spec, left: Left) -> Spec:
    """``spec`` with what is left to somebody named as to be ignored."""
    return replace(spec, resources=tuple(_leaving(each, left.get(each.id, {})) for each in spec.resources))


def _leaving(resource: SpecResource, fields: Mapping[str, str]) -> SpecResource:
    if not fields:
        return resource
    ignored = [*resource.options.get("ignoreChanges", ()), *fields]
    return replace(resource, options={**resource.options, "ignoreChanges": ignored})


def _says_replicas(resource: SpecResource) -> bool:
    return at(resource.attributes, ("spec", "replicas")) is not None


def _is_scaler(resource: SpecResource) -> bool:
    return resource.package == KUBERNETES and bool(resource.attributes["kind"] == _KIND)


def _namespace(obj: Object) -> str:
    return str(obj["metadata"].get("namespace") or "default")


def _goes(scaler: Object, leaving: Collection[str]) -> bool:
    name, namespace = scaler["metadata"]["name"], scaler["metadata"]["namespace"]
    ends = f":{_KIND}:{namespace}:{name}"
    return any(id.startswith("autoscaling/") and id.endswith(ends) for id in leaving)


def _scales(scaler: Object, resource: SpecResource) -> bool:
    """Whether it targets the resource; the version of the target's group does not matter."""
    target, known = scaler["spec"]["scaleTargetRef"], resource.attributes
    group = _group(target.get("apiVersion", known["apiVersion"]))
    wanted = (_namespace(scaler), group, target["kind"], target["name"])
    return wanted == (_namespace(known), _group(known["apiVersion"]), known["kind"], known["metadata"]["name"])


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]
