"""Schemas that were read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from kusion_dsl.checks.cache import SchemaCache
from kusion_dsl.checks.schema import ObjectType, Schema
from kusion_dsl.errors import StorageError
from kusion_dsl.storage.file import FileStore

SCHEMA = Schema("root", {"root": ObjectType({"port": ["list", "integer"]}, ["port"])})
OTHER = Schema("other", {"other": ObjectType({}, [])})


class Reader:
    """Gives a schema, and counts how often."""

    def __init__(self, schema: Schema | None = SCHEMA) -> None:
        self.schema = schema
        self.reads = 0

    def __call__(self) -> Schema | None:
        self.reads += 1
        return self.schema


def file_in(directory: Path) -> Path:
    (path,) = (path for path in directory.rglob("*") if path.is_file())
    return path


@pytest.mark.parametrize("schema", [SCHEMA, None])
def test_what_was_read_is_remembered(schema: Schema | None) -> None:
    read = Reader(schema)
    cache = SchemaCache()
    assert [cache.recall("aws-7.0.0", "a", read) for _ in range(3)] == [schema] * 3
    assert read.reads == 1


@pytest.mark.parametrize("schema", [SCHEMA, None])
def test_the_next_process_need_not_read(tmp_path: Path, schema: Schema | None) -> None:
    SchemaCache(FileStore(tmp_path)).recall("aws-7.0.0", "a", Reader(schema))
    again = Reader(OTHER)
    assert SchemaCache(FileStore(tmp_path)).recall("aws-7.0.0", "a", again) == schema
    assert again.reads == 0


def test_the_file_belongs_to_the_user_alone(tmp_path: Path) -> None:
    SchemaCache(FileStore(tmp_path)).recall("aws-7.0.0", "aws:rds/instance:Instance", Reader())
    assert file_in(tmp_path).stat().st_mode & 0o777 == 0o600


def test_names_and_versions_are_told_apart(tmp_path: Path) -> None:
    cache = SchemaCache(FileStore(tmp_path))
    cache.recall("aws-7.0.0", "aws:a/b:C", Reader())
    assert cache.recall("aws-7.0.1", "aws:a/b:C", Reader(OTHER)) == OTHER
    assert cache.recall("aws-7.0.0", "aws:a:b/C", Reader(OTHER)) == OTHER


@pytest.mark.parametrize("damage", [b"", b"x", b"{}", b"0\n{}", None])
def test_a_damaged_file_is_read_anew_and_repaired(tmp_path: Path, damage: bytes | None) -> None:
    SchemaCache(FileStore(tmp_path)).recall("aws-7.0.0", "a", Reader())
    path = file_in(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] if damage is None else damage)
    read = Reader()
    assert SchemaCache(FileStore(tmp_path)).recall("aws-7.0.0", "a", read) == SCHEMA
    assert read.reads == 1
    assert path.read_bytes() == whole


class Broken:
    """A store that cannot be used."""

    def get(self, key: str) -> bytes | None:
        raise StorageError(f"{key} cannot be read")

    def put(self, key: str, data: bytes) -> None:
        raise StorageError(f"{key} cannot be written")


def test_without_a_usable_store_it_only_takes_longer() -> None:
    read = Reader()
    assert SchemaCache(Broken()).recall("aws-7.0.0", "a", read) == SCHEMA
    assert read.reads == 1
