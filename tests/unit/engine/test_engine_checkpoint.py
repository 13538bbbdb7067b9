"""Pulumi's state as it lies in a file backend."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from kusion_dsl.engine.checkpoint import Checkpoint, empty, open_checkpoints, parse, private_backend
from kusion_dsl.errors import DamagedError, EngineError, NewerFormatError
from kusion_dsl.model.identity import StackRef

REF = StackRef("shop", "prod", "dev")
PATH = ".pulumi/stacks/shop/prod.dev.json"
PREFIX = "urn:pulumi:prod.dev::shop::"


def checkpoint(*resources: dict[str, Any], **latest: Any) -> Checkpoint:
    deployment = {"resources": list(resources), **latest}
    return Checkpoint({"version": 3, "checkpoint": {"stack": "organization/shop/prod.dev", "latest": deployment}})


def resource(id: str, type: str = "kubernetes:core/v1:ConfigMap", **others: Any) -> dict[str, Any]:
    return {"urn": f"{PREFIX}{type}::{id}", "type": type, **others}


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_state_is_read_and_replaced_in_the_form_it_has(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / (PATH + suffix)
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(b"old") if suffix else b"old")
    checkpoints = open_checkpoints(f"file://{tmp_path}?metadata=skip")

    assert checkpoints.read(REF) == b"old" and checkpoints.where(REF) == str(path)
    checkpoints.write(REF, b"new")
    assert checkpoints.read(REF) == b"new"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_stack_that_was_never_applied_has_no_state(tmp_path: Path) -> None:
    checkpoints = open_checkpoints(f"file://{tmp_path}/with%20space")
    assert checkpoints.read(REF) is None
    assert checkpoints.where(REF) == str(tmp_path / "with space" / PATH)
    assert parse(empty(REF).to_bytes(), "x").resources == []


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / PATH
    path.parent.mkdir(parents=True)
    (tmp_path / f"{PATH}.zst").write_bytes(b"")
    with pytest.raises(EngineError, match="compressed with zstd"):
        open_checkpoints(f"file://{tmp_path}").read(REF)
    (tmp_path / f"{PATH}.zst").unlink()
    (tmp_path / f"{PATH}.gz").write_bytes(b"not gzip")
    with pytest.raises(DamagedError, match="nothing was changed"):
        open_checkpoints(f"file://{tmp_path}").read(REF)
    with pytest.raises(EngineError, match="'s3' is not supported"):
        open_checkpoints("s3://bucket")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"{}",
        b'{"version": "3"}',
        b'{"version": 3}',
        b'{"version": 3, "checkpoint": {"latest": []}}',
        b'{"version": 3, "checkpoint": {"latest": 7}}',
        b'{"version": 3, "checkpoint": {"latest": {"resources": {}}}}',
        b'{"version": 3, "checkpoint": {"latest": {"resources": [7]}}}',
        b'{"version": 3, "checkpoint": {"latest": {"resources": [{"urn": "x"}]}}}',
    ],
)
def test_damage_is_told_with_its_place(content: bytes) -> None:
    with pytest.raises(DamagedError, match=r"state\.json: Pulumi's state of the stack is damaged"):
        parse(content, "state.json")


def test_newer_form_is_told() -> None:
    with pytest.raises(NewerFormatError):
        parse(b'{"version": 5, "checkpoint": {}}', "state.json")


def test_ids_outputs_and_packages() -> None:
    signature = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}
    state = checkpoint(
        resource("prod", "pulumi:pulumi:Stack"),
        resource("kubernetes", "pulumi:providers:kubernetes", outputs={"version": "4"}),
        resource("b", outputs={"x": signature}),
        resource("a"),
        resource("b", outputs={"x": "old"}, delete=True),
    )

    assert state.ids == ("a", "b")
    assert state.outputs == {"a": {}, "b": {"x": "[secret]"}}
    assert state.packages == {"kubernetes"}


def test_retain_marks_and_takes_back_what_it_marked() -> None:
    state = checkpoint(resource("a"), resource("b", retainOnDelete=True), resource("c"), resource("a", delete=True))
    before = json.dumps(state.document)

    marked = state.retain({"a", "b", "elsewhere"})
    assert marked == ["a", "a"]
    assert [bool(each.get("retainOnDelete")) for each in state.resources] == [True, True, False, True]
    state.retain(marked, retained=False)
    assert json.dumps(state.document) == before


def test_pending_creates_of_our_providers_are_forgotten() -> None:
    def pending(type: str, kind: str = "creating") -> dict[str, Any]:
        return {"type": kind, "resource": resource("x", type)}

    ours, cloud = pending("kubernetes:core/v1:Pod"), pending("aws:s3/bucket:Bucket")
    deleting = pending("kubernetes:core/v1:Pod", "deleting")
    state = checkpoint(pending_operations=[ours, cloud, deleting])

    assert state.forget_pending_creates(["kubernetes", "kusion"])
    assert state.document["checkpoint"]["latest"]["pending_operations"] == [cloud, deleting]
    assert not state.forget_pending_creates(["kubernetes", "kusion"])
    assert not empty(REF).forget_pending_creates(["kubernetes"])


def test_private_backend_has_this_state_and_nothing_else(tmp_path: Path) -> None:
    state = checkpoint(resource("a"))
    backend = private_backend(REF, state, tmp_path)

    assert open_checkpoints(backend).read(REF) == state.to_bytes()
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert files == [".pulumi/meta.yaml", PATH]


def test_lock_that_cannot_be_read_counts(tmp_path: Path) -> None:
    checkpoints = open_checkpoints(f"file://{tmp_path}")
    assert checkpoints.lock_holder(REF) == ""
    path = tmp_path / ".pulumi/locks/organization/shop/prod.dev/x.json"
    path.parent.mkdir(parents=True)
    for content in ("", "[]", "{}"):
        path.write_text(content)
        assert "cannot be read" in checkpoints.lock_holder(REF)
