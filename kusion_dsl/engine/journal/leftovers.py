"""Where to look for what a create that was cut off has made, provider by provider."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from kusion_dsl.engine.journal.adoption import CLEAR, Find, PendingCreate
from kusion_dsl.engine.manifest_files import Identity, ManifestFiles
from kusion_dsl.engine.manifests import DIRECTORY
from kusion_dsl.errors import RefusedError
from kusion_dsl.model.spec import KUBERNETES, KUSION

_ID_INPUTS: Mapping[str, str] = {
    "aws:opensearch/domain:Domain": "domainName",
    "aws:rds/cluster:Cluster": "clusterIdentifier",
    "aws:rds/instance:Instance": "identifier",
    "aws:s3/bucket:Bucket": "bucket",
}
"""By type: the input that is the id by which the object can be imported, as each page of
https://www.pulumi.com/registry/packages/aws/api-docs says under "Import"."""

_TELLING = re.compile(r"(name|prefix|identifier|id)$", re.IGNORECASE)
"""Inputs by which people find an object."""


def leftovers(directory: Path) -> Find:
    """A search for what creates have made; ``directory`` is what a relative directory of manifests is relative to.

    It asks no cluster and no cloud: there the id that the inputs determine is given, and the engine, which reads every
    object that is adopted, finds out whether there is one. Where they determine none, RefusedError is raised.
    """

    def find(create: PendingCreate) -> str | None:
        package = create.type.partition(":")[0]
        if package == KUSION:
            return None  # a password that the state does not have exists nowhere
        if package == KUBERNETES:
            return _kubernetes_id(create, directory)
        id = create.inputs.get(_ID_INPUTS.get(create.type, ""))
        if not isinstance(id, str) or not id:
            _unknown(create)
        return id

    return find


def _kubernetes_id(create: PendingCreate, directory: Path) -> str | None:
    """``[namespace/]name``, as both providers have it; of manifests only if there is a file that we wrote."""
    metadata = create.inputs.get("metadata")
    name, namespace = ((metadata.get(key) if isinstance(metadata, dict) else None) for key in ("name", "namespace"))
    if not isinstance(name, str) or not name or not isinstance(namespace, str | None):
        _unknown(create)
    id = f"{namespace}/{name}" if namespace else name
    written = create.provider.get(DIRECTORY)
    if not isinstance(written, str):
        return id
    files = ManifestFiles(Path(os.path.normpath(directory / written)))
    return id if files.holds(Identity.of_resource(create.type, id)) else None


def _unknown(create: PendingCreate) -> NoReturn:
    raise RefusedError(
        f"the run that was to create this was cut off, and nobody can tell whether there is a new {create.type} now",
        where=create.name,
        details=[f"{key}: {value}" for key, value in sorted(create.inputs.items()) if _tells(key, value)],
        hint=CLEAR,
    )


def _tells(key: str, value: Any) -> bool:
    return isinstance(value, str) and _TELLING.search(key) is not None
