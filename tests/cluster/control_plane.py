"""A control plane on loopback: etcd, the API server, the controllers, the scheduler, and nodes that are simulated.

No container and no root. Everything it writes is below one directory, which goes with it. It knows two users, and both
may do everything: ``admin`` is whoever has the kubeconfig, ``testbed`` are its own parts, so that the audit log tells
what was done by whom.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from kusion_dsl.engine.process import is_alive
from tests.cluster.cloud import CONTROLLERS
from tests.cluster.parts import ROOT, stages
from tests.cluster.simulation import arguments

NODES = 3
_ADMIN, _TESTBED = "admin", "testbed"
_OBJECTS = Path(__file__).parent / "objects"
_PATIENCE = 60.0  # seconds until the API server answers; it needs 3
_STOPPING = 20.0  # seconds that a process has to end


class ControlPlane:
    """A control plane below ``directory``, of the executables ``parts``. :meth:`start` and :meth:`stop` it.

    ``kubeconfig`` is the file that a client needs; ``audit`` the log of every request to the API server, a line each.
    """

    def __init__(self, directory: Path, parts: Mapping[str, Path]) -> None:
        self.directory = directory
        self.kubeconfig = directory / "kubeconfig"
        self.audit = directory / "audit.log"
        self._own_kubeconfig = directory / "testbed.kubeconfig"
        self.parts = parts
        self._stages = stages()
        self._pids = directory / "pids.json"

    def start(self) -> None:
        """Start everything and wait until simulated nodes are ready.

        Raises RuntimeError with what a part said; then everything is stopped again.
        """
        self.directory.mkdir(parents=True)
        try:
            self._start_all()
        except BaseException:
            self.stop()
            raise

    def _start_all(self) -> None:
        etcd, peers, api, logs = _free_ports(4)
        self._etcd(etcd, peers)
        self._api_server(etcd, api)
        controllers = ["--service-account-private-key-file", str(self.directory / "accounts.key")]
        controllers += [
            "--controllers=*,-node-ipam-controller",
            "--leader-elect=false",
            "--concurrent-gc-syncs=5",
            "--secure-port=0",
        ]
        self._client_part("kube-controller-manager", controllers)
        self._client_part("kube-scheduler", ["--leader-elect=false", "--secure-port=0"])
        self._cluster_objects()
        self._client_part("kwok", arguments(self.directory, logs, self._stages))
        self._cloud()
        self.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=60s")
        for name, pid in self.pids().items():
            if not is_alive(pid):
                raise RuntimeError(self._said(name))

    def stop(self) -> None:
        """Kill every process, the last one started first; what they would do at their end is of no use to anybody."""
        for pid in reversed(self.pids().values()):
            _kill(pid)
        self._pids.unlink(missing_ok=True)

    def pids(self) -> dict[str, int]:
        """The processes by name, in the order in which they were started."""
        if not self._pids.exists():
            return {}
        return {str(name): int(pid) for name, pid in json.loads(self._pids.read_text(encoding="utf-8")).items()}

    def kubectl(self, *arguments: str, text: str = "") -> str:
        """Run kubectl as the one user; what it prints. Raises RuntimeError with what it said."""
        command = [str(self.parts["kubectl"]), f"--kubeconfig={self.kubeconfig}", *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def restart_api_server(self) -> None:
        """Kill the API server, as a crash would, and start it anew on the same port and data."""
        etcd, api = json.loads((self.directory / "ports.json").read_text(encoding="utf-8"))
        _kill(self.pids()["kube-apiserver"])
        self._api_server(etcd, api)

    def _etcd(self, port: int, peers: int) -> None:
        client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peers}"
        where = [f"--listen-client-urls={client}", f"--advertise-client-urls={client}"]
        where += [f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"]
        where += [f"--initial-cluster=default={peer}", f"--data-dir={self.directory / 'etcd'}"]
        self._spawn("etcd", [*where, "--unsafe-no-fsync"])

    def _api_server(self, etcd: int, port: int) -> None:
        self._credentials()
        (self.directory / "ports.json").write_text(json.dumps([etcd, port]), encoding="utf-8")
        key = self.directory / "accounts.key"
        arguments = [f"--etcd-servers=http://127.0.0.1:{etcd}", f"--secure-port={port}", "--bind-address=127.0.0.1"]
        arguments += [f"--cert-dir={self.directory / 'certificates'}", "--authorization-mode=RBAC"]
        arguments += [f"--token-auth-file={self.directory / 'tokens.csv'}", "--service-cluster-ip-range=10.0.0.0/20"]
        arguments += ["--service-account-issuer=https://kubernetes.default.svc"]
        arguments += [f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}"]
        arguments += ["--disable-admission-plugins=ServiceAccount", f"--audit-log-path={self.audit}"]
        arguments += [f"--audit-policy-file={_OBJECTS / 'audit.yaml'}", "--audit-log-mode=blocking"]
        self._spawn("kube-apiserver", arguments)
        certificate = self.directory / "certificates" / "apiserver.crt"
        self._wait(lambda: certificate.exists() and self._is_ready(port), "kube-apiserver")
        self._write_kubeconfig(self.kubeconfig, _ADMIN, port, certificate)
        self._write_kubeconfig(self._own_kubeconfig, _TESTBED, port, certificate)

    def _credentials(self) -> None:
        tokens, key = self.directory / "tokens.csv", self.directory / "accounts.key"
        if tokens.exists():
            return
        users = [f'{secrets.token_hex(16)},{name},{name},"system:masters"\n' for name in (_ADMIN, _TESTBED)]
        _write_private(tokens, "".join(users).encode())
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        _write_private(key, private)

    def _write_kubeconfig(self, path: Path, user: str, port: int, certificate: Path) -> None:
        authority = base64.b64encode(certificate.read_bytes()).decode()
        server = {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": authority}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "testbed", "cluster": server}],
            "users": [{"name": user, "user": {"token": self._token(user)}}],
            "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": user}}],
            "current-context": "testbed",
        }
        _write_private(path, yaml.safe_dump(document, sort_keys=False).encode())

    def _is_ready(self, port: int) -> bool:
        unverified = ssl.create_default_context()  # its own certificate is read only when it answers
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
        url, credentials = f"https://127.0.0.1:{port}/readyz", {"Authorization": f"Bearer {self._token(_TESTBED)}"}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, headers=credentials), context=unverified, timeout=2
            ) as answer:
                return int(answer.status) == 200
        except OSError:  # not yet: refused, reset, or 500
            return False

    def _token(self, user: str) -> str:
        lines = (self.directory / "tokens.csv").read_text(encoding="utf-8").splitlines()
        return next(token for token, name, *_ in (line.split(",") for line in lines) if name == user)

    def _cluster_objects(self) -> None:
        """The nodes, and what comes with no controller here: a StorageClass and permissive CRDs."""
        for path in sorted(_OBJECTS.glob("[0-9]*.yaml")):
            self.kubectl("apply", "--server-side", "-f", str(path))
        template = (_OBJECTS / "node.yaml").read_text(encoding="utf-8")
        nodes = "---\n".join(template.replace("NUMBER", str(number)) for number in range(1, NODES + 1))
        self.kubectl("apply", "--server-side", "-f", "-", text=nodes)

    def _cloud(self) -> None:
        for controller in CONTROLLERS:
            command = [sys.executable, "-m", "tests.cluster.cloud", controller, str(self._own_kubeconfig)]
            self._start(f"cloud-{controller}", command)

    def _client_part(self, name: str, arguments: Sequence[str]) -> None:
        """A part that is a client of the API server; those that serve something, too, do not, as their ports are fixed."""
        self._spawn(name, [f"--kubeconfig={self._own_kubeconfig}", *arguments])

    def _spawn(self, name: str, arguments: Sequence[str]) -> None:
        self._start(name, [str(self.parts[name]), *arguments])

    def _start(self, name: str, command: Sequence[str]) -> None:
        """Start a part that outlives whoever starts it, so without a handle that would have to be kept for it."""
        log = str(self.directory / f"{name}.log")
        pid = os.posix_spawn(
            command[0],
            list(command),
            {**os.environ, "PYTHONPATH": str(ROOT)},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setpgroup=0,  # a Ctrl-C at the terminal is for whoever stops us, in order
        )
        self._pids.write_text(json.dumps({**self.pids(), name: pid}), encoding="utf-8")

    def _wait(self, condition: Callable[[], bool], name: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            if time.monotonic() > deadline or not is_alive(self.pids()[name]):
                raise RuntimeError(self._said(name))
            time.sleep(0.1)

    def _said(self, name: str) -> str:
        said = (self.directory / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        return f"{name} does not come up:\n{said[-3000:]}"


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now. All are held until the last is found, so that they differ."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in held]
    for each in held:
        each.close()
    return ports


def _kill(pid: int) -> None:
    """Kill a process and wait until it is gone: before that its port is not free."""
    with suppress(ProcessLookupError):  # gone already
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + _STOPPING
    while is_alive(pid):
        if time.monotonic() > deadline:
            raise RuntimeError(f"process {pid} does not end")
        time.sleep(0.02)
