"""The Kubernetes API over HTTPS, as much of it as the stand-in needs.

Not through lightkube: it knows no discovery, so that every custom kind would have to be described to it first, and reads
no answer's ``Retry-After``; what is left for it to do is what ``urllib`` does as well.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from kusion_dsl.errors import EngineError

_PATIENCE = "PULUMI_K8S_CLIENT_TIMEOUT"  # seconds that the API server has to answer; without the variable any time
_JSON, _JSON_PATCH, _APPLY = "application/json", "application/json-patch+json", "application/apply-patch+yaml"
NO_MATCH = "NoMatch"
_TRIES = 10  # as client-go's rest.Request has them, for answers that say when to come again

Object = dict[str, Any]


class ApiError(EngineError):
    """What the API server refused: its code of HTTP (0: it was not reached), its reason and its own words.

    ``kind`` is the resource that a 404 misses.
    """

    def __init__(self, code: int, what: str, reason: str = "", kind: str = "") -> None:
        super().__init__(what)
        self.code = code
        self.reason = reason
        self.kind = kind


class Api:
    """One cluster, as one context of a kubeconfig describes it. Methods may be called from several threads.

    ``group_version`` is ``apps/v1`` or ``v1``. Every method raises ApiError.
    """

    def __init__(self, kubeconfig: str, context: str = "") -> None:
        """``kubeconfig`` is a path, or the content; without one it is the variable ``KUBECONFIG``."""
        text = kubeconfig if "\n" in kubeconfig else Path(kubeconfig or os.environ["KUBECONFIG"]).read_text("utf-8")
        document = yaml.safe_load(text)
        chosen = _named(document, "context", context or document["current-context"])
        cluster, user = _named(document, "cluster", chosen["cluster"]), _named(document, "user", chosen["user"])
        self._server = str(cluster["server"])
        self._tls = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        self._token = str(user["token"])
        self._timeout = float(os.environ[_PATIENCE]) if os.environ.get(_PATIENCE) else None
        self._kinds: dict[tuple[str, str], tuple[str, bool]] = {}
        self._learning = threading.Lock()

    def reach(self) -> None:
        """Ask the API server whether it is one."""
        self._request("GET", "/version")

    def get(self, group_version: str, kind: str, namespace: str, name: str) -> Object | None:
        """An object, None where there is none, or where its kind is not known."""
        try:
            return self._request("GET", self._path(group_version, kind, namespace, name))
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def list(self, group_version: str, kind: str, namespace: str, **selectors: str) -> list[Object]:
        """The objects of a kind in a namespace."""
        answer = self._request("GET", self._path(group_version, kind, namespace, ""), selectors)
        return list(answer["items"])

    def create(self, obj: Object, manager: str, *, dry_run: bool) -> Object:
        """Create an object; 409 where there is one."""
        path = self._path(obj["apiVersion"], obj["kind"], _namespace(obj), "")
        return self._request("POST", path, {"fieldManager": manager, **_dry(dry_run)}, obj)

    def apply(self, obj: Object, manager: str, *, force: bool, dry_run: bool) -> Object:
        """Apply an object server-side; 409 where another manager has one of its fields."""
        path = self._path(obj["apiVersion"], obj["kind"], _namespace(obj), str(obj["metadata"]["name"]))
        query = {"fieldManager": manager, "force": str(force).lower(), **_dry(dry_run)}
        return self._request("PATCH", path, query, obj, _APPLY)

    def replace(self, obj: Object, manager: str, *, dry_run: bool) -> Object:
        """Put an object, whose ``resourceVersion`` must be that of the live one, in its place."""
        path = self._path(obj["apiVersion"], obj["kind"], _namespace(obj), str(obj["metadata"]["name"]))
        return self._request("PUT", path, {"fieldManager": manager, **_dry(dry_run)}, obj)

    def set_managers(self, obj: Object, entries: Sequence[Any]) -> Object:
        """Replace ``metadata.managedFields``."""
        path = self._path(obj["apiVersion"], obj["kind"], _namespace(obj), str(obj["metadata"]["name"]))
        patch = [{"op": "replace", "path": "/metadata/managedFields", "value": entries}]
        return self._request("PATCH", path, {}, patch, _JSON_PATCH)

    def delete(self, group_version: str, kind: str, namespace: str, name: str, propagation: str) -> None:
        """Begin to delete an object; it may be gone already."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        try:
            self._request("DELETE", self._path(group_version, kind, namespace, name), {}, options)
        except ApiError as error:
            if error.code != 404:
                raise

    def _path(self, group_version: str, kind: str, namespace: str, name: str) -> str:
        plural, namespaced = self._kind(group_version, kind)
        within = f"/namespaces/{namespace or 'default'}" if namespaced else ""
        return f"{_root(group_version)}{within}/{plural}{'/' + name if name else ''}"

    def _kind(self, group_version: str, kind: str) -> tuple[str, bool]:
        with self._learning:
            if (group_version, kind) not in self._kinds:
                for each in self._listed(group_version):
                    if "/" not in each["name"]:
                        self._kinds[group_version, each["kind"]] = (each["name"], bool(each["namespaced"]))
            if (group_version, kind) not in self._kinds:
                raise ApiError(404, f'no matches for kind "{kind}" in version "{group_version}"', NO_MATCH)
            return self._kinds[group_version, kind]

    def _listed(self, group_version: str) -> Iterable[Any]:
        try:
            listed: Iterable[Any] = self._request("GET", _root(group_version))["resources"]
        except ApiError as error:
            if error.code == 404:
                return ()
            raise
        return listed

    def _request(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Any = None, media: str = _JSON
    ) -> Object:
        request = urllib.request.Request(
            f"{self._server}{path}?{urlencode(query or {})}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": media, "Accept": _JSON},
        )
        for left in reversed(range(_TRIES)):
            try:
                with urllib.request.urlopen(request, context=self._tls, timeout=self._timeout) as answer:
                    answered: Object = json.load(answer)
                    return answered
            except urllib.error.HTTPError as error:
                with error:
                    refused, wait = _error(error.code, error.read()), error.headers.get("Retry-After", "")
                if not (left and wait.isdigit() and (error.code == 429 or error.code >= 500)):
                    raise refused from None
            except (OSError, HTTPException) as error:
                if not (left and method == "GET" and _is_reset(error)):
                    raise ApiError(0, f"the API server at {self._server} cannot be reached: {error}") from None
                wait = "1"
            time.sleep(int(wait))
        raise AssertionError("the last try returns or raises")


def _named(document: Any, kind: str, name: str) -> Any:
    for each in document[f"{kind}s"]:
        if each["name"] == name:
            return each[kind]
    raise EngineError(f"the kubeconfig has no {kind} '{name}'")


def _root(group_version: str) -> str:
    return f"/apis/{group_version}" if "/" in group_version else f"/api/{group_version}"


def _namespace(obj: Object) -> str:
    return str(obj["metadata"].get("namespace") or "")


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}


def _is_reset(error: Exception) -> bool:
    return isinstance(getattr(error, "reason", error), ConnectionResetError)


def _error(code: int, body: bytes) -> ApiError:
    try:
        status = json.loads(body)
    except ValueError:  # a proxy's page
        return ApiError(code, body.decode(errors="replace")[:200])
    what = str(status.get("message") or f"it answers {code}")
    return ApiError(code, what, str(status.get("reason", "")), str((status.get("details") or {}).get("kind", "")))
