"""The cases of a directory of vectors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kusion_dsl.documents import DocumentError, load_yaml, read_text

KINDS = ("spec", "quirk", "generate-error", "kcl-error")
"""What the ancestor did: generated, generated oddly, failed to generate, refused to evaluate the application."""


class VectorsError(Exception):
    """The directory of vectors cannot be read."""


@dataclass(frozen=True)
class Case:
    """One case: where its files are, what the ancestor did, and what ``index.json`` says about that.

    ``defect`` is the mark ``reference_defect``: what is wrong with the ancestor's behaviour, empty where nothing is.
    ``environment`` is what it read from the environment.
    """

    name: str
    kind: str
    directory: Path
    defect: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def marked(self) -> bool:
        """Whether the ancestor's behaviour is no measure in every respect."""
        return bool(self.defect) or self.kind == "quirk"

    @property
    def may_fail(self) -> bool:
        """Whether a clear error is right: the ancestor failed, and that is no defect, or the mark asks for an error."""
        return self.kind == "generate-error" and (not self.defect or "clear error" in self.defect)

    def document(self, file: str) -> Any:
        """The content of one of its YAML files; an empty one is an empty mapping. Raises VectorsError."""
        try:
            return load_yaml(read_text(self.directory / file, f"{self.name}/{file}"), f"{self.name}/{file}").value or {}
        except DocumentError as error:
            raise VectorsError(str(error)) from None


def read_cases(directory: Path) -> tuple[Case, ...]:
    """The cases that ``index.json`` lists, in its order. Raises VectorsError."""
    try:
        index = json.loads((directory / "index.json").read_text())
        cases = tuple(_case(directory, entry) for entry in index)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VectorsError(f"{directory} is no directory of vectors: {error!r}") from None
    if not cases:
        raise VectorsError(f"{directory} has no cases")
    return cases


def _case(directory: Path, entry: Mapping[str, Any]) -> Case:
    if entry["kind"] not in KINDS:
        raise ValueError(f"{entry['name']} is of the unknown kind {entry['kind']}")
    mark, environment = entry.get("reference_defect", ""), entry.get("env", {})
    return Case(entry["name"], entry["kind"], directory / entry["name"], mark, environment)
