"""The graph of what is registered, and the calls that register it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from kusion_dsl.engine.registration import Registration, registrations
from kusion_dsl.engine.resolution import Registered
from kusion_dsl.engine.values import from_struct
from kusion_dsl.errors import EngineError
from kusion_dsl.model.spec import Provider, Spec, SpecResource
from kusion_dsl.model.target import Target

MANIFESTS = Target("manifests", ".manifests/dev/prod")
AWS = {"aws": Provider("7.51.1", {"region": "eu-central-1"})}


def aws(id: str, attributes: Mapping[str, Any] | None = None, *needs: str, **options: Any) -> SpecResource:
    return SpecResource(id, "aws:s3/bucket:Bucket", attributes or {}, needs, options)


def graph(*resources: SpecResource, target: Target = MANIFESTS, **providers: Provider) -> dict[str, Registration]:
    return {node.key: node for node in registrations(Spec(resources, {**AWS, **providers}), target)}


def test_needs_come_first() -> None:
    nodes = list(graph(aws("c", {"of": "${b#arn}"}), aws("a"), aws("b", {}, "a")))

    assert nodes == ["pulumi:providers:aws", "a", "b", "c"]


def test_provider_of_each_package_that_is_used() -> None:
    namespace = SpecResource("v1:Namespace:x", "kubernetes:core/v1:Namespace", {})
    password = SpecResource("p", "kusion:index:RandomPassword", {})
    nodes = graph(namespace, password, kubernetes=Provider("4.32.0", {"kubeconfig": "~/.kube/config"}))

    assert set(nodes) == {"pulumi:providers:kubernetes", "pulumi:providers:kusion", "v1:Namespace:x", "p"}
    kubernetes = nodes["pulumi:providers:kubernetes"]
    assert (kubernetes.name, kubernetes.version) == ("kubernetes", "4.32.0")
    assert kubernetes.config == {"renderYamlToDirectory": ".manifests/dev/prod"}
    assert nodes["v1:Namespace:x"].version == "4.32.0" and nodes["p"].version == "1.0.0"
    cluster = graph(namespace, target=Target("cluster"), kubernetes=Provider("4.32.0", {"kubeconfig": "k"}))
    assert cluster["pulumi:providers:kubernetes"].config == {"kubeconfig": "k"}


def test_request_has_inputs_dependencies_and_provider() -> None:
    nodes = graph(aws("a"), aws("b", {"of": "${a#arn}", "plain": 1}, "z", "a"), aws("z"))
    registered = {
        key: Registered(f"urn:{key}", f"id-{key}", {"arn": "arn:a"}, True) for key in ("pulumi:providers:aws", "a", "z")
    }

    request = nodes["b"].request("urn:stack", registered, {})

    assert (request.type, request.name, request.parent) == ("aws:s3/bucket:Bucket", "b", "urn:stack")
    assert request.custom and request.acceptSecrets and request.supportsResultReporting
    assert request.version == "7.51.1" and request.provider == "urn:pulumi:providers:aws::id-pulumi:providers:aws"
    assert list(request.dependencies) == ["urn:a", "urn:z"]
    assert {key: list(value.urns) for key, value in request.propertyDependencies.items()} == {
        "of": ["urn:a"],
        "plain": [],
    }
    assert from_struct(request.object) == {"of": "arn:a", "plain": 1}


def test_options_reach_the_request() -> None:
    options = {
        "protect": True,
        "retainOnDelete": True,
        "deleteBeforeReplace": True,
        "ignoreChanges": ["replicas"],
        "replaceOnChanges": ["name"],
        "additionalSecretOutputs": ["token"],
        "aliases": ["former"],
        "import": "bucket-1",
        "customTimeouts": {"create": "5m"},
        "deletedWith": "a",
    }
    nodes = graph(aws("a"), aws("b", {}, **options))
    registered = {key: Registered(f"urn:{key}", "id", {}, True) for key in ("pulumi:providers:aws", "a")}

    request = nodes["b"].request("urn:stack", registered, {})

    assert request.protect and request.retainOnDelete
    assert request.deleteBeforeReplace and request.deleteBeforeReplaceDefined
    assert list(request.ignoreChanges) == ["replicas"] and list(request.replaceOnChanges) == ["name"]
    assert list(request.additionalSecretOutputs) == ["token"] and request.importId == "bucket-1"
    assert [alias.spec.name for alias in request.aliases] == ["former"]
    assert request.customTimeouts.create == "5m" and request.deletedWith == "urn:a"


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ((aws("a", {"of": "${nowhere#arn}"}),), "a: it depends on 'nowhere', which the Spec does not have"),
        ((aws("a", {}, "b"), aws("b", {}, "a")), "resources depend on each other: "),
        ((aws("a", {}, protectt=True),), "the resource option 'protectt' is not known\n  did you mean 'protect'"),
        ((aws("a", {}, protect="yes"),), "the resource option 'protect' cannot be 'yes'"),
        ((SpecResource("g", "gcp:x:Y", {}),), "the Spec says no version of the provider 'gcp'"),
    ],
)
def test_what_does_not_fit_is_told_before_pulumi_starts(resources: tuple[SpecResource, ...], message: str) -> None:
    with pytest.raises(EngineError) as caught:
        graph(*resources)
    assert message in str(caught.value)


def test_cycle_is_printed_in_the_direction_of_the_needs() -> None:
    with pytest.raises(EngineError) as caught:
        graph(aws("a", {}, "b"), aws("b", {}, "c"), aws("c", {}, "a"))

    chain = str(caught.value).rpartition(": ")[2].split(" -> ")
    assert chain[0] == chain[-1] and len(chain) == 4
    assert all((former, latter) in {("a", "b"), ("b", "c"), ("c", "a")} for former, latter in pairwise(chain))
