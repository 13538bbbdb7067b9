"""What Kubernetes takes, read from the JSON Schemas in the distribution kubernetes-validate (extra ``validate``).

They are made of the OpenAPI document of a Kubernetes release, the newest one that the distribution has. The *strict*
ones know no fields but those of the release. The distribution is not imported: it would bring jsonschema with it, and
would read two megabytes for each object.
Source: https://github.com/willthames/kubernetes-validate.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kusion_dsl.checks.schema import ObjectType, Schema, Type
from kusion_dsl.errors import CompileError, did_you_mean

_RELEASE = re.compile(r"v(\d+)\.(\d+)\.(\d+)-local-strict")
_STABLE = re.compile(r"v\d+")
_DEFINITION = "/$defs/"
_SCALARS: Mapping[str, Type] = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean"}


class KubernetesSchemas:
    """The schemas of a Kubernetes release, in the directory of kubernetes-validate that has them.

    ``version`` is the distribution's. Every method raises OSError, ValueError or KeyError where the files are not what
    they were.
    """

    def __init__(self, directory: Path, version: str, release: str) -> None:
        self._directory = directory
        self.version = version
        self.release = release

    @classmethod
    def installed(cls) -> KubernetesSchemas | None:
        """Those that are installed, if any are."""
        found = find_spec("kubernetes_validate")
        if found is None or found.origin is None:
            return None
        schemas = Path(found.origin).parent / "kubernetes-json-schema"
        releases = [match for each in schemas.iterdir() if (match := _RELEASE.fullmatch(each.name))]
        newest = max(releases, key=lambda match: tuple(map(int, match.groups())))
        try:
            distribution = version("kubernetes-validate")
        except PackageNotFoundError:  # on the path, but not installed: nothing says its version
            return None
        return cls(schemas / newest[0], distribution, ".".join(newest.groups()))

    @cached_property
    def _definitions(self) -> Mapping[str, Mapping[str, Any]]:
        document = json.loads((self._directory / "_definitions.json").read_bytes())
        definitions: Mapping[str, Mapping[str, Any]] = document["$defs"]
        return definitions

    @cached_property
    def _kinds(self) -> Mapping[tuple[str, str], str]:
        """The names of definitions by API version and kind."""
        return {
            ("/".join(filter(None, (kind["group"], kind["version"]))), kind["kind"]): name
            for name, definition in self._definitions.items()
            for kind in definition.get("x-kubernetes-group-version-kind", ())
        }

    def schema(self, api_version: str, kind: str) -> Schema | None:
        """What an object of a kind looks like; None for kinds that are not Kubernetes' own.

        Raises CompileError for a kind that a stable API version of Kubernetes does not have.
        """
        root = self._kinds.get((api_version, kind))
        if root is None:
            self._check_absence(api_version, kind)
            return None
        objects: dict[str, ObjectType] = {}
        missing = [root]
        while missing:
            name = missing.pop()
            found: list[str] = []
            objects[name] = self._object(self._definitions[name], found)
            missing += [each for each in found if each not in objects]
        return Schema(root, objects)

    def _check_absence(self, api_version: str, kind: str) -> None:
        """A stable version has all that it ever had, so what it has not is a mistake; others lose kinds in time.

        Source: https://kubernetes.io/docs/reference/using-api/deprecation-policy/, rule 1.
        """
        beside = [known for version, known in self._kinds if version == api_version]
        if beside and _STABLE.fullmatch(api_version.rpartition("/")[2]):
            raise CompileError(
                f"{api_version} of Kubernetes {self.release} has no kind {kind}",
                hint=did_you_mean(kind, beside) or "correct apiVersion and kind",
            )

    def _object(self, definition: Mapping[str, Any], found: list[str]) -> ObjectType:
        fields = {name: self._type(each, found) for name, each in definition["properties"].items()}
        return ObjectType(fields, definition.get("required", ()))

    def _type(self, schema: Mapping[str, Any], found: list[str]) -> Type:
        """The type that a JSON Schema means; ``found`` gains the names of the objects that it refers to."""
        if "$ref" in schema:
            return self._named(schema["$ref"].rpartition(_DEFINITION)[2], found)
        if "oneOf" in schema:
            return ["either", *(self._type(each, found) for each in schema["oneOf"])]
        types = schema.get("type", "any")
        type = next(each for each in types if each != "null") if isinstance(types, list) else types
        if type == "array":
            return ["list", self._type(schema["items"], found)]
        if type == "object":
            inner = schema.get("additionalProperties")
            return ["map", self._type(inner, found) if isinstance(inner, Mapping) else "any"]
        return _SCALARS.get(type, "any")

    def _named(self, name: str, found: list[str]) -> Type:
        definition = self._definitions[name]
        if "properties" not in definition:
            return self._type(definition, found)
        found.append(name)
        return ["object", name]
