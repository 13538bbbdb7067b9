"""Releases in a store: a chain that only grows, and what it says about what exists."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kusion_dsl.errors import BusyError, DamagedError, NewerFormatError, StorageError
from kusion_dsl.model.change import Operation, ResourceResult
from kusion_dsl.model.identity import Actor, ModuleVersion, Revision, StackRef
from kusion_dsl.model.release import History, Kind, Phase, PhaseRecord, Release
from kusion_dsl.model.spec import Provider, Spec, SpecResource
from kusion_dsl.model.target import Target
from kusion_dsl.storage.applied import last_applied
from kusion_dsl.storage.file import FileStore
from kusion_dsl.storage.records import seal
from kusion_dsl.storage.releases import Damaged, LiveStack, Releases

DEV = StackRef("shop", "dev", "default")
PROD = StackRef("shop", "prod", "default")
FOLDER = ".kusion/v1/releases/shop/default/dev"
MANIFESTS = Target("manifests", ".manifests/shared")
MOMENT = "2026-11-20T10:00:00Z"


def resource(id: str, value: object = 1) -> SpecResource:
    return SpecResource(id, "kubernetes:core/v1:ConfigMap", {"data": {"value": value}})


def release(revision: int, spec: Sequence[SpecResource] = (), kind: Kind = "apply", **parts: object) -> Release:
    whole = Release(
        ref=DEV,
        revision=revision,
        kind=kind,
        created="2026-11-20T10:00:00Z",
        actor=Actor("ada", "laptop", 4711),
        source=Revision("git@example.org:shop.git", "a" * 40, dirty=True),
        target=MANIFESTS,
        spec=Spec(tuple(spec), {"kubernetes": Provider("4.32.0")}),
        modules=(ModuleVersion("service", "kusion-service", "0.1.0"),),
        options={"tag": "1.5.0"},
    )
    return replace(whole, **parts)  # type: ignore[arg-type]


def done(*ids: str, operation: Operation = "create") -> tuple[ResourceResult, ...]:
    return tuple(ResourceResult(id, "kubernetes:core/v1:ConfigMap", operation, "done") for id in ids)


def failed(*ids: str) -> tuple[ResourceResult, ...]:
    return tuple(ResourceResult(id, "kubernetes:core/v1:ConfigMap", "update", "failed", "no") for id in ids)


class Stack:
    """Writes one stack's releases as a run does."""

    def __init__(self, releases: Releases, ref: StackRef = DEV, target: Target = MANIFESTS) -> None:
        self.releases = releases
        self.ref = ref
        self.target = target

    def run(
        self,
        spec: Sequence[SpecResource],
        phase: Phase | None = "succeeded",
        results: tuple[ResourceResult, ...] = (),
        resources: Sequence[str] | None = None,
        kind: Kind = "apply",
    ) -> History:
        newest = self.releases.newest(self.ref)
        revision, previous = (newest.release.revision + 1, newest.digest) if newest else (1, "")
        written = self.releases.create(
            release(revision, spec, kind, ref=self.ref, target=self.target, previous=previous)
        )
        written = self.releases.append(written, PhaseRecord("applying", "2026-11-20T10:00:00Z", revision))
        if phase is None:
            return written
        if resources is None:
            resources = [each.id for each in spec] if phase == "succeeded" and kind != "destroy" else []
        end = PhaseRecord(phase, "2026-11-20T10:00:09Z", revision, results, tuple(resources), "a word")
        return self.releases.append(written, end)


@pytest.fixture
def backend(tmp_path: Path) -> Path:
    return tmp_path / "backend"


@pytest.fixture
def releases(backend: Path) -> Releases:
    return Releases(FileStore(backend))


@pytest.fixture
def dev(backend: Path) -> Stack:
    """Written by another process than the one that has ``releases``."""
    return Stack(Releases(FileStore(backend)))


def test_a_stack_without_releases_has_none(releases: Releases) -> None:
    assert releases.history(DEV) == ()
    assert releases.newest(DEV) is None
    assert releases.stacks() == ()
    assert releases.last_applied(DEV) == {}
    with pytest.raises(StorageError, match="there is no release 1\n  it was never applied"):
        releases.get(DEV, 1)


