"""What is recorded: stories of a stack, each a few runs long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pulumi
from pulumi.runtime.proto import alias_pb2

from kusion_dsl.engine.journal.deployment import ROOT
from kusion_dsl.engine.values import Secret
from kusion_dsl.engine.workspace import Stack
from tests.integration.oracle.recording import Recorder, urn
from tests.integration.oracle.registrar import Program, Registrar
from tests.integration.oracle.things import TYPE


def shop(kind: str = "a", value: str = "1", first: bool = False) -> Program:
    """A network, a database on it, three servers on that, a group, and an output."""

    def program(made: Registrar) -> None:
        network = made.thing("network", kind=kind, first=first, value="net")
        database = made.thing("database", network, value=value, password=Secret("canary"), net=network.id)
        servers = made.things("server0", "server1", "server2", needs=(database,), value=value)
        made.group("group", *servers, value=value)
        pulumi.export("database", database.id)

    return program


def small(made: Registrar) -> None:
    """The network alone."""
    made.thing("network", kind="a", first=False, value="net")


def nothing(made: Registrar) -> None:
    """A program without resources."""


def ordinary(stack: Recorder) -> None:
    """Created, unchanged, updated, shrunk, emptied."""
    stack.up("create", shop())
    stack.up("same", shop())
    stack.up("update", shop(value="2"))
    stack.up("delete", small)
    stack.up("recreate", shop())
    stack.run("destroy", partial(Stack.destroy, color="never"))


def replacements(stack: Recorder) -> None:
    """Both orders, with what depends on it."""
    stack.up("before-replacing", shop())
    stack.up("create-then-delete", shop(kind="b"))
    stack.up("delete-then-create", shop(kind="c", first=True))


def failures(stack: Recorder) -> None:
    """What fails stays as it was; what was replaced half-way is finished later."""
    stack.things.failing = {"create server1"}
    stack.up("create-fails", shop(), fails=True)
    stack.things.failing = {"update server0", "create server1"}
    stack.up("update-fails", shop(value="2"), fails=True)
    stack.things.failing = {"delete network"}
    stack.up("delete-of-replaced-fails", shop(kind="b", value="2"), fails=True)
    stack.things.failing = set()
    stack.up("delete-of-replaced-again", shop(kind="b", value="2"))
    stack.things.failing = {"create network"}
    stack.up("create-of-replacement-fails", shop(kind="c", first=True, value="2"), fails=True)
    stack.things.failing = set()
    stack.up("create-of-replacement-again", shop(kind="c", first=True, value="2"))
    stack.things.failing = {"create network"}
    stack.up("create-of-replacement-fails-anew", shop(kind="d", first=True, value="2"), fails=True)
    stack.things.failing = set()
    stack.up("replacement-no-longer-wanted", nothing)


def formerly(name: str) -> dict[str, Any]:
    """The option of a resource that had another name."""
    return {"aliases": [alias_pb2.Alias(spec=alias_pb2.Alias.Spec(name=name))], "aliasSpecs": True}


def aliases(stack: Recorder) -> None:
    """A thing with a new name, and a parent with one; the rest still names the old ones when it is cut short."""

    def renamed(made: Registrar) -> None:
        network = made.thing("net", kind="a", first=False, value="net", options=formerly("network"))
        database = made.thing("database", network, value="1", password=Secret("canary"), net=network.id)
        servers = made.things("server0", "server1", "server2", needs=(database,), value="1")
        made.group("team", *servers, value="1", options=formerly("group"))

    stack.up("before-renaming", shop())
    stack.up("renamed", renamed)


def refreshes(stack: Recorder) -> None:
    """Drift and what vanished, with others that depend on it; alone, before an update, and with the program."""
    stack.up("before-refreshing", shop())
    stack.things.drift("server0", "drifted")
    stack.things.vanish("database")
    stack.run("refresh", partial(Stack.refresh, color="never"))
    stack.up("recreated-after-refresh", shop())
    stack.things.drift("server1", "drifted")
    stack.things.vanish("network")
    stack.up("refresh-and-update", shop(value="3"), refresh=True)
    stack.things.drift("server1", "drifted")
    stack.things.vanish("server2")
    refreshing = partial(Stack.refresh, color="never", run_program=True)
    stack.run("refresh-with-program", refreshing, shop(value="3"), fails=True)  # the CLI takes no component's outputs
    stack.up("update-with-program", shop(value="4"), refresh=True, run_program=True)
    stack.things.vanish("member")
    stack.run("refresh-and-destroy", partial(Stack.destroy, color="never", refresh=True))


def wide(stack: Recorder) -> None:
    """Many at a time: entries do not arrive in the order of their numbers."""
    names = [f"server{number}" for number in range(24)]

    def program(value: str) -> Program:
        def declare(made: Registrar) -> None:
            made.things(*names, value=value)

        return declare

    stack.up("create-many", program("1"), parallel=32)
    stack.up("update-many", program("2"), parallel=32)


def targets(stack: Recorder) -> None:
    """Parts of a stack."""
    stack.up("before-targeting", shop())
    stack.up("target", shop(value="2"), target=[urn("database")])
    stack.up("target-dependents", shop(value="3"), target=[urn("database")], target_dependents=True)
    stack.things.vanish("server0")
    stack.run("refresh-target", partial(Stack.refresh, color="never", target=[urn("server0")]))
    stack.run("destroy-target", partial(Stack.destroy, color="never", target=[urn("database")], target_dependents=True))


def options(stack: Recorder) -> None:
    """Taken over, only read, kept, deleted with another, replaced with another."""

    def program(kind: str = "a") -> Program:
        def declare(made: Registrar) -> None:
            base = made.thing("base", kind=kind, first=False, value="1")
            made.thing("kept", value="1", options={"retainOnDelete": True})
            made.thing("with", value="1", options={"deletedWith": base.urn})
            made.thing("together", value="1", options={"replace_with": [base.urn]})
            made.thing("found", value="found", options={"importId": "found-0"})
            made.read("looked", "looked-0")

        return declare

    stack.things.live = {"found-0": {"id": "found-0", "value": "found"}, "looked-0": {"id": "looked-0", "value": "1"}}
    stack.up("import-and-read", program())
    stack.up("replaced-together", program(kind="b"))
    stack.run("destroy-with-options", partial(Stack.destroy, color="never"))


def killed(stack: Recorder) -> None:
    """Killed while it creates, updates, replaces and deletes, and gone on with each time."""
    stack.killed("killed-creating", "create server", shop())
    stack.up("after-killed-creating", shop())
    stack.killed("killed-updating", "update server", shop(value="2"))
    stack.up("after-killed-updating", shop(value="2"), refresh=True)
    stack.killed("killed-creating-replacement", "create network", shop(kind="b", value="2"))
    stack.up("after-killed-creating-replacement", shop(kind="b", value="2"))
    stack.killed("killed-deleting-first", "delete network", shop(kind="c", value="2", first=True))
    stack.killed("killed-creating-second", "create network", shop(kind="c", value="2", first=True))
    stack.up("after-killed-creating-second", shop(kind="c", value="2", first=True))
    stack.killed("killed-deleting", "delete server", nothing)
    stack.up("after-killed-deleting", nothing, refresh=True)


def rebased(stack: Recorder) -> None:
    """A state from before providers were resources: the CLI begins with a new base."""
    stack.up("before-rebasing", shop())
    deployment = stack.service.export["deployment"]
    old = [each for each in deployment["resources"] if each["type"] in (TYPE, ROOT)]
    deployment["resources"] = [{key: each[key] for key in each if key != "provider"} for each in old]
    for each in deployment["resources"]:
        if each.get("parent", "").split("::")[2:3] != [ROOT]:
            each.pop("parent", None)
    stack.up("rebased", shop(value="2"))


STORIES: Mapping[str, Callable[[Recorder], None]] = {
    story.__name__: story
    for story in (ordinary, replacements, failures, aliases, refreshes, wide, targets, options, killed, rebased)
}
