"""Requests to the API server of one cluster, with what a kubeconfig says of the way there.

Only what is asked beside Pulumi: which cluster it is, what is there already, why something does not come up. No client
library of Python that is kept up takes all of a kubeconfig: credentials from a program in the form ``v1`` or as
certificates, proxies.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import urlencode

from kusion_dsl.engine.cluster.kubeconfig import Access
from kusion_dsl.errors import EngineError

_TIMEOUT = 15.0
"""Seconds that an API server, and a program that gets credentials, has to answer."""

_RETRIES = 9
_PAUSE, _LONGEST_PAUSE = 1.0, 10.0  # seconds between two tries

_APPLY = "application/apply-patch+yaml"
"""JSON is YAML (https://kubernetes.io/docs/reference/using-api/server-side-apply/#serialization)."""


class Answer(NamedTuple):
    """What an API server answered: the code of HTTP, and the body."""

    code: int
    body: bytes

    @property
    def document(self) -> Any:
        """The body as JSON. Raises EngineError where it is none: it is no API server then."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise EngineError(f"what answers is no API server: it says no JSON, with code {self.code}") from None

    @property
    def message(self) -> str:
        """What the API server says about a failure (``Status.message``); empty where it says nothing."""
        try:
            said = json.loads(self.body)
        except ValueError:  # a proxy's page
            return ""
        return str(said.get("message", "")) if isinstance(said, dict) else ""


class Connection:
    """A way to an API server; nothing is opened, and no program run, before the first question.

    ``source`` says where the kubeconfig is from, and which server that is.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._server = str(access.cluster.get("server", "")).rstrip("/")
        self._opener: urllib.request.OpenerDirector | None = None
        self._headers: Mapping[str, str] = {}

    @property
    def source(self) -> str:
        """The kubeconfig and the server, for messages."""
        return f"{self._access.source}: {self._server}"

    def ask(self, path: str, query: Mapping[str, str] | None = None, applied: Any = None) -> Answer:
        """GET ``path``; or PATCH it, a server-side apply of the object ``applied``.

        Raises EngineError where the server is not reached, or refuses the credentials. Credentials from a program or a
        file are fetched anew once, as they may have expired since.
        """
        answer = self._ask(path, query or {}, applied)
        if answer.code == 401 and self._access.user.keys() & {"exec", "tokenFile"}:
            self._opener = None
            answer = self._ask(path, query or {}, applied)
        if answer.code == 401:
            hint = "get new ones, as they may have expired; nothing is lost"
            raise EngineError("the cluster does not take these credentials", where=self.source, hint=hint)
        return answer

    def _ask(self, path: str, query: Mapping[str, str], applied: Any) -> Answer:
        opener = self._opened()
        url = f"{self._server}{path}{'?' if query else ''}{urlencode(query)}"
        request = urllib.request.Request(url, headers=dict(self._headers))
        if applied is not None:
            request.method, request.data = "PATCH", json.dumps(applied).encode()
            request.add_header("Content-Type", _APPLY)
        ended, wait = self._try(opener, request)
        for _ in range(_RETRIES):
            if wait is None:
                break
            time.sleep(wait)
            ended, wait = self._try(opener, request)
        if isinstance(ended, EngineError):
            raise ended
        return ended

    def _try(
        self, opener: urllib.request.OpenerDirector, request: urllib.request.Request
    ) -> tuple[Answer | EngineError, float | None]:
        """What came of a request, and after how many seconds it may be tried again, None where that is of no use.

        As client-go does for the provider (https://github.com/kubernetes/client-go/blob/master/rest/with_retry.go):
        where the answer says when, or the connection was reset. Nothing that is asked here changes anything.
        """
        try:
            with opener.open(request, timeout=_TIMEOUT) as answer:
                return Answer(answer.status, answer.read()), None
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read()), _wait(error)
        except (OSError, HTTPException) as error:
            why = getattr(error, "reason", error)
            hint = "nothing is lost; is it the right kubeconfig, and does the cluster run?"
            unreached = EngineError(f"the cluster cannot be reached: {why}", where=self.source, hint=hint)
            return unreached, _PAUSE if isinstance(why, ConnectionResetError) else None

    def _opened(self) -> urllib.request.OpenerDirector:
        if self._opener is None:
            if not self._server.startswith(("https://", "http://")):
                raise EngineError("the kubeconfig says no address of an API server", where=self._access.source)
            user = {**self._access.user, **_from_program(self._access)}
            self._headers = _headers(user)
            tls = urllib.request.HTTPSHandler(context=_tls(self._access, user))
            self._opener = urllib.request.build_opener(tls, *_proxy(self._access.cluster))
        return self._opener


