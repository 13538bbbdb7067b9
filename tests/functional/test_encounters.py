"""Runs that meet others: a stack that is held, that was changed in the meantime, or whose last run was interrupted."""

from __future__ import annotations

from kusion_dsl.engine.run import Engine, Outcome, Report, Run
from kusion_dsl.testing import FakeEngine
from tests.functional.commandline import DEPLOYMENT, DEV, NAMESPACE, SHOP, Kusion, Successor

THREE = SHOP.replace("replicas=2", "replicas=3")
FOUR = SHOP.replace("replicas=2", "replicas=4")


def phases(kusion: Kusion) -> list[tuple[int, str]]:
    """The releases of ``dev``, the newest first: revision and phase."""
    releases = kusion.done("release", "list", "-w", "dev", "-o", "json").document["releases"]
    return [(each["revision"], each["phase"]) for each in releases]


def let_somebody_be_faster(kusion: Kusion) -> None:
    """Let somebody apply four replicas after the next preview, before its run begins."""
    other = Kusion(kusion.root, kusion.engine)
    asked: list[str] = []

    def engine() -> Engine:
        asked.append("engine")
        if len(asked) == 2:
            other.stack(FOUR)
            other.done("apply", "-w", "dev", "--yes")
        return kusion.engine

    kusion.get_engine = engine


def test_a_stack_that_is_held(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(THREE)
    host = kusion.host({}, "")
    with host.leases.acquire(DEV, host.actor, "kusion destroy"):
        for command in ("apply", "destroy"):
            error = kusion.unchanged(command, "-w", "dev", "--yes").err
            assert error.startswith("error: shop/dev in workspace default: ada@workstation (process ")
            assert ") holds this stack since 20" in error
            assert error.endswith(", for `kusion destroy`\n  wait until it has ended; nothing was changed\n")
        kusion.done("preview", "-w", "dev")
    kusion.done("apply", "-w", "dev", "--yes")


def test_somebody_was_faster_and_nobody_can_be_asked(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(THREE)
    let_somebody_be_faster(kusion)
    result = kusion("apply", "-w", "dev", "--yes")
    assert result.code == 1
    assert "has changed this stack since" in result.err
    assert "release 2 is not what was previewed against" in result.err
    assert kusion.live[DEPLOYMENT]["spec"]["replicas"] == 4
    assert phases(kusion) == [(2, "succeeded"), (1, "succeeded")]


def test_somebody_was_faster_and_what_would_change_now_is_shown(kusion: Kusion) -> None:
    for answer, replicas, newest in (("y\nn\n", 4, 2), ("y\ny\n", 3, 4)):
        kusion.stack()
        kusion.done("apply", "-w", "dev", "--yes")
        kusion.stack(THREE)
        let_somebody_be_faster(kusion)
        result = kusion("apply", "-w", "dev", answer=answer)
        kusion.get_engine = None
        assert "warning: the stack was changed in the meantime; this is what would change now\n" in result.err
        assert "Apply this instead?" in result.err
        assert result.code == (0 if newest == 4 else 1)
        assert kusion.live[DEPLOYMENT]["spec"]["replicas"] == replicas
        kusion.done("destroy", "-w", "dev", "--yes")


def test_somebody_destroyed_what_is_to_be_destroyed(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")
    other = Kusion(kusion.root, kusion.engine)

    def engine() -> Engine:
        kusion.get_engine = None
        other.done("destroy", "-w", "dev", "--yes")
        return kusion.engine

    kusion.get_engine = engine
    result = kusion("destroy", "-w", "dev", "--yes")
    assert result.code == 1
    assert "run the command again to see what " in result.err
    assert phases(kusion) == [(2, "succeeded"), (1, "succeeded")]


def test_a_namespace_that_somebody_else_begins_to_share_is_left_alone(kusion: Kusion) -> None:
    kusion.write({"shared.yaml": f"context: {{target: {{kind: manifests, directory: {kusion.root}/manifests}}}}\n"})
    kusion.done("workspace", "update", "default", "-f", "shared.yaml")
    for name in ("dev", "prod"):
        kusion.stack(name=name)
    kusion.done("apply", "-w", "dev", "--yes")
    other = Kusion(kusion.root, kusion.engine)
    asked: list[str] = []

    def engine() -> Engine:
        asked.append("engine")
        if len(asked) == 2:  # the destroy was previewed, and begins
            other.done("apply", "-w", "prod", "--yes")
        return kusion.engine

    kusion.get_engine = engine
    kusion.done("destroy", "-w", "dev", "--yes")
    left = set(kusion.engine.live[f"manifests:{kusion.root}/manifests"])
    assert left == {NAMESPACE, "apps/v1:Deployment:shop:shop-prod-shop"}


class Interrupted(FakeEngine):
    """An engine in the middle of whose work somebody presses Ctrl-C."""

    def apply(self, run: Run, report: Report) -> Outcome:
        self.calls.append("apply")
        raise KeyboardInterrupt


def test_a_run_that_was_interrupted(kusion: Kusion) -> None:
    kusion.stack()
    kusion.get_engine = Interrupted
    result = kusion("apply", "-w", "dev", "--yes")
    assert (result.code, result.err.strip()) == (130, "error: interrupted")
    kusion.get_engine = None
    kusion.done("apply", "-w", "dev", "--yes")
    assert phases(kusion)[0] == (2, "succeeded")
    assert phases(kusion)[1][1] in ("abandoned", "failed")
    assert DEPLOYMENT in kusion.live


def test_what_a_run_that_died_was_creating_is_told(kusion: Kusion) -> None:
    kusion.engine = Successor()
    kusion.stack()
    out = kusion.done("apply", "-w", "dev", "--yes").out
    assert out.endswith(
        "Release 1 of shop/dev in workspace default succeeded.\n"
        "Of these the run before did not learn whether it was made:\n"
        f"  {NAMESPACE}  it was, and is adopted\n"
        f"  {DEPLOYMENT}  it was not\n"
    )
    kusion.stack(THREE)
    document = kusion.done("apply", "-w", "dev", "--yes", "-o", "json").document
    assert document["takenOver"] == {"adopted": [NAMESPACE], "forgotten": [DEPLOYMENT]}
    assert "takenOver" not in kusion.done("apply", "-w", "dev", "--yes", "-o", "json").document
