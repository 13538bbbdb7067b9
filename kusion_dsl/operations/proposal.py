"""What a run would make so: compiled just now, or taken from an old release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kusion_dsl.model.health import Patience
from kusion_dsl.model.identity import ModuleVersion, Revision, StackRef
from kusion_dsl.model.provenance import Provenance
from kusion_dsl.model.release import Kind
from kusion_dsl.model.spec import Spec
from kusion_dsl.model.target import Target

if TYPE_CHECKING:
    from kusion_dsl.operations.generate import GeneratedStack


@dataclass(frozen=True)
class Proposal:
    """A Spec for a stack on a target, and what its release will say about where it comes from.

    - ``directory``: the project's, where one is at hand; a relative target directory is relative to it
    - ``warnings``: what compiling it had to say
    - ``source``: what the Spec was compiled from, where it is not what lies in ``directory``
    - ``restores``: the revision of the release whose Spec it is, 0 for a new one
    - ``named``: whether the stack was named, not found in a checkout; then no checkout claims it
    - ``adopt``: whether it may take over what is there already and is not its own
    - ``patience``: how long it is waited for
    """

    ref: StackRef
    kind: Kind
    spec: Spec
    target: Target
    directory: Path
    provenance: Provenance = field(default_factory=Provenance)
    modules: tuple[ModuleVersion, ...] = ()
    workspace_digest: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    source: Revision | None = None
    restores: int = 0
    named: bool = False
    adopt: bool = False
    patience: Patience = field(default_factory=Patience)


def propose(generated: GeneratedStack, *, adopt: bool = False) -> Proposal:
    """What applying a generated stack would make so; ``adopt`` allows to take over what is there already."""
    return Proposal(
        ref=generated.ref,
        kind="apply",
        spec=generated.spec,
        target=generated.target,
        directory=generated.directory.project_directory,
        provenance=generated.compiled.provenance,
        modules=generated.compiled.modules,
        workspace_digest=generated.workspace.digest,
        options=generated.selection.values,
        warnings=tuple(map(str, generated.compiled.warnings)),
        adopt=adopt,
    )