def _wait(error: urllib.error.HTTPError) -> float | None:
    """After how many seconds the API server wants to be asked again, None where it does not say."""
    told = error.headers.get("Retry-After", "")
    return min(float(told), _LONGEST_PAUSE) if told.isdigit() and (error.code == 429 or error.code >= 500) else None


def _headers(user: Mapping[str, Any]) -> dict[str, str]:
    token = user.get("token")
    if user.get("tokenFile"):
        try:
            token = Path(str(user["tokenFile"])).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise EngineError(f"the token cannot be read: {error.strerror}", where=str(user["tokenFile"])) from None
    if token:
        return {"Authorization": f"Bearer {token}"}
    if user.get("username"):
        basic = f"{user['username']}:{user.get('password', '')}".encode()
        return {"Authorization": f"Basic {base64.b64encode(basic).decode()}"}
    return {}


def _tls(access: Access, user: Mapping[str, Any]) -> ssl.SSLContext:
    cluster = access.cluster
    try:
        data = cluster.get("certificate-authority-data")
        authority = base64.b64decode(str(data)).decode() if data else None
        context = ssl.create_default_context(cafile=cluster.get("certificate-authority"), cadata=authority)
        if cluster.get("insecure-skip-tls-verify"):
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if user.get("client-certificate-data") or user.get("client-certificate"):
            _load_certificate(context, user)
    except (OSError, ValueError) as error:  # not there, or no certificate
        raise EngineError(f"the kubeconfig's certificates cannot be used: {error}", where=access.source) from None
    return context


def _load_certificate(context: ssl.SSLContext, user: Mapping[str, Any]) -> None:
    """Take the user's certificate; OpenSSL reads it from files only, so data lies in private ones for a moment."""
    with TemporaryDirectory() as directory:
        paths = []
        for key in ("client-certificate", "client-key"):
            data = user.get(f"{key}-data")
            path = Path(directory, key) if data else Path(str(user.get(key)))
            if data:
                path.touch(mode=0o600)
                path.write_bytes(base64.b64decode(str(data)))
            paths.append(path)
        context.load_cert_chain(str(paths[0]), str(paths[1]))


def _proxy(cluster: Mapping[str, Any]) -> list[urllib.request.ProxyHandler]:
    url = cluster.get("proxy-url")
    return [urllib.request.ProxyHandler({"https": str(url), "http": str(url)})] if url else []


def _from_program(access: Access) -> dict[str, Any]:
    """Credentials from the program that the kubeconfig names, as the clouds' kubeconfigs do.

    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
    """
    program = access.user.get("exec")
    if not isinstance(program, dict):
        return {}
    command = [str(program.get("command")), *map(str, program.get("args") or ())]
    asked = {"apiVersion": program.get("apiVersion"), "kind": "ExecCredential", "spec": {"interactive": False}}
    given = {str(each["name"]): str(each["value"]) for each in program.get("env") or ()}
    environment = {**os.environ, **given, "KUBERNETES_EXEC_INFO": json.dumps(asked)}
    hint = "the kubeconfig names it as what gets the credentials; run it by hand to see what it lacks"
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=_TIMEOUT)
        status = json.loads(done.stdout)["status"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        said = f": {error.stderr.strip()}" if isinstance(error, subprocess.CalledProcessError) else ""
        raise EngineError(f"'{command[0]}' gives no credentials{said}", where=access.source, hint=hint) from None
    names = {"token": "token", "clientCertificateData": "client-certificate-data", "clientKeyData": "client-key-data"}
    found = {names[key]: value for key, value in status.items() if key in names}
    return {
        key: base64.b64encode(value.encode()).decode() if key.endswith("-data") else value
        for key, value in found.items()
    }
