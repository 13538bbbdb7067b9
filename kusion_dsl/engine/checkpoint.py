"""Pulumi's state of a stack, as it is stored: taken apart, and marked for a run.

The form: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/core.go (VersionedCheckpoint).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kusion_dsl.engine.values import shown
from kusion_dsl.engine.workspace import qualified_name
from kusion_dsl.errors import DamagedError, NewerFormatError
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.spec import KUBERNETES

_NEWEST = 4
"""The newest version of the form that is known here."""

KUBERNETES_PROVIDER = f"pulumi:providers:{KUBERNETES}"

_RESTORE = "restore it from the .bak file beside it or from .pulumi/backups"


@dataclass(frozen=True)
class Checkpoint:
    """A stack's state, taken apart; ``document`` is what was stored."""

    document: dict[str, Any]

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The resources, providers and the stack's own included, what others need first."""
        latest = self.document["checkpoint"].get("latest") or {}
        return latest.get("resources") or []

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the resources that exist, sorted."""
        return tuple(sorted({name_of(each["urn"]) for each in self.resources if is_ours(each["urn"])}))

    @property
    def types(self) -> dict[str, str]:
        """The type of each resource by id."""
        return {name_of(each["urn"]): type_of(each["urn"]) for each in self.resources if is_ours(each["urn"])}

    @property
    def outputs(self) -> dict[str, dict[str, Any]]:
        """The outputs of each resource by id, secrets blinded."""
        return {
            name_of(each["urn"]): shown(each.get("outputs") or {})
            for each in self.resources
            if is_ours(each["urn"]) and not each.get("delete")
        }

    @property
    def inputs(self) -> dict[str, dict[str, Any]]:
        """The inputs of each resource by id, secrets blinded."""
        return {
            name_of(each["urn"]): shown(each.get("inputs") or {})
            for each in self.resources
            if is_ours(each["urn"]) and not each.get("delete")
        }

    @property
    def packages(self) -> set[str]:
        """The packages whose providers it has."""
        types = (type_of(each["urn"]) for each in self.resources)
        return {type.rpartition(":")[2] for type in types if type.startswith("pulumi:providers:")}

    @property
    def cluster(self) -> str:
        """The identifier of the cluster that its Kubernetes objects are in; empty where that is not known."""
        known = (each["inputs"] for each in self.resources if type_of(each["urn"]) == KUBERNETES_PROVIDER)
        return next((str(each["clusterIdentifier"]) for each in known if each.get("clusterIdentifier")), "")

    @property
    def pending(self) -> list[dict[str, Any]]:
        """The operations that were begun and of whose end nothing is known."""
        latest = self.document["checkpoint"].get("latest") or {}
        return latest.get("pending_operations") or []

    @property
    def retained(self) -> frozenset[str]:
        """The ids of the resources that Pulumi forgets instead of deleting them."""
        return frozenset(name_of(each["urn"]) for each in self.resources if each.get("retainOnDelete"))

    def retain(self, ids: Iterable[str], retained: bool = True) -> list[str]:
        """Mark resources so that Pulumi forgets them instead of deleting them; those whose mark changed."""
        wanted = set(ids)
        changed = []
        for each in self.resources:
            name = name_of(each["urn"])
            if is_ours(each["urn"]) and name in wanted and bool(each.get("retainOnDelete")) != retained:
                each.pop("retainOnDelete", None)
                each.update({"retainOnDelete": True} if retained else {})
                changed.append(name)
        return changed

    @property
    def emptied(self) -> Checkpoint:
        """The state of the stack without anything in it."""
        checkpoint = self.document["checkpoint"]
        gone = ("resources", "pending_operations")
        latest = {key: value for key, value in (checkpoint.get("latest") or {}).items() if key not in gone}
        return Checkpoint({**self.document, "checkpoint": {**checkpoint, "latest": latest}})

    def to_bytes(self) -> bytes:
        """The stored form."""
        return json.dumps(self.document, separators=(",", ":"), ensure_ascii=False).encode()


def parse(content: bytes, where: str, *, has_copy: bool = False) -> Checkpoint:
    """Take a stored state apart; ``has_copy`` tells that we have one of our own. Raises DamagedError, NewerFormatError."""
    hint = "remove it: there is a copy, which the next run puts there" if has_copy else _RESTORE
    try:
        document = json.loads(content)
    except ValueError as error:
        raise _damaged(where, f"it is not JSON: {error}", hint) from None
    if not isinstance(document, dict) or not isinstance(document.get("version"), int):
        raise _damaged(where, "it is no checkpoint", hint)
    if document["version"] > _NEWEST:
        raise NewerFormatError("the state was written by a newer Pulumi", where=where, hint="upgrade kusion-dsl")
    if not _is_whole(document.get("checkpoint")):
        raise _damaged(where, "it has no list of resources", hint)
    return Checkpoint(document)


def _is_whole(checkpoint: Any) -> bool:
    latest = checkpoint.get("latest") if isinstance(checkpoint, dict) else 0
    if latest is None:
        return True
    resources = latest.get("resources") if isinstance(latest, dict) else 0
    if resources is None:
        return True
    return isinstance(resources, list) and all(
        isinstance(each, dict) and isinstance(each.get("urn"), str) and each["urn"].count("::") >= 3
        for each in resources
    )


def empty(ref: StackRef) -> Checkpoint:
    """The state of a stack that was never applied."""
    return Checkpoint({"version": 3, "checkpoint": {"stack": qualified_name(ref), "latest": None}})


def name_of(urn: str) -> str:
    """The name of the resource, which is the Spec's id."""
    return urn.split("::", 3)[3]


def type_of(urn: str) -> str:
    """The type token of the resource."""
    return urn.split("::", 3)[2].rpartition("$")[2]


def is_ours(urn: str) -> bool:
    """Whether it is a resource of the Spec, not Pulumi's own stack or provider resource."""
    return not type_of(urn).startswith("pulumi:")


def _damaged(where: str, why: str, hint: str) -> DamagedError:
    return DamagedError(
        f"Pulumi's state of the stack is damaged: {why}", where=where, hint=f"nothing was changed; {hint}"
    )
