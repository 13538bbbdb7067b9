"""What the workspace's blocks say to the compiler itself, whichever module they are for.

- ``importedResources``: resources that exist already and are taken over by the stack. Pulumi reads an imported resource
  and then changes it to the inputs that it is to have (https://www.pulumi.com/docs/iac/concepts/options/import/); these
  stay as the module made them. It is protected from deletion while its entry stands; once it is imported the entry may
  go.
- ``healthPolicy``: when what a module makes is well, kept in the Spec beside the workload, or beside the objects of the
  kind that the policy names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from kusion_dsl.compiler.generation import Draft
from kusion_dsl.compiler.inputs import Inputs
from kusion_dsl.errors import Position, Problem, WorkspaceError, did_you_mean
from kusion_dsl.model.reference import Path
from kusion_dsl.model.spec import kubernetes_type
from kusion_dsl.model.workspace import HealthPolicy, Workspace

_ANCESTOR_TYPES: Mapping[str, str] = {
    "hashicorp:aws:aws_db_instance": "aws:rds/instance:Instance",
    "hashicorp:aws:aws_security_group": "aws:ec2/securityGroup:SecurityGroup",
    "hashicorp:aws:aws_opensearch_domain": "aws:opensearch/domain:Domain",
    "aliyun:alicloud:alicloud_db_instance": "alicloud:rds/instance:Instance",
    "aliyun:alicloud:alicloud_db_connection": "alicloud:rds/connection:Connection",
    "aliyun:alicloud:alicloud_rds_account": "alicloud:rds/account:Account",
}
"""The ancestor's Terraform types, as they stand in the ids of workspaces written for it, and Pulumi's for the same."""


class Import(NamedTuple):
    """A resource that exists already: the id that the cloud has for it, and where the workspace says so."""

    cloud_id: str
    where: Position | str

    @property
    def options(self) -> Mapping[str, Any]:
        """Pulumi's resource options for it."""
        return {"import": self.cloud_id, "protect": True}


def imports_of(inputs: Inputs) -> Mapping[str, Import]:
    """The resources to import by their ids in the Spec, from all blocks for the applications of the stack.

    An id as the ancestor wrote it (``aliyun:alicloud:alicloud_db_instance:NAME``) means what is now made for it.
    Raises WorkspaceError for an id that is given two different values.
    """
    found: dict[str, Import] = {}
    problems: list[Problem] = []
    for path, id, cloud_id in _imported(inputs):
        entry = Import(cloud_id, _where(inputs.workspace, path))
        first = found.setdefault(_id(id), entry)
        if first.cloud_id != cloud_id:
            what = f"{id} is imported as '{cloud_id}' here, and as '{first.cloud_id}' elsewhere"
            problems.append(Problem(what, entry.where, f"keep one of them; the other is at {first.where}"))
    if problems:
        raise WorkspaceError.of(problems)
    return found


def _imported(inputs: Inputs) -> Iterator[tuple[Path, str, str]]:
    places = [inputs.place(application.name) for application in inputs.applications]
    for module, policy in inputs.workspace.config.modules.items():
        importing = {name: block for name, block in policy.configs.items() if block.imported_resources}
        for name, block in importing.items():
            if any(block.selects(place) for place in places):
                for id, cloud_id in block.imported_resources.items():
                    yield ("modules", module, "configs", name, "importedResources", id), id, cloud_id


def _id(id: str) -> str:
    kind, _, name = id.rpartition(":")
    return f"{_ANCESTOR_TYPES[kind]}:{name}" if kind in _ANCESTOR_TYPES else id


def unused_imports(imports: Mapping[str, Import], drafts: Collection[str]) -> Iterator[Problem]:
    """A warning for every imported id that no resource of the stack has; ``drafts`` are the ids that there are."""
    for id, entry in imports.items():
        if id not in drafts:
            hint = did_you_mean(id, drafts) or "nothing is to be done if another stack of the project has it"
            yield Problem(f"{id} is to be imported, but this stack has no such resource", entry.where, hint)


def unused_modules(workspace: Workspace, used: Collection[str]) -> Iterator[Problem]:
    """One warning for all modules that the workspace decides about and no application of the stack uses."""
    unused = [name for name in workspace.config.modules if name not in used]
    if unused:
        places = [f"{_where(workspace, ('modules', name))}: {name}" for name in unused]
        near = [f"'{name}': {hint}" for name in unused if (hint := did_you_mean(name, used))]
        yield Problem(
            f"no application of this stack uses {', '.join(unused)}",
            _where(workspace, ("modules", unused[0])),
            "; ".join(near) or "nothing is to be done if other stacks of the workspace do",
            tuple(places) if len(places) > 1 else (),
        )


class Health(NamedTuple):
    """For resource ids the policies of their health, and warnings for policies that are about nothing."""

    policies: Mapping[str, Mapping[str, str]]
    warnings: tuple[Problem, ...]


def health_of(inputs: Inputs, drafts: Iterable[Draft]) -> Health:
    """Which resources the health policies of the blocks for their applications are about."""
    made: dict[tuple[str, str], list[Draft]] = {}
    for draft in drafts:
        if draft.producer is not None:
            made.setdefault((draft.producer.module.name, draft.producer.app), []).append(draft)
    policies: dict[str, Mapping[str, str]] = {}
    about: dict[Path, bool] = {}
    for (module, app), theirs in made.items():
        policy = inputs.workspace.config.modules.get(module)
        if policy is None:
            continue
        blocks = [name for name in policy.blocks_for(inputs.place(app)) if policy.configs[name].health_policy]
        health = policy.configs[blocks[-1]].health_policy if blocks else None
        if health is not None:
            found = {draft.id: {"health.kcl": health.rule} for draft in theirs if _is_about(health, draft)}
            policies.update(found)
            path: Path = ("modules", module, "configs", blocks[-1], "healthPolicy")
            about[path] = about.get(path, False) or bool(found)
    hint = "name the objects that it is about by apiVersion and kind"
    warnings = (
        Problem("this policy is about nothing that is made", _where(inputs.workspace, path), hint)
        for path, has_objects in about.items()
        if not has_objects
    )
    return Health(policies, tuple(warnings))


def _is_about(health: HealthPolicy, draft: Draft) -> bool:
    named = kubernetes_type(health.api_version, health.kind).lower()
    return draft.resource.workload or draft.resource.type.lower() == named


def _where(workspace: Workspace, path: Path) -> Position | str:
    return workspace.position(path) or f"workspace {workspace.name}"
