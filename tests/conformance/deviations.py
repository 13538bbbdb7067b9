"""Where we mean to differ from the ancestor: rules by type and path, for whatever case they meet.

Each says what is right instead, why, and which test shows it. Without a mark in the index of the vectors only those
hold that the vectors' README or DESIGN decides; the others are about defects, and hold in marked cases.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from kusion_dsl.model.pod import at
from kusion_dsl.model.reference import format_path
from kusion_dsl.model.spec import Spec, SpecResource
from tests.conformance.authoring import Document
from tests.conformance.comparison import ABSENT, Difference


@dataclass(frozen=True)
class Ours:
    """What we made of a case: the Spec; and the applications as ``app.yaml`` has them."""

    spec: Spec
    apps: Document

    def users_of(self, id: str) -> Iterator[SpecResource]:
        """The resources that refer to one."""
        for resource in self.spec.resources:
            if any(reference.id == id for reference in resource.references()):
                yield resource


Expect = Callable[[Difference, Ours], bool]
"""Whether what we have instead is what is right instead."""


@dataclass(frozen=True)
class Rule:
    """Differences that are meant.

    ``type`` is a glob on the type of the resource, ``path`` a regular expression for the whole path in it. ``instead``
    tells whether what we have there is right. ``decided`` is where it is decided for every case; empty where it is a
    defect that the case must be marked for. ``test`` is the test that shows the better behaviour.
    """

    type: str
    path: str
    instead: Expect
    reason: str
    test: str
    decided: str = ""

    def covers(self, difference: Difference, ours: Ours, *, marked: bool) -> bool:
        """Whether ``difference`` is one that it is about, with what it wants instead, in a case that it holds in."""
        return (
            (marked or bool(self.decided))
            and fnmatchcase(difference.type, self.type)
            and re.fullmatch(self.path, format_path(difference.path)) is not None
            and self.instead(difference, ours)
        )


_README = "the vectors' README, known odd cases"
_PASSWORD = re.compile(r"\$\{(kusion:index:RandomPassword:[^#]+)#result\}")
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_TEMPLATE = r"(spec\.jobTemplate\.)?spec\.template"
_CONTAINER = rf"{_TEMPLATE}\.spec\.containers\[\d+\]"
_DATABASE_TESTS = "tests/unit/modules/test_cloud_databases.py"


def _nothing(difference: Difference, ours: Ours) -> bool:
    return difference.ours is ABSENT


def _a_random_password(difference: Difference, ours: Ours) -> bool:
    """A reference to the result of a random password that is made."""
    match = _PASSWORD.fullmatch(str(difference.ours))
    return match is not None and match[1] in ours.spec


def _digest_replaced(difference: Difference, ours: Ours) -> bool:
    return re.fullmatch("[0-9a-f]{16}", str(difference.theirs)) is not None and _a_random_password(difference, ours)


def _used_by_a_secret(difference: Difference, ours: Ours) -> bool:
    """A resource that only we have, and of which a Kubernetes Secret takes something."""
    users = ours.users_of(difference.resource)
    return difference.theirs is ABSENT and any(user.is_kubernetes_secret for user in users)


def _same_on_the_object(difference: Difference, ours: Ours) -> bool:
    """A label or annotation of pods that the ancestor has on the workload object, where nothing looks for it."""
    found = at(ours.spec[difference.resource].attributes, ("metadata", *difference.path[-2:]))
    return difference.theirs is ABSENT and difference.ours == found


def _of_the_application(difference: Difference, ours: Ours) -> bool:
    """What an application of ``app.yaml`` says under the same key."""
    field, key = difference.path[-2:]
    said = [(app.get(field) or {}).get(key) for app in ours.apps.values()]
    return difference.theirs is ABSENT and difference.ours in said


def _rule_of_a_collaset(difference: Difference, ours: Ours) -> bool:
    """A rule for the pods of a CollaSet that is made."""
    labels = at(difference.ours, ("spec", "selector", "matchLabels")) if difference.theirs is ABSENT else None
    sets = (each for each in ours.spec.resources if each.type.endswith(":CollaSet"))
    return any(at(each.attributes, ("spec", "selector", "matchLabels")) == labels for each in sets)


def _file_alone(difference: Difference, ours: Ours) -> bool:
    """The file's own path instead of its directory's, and its name as the part of the volume that is mounted."""
    mount: Mapping[str, Any] = at(ours.spec[difference.resource].attributes, difference.path[:-1])
    directory, _, name = str(mount.get("mountPath")).rpartition("/")
    before = directory or "/"
    return bool(mount.get("subPath") == name) and difference.theirs in (ABSENT, before)


def _octal(difference: Difference, ours: Ours) -> bool:
    return str(difference.theirs).isdecimal() and difference.ours == int(str(difference.theirs), 8)


def _port_of_the_scheme(difference: Difference, ours: Ours) -> bool:
    action: Mapping[str, Any] = at(ours.spec[difference.resource].attributes, difference.path[:-1])
    port = {"HTTP": 80, "HTTPS": 443}[action["scheme"]]
    return (difference.theirs, difference.ours) == ("", port)


def _the_namespace(difference: Difference, ours: Ours) -> bool:
    """The Namespace that is made."""
    return f"v1:Namespace:{difference.ours}" in ours.spec


def _private(difference: Difference, ours: Ours) -> bool:
    """The blocks of private networks, where the ancestor has the world."""
    return difference.theirs in ("0.0.0.0/0", ABSENT) and difference.ours == _PRIVATE[int(difference.path[-1])]


def _not_public(difference: Difference, ours: Ours) -> bool:
    return difference.theirs is True and difference.ours is False


def _instance_is_private(difference: Difference, ours: Ours) -> bool:
    """No public address, where only private networks may connect."""
    name = difference.resource.rpartition(":")[2]
    instance = ours.spec.get(f"alicloud:rds/instance:Instance:{name}")
    return difference.ours is ABSENT and instance is not None and tuple(instance.attributes["securityIps"]) == _PRIVATE


def _policy_document(difference: Difference, ours: Ours) -> bool:
    """A policy document with as many statements, of the same effects and actions."""
    theirs, found = (json.loads(str(each)) for each in (difference.theirs, difference.ours))
    wanted = [(each["effect"], each["action"]) for each in theirs]
    return found["Version"] == "2012-10-17" and wanted == [
        (each["Effect"], each["Action"]) for each in found["Statement"]
    ]


def _unset(difference: Difference, ours: Ours) -> bool:
    """Nothing, where the ancestor writes the zero value of what the platform did not set."""
    return difference.theirs in ("", 0, False) and difference.ours is ABSENT


def _prefixed(difference: Difference, ours: Ours) -> bool:
    """The ancestor's value behind what the name of the resource begins with."""
    name = difference.resource.rpartition(":")[2]
    prefix = str(difference.ours).removesuffix(f"-{difference.theirs}")
    return prefix != difference.ours and name.startswith(f"{prefix}-")


