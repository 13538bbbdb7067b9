"""The door for module authors: what a function must be to be a module."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

import kusion_dsl
import kusion_dsl.module as door
from kusion_dsl.errors import ModuleError
from kusion_dsl.module import (
    Accessory,
    Context,
    Generated,
    Outputs,
    PlatformConfig,
    Precedence,
    Resource,
    dev_overrides,
    module,
    shared_fields,
    union,
)


class Queue(Accessory):
    size: Annotated[int, dev_overrides] = 1
    zones: Annotated[list[str] | None, union] = None
    plain: int = 1


class QueuePlatform(PlatformConfig):
    pass


@module
def queue(intent: Queue, platform: QueuePlatform, ctx: Context) -> Generated:
    """A queue.

    And more about it.
    """
    yield Outputs()


def test_the_annotations_are_the_registration() -> None:
    assert (queue.name, queue.summary) == ("queue", "A queue.")
    assert (queue.intent, queue.platform) == (Queue, QueuePlatform)
    assert shared_fields(Queue) == {"size": Precedence.dev_overrides, "zones": Precedence.union}


def _no_annotations(intent, platform, ctx):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - what is tested
    yield Outputs()


def _wrong_order(platform: QueuePlatform, intent: Queue, ctx: Context) -> Generated:
    yield Outputs()


def _too_few(intent: Queue, ctx: Context) -> Generated:
    yield Outputs()


def _not_a_model(intent: int, platform: QueuePlatform, ctx: Context) -> Generated:
    yield Outputs()


@pytest.mark.parametrize("function", [_no_annotations, _wrong_order, _too_few, _not_a_model])
def test_a_function_that_does_not_say_what_it_takes_is_no_module(function: Any) -> None:
    with pytest.raises(ModuleError) as raised:
        module(function)
    assert f"{function.__name__} is not a module" in str(raised.value)
    assert "def name(intent" in str(raised.value)


@pytest.mark.parametrize("public", [kusion_dsl, door])
def test_everything_that_is_promised_can_be_imported(public: Any) -> None:
    assert public.__all__ == sorted(public.__all__)
    for name in public.__all__:
        assert getattr(public, name) is not None
    assert set(public.__all__) <= set(dir(public))


def test_what_is_not_promised_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = kusion_dsl.Nothing


def context(accessory: str, *, project: str = "shop", app: str = "web") -> Context:
    return Context(project, "dev", app, accessory, default_name="opsRule", namespace="shop")


@pytest.mark.parametrize(
    ("accessory", "suffix", "name"),
    [
        ("workload", (), "shop-dev-web"),
        ("ops-rule", (), "shop-dev-web"),
        ("ops-rule", ("password",), "shop-dev-web-password"),
        ("other", (), "shop-dev-web-other"),
        ("other", ("a", "b"), "shop-dev-web-other-a-b"),
    ],
)
def test_a_name_has_the_accessorys_unless_it_is_the_modules_own(
    accessory: str, suffix: tuple[str, ...], name: str
) -> None:
    assert context(accessory).name(*suffix) == name


def test_a_name_that_is_too_long_is_shortened() -> None:
    long = context("other", project="p" * 40, app="a" * 40)
    assert len(long.name()) == 63
    assert len(long.name("x", longest=52)) == 52
    assert long.name("x") != long.name("y")


def test_metadata_leaves_empty_parts_out() -> None:
    assert context("x").metadata("n", labels={}, annotations={"a": "b"}) == {
        "name": "n",
        "namespace": "shop",
        "annotations": {"a": "b"},
    }


def test_a_resource_knows_its_id() -> None:
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "n", "namespace": "shop"}}
    assert Resource.manifest(manifest).id == "v1:Secret:shop:n"
    assert Resource("aws:rds/instance:Instance", "db", {}).id == "aws:rds/instance:Instance:db"
    assert (
        Resource("kusion:index:RandomPassword", "p", {})["result"]
        != Resource("kusion:index:RandomPassword", "q", {})["result"]
    )
