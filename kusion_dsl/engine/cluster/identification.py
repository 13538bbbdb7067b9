"""Which cluster a kubeconfig leads to: asked for, as an address or a path may lead to another one tomorrow.

A cluster is the uid of its Namespace ``kube-system``, by which others tell clusters apart, too: it lives as long as the
cluster, whatever becomes of addresses, certificates and credentials
(https://opentelemetry.io/docs/specs/semconv/resource/k8s/#cluster).
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kusion_dsl.engine.cluster.kubeconfig import Access
from kusion_dsl.errors import EngineError

_PATH = "/api/v1/namespaces/kube-system"
_TIMEOUT = 15.0
"""Seconds that an API server, and a program that gets credentials, has to answer."""


def identify(access: Access) -> str:
    """The uid of the cluster. Raises EngineError where it cannot be reached, or does not tell."""
    server = str(access.cluster.get("server", "")).rstrip("/")
    if not server.startswith(("https://", "http://")):
        raise EngineError("the kubeconfig says no address of an API server", where=access.source)
    user = {**access.user, **_from_program(access)}
    request = urllib.request.Request(server + _PATH, headers=_headers(user))
    try:
        opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=_tls(access.cluster, user)), *_proxy(access.cluster)
        )
        with opener.open(request, timeout=_TIMEOUT) as answer:
            return str(json.load(answer)["metadata"]["uid"])
    except urllib.error.HTTPError as error:
        with error:
            raise _refused(access, error.code) from None
    except (OSError, ValueError, KeyError) as error:
        why = getattr(error, "reason", error)
        hint = "nothing was changed; is it the right kubeconfig, and does the cluster run?"
        raise EngineError(f"the cluster cannot be reached: {why}", where=_where(access), hint=hint) from None


def _where(access: Access) -> str:
    return f"{access.source}: {access.cluster['server']}"


def _refused(access: Access, code: int) -> EngineError:
    if code == 401:
        hint = "nothing was changed; get new ones, as they may have expired"
        return EngineError("the cluster does not take these credentials", where=_where(access), hint=hint)
    if code == 403:
        return EngineError(
            "these credentials may not read the Namespace kube-system, whose uid tells which cluster it is",
            where=_where(access),
            hint="allow them to get it, or say which cluster it is: context.target.identifier of the workspace",
        )
    return EngineError(f"the cluster does not tell which one it is: it answers {code}", where=_where(access))


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


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    data = cluster.get("certificate-authority-data")
    authority = base64.b64decode(str(data)).decode() if data else None
    context = ssl.create_default_context(cafile=cluster.get("certificate-authority"), cadata=authority)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if user.get("client-certificate-data") or user.get("client-certificate"):
        _load_certificate(context, user)
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
