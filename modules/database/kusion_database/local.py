"""A database in the cluster, for development: one pod, one disk, no backups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kusion_database.engine import FromSecret
from kusion_database.server import Server
from kusion_dsl.module import Generated, Resource

_PORT_NAME_LENGTH = 15  # https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports


def local(server: Server) -> Generated:
    """A Deployment of the official image, with a disk and a Service."""
    yield server.password
    secret = server.object_name("db-local-secret")
    claim = server.object_name("db-local-pvc")
    service = server.object_name("db-local-service")
    environment = server.engine.environment(server)
    read = {value.key for value in environment.values() if isinstance(value, FromSecret)}
    database = server.db.initial_database or (server.name if "database" in read else None)
    values = {"username": server.username, "password": server.password["result"], "database": database or ""}
    yield server.secret(secret, {key: value for key, value in values.items() if key in read})
    yield _deployment(server, environment, secret, claim)
    yield _claim(server, claim)
    yield _service(server, service)
    yield from server.reachable_at(service, database)


def _deployment(server: Server, environment: Mapping[str, str | FromSecret], secret: str, claim: str) -> Resource:
    labels = {"accessory": server.name}
    container = {
        "name": server.name,
        "image": f"{server.engine.name}:{server.db.version}",
        "env": [_variable(name, value, secret) for name, value in environment.items()],
        "ports": [{"name": server.name[:_PORT_NAME_LENGTH].rstrip("-"), "containerPort": server.engine.port}],
        "volumeMounts": [{"name": server.name, "mountPath": server.engine.data_directory(server.db.version)}],
    }
    volume = {"name": server.name, "persistentVolumeClaim": {"claimName": claim}}
    return Resource.manifest(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": server.ctx.metadata(server.object_name("db-local-deployment")),
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [container], "volumes": [volume]},
                },
            },
        }
    )


def _variable(name: str, value: str | FromSecret, secret: str) -> dict[str, Any]:
    if isinstance(value, FromSecret):
        return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": value.key}}}
    return {"name": name, "value": value}


def _claim(server: Server, name: str) -> Resource:
    storage = f"{server.platform.size}Gi"
    return Resource.manifest(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": server.ctx.metadata(name, labels={"accessory": server.name}),
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}},
        }
    )


def _service(server: Server, name: str) -> Resource:
    labels = {"accessory": server.name}
    spec: dict[str, Any] = {"clusterIP": "None", "selector": labels, "ports": [{"port": server.engine.port}]}
    metadata = server.ctx.metadata(name, labels=labels)
    return Resource.manifest({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
