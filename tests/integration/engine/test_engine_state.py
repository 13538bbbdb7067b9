"""What the engine does to Pulumi's state, and what it does when that is not as it should be."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kusion_dsl.engine.run import Outcome
from kusion_dsl.errors import BusyError, DamagedError, EngineError, EngineMissingError, SecretError
from kusion_dsl.model.change import Progress
from kusion_dsl.model.reference import Reference

if TYPE_CHECKING:
    from tests.integration.engine.conftest import Bench


def contents(*roots: Path) -> dict[str, str]:
    """The digest of every file."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for root in roots
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_preview_changes_nothing(bench: Bench) -> None:
    backend, project = bench.root / "backend", bench.root / "project"

    assert bench.preview(bench.namespace())["v1:Namespace:shop"].operation == "create"
    assert contents(backend, project) == {}, "not even for a stack that was never applied"

    bench.apply(bench.namespace(), bench.config_map("web", {"a": "1"}))
    before = contents(backend, project)
    steps = bench.preview(bench.config_map("web", {"a": "2"}))

    assert {id: step.operation for id, step in steps.items()} == {
        "v1:Namespace:shop": "delete",
        "v1:ConfigMap:shop:web": "update",
    }
    assert steps["v1:Namespace:shop"].wanted is None and steps["v1:Namespace:shop"].state is not None
    assert contents(backend, project) == before


def written(bench: Bench) -> dict[str, str]:
    """The digest of every file of the backend and the project but for leases."""
    found = contents(bench.root / "backend", bench.root / "project")
    return {path: digest for path, digest in found.items() if "/leases/" not in path}


def test_destroy_of_what_was_never_applied_writes_nothing(bench: Bench) -> None:
    assert bench.destroy() == Outcome()
    assert written(bench) == {}
    assert not (bench.root / "home").exists()


def test_destroy_twice(bench: Bench) -> None:
    bench.apply(bench.namespace())
    bench.destroy()
    before = written(bench)

    assert bench.destroy() == Outcome()
    assert written(bench) == before
    assert bench.apply(bench.namespace()).resources == ("v1:Namespace:shop",)


def test_secrets_are_in_no_file_but_the_secrets(bench: Bench) -> None:
    bench.secrets["ref://stripe"] = "canary-sk-live-0123"
    url = "pg://app:${kusion:index:RandomPassword:db#result}@db"
    data = {"stripe": "${ref://stripe#key}", "url": url, "plain": "canary-in-the-clear"}
    resources = (bench.password(length=20, overrideSpecial="_"), bench.secret("s", data))

    steps = bench.preview(*resources)
    with bench.leased() as lease:
        run = bench.run(*resources, lease=lease)
        outcome = bench.engine.apply(run, bench.reports.append)

    wanted = steps["v1:Secret:shop:s"].wanted
    assert wanted is not None and wanted["stringData"] == dict.fromkeys(data, "[secret]")
    assert outcome.error == ""
    assert outcome.outputs["kusion:index:RandomPassword:db"]["result"] == "[secret]"
    assert outcome.outputs["v1:Secret:shop:s"]["stringData"]["plain"] == "[secret]"
    secrets = bench.manifests.with_name("out.secrets") / "secret_core_v1_shop_s.yaml"
    text = secrets.read_text()
    generated = text.split("pg://app:")[1].split("@db")[0]
    assert len(generated) == 20 and "stripe: canary-sk-live-0123" in text
    assert run.mask.text(f"canary-sk-live-0123 {generated}") == "[secret] [secret]", "who prints must know them all"
    for canary in ("canary-sk-live-0123", generated, "canary-in-the-clear"):
        assert canary not in repr(outcome) + repr(steps)
        holders = [path for path in bench.root.rglob("*") if path.is_file() and canary.encode() in path.read_bytes()]
        assert holders == [secrets]


def test_secret_where_it_would_be_readable_is_refused(bench: Bench) -> None:
    bench.secrets["ref://stripe"] = "canary-sk-live-0123"

    outcome = bench.apply(bench.config_map("web", {"key": "Bearer ${ref://stripe#key}"}))

    assert "v1:ConfigMap:shop:web: data.key: a secret value would be readable here" in outcome.error
    assert "canary" not in outcome.error
    assert not bench.manifests.exists()


def test_secret_of_a_changed_value_is_an_update(bench: Bench) -> None:
    bench.secrets["ref://stripe"] = "first-value"
    resource = bench.secret("s", {"stripe": "${ref://stripe#key}"})
    bench.apply(resource)
    bench.secrets["ref://stripe"] = "second-value"

    step = bench.preview(resource)[resource.id]

    assert (step.operation, step.differs) == ("update", ("stringData.stripe",))
    assert [each.operation for each in bench.apply(resource).results] == ["update"]
    assert "second-value" in (bench.manifests.with_name("out.secrets") / "secret_core_v1_shop_s.yaml").read_text()


