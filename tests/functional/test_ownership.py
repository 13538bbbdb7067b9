"""Fields that somebody else wrote, where the target knows who: told, taken back, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from kusion_dsl.model.field_owner import Manager
from tests.functional.commandline import DEPLOYMENT, SHOP, Kusion

THREE = SHOP.replace("replicas=2", "replicas=3")
WHEN = "2026-01-02T03:04:05Z"
LABELLED = "patches:\n- kind: Deployment\n  merge: {metadata: {labels: {team: ours}%s}}\n"
FORCED = LABELLED % ', annotations: {pulumi.com/patchForce: "true"}'


@pytest.fixture
def applied(kusion: Kusion) -> Kusion:
    """A stack that was applied."""
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    return kusion


def take(kusion: Kusion, field: str = "spec.replicas", name: str = "kubectl-edit") -> None:
    """Let somebody be known to have written a field."""
    kusion.engine.managers[DEPLOYMENT] = {field: Manager(name, WHEN)}


def scale(kusion: Kusion) -> None:
    """Let somebody change a field of ours."""
    spec: dict[str, Any] = kusion.live[DEPLOYMENT]["spec"]
    spec["replicas"] = 9
    take(kusion)


def label(kusion: Kusion, workspace: str) -> None:
    """Let somebody have a field that we newly want."""
    metadata: dict[str, Any] = kusion.live[DEPLOYMENT]["metadata"]
    metadata["labels"]["team"] = "theirs"
    take(kusion, "metadata.labels.team", "operator")
    kusion.write({"default.yaml": workspace})
    kusion.done("workspace", "update", "default", "-f", "default.yaml")


def test_drift_is_told_with_who_made_it_and_reverted(applied: Kusion) -> None:
    scale(applied)
    told = f"spec.replicas: 9 -> 2  changed by kubectl-edit at {WHEN}, will be reverted"
    assert told in applied.done("preview", "-w", "dev").out
    drifted = applied("drift", "-w", "dev")
    assert drifted.code == 3 and f"spec.replicas: 2 -> 9  by kubectl-edit at {WHEN}  " in drifted.out
    applied.done("apply", "-w", "dev", "--yes")
    assert applied.live[DEPLOYMENT]["spec"]["replicas"] == 2


def test_what_both_changed_is_ours_after_consent(applied: Kusion) -> None:
    scale(applied)
    applied.stack(THREE)
    told = f"spec.replicas: 2 -> 3  kubectl-edit at {WHEN} made it 9  dev/app.py:"
    assert told in applied.done("preview", "-w", "dev").out
    applied.done("apply", "-w", "dev", "--yes")
    assert applied.live[DEPLOYMENT]["spec"]["replicas"] == 3


def test_what_is_newly_wanted_and_somebody_elses_is_refused_before_anything_is_written(applied: Kusion) -> None:
    label(applied, LABELLED % "")
    assert f'operator at {WHEN} made it "theirs"' in applied.done("preview", "-w", "dev").out
    refused = applied("apply", "-w", "dev", "--yes")
    assert refused.code == 1
    assert (
        f'.yaml:3:31: {DEPLOYMENT}: metadata.labels.team is managed by operator at {WHEN}, where it is "theirs"'
        in refused.err
    )
    assert 'the annotation pulumi.com/patchForce: "true"' in refused.err
    assert len(applied.done("release", "list", "-w", "dev", "-o", "json").document["releases"]) == 1
    assert applied.engine.calls.count("apply") == 1


def test_an_object_that_says_so_takes_its_fields(applied: Kusion) -> None:
    label(applied, FORCED)
    applied.done("apply", "-w", "dev", "--yes")
    assert applied.live[DEPLOYMENT]["metadata"]["labels"]["team"] == "ours"


def test_what_somebody_else_wants_as_it_was_is_refused_too(applied: Kusion) -> None:
    take(applied, name="argocd-controller")
    applied.stack(THREE)
    told = f"spec.replicas: 2 -> 3  argocd-controller at {WHEN} wants it as it was  dev/app.py:"
    assert told in applied.done("preview", "-w", "dev").out
    refused = applied("apply", "-w", "dev", "--yes")
    assert (refused.code, f"spec.replicas is managed by argocd-controller at {WHEN}" in refused.err) == (1, True)


def test_what_we_give_up_is_nobodys_loss(applied: Kusion) -> None:
    applied.stack(SHOP.replace("replicas=2", "replicas=2, labels={'tier': 'gold'}"))
    applied.done("apply", "-w", "dev", "--yes")
    take(applied, "metadata.labels.tier", "operator")
    applied.stack()
    applied.done("apply", "-w", "dev", "--yes")


def test_a_rollback_takes_nothing_either(applied: Kusion) -> None:
    applied.stack(THREE)
    applied.done("apply", "-w", "dev", "--yes")
    take(applied, name="argocd-controller")
    refused = applied("rollback", "1", "-w", "dev", "--yes")
    assert (refused.code, "spec.replicas is managed by argocd-controller" in refused.err) == (1, True)