def test_releases_are_read_as_they_were_written(releases: Releases, dev: Stack, backend: Path) -> None:
    written = [dev.run([resource("a"), resource("b", "${a#data.value}")], results=done("a", "b")), dev.run([], None)]
    again = Releases(FileStore(backend))
    assert again.history(DEV) == tuple(written)
    assert again.newest(DEV) == written[1]
    assert again.get(DEV, 1) == written[0]
    assert (written[0].phase, written[0].final) == ("succeeded", True)
    assert (written[1].phase, written[1].final) == ("applying", False)


def test_where_the_records_lie(dev: Stack, backend: Path) -> None:
    dev.run([])
    dev.run([], "failed")
    assert sorted(path.name for path in (backend / FOLDER).iterdir()) == [
        "00000001.1-applying.json",
        "00000001.2-succeeded.json",
        "00000001.json",
        "00000002.1-applying.json",
        "00000002.2-failed.json",
        "00000002.json",
    ]


def test_a_record_can_be_read_by_people(releases: Releases, backend: Path) -> None:
    written = releases.create(release(1, [resource("a", "Grüße")]))
    releases.append(written, PhaseRecord("failed", "2026-11-20T10:00:00Z", 1, message="not UTF-8: \udcff"))
    text = (backend / FOLDER / "00000001.json").read_text(encoding="utf-8")
    assert text.startswith('{\n  "version": 2,\n  "project": "shop",\n  "stack": "dev",\n')
    assert '"value": "Grüße"' in text
    assert text.endswith("}\n")
    assert releases.get(DEV, 1).phases[0].message == "not UTF-8: \udcff"


def test_every_record_names_the_digest_of_the_one_before(dev: Stack) -> None:
    first, second = dev.run([resource("a")]), dev.run([resource("b")])
    assert second.release.previous == first.digest
    assert first.phases[0].previous.startswith("sha256:")
    assert len({first.phases[0].previous, first.phases[1].previous, first.digest}) == 3


def test_a_revision_is_taken_once(releases: Releases) -> None:
    releases.create(release(1, [resource("ours")]))
    with pytest.raises(BusyError, match="somebody else wrote release 1"):
        releases.create(release(1, [resource("theirs")]))
    newest = releases.newest(DEV)
    assert newest is not None
    assert "ours" in newest.release.spec


def test_what_became_of_a_release_is_recorded_once(releases: Releases) -> None:
    ours = releases.create(release(1))
    releases.append(ours, PhaseRecord("abandoned", "2026-11-20T10:00:00Z", 2))
    with pytest.raises(BusyError, match="somebody else recorded what became of release 1"):
        releases.append(ours, PhaseRecord("succeeded", "2026-11-20T10:00:01Z", 1))
    newest = releases.newest(DEV)
    assert newest is not None
    assert newest.phase == "abandoned"


def test_of_two_phases_written_at_one_moment_that_of_the_younger_lease_counts(
    releases: Releases, backend: Path
) -> None:
    class Unaware(FileStore):
        """Lists nothing: the moment between another's listing and its writing."""

        def list(self, prefix: str) -> tuple[str, ...]:
            return ()

    ours = releases.create(release(1))
    for lease, phase in ((1, "succeeded"), (2, "abandoned")):
        Releases(Unaware(backend)).append(ours, PhaseRecord(phase, "2026-11-20T10:00:00Z", lease))  # type: ignore[arg-type]
    found = releases.get(DEV, 1)
    assert [record.phase for record in found.phases] == ["abandoned"]


@pytest.mark.parametrize("asked", [0, 3])
def test_a_release_that_does_not_exist_is_told_with_those_that_do(releases: Releases, dev: Stack, asked: int) -> None:
    dev.run([])
    dev.run([])
    with pytest.raises(StorageError, match=f"there is no release {asked}\n  there are releases 1 to 2"):
        releases.get(DEV, asked)


def test_foreign_files_are_left_alone(releases: Releases, dev: Stack, backend: Path) -> None:
    written = dev.run([])
    for name in ("README", "00000009.json.bak", "1.json", "latest/00000001.json"):
        path = backend / FOLDER / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    assert releases.history(DEV) == (written,)
    assert releases.stacks() == (DEV,)


def resealed(text: str) -> str:
    """The text of a record that somebody wrote anew with a digest that fits it."""
    document = json.loads(text)
    document.pop("digest", None)
    return seal(document).decode()


