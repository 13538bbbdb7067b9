"""What is advised for the words of an API server, its client and its provider."""

from __future__ import annotations

import pytest

from kusion_dsl.engine.cluster.refusals import advice, cause, leaves_open

RBAC = (
    'deployments.apps is forbidden: User "system:serviceaccount:ci:deployer" cannot create resource "deployments" '
    'in API group "apps" in the namespace "shop"'
)
CLUSTER_WIDE = (
    'namespaces is forbidden: User "jane" cannot create resource "namespaces" in API group "" at the cluster scope'
)
QUOTA = 'pods "web" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2'
LIMITS = 'pods "web" is forbidden: failed quota: small: must specify limits.cpu for: web; limits.memory for: web'
DENIED = 'admission webhook "images.example.com" denied the request: only images of ours'
SILENT = (
    'Internal error occurred: failed calling webhook "images.example.com": failed to call webhook: Post '
    '"https://policy.shop.svc:443/?timeout=10s": dial tcp 10.0.0.7:443: connect: connection refused'
)
POLICY = "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'replicas' with binding 'all' denied request: too many"
SECURITY = 'pods "web" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'
LEAVING = 'services "web" is forbidden: unable to create new content in namespace shop because it is being terminated'
IMMUTABLE = 'Deployment.apps "web" is invalid: spec.selector: Invalid value: {}: field is immutable'


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (RBAC, "allow system:serviceaccount:ci:deployer to create deployments.apps in the namespace shop (RBAC)"),
        (CLUSTER_WIDE, "allow jane to create namespaces in the whole cluster (RBAC)"),
        (QUOTA, "the ResourceQuota 'small' leaves no room for it"),
        (LIMITS, "the ResourceQuota 'small' admits only containers that say how much they need: limits.cpu for: web"),
        (DENIED, "ask whoever runs the webhook 'images.example.com'"),
        (SILENT, "while the webhook 'images.example.com' does not answer"),
        (POLICY, "ask whoever wrote 'replicas'"),
        (SECURITY, "the security standard 'restricted:latest'"),
        (LEAVING, "the namespace shop is being deleted"),
        (IMMUTABLE, "this cannot be changed while the object exists"),
        ("spec: Forbidden: spec is immutable after creation except resources.requests", "this cannot be changed while"),
        ("the server has asked for the client to provide credentials", "get new ones"),
        ("the server has received too many requests and has asked us to try again later", "has too much to do"),
        ('Post "https://10.0.0.1/api": net/http: TLS handshake timeout', "can be reached from here"),
        ('Patch "https://10.0.0.1/api": EOF', "can be reached from here"),
        ("error reading from server: EOF", "the provider ended in the middle of it"),
        ('Post "https://10.0.0.1/api": context canceled', "it was interrupted"),
        ("etcdserver: request timed out", "can be reached from here"),
        ('an error on the server ("") has prevented the request from succeeding', "the API server itself failed"),
    ],
)
def test_advice_names_what_it_is_about(message: str, text: str) -> None:
    known = advice(message)

    assert known is not None and text in known.text


@pytest.mark.parametrize(
    "message", ['Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1', "EOFError of web"]
)
def test_where_the_message_says_it_all_there_is_no_advice(message: str) -> None:
    assert advice(message) is None


@pytest.mark.parametrize(
    ("message", "is_open"),
    [
        ("read tcp 10.0.0.2:41234->10.0.0.1:6443: read: connection reset by peer", True),
        ("context deadline exceeded (Client.Timeout exceeded while awaiting headers)", True),
        ("Internal error occurred: made to fail", True),
        ("error reading from server: EOF", True),
        ('Post "https://10.0.0.1/api": context canceled', True),
        (SILENT, False),
        (DENIED, False),
        (QUOTA, False),
        ("Unauthorized", False),
        ("too many requests, please try again later", False),
    ],
)
def test_what_may_have_been_done_all_the_same(message: str, is_open: bool) -> None:
    assert leaves_open(message) is is_open


@pytest.mark.parametrize(
    "line",
    [
        'resource "v1:Service:shop:web" was not successfully created by the Kubernetes API server: Unauthorized',
        'update of resource "v1:Service:shop:web" failed: Unauthorized',
        'the Kubernetes API server reported that "shop/web" failed to fully initialize or become live: Unauthorized',
        "Unauthorized",
    ],
)
def test_what_the_provider_puts_before_the_reason_goes(line: str) -> None:
    assert cause(line) == "Unauthorized"


def test_a_conflict_is_told_in_the_words_of_the_api_server_with_whose_the_field_is() -> None:
    told = 'Apply failed with 1 conflict: conflict with "operator" using apps/v1: .spec.replicas'
    found = advice(told)
    assert cause(f'The resource managed by field manager "kusion" had an apply conflict: {told}') == told
    assert cause("server-side apply field conflict detected, see https://a.example/#b for troubleshooting help") == ""
    assert found is not None and found.text.startswith("'operator' manages what is wanted here: a preview with live")
