"""The engine: a Spec previewed, applied and destroyed through Pulumi's Automation API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from pulumi import automation as auto

from kusion_dsl.engine.checkpoint import Checkpoint
from kusion_dsl.engine.cluster.admission import admitted
from kusion_dsl.engine.cluster.adoption import adoptions, occupants
from kusion_dsl.engine.cluster.autoscaling import Left, leaving, left_to_autoscalers
from kusion_dsl.engine.cluster.contents import contents
from kusion_dsl.engine.cluster.live import Object
from kusion_dsl.engine.cluster.namespaces import made_by_stacks, namespaces_of, staying
from kusion_dsl.engine.cluster.observer import Observer
from kusion_dsl.engine.cluster.reaching import Cluster, cluster_of
from kusion_dsl.engine.cluster.reading import as_read
from kusion_dsl.engine.cluster.rollout import come_up
from kusion_dsl.engine.cluster.termination import with_holders
from kusion_dsl.engine.events import Recorder
from kusion_dsl.engine.kustomization import amiss, bring_up_to_date
from kusion_dsl.engine.program import Program
from kusion_dsl.engine.recording import Recording
from kusion_dsl.engine.registration import Registration, registrations
from kusion_dsl.engine.resolution import store_values
from kusion_dsl.engine.run import Outcome, Report, Run
from kusion_dsl.engine.service.routes import Service
from kusion_dsl.engine.service.server import served
from kusion_dsl.engine.service.stack import ServedStack
from kusion_dsl.engine.session import Act, Installation, session
from kusion_dsl.engine.state import beginning, current, exported, settled
from kusion_dsl.engine.workspace import Stack
from kusion_dsl.errors import EngineError, Problem, RefusedError
from kusion_dsl.model.change import Progress, Step
from kusion_dsl.model.health import Health
from kusion_dsl.model.reference import Reference
from kusion_dsl.model.spec import KUBERNETES

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
        left = _left(run, cluster, checkpoint)
        found = occupants(cluster.live, run.spec, checkpoint.ids if checkpoint else ()) if cluster.live else {}
        store = _store(run)
        graph = _graph(run, cluster, left, frozenset(found), _made(run, checkpoint, found))
        program = Program(graph, store, run.mask)
        recorder = Recorder(_silent, run.mask, adopt=frozenset(found))
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
            problems = ended.problems or (Problem("the preview failed", details=(ended.error,)),)
            raise EngineError.of(with_holders(cluster.live, problems)).at(str(run.ref))
        steps = recorder.steps([resource.id for resource in run.spec.resources])
        if cluster.live is not None:
            steps = adoptions(cluster.live, steps, run.spec, found, store, run.mask)
            steps = staying(cluster.live, steps, checkpoint, run.retain)
            steps = tuple(replace(step, left=left.get(step.id, {})) for step in steps)
        if cluster.live is not None and run.refresh:
            objects = recorder.objects
            read = tuple(as_read(step, *objects[step.id]) if step.id in objects else step for step in steps)
            steps = admitted(cluster.live, read)
        return (*steps, *amiss(run, checkpoint))

    def apply(self, run: Run, report: Report) -> Outcome:
        """Make live what ``run.spec`` says, telling ``report`` as it goes.

        Raises EngineError, BusyError, RefusedError, DamagedError and what ``run.secret`` raises before anything is
        changed; what fails later is in the Outcome, and what does not depend on it is done.
        """
        recording = Recording(run)
        cluster = cluster_of(run, recording.checkpoint)
        known = recording.checkpoint.ids if recording.checkpoint else ()
        found = occupants(cluster.live, namespaces_of(run.spec), known) if cluster.live else {}
        left = _left(run, cluster, recording.checkpoint)
        graph = _graph(run, cluster, left, run.adopt, _made(run, recording.checkpoint, found))
        program = Program(graph, _store(run), run.mask)

        def act(stack: Stack, on_event: Callable[[auto.EngineEvent], None]) -> object:
            return stack.up(
                on_event=on_event, color="never", refresh=run.refresh, continue_on_error=True, parallel=_PARALLEL
            )

        outcome = self._change(run, report, recording, program, act, _leaving(run), cluster)
        observer = Observer(cluster.live, run.mask) if cluster.live is not None else None
        return come_up(run, observer, outcome, report)

    def health(self, run: Run, *, everything: bool = False) -> Mapping[str, Health]:
        """How the resources of ``run.spec`` that can tell are doing now, by id: those that are in a cluster.

        Raises EngineError, RefusedError, DamagedError, and what ``run.secret`` raises.
        """
        cluster = cluster_of(run, _as_far_as_settled(run))
        if cluster.live is None:
            return {}
        _store(run)  # for the mask: what a container says may be a secret
        observer = Observer(cluster.live, run.mask, logs=everything, everything=everything)
        return observer.look([each for each in run.spec.resources if each.package == KUBERNETES])

    def destroy(self, run: Run, report: Report) -> Outcome:
        """Remove everything that Pulumi's state of the stack has, but for what is protected and what that depends on.

        ``run.retain``, and what was applied with ``retainOnDelete``, is only forgotten; with ``run.forget`` everything.

        Raises EngineError, BusyError, RefusedError, DamagedError before anything is changed. For a stack that has
        nothing it does nothing.
        """
        recording = Recording(run)
        if recording.is_empty:
            return Outcome(error=bring_up_to_date(run))
        if run.forget:
            return Outcome(recording.forget())
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

        def going(checkpoint: Checkpoint) -> Mapping[str, str]:
            return contents(checkpoint, run.retain) if cluster.live is not None else {}

        return self._change(run, report, recording, None, act, run.retain, cluster, going)

    def _change(
        self,
        run: Run,
        report: Report,
        recording: Recording,
        program: Program | None,
        act: Act,
        retain: frozenset[str],
        cluster: Cluster,
        going: Callable[[Checkpoint], Mapping[str, str]] = lambda _: {},
    ) -> Outcome:
        recorder = Recorder(report, run.mask, retain | recording.retained, run.adopt)

        def started(pid: int) -> None:
            self._started(pid)
            run.state.working(pid)

        installation = Installation(self._pulumi, self._home, started, cluster.kubeconfig)
        ended, after = recording.record(installation, program, recorder, act, retain, going)
        unlisted = bring_up_to_date(run)
        if recorder.raised:
            raise recorder.raised
        return Outcome(
            results=recorder.results([resource.id for resource in run.spec.resources]),
            resources=tuple(sorted({*after.ids, *recorder.doubtful})),
            error="\n".join(text for text in (ended.error, unlisted) if text),
            interrupted=ended.interrupted,
            outputs=run.mask.value(after.outputs),
            problems=(*with_holders(cluster.live, ended.problems), *([Problem(unlisted)] if unlisted else [])),
            adopted=recording.settled.adopted,
            forgotten=recording.settled.forgotten,
        )


def _left(run: Run, cluster: Cluster, checkpoint: Checkpoint | None) -> Left:
    """What the run leaves to somebody in the cluster."""
    if cluster.live is None or checkpoint is None:
        return {}
    return left_to_autoscalers(run.spec, cluster.live, checkpoint.ids)


def _graph(
    run: Run, cluster: Cluster, left: Left, adopt: frozenset[str], made: frozenset[str]
) -> tuple[Registration, ...]:
    return registrations(leaving(run.spec, left), run.target, cluster.identifier, adopt, made)


def _store(run: Run) -> Mapping[Reference, str]:
    store = store_values(run.spec, run.secret)
    run.mask.add(*store.values())
    return store


def _made(run: Run, checkpoint: Checkpoint | None, found: Mapping[str, Object]) -> frozenset[str]:
    return made_by_stacks(run.spec, checkpoint.inputs if checkpoint else {}, found)


def _leaving(run: Run) -> frozenset[str]:
    return run.retain - {resource.id for resource in run.spec.resources}


def _as_far_as_settled(run: Run) -> Checkpoint | None:
    """The state that a run would begin with. Where that would have to ask somebody first, a preview need not."""
    checkpoint = current(run.state.read(), run.ref)
    try:
        return settled(checkpoint, run.directory).checkpoint
    except RefusedError:
        return checkpoint
