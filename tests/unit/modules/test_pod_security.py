"""What the programs of a pod may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.errors import AppError, CompileError, WorkspaceError
from kusion_dsl.testing import compile_app
from kusion_service import RESTRICTED, Container, InitContainer, SecurityContext, Service, ServiceAccount

DEPLOYMENT = "apps/v1:Deployment:test:test-dev-shop"
LOCKED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}
NOBODY = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def pod(container: Mapping[str, Any], workspace: str = "", **fields: Any) -> dict[str, Any]:
    """The pod of a service with one container, checked against Kubernetes' own schemas."""
    workload = Service(containers={"web": Container(image="shop:1", **container)}, **fields)
    app = AppConfiguration(name="shop", workload=workload)
    made = compile_app(app, workspace=workspace).spec[DEPLOYMENT].to_json()["attributes"]["spec"]["template"]["spec"]
    assert isinstance(made, dict)
    return made


def contexts(container: Any = None, workload: Any = None, workspace: str = "") -> tuple[Any, Any]:
    """The security contexts of the pod and of its container."""
    made = pod({"security": container}, workspace, security=workload)
    return made.get("securityContext"), made["containers"][0].get("securityContext")


def refusal(build: Callable[[], object]) -> str:
    """What the author is told, without the file and line."""
    with pytest.raises(AppError) as caught:
        build()
    return "\n".join(caught.value.problems[0].details)


def test_one_word_restricts_all_containers() -> None:
    made = pod({}, security="restricted", init_containers={"first": InitContainer(image="x")})
    assert made["securityContext"] == NOBODY
    assert made["containers"][0]["securityContext"] == LOCKED
    assert made["initContainers"][0]["securityContext"] == LOCKED


def test_one_word_restricts_one_container() -> None:
    assert contexts(container="restricted") == (None, {**NOBODY, **LOCKED})


def test_without_it_nothing_is_said() -> None:
    assert contexts() == (None, None)
    assert contexts(SecurityContext(), SecurityContext()) == (None, None)


def test_a_restriction_can_be_changed() -> None:
    assert contexts(workload=RESTRICTED.override(run_as_user=101, fs_group=101)) == (
        {"runAsUser": 101, **NOBODY, "fsGroup": 101},
        LOCKED,
    )


def test_a_container_changes_its_workloads_field_by_field() -> None:
    own = SecurityContext(read_only_root_filesystem=False, run_as_user=7, seccomp_profile="Localhost/a.json")
    assert contexts(own, "restricted") == (
        NOBODY,
        {
            "runAsUser": 7,
            "seccompProfile": {"type": "Localhost", "localhostProfile": "a.json"},
            **LOCKED,
            "readOnlyRootFilesystem": False,
        },
    )


def test_a_container_may_leave_what_its_workload_says() -> None:
    own = SecurityContext(read_only_root_filesystem=None, allow_privilege_escalation=None, drop_capabilities=[])
    assert contexts(own, "restricted") == (NOBODY, None)


