"""Every document that is printed for programs is what its JSON Schema in ``docs/schemas`` says, and stays so."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml

import tests
from kusion_dsl.cli.main import cli
from kusion_dsl.model.field_owner import Manager
from kusion_dsl.model.health import Condition, Event, Health, PodState, Trouble
from kusion_dsl.model.plan import Plan
from tests.functional.commandline import DEPLOYMENT, NAMESPACE, SHOP, SHOP_WITH_DATABASE, Kusion, Successor

SCHEMAS = Path(tests.__file__).parents[1] / "docs" / "schemas"
SAMPLES = Path(tests.__file__).parent / "data" / "documents"
VERSION = 1
SUFFIX = f".v{VERSION}.schema.json"
UNVERSIONED = {"generate": "its digest is that of exactly this", "workspace-show": "it is what the user wrote"}
CHANGING = {"apply", "destroy", "rollback"}
THREE = SHOP.replace("replicas=2", "replicas=3")
RELEASES = "home/backend/.kusion/v1/releases/shop/default/dev"


def commands() -> Iterator[tuple[str, ...]]:
    """Every command that has documents for programs."""
    root = click.Context(cli)

    def below(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if isinstance(command, click.Group):
            for name in command.list_commands(root):
                found = command.get_command(root, name)
                assert found is not None
                yield from below(found, (*path, name))
        elif any(option.name == "output" for option in command.params):
            yield path

    yield from below(cli, ())


def schema_of(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SCHEMAS / f"{name}{SUFFIX}").read_text(encoding="utf-8"))
    return document


def validate(document: Any, name: str) -> None:
    jsonschema.Draft202012Validator(schema_of(name)).validate(document)


NAMES = sorted("-".join(path) for path in commands())


def test_every_document_has_a_schema_and_every_schema_a_document() -> None:
    stored = {path.name.removesuffix(SUFFIX) for path in SCHEMAS.iterdir()}
    assert stored - {"plan"} == set(NAMES)


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and all those within it."""
    if isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            for part in value.values() if key in ("properties", "$defs") else [value]:
                yield from parts(part)
    elif isinstance(schema, list):
        for value in schema:
            yield from parts(value)