def test_unresolvable_secret_ends_before_anything_is_changed(bench: Bench) -> None:
    class Broken(SecretError):
        """As a store would raise it."""

    def unresolvable(reference: Reference) -> str:
        raise Broken("there is no such secret", where=reference.id)

    run = bench.run(bench.secret("s", {"key": "${ref://nothing}"}))
    broken = type(run)(**{**run.__dict__, "secret": unresolvable})

    for act in (bench.engine.preview, lambda run: bench.engine.apply(run, bench.reports.append)):
        with pytest.raises(Broken, match="there is no such secret"):
            act(broken)
    assert contents(bench.root / "backend", bench.root / "project") == {}


def test_random_password_is_kept_until_its_keepers_change(bench: Bench) -> None:
    def generated(**inputs: Any) -> str:
        resources = (bench.password(**inputs), bench.secret("s", {"p": "${kusion:index:RandomPassword:db#result}"}))
        assert bench.apply(*resources).error == ""
        return (bench.manifests.with_name("out.secrets") / "secret_core_v1_shop_s.yaml").read_text()

    first = generated(keepers={"user": "a"})
    assert generated(keepers={"user": "a"}) == first
    changed = bench.preview(bench.password(keepers={"user": "b"}))["kusion:index:RandomPassword:db"]
    assert (changed.operation, changed.replaces) == ("replace", ("keepers.user",))
    assert generated(keepers={"user": "b"}) != first


def test_unknown_value_is_told_in_a_preview(bench: Bench) -> None:
    step = bench.preview(bench.password(), bench.secret("s", {"p": "x${kusion:index:RandomPassword:db#result}"}))

    wanted = step["v1:Secret:shop:s"].wanted
    assert wanted is not None and wanted["stringData"]["p"] == "[secret]"
    id_of = bench.config_map("web", {"of": "${kusion:index:RandomPassword:db#id}"})
    wanted = bench.preview(bench.password(), id_of)[id_of.id].wanted
    assert wanted is not None and wanted["data"]["of"] == "[unknown]"


def test_retained_resources_are_forgotten_and_not_deleted(bench: Bench) -> None:
    shared = frozenset({"v1:Namespace:shop"})
    bench.apply(bench.namespace(), bench.config_map("web", {}))
    path = bench.manifests / "namespace_core_v1__shop.yaml"

    assert bench.preview(bench.config_map("web", {}), retain=shared)["v1:Namespace:shop"].operation == "delete"
    outcome = bench.apply(bench.config_map("web", {}), retain=shared)

    assert outcome.resources == ("v1:ConfigMap:shop:web",) and path.exists()
    assert Progress("v1:Namespace:shop", "delete", "done", "kept, only forgotten") in bench.reports

    bench.apply(bench.namespace(), bench.config_map("web", {}))
    outcome = bench.destroy(retain=shared)
    assert outcome.resources == () and path.exists()
    assert sorted(each.name for each in bench.manifests.iterdir()) == ["kustomization.yaml", path.name]


def test_retained_is_no_lasting_property(bench: Bench) -> None:
    """A run that fails after it marked a resource must not keep a later one from deleting it."""
    shared = frozenset({"v1:Namespace:shop"})
    bench.apply(bench.namespace())
    broken = bench.config_map("web", {"ip": "${v1:ConfigMap:shop:api#status.ip}"})
    assert bench.apply(broken, bench.config_map("api", {}), retain=shared).error

    assert [each.get("retainOnDelete") for each in bench.state() if each["type"].endswith("Namespace")] == [None]
    bench.apply()
    assert not bench.manifests.exists()


@pytest.mark.parametrize(
    "damage", [b"", b'{"version": 3, "checkpoint": {"lat', b"[]", b'{"version": 3, "checkpoint": 7}']
)
def test_damaged_state_is_told_and_left_alone(bench: Bench, damage: bytes) -> None:
    bench.apply(bench.namespace())
    bench.checkpoint.write_bytes(damage)
    before = written(bench)

    for act in (bench.preview, bench.apply, bench.destroy):
        with pytest.raises(DamagedError) as caught:
            act(bench.namespace())
        assert str(bench.checkpoint) in str(caught.value) and "nothing was changed" in str(caught.value)
    assert written(bench) == before


