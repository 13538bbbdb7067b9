"""The service and its journal with the real CLI: what it is served, what it writes, and when it is not let."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from kusion_dsl.engine.pulumi_engine import PulumiEngine
from kusion_dsl.engine.service.protocol import Answer, Refusal, Request
from kusion_dsl.engine.service.server import Address, served
from kusion_dsl.errors import BusyError, RefusedError
from kusion_dsl.storage.disk import Disk
from kusion_dsl.storage.leases import Lease, Leases
from kusion_dsl.storage.states import States

if TYPE_CHECKING:
    from tests.integration.engine.conftest import Bench

STACK = "organization/shop/prod.dev"
STATE = "backend/.kusion/v1/state/shop/dev/prod"


def call(address: Address, method: str, path: str, body: bytes = b"", /, **headers: str) -> tuple[int, Any]:
    """One call on a connection of its own: the status, and the document of the answer."""
    connection = http.client.HTTPConnection(urlsplit(address.url).netloc, timeout=10)
    try:
        connection.request(method, path, body, {key.replace("_", "-"): value for key, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    finally:
        connection.close()


def echo(request: Request) -> Answer:
    return Answer(200, {"method": request.method, "path": request.path, "body": request.body.decode()})


@pytest.mark.parametrize(
    "authorization", ["", "token", "token wrong", "Bearer right", "update-token wrong", "token \xe4"]
)
def test_whoever_has_not_the_token_is_sent_away(authorization: str) -> None:
    asked: list[Request] = []

    def respond(request: Request) -> Answer:
        asked.append(request)
        return Answer()

    with served(respond, "right") as address:
        assert address.url.startswith("http://127.0.0.1:")
        assert call(address, "GET", "/api/user", Authorization=authorization)[0] == 401
        assert call(address, "PATCH", "/x", b"body", Authorization=authorization)[1]["code"] == 401
    assert asked == []


def test_bodies_may_be_compressed_and_queries_do_not_matter() -> None:
    right = {"Authorization": "update-token right"}
    with served(echo, "right") as address:
        status, answer = call(address, "PATCH", "/a/b?c=d", gzip.compress(b"body"), **right, Content_Encoding="gzip")
        assert (status, answer) == (200, {"method": "PATCH", "path": "/a/b", "body": "body"})
        assert call(address, "POST", "/a", b"plain", **right)[1]["body"] == "plain"
        assert call(address, "POST", "/a", b"no gzip", **right, Content_Encoding="gzip")[0] == 400
        assert call(address, "HEAD", "/a", **right) == (200, None)


def test_connections_are_kept_and_refusals_told() -> None:
    def respond(request: Request) -> Answer:
        if request.path == "/no":
            raise Refusal(409, "not like this")
        return Answer()

    with served(respond, "right") as address:
        connection = http.client.HTTPConnection(urlsplit(address.url).netloc, timeout=10)
        sockets = set()
        for path, status in (("/a", 200), ("/no", 409), ("/b", 200)):
            connection.request("GET", path, headers={"Authorization": "token right"})
            answer = connection.getresponse()
            assert (answer.status, json.loads(answer.read()).get("message", "not like this")) == (
                status,
                "not like this",
            )
            sockets.add(connection.sock)
        assert len(sockets) == 1 and None not in sockets
        connection.close()


def test_a_run_leaves_one_state_that_is_the_published_copy(bench: Bench) -> None:
    assert bench.apply(bench.namespace(), bench.password()).error == ""

    [state] = (bench.root / STATE).iterdir()
    assert state.name == "00000001.json" and state.read_bytes() == bench.checkpoint.read_bytes()
    assert stat.S_IMODE(state.stat().st_mode) == stat.S_IMODE(bench.checkpoint.stat().st_mode) == 0o600
    latest = json.loads(state.read_bytes())["checkpoint"]["latest"]
    assert latest["secrets_providers"]["type"] == "passphrase"
    assert not list((bench.root / "home").rglob("credentials.json")), "the token is kept nowhere"


def test_passphrase_of_the_first_run_stays_that_of_the_stack(bench: Bench) -> None:
    """Without its settings file the CLI would silently encrypt anew, with the service's own key."""
    bench.apply(bench.password(), bench.namespace())
    salt = json.loads(bench.checkpoint.read_bytes())["checkpoint"]["latest"]["secrets_providers"]
    bench.apply(bench.password(), bench.namespace("other"))
    assert json.loads(bench.checkpoint.read_bytes())["checkpoint"]["latest"]["secrets_providers"] == salt


def test_a_change_that_replaces_and_deletes_leaves_what_a_plain_pulumi_reads(bench: Bench) -> None:
    bench.apply(bench.namespace(), bench.config_map("web", {"a": "1"}), bench.password(keepers={"u": "1"}))
    before = {each["urn"]: each["id"] for each in bench.state() if each.get("id")}
    outcome = bench.apply(bench.config_map("web", {"a": "2"}), bench.password(keepers={"u": "2"}))

    assert {(each.id, each.operation) for each in outcome.results} == {
        ("v1:Namespace:shop", "delete"),
        ("v1:ConfigMap:shop:web", "update"),
        ("kusion:index:RandomPassword:db", "replace"),
    }
    exported = json.loads(bench.plain_pulumi("stack", "export", "--stack", STACK))["deployment"]
    urns = {each["urn"] for each in exported["resources"] if each.get("id")}
    assert urns == {urn for urn in before if "Namespace" not in urn}
    assert "pending_operations" not in exported


