"""Pulumi's service, as its CLI calls it; without a connection."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from kusion_dsl.engine.journal.entry import Kind
from kusion_dsl.engine.service.protocol import Refusal, Request
from kusion_dsl.engine.service.routes import Service
from kusion_dsl.engine.service.stack import ServedStack
from kusion_dsl.errors import BusyError, StorageError
from kusion_dsl.model.identity import StackRef
from tests.unit.engine.journal.journals import body, entry, resource

REF = StackRef("shop", "prod", "dev")
PROJECT = "/api/stacks/organization/shop"
STACK = f"{PROJECT}/prod.dev"
STATE = {"version": 3, "deployment": {"resources": [resource("a")]}}


@dataclass
class Backend:
    """A service, and the journal that it writes; ``failing`` is what the next write raises."""

    served: dict[str, Any] | None = field(default_factory=lambda: dict(STATE))
    previews: bool = False
    journal: list[bytes] = field(default_factory=list)
    failing: Exception | None = None
    lost: bool = False

    def __post_init__(self) -> None:
        self.stack = ServedStack(REF, self.served, None if self.previews else self.append)
        self.service = Service(self.stack, lambda: self.lost)

    def append(self, batch: bytes) -> None:
        if self.failing is not None:
            raise self.failing
        self.journal.append(batch)

    def __call__(self, method: str, path: str, document: Any = None) -> Any:
        """The document of an answer."""
        content = (
            document if isinstance(document, bytes) else b"" if document is None else json.dumps(document).encode()
        )
        return self.service(Request(method, path, content)).document

    def refused(self, status: int, method: str, path: str, document: Any = None) -> str:
        """The message of an error, whose status must be this one."""
        with pytest.raises(Refusal) as raised:
            self(method, path, document)
        assert raised.value.answer.status == status
        assert raised.value.answer.document["code"] == status
        return str(raised.value.answer.document["message"])

    def begun(self, kind: str = "update") -> str:
        """The path of an update that was begun."""
        update = f"{STACK}/{kind}/{self('POST', f'{STACK}/{kind}', {})['updateID']}"
        assert self("POST", update, {"tags": {}, "journalVersion": 1})["journalVersion"] == 1
        return update


def begin(sequence: int, operation: int, name: str = "b") -> dict[str, Any]:
    return entry(Kind.BEGIN, sequence, operation, operation={"resource": resource(name), "type": "creating"})


def success(sequence: int, operation: int, name: str = "b") -> dict[str, Any]:
    return entry(Kind.SUCCESS, sequence, operation, state=resource(name, id=name))


def test_login_names_the_organization_that_other_backends_have() -> None:
    backend = Backend()
    assert backend("GET", "/api/user")["githubLogin"] == "organization"
    assert backend("GET", "/api/user/organizations/default") == {"GitHubLogin": "organization"}
    capabilities = {each["capability"] for each in backend("GET", "/api/capabilities")["capabilities"]}
    assert capabilities == {"batch-encrypt", "deployment-schema-version"}


def test_stack_is_shown_listed_and_exported() -> None:
    backend = Backend()
    shown = backend("GET", STACK)
    assert (shown["orgName"], shown["projectName"], shown["stackName"]) == ("organization", "shop", "prod.dev")
    assert "config" not in shown
    assert [each["stackName"] for each in backend("GET", "/api/user/stacks")["stacks"]] == ["prod.dev"]
    assert backend("GET", f"{STACK}/export") == STATE
    assert backend("GET", f"{STACK}/updates") == {"updates": []}


def test_stack_is_created_with_what_names_its_key() -> None:
    backend = Backend(served=None)
    assert backend("GET", "/api/user/stacks") == {"stacks": []}
    backend.refused(404, "GET", STACK)
    backend.refused(404, "GET", f"{STACK}/export")
    state = {"version": 3, "deployment": {"secrets_providers": {"type": "passphrase", "state": {"salt": "v1:x"}}}}
    assert backend("POST", PROJECT, {"stackName": "prod.dev", "tags": {}, "state": state}) == {}
    assert backend("GET", f"{STACK}/export") == state
    assert "already exists" in backend.refused(409, "POST", PROJECT, {"stackName": "prod.dev"})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/stacks/organization/shop/other.dev"),
        ("GET", "/api/stacks/organization/other/prod.dev"),
        ("GET", "/api/stacks/somebody/shop/prod.dev"),
        ("GET", f"{STACK}/export/"),
        ("GET", f"{STACK}x"),
        ("DELETE", STACK),
        ("POST", f"{STACK}/import"),
        ("POST", f"{STACK}/rename"),
        ("PATCH", f"{STACK}/update/0123/checkpoint"),
        ("GET", "/api/capabilities/more"),
        ("GET", "/"),
        ("POST", "/api/user"),
    ],
)
def test_whatever_else_is_not_served(method: str, path: str) -> None:
    Backend().refused(404, method, path)


def test_another_stack_is_not_created() -> None:
    backend = Backend(served=None)
    documents: tuple[Any, ...] = ({"stackName": "other.dev"}, {"stackName": "prod.dev", "state": []}, {}, [], 7)
    for document in documents:
        backend.refused(400, "POST", PROJECT, document)
    backend.refused(400, "POST", PROJECT, b"no JSON")
    assert not backend.stack.exists


@pytest.mark.parametrize("what", ["encrypt", "decrypt", "batch-encrypt", "batch-decrypt"])
def test_nothing_is_encrypted_here_for_it_would_be_readable(what: str) -> None:
    said = Backend().refused(400, "POST", f"{STACK}/{what}", {"plaintext": "c2VjcmV0"})
    assert "has a key of its own" in said and "c2VjcmV0" not in said


def test_a_run_from_begin_to_end() -> None:
    backend = Backend()
    update = backend.begun()
    first, second = body(begin(1, 1)), body(success(2, 1))
    assert backend("PATCH", f"{update}/journalentries", first) == {}
    assert backend("PATCH", f"{update}/journalentries", second) == {}
    assert backend("POST", f"{update}/renew_lease", {"token": "x", "duration": 300})["token"] == backend.stack.token
    for call in ("events/batch", "complete", "complete", "cancel"):
        assert backend("POST", f"{update}/{call}", {}) == {}
    assert backend.journal == [first, second]
    assert [each.sequence for each in backend.stack.close()] == [1, 2]


def test_what_is_repeated_is_written_once() -> None:
    backend = Backend()
    update = backend.begun()
    batch = body(begin(1, 1), begin(2, 2, "c"))
    for _ in range(3):
        assert backend("PATCH", f"{update}/journalentries", batch) == {}
    overlapping = body(begin(2, 2, "c"), success(3, 1))
    assert backend("PATCH", f"{update}/journalentries", overlapping) == {}
    assert backend.journal == [batch, overlapping]
    assert sorted(each.sequence for each in backend.stack.close()) == [1, 2, 3]


def test_what_could_not_be_written_is_not_acknowledged_and_nothing_after_it() -> None:
    backend = Backend()
    update = backend.begun()
    backend.failing = StorageError("cannot be written: no space left on device")
    said = backend.refused(403, "PATCH", f"{update}/journalentries", body(begin(1, 1)))
    assert "no space left" in said, "with a status below 500, so that it is not tried for seconds"
    backend.failing = None
    assert "no space left" in backend.refused(403, "PATCH", f"{update}/journalentries", body(begin(2, 2)))
    assert backend.journal == [] and backend.stack.close() == ()
    assert "no space left" in str(backend.stack.failure)


def test_a_lost_lease_ends_the_run() -> None:
    backend = Backend()
    update = backend.begun()
    backend.lost = True
    backend.refused(403, "POST", f"{update}/renew_lease", {})
    backend.failing = BusyError("this run has lost the stack")
    backend.refused(403, "PATCH", f"{update}/journalentries", body(begin(1, 1)))
    assert isinstance(backend.stack.failure, BusyError)


@pytest.mark.parametrize(
    "content",
    [
        b"no JSON",
        body({**begin(1, 1), "version": 2}),
        body(entry(8, 1, 1)),  # type: ignore[arg-type]
        body({**begin(1, 1), "somethingNew": True}),
        body(entry(Kind.SECRETS, 1, 1, secretsProvider={"type": "service", "state": {}})),
    ],
)
def test_what_is_not_understood_is_refused_and_not_written(content: bytes) -> None:
    backend = Backend()
    update = backend.begun()
    backend.refused(400, "PATCH", f"{update}/journalentries", content)
    backend.refused(403, "PATCH", f"{update}/journalentries", body(begin(2, 2)))
    assert backend.journal == [] and backend.stack.failure is not None


def test_after_the_end_nothing_is_taken() -> None:
    backend = Backend()
    update = backend.begun()
    backend.stack.close()
    backend.refused(403, "PATCH", f"{update}/journalentries", body(begin(1, 1)))
    assert backend.journal == []


@pytest.mark.parametrize("version", [{}, {"journalVersion": 2}, {"journalVersion": None}, {"journalVersion": "1"}])
def test_a_cli_without_our_journal_is_sent_away_before_it_does_anything(version: dict[str, Any]) -> None:
    backend = Backend()
    update = f"{STACK}/update/{backend('POST', f'{STACK}/update', {})['updateID']}"
    backend.refused(400, "POST", update, {"tags": {}, **version})
    assert backend.stack.plain


def test_a_preview_needs_no_journal_and_writes_none() -> None:
    backend = Backend(previews=True)
    update = f"{STACK}/preview/{backend('POST', f'{STACK}/preview', {})['updateID']}"
    assert backend("POST", update, {"tags": {}})["token"]
    backend.refused(400, "PATCH", f"{update}/journalentries", body(begin(1, 1)))
    assert not backend.stack.plain


def test_an_update_is_begun_once_and_no_other_one_is_known() -> None:
    backend = Backend()
    update = backend.begun()
    backend.refused(409, "POST", update, {"journalVersion": 1})
    calls: list[tuple[str, Callable[[str], str]]] = [
        ("POST", lambda place: place),
        ("POST", lambda place: f"{place}/renew_lease"),
        ("PATCH", lambda place: f"{place}/journalentries"),
        ("POST", lambda place: f"{place}/complete"),
    ]
    for method, call in calls:
        backend.refused(404, method, call(f"{STACK}/update/0123456789abcdef"), {})
    backend.refused(404, "PATCH", f"{STACK}/update//journalentries", {})


def test_a_token_is_shown_nowhere() -> None:
    from kusion_dsl.engine.service.server import Address

    token = Backend().stack.token
    assert len(token) > 40 and token != Backend().stack.token
    assert token not in repr(Address("http://127.0.0.1:1", token))
