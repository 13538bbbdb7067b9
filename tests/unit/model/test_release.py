"""Releases and their phases: what is stored is what was made, in every format."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kusion_dsl.errors import DamagedError, NewerFormatError
from kusion_dsl.model.change import ResourceResult
from kusion_dsl.model.identity import Actor, ModuleVersion, Revision, StackRef
from kusion_dsl.model.release import FORMAT, History, PhaseRecord, Release
from kusion_dsl.model.spec import Spec
from kusion_dsl.model.target import Target
from kusion_dsl.storage.clock import timestamp
from kusion_dsl.storage.records import seal, unseal
from tests.unit.model.test_provenance import fields, provenance, told
from tests.unit.model.test_spec import mappings, specs, texts

MOMENT = "2026-11-20T10:00:00Z"
moments = st.integers(0, 4 * 10**9).map(lambda each: timestamp(datetime.fromtimestamp(each, UTC)))
releases = st.builds(
    Release,
    ref=st.builds(StackRef, texts, texts, texts),
    revision=st.integers(1),
    kind=st.sampled_from(["apply", "destroy", "rollback"]),
    created=moments,
    actor=st.builds(Actor, texts, texts, st.integers(0), texts, texts),
    source=texts.map(Revision) | st.builds(Revision, texts, texts.filter(bool), st.booleans()),
    target=st.builds(Target, st.sampled_from(["manifests", "cluster"]), texts),
    spec=specs,
    modules=st.lists(st.builds(ModuleVersion, texts, texts, texts, texts), max_size=2).map(tuple),
    workspace_digest=texts,
    options=st.dictionaries(texts, texts, max_size=2),
    previous=texts,
    restores=st.integers(0),
    kusion=texts,
    provenance=fields.map(provenance),
)
results = st.builds(
    ResourceResult,
    texts,
    texts,
    st.sampled_from(["create", "update", "replace", "delete", "same"]),
    st.sampled_from(["done", "failed"]),
    texts,
)
phases = st.builds(
    PhaseRecord,
    phase=st.sampled_from(["applying", "succeeded", "failed", "abandoned"]),
    at=moments,
    lease=st.integers(0),
    results=st.lists(results, max_size=2).map(tuple),
    resources=st.lists(texts, max_size=2).map(tuple),
    message=texts,
    previous=texts,
    outputs=st.dictionaries(texts, mappings, max_size=2),
    seconds=st.none() | st.floats(0, 1e9),
)


def reordered(value: Any) -> Any:
    """The same JSON with the keys of every object in another order."""
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return [reordered(item) for item in value] if isinstance(value, list) else value


@given(releases)
@settings(max_examples=50, deadline=None)
def test_a_release_is_read_as_it_was_stored(release: Release) -> None:
    document = unseal(seal(release.to_json()), "here")
    for each in (document, reordered(document)):
        found = Release.from_json(each, "here")
        assert found == release
        assert told(found.provenance) == told(release.provenance)
        assert seal(found.to_json())  # whatever the order it was read in, it can be written again
    assert seal(Release.from_json(document, "here").to_json()) == seal(release.to_json())


@given(phases)
@settings(deadline=None)
def test_a_phase_is_read_as_it_was_stored(record: PhaseRecord) -> None:
    document = unseal(seal(record.to_json()), "here")
    assert PhaseRecord.from_json(document, "here") == record
    assert PhaseRecord.from_json(reordered(document), "here") == record


def release(**parts: Any) -> Release:
    whole = Release(
        ref=StackRef("shop", "dev", "default"),
        revision=1,
        kind="apply",
        created=MOMENT,
        actor=Actor("ada", "laptop", 4711),
        source=Revision("git@example.org:shop.git"),
        target=Target("cluster"),
        spec=Spec(),
        modules=(ModuleVersion("service", "kusion-service", "0.1.0", "sha256:1"),),
    )
    return replace(whole, **parts)


def in_format_1(document: dict[str, Any]) -> dict[str, Any]:
    """A record as it was written in format 1."""
    later = ("restores", "kusion", "provenance", "outputs", "seconds")
    kept = {key: value for key, value in document.items() if key not in later}
    if "modules" in kept:
        kept["modules"] = [{key: each[key] for key in ("name", "distribution", "version")} for each in kept["modules"]]
    return {**kept, "version": 1}


def test_what_format_1_does_not_say_is_not_known() -> None:
    found = Release.from_json(in_format_1(release(restores=0).to_json()), "here")
    assert found.modules == (ModuleVersion("service", "kusion-service", "0.1.0"),)
    assert (found.restores, found.kusion, told(found.provenance)) == (0, "", {})
    record = PhaseRecord("succeeded", MOMENT, 1, resources=("a",))
    assert PhaseRecord.from_json(in_format_1(record.to_json()), "here") == record


@pytest.mark.parametrize(
    "parts",
    [
        {"kind": "supply"},
        {"created": "2026-11-20 10:00:00Z"},
        {"created": "2026-11-20T10:00:00+01:00"},
        {"created": "yesterday"},
        {"actor": {"user": "ada", "host": "laptop"}},
        {"actor": {"user": "ada", "host": "laptop", "pid": 1, "uid": 1}},
        {"options": []},
        {"modules": [{"name": "service"}]},
        {"extra": 1},
        {"specDigest": "sha256:0"},
        {"version": 0},
        {"version": "1"},
    ],
)
def test_a_release_of_format_1_that_is_not_as_it_was_written_is_damaged(parts: dict[str, Any]) -> None:
    with pytest.raises(DamagedError, match="here: the record is damaged"):
        Release.from_json({**in_format_1(release().to_json()), **parts}, "here")


@pytest.mark.parametrize(
    "parts",
    [
        {"phase": "succeedee"},
        {"at": "2026-11-20T10:00:00z"},
        {"results": [{"id": "a", "type": "t", "operation": "create", "status": "done", "massage": "m"}]},
        {"resources": "ab"},
        {"extra": 1},
    ],
)
def test_a_phase_of_format_1_that_is_not_as_it_was_written_is_damaged(parts: dict[str, Any]) -> None:
    written = in_format_1(PhaseRecord("succeeded", MOMENT, 1).to_json())
    with pytest.raises(DamagedError, match="here: the record is damaged"):
        PhaseRecord.from_json({**written, **parts}, "here")


def test_a_newer_format_is_not_read() -> None:
    for kind, record in ((Release, release()), (PhaseRecord, PhaseRecord("succeeded", MOMENT, 1))):
        document = {**json.loads(json.dumps(record.to_json())), "version": FORMAT + 1}
        with pytest.raises(NewerFormatError, match=f"it has format {FORMAT + 1}, this kusion-dsl reads up to {FORMAT}"):
            kind.from_json(document, "here")


@pytest.mark.parametrize(
    ("records", "seconds"),
    [
        ((), None),
        ((PhaseRecord("applying", MOMENT, 1),), None),
        ((PhaseRecord("succeeded", "2026-11-20T10:01:30Z", 1),), 90),
        ((PhaseRecord("failed", "2026-11-20T10:01:30Z", 1, seconds=89.4),), 89.4),
        ((PhaseRecord("abandoned", "2026-11-21T10:00:00Z", 2),), None),
    ],
)
def test_how_long_a_run_took_is_known_where_its_end_is(records: tuple[PhaseRecord, ...], seconds: float | None) -> None:
    assert History(release(), records, "").seconds == seconds
