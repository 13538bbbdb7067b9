"""What a run that was cut off left half done, settled before the next one, so that nothing is created twice.

Pulumi itself only warns of pending operations: it creates again, and what the first create made stays for ever
without an owner. Here a create whose object exists is *adopted*: its resource goes into the state with the object's
id, and nothing else that the provider would say of it. It is marked ``refreshBeforeUpdate``, so that the engine
reads it before it does anything else, takes inputs and outputs from there, and drops it if it is gone after all
(https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/deployment_executor.go, refresh). Without outputs a
bridged provider imports it by its id, which may be another than the one that it has in the end
(https://github.com/pulumi/pulumi-terraform-bridge/blob/main/pkg/tfbridge/provider.go, Read). The mark is in the state
and goes with the first read: a second crash in between loses nothing. Updates and deletes that were cut off are
simply repeated, on what is read first for the same reason: the program may want the old state again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kusion_dsl.engine.journal.deployment import rebuild_dependencies
from kusion_dsl.errors import KusionError, Problem, RefusedError

READ_FIRST = "refreshBeforeUpdate"
"""The mark of a resource that the engine reads before an update, whatever else it is told."""

CLEAR = (
    "look whether the object exists; if it does, remove it, or take it over with `pulumi import`; then forget the "
    "create with `pulumi refresh --clear-pending-creates`, both in the environment that `kusion engine env` prints"
)
"""What to do about a create of which nobody can know what became of it."""


@dataclass(frozen=True, slots=True)
class PendingCreate:
    """A create that was begun and of whose end nothing is known.

    ``inputs`` are the checked ones, and ``provider`` those of its provider, as the state has them: secrets encrypted.
    """

    urn: str
    type: str
    inputs: Mapping[str, Any]
    provider: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name of the resource, which is the Spec's id."""
        return self.urn.split("::", 3)[3]


Find = Callable[[PendingCreate], str | None]
"""The id of the object that a create has made, None if it has made none; a guess is good enough where a provider can
tell whether there is such an object. Raises KusionError, saying what to look for and what to do, if nobody can know."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """A state without pending operations; by URN, which creates were ``adopted`` and which were ``forgotten``.

    A state with marked resources needs a newer form than others: see
    :func:`kusion_dsl.engine.journal.deployment.features`.
    """

    deployment: dict[str, Any]
    adopted: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()


def adopt(deployment: Mapping[str, Any], find: Find) -> Adoption:
    """Settle every pending operation of ``deployment``, which is not changed.

    Raises RefusedError with all that ``find`` raises: until a human has looked, nothing can be done to the stack
    without the risk of a second object.
    """
    settling = _Settling([dict(each) for each in deployment.get("resources") or []], find)
    for operation in deployment.get("pending_operations") or []:
        settling.settle(operation["resource"], operation["type"])
    if settling.problems:
        raise RefusedError.of(settling.problems)
    if settling.adopted:  # a pending create may name what is gone since
        rebuild_dependencies(settling.resources)
    settled = {key: value for key, value in deployment.items() if key != "pending_operations"}
    if settling.resources:
        settled["resources"] = settling.resources
    return Adoption(settled, tuple(settling.adopted), tuple(settling.forgotten))


class _Settling:
    """Pending operations, settled one after the other."""

    def __init__(self, resources: list[dict[str, Any]], find: Find) -> None:
        self.resources = resources
        self.adopted: list[str] = []
        self.forgotten: list[str] = []
        self.problems: list[Problem] = []
        self._find = find

    def settle(self, resource: Mapping[str, Any], operation: str) -> None:
        """One operation; imports and reads that were cut off have changed nothing."""
        match operation:
            case "creating":
                self._settle_create(resource)
            case "updating" | "deleting":
                self._read_first(resource)

    def _settle_create(self, resource: Mapping[str, Any]) -> None:
        try:
            provider = self._provider(resource)
            id = self._found(resource, provider)
        except KusionError as error:
            self.problems += error.problems
        else:
            if id is None:
                self.forgotten.append(resource["urn"])
            else:
                self._adopt({**resource, "id": id, READ_FIRST: True}, provider)
                self.adopted.append(resource["urn"])

    def _found(self, resource: Mapping[str, Any], provider: Mapping[str, Any]) -> str | None:
        if not resource.get("custom") or resource["type"].startswith("pulumi:"):
            return None  # components and providers exist in the state alone
        inputs = resource.get("inputs") or {}
        return self._find(PendingCreate(resource["urn"], resource["type"], inputs, provider.get("inputs") or {}))

    def _provider(self, resource: Mapping[str, Any]) -> Mapping[str, Any]:
        """Its provider's resource; another instance of the same if that one was replaced since."""
        urn, _, id = (resource.get("provider") or "").rpartition("::")
        same = [each for each in self.resources if each["urn"] == urn]
        exact = [each for each in same if each.get("id") == id]
        if urn and not same:
            what = "a create was cut off, and its provider, which could tell what became of it, is not in the state"
            raise RefusedError(what, where=resource["urn"].split("::", 3)[3], hint=CLEAR)
        return next(iter(exact or same), {})

    def _adopt(self, resource: dict[str, Any], provider: Mapping[str, Any]) -> None:
        """Put it after what it needs; what it was to replace is deleted later, or is it, or is gone already."""
        resource.pop("outputs", None)
        if provider:
            resource["provider"] = f"{provider['urn']}::{provider['id']}"
        others = []
        for each in self.resources:
            if each["urn"] == resource["urn"]:
                is_old = bool(each.get("delete") or each.get("pendingReplacement"))
                is_same = each.get("id") == resource["id"]
                if is_same and not is_old:
                    each[READ_FIRST] = True
                    return
                if is_same or each.get("pendingReplacement"):
                    continue
                each["delete"] = True
            others.append(each)
        place = _place(needed(resource), provider, others)
        self.resources = [*others[:place], resource, *others[place:]]

    def _read_first(self, resource: Mapping[str, Any]) -> None:
        """Mark what was being changed. An update is journaled without the id, of the only one that stays."""
        urns = {resource["urn"], *(resource.get("aliases") or ())}
        for each in self.resources:
            is_it = each.get("id") == resource["id"] if resource.get("id") else not each.get("delete")
            if each["urn"] in urns and is_it and each.get("provider"):
                each[READ_FIRST] = True


def needed(resource: Mapping[str, Any]) -> set[str]:
    """The URNs that must come before it."""
    needed = {urn for key in ("dependencies", "replaceWith") for urn in resource.get(key) or ()}
    needed.update(urn for urns in (resource.get("propertyDependencies") or {}).values() for urn in urns)
    return needed | {resource[key] for key in ("parent", "deletedWith") if resource.get(key)}


def _place(needed: set[str], provider: Mapping[str, Any], resources: list[dict[str, Any]]) -> int:
    """The first at which a resource can stand that needs these; of two with one URN it needs the one that stays."""
    places: dict[str, int] = {}
    for staying in (False, True):
        of_kind = (pair for pair in enumerate(resources) if staying is not bool(pair[1].get("delete")))
        places.update({each["urn"]: index for index, each in of_kind if each["urn"] in needed})
    after = [index for index, each in enumerate(resources) if each is provider]
    return 1 + max([*places.values(), *after], default=-1)