def test_every_field_is_where_kubernetes_has_it() -> None:
    workload = SecurityContext(
        run_as_user=1,
        run_as_group=2,
        run_as_non_root=False,
        seccomp_profile="Unconfined",
        fs_group=3,
        fs_group_change_policy="OnRootMismatch",
        supplemental_groups=[4, 5],
        allow_privilege_escalation=True,
        privileged=True,
        add_capabilities=["NET_ADMIN"],
        drop_capabilities=["MKNOD"],
        read_only_root_filesystem=False,
    )
    assert contexts(workload=workload) == (
        {
            "runAsUser": 1,
            "runAsGroup": 2,
            "runAsNonRoot": False,
            "seccompProfile": {"type": "Unconfined"},
            "fsGroup": 3,
            "fsGroupChangePolicy": "OnRootMismatch",
            "supplementalGroups": [4, 5],
        },
        {
            "allowPrivilegeEscalation": True,
            "privileged": True,
            "capabilities": {"add": ["NET_ADMIN"], "drop": ["MKNOD"]},
            "readOnlyRootFilesystem": False,
        },
    )
    own = SecurityContext(run_as_user=0, run_as_group=0, run_as_non_root=False)
    assert contexts(own) == (None, {"runAsUser": 0, "runAsGroup": 0, "runAsNonRoot": False})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"run_as_user": -1}, "run_as_user: Input should be"),
        ({"run_as_user": 2**31}, "run_as_user: Input should be"),
        ({"seccomp_profile": "Default"}, "seccomp_profile: 'Default' is none of RuntimeDefault"),
        ({"seccomp_profile": "Localhost/"}, "seccomp_profile: 'Localhost/' is none of"),
        ({"drop_capabilities": ["all"]}, "'all' is no name of a capability"),
        ({"add_capabilities": ["CAP_SYS_TIME"]}, "write it like NET_BIND_SERVICE, without CAP_"),
        ({"run_as_usr": 1}, "run_as_usr: unknown field, did you mean 'run_as_user'?"),
        ({"run_as_user": 0, "run_as_non_root": True}, "run_as_non_root refuses the user 0"),
        ({"privileged": True, "allow_privilege_escalation": False}, "privileged is an escalation"),
        ({"add_capabilities": ["SYS_ADMIN"], "allow_privilege_escalation": False}, "SYS_ADMIN is an escalation"),
    ],
)
def test_what_kubernetes_would_refuse_is_refused_where_it_is_written(fields: dict[str, Any], message: str) -> None:
    assert message in refusal(lambda: SecurityContext(**fields))


def test_a_word_that_means_nothing_is_refused() -> None:
    assert "security" in refusal(lambda: Container(image="x", security="strict"))  # type: ignore[arg-type]


@pytest.mark.parametrize("field", [{"fs_group": 1}, {"supplemental_groups": [1]}, {"fs_group_change_policy": "Always"}])
def test_a_container_has_nothing_that_is_the_pods(field: dict[str, Any]) -> None:
    message = refusal(lambda: Container(image="x", security=SecurityContext(**field)))
    assert f"security: {next(iter(field))} is of the whole pod" in message


def test_a_container_that_contradicts_its_workload_is_refused() -> None:
    message = refusal(lambda: pod({"security": SecurityContext(privileged=True)}, security="restricted"))
    assert "containers.web.security: privileged is an escalation" in message


PLATFORM = "modules: {service: {configs: {default: {security: %s}}}}"


def test_the_platform_restricts_what_says_nothing() -> None:
    assert contexts(workspace=PLATFORM % "restricted") == (NOBODY, LOCKED)
    assert contexts(workspace=PLATFORM % "{runAsUser: 7}") == ({"runAsUser": 7}, None)
    assert contexts(workload=SecurityContext(), workspace=PLATFORM % "restricted") == (None, None)


def test_the_platforms_mistakes_are_found_where_they_are() -> None:
    with pytest.raises(WorkspaceError, match="unknown field, did you mean 'runAsUser'"):
        contexts(workspace=PLATFORM % "{run_as_user: 7}")


def test_a_container_that_contradicts_the_platform_is_an_error() -> None:
    with pytest.raises(CompileError, match=r"containers\.web\.security: privileged is an escalation"):
        contexts(SecurityContext(privileged=True), workspace=PLATFORM % "restricted")


def test_service_accounts() -> None:
    assert (
        pod({}, service_account="shop", automount_service_account_token=False).items()
        >= {
            "serviceAccountName": "shop",
            "automountServiceAccountToken": False,
        }.items()
    )


def test_a_service_account_is_made_and_comes_first() -> None:
    account = ServiceAccount(annotations={"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/shop"})
    workload = Service(containers={"web": Container(image="shop:1")}, service_account=account)
    spec = compile_app(AppConfiguration(name="shop", workload=workload)).spec
    made = spec["v1:ServiceAccount:test:test-dev-shop"]
    assert made.to_json()["attributes"]["metadata"] == {
        "name": "test-dev-shop",
        "namespace": "test",
        "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/shop"},
    }
    assert made.id in spec[DEPLOYMENT].depends_on
    assert spec[DEPLOYMENT].attributes["spec"]["template"]["spec"]["serviceAccountName"] == "test-dev-shop"
