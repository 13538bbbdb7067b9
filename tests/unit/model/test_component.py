"""Components: what they accept, how they are overridden, and what happens to a wrong one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, Field, StringConstraints

from kusion_dsl import Secret
from kusion_dsl.errors import AppError
from kusion_dsl.model.component import Accessory, Component, InvalidComponentError, Workload, output
from kusion_dsl.model.load_session import LoadSession, load_session


class Probe(Component):
    path: Annotated[str, StringConstraints(pattern="^/")] = "/"
    port: Annotated[int, Field(ge=1, le=65535)] = 80


class Box(Component):
    image: str
    env: Mapping[str, str] = Field(default_factory=dict[str, str])
    probe: Probe | None = None


class Web(Workload):
    boxes: Mapping[str, Box] = Field(default_factory=dict[str, Box])
    ports: list[Annotated[int, Field(ge=1)]] = Field(default_factory=list[int])
    flags: Mapping[str, bool] = Field(default_factory=dict[str, bool])
    replicas: int | None = None


class Data(Accessory):
    version: str = "1"
    size: int = 1

    url: ClassVar[output] = output("Where it is.", secret=True)
    host: ClassVar[output] = output("Its host.")


class MoreData(Data):
    port: ClassVar[output] = output("Its port.")


envs = st.dictionaries(st.sampled_from("ABC"), st.sampled_from("xyz"), max_size=3)
changes = st.dictionaries(st.sampled_from("ABC"), st.none() | st.sampled_from("xyz"), max_size=3)


def changed(env: Mapping[str, str], change: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in {**env, **change}.items() if value is not None}


@given(envs, changes)
def test_an_override_merges_mappings_by_key_at_every_depth(env: dict[str, str], change: dict[str, str | None]) -> None:
    web = Web(boxes={"a": Box(image="i", env=env), "b": Box(image="j")})
    result = web.override(boxes={"a": {"env": change}})
    assert result.boxes["a"] == Box(image="i", env=changed(env, change))
    assert result.boxes["b"] is web.boxes["b"]
    assert web.boxes["a"].env == env


@given(envs, changes, changes)
def test_two_overrides_are_one_after_the_other(
    env: dict[str, str], one: dict[str, str | None], two: dict[str, str | None]
) -> None:
    box = Box(image="i", env=env)
    assert box.override(env=one).override(env=two).env == changed(changed(env, one), two)
    assert box.override(env=one).override(env=one) == box.override(env=one)


def test_an_override_replaces_and_removes() -> None:
    web = Web(boxes={"a": Box(image="i"), "b": Box(image="j")}, ports=[1, 2], replicas=3)
    result = web.override(boxes={"a": None, "c": {"image": "k"}}, ports=[9], replicas=None)
    assert result == Web(boxes={"b": Box(image="j"), "c": Box(image="k")}, ports=[9])
    assert "replicas" not in result.model_fields_set
    assert web.override() == web
    assert web.override().serial != web.serial


def test_an_override_remembers_what_it_was_made_from() -> None:
    first = Data()
    second = first.override(size=2)
    third = second.override(size=3)
    assert third.lineage == (second.serial, first.serial)
    assert (first.size, second.size, third.size) == (1, 2, 3)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"sise": 1}, "sise: unknown field, did you mean 'size'"),
        ({"size": "many"}, "size: "),
    ],
)
def test_a_wrong_override_raises_outside_of_a_session(change: dict[str, Any], told: str) -> None:
    with pytest.raises(AppError) as raised:
        Data().override(**change)
    assert told in str(raised.value)
    assert "test_component.py" in str(raised.value.problems[0].where)


def test_a_wrong_nested_override_names_the_nested_component() -> None:
    with pytest.raises(AppError, match="Box is not valid"):
        Web(boxes={"a": Box(image="i")}).override(boxes={"a": {"imgae": "j"}})


@pytest.mark.parametrize(
    ("component", "fields", "told"),
    [
        (Data, {"sise": 1}, ["sise: unknown field, did you mean 'size'?"]),
        (Data, {"size": "x", "version": 3}, ["version: ", "size: "]),
        (Box, {}, ["image: is required"]),
        (Web, {"boxes": {"a": {"image": 1, "envv": {}}}}, ["boxes.a.image: ", "boxes.a.envv: unknown field"]),
        (Web, {"ports": [1, 0]}, ["ports[1]: "]),
        (Web, {"boxes": {"a.b": 3}}, ['boxes["a.b"]: ']),
    ],
)
def test_a_wrong_constructor_says_everything(
    component: type[Component], fields: dict[str, Any], told: list[str]
) -> None:
    with pytest.raises(AppError) as raised:
        component(**fields)
    (problem,) = raised.value.problems
    for start, detail in zip(told, problem.details, strict=True):
        assert detail.startswith(start)


def test_in_a_session_everything_wrong_is_collected() -> None:
    with load_session(LoadSession()) as session:
        box = Box(imgae="x")  # type: ignore[call-arg]
        web = Web(boxes={"a": box}, ports=[0])
        again = web.override(replicas=2)
    assert [each.component for each in session.invalid] == ["Box", "Web"]
    assert session.failed
    assert box.invalid and web.invalid
    assert again is web
    assert {finding.path for finding in session.invalid[0].findings} == {("imgae",), ("image",)}


def test_a_field_of_an_invalid_component_is_not_there_and_its_outputs_are() -> None:
    with load_session(LoadSession()):
        data = Data(size="x")  # type: ignore[arg-type]
    assert data.url
    with pytest.raises(InvalidComponentError):
        _ = data.size


def test_nothing_can_be_changed_afterwards() -> None:
    with pytest.raises(Exception, match=r"frozen|cannot"):
        Data().size = 3  # type: ignore[misc]


def test_a_name_that_does_not_exist_suggests_the_right_one() -> None:
    with pytest.raises(AttributeError, match=r"Data has no output and no field 'ulr', did you mean 'url'"):
        _ = Data().ulr  # type: ignore[attr-defined]


def test_outputs_are_inherited_and_know_their_names() -> None:
    assert list(MoreData.outputs()) == ["host", "port", "url"]
    assert MoreData.outputs()["url"].secret
    assert not MoreData.outputs()["host"].secret
    assert MoreData.outputs()["host"].doc == "Its host."


def test_a_value_that_is_known_later_is_accepted_where_its_text_would_not_be() -> None:
    later: Any = Data().host
    assert Probe(path=later).path == later
    assert Probe(port=later).port == later
    assert Web(ports=[1, later]).ports == [1, later]
    assert Web(flags={"a": later}).flags == {"a": later}
    secret: Any = Secret("x")
    assert Web(flags={"a": secret}).flags == {"a": secret}
    assert Box(image="i", env={"A": f"http://{later}/"}).env == {"A": f"http://{later}/"}


def test_beside_a_value_that_is_known_later_the_others_are_checked() -> None:
    later: Any = Data().host
    with pytest.raises(AppError, match=r"ports\[1\]"):
        Web(ports=[later, 0])


def test_a_validator_sees_what_is_known_later_as_text() -> None:
    def short(text: str) -> str:
        if len(text) > 3:
            raise ValueError("too long")
        return text

    class Named(Component):
        name: Annotated[str, AfterValidator(short)]

    assert Named(name=Data().host).name
    with pytest.raises(AppError, match="name: too long"):
        Named(name="long")


def test_components_are_compared_by_what_they_say() -> None:
    assert Data() == Data()
    assert Data() != Data(size=2)
    assert Data() != MoreData()
    assert Data().url != Data().url


def test_the_validator_of_a_part_is_built_when_one_is_given() -> None:
    class Part(Component):
        size: int = 1

    class Whole(Component):
        part: Part | None = None
        parts: Mapping[str, Part] = Field(default_factory=dict[str, Part])

    Whole()
    assert not Part.__pydantic_complete__
    assert Whole.model_validate({"parts": {"a": {"size": 2}}}).parts["a"] == Part(size=2)
    assert Part.__pydantic_complete__


def test_what_is_wrong_in_a_part_is_told_with_its_place_in_the_whole() -> None:
    wrong: Any = {"a": {"image": "i", "probe": {"path": "x", "prt": 1}}}
    with pytest.raises(AppError) as caught:
        Web(boxes=wrong)
    details = caught.value.problems[0].details
    assert details[0].startswith("boxes.a.probe.path: String should match pattern")
    assert details[1] == "boxes.a.probe.prt: unknown field, did you mean 'port'?"


def test_the_json_schema_of_a_whole_has_that_of_its_parts() -> None:
    described = Box.model_json_schema()["properties"]["probe"]
    assert described["anyOf"][0]["properties"]["port"]["maximum"] == 65535
