"""``kustomization.yaml`` beside the manifests: what ``kubectl apply -k``, Argo CD and Flux apply, and in which order.

It follows from the files that lie there, so it is no resource: a run writes it anew when everything else is done, and
one that died before that has left a run to be repeated. A file that somebody put there is not listed. What is edited
in it, or where it was deleted, is drift like any other: told by a preview, reverted by the next apply. A kustomization
that does not begin with our comment is somebody else's: it stays as it is, and we write none.

Secrets have one of their own, which takes in the manifests too: ``kubectl apply -k DIRECTORY.secrets`` applies
everything, ``kubectl apply -k DIRECTORY`` what may be seen.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kusion_dsl.documents import DocumentError, dump_yaml, load_yaml
from kusion_dsl.engine.atomic_file import replacing, sweep
from kusion_dsl.engine.checkpoint import Checkpoint, type_of
from kusion_dsl.engine.manifest_files import (
    HEADER,
    MARK,
    MODE,
    SECRET_MODE,
    Identity,
    ManifestFiles,
    our_files,
    remove_empty,
    text_of,
)
from kusion_dsl.engine.run import Run
from kusion_dsl.errors import EngineError
from kusion_dsl.model.change import Step
from kusion_dsl.model.spec import KUBERNETES
from kusion_dsl.model.target import KUSTOMIZATION

NAME = "kustomization.yaml"
_NAMES = (NAME, "kustomization.yml", "Kustomization")
"""What Kustomize calls its own file; it takes no directory with two of them
(https://github.com/kubernetes-sigs/kustomize/blob/master/api/konfig/general.go)."""
_FIRST = ("namespace_core_", "customresourcedefinition_")
"""How the files begin whose objects must be there before others: not everybody sorts what a kustomization lists."""


class Kustomizations:
    """The kustomizations of a target, which are those of its two directories."""

    def __init__(self, files: ManifestFiles) -> None:
        self._public, self._secret = files.directory, files.secrets

    def amiss(self, known: Iterable[Identity], coming: Iterable[Identity]) -> Iterator[Step]:
        """What of them is not as it should be: a step each, ``same`` for one that is not ours to change.

        ``known`` are the objects that the stack has, whose files may be gone; ``coming`` those that it is to have.
        Raises EngineError for a file that cannot be read.
        """
        known, coming = list(known), list(coming)
        beside: list[str] = []
        for directory, secret in ((self._public, False), (self._secret, True)):
            there = our_files(directory)
            names = {*there, *_files_of(known, secret=secret)}
            foreign = _foreign(directory)
            if foreign is not None:
                yield from _incomplete(foreign, names | _files_of(coming, secret=secret))
            elif there:  # where nothing is left to be listed, that is told already
                yield from _edited(directory / NAME, _document(beside, names))
            if names or foreign is not None:
                beside = [f"../{directory.name}"]

    def write(self) -> None:
        """Let them list what lies there now. Raises EngineError, OSError.

        Stacks may share a directory: who lists what lies there, and writes that down, is alone with it meanwhile.
        """
        beside: list[str] = []
        for directory, mode in ((self._public, MODE), (self._secret, SECRET_MODE)):
            with suppress(FileNotFoundError), _alone(directory):  # of a directory that is gone nothing is to be listed
                if _write(directory, beside, mode):
                    beside = [f"../{directory.name}"]
                remove_empty(directory)


def _write(directory: Path, beside: list[str], mode: int) -> bool:
    """Write the kustomization of a directory, or remove it; whether there is one then, ours or not."""
    path = directory / NAME
    sweep(path)
    text = text_of(path)
    is_foreign = _foreign(directory) is not None
    names = our_files(directory)
    if is_foreign or not names:
        if text is not None and text.startswith(MARK):
            path.unlink(missing_ok=True)
        return is_foreign
    new = HEADER + dump_yaml(_document(beside, names))
    if new != text:
        with replacing(path, mode) as file:
            file.write(new.encode())
    return True


def _document(beside: list[str], names: Iterable[str]) -> dict[str, Any]:
    """https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/resource/."""
    ordered = sorted(names, key=lambda name: (not name.startswith(_FIRST), name))
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [*beside, *ordered],
    }


def _files_of(objects: Iterable[Identity], *, secret: bool) -> set[str]:
    return {each.file_name for each in objects if each.is_secret is secret}


def _foreign(directory: Path) -> Path | None:
    """The kustomization in ``directory`` that is not ours, if there is one."""
    for path in (directory / name for name in _NAMES):
        text = text_of(path)
        if text is not None and not text.startswith(MARK):
            return path
    return None


def _incomplete(path: Path, names: set[str]) -> Iterator[Step]:
    """A step for somebody else's kustomization that leaves out files of ours."""
    live = _read(path)
    listed = live.get("resources")
    missing = names - {each.removeprefix("./") for each in listed or () if isinstance(each, str)}
    if missing:
        wanted = {**live, "resources": sorted(missing)}
        yield Step(_id(path), KUSTOMIZATION, "same", live, live, wanted)


def _edited(path: Path, wanted: Mapping[str, Any]) -> Iterator[Step]:
    """A step for a kustomization of ours that does not say what it should."""
    if not path.exists():
        yield Step(_id(path), KUSTOMIZATION, "create", wanted, None, wanted)
        return
    live = _read(path)
    if live != wanted:
        differing = tuple(sorted(key for key in {*live, *wanted} if live.get(key) != wanted.get(key)))
        yield Step(_id(path), KUSTOMIZATION, "update", wanted, live, wanted, differs=differing, drifted=differing)


def _id(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _read(path: Path) -> dict[str, Any]:
    """What a kustomization says; nothing where that cannot be understood."""
    try:
        value = load_yaml(text_of(path) or "", str(path)).value
    except DocumentError:
        return {}
    return value if isinstance(value, dict) else {}


def amiss(run: Run, checkpoint: Checkpoint | None) -> tuple[Step, ...]:
    """:meth:`Kustomizations.amiss` of a run that reads live objects; ``checkpoint`` is the state it begins with."""
    if run.target.kind != "manifests" or not run.refresh:
        return ()
    resources = checkpoint.resources if checkpoint else []
    known = [Identity.of_resource(type_of(each["urn"]), each["id"]) for each in resources if _is_object(each)]
    found = (Identity.of_object(each.attributes) for each in run.spec.resources if each.package == KUBERNETES)
    return tuple(_of(run).amiss(known, (each for each in found if each is not None)))


def bring_up_to_date(run: Run) -> str:
    """:meth:`Kustomizations.write` at the end of a run; why that could not be done, empty where it was."""
    if run.target.kind != "manifests":
        return ""
    try:
        _of(run).write()
    except (EngineError, OSError) as error:
        return f"{NAME} could not be written: {error}"
    return ""


def _of(run: Run) -> Kustomizations:
    return Kustomizations(ManifestFiles(Path(os.path.normpath(run.directory / run.target.directory))))


def _is_object(resource: Mapping[str, Any]) -> bool:
    return type_of(resource["urn"]).startswith(f"{KUBERNETES}:") and not resource.get("delete")


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