DAMAGE: dict[str, tuple[Callable[[str], str], str]] = {
    "truncated": (lambda text: text[: len(text) // 2], "it is not JSON"),
    "empty": (lambda text: "", "it is not JSON"),
    "another thing": (lambda text: "[]", "it has no version"),
    "version zero": (lambda text: resealed(text.replace('"version": 2', '"version": 0')), "it has no version"),
    "another character": (lambda text: text.replace("ada", "eda"), "its digest is not that of what it says"),
    "another space": (lambda text: text.replace('": "', '":  "', 1), "its digest is not that of what it says"),
    "a line more": (lambda text: f"{text}\n", "it does not end with its digest"),
    "no digest": (lambda text: text.replace('"digest"', '"digset"'), "it does not end with its digest"),
    "another digest": (
        lambda text: text.rpartition("sha256:")[0] + "sha256:" + "0" * 64 + '"\n}\n',
        "its digest is not",
    ),
    "a digest in capitals": (lambda text: text[:-10] + text[-10:].upper(), "it does not end with its digest"),
    "another format": (lambda text: text.replace('"version": 2', '"version": 3'), "its digest is not that"),
    "an older format": (lambda text: text.replace('"version": 2', '"version": 1'), "it has parts that no record"),
    "another spec": (
        lambda text: resealed(text.replace('"value": 1', '"value": 2')),
        "its Spec does not have the digest",
    ),
    "without a spec": (lambda text: resealed(text.replace('"resources"', '"others"', 1)), "this is not a Spec"),
    "a part gone": (lambda text: resealed(text.replace('"actor"', '"author"')), "actor"),
    "another kind": (lambda text: resealed(text.replace('"apply"', '"supply"')), "'supply' is not one of"),
    "another time": (lambda text: resealed(text.replace("T10:00:00Z", " 10:00:00Z")), "is no moment in UTC"),
    "another stack": (
        lambda text: resealed(text.replace('"stack": "dev"', '"stack": "prod"')),
        "it is release 2 of shop/prod",
    ),
    "another revision": (lambda text: resealed(text.replace('"revision": 2', '"revision": 7')), "it is release 7"),
    "another author": (lambda text: resealed(text.replace("ada", "eve")), "the record before it is not the one"),
    "binary": (lambda text: "\udcff\udcfe", "it is not JSON"),
}


@pytest.mark.parametrize("way", DAMAGE)
def test_a_damaged_release_is_named_and_the_others_can_be_read(
    releases: Releases, dev: Stack, backend: Path, way: str
) -> None:
    damage, why = DAMAGE[way]
    written = [dev.run([resource("a")]) for _ in range(3)]
    path = backend / FOLDER / "00000002.json"
    path.write_text(damage(path.read_text()), encoding="utf-8", errors="surrogateescape")
    first, second, third = releases.history(DEV)
    assert (first, third) == (written[0], written[2])
    assert isinstance(second, Damaged)
    assert second.revision == 2
    assert why in str(second.error)
    with pytest.raises(DamagedError) as raised:
        releases.get(DEV, 2)
    assert str(path.parent / "00000002.") in str(raised.value)
    assert "restore this file" in str(raised.value)
    assert releases.get(DEV, 1) == written[0]
    assert releases.newest(DEV) == written[2]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("00000001.1-applying.json", None, "it is missing"),
        ("00000001.json", None, "it is missing"),
        ("00000001.2-succeeded.json", None, "not the one that release 2 was written after"),
        ("00000001.2-succeeded.json", '{"version": 1}', "damaged"),
        ("00000001.2-done.json", resealed('{"version": 2, "phase": "done"}'), "'done' is not one of"),
        ("00000001.2-failed.json", seal(PhaseRecord("succeeded", MOMENT, 9).to_json()).decode(), "it has the phase 's"),
    ],
)
def test_a_phase_that_is_damaged_or_gone_is_noticed(
    releases: Releases, dev: Stack, backend: Path, name: str, text: str | None, why: str
) -> None:
    dev.run([resource("a")])
    second = dev.run([resource("b")])
    path = backend / FOLDER / name
    path.unlink() if text is None else path.write_text(text)
    first, still = releases.history(DEV)
    assert isinstance(first, Damaged)
    assert why in str(first.error)
    assert still == second
    with pytest.raises(DamagedError):
        releases.get(DEV, 1)


def test_a_changed_end_of_a_release_is_noticed_by_the_next_one(releases: Releases, dev: Stack, backend: Path) -> None:
    dev.run([resource("a")], "failed", results=failed("a"))
    dev.run([resource("a")])
    path = backend / FOLDER / "00000001.2-failed.json"
    path.write_text(resealed(path.read_text().replace("a word", "another")))
    with pytest.raises(DamagedError, match="its digest is not the one that release 2 was written after"):
        releases.get(DEV, 1)


