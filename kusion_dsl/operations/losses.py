"""What no Spec can bring back: the data of a volume or a database, a password that was made at random.

A Spec says how a resource is made, not what it came to hold. So whoever deletes or replaces such a resource, or makes
one again that was deleted, is told before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kusion_dsl.model.change import Change
from kusion_dsl.operations.explanation import RECREATED

_DATA, _PASSWORD, _KEY = "data", "password", "key"

_HELD: Mapping[str, str] = {
    "kubernetes:core/v1:PersistentVolumeClaim": _DATA,
    "kubernetes:core/v1:PersistentVolume": _DATA,
    "kusion:index:RandomPassword": _PASSWORD,
    "random:index/randomPassword:RandomPassword": _PASSWORD,
    "aws:kms/key:Key": _KEY,
}
"""What resources of a type hold."""

_STORES = (
    "alicloud:nas/fileSystem:",
    "alicloud:oss/bucket:",
    "alicloud:rds/instance:",
    "aws:docdb/cluster:",
    "aws:dynamodb/table:",
    "aws:ebs/volume:",
    "aws:efs/fileSystem:",
    "aws:elasticache/cluster:",
    "aws:elasticache/replicationGroup:",
    "aws:opensearch/domain:",
    "aws:rds/cluster:",
    "aws:rds/instance:",
    "aws:s3/bucket:",
    "aws:s3/bucketV2:",
    "aws:sqs/queue:",
)
"""How the types of the clouds' resources begin that hold data."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that a run would lose, or cannot bring back: the resource's id, and what it is, as a clause."""

    id: str
    what: str

    def __str__(self) -> str:
        return f"{self.id}: {self.what}"


def losses(changes: Iterable[Change], *, restoring: bool = False) -> tuple[Loss, ...]:
    """What the changes lose, in their order.

    With ``restoring`` everything that they create existed before; else only what somebody else deleted did.
    """
    found = ((change, _lost(change, _held_by(change.type), restoring)) for change in changes)
    return tuple(Loss(change.id, what) for change, what in found if what)


def _held_by(type: str) -> str:
    return _DATA if type.startswith(_STORES) else _HELD.get(type, "")


def _lost(change: Change, held: str, restoring: bool) -> str:
    if not held:
        return ""
    match change.operation:
        case "delete" | "replace":
            return f"its {held} is lost"
        case "create" if restoring or change.note == RECREATED:
            return "it comes back empty, its data does not" if held == _DATA else f"its {held} will be a new one"
        case _:
            return ""
