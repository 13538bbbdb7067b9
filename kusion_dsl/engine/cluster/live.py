"""What is in a cluster, read beside Pulumi: objects that no state knows, whose fields are whose, why pods do not run."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from kusion_dsl.engine.cluster.connection import Answer, Connection
from kusion_dsl.engine.cluster.refusals import advice
from kusion_dsl.errors import EngineError

Object = Mapping[str, Any]
"""A Kubernetes object as the API server has it, defaults, status and managedFields included."""


class LiveObjects:
    """Reads objects by ``apiVersion`` and ``kind``; may be used by several threads.

    Every method raises EngineError where the cluster is not reached or the credentials may not read what is asked for.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kinds: dict[str, Mapping[str, tuple[str, bool]]] = {}
        self._learning = threading.Lock()

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Object | None:
        """An object; None where there is none, or where the cluster does not know its kind."""
        path = self._path(api_version, kind, namespace, name)
        found: Object | None = self._asked(path) if path else None
        return found

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str = "",
        labels: Mapping[str, str] | None = None,
        fields: str = "",
    ) -> tuple[Object, ...]:
        """The objects of a kind that have all of ``labels`` and fit the field selector, in a namespace or in all.

        Empty where the cluster does not know the kind. The items of a list do not say their kind, so it is filled in.
        """
        path = self._path(api_version, kind, namespace, "")
        selector = ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items()))
        query = {"labelSelector": selector, "fieldSelector": fields}
        found = self._asked(path, {key: value for key, value in query.items() if value}) if path else None
        return tuple({"apiVersion": api_version, "kind": kind, **each} for each in (found or {}).get("items") or ())

    def kinds(self) -> tuple[tuple[str, str], ...]:
        """Every kind whose objects are in namespaces and can be listed: ``apiVersion`` and ``kind``.

        Of each group it is the version that the API server prefers
        (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api).
        """
        groups = (self._asked("/apis") or {}).get("groups") or ()
        versions = ["v1", *(each["preferredVersion"]["groupVersion"] for each in groups)]
        return tuple(
            (version, each["kind"])
            for version in versions
            for each in (self._asked(_root(version)) or {}).get("resources") or ()
            if each["namespaced"] and "list" in each["verbs"] and "/" not in each["name"]
        )

    def try_out(self, obj: Object, manager: str) -> Answer | None:
        """What the API server answers to an object being applied, which is not done; None for a kind not known there.

        https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run. Whose fields they are does not matter.
        """
        metadata = obj["metadata"]
        space, name = str(metadata.get("namespace") or "default"), str(metadata["name"])
        path = self._path(str(obj["apiVersion"]), str(obj["kind"]), space, name)
        query = {"dryRun": "All", "fieldManager": manager, "force": "true"}
        return self._connection.ask(path, query, obj) if path else None

    def log(self, pod: str, namespace: str, container: str, *, lines: int = 10, previous: bool = False) -> str:
        """The last ``lines`` that a container said, of its run before this one with ``previous``; empty without any."""
        path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/log"
        query = {"container": container, "tailLines": str(lines), **({"previous": "true"} if previous else {})}
        answer = self._connection.ask(path, query)
        return answer.body.decode(errors="replace") if answer.code == 200 else ""

    def _path(self, api_version: str, kind: str, namespace: str, name: str) -> str:
        """Where objects of a kind are; empty for a kind that is not known.

        https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
        """
        root = _root(api_version)
        with self._learning:
            if kind not in self._kinds.get(root, {}):  # asked again: a definition may have been applied since
                listed = self._asked(root) or {}
                self._kinds[root] = {
                    each["kind"]: (each["name"], bool(each["namespaced"]))
                    for each in listed.get("resources") or ()
                    if "/" not in each["name"]
                }
            plural, namespaced = self._kinds[root].get(kind, ("", False))
        if not plural:
            return ""
        within = f"/namespaces/{quote(namespace)}" if namespaced and namespace else ""
        return f"{root}{within}/{plural}{'/' if name else ''}{quote(name)}"

    def _asked(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """What is at a path; None where there is nothing."""
        answer = self._connection.ask(path, query)
        if answer.code == 404:
            return None
        if answer.code != 200:
            raise _refused(answer, path, self._connection.source)
        return answer.document


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _refused(answer: Answer, path: str, source: str) -> EngineError:
    if answer.code == 403:
        what = "these credentials may not read this from the cluster"
        return EngineError(what, where=source, details=[answer.message or path], hint="allow them to get and list it")
    what = f"the cluster answers {answer.code} to {path}"
    known = advice(answer.message)
    details = [answer.message] if answer.message else ()
    return EngineError(what, where=source, details=details, hint=known.text if known else None)
