"""Whether damage to releases is seen: a flipped bit anywhere in a release of any format, and files lost or mixed up."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kusion_dsl.errors import DamagedError, StorageError
from kusion_dsl.model.identity import StackRef
from kusion_dsl.model.release import PhaseRecord
from kusion_dsl.storage.records import encode
from kusion_dsl.storage.release_records import ROOT, RecordName
from kusion_dsl.storage.releases import Damaged, Releases
from kusion_dsl.storage.verification import Verification, verify
from tests.functional.stored_releases import CORPUS, FORMATS, phases

Files = dict[str, bytes]
"""The records of one stack by the names of their files."""


class MemoryStore:
    """A store in memory."""

    url = "memory:"

    def __init__(self, content: Mapping[str, bytes]) -> None:
        self.content = dict(content)

    def place(self, key: str) -> str:
        return f"memory:{key}"

    def get(self, key: str) -> bytes | None:
        return self.content.get(key)

    def put(self, key: str, data: bytes) -> None:
        self.content[key] = data

    def put_new(self, key: str, data: bytes) -> bool:
        return self.content.setdefault(key, data) is data

    def list(self, prefix: str) -> tuple[str, ...]:
        return tuple(sorted(key for key in self.content if key.startswith(prefix)))

    def delete(self, *keys: str) -> None:
        for key in keys:
            self.content.pop(key, None)


class Unaware(MemoryStore):
    """Lists nothing: the moment between another's listing and its writing."""

    def list(self, prefix: str) -> tuple[str, ...]:
        return ()


CHAINS = [(format, ref) for format in FORMATS for ref in phases(format)]
RECORDS = {
    (format, ref): {
        path.name: path.read_bytes()
        for path in sorted((CORPUS / f"format-{format}" / ref.project / ref.workspace / ref.stack).iterdir())
    }
    for format, ref in CHAINS
}


def folder(ref: StackRef) -> str:
    return f"{ROOT}{ref.project}/{ref.workspace}/{ref.stack}/"


def store_of(ref: StackRef, files: Files) -> MemoryStore:
    return MemoryStore({f"{folder(ref)}{name}": data for name, data in files.items()})


def verified(ref: StackRef, files: Files) -> Verification:
    return verify(store_of(ref, files), ref)


def in_order(files: Files) -> list[str]:
    """The names of the records in the order in which they were written."""
    return sorted(files, key=lambda name: (name[:8], "" if "-" not in name else name))


def named(found: Verification) -> str:
    """Everything that is said about faults."""
    return "\n".join(str(fault.problem) for fault in found.faults)


chains = st.sampled_from(CHAINS)


@pytest.mark.parametrize(("format", "ref"), CHAINS)
def test_what_was_written_is_whole(format: int, ref: StackRef) -> None:
    files = RECORDS[format, ref]
    found = verified(ref, files)
    assert found.faults == ()
    assert (found.newest, found.records) == (max(int(name[:8]) for name in files), len(files))
    assert not found.blocked
    last = in_order(files)[-1]
    assert PurePath(found.unvouched).name == (last if format == 1 else "")


@st.composite
def flips(draw: st.DrawFn) -> tuple[int, StackRef, str, int, int]:
    """Any bit of any byte of any record."""
    format, ref = draw(chains)
    files = RECORDS[format, ref]
    name = draw(st.sampled_from(sorted(files)))
    return format, ref, name, draw(st.integers(0, len(files[name]) - 1)), draw(st.integers(0, 7))


@given(flips())
@settings(max_examples=300, deadline=None)
def test_a_flipped_bit_anywhere_is_found_and_its_file_is_named(flip: tuple[int, StackRef, str, int, int]) -> None:
    format, ref, name, place, bit = flip
    files = dict(RECORDS[format, ref])
    data = bytearray(files[name])
    data[place] ^= 1 << bit
    found = verified(ref, {**files, name: bytes(data)})
    if format == 1 and name == in_order(files)[-1] and not found.faults:
        assert PurePath(found.unvouched).name == name  # nothing vouches for all of it, and that is said
        return
    assert name in named(found)
    assert found.damaged in ((int(name[:8]),), (int(name[:8]) - 1,))


