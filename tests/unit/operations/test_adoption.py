"""Taking over what is there already, as a program asks for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kusion_dsl.errors import RefusedError
from kusion_dsl.model.change import Progress
from kusion_dsl.model.identity import Actor, Revision, StackRef
from kusion_dsl.model.spec import Spec, SpecResource
from kusion_dsl.model.target import Target
from kusion_dsl.operations.apply import apply
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.preview import preview
from kusion_dsl.operations.proposal import Proposal
from kusion_dsl.storage.clock import SystemClock
from kusion_dsl.storage.home import Home
from kusion_dsl.testing import FakeEngine

SERVER = SpecResource("v1:Service:shop:server", "kubernetes:core/v1:Service", {"spec": {"type": "ClusterIP"}})


def silent(progress: Progress) -> None:
    """Report to nobody."""


def test_nothing_is_taken_over_that_was_not_asked_for(tmp_path: Path) -> None:
    engine = FakeEngine()
    engine.live["manifests:/m"] = {SERVER.id: {"spec": {"type": "NodePort"}}}
    engine.held_by[SERVER.id] = ("kubectl",)
    host = Host(Home(tmp_path), {}, Actor("ada", "workstation", 1), SystemClock(), lambda: engine)
    ref, source = StackRef("shop", "dev", "default"), Revision("https://example.org/shop.git")
    proposal = Proposal(ref, "apply", Spec((SERVER,)), Target("manifests", "/m"), tmp_path, source=source, named=True)

    with pytest.raises(RefusedError, match="is not this stack's"):
        apply(host, preview(host, proposal), None, silent)
    assert host.releases.newest(ref) is None and "apply" not in engine.calls

    applied = apply(host, preview(host, replace(proposal, adopt=True)), None, silent)

    assert applied is not None
    assert [(each.operation, each.status) for each in applied.outcome.results] == [("adopt", "done")]
    assert engine.live["manifests:/m"][SERVER.id] == SERVER.attributes
