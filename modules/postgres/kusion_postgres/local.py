"""A database in the cluster, for development: one pod, one disk, no backups."""

from __future__ import annotations

import re
from typing import Any

from kusion_dsl.module import Generated, Resource
from kusion_postgres.database import PORT, Database
from kusion_postgres.schema import Postgres, PostgresPlatform

_PORT_NAME_LENGTH = 15  # https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports


def local(db: Postgres, platform: PostgresPlatform, database: Database) -> Generated:
    """A Deployment of the official image, with a disk and a Service."""
    yield database.password
    secret = database.object_name("db-local-secret")
    claim = database.object_name("db-local-pvc")
    service = database.object_name("db-local-service")
    yield database.secret(secret, {"database": database.name})
    yield _deployment(db, database, secret, claim)
    yield _claim(database, claim, platform.size)
    yield _service(database, service)
    yield from database.reachable_at(service)


def _deployment(db: Postgres, database: Database, secret: str, claim: str) -> Resource:
    labels = {"accessory": database.name}
    variables = {"POSTGRES_USER": "username", "POSTGRES_PASSWORD": "password", "POSTGRES_DB": "database"}
    container = {
        "name": database.name,
        "image": f"postgres:{db.version}",
        "env": [
            {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
            for variable, key in variables.items()
        ],
        "ports": [{"name": database.name[:_PORT_NAME_LENGTH].rstrip("-"), "containerPort": PORT}],
        "volumeMounts": [{"name": database.name, "mountPath": _data_directory(db.version)}],
    }
    volume = {"name": database.name, "persistentVolumeClaim": {"claimName": claim}}
    return Resource.manifest(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": database.ctx.metadata(database.object_name("db-local-deployment")),
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [container], "volumes": [volume]},
                },
            },
        }
    )


def _data_directory(version: str) -> str:
    """Where the image keeps its data; from 18 on one directory further up (https://hub.docker.com/_/postgres, PGDATA)."""
    major = re.match(r"[0-9]+", version)
    return "/var/lib/postgresql" if major and int(major[0]) >= 18 else "/var/lib/postgresql/data"


def _claim(database: Database, name: str, size: int) -> Resource:
    return Resource.manifest(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": database.ctx.metadata(name, labels={"accessory": database.name}),
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": f"{size}Gi"}}},
        }
    )


def _service(database: Database, name: str) -> Resource:
    labels = {"accessory": database.name}
    spec: dict[str, Any] = {"clusterIP": "None", "selector": labels, "ports": [{"port": PORT}]}
    metadata = database.ctx.metadata(name, labels=labels)
    return Resource.manifest({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