def test_wrong_passphrase_is_told_and_nothing_changed(bench: Bench) -> None:
    bench.apply(bench.namespace(), bench.password())
    other = bench.root / "other"
    other.write_text("not it")
    before = contents(bench.checkpoint.parent, bench.root / "project")

    for act in (bench.preview, bench.apply, bench.destroy):
        with pytest.raises(EngineError) as caught:
            act(bench.config_map("web", {}), passphrase_file=other, retain=frozenset({"v1:Namespace:shop"}))
        assert f"{other}: this passphrase does not open Pulumi's state" in str(caught.value)
    assert contents(bench.checkpoint.parent, bench.root / "project") == before


def test_missing_passphrase_file_is_told(bench: Bench) -> None:
    with pytest.raises(EngineError, match="the passphrase cannot be read"):
        bench.apply(bench.namespace(), passphrase_file=bench.root / "nowhere")
    assert written(bench) == {}


def test_missing_cli_is_told(bench: Bench) -> None:
    engine = type(bench.engine)(bench.root / "nowhere/pulumi", bench.root / "home")
    with pytest.raises(EngineMissingError, match="kusion engine install"):
        engine.apply(bench.run(bench.namespace()), bench.reports.append)


def test_protected_resource_is_told_and_stays(bench: Bench) -> None:
    bench.apply(bench.config_map("web", {}, protect=True))

    outcome = bench.apply()
    assert outcome.error == (
        "v1:ConfigMap:shop:web: it is protected: apply it once without the option 'protect', then remove it"
    )
    assert outcome.resources == ("v1:ConfigMap:shop:web",)
    outcome = bench.destroy()
    assert (outcome.error, outcome.resources) == ("", ("v1:ConfigMap:shop:web",))


def test_paths_with_spaces_and_percent_signs(pulumi_cli: Path, tmp_path: Path, bench: Bench) -> None:
    root = tmp_path / "a b%20c"
    root.mkdir()
    odd = type(bench)(pulumi_cli, root)

    assert odd.apply(odd.namespace()).error == ""
    assert [step.operation for step in odd.preview(odd.namespace()).values()] == ["same"]
    assert (odd.manifests / "namespace_core_v1__shop.yaml").exists() and odd.checkpoint.exists()


def lock(bench: Bench, pid: int, host: str) -> Path:
    path = bench.root / "backend/.pulumi/locks/organization/shop/prod.dev/0f9ec9a4.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"pid": pid, "username": "ann", "hostname": host, "timestamp": "2026-01-01T00:00:00Z"}))
    return path


def test_lock_of_another_run_is_told_and_a_dead_one_is_removed(bench: Bench) -> None:
    bench.apply(bench.namespace())
    held = lock(bench, os.getpid(), socket.gethostname())
    with pytest.raises(BusyError, match=rf"ann@.* \(process {os.getpid()}\) since 2026"):
        bench.apply(bench.config_map("web", {}))
    assert held.exists()

    held = lock(bench, 1, "elsewhere")
    with pytest.raises(BusyError, match="ann@elsewhere"):
        bench.apply(bench.config_map("web", {}))

    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    held = lock(bench, gone.pid, socket.gethostname())
    assert bench.apply(bench.config_map("web", {})).error == ""
    assert not held.exists()


