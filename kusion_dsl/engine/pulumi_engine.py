"""The engine: a Spec previewed, applied and destroyed through Pulumi's Automation API."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pulumi import automation as auto

from kusion_dsl.engine.checkpoint import Checkpoint, Checkpoints, empty, open_checkpoints, parse, private_backend
from kusion_dsl.engine.command import Command, engine_environment
from kusion_dsl.engine.diagnostics import condensed
from kusion_dsl.engine.events import Recorder
from kusion_dsl.engine.kusion_provider import KusionProvider
from kusion_dsl.engine.manifests import ManifestsProvider
from kusion_dsl.engine.program import Program
from kusion_dsl.engine.provider import Provider, attached
from kusion_dsl.engine.registration import registrations
from kusion_dsl.engine.resolution import store_values
from kusion_dsl.engine.run import Outcome, Report, Run
from kusion_dsl.engine.workspace import Stack, keep_no_logs, stack_in, work_directory
from kusion_dsl.errors import EngineError, EngineMissingError
from kusion_dsl.model.change import Progress, Step
from kusion_dsl.model.spec import KUBERNETES, KUSION

_PARALLEL = 32
"""Operations at a time. Pulumi's default follows the number of cores, but providers wait rather than compute."""

_LOCK_PATIENCE = 5.0
"""Seconds that somebody else may hold Pulumi's lock before we give up."""

_INTERRUPTED = "interrupted; what was done is recorded, run it again to go on"

_Act = Callable[[Stack, Callable[[auto.EngineEvent], None]], object]


def _silent(progress: Progress) -> None:
    """Report to nobody."""


def _unwatched(pid: int) -> None:
    """Take no note of a child."""


