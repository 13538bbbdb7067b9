"""What is wrong with the parts before, and with the resources after the modules were called."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from kusion_dsl.compiler.generation import Draft
from kusion_dsl.compiler.inputs import Inputs
from kusion_dsl.compiler.policy import check_version
from kusion_dsl.compiler.tracing import plain
from kusion_dsl.errors import AppError, CompileError, KusionError, Position, Problem
from kusion_dsl.model.app import Application
from kusion_dsl.model.names import kebab, label_problem
from kusion_dsl.model.provenance import Traced
from kusion_dsl.model.reference import format_path
from kusion_dsl.model.spec import KUBERNETES, SpecResource
from kusion_dsl.model.token import has_token
from kusion_dsl.model.workspace import Workspace

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_SUBDOMAIN = 253
_RBAC = f"{KUBERNETES}:rbac.authorization.k8s.io/"
"""Names of roles may be anything that is one segment of a path: ``system:node``
(https://kubernetes.io/docs/reference/access-authn-authz/rbac/)."""


def check_applications(inputs: Inputs) -> None:
    """Raise for applications and accessories whose names do not fit, and for modules of the wrong version."""
    problems = list(_name_problems(inputs))
    if problems:
        raise AppError.of(problems)
    for installed in sorted(inputs.modules.values(), key=lambda installed: installed.name):
        check_version(inputs.workspace, installed)


def _name_problems(inputs: Inputs) -> Iterator[Problem]:
    first: dict[str, Application] = {}
    for application in inputs.applications:
        where = inputs.sources.position(application.site)
        problem = label_problem(application.name)
        if problem:
            yield Problem(f"the name '{application.name}' of the application {problem}", where, 'set name = "..."')
        other = first.setdefault(application.name, application)
        if other is not application:
            position = inputs.sources.position(other.site)
            hint = f'the other is at {position}; set name = "..." in one of them'
            yield Problem(f"two applications have the name '{application.name}'", where, hint)
        yield from _accessory_problems(inputs, application, where)


def _accessory_problems(inputs: Inputs, application: Application, where: Position | None) -> Iterator[Problem]:
    spelled: dict[str, str] = {}
    for name, component in application.accessories.items():
        problem = label_problem(kebab(name))
        if problem:
            what = f"the name '{name}' of an accessory of {application.name} {problem}"
            yield Problem(what, inputs.sources.position(component.site_of()) or where, "rename it")
        other = spelled.setdefault(kebab(name), name)
        if other != name:
            yield Problem(
                f"the accessories '{other}' and '{name}' of {application.name} would have the same resources",
                inputs.sources.position(component.site_of()) or where,
                "rename one of them",
            )


def check_resources(drafts: Iterable[Draft]) -> None:
    """Raise CompileError for Kubernetes objects whose names Kubernetes would refuse."""
    errors: list[KusionError] = []
    for draft in drafts:
        if not draft.resource.type.startswith(f"{KUBERNETES}:"):
            continue
        name = plain(draft.attributes["metadata"]["name"])
        if draft.resource.type.startswith(_RBAC) and name not in ("", ".", "..") and not set("/%") & set(name):
            continue
        if len(name) > _LONGEST_SUBDOMAIN or not _SUBDOMAIN.fullmatch(name):
            errors.append(
                CompileError(
                    f"'{name}' is no name for a {draft.attributes['kind']}",
                    where=draft.where,
                    hint="use at most 253 lower-case letters, digits, '-' and '.', with a letter or digit at both ends",
                )
            )
    if errors:
        raise CompileError.of([problem for error in errors for problem in error.problems])


def missing_store(
    resources: Iterable[SpecResource], drafts: Mapping[str, Draft], lifted: Container[str], workspace: Workspace
) -> Iterator[Problem]:
    """A warning where environments use values of a secret store and the workspace has none: applying will need it.

    ``lifted`` are the Secrets made for environments. Raises CompileError where a resource that a component declares
    uses such values: it is there for nothing else.
    """
    if workspace.config.secret_store is not None:
        return
    using = [each.id for each in resources if any(reference.is_secret for reference in each.references())]
    problem = Problem(
        "secrets are used, but the workspace has no secretStore",
        f"workspace {workspace.name}",
        "add one to the workspace: secretStore: {provider: {env: {}}}",
        tuple(sorted(f"{drafts[id].where}: {id}" for id in using)),
    )
    if any(id not in lifted for id in using):
        raise CompileError.of([problem])
    if using:
        yield problem


def literal_secrets(drafts: Iterable[Draft]) -> Iterator[Problem]:
    """A warning for every value of a Kubernetes Secret that stands literally in the author's file."""
    for draft in drafts:
        if draft.resource.type != "kubernetes:core/v1:Secret":
            continue
        for field in ("data", "stringData"):
            for key, value in _items(draft.attributes.get(field)):
                origin = value.origin() if isinstance(value, Traced) else None
                if origin is not None and origin.kind == "author" and not has_token(value):
                    yield Problem(
                        f"{format_path((field, key))} of {draft.id} is a secret in plain text",
                        origin.position or draft.where,
                        'keep it in a secret store and write Secret("name", key="...")',
                    )


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, Mapping) else ()
