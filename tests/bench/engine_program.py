"""Ours: what ``kusion apply`` and ``kusion destroy`` do with the engine, without the preview before it.

``python -m tests.bench.engine_program apply|destroy SPEC DIRECTORY PULUMI BACKEND PASSPHRASE HOME`` prints how much memory
this process had at most, in MB. BACKEND is a URL, everything after apply or destroy else a path.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import sys
from pathlib import Path

from kusion_dsl.engine.pulumi_engine import PulumiEngine
from kusion_dsl.engine.run import Run
from kusion_dsl.model.change import Progress
from kusion_dsl.model.identity import Actor, StackRef
from kusion_dsl.model.reference import Reference
from kusion_dsl.model.spec import Spec
from kusion_dsl.model.target import Target
from kusion_dsl.storage.leases import Leases
from kusion_dsl.storage.states import States
from kusion_dsl.storage.store import open_store

REF = StackRef("bench", "dev", "default")


def main(operation: str, spec: Path, directory: Path, pulumi: Path, backend: str, passphrase: Path, home: Path) -> None:
    """Apply or destroy the resources of a Spec. Raises RuntimeError where anything fails."""
    document = json.loads(spec.read_text(encoding="utf-8"))
    actor, store = Actor("bench", socket.gethostname(), os.getpid()), open_store(backend)
    with Leases(store).acquire(REF, actor, "a measurement") as lease:
        run = Run(
            ref=REF,
            spec=Spec.from_json(document),
            target=Target("manifests", str(directory)),
            directory=directory,
            backend=backend,
            passphrase_file=passphrase,
            state=States(store).held(lease, actor),
            secret=_no_secret,
            refresh=operation == "apply",
        )
        engine = PulumiEngine(pulumi, home)
        outcome = (engine.apply if operation == "apply" else engine.destroy)(run, _silent)
    if outcome.error:
        raise RuntimeError(outcome.error)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{megabytes:.0f}\n")


def _no_secret(reference: Reference) -> str:
    raise RuntimeError(f"there is no secret {reference}")


def _silent(progress: Progress) -> None:
    """Report to nobody."""


if __name__ == "__main__":
    spec, directory, pulumi = map(Path, sys.argv[2:5])
    main(sys.argv[1], spec, directory, pulumi, sys.argv[5], *map(Path, sys.argv[6:]))