@dataclass
class _Ended:
    """How an operation of the CLI ended: everything that was recorded, and the text of a failure."""

    recorder: Recorder
    error: str
    interrupted: bool


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

        Runs on a private copy of the state. Raises EngineError, DamagedError, and what ``run.secret`` raises.
        """
        program = _program(run)
        checkpoint, _ = _opened(open_checkpoints(run.backend), run)
        checkpoint.retain(_leaving(run))

        def act(stack: Stack, on_event: Callable[[auto.EngineEvent], None]) -> object:
            return stack.preview(on_event=on_event, color="never", refresh=run.refresh, parallel=_PARALLEL)

        with work_directory(self._home) as root:
            backend = private_backend(run.ref, checkpoint, root)
            recorder = Recorder(_silent, run.mask)
            ended = self._operate(run, backend, checkpoint, program, recorder, act, create=False)
        if ended.interrupted:
            raise KeyboardInterrupt
        if ended.error:
            raise EngineError("the preview failed", where=str(run.ref), details=[ended.error])
        return recorder.steps([resource.id for resource in run.spec.resources])

    def apply(self, run: Run, report: Report) -> Outcome:
        """Make live what ``run.spec`` says, telling ``report`` as it goes.

        Raises EngineError, DamagedError and what ``run.secret`` raises before anything is changed; what fails later
        is in the Outcome, and what does not depend on it is done.
        """
        program = _program(run)

        def act(stack: Stack, on_event: Callable[[auto.EngineEvent], None]) -> object:
            return stack.up(
                on_event=on_event, color="never", refresh=run.refresh, continue_on_error=True, parallel=_PARALLEL
            )

        return self._change(run, report, program, act, _leaving(run))

    def destroy(self, run: Run, report: Report) -> Outcome:
        """Remove everything that Pulumi's state of the stack has, except ``run.retain``, which is only forgotten.

        Raises EngineError, DamagedError before anything is changed. For a stack that has nothing it does nothing.
        """
        checkpoint, content = _opened(open_checkpoints(run.backend), run)
        if content is None or not checkpoint.resources:
            return Outcome()

        def act(stack: Stack, on_event: Callable[[auto.EngineEvent], None]) -> object:
            return stack.destroy(
                on_event=on_event, color="never", refresh=run.refresh, continue_on_error=True, parallel=_PARALLEL
            )

        return self._change(run, report, None, act, run.retain)

    def _change(self, run: Run, report: Report, program: Program | None, act: _Act, retain: frozenset[str]) -> Outcome:
        checkpoints = open_checkpoints(run.backend)
        checkpoint, content = _opened(checkpoints, run)
        holder = _holder(checkpoints, run)
        if holder:
            raise EngineError(
                f"another run of Pulumi works on this stack: {holder}",
                where=str(run.ref),
                hint="wait for its end; if there is none any more, run `pulumi cancel` in the environment that "
                "`kusion engine env` prints",
            )
        recorder = Recorder(report, run.mask, retain)
        with _prepared(checkpoints, run, checkpoint, content, retain, recorder):
            ended = self._operate(run, run.backend, checkpoint, program, recorder, act, create=content is None)
        if recorder.raised:
            raise recorder.raised
        after, _ = _opened(checkpoints, run)
        return Outcome(
            results=recorder.results([resource.id for resource in run.spec.resources]),
            resources=after.ids,
            error=_INTERRUPTED if ended.interrupted else ended.error,
            interrupted=ended.interrupted,
            outputs=run.mask.value(after.outputs),
        )

    def _operate(
        self,
        run: Run,
        backend: str,
        checkpoint: Checkpoint,
        program: Program | None,
        recorder: Recorder,
        act: _Act,
        *,
        create: bool,
    ) -> _Ended:
        """Run one operation of the CLI. Raises EngineError if it did not even begin."""
        if not os.access(self._pulumi, os.X_OK):
            hint = "run `kusion engine install`"
            raise EngineMissingError("there is no Pulumi CLI here", where=str(self._pulumi), hint=hint)
        _check_readable(run.passphrase_file)
        providers = _providers(run)
        failure: auto.CommandError | None = None
        with attached(providers) as debug_providers:
            environment = {
                **engine_environment(backend, run.passphrase_file, self._home),
                "PULUMI_DEBUG_PROVIDERS": debug_providers,
                **_acquisition(run, checkpoint, providers),
            }
            keep_no_logs(Path(environment["PULUMI_HOME"]))
            command = Command(self._pulumi, environment, self._started)

            def on_event(event: auto.EngineEvent) -> None:
                recorder(event)
                command.saw(event)

            try:
                with work_directory(self._home) as directory:
                    stack = stack_in(directory, run.ref, command, program)
                    if create:
                        stack.workspace.create_stack(stack.name)
                    act(stack, on_event)
            except auto.CommandError as error:
                failure = error
        interrupted = command.interrupts > 0
        if failure is None:
            return _Ended(recorder, "", interrupted)
        if not recorder.began and not interrupted:
            raise _not_begun(run, command.result)
        failed = [result.id for result in recorder.results(()) if result.status == "failed"]
        text = recorder.diagnostics.text(failed) or condensed(command.result.stderr) or "Pulumi failed without a word"
        return _Ended(recorder, text, interrupted)


def _holder(checkpoints: Checkpoints, run: Run) -> str:
    """Who holds Pulumi's lock. The CLI of a run that was killed may still be about to end, and is waited for."""
    deadline = time.monotonic() + _LOCK_PATIENCE
    while (holder := checkpoints.lock_holder(run.ref)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return holder


def _program(run: Run) -> Program:
    store = store_values(run.spec, run.secret)
    run.mask.add(*store.values())
    return Program(registrations(run.spec, run.target), store, run.mask)


def _check_readable(passphrase_file: Path) -> None:
    try:
        passphrase_file.read_bytes()
    except OSError as error:
        raise EngineError(f"the passphrase cannot be read: {error.strerror}", where=str(passphrase_file)) from None


def _opened(checkpoints: Checkpoints, run: Run) -> tuple[Checkpoint, bytes | None]:
    content = checkpoints.read(run.ref)
    return (empty(run.ref) if content is None else parse(content, checkpoints.where(run.ref))), content


def _leaving(run: Run) -> frozenset[str]:
    return run.retain - {resource.id for resource in run.spec.resources}


@contextmanager
def _prepared(
    checkpoints: Checkpoints,
    run: Run,
    checkpoint: Checkpoint,
    content: bytes | None,
    retain: frozenset[str],
    recorder: Recorder,
) -> Iterator[None]:
    """Write into the state what the run needs to know, and take back afterwards what it did not use."""
    marked = checkpoint.retain(retain)
    settled = checkpoint.forget_pending_creates(_providers(run))
    if content is None or not (marked or settled):
        yield
        return
    checkpoints.write(run.ref, checkpoint.to_bytes())
    try:
        yield
    finally:
        if not recorder.began:
            checkpoints.write(run.ref, content)
        else:
            after, _ = _opened(checkpoints, run)
            if after.retain(marked, retained=False):
                checkpoints.write(run.ref, after.to_bytes())


def _providers(run: Run) -> Mapping[str, Provider]:
    """The providers that run in our process, by package."""
    providers: dict[str, Provider] = {KUSION: KusionProvider()}
    if run.target.kind == "manifests":
        providers[KUBERNETES] = ManifestsProvider(run.directory)
    return providers


def _acquisition(run: Run, checkpoint: Checkpoint, served: Mapping[str, Provider]) -> dict[str, str]:
    """Where every provider is ours there is no plugin to look for, let alone to download."""
    used = {resource.package for resource in run.spec.resources} | checkpoint.packages
    return {} if used - served.keys() else {"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"}


def _not_begun(run: Run, result: auto.CommandResult) -> EngineError:
    """The error for a CLI that gave up before it did anything."""
    said = f"{result.stderr}\n{result.stdout}"
    if "incorrect passphrase" in said:
        return EngineError(
            "this passphrase does not open Pulumi's state of the stack",
            where=str(run.passphrase_file),
            hint="nothing was changed; give the one with which the stack was applied first",
        )
    if "currently locked by" in said:
        return EngineError("another run of Pulumi works on this stack", where=str(run.ref), details=[condensed(said)])
    if result.code < 0:
        return EngineError(f"the Pulumi CLI was ended by signal {-result.code}", where=str(run.ref))
    return EngineError("Pulumi could not begin the run", where=str(run.ref), details=[condensed(said)])