@given(chains, st.data())
@settings(max_examples=100, deadline=None)
def test_a_truncated_file_is_found(chain: tuple[int, StackRef], data: st.DataObject) -> None:
    _, ref = chain
    files = RECORDS[chain]
    name = data.draw(st.sampled_from(sorted(files)))
    cut = files[name][: data.draw(st.integers(0, len(files[name]) - 1))]
    found = verified(ref, {**files, name: cut})
    [fault] = found.faults
    assert fault.problem.where == f"memory:{folder(ref)}{name}"
    assert "restore this file from a copy of the backend" in (fault.problem.hint or "")


@pytest.mark.parametrize(("format", "ref"), CHAINS)
def test_a_missing_file_is_found_wherever_something_comes_after_it(format: int, ref: StackRef) -> None:
    files = RECORDS[format, ref]
    order = in_order(files)
    for number, name in enumerate(order):
        left = {other: data for other, data in files.items() if other != name}
        found = verified(ref, left)
        if number == len(order) - 1:
            assert found.faults == ()  # a shorter chain that is whole: the moment before the record was written
            continue
        [fault] = found.faults
        assert (fault.revision, fault.problem.what) == (int(name[:8]), "the record is damaged: it is missing")
        assert name.partition("-")[0] in str(fault.problem.where)


def test_a_missing_release_is_found() -> None:
    ref = StackRef("shop", "dev", "default")
    for format in FORMATS:
        files = RECORDS[format, ref]
        found = verified(ref, {name: data for name, data in files.items() if not name.startswith("00000004")})
        assert [str(fault.problem.where).rpartition("/")[2] for fault in found.faults] == ["00000004.json"]
        found = verified(ref, {name: data for name, data in files.items() if not name.startswith("00000001")})
        assert found.damaged == (1,)
        assert not found.blocked


@pytest.mark.parametrize("format", FORMATS)
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_two_files_that_changed_places_are_both_named(format: int, data: st.DataObject) -> None:
    ref = StackRef("shop", "dev", "default")
    files = RECORDS[format, ref]
    one, other = data.draw(st.lists(st.sampled_from(sorted(files)), min_size=2, max_size=2, unique=True))
    found = verified(ref, {**files, one: files[other], other: files[one]})
    assert one in named(found)
    assert other in named(found)


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_of_another_stack_is_named(format: int) -> None:
    """Also one that has the same name there, and is in its right place by all that it says of itself."""
    ref, other = StackRef("shop", "dev", "default"), StackRef("shop", "prod", "eu")
    files = RECORDS[format, ref]
    for name in set(files) & set(RECORDS[format, other]):
        assert name in named(verified(ref, {**files, name: RECORDS[format, other][name]}))


@pytest.mark.parametrize("format", FORMATS)
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_copy_under_another_name_is_named_and_nothing_else(format: int, data: st.DataObject) -> None:
    ref = StackRef("shop", "dev", "default")
    files = RECORDS[format, ref]
    name = data.draw(st.sampled_from(sorted(files)))
    copy = data.draw(
        st.builds(
            RecordName,
            st.integers(1, 9),
            st.integers(0, 3),
            st.sampled_from(["applying", "succeeded", "failed", "abandoned", "done"]),
        ).map(str)
        | st.sampled_from([f"{name}.bak", f"copy of {name}", f"x/{name}", f"0{name}"])
    )
    if copy in files:
        return
    found = verified(ref, {**files, copy: files[name]})
    assert copy in named(found) or f"{copy[:8]}.json: the record is damaged: it is missing" in named(found)
    intact = {other for other in files if other[:8] != copy[:8]}
    assert not any(other in str(fault.problem.where) for fault in found.faults for other in intact if other != name)


@pytest.mark.parametrize(
    ("name", "copy"),
    [
        ("00000001.2-succeeded.json", "00000001.3-succeeded.json"),
        ("00000007.2-succeeded.json", "00000007.3-succeeded.json"),
        ("00000005.1-applying.json", "00000005.2-applying.json"),
    ],
)
@pytest.mark.parametrize("format", FORMATS)
def test_after_the_end_of_a_release_comes_nothing(format: int, name: str, copy: str) -> None:
    ref = StackRef("shop", "dev", "default")
    files = RECORDS[format, ref]
    [fault] = verified(ref, {**files, copy: files[name]}).faults
    assert str(fault.problem.where).endswith(copy)
    assert fault.problem.what.endswith("no release has this phase there")


