"""What there is after a run of the real engine, but for what differs between any two: times, numbers, random values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kusion_dsl.documents import load_yaml
from kusion_dsl.engine.checkpoint import Checkpoint
from kusion_dsl.engine.state import current
from kusion_dsl.model.spec import kubernetes_id
from kusion_dsl.storage.file import FileStore
from kusion_dsl.storage.leases import Leases
from kusion_dsl.storage.releases import Releases
from kusion_dsl.storage.states import States
from tests.crash.remains import faults
from tests.functional.commandline import DEV

_PASSWORD = re.compile(r"(?m)^(  password: ).*$")
_RANDOM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TWICE = "twice"
_TIMES = ("created", "modified")
_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which Pulumi tells special values from others."""


@dataclass(frozen=True)
class Remains:
    """What a run left of the stack.

    - ``live``: the files of the target, and their modes
    - ``state``: what Pulumi knows of it
    - ``release``: what the newest release says
    - ``wrong``: whatever must never be there when a run has ended
    """

    live: Mapping[str, Any]
    state: Any
    release: Mapping[str, Any]
    wrong: tuple[str, ...]


def remains(root: Path) -> Remains:
    """What there is on a machine whose files are below ``root``."""
    store = FileStore(root / "home/backend")
    newest = Releases(store).newest(DEV)
    assert newest is not None
    checkpoint = state_of(store)
    assert checkpoint is not None
    last = newest.phases[-1]
    return Remains(
        live=_live(root),
        state=_state(checkpoint),
        release={
            "kind": newest.release.kind,
            "phase": newest.phase,
            "restores": newest.release.restores,
            "spec": newest.release.spec.digest,
            "resources": sorted(last.resources),
            "message": last.message,
        },
        wrong=(*faults(store, Leases(store)), *_faults(root)),
    )


def differences(found: Any, expected: Any, where: str = "") -> Iterator[str]:
    """Where two documents are not the same, and what is there."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in sorted(found.keys() | expected.keys()):
            yield from differences(found.get(key), expected.get(key), f"{where}.{key}")
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            yield from differences(one, other, f"{where}[{number}]")
    elif found != expected:
        yield f"{where} is {found!r}, not {expected!r}"


def existing(root: Path) -> set[str]:
    """The ids of what is live, or known to the engine: it must not be created once more."""
    files = (load_yaml(path.read_text(), "").value for path in _target(root) if path.suffix == ".yaml")
    live = {kubernetes_id(each) for each in files if "metadata" in each}  # what lists the others has none
    checkpoint = state_of(FileStore(root / "home/backend"))
    return live | set(checkpoint.ids if checkpoint else ())


def note_creation(root: Path, file: str) -> None:
    """Take note that an object is about to be created, if there is one already: nobody else would see it."""
    if any(path.name == file for path in _target(root)):
        with (root / _TWICE).open("a") as noted:
            noted.write(f"{file} was created twice\n")


def created(root: Path) -> set[str]:
    """The ids of what the newest release says its run has created."""
    newest = Releases(FileStore(root / "home/backend")).newest(DEV)
    assert newest is not None
    return {each.id for each in newest.phases[-1].results if each.operation == "create"}


def state_of(store: FileStore) -> Checkpoint | None:
    """The state, what a run that died did included."""
    return current(States(store).seen(DEV).read(), DEV)


def _target(root: Path) -> list[Path]:
    place = root / ".manifests"
    return sorted(path for path in place.rglob("*") if path.is_file())


def _live(root: Path) -> dict[str, Any]:
    return {
        str(path.relative_to(root)): (oct(path.stat().st_mode), _PASSWORD.sub(r"\1random", path.read_text()))
        for path in _target(root)
    }


def _faults(root: Path) -> list[str]:
    """What runs that have ended must not leave behind, or must not have done."""
    twice = (root / _TWICE).read_text().splitlines() if (root / _TWICE).exists() else []
    return [*(f"{path} was left" for path in (root / "home/runs").iterdir()), *twice]


def _state(checkpoint: Checkpoint) -> Any:
    document = json.loads(_RANDOM_ID.sub("random", json.dumps(checkpoint.document)))
    latest = document["checkpoint"]["latest"]
    resources = [_stable(each) for each in latest.pop("resources", [])]
    latest.pop("manifest")
    latest.pop("secrets_providers", None)
    return {**document, "resources": sorted(resources, key=lambda each: json.dumps(each, sort_keys=True))}


def _stable(value: Any) -> Any:
    """A part of a state, without times, ciphertexts and orders that mean nothing."""
    if isinstance(value, list):
        return [_stable(each) for each in value]
    if not isinstance(value, dict):
        return value
    if _SIGNATURE in value:
        return "encrypted"
    stable = {key: _stable(each) for key, each in value.items() if key not in _TIMES}
    if "dependencies" in stable:
        stable["dependencies"] = sorted(stable["dependencies"])
    by_property = {key: sorted(urns) for key, urns in stable.pop("propertyDependencies", {}).items() if urns}
    return {**stable, "propertyDependencies": by_property} if by_property else stable