def test_a_release_that_is_gone_leaves_a_gap_that_is_seen(releases: Releases, dev: Stack, backend: Path) -> None:
    for _ in range(3):
        dev.run([])
    for path in (backend / FOLDER).glob("00000002*"):
        path.unlink()
    found = releases.history(DEV)
    assert [isinstance(entry, Damaged) for entry in found] == [False, True, False]
    with pytest.raises(DamagedError, match="it is missing"):
        releases.get(DEV, 2)


@pytest.mark.parametrize("name", ["00000001.json", "00000001.2-succeeded.json"])
def test_a_newer_format_is_refused_and_not_called_damage(
    releases: Releases, dev: Stack, backend: Path, name: str
) -> None:
    dev.run([])
    path = backend / FOLDER / name
    path.write_text(resealed(path.read_text().replace('"version": 2', '"version": 3')))
    with pytest.raises(NewerFormatError, match="upgrade kusion-dsl"):
        releases.newest(DEV)
    [entry] = releases.history(DEV)
    assert isinstance(entry, Damaged)
    assert isinstance(entry.error, NewerFormatError)


def test_what_succeeded_is_known_from_the_release_in_which_it_did(releases: Releases, dev: Stack) -> None:
    dev.run([resource("a", 1), resource("b", 1), resource("c", 1)])
    dev.run(
        [resource("a", 2), resource("b", 2), resource("d", 2)],
        "failed",
        results=(*done("a", operation="update"), *failed("b"), *done("c", operation="delete"), *failed("d")),
        resources=["a", "b"],
    )
    assert releases.last_applied(DEV) == {"a": resource("a", 2), "b": resource("b", 1)}


def test_a_destroyed_stack_has_nothing(releases: Releases, dev: Stack) -> None:
    spec = [resource("a"), resource("b")]
    dev.run(spec)
    dev.run(spec, "succeeded", done("a", "b", operation="delete"), kind="destroy")
    assert releases.last_applied(DEV) == {}


def test_a_destroy_that_failed_leaves_what_it_did_not_delete_as_it_was_applied(releases: Releases, dev: Stack) -> None:
    dev.run([resource("a", 1), resource("b", 1)])
    dev.run([resource("a", 2), resource("b", 2)], "failed", done("b", operation="delete"), ["a"], "destroy")
    assert releases.last_applied(DEV) == {"a": resource("a", 1)}


@pytest.mark.parametrize("phase", [None, "abandoned", "failed"])
def test_a_run_of_which_nothing_is_known_changes_nothing(releases: Releases, dev: Stack, phase: Phase | None) -> None:
    dev.run([resource("a", 1)])
    dev.run([resource("a", 2), resource("b", 2)], phase)
    assert releases.last_applied(DEV) == {"a": resource("a", 1)}


def test_an_abandoned_run_counts_for_what_it_is_known_to_have_done(releases: Releases, dev: Stack) -> None:
    dev.run([resource("a", 1), resource("b", 1)])
    dev.run([resource("a", 2), resource("b", 2)], "abandoned", done("b", operation="update"), ["a", "b"])
    assert releases.last_applied(DEV) == {"a": resource("a", 1), "b": resource("b", 2)}


def test_what_is_gone_without_a_word_is_not_found_in_an_older_release(releases: Releases, dev: Stack) -> None:
    dev.run([resource("a", 1), resource("b", 1)])
    dev.run([resource("a", 2)], "failed", failed("a"), ["a"])
    assert releases.last_applied(DEV) == {"a": resource("a", 1)}


def test_no_more_releases_are_read_than_needed(releases: Releases, dev: Stack, backend: Path) -> None:
    dev.run([resource("old")])
    dev.run([resource("a")])
    (backend / FOLDER / "00000001.json").write_text("damaged")
    assert releases.last_applied(DEV) == {"a": resource("a")}
    dev.run([resource("a", 2)], "failed", failed("a"), ["a", "old"])
    with pytest.raises(DamagedError):
        releases.last_applied(DEV)


def test_a_record_is_read_once_by_a_process(releases: Releases, dev: Stack, backend: Path) -> None:
    """It never changes, and on an object store each reading is a request; what is new is seen nevertheless."""
    first = dev.run([resource("a")])
    assert releases.newest(DEV) == first
    second = dev.run([resource("b")])
    (backend / FOLDER / "00000001.json").write_text("damaged")
    assert releases.history(DEV) == (first, second)
    assert isinstance(Releases(FileStore(backend)).history(DEV)[0], Damaged)


