"""What is in a cluster before a stack comes, and what stays in it when the stack goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from kusion_dsl.engine.checkpoint import Checkpoint
from kusion_dsl.engine.cluster.adoption import adoptions, occupants
from kusion_dsl.engine.cluster.connection import Answer
from kusion_dsl.engine.cluster.live import LiveObjects
from kusion_dsl.engine.cluster.namespaces import BEFORE, made_by_stacks, staying
from kusion_dsl.engine.cluster.objects import CREATED_BY, NAMESPACE
from kusion_dsl.engine.values import UNKNOWN_TEXT
from kusion_dsl.model.change import Step
from kusion_dsl.model.masking import MASKED, Mask
from kusion_dsl.model.spec import Spec, SpecResource, kubernetes_id, kubernetes_type
from tests.unit.engine.cluster_in_memory import ClusterInMemory, Object, made

SPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
MADE = {**SPACE, "metadata": {"name": "shop", "annotations": {CREATED_BY: "kusion"}}}
SECRET = "ref://vault/key"


class Cluster(ClusterInMemory):
    """Also tells its groups, and answers ``verdict`` to what is tried out: of itself what was tried."""

    verdict: Answer | None = None

    def ask(self, path: str, query: Mapping[str, str] | None = None, applied: Any = None) -> Answer:
        if applied is not None:
            return self.verdict or Answer(200, json.dumps(applied).encode())
        if path == "/apis":
            groups = sorted({each["apiVersion"] for each in self.objects if "/" in each["apiVersion"]})
            listed = [{"preferredVersion": {"groupVersion": group}} for group in groups]
            return Answer(200, json.dumps({"groups": listed}).encode())
        return super().ask(path, query)


def config(name: str, **fields: Any) -> Object:
    return made("v1", "ConfigMap", name, **fields)


def spec(*objects: Any, **options: Any) -> Spec:
    return Spec(
        tuple(
            SpecResource(kubernetes_id(each), kubernetes_type(each["apiVersion"], each["kind"]), each, options=options)
            for each in objects
        )
    )


def adopted(cluster: Cluster, proposed: Spec, **fields: Any) -> Step:
    """What a preview says of the one object of a Spec, where it is there already."""
    [resource] = proposed.resources
    live = LiveObjects(cluster)
    found = occupants(live, proposed, ())
    known = {"wanted": resource.attributes, **fields}
    step = Step(resource.id, resource.type, "adopt" if found else "create", **known)
    store = {reference: "hunter2" for reference in resource.references() if reference.is_secret}
    [told] = adoptions(live, (step,), proposed, found, store, Mask())
    return told


def test_objects_of_one_kind_are_looked_for_with_one_request() -> None:
    cluster = Cluster(SPACE, config("a"), config("b"), config("theirs"))
    wanted = spec(config("a"), config("b"), config("c"))

    found = occupants(LiveObjects(cluster), wanted, ())

    assert sorted(found) == ["v1:ConfigMap:shop:a", "v1:ConfigMap:shop:b"]
    assert cluster.asked.count("/api/v1/namespaces/shop/configmaps") == 1
    assert not [each for each in cluster.asked if "configmaps/" in each]


def test_what_the_stack_has_is_not_looked_for() -> None:
    cluster = Cluster(SPACE, config("a"))
    assert occupants(LiveObjects(cluster), spec(config("a")), {"v1:ConfigMap:shop:a"}) == {}
    assert cluster.asked == []


def test_nothing_is_looked_for_in_a_namespace_that_is_not_there() -> None:
    cluster = Cluster(config("elsewhere", metadata={"namespace": "other"}))
    assert occupants(LiveObjects(cluster), spec(SPACE, config("a"), config("b")), ()) == {}
    assert not [each for each in cluster.asked if "configmaps" in each]


def test_an_object_without_a_namespace_is_in_the_default_one() -> None:
    there = config("a", metadata={"namespace": "default"})
    wanted = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    assert list(occupants(LiveObjects(Cluster(there)), spec(wanted), ())) == ["v1:ConfigMap:a"]


def test_only_what_the_spec_speaks_of_is_told() -> None:
    cluster = Cluster(SPACE, config("a", data={"x": "1", "theirs": "2"}, immutable=False))
    told = adopted(cluster, spec({**config("a"), "data": {"x": "3"}}))
    assert told.live is not None and told.wanted is not None
    assert (told.live["data"], told.wanted["data"]) == ({"x": "1"}, {"x": "3"})
    assert "immutable" not in told.live


def test_what_becomes_of_it_is_what_the_api_server_says() -> None:
    cluster = Cluster(SPACE, config("a", data={"cpu": "1"}))
    cluster.verdict = Answer(200, json.dumps(config("a", data={"cpu": "1", "other": "2"})).encode())
    told = adopted(cluster, spec({**config("a"), "data": {"cpu": "1000m"}}))
    assert told.wanted is not None and told.wanted["data"] == {"cpu": "1"}


def test_what_the_api_server_would_refuse_is_told_with_what_to_do() -> None:
    cluster = Cluster(SPACE, config("a"))
    cluster.verdict = Answer(422, json.dumps({"message": "data: field is immutable"}).encode())
    told = adopted(cluster, spec(config("a")))
    assert told.refused is not None and told.refused.where == "v1:ConfigMap:shop:a"
    assert "field is immutable" in told.refused.what and "delete the object" in str(told.refused.hint)


def test_who_may_only_read_may_preview() -> None:
    cluster = Cluster(SPACE, config("a"))
    message = 'configmaps "a" is forbidden: User "jane" cannot patch resource "configmaps" in API group ""'
    cluster.verdict = Answer(403, json.dumps({"message": message}).encode())
    assert adopted(cluster, spec(config("a"))).refused is None


@pytest.mark.parametrize("unseen", [MASKED, UNKNOWN_TEXT])
def test_what_cannot_be_seen_is_not_tried_out(unseen: str) -> None:
    cluster = Cluster(SPACE, config("a"))
    cluster.verdict = Answer(422, b"{}")
    told = adopted(cluster, spec(config("a")), wanted={**config("a"), "data": {"x": unseen}})
    assert told.refused is None


@pytest.mark.parametrize(
    ("there", "wanted", "differs"),
    [
        ({"data": {"key": "aHVudGVyMg=="}}, {"stringData": {"key": f"${{{SECRET}}}"}}, ()),
        ({"data": {"key": "b3RoZXI="}}, {"stringData": {"key": f"${{{SECRET}}}"}}, ("stringData.key",)),
        ({"data": {"key": "YQ=="}}, {"data": {"key": "YQ=="}}, ()),
        ({}, {"data": {"key": "YQ=="}}, ("data.key",)),
        ({"data": {"key": "YQ=="}}, {"stringData": {"key": "${v1:ConfigMap:shop:a#data.x}"}}, ("stringData.key",)),
    ],
    ids=["the same", "another", "the same in base64", "missing", "known later"],
)
def test_of_secret_values_only_is_told_that_they_differ(there: Any, wanted: Any, differs: tuple[str, ...]) -> None:
    cluster = Cluster(SPACE, made("v1", "Secret", "s", **there))
    told = adopted(cluster, spec({**made("v1", "Secret", "s"), **wanted}))
    assert told.differs == differs
    assert told.live is not None and not {"data", "stringData"} & told.live.keys()


@pytest.mark.parametrize(
    ("metadata", "holders"),
    [
        ({"managedFields": [{"manager": "kubectl-edit"}, {"manager": "kubelet", "subresource": "status"}]}, ("kubectl-edit",)),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}, "managedFields": [{"manager": "helm"}]}, ("Helm", "helm")),
        ({"ownerReferences": [{"kind": "Deployment", "name": "web"}]}, ("Deployment web",)),
        (
            {
                "annotations": {"pulumi.com/patchFieldManager": "kusion"},
                "managedFields": [{"manager": "pulumi-kubernetes"}],
            },
            ("kusion",),
        ),
        ({"managedFields": [{"manager": "pulumi-kubernetes"}]}, ("pulumi-kubernetes",)),
    ],
    ids=["a field manager", "Helm", "a controller", "kusion", "a plain pulumi"],
)  # fmt: skip
def test_who_manages_an_object_is_told(metadata: Any, holders: tuple[str, ...]) -> None:
    cluster = Cluster(SPACE, config("a", metadata=metadata))
    assert adopted(cluster, spec(config("a"))).held_by == holders


def test_what_is_imported_and_is_not_there_is_refused() -> None:
    refused = adopted(Cluster(SPACE), spec(config("a"), **{"import": "shop/a"})).refused
    assert refused is not None and refused.what == "resource 'shop/a' does not exist"


def test_what_is_imported_under_another_name_than_its_own_is_refused() -> None:
    refused = adopted(Cluster(SPACE, config("a")), spec(config("a"), **{"import": "shop/b"})).refused
    assert refused is not None and "is what its name says: 'shop/a'" in refused.what


@pytest.mark.parametrize("name", ["shop/a", "a"])
def test_what_is_imported_under_its_own_name_is_adopted(name: str) -> None:
    told = adopted(Cluster(SPACE, config("a")), spec(config("a"), **{"import": name}))
    assert (told.operation, told.refused) == ("adopt", None)


def test_what_is_imported_from_a_cloud_is_told_as_pulumi_tells_it() -> None:
    bucket = SpecResource("aws:s3/bucket:Bucket:b", "aws:s3/bucket:Bucket", {}, options={"import": "b"})
    step = Step(bucket.id, bucket.type, "adopt", None, {"acl": "x"}, {"acl": "y"})
    assert adoptions(LiveObjects(Cluster()), (step,), Spec((bucket,)), {}, {}, Mask()) == (step,)


def test_what_was_imported_and_then_deleted_by_somebody_is_made_again() -> None:
    assert adopted(Cluster(SPACE), spec(config("a"), **{"import": "a"}), state=config("a")).refused is None


@pytest.mark.parametrize(
    ("known", "found", "is_made"),
    [({}, {}, True), ({}, SPACE, False), ({}, MADE, True), (SPACE, {}, False), (MADE, {}, True)],
    ids=["made now", "was there", "made by another stack", "had, was there", "had, made"],
)
def test_a_namespace_that_was_not_there_is_made_by_stacks(known: Any, found: Any, is_made: bool) -> None:
    id = "v1:Namespace:shop"
    made_ones = made_by_stacks(spec(SPACE), {id: known} if known else {}, {id: found} if found else {})
    assert made_ones == ({id} if is_made else frozenset())


def state(*objects: Any) -> Checkpoint:
    """The state of a stack that has these objects."""
    resources = [
        {"urn": f"urn:pulumi:dev::shop::{kubernetes_type(each['apiVersion'], each['kind'])}::{kubernetes_id(each)}", "inputs": each}
        for each in objects
    ]  # fmt: skip
    return Checkpoint({"version": 3, "checkpoint": {"latest": {"resources": resources}}})


def kept(cluster: Cluster, *had: Any, retain: frozenset[str] = frozenset()) -> str:
    """Why the Namespace stays when a stack that has these objects goes."""
    step = Step("v1:Namespace:shop", NAMESPACE, "delete")
    [told] = staying(LiveObjects(cluster), (step,), state(*had), retain)
    assert told == replace(step, kept=told.kept)
    return told.kept


CLAIM = made("v1", "PersistentVolumeClaim", "data-web-0")
STATEFUL = made("apps/v1", "StatefulSet", "web", spec={"volumeClaimTemplates": [{"metadata": {"name": "data"}}]})


def test_a_namespace_that_was_there_before_stays_whatever_it_holds() -> None:
    assert kept(Cluster(SPACE), SPACE) == BEFORE


def test_a_namespace_that_stacks_have_made_goes_with_what_is_theirs() -> None:
    by_products = [
        made("v1", "Event", "a.1"),
        made("v1", "ServiceAccount", "default"),
        made("v1", "ConfigMap", "kube-root-ca.crt"),
        made("v1", "Secret", "token", type="kubernetes.io/service-account-token"),
        made("v1", "Pod", "web-0", metadata={"ownerReferences": [{"uid": "1"}]}),
    ]
    assert kept(Cluster(MADE, config("a"), STATEFUL, CLAIM, *by_products), MADE, config("a"), STATEFUL) == ""


def test_a_namespace_that_holds_what_is_not_the_stacks_stays_and_some_of_it_is_named() -> None:
    theirs = [config(name) for name in ("b", "c", "d", "e")]
    told = kept(Cluster(MADE, config("a"), *theirs), MADE, config("a"))
    assert told == "stays, as it holds what is not this stack's: ConfigMap b, ConfigMap c, ConfigMap d and 1 more"


def test_a_claim_that_no_workload_of_the_stack_has_made_is_not_the_stacks() -> None:
    assert "PersistentVolumeClaim data-web-0" in kept(Cluster(MADE, CLAIM), MADE)


def test_a_namespace_into_which_nobody_can_look_stays() -> None:
    cluster = Cluster(MADE)
    cluster.down = True
    assert "nobody can tell" in kept(cluster, MADE)


def test_nobody_looks_into_a_namespace_that_stays_anyway() -> None:
    cluster = Cluster(MADE, config("theirs"))
    assert kept(cluster, MADE, retain=frozenset({"v1:Namespace:shop"})) == ""
    assert cluster.asked == []
