"""The engine: a Spec previewed, applied and destroyed through Pulumi's Automation API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pulumi import automation as auto

from kusion_dsl.engine.checkpoint import Checkpoint
from kusion_dsl.engine.cluster.reaching import Cluster, cluster_of
from kusion_dsl.engine.events import Recorder
from kusion_dsl.engine.program import Program
from kusion_dsl.engine.recording import Recording
from kusion_dsl.engine.registration import registrations
from kusion_dsl.engine.resolution import store_values
from kusion_dsl.engine.run import Outcome, Report, Run
from kusion_dsl.engine.service.routes import Service
from kusion_dsl.engine.service.server import served
from kusion_dsl.engine.service.stack import ServedStack
from kusion_dsl.engine.session import Act, Installation, session
from kusion_dsl.engine.state import beginning, current, exported, settled
from kusion_dsl.engine.workspace import Stack
from kusion_dsl.errors import EngineError, RefusedError
from kusion_dsl.model.change import Progress, Step

_PARALLEL = 32
"""Operations at a time. Pulumi's default follows the number of cores, but providers wait rather than compute."""


def _silent(progress: Progress) -> None:
    """Report to nobody."""


def _unwatched(pid: int) -> None:
    """Take no note of a child."""


class PulumiEngine:
    """Implements :class:`kusion_dsl.engine.run.Engine`.

    - ``pulumi``: the executable
    - ``home``: KUSION_HOME; Pulumi's own home is a directory below it
    - ``started``: told the process id of each CLI child as soon as there is one, for whoever must be able to end an
      orphan

    While the CLI runs, the first SIGINT or SIGTERM (in the main thread) ends the run gracefully and the second ends
    the CLI; a preview then raises KeyboardInterrupt, other runs have an Outcome that says so.
    """

    def __init__(self, pulumi: Path, home: Path, started: Callable[[int], None] = _unwatched) -> None:
        self._pulumi = pulumi
        self._home = home
        self._started = started

    def preview(self, run: Run) -> tuple[Step, ...]:
        """What ``apply`` would do, one step per resource, deletions included. Changes nothing, anywhere.

        Raises EngineError, RefusedError, DamagedError, and what ``run.secret`` raises.
        """
        checkpoint = _as_far_as_settled(run)
        cluster = cluster_of(run, checkpoint)
        program = _program(run, cluster)
        recorder = Recorder(_silent, run.mask)
        start = beginning(checkpoint, run.ref, _leaving(run))
        stack = ServedStack(run.ref, exported(start.marked), None)
        installation = Installation(self._pulumi, self._home, self._started, cluster.kubeconfig)

        def act(stack: Stack, on_event: Callable[[auto.EngineEvent], None]) -> object:
            return stack.preview(on_event=on_event, color="never", refresh=run.refresh, parallel=_PARALLEL)

        with (
            served(Service(stack), stack.token) as address,
            session(installation, run, program, recorder, start.checkpoint.packages, address) as cli,
        ):
            ended = cli.operate(act)
        if ended.interrupted:
            raise KeyboardInterrupt
        if ended.error:
            raise EngineError("the preview failed", where=str(run.ref), details=[ended.error])
        return recorder.steps([resource.id for resource in run.spec.resources])

    def apply(self, run: Run, report: Report) -> Outcome:
        """Make live what ``run.spec`` says, telling ``report`` as it goes.

        Raises EngineError, BusyError, RefusedError, DamagedError and what ``run.secret`` raises before anything is
        changed; what fails later is in the Outcome, and what does not depend on it is done.
        """
        recording = Recording(run)
        cluster = cluster_of(run, recording.checkpoint)
        program = _program(run, cluster)

        def act(stack: Stack, on_event: Callable[[auto.EngineEvent], None]) -> object:
            return stack.up(
                on_event=on_event, color="never", refresh=run.refresh, continue_on_error=True, parallel=_PARALLEL
            )

        return self._change(run, report, recording, program, act, _leaving(run), cluster)

    def destroy(self, run: Run, report: Report) -> Outcome:
        """Remove everything that Pulumi's state of the stack has, but for what is protected and what that depends on.

        ``run.retain``, and what was applied with ``retainOnDelete``, is only forgotten.

        Raises EngineError, BusyError, RefusedError, DamagedError before anything is changed. For a stack that has
        nothing it does nothing.
        """
        recording = Recording(run)
        if recording.is_empty:
            return Outcome()
        cluster = cluster_of(run, recording.checkpoint)

        def act(stack: Stack, on_event: Callable[[auto.EngineEvent], None]) -> object:
            return stack.destroy(
                on_event=on_event,
                color="never",
                exclude_protected=True,
                refresh=run.refresh,
                continue_on_error=True,
                parallel=_PARALLEL,
            )

        return self._change(run, report, recording, None, act, run.retain, cluster)

    def _change(
        self,
        run: Run,
        report: Report,
        recording: Recording,
        program: Program | None,
        act: Act,
        retain: frozenset[str],
        cluster: Cluster,
    ) -> Outcome:
        recorder = Recorder(report, run.mask, retain | recording.retained)

        def started(pid: int) -> None:
            self._started(pid)
            run.state.working(pid)

        installation = Installation(self._pulumi, self._home, started, cluster.kubeconfig)
        ended, after = recording.record(installation, program, recorder, act, retain)
        if recorder.raised:
            raise recorder.raised
        return Outcome(
            results=recorder.results([resource.id for resource in run.spec.resources]),
            resources=after.ids,
            error=ended.error,
            interrupted=ended.interrupted,
            outputs=run.mask.value(after.outputs),
        )


def _program(run: Run, cluster: Cluster) -> Program:
    store = store_values(run.spec, run.secret)
    run.mask.add(*store.values())
    return Program(registrations(run.spec, run.target, cluster.identifier), store, run.mask)


def _leaving(run: Run) -> frozenset[str]:
    return run.retain - {resource.id for resource in run.spec.resources}


def _as_far_as_settled(run: Run) -> Checkpoint | None:
    """The state that a run would begin with. Where that would have to ask somebody first, a preview need not."""
    checkpoint = current(run.state.read(), run.ref)
    try:
        return settled(checkpoint, run.directory)
    except RefusedError:
        return checkpoint