@pytest.mark.parametrize("name", [*NAMES, "plan"])
def test_a_schema_says_what_everything_is_and_that_there_is_nothing_else(name: str) -> None:
    schema = schema_of(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    for part in parts(schema):
        if "properties" in part:
            assert part["additionalProperties"] is False, part
            for key, value in part["properties"].items():
                assert "$ref" in value or value["description"].endswith("."), (name, key)
    if name not in UNVERSIONED:
        heads = [schema] if "properties" in schema else [schema["$defs"]["applied"], schema["$defs"]["preview"]]
        assert all(head["properties"]["version"]["const"] == VERSION for head in heads)
        assert all("version" in head["required"] for head in heads)


@dataclass(frozen=True)
class Situation:
    """Something in which a command has something to tell: how it comes about, the command line, and the exit code.

    Without a code it depends on the machine.
    """

    command: str
    name: str
    prepare: Callable[[Kusion], object]
    arguments: tuple[str, ...] = ("-w", "dev")
    code: int | None = 0

    def run(self, kusion: Kusion, format: str) -> str:
        """What the command prints."""
        path = next(path for path in commands() if "-".join(path) == self.command)
        result = kusion(*path, *self.arguments, "-o", format)
        assert result.code in ((0, 1) if self.code is None else (self.code,)), result
        return result.out


def written(kusion: Kusion) -> None:
    kusion.stack()


def applied(kusion: Kusion) -> None:
    kusion.stack()
    kusion.done("apply", "-w", "dev", "--yes")


def edited(kusion: Kusion) -> None:
    applied(kusion)
    kusion.stack(THREE)


def scaled(kusion: Kusion) -> None:
    applied(kusion)
    spec: dict[str, Any] = kusion.live[DEPLOYMENT]["spec"]
    spec["replicas"] = 9


def contested(kusion: Kusion) -> None:
    scaled(kusion)
    kusion.stack(THREE)


def managed(kusion: Kusion) -> None:
    scaled(kusion)
    kusion.engine.managers[DEPLOYMENT] = {"spec.replicas": Manager("kubectl-edit", "2026-01-02T03:04:05Z")}


def deleted(kusion: Kusion) -> None:
    edited(kusion)
    del kusion.live[DEPLOYMENT]


def with_database(kusion: Kusion) -> None:
    kusion.stack(SHOP_WITH_DATABASE)
    kusion.done("apply", "-w", "dev", "--yes")


def without_database(kusion: Kusion) -> None:
    with_database(kusion)
    kusion.stack()


def replaced(kusion: Kusion) -> None:
    with_database(kusion)
    kusion.engine.replacing.update(kusion.live)
    for live in kusion.live.values():
        metadata: dict[str, Any] = live.get("metadata", {})
        metadata["annotations"] = {"by": "hand"}


def labelled(kusion: Kusion) -> None:
    applied(kusion)
    kusion.write({"default.yaml": "modules: {service: {configs: {default: {labels: {tier: gold}}}}}\n"})
    kusion.done("workspace", "update", "default", "-f", "default.yaml")


def with_option(kusion: Kusion) -> None:
    kusion.stack(SHOP.replace('"shop:1"', "f\"shop:{option('tag', default='1', help='The tag.')}\""))
    kusion.done("apply", "-w", "dev", "-D", "tag=2", "--yes")


def inherited(kusion: Kusion) -> None:
    kusion.stack()
    kusion.engine = Successor()


def there_already(kusion: Kusion) -> None:
    kusion.stack()
    live = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 9}}
    kusion.engine.live["manifests:.manifests/default/dev"] = {DEPLOYMENT: live}
    kusion.engine.held_by[DEPLOYMENT] = ("Helm", "kubectl")


def failing(kusion: Kusion) -> None:
    kusion.stack()
    kusion.engine.failing.add(DEPLOYMENT)


def failed(kusion: Kusion) -> None:
    failing(kusion)
    assert kusion("apply", "-w", "dev", "--yes").code == 1


def stuck(kusion: Kusion) -> None:
    kusion.stack()
    trouble = Trouble("container web: it ended with exit code 3", ("web-1",), ("giving up",), lasting=True)
    pods = (PodState("web-1", "Running", False, 4, "n1"),)
    conditions = (Condition("Available", "False", "TooFew", "no minimum", "2026-01-02T03:04:05Z"),)
    events = (Event("2026-01-02T03:04:05Z", "Warning", "BackOff", "Pod/web-1", "back-off", 7),)
    health = Health("degraded", "1 of 2 pods are ready", (trouble,), pods, conditions, events)
    kusion.engine.rollouts[DEPLOYMENT] = [health]


def unready(kusion: Kusion) -> None:
    stuck(kusion)
    assert kusion("apply", "-w", "dev", "--yes", "--timeout", "5s").code == 1


def twice(kusion: Kusion) -> None:
    edited(kusion)
    kusion.done("apply", "-w", "dev", "-y")


def destroyed(kusion: Kusion) -> None:
    applied(kusion)
    kusion.done("destroy", "-w", "dev", "--yes")


def restored(kusion: Kusion) -> None:
    twice(kusion)
    kusion.done("rollback", "1", "-w", "dev", "--yes")


def damaged(kusion: Kusion) -> None:
    twice(kusion)
    with (kusion.root / RELEASES / "00000001.json").open("ab") as file:
        file.write(b" ")


def newest_damaged(kusion: Kusion) -> None:
    applied(kusion)
    with (kusion.root / RELEASES / "00000001.json").open("ab") as file:
        file.write(b" ")


def damaged_among_others(kusion: Kusion) -> None:
    newest_damaged(kusion)
    kusion.stack(name="prod")
    kusion.done("apply", "-w", "prod", "--yes")


