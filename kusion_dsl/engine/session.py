"""One run of the CLI: what it is given, how it is started, and how it ended."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pulumi import automation as auto

from kusion_dsl.engine.command import Command, engine_environment
from kusion_dsl.engine.diagnostics import condensed
from kusion_dsl.engine.events import Recorder
from kusion_dsl.engine.kusion_provider import KusionProvider
from kusion_dsl.engine.manifests import ManifestsProvider
from kusion_dsl.engine.program import Program
from kusion_dsl.engine.provider import Provider, attached
from kusion_dsl.engine.run import Run
from kusion_dsl.engine.service.server import Address
from kusion_dsl.engine.workspace import Stack, keep_no_logs, stack_in, work_directory
from kusion_dsl.errors import EngineError, EngineMissingError, Problem
from kusion_dsl.model.spec import KUBERNETES, KUSION

_BATCH_MILLISECONDS = 10
"""How long the CLI collects entries of its journal. A resource is not touched before the entry that says so is
written, so its default of 50 ms is what a chain of resources would wait at each step."""

_TAKES_BACK = {"PULUMI_K8S_ENABLE_PATCH_FORCE": "true"}
"""Lets the provider take fields back that others changed: in a run that looks at live objects, so that it was seen before
whose they are. As an input of the provider it would be in the state, and hold for a plain ``pulumi`` too
(https://www.pulumi.com/registry/packages/kubernetes/api-docs/provider/, ``enablePatchForce``)."""

Act = Callable[[Stack, Callable[[auto.EngineEvent], None]], object]
"""An operation of the Automation API."""


@dataclass(frozen=True)
class Ended:
    """How an operation ended: the text of a failure, what it consists of, and whether somebody interrupted it."""

    error: str = ""
    interrupted: bool = False
    problems: tuple[Problem, ...] = ()


_INTERRUPTED = Ended("interrupted; what was done is recorded, run it again to go on", interrupted=True)


@dataclass(frozen=True)
class Installation:
    """The CLI, where its home is, and who is told the process id of each child as soon as there is one.

    ``kubeconfig`` is what the provider of a cluster is given.
    """

    pulumi: Path
    home: Path
    started: Callable[[int], None]
    kubeconfig: str = ""


class Session:
    """The CLI on one stack, with everything that it needs while it works."""

    def __init__(self, run: Run, recorder: Recorder, stack: Stack, command: Command) -> None:
        self._run = run
        self._recorder = recorder
        self._stack = stack
        self._command = command

    def create(self) -> Ended | None:
        """Make the stack, whose state does not exist yet; tells if somebody interrupted that. Raises EngineError."""
        try:
            self._stack.workspace.create_stack(self._stack.name)
        except auto.CommandError:
            if not self._command.interrupts:
                raise _not_begun(self._run, self._command.result) from None
        return _INTERRUPTED if self._command.interrupts else None

    def operate(self, act: Act) -> Ended:
        """Run one operation to its end. Raises EngineError if it did not even begin."""
        try:
            act(self._stack, self._take)
        except auto.CommandError:
            return self._failed()
        return _INTERRUPTED if self._command.interrupts else Ended()

    def _take(self, event: auto.EngineEvent) -> None:
        self._recorder(event)
        self._command.saw(event)

    def _failed(self) -> Ended:
        result = self._command.result
        if self._command.interrupts:
            return _INTERRUPTED
        if not self._recorder.began:
            raise _not_begun(self._run, result)
        failed = {each.id: each.message for each in self._recorder.results(()) if each.status == "failed"}
        diagnostics = self._recorder.diagnostics
        if result.code < 0:  # it had no time to say why
            texts = (_ended_by(result), diagnostics.text(failed))
            ended = Problem(texts[0], hint="run this again, which settles what it was doing; nothing is lost")
            return Ended("\n".join(filter(None, texts)), problems=(ended, *diagnostics.problems(failed)))
        text = diagnostics.text(failed) or condensed(result.stderr) or "Pulumi failed without a word"
        return Ended(text, problems=diagnostics.problems(failed))


@contextmanager
def session(
    installation: Installation,
    run: Run,
    program: Program | None,
    recorder: Recorder,
    packages: set[str],
    address: Address | None = None,
) -> Iterator[Session]:
    """Everything that the CLI needs, until the end of the block.

    ``packages`` are those that the state has; ``address`` is that of the service, None for the backend itself.
    """
    if not os.access(installation.pulumi, os.X_OK):
        hint = "run `kusion engine install`"
        raise EngineMissingError("there is no Pulumi CLI here", where=str(installation.pulumi), hint=hint)
    _check_readable(run.passphrase_file)
    providers = providers_of(run)
    with attached(providers) as debug_providers, work_directory(installation.home) as directory:
        environment = {
            **engine_environment(address.url if address else run.backend, run.passphrase_file, installation.home),
            **(_service_environment(address, directory) if address else {}),
            "PULUMI_DEBUG_PROVIDERS": debug_providers,
            **_acquisition(run, packages, providers),
            **_way_to_cluster(installation.kubeconfig, directory),
            **(_TAKES_BACK if installation.kubeconfig and run.refresh else {}),
        }
        keep_no_logs(Path(environment["PULUMI_HOME"]))
        command = Command(installation.pulumi, environment, installation.started)
        yield Session(run, recorder, stack_in(directory, run.ref, command, program), command)


def _service_environment(address: Address, directory: Path) -> dict[str, str]:
    return {
        "PULUMI_ACCESS_TOKEN": address.token,
        "PULUMI_CREDENTIALS_PATH": str(directory),  # where the CLI remembers the token, for no longer than it is good
        "PULUMI_JOURNALING_BATCH_PERIOD": str(_BATCH_MILLISECONDS),
    }


def _way_to_cluster(kubeconfig: str, directory: Path) -> dict[str, str]:
    """The environment in which the provider finds the cluster: the real one reads no content, only a file.

    It lies in the run's own directory, which is private and goes with it. As an input of the provider it would be in
    the state, and a destroy would use the credentials of whoever applied last.
    """
    if not kubeconfig:
        return {}
    path = directory / "kubeconfig"
    path.touch(mode=0o600)
    path.write_text(kubeconfig, encoding="utf-8")
    return {"KUBECONFIG": str(path)}


def _check_readable(passphrase_file: Path) -> None:
    try:
        passphrase_file.read_bytes()
    except OSError as error:
        raise EngineError(f"the passphrase cannot be read: {error.strerror}", where=str(passphrase_file)) from None


def providers_of(run: Run) -> Mapping[str, Provider]:
    """The providers that run in our process, by package."""
    providers: dict[str, Provider] = {KUSION: KusionProvider()}
    if run.target.kind == "manifests":
        providers[KUBERNETES] = ManifestsProvider(run.directory)
    return providers


def _acquisition(run: Run, packages: set[str], served: Mapping[str, Provider]) -> dict[str, str]:
    """Where every provider is ours there is no plugin to look for, let alone to download."""
    used = {resource.package for resource in run.spec.resources} | packages
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
        return EngineError(_ended_by(result), where=str(run.ref))
    return EngineError("Pulumi could not begin the run", where=str(run.ref), details=[condensed(said)])


def _ended_by(result: auto.CommandResult) -> str:
    return f"the Pulumi CLI was ended by signal {-result.code}"