def _imported(difference: Difference, ours: Ours) -> bool:
    return difference.theirs is ABSENT and bool(ours.spec[difference.resource].options.get("import"))


def _several_of_a_module(difference: Difference, ours: Ours) -> bool:
    """What is made for one of several accessories of the same type in an application."""
    accessories = [list((app.get("accessories") or {}).values()) for app in ours.apps.values()]
    kinds = [[str(each.get("_type")) for each in each_app] for each_app in accessories]
    return any(kind.endswith("OpenSearch") and each.count(kind) > 1 for each in kinds for kind in each)


RULES: tuple[Rule, ...] = (
    Rule(
        "kubernetes:core/v1:Secret",
        r"stringData\.password",
        _digest_replaced,
        "the ancestor's password is a digest of public names",
        "tests/unit/modules/test_postgres.py::test_the_password_and_the_url_are_secret",
        _README,
    ),
    Rule(
        "kusion:index:RandomPassword",
        "",
        _used_by_a_secret,
        "a password that is made once, and kept encrypted in the state",
        "tests/unit/modules/test_postgres.py::test_the_password_and_the_url_are_secret",
        _README,
    ),
    Rule(
        "kubernetes:core/v1:Secret",
        r"data\.(username|password|token)",
        _nothing,
        "the ancestor makes another value whenever it generates",
        "tests/unit/modules/test_service_secrets.py::test_missing_values_are_made_at_random_once",
    ),
    Rule(
        "kubernetes:core/v1:Secret",
        r"stringData\.(username|password|token)",
        _a_random_password,
        "the ancestor makes another value whenever it generates",
        "tests/unit/modules/test_service_secrets.py::test_missing_values_are_made_at_random_once",
    ),
    Rule(
        "kubernetes:core/v1:Service",
        r"spec\.ports\[\d+\]\.targetPort",
        _unset,
        "0 is Go's way to say that none is set; Kubernetes then takes the port, and would show it as drift",
        "tests/unit/modules/test_postgres.py::test_under_its_default_name_it_has_the_ancestors_names",
    ),
    Rule(
        "aws:ec2/securityGroup:SecurityGroup",
        r"ingress\[0\]\.cidrBlocks\[\d\]",
        _private,
        "nobody but private networks connects unless the workspace says so",
        f"{_DATABASE_TESTS}::test_a_database_at_aws_is_an_instance_behind_a_security_group",
        _README,
    ),
    Rule(
        "aws:rds/instance:Instance",
        "publiclyAccessible",
        _not_public,
        "a database has no public address unless the workspace says who may use it",
        f"{_DATABASE_TESTS}::test_a_database_at_aws_is_an_instance_behind_a_security_group",
        _README,
    ),
    Rule(
        "alicloud:rds/instance:Instance",
        r"securityIps\[\d\]",
        _private,
        "nobody but private networks connects unless the workspace says so",
        f"{_DATABASE_TESTS}::test_a_database_at_aws_is_an_instance_behind_a_security_group",
        _README,
    ),
    Rule(
        "alicloud:rds/connection:Connection",
        "",
        _instance_is_private,
        "a database has no public address unless the workspace says who may use it",
        f"{_DATABASE_TESTS}::test_a_database_at_aws_is_an_instance_behind_a_security_group",
        _README,
    ),
    Rule(
        "a*:*",
        r"[^#].*",
        _imported,
        "Pulumi imports a resource with its inputs, and compares them with what is live; Terraform takes none",
        "tests/unit/compiler/test_blocks.py::test_an_imported_resource_keeps_its_inputs",
        "DESIGN 5: cloud resources are Pulumi tokens",
    ),
    Rule(
        "kubernetes:*",
        rf'{_TEMPLATE}\.metadata\.(annotations\["prometheus\.io/[a-z]+"\]|labels\.kusion_monitoring_appname)',
        _same_on_the_object,
        "Prometheus looks at pods, not at the object that makes them",
        "tests/unit/modules/test_monitoring.py::test_without_the_operator_the_pods_say_where_their_metrics_are",
    ),
    Rule(
        "kubernetes:*",
        r'metadata\.annotations\["prometheus\.io/(port|path)"\]',
        _nothing,
        "an empty port or path is none, and would be scraped as one",
        "tests/unit/modules/test_monitoring.py::test_without_the_operator_the_pods_say_where_their_metrics_are",
    ),
    Rule(
        "kubernetes:apps.kusionstack.io/v1alpha1:PodTransitionRule",
        "",
        _rule_of_a_collaset,
        "the ancestor does not see that the platform chose a CollaSet",
        "tests/unit/modules/test_opsrule.py::test_a_collaset_of_the_platforms_obeys_it",
    ),
    Rule(
        "kubernetes:*",
        rf"{_CONTAINER}\.volumeMounts\[\d+\]\.(mountPath|subPath)",
        _file_alone,
        "two mounts in one directory, or one inside of another, make no pod",
        "tests/unit/modules/test_service_files.py::test_a_file_beside_or_above_another_hides_no_directory",
    ),
    Rule(
        "kubernetes:*",
        rf"{_TEMPLATE}\.spec\.volumes\[\d+\]\.(configMap|secret)\.defaultMode",
        _octal,
        "the permissions of a file are octal, with or without a leading zero",
        "tests/unit/modules/test_service_files.py::test_modes_are_octal_with_and_without_a_leading_zero",
    ),
    Rule(
        "kubernetes:*",
        rf"{_CONTAINER}\.\w+Probe\.httpGet\.port",
        _port_of_the_scheme,
        "without a port Kubernetes refuses the pod",
        "tests/unit/modules/test_service.py::test_an_http_probe_without_a_port_asks_the_one_of_its_scheme",
    ),
    Rule(
        "kubernetes:*",
        rf"{_CONTAINER}\.\w+Probe\.httpGet\.scheme",
        lambda difference, ours: difference.theirs is ABSENT and difference.ours == "HTTP",
        "what Kubernetes takes where none is given, written down",
        "tests/unit/modules/test_service.py::test_an_http_probe_without_a_port_asks_the_one_of_its_scheme",
    ),
    Rule(
        "kubernetes:*",
        r"metadata\.namespace",
        _the_namespace,
        "an object belongs into the Namespace that is made",
        "tests/unit/compiler/test_namespace.py::test_everything_is_in_the_namespace_of_the_extension",
    ),
    Rule(
        "kubernetes:*",
        rf"({_TEMPLATE}\.)?metadata\.(labels|annotations)(\.|\[).*",
        _of_the_application,
        "the ancestor reads no labels and annotations of an application",
        "tests/unit/compiler/test_labelling.py::test_labels_are_on_everything",
    ),
    Rule(
        "kubernetes:*",
        rf"(spec\.selector(\.matchLabels)?|metadata\.labels|{_TEMPLATE}\.metadata\.labels)\.accessory",
        _prefixed,
        "with the same labels in two applications, the Services of one would lead to the pods of the other",
        "tests/unit/modules/test_inference.py::test_no_service_leads_to_anothers_pods",
        "the vectors' README: inference's names gain the application's; what selects by them follows",
    ),
    Rule(
        "aws:opensearch/domain:Domain",
        "accessPolicies",
        _policy_document,
        "AWS takes a policy document",
        "tests/unit/modules/test_opensearch.py::test_an_access_policy_is_an_iam_policy_document",
    ),
    Rule(
        "aws:opensearch/domain:Domain",
        r"engineVersion|clusterConfig\.instanceType|ebsOptions\.(ebsEnabled|volumeSize)",
        _unset,
        "what the platform does not set is left to AWS, which takes no empty type",
        "tests/unit/modules/test_opensearch.py::test_what_nobody_said_is_left_to_aws",
        "the vectors' README: the provider's schema wins",
    ),
    Rule(
        "aws:opensearch/domain:Domain",
        "",
        _several_of_a_module,
        "the ancestor makes one of several accessories of a module, any of them",
        "tests/unit/modules/test_opensearch.py::test_two_domains_have_nothing_in_common",
    ),
    Rule(
        "kubernetes:*",
        rf"{_CONTAINER}\.env\.OPEN_SEARCH_\w+(\.\w+)?",
        _several_of_a_module,
        "the ancestor makes one of several accessories of a module, any of them",
        "tests/unit/modules/test_opensearch.py::test_two_domains_have_nothing_in_common",
    ),
)
