"""A run that changes a stack, so that whenever it ends, and however, everything that it did is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from kusion_dsl.engine.checkpoint import Checkpoint
from kusion_dsl.engine.events import Recorder
from kusion_dsl.engine.program import Program
from kusion_dsl.engine.run import Run
from kusion_dsl.engine.service.routes import Service
from kusion_dsl.engine.service.server import served
from kusion_dsl.engine.service.stack import ServedStack
from kusion_dsl.engine.session import Act, Ended, Installation, Session, session
from kusion_dsl.engine.state import Beginning, Settled, beginning, created, current, exported, settled
from kusion_dsl.errors import EngineError, KusionError, RefusedError
from kusion_dsl.model.change import FORGOTTEN, ResourceResult


class Recording:
    """One run on the state of its stack; made when the lease is held, used once.

    The CLI talks to a service of ours and writes a journal through it, which is folded into a state when the CLI has
    ended. A CLI that keeps no journal is let write the published copy itself, as it does on a backend of its own.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._rest = run.state.read()
        self._checkpoint = current(self._rest, run.ref)
        self._settled = Settled(self._checkpoint)

    @property
    def is_empty(self) -> bool:
        """Whether the stack has nothing, and nothing of a run that died is left to be written down."""
        if self._checkpoint is not None and (self._checkpoint.resources or self._checkpoint.pending):
            return False
        return not self._is_unfinished

    @property
    def retained(self) -> frozenset[str]:
        """The ids of the resources that are forgotten instead of deleted, as the state has it."""
        return self._checkpoint.retained if self._checkpoint else frozenset()

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The state that the run begins with; None for a stack that was never applied."""
        return self._checkpoint

    @property
    def settled(self) -> Settled:
        """The state that the operation really began with, and what of a run that was cut off was settled for it."""
        return self._settled

    @property
    def _is_unfinished(self) -> bool:
        """Whether what lies there has to be written anew even if this run does nothing."""
        return self._rest.is_unfinished or self._rest.published != self._rest.folded

    def forget(self) -> tuple[ResourceResult, ...]:
        """Write down that the stack has nothing; what it had, as results. Raises BusyError, StorageError."""
        if self._checkpoint is None:
            return ()
        had = self._checkpoint.types
        self._run.state.begin(Beginning(self._checkpoint).to_bytes())
        self._run.state.fold(self._checkpoint.emptied.to_bytes())
        return tuple(ResourceResult(id, type, "delete", "done", FORGOTTEN) for id, type in sorted(had.items()))

    def record(
        self,
        installation: Installation,
        program: Program | None,
        recorder: Recorder,
        act: Act,
        retain: frozenset[str],
        going: Callable[[Checkpoint], Mapping[str, str]] = lambda _: {},
    ) -> tuple[Ended, Checkpoint]:
        """Run ``act``: how it ended, and the state after it. ``going`` tells of the state what goes with what.

        Raises EngineError if it did not even begin, RefusedError where a create that was cut off cannot be settled,
        BusyError, StorageError; what could not be recorded later is in how it ended.
        """
        self._settled = self._settle()
        found = self._settled.checkpoint
        start = beginning(found, self._run.ref, retain, going(found) if found else {})
        stack = ServedStack(self._run.ref, exported(start.marked) if self._checkpoint else None, self._run.state.append)
        packages = start.checkpoint.packages
        with (
            served(Service(stack, lambda: self._run.state.lost), stack.token) as address,
            session(installation, self._run, program, recorder, packages, address) as cli,
        ):
            if not stack.exists:
                interrupted = cli.create()
                if interrupted:
                    return interrupted, start.checkpoint
                start = Beginning(created(self._run.ref, stack.export()))
            self._run.state.begin(start.to_bytes())
            ended = _ended(cli, act)
        entries = stack.close()
        if not stack.plain:
            after = start.followed_by(entries, recorder.doubtful, complete=ended == Ended())
            return self._finish(ended, stack.failure, after, did_something=bool(entries))
        self._run.state.hand_over(replace(start, going={}).marked.to_bytes())
        with session(installation, self._run, program, recorder, packages) as cli:
            ended = _ended(cli, act)
        written = current(self._run.state.read(), self._run.ref) or start.checkpoint
        written.retain(start.retained, retained=False)
        return self._finish(ended, None, written, did_something=True)

    def _finish(
        self, ended: Ended | EngineError, failure: KusionError | None, after: Checkpoint, *, did_something: bool
    ) -> tuple[Ended, Checkpoint]:
        """Write down what a run has left, and tell what became of it."""
        failures = [failure] if failure else []
        try:
            if did_something or self._is_unfinished:
                self._run.state.fold(after.to_bytes())
            else:
                self._run.state.discard()
        except KusionError as error:
            failures.append(error)
        if isinstance(ended, EngineError):
            raise EngineError.of([problem for error in (*failures, ended) for problem in error.problems])
        texts = dict.fromkeys([*map(str, failures), ended.error])
        problems = (*(problem for error in failures for problem in error.problems), *ended.problems)
        return Ended("\n".join(text for text in texts if text), ended.interrupted, problems), after

    def _settle(self) -> Settled:
        """The state without operations that were cut off. What cannot be settled is left where pulumi finds it."""
        try:
            return settled(self._checkpoint, self._run.directory)
        except RefusedError:
            if self._checkpoint is not None and self._is_unfinished:
                self._run.state.begin(Beginning(self._checkpoint).to_bytes())
                self._run.state.fold(self._checkpoint.to_bytes())
            raise


def _ended(cli: Session, act: Act) -> Ended | EngineError:
    """How an operation ended; the error of one that did not even begin."""
    try:
        return cli.operate(act)
    except EngineError as error:
        return error