def with_workspace(kusion: Kusion) -> None:
    kusion.write({"eu.yaml": "context: {REGION: eu}\n"})
    kusion.done("workspace", "create", "eu", "-f", "eu.yaml")


def nothing(kusion: Kusion) -> None:
    """An empty directory."""


YES = ("-w", "dev", "--yes")
SITUATIONS = (
    Situation("preview", "first", written),
    Situation("preview", "unchanged", applied),
    Situation("preview", "unchanged-no-live", applied, ("-w", "dev", "--no-live")),
    Situation("preview", "yours", edited),
    Situation("preview", "drift", scaled),
    Situation("preview", "conflict", contested),
    Situation("preview", "managed", managed),
    Situation("preview", "deleted", deleted),
    Situation("preview", "removed", without_database),
    Situation("preview", "replaced", replaced),
    Situation("preview", "workspace", labelled),
    Situation("preview", "option", with_option),
    Situation("preview", "adopted", there_already),
    Situation("preview", "changes", edited, ("-w", "dev", "--exit-code"), code=3),
    Situation("apply", "first", written, YES),
    Situation("apply", "update", edited, YES),
    Situation("apply", "nothing", applied, YES),
    Situation("apply", "failed", failing, YES, code=1),
    Situation("apply", "unready", stuck, (*YES, "--timeout", "5s"), code=1),
    Situation("apply", "adopted", there_already, (*YES, "--adopt")),
    Situation("apply", "takeover", inherited, YES),
    Situation("destroy", "everything", with_database, YES),
    Situation("destroy", "nothing", written, YES),
    Situation("rollback", "back", twice, YES),
    Situation("rollback", "preview", twice, ("-w", "dev", "--preview")),
    Situation("drift", "none", applied),
    Situation("drift", "some", scaled, code=3),
    Situation("drift", "managed", managed, code=3),
    Situation("drift", "deleted", deleted, code=3),
    Situation("drift", "empty", destroyed),
    Situation("drift", "unknown", damaged_among_others, ("--all",), code=1),
    Situation("release-list", "none", written),
    Situation("release-list", "some", restored),
    Situation("release-list", "failed", failed),
    Situation("release-list", "damaged", damaged),
    Situation("release-show", "newest", restored),
    Situation("release-show", "first", with_option, ("1", "-w", "dev")),
    Situation("release-show", "failed", failed),
    Situation("release-show", "destroyed", destroyed),
    Situation("release-diff", "two", twice),
    Situation("release-verify", "whole", twice),
    Situation("release-verify", "none", nothing, ("--all",)),
    Situation("release-verify", "damaged", damaged, code=1),
    Situation("release-verify", "blocked", newest_damaged, code=1),
    Situation("resource-list", "some", with_database),
    Situation("resource-list", "failed", failed),
    Situation("resource-list", "live", unready, ("-w", "dev", "--live")),
    Situation("resource-show", "one", with_database, (DEPLOYMENT, "-w", "dev")),
    Situation("resource-show", "live", scaled, (DEPLOYMENT, "-w", "dev", "--live")),
    Situation("resource-show", "gone", deleted, (DEPLOYMENT, "-w", "dev", "--live")),
    Situation("resource-show", "unready", unready, (DEPLOYMENT, "-w", "dev", "--live")),
    Situation("resource-graph", "plain", with_database),
    Situation("resource-graph", "changes", without_database, ("-w", "dev", "--changes")),
    Situation("generate", "database", with_database),
    Situation("why", "resource", applied, ("Deployment", "-w", "dev")),
    Situation("why", "field", with_option, ("Deployment", "image", "-w", "dev")),
    Situation("options", "none", written),
    Situation("options", "some", with_option),
    Situation("project-list", "none", nothing, ()),
    Situation("project-list", "some", written, ()),
    Situation("stack-list", "some", applied, ()),
    Situation("stack-list", "damaged", damaged_among_others, ()),
    Situation("module-list", "installed", nothing, ()),
    Situation("workspace-list", "some", with_workspace, ()),
    Situation("workspace-show", "one", with_workspace, ("eu",)),
    Situation("config-list", "default", nothing, ()),
    Situation("config-get", "one", nothing, ("backends.current",)),
    Situation("doctor", "any", nothing, (), code=None),
    Situation("engine-status", "any", nothing, (), code=None),
    Situation("engine-env", "any", nothing, ()),
    Situation("version", "any", nothing, ()),
)


