"""The provider ``kusion``: small resources that live in Pulumi's encrypted state and nowhere else.

``kusion:index:RandomPassword``, made once and then kept:

- ``length``: whole number of characters, 16
- ``special``: whether there are others than letters and digits, true
- ``overrideSpecial``: which ones, instead of ``!@#$%&*()-_=+[]{}<>:?``
- ``keepers``: a map; a new password is made when it changes (or one of the above does)
- output ``result``: the password, secret
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from kusion_dsl.engine.provider import Provider, check_response, diff_response
from kusion_dsl.engine.values import UNKNOWN, Secret, differences, from_struct, revealed, to_struct
from kusion_dsl.errors import did_you_mean
from kusion_dsl.model.reference import Path

VERSION = "1.0.0"
PASSWORD = "kusion:index:RandomPassword"

_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_DEFAULTS: Mapping[str, Any] = {"length": 16, "special": True}
_INPUTS = ("length", "special", "overrideSpecial", "keepers")
_SHORTEST, _LONGEST = 4, 4096


class KusionProvider(Provider):
    """Serves the package ``kusion``."""

    version = VERSION

    def Check(self, request: Any, context: Any) -> provider_pb2.CheckResponse:
        """The inputs with their defaults, and what is wrong with them."""
        type_token = request.urn.split("::", 3)[2]
        given = from_struct(request.news)
        if type_token != PASSWORD:
            hint = did_you_mean(type_token, [PASSWORD]) or f"there is {PASSWORD}"
            return check_response(given, {(): f"the resource type '{type_token}' is not known, {hint}"})
        return check_response({**_DEFAULTS, **given}, problems_of(given))

    def Diff(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        """Every difference makes a new password."""
        changed = dict(differences(from_struct(request.old_inputs), from_struct(request.news)))
        return diff_response(changed, frozenset((name,) for name in _INPUTS))

    def Create(self, request: Any, context: Any) -> provider_pb2.CreateResponse:
        """A new password, not yet in a preview."""
        inputs = from_struct(request.properties)
        result = UNKNOWN if request.preview else password_of(revealed(inputs))
        outputs = to_struct({**inputs, "result": Secret(result)})
        return provider_pb2.CreateResponse(
            id="" if request.preview else request.urn.split("::", 3)[3], properties=outputs
        )

    def Read(self, request: Any, context: Any) -> provider_pb2.ReadResponse:
        """What the state has: there is nothing else to read."""
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Delete(self, request: Any, context: Any) -> empty_pb2.Empty:
        """It goes with the state."""
        return empty_pb2.Empty()


def problems_of(given: Mapping[str, Any]) -> dict[Path, str]:
    """What is wrong with the inputs of a password, by path; a value that is not known yet is not judged."""
    problems: dict[Path, str] = {}
    for name, secret_or_value in given.items():
        value = revealed(secret_or_value)
        if name not in _INPUTS:
            problems[(name,)] = f"there is no input '{name}', {did_you_mean(name, _INPUTS) or 'remove it'}"
        elif value is not UNKNOWN and (problem := _problem(name, value)):
            problems[(name,)] = problem
    if given.get("overrideSpecial") == "" and given.get("special", True) is True:
        problems[("overrideSpecial",)] = "it is empty; to have no special characters set special to false"
    return problems


def _problem(name: str, value: Any) -> str:
    match name:
        case "length":
            whole = isinstance(value, int) and not isinstance(value, bool)
            fits = whole and _SHORTEST <= value <= _LONGEST
            return "" if fits else f"it must be a whole number from {_SHORTEST} to {_LONGEST}"
        case "special":
            return "" if isinstance(value, bool) else "it must be true or false"
        case "overrideSpecial":
            return "" if isinstance(value, str) else "it must be text"
    return "" if isinstance(value, Mapping) else "it must be a map"


def password_of(inputs: Mapping[str, Any]) -> str:
    """A new password for the checked ``inputs``: characters of each kind, the rest and the order at random."""
    kinds = [string.ascii_lowercase, string.ascii_uppercase, string.digits]
    if inputs["special"]:
        kinds.append(inputs.get("overrideSpecial") or _SPECIAL)
    alphabet = "".join(kinds)
    characters = [secrets.choice(kind) for kind in kinds]
    characters += [secrets.choice(alphabet) for _ in range(inputs["length"] - len(kinds))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)