def test_plain_pulumi_sees_and_destroys_the_same(bench: Bench) -> None:
    bench.apply(bench.password())
    stack = "organization/shop/prod.dev"

    listed = bench.plain_pulumi("stack", "--show-urns", "--stack", stack)
    assert "urn:pulumi:prod.dev::shop::kusion:index:RandomPassword::kusion:index:RandomPassword:db" in listed

    (bench.root / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    bench.plain_pulumi("destroy", "--yes", "--skip-preview", "--refresh", "--stack", stack)
    assert bench.destroy() == Outcome()


def test_stack_and_cli_see_no_secret_in_arguments_and_environment(bench: Bench) -> None:
    """A CLI that only writes down how it was called, then says that it cannot."""
    spy = bench.root / "bin/pulumi"
    spy.parent.mkdir()
    spy.write_text(f'#!/bin/sh\necho "$@" >> {bench.root}/seen\nenv >> {bench.root}/seen\nexit 1\n')
    spy.chmod(0o755)
    bench.secrets["ref://stripe"] = "canary-sk-live-0123"
    engine = type(bench.engine)(spy, bench.root / "home")

    with pytest.raises(EngineError, match="Pulumi could not begin the run"):
        engine.apply(bench.run(bench.secret("s", {"key": "${ref://stripe}"})), bench.reports.append)

    seen = (bench.root / "seen").read_text()
    assert f"PULUMI_CONFIG_PASSPHRASE_FILE={bench.passphrase}" in seen
    assert "canary" not in seen and bench.passphrase.read_text() not in seen


MANY = 60  # one after the other, so that some are left when an interrupt after the first ones arrives

INTERRUPTED = """
import os, signal, socket, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from kusion_dsl.engine.pulumi_engine import PulumiEngine
from kusion_dsl.engine.run import Run
from kusion_dsl.model.identity import Actor, StackRef
from kusion_dsl.model.spec import Spec, SpecResource
from kusion_dsl.model.target import Target
from kusion_dsl.storage.file import FileStore
from kusion_dsl.storage.leases import Leases
from kusion_dsl.storage.states import States

root, pulumi, number = Path(sys.argv[2]), Path(sys.argv[3]), getattr(signal, sys.argv[4])
times = [20 + time for time in range(int(sys.argv[5]))]
def config_map(number):
    metadata = {"name": f"c{number:03}", "namespace": "shop"}
    attributes = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {}}
    after = (f"v1:ConfigMap:shop:c{number - 1:03}",) if number else ()
    id = f"v1:ConfigMap:shop:c{number:03}"
    return SpecResource(id, "kubernetes:core/v1:ConfigMap", attributes, depends_on=after)
resources = tuple(map(config_map, range(int(sys.argv[6]))))
ref, actor = StackRef("shop", "prod", "dev"), Actor("ann", socket.gethostname(), os.getpid())
store = FileStore(root / "backend")
seen = []
def report(progress):
    seen.append(progress)
    if len(seen) in times:
        os.kill(os.getpid(), number)
with Leases(store).acquire(ref, actor, "a test") as lease:
    run = Run(ref, Spec(resources), Target("manifests", "out"), root / "project", f"file://{root}/backend",
              root / "passphrase", States(store).held(lease, actor), lambda reference: "")
    outcome = PulumiEngine(pulumi, root / "home", lambda pid: print(pid, flush=True)).apply(run, report)
print(outcome.error)
print(len(outcome.resources))
"""


def interrupted(bench: Bench, number: str, times: int = 1) -> subprocess.CompletedProcess[str]:
    repository = str(Path(__file__).parents[3])
    numbers = [number, str(times), str(MANY)]
    arguments = [sys.executable, "-c", INTERRUPTED, repository, str(bench.root), str(bench.pulumi), *numbers]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)


def test_interrupt_ends_the_run_gracefully_and_the_next_goes_on(bench: Bench) -> None:
    done = interrupted(bench, "SIGINT")

    *_, error, count = done.stdout.splitlines()
    assert done.returncode == 0 and done.stderr == ""
    assert error == "interrupted; what was done is recorded, run it again to go on"
    assert 0 < int(count) < MANY
    assert (
        len(list(bench.manifests.glob("configmap_*")))
        == int(count)
        == len([r for r in bench.state() if r.get("id")]) - 1
    )
    assert not list((bench.root / "backend/.pulumi/locks").rglob("*.json"))

    outcome = bench.apply(*(bench.config_map(f"c{number:03}", {}) for number in range(MANY)))
    assert outcome.error == "" and len(outcome.resources) == MANY


def test_interrupted_preview_raises_it(bench: Bench) -> None:
    engine = type(bench.engine)(bench.pulumi, bench.root / "home", lambda pid: os.kill(os.getpid(), signal.SIGINT))

    with pytest.raises(KeyboardInterrupt):
        engine.preview(bench.run(bench.namespace()))


def test_second_interrupt_ends_the_cli_and_the_next_run_goes_on(bench: Bench) -> None:
    done = interrupted(bench, "SIGINT", times=2)

    *_, error, _ = done.stdout.splitlines()
    assert done.returncode == 0 and done.stderr == ""
    assert error.startswith("interrupted")
    outcome = bench.apply(*(bench.config_map(f"c{number:03}", {}) for number in range(MANY)))
    assert outcome.error == "" and len(outcome.resources) == MANY


def test_killed_run_leaves_nothing_that_stops_the_next(bench: Bench) -> None:
    done = interrupted(bench, "SIGKILL")
    assert done.returncode == -signal.SIGKILL

    outcome = bench.apply(*(bench.config_map(f"c{number:03}", {}) for number in range(MANY)))

    assert outcome.error == "" and len(outcome.resources) == MANY
    for pid in done.stdout.split():
        wait_for_end(int(pid))
    assert list((bench.root / "home/runs").iterdir()) == []
    latest = json.loads(bench.checkpoint.read_text())["checkpoint"]["latest"]
    assert not latest.get("pending_operations")
    assert len(list(bench.manifests.glob("configmap_*"))) == MANY


def wait_for_end(pid: int) -> None:
    """The CLI got a signal when its parent died, and was ended by the next run at the latest."""
    import time

    deadline = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, "the CLI outlived its parent"
        time.sleep(0.05)
