"""What goes over the wire: a request, an answer, and the answers that are always the same.

The protocol is that of Pulumi's own service, as its client speaks it:
https://github.com/pulumi/pulumi/tree/master/pkg/backend/httpstate/client.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kusion_dsl.engine.workspace import ORGANIZATION
from kusion_dsl.model.identity import StackRef

JOURNAL_VERSION = 1
"""The only version of the journal that Pulumi has and that we replay."""

_LEASE_SECONDS = 300
"""For how long a token is said to be valid. The CLI assumes five minutes whatever we say, and renews after half."""


@dataclass(frozen=True)
class Request:
    """One call: ``path`` without its query, ``body`` decompressed."""

    method: str
    path: str
    body: bytes = b""

    @property
    def document(self) -> Any:
        """The body as JSON; an empty one is an empty object. Raises Refusal."""
        try:
            return json.loads(self.body or b"{}")
        except ValueError as error:
            raise Refusal(400, f"the body is not JSON: {error}") from None


@dataclass(frozen=True)
class Answer:
    """What is sent back: an HTTP status and a JSON document."""

    status: int = 200
    document: Mapping[str, Any] = field(default_factory=dict)


class Refusal(Exception):
    """The answer is an error. The CLI tries again after a status of 500 or more, and gives up after one below."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status, {"code": status, "message": message})


CAPABILITIES: Mapping[str, Any] = {
    "capabilities": [
        {"capability": "batch-encrypt"},
        {"capability": "deployment-schema-version", "version": 1, "configuration": {"version": 4}},
    ]
}
"""Without ``delta-checkpoint-uploads``: whoever journals sends no checkpoints. Journaling is agreed on per update."""

USER: Mapping[str, Any] = {
    "id": ORGANIZATION,
    "githubLogin": ORGANIZATION,
    "name": ORGANIZATION,
    "email": "",
    "avatarUrl": "",
    "organizations": [{"githubLogin": ORGANIZATION, "name": ORGANIZATION}],
    "identities": [],
}
"""The user's name is the organization, so that the stack has the same full name as on every other backend."""

DEFAULT_ORGANIZATION: Mapping[str, Any] = {"GitHubLogin": ORGANIZATION}


def stack_document(ref: StackRef) -> dict[str, Any]:
    """A stack, as it is listed and shown."""
    return {
        "id": f"{ref.project}/{ref.pulumi_stack}",
        "orgName": ORGANIZATION,
        "projectName": ref.project,
        "stackName": ref.pulumi_stack,
        "activeUpdate": "",
        "tags": {},
        "version": 1,
    }


def created_document(update: str) -> dict[str, Any]:
    """An update that was created and not begun yet."""
    return {
        "updateID": update,
        "requiredPolicies": [],
        "messages": [],
        "aiSettings": {"copilotIsEnabled": False},
    }


def begun_document(token: str) -> dict[str, Any]:
    """An update that was begun."""
    return {**renewed_document(token), "version": 1, "journalVersion": JOURNAL_VERSION}


def renewed_document(token: str) -> dict[str, Any]:
    """A token, and when it expires in seconds since 1970."""
    return {"token": token, "tokenExpiration": int(time.time()) + _LEASE_SECONDS}
