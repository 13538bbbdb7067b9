"""Creating and updating objects, for real and as a dry run, with what the provider makes of the API server's refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tests.cluster.standin.api import NO_MATCH, Api, ApiError, Object
from tests.cluster.standin.managers import CREATOR, is_forced_in_preview, taken_over, without_ignored
from tests.cluster.standin.waiting import Say, annotation, is_true

_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds before what an object needs is looked for once more
_SEE = (
    "see https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/"
    "#handle-field-conflicts-on-existing-resources for troubleshooting help"
)
_THERE = (
    "\n\nThe resource already exists in the cluster. This can happen when:\n\n"
    "  - Adopting a resource into Pulumi: use `pulumi import`.\n"
    "  - Intentional upsert: set upsertExistingObjects on the provider to allow\n"
    "    server-side apply to update existing objects on create."
)


class Writer(NamedTuple):
    """Writes through ``api``; ``upserts`` and ``forces`` are settings of the provider, ``pause`` ends when cancelled."""

    api: Api
    upserts: bool
    forces: bool
    pause: Callable[[float], Any]

    def create(self, wanted: Object, manager: str, say: Say, *, dry_run: bool) -> Object | None:
        """The object as it is then; None for a dry run that tells nothing: something is missing, there or forbidden.

        What is missing (its namespace, its kind) may be on its way, and is waited for. Raises ApiError.
        """
        for number, pause in enumerate((*_PAUSES, 0.0)):
            try:
                return self._create(wanted, manager, dry_run=dry_run)
            except ApiError as error:
                if dry_run and _is_untold(error):
                    return None
                say("info", f"Retry #{number}; creation failed: {error}")
                if error.code != 404 or not pause or self.pause(pause):
                    raise
        raise AssertionError("the last try returns or raises")

    def update(self, wanted: Object, manager: str, ignored: Iterable[str], *, dry_run: bool) -> Object:
        """The object as it is then. Raises ApiError."""
        metadata = wanted["metadata"]
        identity = (wanted["apiVersion"], wanted["kind"], str(metadata.get("namespace") or ""), metadata["name"])
        live = self.api.get(*identity)
        if live is None:
            raise ApiError(404, f'{wanted["kind"]} "{metadata["name"]}" not found')
        if wanted["kind"] == "CustomResourceDefinition":
            version = live["metadata"]["resourceVersion"]
            whole = {**wanted, "metadata": {**metadata, "resourceVersion": version}}
            return self.api.replace(whole, manager, dry_run=dry_run)
        managers = None if dry_run else taken_over(live, manager)
        if managers is not None:
            live = self.api.set_managers(live, managers)
        force = self._forces(wanted) or (dry_run and is_forced_in_preview(live))
        return self._apply(without_ignored(wanted, live, manager, ignored), manager, force=force, dry_run=dry_run)

    def relinquish(self, obj: Object, former: str, manager: str) -> None:
        """Give up the fields of a manager whose name was changed."""
        if former != manager:
            metadata = {key: obj["metadata"][key] for key in ("name", "namespace") if key in obj["metadata"]}
            bare = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": metadata}
            self.api.apply(bare, former, force=False, dry_run=False)

    def _create(self, wanted: Object, manager: str, *, dry_run: bool) -> Object:
        if self.upserts:
            return self._apply(wanted, manager, force=dry_run or self._forces(wanted), dry_run=dry_run)
        try:
            return self.api.create(wanted, CREATOR, dry_run=dry_run)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            raise ApiError(error.code, f"{error}{_THERE}", error.reason) from None

    def _apply(self, wanted: Object, manager: str, *, force: bool, dry_run: bool) -> Object:
        try:
            return self.api.apply(wanted, manager, force=force, dry_run=dry_run)
        except ApiError as error:
            if error.reason != "Conflict":
                raise
            what = f"server-side apply field conflict detected, {_SEE}\n"
            what += f'The resource managed by field manager "{manager}" had an apply conflict: {error}'
            raise ApiError(error.code, what, error.reason) from None

    def _forces(self, wanted: Object) -> bool:
        return self.forces or is_true(annotation(wanted, "patchForce"))


def _is_untold(error: ApiError) -> bool:
    """Whether a dry run passes all the same; an immutable field does, as the real one tries another name then."""
    missing = error.code == 404 and (error.reason == NO_MATCH or error.kind == "namespaces")
    immutable = error.code == 422 and "field is immutable" in str(error)
    return missing or immutable or error.code == 403 or error.reason == "AlreadyExists"
