"""The providers of a Spec: their versions, and how the workspace's context and the resources configure them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kusion_dsl.compiler.generation import Draft
from kusion_dsl.compiler.inputs import Inputs
from kusion_dsl.compiler.tracing import plain
from kusion_dsl.errors import CompileError, KusionError, WorkspaceError
from kusion_dsl.model.reference import SECRET_SCHEME, escape, parse_secret
from kusion_dsl.model.spec import Provider
from kusion_dsl.model.token import has_token
from kusion_dsl.model.workspace import Workspace

_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "aws": {
        "AWS_REGION": "region",
        "AWS_PROFILE": "profile",
        "AWS_ACCESS_KEY_ID": "accessKey",
        "AWS_SECRET_ACCESS_KEY": "secretKey",
        "AWS_SESSION_TOKEN": "token",
    },
    "alicloud": {
        "ALICLOUD_REGION": "region",
        "ALICLOUD_PROFILE": "profile",
        "ALICLOUD_ACCESS_KEY": "accessKey",
        "ALICLOUD_SECRET_KEY": "secretKey",
        "ALICLOUD_SECURITY_TOKEN": "securityToken",
    },
}
"""The keys of a context that configure a provider, by its package, and the names of its inputs that they set.

They are the ancestor's, which are the environment variables of the providers; of the environment nothing is read.
"""


def providers_of(inputs: Inputs, drafts: Iterable[Draft]) -> dict[str, Provider]:
    """The provider of every package that a resource is of.

    A version is that of the installed SDK; where there is none, the greatest one that a resource was written for.
    Raises CompileError for a package of which nobody knows a version and for settings that contradict each other,
    WorkspaceError for a key of the context that cannot configure a provider.
    """
    packages: dict[str, list[Draft]] = {}
    for draft in drafts:
        packages.setdefault(draft.resource.type.split(":", 1)[0], []).append(draft)
    return {
        package: Provider(_version(inputs, package, packages[package]), _config(inputs, package, packages[package]))
        for package in sorted(packages)
    }


def _version(inputs: Inputs, package: str, drafts: Iterable[Draft]) -> str:
    if package in inputs.providers:
        return inputs.providers[package]
    declared = {draft.resource.provider.version for draft in drafts} - {""}
    if not declared:
        raise CompileError(
            f"nothing installed says which version of the provider {package} to use",
            hint=f"pip install pulumi-{package}",
        )
    return max(declared, key=_numbers)


def _numbers(version: str) -> tuple[tuple[int, str], ...]:
    """Orders versions by their numbers: ``3.10.0`` after ``3.9.1``."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in version.split("."))


def _config(inputs: Inputs, package: str, drafts: Iterable[Draft]) -> dict[str, Any]:
    config: dict[str, Any] = {}
    said_by: dict[str, str] = {}
    for key, setting in _SETTINGS.get(package, {}).items():
        if key in inputs.workspace.config.context:
            config[setting] = _from_context(inputs.workspace, key)
            said_by[setting] = f"context.{key} of the workspace"
    for draft in drafts:
        for setting, value in draft.resource.provider.config.items():
            wanted = _from_resource(draft, setting, value)
            if config.setdefault(setting, wanted) != wanted:
                raise CompileError(
                    f"{draft.id} needs the provider {package} with another {setting} than {said_by[setting]}",
                    where=draft.where,
                    hint="let both say the same, or put one of them into a stack of its own",
                )
            said_by.setdefault(setting, draft.id)
    return config


def _from_context(workspace: Workspace, key: str) -> str:
    value = workspace.config.context[key]
    where = workspace.position(("context", key)) or f"workspace {workspace.name}: context.{key}"
    if not isinstance(value, str) or not value:
        raise WorkspaceError(f"context.{key} must be a text", where=where, hint=f"write it as {key}: '...'")
    try:
        return _text(value)
    except KusionError as error:
        raise WorkspaceError.of(error.problems).at(where) from None


def _from_resource(draft: Draft, setting: str, value: Any) -> Any:
    if has_token(value):
        raise CompileError(
            f"the setting {setting} of the provider of {draft.id} is known only while applying",
            where=draft.where,
            hint="a provider is configured by values of the workspace",
        )
    return _text(plain(value)) if isinstance(value, str) else plain(value)


def _text(value: str) -> str:
    """A text of a workspace as it stands in a Spec: ``ref://`` is a value of the secret store, the rest is literal."""
    return str(parse_secret(value)) if value.startswith(SECRET_SCHEME) else escape(value)