def test_every_command_is_seen_in_some_situation() -> None:
    assert {each.command for each in SITUATIONS} == set(NAMES)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: f"{each.command}-{each.name}")
def test_a_document_is_what_its_schema_says(
    kusion: Kusion, situation: Situation, request: pytest.FixtureRequest
) -> None:
    kusion.process = 4711
    situation.prepare(kusion)
    printed = situation.run(kusion, "json")
    document = json.loads(printed)
    validate(document, situation.command)
    if situation.command not in CHANGING:
        assert yaml.safe_load(situation.run(kusion, "yaml")) == document
    text = printed.replace(str(kusion.root), "/shop").replace(sys.prefix, "/python")
    keep(SAMPLES / situation.command / f"{situation.name}.json", text, request)


def keep(sample: Path, text: str, request: pytest.FixtureRequest) -> None:
    """Write a new sample, where that is asked for."""
    if request.config.getoption("--update-golden") and not sample.exists():
        sample.parent.mkdir(parents=True, exist_ok=True)
        sample.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "situation",
    [each for each in SITUATIONS if each.command in CHANGING],
    ids=lambda each: f"{each.command}-{each.name}",
)
def test_a_run_prints_yaml_too(kusion: Kusion, situation: Situation) -> None:
    situation.prepare(kusion)
    validate(yaml.safe_load(situation.run(kusion, "yaml")), situation.command)


def samples() -> list[Path]:
    return sorted(SAMPLES.glob("*/*.json"))


@pytest.mark.parametrize("sample", samples(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_was_once_printed_is_still_what_the_schema_of_its_version_says(sample: Path) -> None:
    """A key that goes, comes without being optional, or gets another type needs a new version of the document.

    Samples are never changed: ``pytest --update-golden`` writes those of new situations only.
    """
    validate(json.loads(sample.read_text(encoding="utf-8")), sample.parent.name)


def test_every_situation_has_a_sample() -> None:
    assert {(each.command, each.name) for each in SITUATIONS} <= {(path.parent.name, path.stem) for path in samples()}


@pytest.mark.parametrize("prepare", [written, contested, without_database])
def test_a_plan_is_what_its_schema_says(
    kusion: Kusion, prepare: Callable[[Kusion], None], request: pytest.FixtureRequest
) -> None:
    prepare(kusion)
    kusion.done("preview", "-w", "dev", "--save", "shop.plan")
    text = (kusion.root / "shop.plan").read_text(encoding="utf-8")
    validate(json.loads(text), "plan")
    keep(SAMPLES / "plan" / f"{prepare.__name__}.json", text, request)


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("plan/*.json")), ids=lambda path: path.stem)
def test_a_plan_that_was_once_saved_can_still_be_read(sample: Path) -> None:
    document = json.loads(sample.read_text(encoding="utf-8"))
    assert Plan.from_json(document, str(sample)).to_json() == document


def test_what_is_not_in_a_schema_is_found(kusion: Kusion) -> None:
    """So the tests above do not succeed because anything would be valid."""
    edited(kusion)
    document = kusion.done("preview", "-w", "dev", "-o", "json").document
    assert document["changes"][0]["id"] == NAMESPACE
    for change in (
        {"more": 1},
        {"version": 2},
        {"changes": [{**document["changes"][1], "operation": "move"}]},
        {"changes": [{key: value for key, value in document["changes"][1].items() if key != "note"}]},
    ):
        with pytest.raises(jsonschema.ValidationError):
            validate({**document, **change}, "preview")
