"""What the CLI sends is taken as it is, or refused with a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from kusion_dsl.engine.journal.entry import Entry, Kind, parse_entries
from kusion_dsl.errors import DamagedError, EngineError, NewerFormatError
from tests.unit.engine.journal.journals import Journal, body, entry, journals, parsed, resource


@given(journals())
def test_every_entry_keeps_its_text(journal: Journal) -> None:
    text = ' {"entries":\n[' + " ,\t".join(json.dumps(each, indent=1) for each in journal.entries) + "] }\n"
    entries = parse_entries(text.encode())

    assert [each.raw for each in entries] == [json.dumps(each, indent=1) for each in journal.entries]
    again = parse_entries(f'{{"entries":[{",".join(each.raw for each in entries)}]}}'.encode())
    assert again == entries


def test_every_key_has_its_place() -> None:
    state = resource("a")
    operation = {"resource": state, "type": "updating"}
    places = {f"{mark}{age}": 3 for mark in ("pendingReplacement", "delete") for age in ("Old", "New")}
    others = {"removeOld": 1, "removeNew": 2, **places, "isRefresh": True, "requiresByteString": True}
    written = entry(Kind.SUCCESS, 7, 5, **others, state=state, operation=operation, newSnapshot={})

    assert parsed(written) == (
        Entry(
            raw=json.dumps(written),
            kind=Kind.SUCCESS,
            sequence=7,
            operation=5,
            remove_old=1,
            remove_new=2,
            pending_replacement_old=3,
            pending_replacement_new=3,
            delete_old=3,
            delete_new=3,
            state=state,
            pending=operation,
            refreshes=True,
            snapshot={},
            has_byte_strings=True,
        ),
    )


@pytest.mark.parametrize("text", ["{}", ' { "entries" : [ ] } ', '{"entries":null}'])
def test_a_batch_without_entries(text: str) -> None:
    assert parse_entries(text.encode()) == ()


BEGIN = entry(Kind.BEGIN, 1, 1)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"entries":',
        b'{"entries":{}}',
        b'{"entries":[1]}',
        b'{"entries":[]',
        b'{"entries":[],"more":1}',
        body(BEGIN)[:-1],
        body(BEGIN)[:-2],
        body(BEGIN)[:-20],
        body(BEGIN) + b"}",
        body(BEGIN, BEGIN).replace(b"}, {", b"} {"),
        body(BEGIN).replace(b"}]", b"},]"),
        body(BEGIN).replace(b"]}", b'],"more":1}'),
    ],
)
def test_what_is_no_batch(text: bytes) -> None:
    with pytest.raises(DamagedError, match="not a part of Pulumi's journal"):
        parse_entries(text)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("version", 2),
        ("version", None),
        ("kind", 8),
        ("kind", 9),
        ("kind", -1),
        ("kind", "begin"),
        ("kind", True),
        ("snippets", []),
        ("extension", {}),
        ("elideWrite", True),
    ],
)
def test_what_is_not_known(key: str, value: Any) -> None:
    with pytest.raises(NewerFormatError, match=f"{key}.*not known here") as caught:
        parsed({**BEGIN, key: value})
    assert "kusion engine install" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("version", True),
        ("sequenceID", 0),
        ("sequenceID", "1"),
        ("sequenceID", None),
        ("operationID", -1),
        ("operationID", 1.5),
        ("removeOld", -1),
        ("removeNew", "1"),
        ("deleteOld", True),
        ("deleteNew", 1.0),
        ("pendingReplacementOld", []),
        ("pendingReplacementNew", -2),
        ("state", {}),
        ("state", {"urn": "urn:pulumi:a"}),
        ("state", []),
        ("operation", {"resource": resource("a")}),
        ("operation", {"resource": {}, "type": "creating"}),
        ("isRefresh", 1),
        ("requiresByteString", None),
        ("secretsProvider", {}),
        ("newSnapshot", []),
        ("newSnapshot", {"resources": [{}]}),
        ("newSnapshot", {"resources": 1}),
        ("newSnapshot", {"pending_operations": [{"type": "creating"}]}),
    ],
)
def test_what_is_not_what_it_is_to_be(key: str, value: Any) -> None:
    with pytest.raises(DamagedError, match=key):
        parsed({**BEGIN, key: value})


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        *((kind, key) for kind in Kind for key in ("sequenceID", "operationID")),
        (Kind.WRITE, "newSnapshot"),
        (Kind.SECRETS, "secretsProvider"),
    ],
)
def test_what_an_entry_must_say(kind: Kind, missing: str) -> None:
    whole = entry(kind, 1, 1, newSnapshot={}, secretsProvider={"type": "passphrase"})
    assert len(parsed(whole)) == 1
    with pytest.raises(DamagedError, match=f"has no '{missing}'"):
        parsed({key: value for key, value in whole.items() if key != missing})


def test_secrets_that_the_server_would_have_to_encrypt() -> None:
    with pytest.raises(EngineError, match="encrypted by the server"):
        parsed(entry(Kind.SECRETS, 1, secretsProvider={"type": "service", "state": {"url": "http://127.0.0.1:1"}}))
