"""Pulumi's state as it is stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kusion_dsl.engine.checkpoint import Checkpoint, empty, parse
from kusion_dsl.errors import DamagedError, NewerFormatError
from kusion_dsl.model.identity import StackRef

REF = StackRef("shop", "prod", "dev")
PREFIX = "urn:pulumi:prod.dev::shop::"


def checkpoint(*resources: dict[str, Any], **latest: Any) -> Checkpoint:
    deployment = {"resources": list(resources), **latest}
    return Checkpoint({"version": 3, "checkpoint": {"stack": "organization/shop/prod.dev", "latest": deployment}})


def resource(id: str, type: str = "kubernetes:core/v1:ConfigMap", **others: Any) -> dict[str, Any]:
    return {"urn": f"{PREFIX}{type}::{id}", "type": type, **others}


def test_stack_that_was_never_applied_has_no_resources() -> None:
    assert parse(empty(REF).to_bytes(), "x").resources == []
    assert parse(empty(REF).to_bytes(), "x").pending == []


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


def test_damage_is_no_loss_where_there_is_a_copy() -> None:
    with pytest.raises(DamagedError, match=r"nothing was changed; restore it from the \.bak file beside it"):
        parse(b"", "state.json")
    with pytest.raises(DamagedError, match="nothing was changed; remove it: there is a copy"):
        parse(b"", "state.json", has_copy=True)


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
