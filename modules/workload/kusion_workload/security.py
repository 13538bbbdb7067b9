"""What the programs of a pod may do.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ (``restricted``), and
https://kubernetes.io/docs/tasks/configure-pod-container/security-context/.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from kusion_dsl.module import Component, derived

_CAPABILITY = re.compile(r"[A-Z][A-Z0-9_]*")
_LOCALHOST = "Localhost/"
_SECCOMP_PROFILE = re.compile(rf"RuntimeDefault|Unconfined|{_LOCALHOST}.+")
_OF_PODS = ("fs_group", "fs_group_change_policy", "supplemental_groups")


def _capability(name: str) -> str:
    if not _CAPABILITY.fullmatch(name) or name.startswith("CAP_"):
        raise ValueError(f"'{name}' is no name of a capability: write it like NET_BIND_SERVICE, without CAP_, or ALL")
    return name


def _seccomp_profile(text: str) -> str:
    if not _SECCOMP_PROFILE.fullmatch(text):
        raise ValueError(f"'{text}' is none of RuntimeDefault, Unconfined and {_LOCALHOST}<file on the node>")
    return text


Capability = Annotated[str, AfterValidator(_capability)]
"""A right of root's: ``NET_BIND_SERVICE``; or ``ALL``."""

Id = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""The number of a user or a group."""


class SecurityContext(Component):
    """What programs may do, and as whom they run. What is not set is as the image and the cluster have it.

    A workload's is for all of its containers; a container's own fields win over those, field by field. The platform
    writes the same names in camelCase.
    """

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=False)

    run_as_user: Id | None = None
    """The user, instead of the image's."""
    run_as_group: Id | None = None
    """The primary group."""
    run_as_non_root: bool | None = None
    """Whether a container that would run as root is not started. An image that names its user by text, not by number,
    needs ``run_as_user`` then."""
    seccomp_profile: Annotated[str, AfterValidator(_seccomp_profile)] | None = None
    """Which system calls are allowed: ``RuntimeDefault``, ``Unconfined`` or ``Localhost/<file on the node>``."""
    allow_privilege_escalation: bool | None = None
    """Whether a program may get more rights than what started it, as by a setuid file."""
    privileged: bool | None = None
    """Whether it has all rights of root on the node."""
    add_capabilities: list[Capability] = Field(default_factory=list[str])
    """Rights of root's to have beside the runtime's usual ones."""
    drop_capabilities: list[Capability] = Field(default_factory=list[str])
    """Rights of root's not to have: ``["ALL"]``."""
    read_only_root_filesystem: bool | None = None
    """Whether nothing can be written but in volumes."""
    fs_group: Id | None = None
    """The group that owns the files in the pod's volumes, and that its programs have beside their own. Not for a single
    container."""
    fs_group_change_policy: Literal["OnRootMismatch", "Always"] | None = None
    """When files get that group: always, or only where the top of the volume has another one. Not for a single
    container."""
    supplemental_groups: list[Id] = Field(default_factory=list[int])
    """Further groups. Not for a single container."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        problem = None if self.invalid else _contradiction(self)
        if problem:
            raise ValueError(problem)
        return self


def _contradiction(context: SecurityContext) -> str | None:
    """What Kubernetes would refuse: ``ValidateSecurityContext`` in kubernetes/pkg/apis/core/validation."""
    if context.run_as_non_root and context.run_as_user == 0:
        return "run_as_non_root refuses the user 0, which is root"
    if context.allow_privilege_escalation is False and context.privileged:
        return "privileged is an escalation, which allow_privilege_escalation=False refuses"
    if context.allow_privilege_escalation is False and "SYS_ADMIN" in context.add_capabilities:
        return "SYS_ADMIN is an escalation, which allow_privilege_escalation=False refuses"
    return None


RESTRICTED = SecurityContext(
    run_as_non_root=True,
    seccomp_profile="RuntimeDefault",
    allow_privilege_escalation=False,
    drop_capabilities=["ALL"],
    read_only_root_filesystem=True,
)
"""What ``security="restricted"`` means: the Pod Security Standard ``restricted``, and a root file system that is read-only.

To change one thing: ``RESTRICTED.override(run_as_user=101)``.
"""

_UNRESTRICTED = SecurityContext()

Security = Literal["restricted"] | SecurityContext
"""A security context, or the word for :data:`RESTRICTED`."""


def of_pods_only(security: Security) -> str | None:
    """A field that is set and has no meaning for a single container."""
    return next((name for name in _OF_PODS if getattr(_context(security), name)), None)


def effective(workload: Security | None, container: Security | None) -> SecurityContext:
    """What holds for a container: its own fields, else its workload's. Raises ValueError where these contradict."""
    base = _context(workload)
    own = _context(container)
    merged = base.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})
    problem = _contradiction(merged)
    if problem:
        raise ValueError(problem)
    return merged


def pod_manifest(security: Security | None) -> dict[str, Any]:
    """The ``securityContext`` of a pod; parts that are not set are left out."""
    context = _context(security)
    return _set(
        **_shared(context),
        fsGroup=context.fs_group,
        fsGroupChangePolicy=context.fs_group_change_policy,
        supplementalGroups=context.supplemental_groups or None,
    )


def container_manifest(workload: Security | None, container: Security | None) -> dict[str, Any]:
    """The ``securityContext`` of a container: what is its own, and what Kubernetes does not take from the pod's."""
    context = effective(workload, container)
    capabilities = _set(add=context.add_capabilities or None, drop=context.drop_capabilities or None)
    return _set(
        **_shared(_context(container)),
        allowPrivilegeEscalation=context.allow_privilege_escalation,
        privileged=context.privileged,
        capabilities=capabilities or None,
        readOnlyRootFilesystem=context.read_only_root_filesystem,
    )


def _context(security: Security | None) -> SecurityContext:
    if isinstance(security, SecurityContext):
        return _UNRESTRICTED if security.invalid else security
    return RESTRICTED if security else _UNRESTRICTED


def _shared(context: SecurityContext) -> dict[str, Any]:
    """What pods and containers both have; a container takes what it does not say from its pod."""
    return {
        "runAsUser": context.run_as_user,
        "runAsGroup": context.run_as_group,
        "runAsNonRoot": context.run_as_non_root,
        "seccompProfile": _seccomp(context.seccomp_profile) if context.seccomp_profile else None,
    }


def _seccomp(profile: str) -> dict[str, str]:
    if profile.startswith(_LOCALHOST):
        return {"type": "Localhost", "localhostProfile": derived(profile.removeprefix(_LOCALHOST), profile)}
    return {"type": profile}


def _set(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