def test_a_plain_pulumi_finds_nothing_to_change(bench: Bench) -> None:
    """It reads the password through our plugin, and previews that everything is the same."""
    bench.apply(bench.password())
    (bench.root / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    refreshed = json.loads(bench.plain_pulumi("refresh", "--preview-only", "--stack", STACK, "--json"))
    assert set(refreshed["changeSummary"]) == {"same"}


def test_a_state_of_an_earlier_version_is_the_first_one(bench: Bench) -> None:
    bench.apply(bench.password(), bench.namespace())
    earlier = bench.checkpoint.read_bytes()
    for path in (bench.root / STATE).iterdir():
        path.unlink()

    assert {step.operation for step in bench.preview(bench.password(), bench.namespace()).values()} == {"same"}
    assert bench.apply(bench.password(), bench.config_map("web", {})).error == ""
    assert {each.name for each in (bench.root / STATE).iterdir()} == {"00000002.json"}
    assert (
        json.loads(earlier)["checkpoint"]["latest"]["secrets_providers"]
        == (json.loads(bench.checkpoint.read_bytes())["checkpoint"]["latest"]["secrets_providers"])
    )


def test_what_a_plain_pulumi_did_is_gone_on_from(bench: Bench) -> None:
    bench.apply(bench.password(), bench.namespace())
    assert not is_foreign(bench)
    urn = next(each["urn"] for each in bench.state() if "Namespace" in each["urn"])
    bench.plain_pulumi("state", "delete", "--yes", "--stack", STACK, urn)
    assert is_foreign(bench)

    assert bench.preview(bench.password(), bench.namespace())["v1:Namespace:shop"].operation == "create"
    assert bench.apply(bench.password(), bench.namespace()).error == ""
    assert not is_foreign(bench)


def is_foreign(bench: Bench) -> bool:
    return States(bench.store).seen(bench.ref).read().is_foreign


class Stopping(Disk):
    """A disk that does something once, before the link that gives the ``number``-th record of the journal its name."""

    def __init__(self, number: int, what: Callable[[], None]) -> None:
        self._name = f".{number}.json"
        self._what: Callable[[], None] | None = what

    def link(self, path: Path, new: Path) -> None:
        what = self._what
        if what is not None and new.name.endswith(self._name) and "/state/" in str(new):
            self._what = None
            what()
        super().link(path, new)


def maps(bench: Bench, count: int) -> list[Any]:
    """A chain, so that there are many batches."""
    chain = [bench.config_map("c0", {})]
    for number in range(1, count):
        chain.append(bench.config_map(f"c{number}", {}, chain[-1].id))
    return chain


def test_who_loses_the_lease_while_running_stops_and_publishes_nothing(bench: Bench) -> None:
    """Somebody takes over, as if this process had slept: from then on nothing is touched that is not in flight."""
    chain = maps(bench, 30)
    bench.apply(chain[0])
    published = bench.checkpoint.read_bytes()

    taken: list[Lease] = []

    def take_over() -> None:
        taken.append(Leases(other.store, processes=_Gone()).acquire(bench.ref, bench.actor, "a test"))
        assert States(other.store).held(taken[0], bench.actor).read().journal

    other = type(bench)(bench.pulumi, bench.root)
    bench.disk = Stopping(20, take_over)
    outcome = None
    with pytest.raises(BusyError), bench.leased() as lease:
        outcome = bench.engine.apply(bench.run(*chain, lease=lease), bench.reports.append)
        lease.check()
    assert outcome is not None and "this run has lost the stack" in outcome.error
    assert bench.checkpoint.read_bytes() == published
    made = len(list(bench.manifests.glob("configmap_*")))
    assert 1 < made < 25

    taken[0].release()
    assert other.apply(*chain).error == ""
    assert len(list(bench.manifests.glob("configmap_*"))) == 30


class _Gone:
    """To this observer the process that holds the lease is gone."""

    machine = "here"

    def __init__(self) -> None:
        from kusion_dsl.storage.processes import LocalProcesses

        self.machine = LocalProcesses().machine

    def started(self, pid: int) -> str:
        return ""

    def is_running(self, pid: int, started: str) -> bool:
        return False


def test_a_store_that_fails_ends_the_run_with_its_reason_and_the_next_goes_on(bench: Bench) -> None:
    chain = maps(bench, 30)

    def fail() -> None:
        raise OSError(28, "No space left on device")

    bench.disk = Stopping(8, fail)
    outcome = bench.apply(*chain)
    assert "cannot be written: no space left on device" in outcome.error
    made = {path.name for path in bench.manifests.glob("configmap_*")}
    assert 0 < len(made) < 15
    assert len(outcome.resources) >= len(made) - 1, "what exists is known, but for what was in flight"

    bench.disk = Disk()
    assert bench.apply(*chain).error == ""
    assert len(list(bench.manifests.glob("configmap_*"))) == 30


@pytest.fixture
def without_journaling(bench: Bench) -> Path:
    """A CLI that keeps no journal, as those of tomorrow may not."""
    directory = bench.root / "bin"
    directory.mkdir()
    pulumi = directory / "pulumi"
    pulumi.write_text(f'#!/bin/sh\nPULUMI_DISABLE_JOURNALING=true exec {bench.pulumi} "$@"\n')
    pulumi.chmod(0o755)
    return pulumi


def test_an_unknown_cli_falls_back_to_the_plain_backend(bench: Bench, without_journaling: Path) -> None:
    journaling = bench.engine
    bench.engine = PulumiEngine(without_journaling, bench.root / "home")
    shared = frozenset({"v1:Namespace:shop"})

    assert bench.apply(bench.namespace(), bench.password(), bench.config_map("web", {"a": "1"})).error == ""
    assert {step.operation for step in bench.preview(bench.namespace(), bench.password()).values()} == {
        "same",
        "delete",
    }
    outcome = bench.apply(bench.password(), bench.config_map("web", {"a": "2"}), retain=shared)
    assert outcome.error == "" and (bench.manifests / "namespace_core_v1__shop.yaml").exists()
    assert not is_foreign(bench)
    assert not list((bench.root / "backend/.pulumi/locks").rglob("*.json"))
    bench.plain_pulumi("stack", "export", "--stack", STACK)

    bench.engine = journaling
    assert {
        step.operation for step in bench.preview(bench.password(), bench.config_map("web", {"a": "2"})).values()
    } == {"same"}
    bench.engine = PulumiEngine(without_journaling, bench.root / "home")
    assert bench.destroy().resources == ()


def test_while_a_run_works_a_plain_pulumi_is_kept_off(bench: Bench) -> None:
    bench.apply(bench.password())
    refused: list[str] = []

    def intrude() -> None:
        with pytest.raises(AssertionError) as raised:
            bench.plain_pulumi("state", "unprotect", "--all", "--yes", "--stack", STACK)
        refused.append(str(raised.value))

    bench.disk = Stopping(1, intrude)
    assert bench.apply(bench.password(), bench.namespace()).error == ""
    [said] = refused
    assert "the stack is currently locked by 1 lock(s)" in said
    assert f"ann@{os.uname().nodename}" in said


def test_the_service_ends_with_the_run(bench: Bench) -> None:
    bench.apply(bench.namespace())
    deadline = time.monotonic() + 10
    while any(thread.name == "state service" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_create_that_nobody_can_settle_is_for_a_human(bench: Bench) -> None:
    """A cloud's object without a name of its own: nobody knows whether the run that died has made it."""
    bench.apply(bench.namespace())
    document = json.loads(bench.checkpoint.read_bytes())
    latest = document["checkpoint"]["latest"]
    provider = {
        "urn": "urn:pulumi:prod.dev::shop::pulumi:providers:aws::aws",
        "custom": True,
        "id": "p",
        "type": "pulumi:providers:aws",
        "inputs": {},
    }
    latest["resources"].append(provider)
    queue = "urn:pulumi:prod.dev::shop::aws:sqs/queue:Queue::aws:sqs/queue:Queue:jobs"
    pending = {"urn": queue, "custom": True, "type": "aws:sqs/queue:Queue", "provider": f"{provider['urn']}::p"}
    latest["pending_operations"] = [{"resource": {**pending, "inputs": {"fifoQueue": True}}, "type": "creating"}]
    bench.checkpoint.write_text(json.dumps(document))

    with pytest.raises(RefusedError, match="was cut off") as raised:
        bench.apply(bench.namespace("other"))
    assert "pulumi refresh --clear-pending-creates" in str(raised.value)
    exported = json.loads(bench.plain_pulumi("stack", "export", "--stack", STACK))["deployment"]
    assert [each["type"] for each in exported["pending_operations"]] == ["creating"], "a plain pulumi can settle it"
    assert not list((bench.root / "backend/.pulumi/locks").rglob("*.json"))


def test_what_a_run_that_died_was_creating_is_told(bench: Bench) -> None:
    made, lost = bench.config_map("made", {}), bench.config_map("lost", {})
    bench.apply(bench.namespace(), made, lost)
    (bench.manifests / "configmap_core_v1_shop_lost.yaml").unlink()
    document = json.loads(bench.checkpoint.read_bytes())
    latest = document["checkpoint"]["latest"]
    cut_off = [each for each in latest["resources"] if each["urn"].endswith((made.id, lost.id))]
    latest["resources"] = [each for each in latest["resources"] if each not in cut_off]
    latest["pending_operations"] = [{"resource": each, "type": "creating"} for each in cut_off]
    bench.checkpoint.write_text(json.dumps(document))

    outcome = bench.apply(bench.namespace(), made, lost)

    assert (outcome.error, outcome.adopted, outcome.forgotten) == ("", (made.id,), (lost.id,))
    assert {each.id: each.operation for each in outcome.results} == {lost.id: "create"}
    assert bench.apply(bench.namespace(), made, lost).adopted == ()