IDS = st.sampled_from(["a", "b", "c"])


@st.composite
def runs(draw: st.DrawFn) -> list[tuple[dict[str, int], dict[str, bool], bool]]:
    """For each run: what it wants (id and a value), which steps succeed, and whether its end is known."""
    wanted = st.dictionaries(IDS, st.integers(0, 3))
    return draw(st.lists(st.tuples(wanted, st.fixed_dictionaries({id: st.booleans() for id in "abc"}), st.booleans())))


@given(runs())
@settings(max_examples=200, deadline=None)
def test_what_was_last_applied_is_what_an_engine_would_have_made(
    planned: list[tuple[dict[str, int], dict[str, bool], bool]],
) -> None:
    """Against a model: an engine that makes live what is wanted, step by step, some of which fail."""
    live: dict[str, int] = {}
    histories: list[History] = []
    for wanted, works, ends in planned:
        results: list[ResourceResult] = []
        for id in sorted({*wanted, *live}):
            operation: Operation = "delete" if id not in wanted else "update" if id in live else "create"
            if not works[id]:
                results.extend(failed(id))
                continue
            results.extend(done(id, operation=operation))
            if id in wanted:
                live[id] = wanted[id]
            else:
                del live[id]
        phase: Phase = "abandoned" if not ends else "succeeded" if all(works.values()) else "failed"
        end = PhaseRecord(phase, "", 1, tuple(results), tuple(sorted(live)))
        spec = [resource(id, value) for id, value in wanted.items()]
        histories.append(History(release(len(histories) + 1, spec), (end,), ""))
    found = last_applied(reversed(histories))
    assert found == {id: resource(id, value) for id, value in sorted(live.items())}


def test_every_stack_with_releases_is_listed(releases: Releases) -> None:
    refs = [DEV, PROD, StackRef("shop", "dev", "aws"), StackRef("blog", "dev", "default")]
    for ref in refs:
        Stack(releases, ref).run([])
    assert set(releases.stacks()) == set(refs)
    assert [ref.project for ref in releases.stacks()] == ["blog", "shop", "shop", "shop"]


def test_what_other_stacks_have_on_a_target(releases: Releases) -> None:
    absolute = Target("manifests", "/srv/manifests")
    Stack(releases, DEV).run([resource("ns"), resource("a")])
    Stack(releases, PROD).run([resource("ns"), resource("b")])
    Stack(releases, StackRef("shop", "aws", "default"), absolute).run([resource("ns")])
    Stack(releases, StackRef("blog", "dev", "default")).run([resource("ns")])
    gone = Stack(releases, StackRef("shop", "gone", "default"))
    gone.run([resource("ns")])
    gone.run([resource("ns")], results=done("ns", operation="delete"), kind="destroy")
    assert releases.live_on(MANIFESTS, DEV) == (LiveStack(PROD, MANIFESTS, frozenset({"ns", "b"})),)
    assert [stack.ref for stack in releases.live_on(MANIFESTS, StackRef("shop", "x", "y"))] == [DEV, PROD]
    assert [stack.ref.stack for stack in releases.live_on(absolute, StackRef("blog", "x", "y"))] == ["aws"]
    assert releases.live_on(Target("cluster"), DEV) == ()


@pytest.mark.parametrize("phase", [None, "abandoned"])
def test_what_an_unfinished_run_may_have_made_counts_as_live(releases: Releases, phase: Phase | None) -> None:
    prod = Stack(releases, PROD)
    prod.run([resource("a")])
    prod.run([resource("ns")], phase)
    [stack] = releases.live_on(MANIFESTS, DEV)
    assert stack.resources == {"a", "ns"}


def test_an_unfinished_destroy_may_have_deleted_nothing(releases: Releases) -> None:
    prod = Stack(releases, PROD)
    prod.run([resource("ns")])
    prod.run([resource("ns")], None, kind="destroy")
    [stack] = releases.live_on(MANIFESTS, DEV)
    assert stack.resources == {"ns"}


def test_a_neighbour_that_cannot_be_read_is_not_taken_for_gone(releases: Releases, backend: Path) -> None:
    Stack(releases, PROD).run([resource("ns")])
    (backend / ".kusion/v1/releases/shop/default/prod/00000001.json").write_text("")
    with pytest.raises(DamagedError, match=r"prod/00000001\.json"):
        releases.live_on(MANIFESTS, DEV)
