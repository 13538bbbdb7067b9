"""The state of a stack on an object store: the real CLI journals there through us, and a plain one reads it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from kusion_dsl.storage.store import Store, open_store
from tests.integration.engine.conftest import Bench
from tests.stores.s3 import S3, Asked

STACK = "organization/shop/prod.dev"


def _purpose(asked: Asked) -> str:
    """What a request is for; the heartbeat of the lease comes every 5 s, however many resources there are."""
    if asked.is_record:
        return "record"
    if "/" not in asked.key.strip("/"):
        return "look"
    return "lease" if "/leases/" in asked.key else "other"


@dataclass
class OnS3(Bench):
    """The same, but for where the state lies."""

    url: str = ""

    @property
    def backend(self) -> str:
        return self.url

    @property
    def store(self) -> Store:
        return open_store(self.url)


@pytest.fixture
def on_s3(pulumi_cli: Path, tmp_path: Path, s3: S3) -> OnS3:
    return OnS3(pulumi_cli, tmp_path, url=s3.url(s3.bucket()))


def test_a_plain_pulumi_reads_what_was_journaled(on_s3: OnS3) -> None:
    assert on_s3.apply(on_s3.namespace(), on_s3.password()).error == ""
    assert {step.operation for step in on_s3.preview(on_s3.namespace(), on_s3.password()).values()} == {"same"}
    exported = json.loads(on_s3.plain_pulumi("stack", "export", "--stack", STACK))["deployment"]
    assert len([each for each in exported["resources"] if not each["type"].startswith("pulumi:")]) == 2

    assert on_s3.apply(on_s3.password(keepers={"user": "b"})).error == ""
    assert on_s3.destroy().resources == ()
    names = [key.rpartition("/")[2] for key in on_s3.store.list(".kusion/v1/state/")]
    assert names == ["00000002.json", "00000003.json"]
    assert on_s3.store.list(".pulumi/locks/") == ()


def test_the_number_of_requests_does_not_depend_on_that_of_resources_but_for_batches(on_s3: OnS3, s3: S3) -> None:
    s3.delay = 0.02
    asked = []
    for number in (3, 60):
        bench = OnS3(on_s3.pulumi, on_s3.root, url=s3.url(s3.bucket()))
        s3.seen.clear()
        assert bench.apply(*(bench.config_map(f"c{each}", {}) for each in range(number))).error == ""
        asked.append(Counter(map(_purpose, s3.seen)))
    few, many = asked
    assert abs(few["other"] - many["other"]) <= 2 and many["other"] < 50
    assert many["record"] < 60, (
        "each batch takes many entries along, of which there are more than two for each resource"
    )
    assert many["look"] - many["record"] <= few["look"] - few["record"] + 4, "after each batch one look at the leases"