def test_where_nothing_tells_which_of_two_is_damaged_both_are_named() -> None:
    """The last record of format 1 may have been changed in what it says of the one before it."""
    ref = StackRef("shop", "dev", "default")
    files = RECORDS[1, ref]
    last = json.loads(files["00000007.2-succeeded.json"])
    changed = encode({**last, "previous": f"sha256:{'0' * 64}"})
    [fault] = verified(ref, {**files, "00000007.2-succeeded.json": changed}).faults
    assert str(fault.problem.where).endswith("00000007.1-applying.json")
    assert "not what 00000007.2-succeeded.json was written after, or that one is damaged" in fault.problem.what
    changed = files["00000003.1-applying.json"].replace(b'"lease": 3', b'"lease": 4')
    [fault] = verified(ref, {**files, "00000003.1-applying.json": changed}).faults
    assert fault.problem.what.endswith("it is not what 00000003.2-succeeded.json was written after")


def test_what_another_took_away_before_the_first_is_told() -> None:
    ref = StackRef("shop", "dev", "default")
    store = store_of(ref, {})
    first = Releases(store_of(ref, RECORDS[2, ref])).get(ref, 1).release
    Releases(store).create(replace(first, previous=f"sha256:{'0' * 64}"))
    [fault] = verify(store, ref).faults
    assert fault.problem.what.endswith("it names a record before it, but it is the first")


def test_two_ends_that_were_written_at_once_are_both_right() -> None:
    ref = StackRef("shop", "dev", "default")
    store = store_of(ref, RECORDS[2, ref])
    newest = Releases(store).newest(ref)
    assert newest is not None
    unfinished = replace(newest, phases=newest.phases[:1], digest=newest.phases[1].previous)
    unaware = Unaware(store.content)
    Releases(unaware).append(unfinished, PhaseRecord("abandoned", "2026-11-21T21:00:00Z", 99))
    store.content.update(unaware.content)
    assert len(store.content) == len(RECORDS[2, ref]) + 1
    assert verify(store, ref).faults == ()


def test_an_old_release_that_is_damaged_blocks_nothing_but_itself() -> None:
    ref = StackRef("shop", "dev", "default")
    for format in FORMATS:
        files = {**RECORDS[format, ref], "00000003.json": b""}
        found = verified(ref, files)
        assert (found.damaged, found.blocked) == ((3,), False)
        releases = Releases(store_of(ref, files))
        newest = releases.newest(ref)
        assert newest is not None
        assert newest.release.revision == 7
        for revision in (1, 2, 4, 5, 6):
            assert releases.get(ref, revision).release.revision == revision


def test_a_newest_release_that_is_damaged_blocks() -> None:
    ref = StackRef("shop", "dev", "default")
    for format, name in itertools.product(FORMATS, ("00000007.json", "00000007.1-applying.json")):
        files = {**RECORDS[format, ref], name: b"{}"}
        assert verified(ref, files).blocked
        with pytest.raises(DamagedError):
            Releases(store_of(ref, files)).newest(ref)


@given(flips())
@settings(max_examples=100, deadline=None)
def test_what_is_blocked_is_what_cannot_be_read(flip: tuple[int, StackRef, str, int, int]) -> None:
    format, ref, name, place, bit = flip
    files = dict(RECORDS[format, ref])
    data = bytearray(files[name])
    data[place] ^= 1 << bit
    files[name] = bytes(data)
    found = verified(ref, files)
    releases = Releases(store_of(ref, files))
    listed = {each.revision for each in releases.history(ref) if isinstance(each, Damaged)}
    assert listed == set(found.damaged)
    try:
        releases.newest(ref)
    except StorageError:
        assert found.blocked
    else:
        assert not found.blocked


@pytest.mark.parametrize("format", FORMATS)
def test_a_chain_goes_on_in_the_newest_format(format: int) -> None:
    """A release that is written now vouches for the last record of whatever format was there before."""
    ref = StackRef("shop", "dev", "default")
    store = store_of(ref, RECORDS[format, ref])
    releases = Releases(store)
    newest = releases.newest(ref)
    assert newest is not None
    again = releases.get(ref, 5).release
    releases.create(replace(again, revision=8, previous=newest.digest))
    found = verify(store, ref)
    assert (found.faults, found.unvouched, found.newest) == ((), "", 8)
