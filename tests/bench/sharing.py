"""First apply on a shared backend: an S3 on loopback that takes 20 ms longer for each request, as one elsewhere does.

What counts is how many requests there are: it must not depend on the number of resources, but for the batches of the
journal. The reference, the bare Automation API on a bucket of the same S3, writes the whole state twice per resource.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kusion_dsl.engine.command import engine_environment
from tests.bench.applying import spec_of
from tests.bench.processes import Command, Times
from tests.bench.projects import write_resources
from tests.bench.row import Row
from tests.stores.s3 import S3, Asked, running_s3

_ROOT = Path(__file__).parents[2]
_SIZES = (10, 100, 1000)
_COMPARED = 100
"""The largest number of resources that the reference applies: with 1 000 it takes the better part of an hour."""
_DELAY = 0.02
"""Seconds."""
_ACCOUNT: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": "AKIDBENCH",
    "AWS_SECRET_ACCESS_KEY": "not a secret",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_GROWTH = 1.1


@dataclass(frozen=True)
class _Run:
    """What an apply took: seconds, requests, and those among them that are for no batch and no heartbeat."""

    seconds: float
    requests: int
    others: int


def rows(kusion: str, pulumi: Path, work: Path) -> Iterator[Row]:
    """Seconds and requests for each size; then how the requests grow."""
    others: dict[int, int] = {}
    with running_s3() as s3:
        for size in _SIZES:
            spec = spec_of(kusion, write_resources(work / f"sharing-{size}", size), work, size)
            ours = _ours(s3, pulumi, spec, _place(work, f"ours-on-s3-{size}"))
            bare = [_bare(s3, pulumi, spec, _place(work, f"bare-on-s3-{size}"))] if size <= _COMPARED else []
            name = f"first apply on S3 with 20 ms a request, {size} resources{' / bare API' if bare else ''}"
            yield Row(name, Times((ours.seconds,), tuple(each.seconds for each in bare)))
            yield Row(name, Times((ours.requests,), tuple(each.requests for each in bare)), unit="requests")
            others[size] = ours.others
    smallest, *_, largest = _SIZES
    grown = Times((others[largest],), (others[smallest],))
    yield Row(f"requests but for batches, {largest} resources / {smallest} resources", grown, _GROWTH, "requests")


def _place(work: Path, name: str) -> Path:
    place = work / name
    place.mkdir()
    (place / "passphrase").write_text("correct horse battery staple", encoding="utf-8")
    return place


def _ours(s3: S3, pulumi: Path, spec: Path, place: Path) -> _Run:
    url = s3.url(s3.bucket())
    paths = [place / "manifests", pulumi, url, place / "passphrase", place / "home"]
    program = [sys.executable, "-m", "tests.bench.engine_program", "apply", str(spec), *map(str, paths)]
    return _measured(s3, Command(program, _ROOT, _ACCOUNT))


def _bare(s3: S3, pulumi: Path, spec: Path, place: Path) -> _Run:
    environment = engine_environment(s3.url(s3.bucket()), place / "passphrase", place / "home")
    program = [sys.executable, "-m", "tests.bench.stock", "apply", str(spec), str(place / "manifests"), str(pulumi)]
    return _measured(s3, Command(program, _ROOT, {**_ACCOUNT, **environment}))


def _measured(s3: S3, command: Command) -> _Run:
    s3.seen.clear()
    s3.delay = _DELAY
    seconds = command.seconds()
    s3.delay = 0.0
    return _Run(seconds, len(s3.seen), sum(1 for each in s3.seen if not _is_repeated(each)))


def _is_repeated(asked: Asked) -> bool:
    """Whether it belongs to a batch (its record, the look at the leases after it) or to the heartbeat of the lease."""
    return asked.is_record or "/leases/" in asked.key or "%2Fleases%2F" in asked.query
