"""What a release tells beside its Spec: found out when one is written, and not before."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from kusion_dsl.discovery.modules import source_digest
from kusion_dsl.discovery.projects import shown
from kusion_dsl.engine.run import Outcome
from kusion_dsl.model.identity import ModuleVersion
from kusion_dsl.model.masking import Mask
from kusion_dsl.model.provenance import Provenance
from kusion_dsl.model.spec import Spec
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.proposal import Proposal

_OURS = ".kusion"


def kusion_version() -> str:
    """The version of kusion-dsl that runs."""
    return importlib.metadata.version("kusion-dsl")


def modules_of(proposal: Proposal) -> tuple[ModuleVersion, ...]:
    """The modules that took part, each with the digest of its source if they did so just now. Raises ModuleError."""
    if proposal.kind != "apply":
        return proposal.modules
    return tuple(each._replace(digest=source_digest(each)) for each in proposal.modules)


def provenance_of(host: Host, proposal: Proposal) -> Provenance:
    """The provenance with names of files that hold elsewhere too; what a release restores has it from there."""
    if proposal.kind != "apply":
        return proposal.provenance
    return proposal.provenance.in_files(_names(proposal.directory, host.store.place(_OURS)))


def _names(project: Path, ours: str) -> Callable[[str], str]:
    """Names files relative to the project's directory, those in the backend (at ``ours``) relative to the backend."""
    root = project.resolve()

    @cache
    def name(file: str) -> str:
        if file.startswith(ours):
            return _OURS + file.removeprefix(ours)
        return os.path.relpath(Path(file).resolve(), root)

    return name


def provenance_here(host: Host, stored: Provenance, project: Path) -> Provenance:
    """A provenance as :func:`provenance_of` stores it, with names of files as they are shown here."""
    ours = host.store.place(_OURS)

    @cache
    def name(file: str) -> str:
        if file.startswith(f"{_OURS}/"):
            return ours + file.removeprefix(_OURS)
        return shown(Path(os.path.normpath(project / file)))

    return stored.in_files(name)


def outputs_of(spec: Spec, outcome: Outcome, mask: Mask) -> Mapping[str, Mapping[str, Any]]:
    """What the resources came to have beside what the Spec says: addresses, names, a status; secrets masked.

    A provider's own notes (``__inputs``) and the data of a Kubernetes Secret are left out.
    """
    outputs = {}
    for resource in spec.resources:
        known = {*resource.attributes, *resource.secret_fields}
        values = outcome.outputs.get(resource.id, {})
        beside = {key: value for key, value in values.items() if key not in known and not key.startswith("__")}
        if beside:
            outputs[resource.id] = mask.value(beside)
    return outputs
