"""Our objects for what the ancestor's ``app.yaml`` describes: by the ``_type`` of each object, field by field."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kusion_dsl import AppConfiguration

Document = Mapping[str, Any]
Arguments = dict[str, Any]
Translate = Callable[[Any, "Author"], Arguments]
"""From the value of one of the ancestor's fields to keyword arguments of our component."""

APPLICATION = "kam.v1.app_configuration.AppConfiguration"
TYPE = "_type"


class AuthoringError(Exception):
    """There is no translation for something in the application."""


@dataclass(frozen=True)
class Form:
    """How one of the ancestor's types is written with us: our class, as ``package:Class``, and a rule for each field.

    ``choose`` finds the class where it depends on the document.
    """

    component: str
    fields: Mapping[str, Translate]
    choose: Callable[[Document], str] | None = None


@dataclass
class Author:
    """Builds the applications of one case.

    ``decisions`` collects what the ancestor's developers could write and ours leave to the platform: for the name of
    a module the fields of its default block.
    """

    forms: Mapping[str, Form]
    decisions: dict[str, Arguments] = field(default_factory=dict)

    def applications(self, document: Document) -> tuple[AppConfiguration, ...]:
        """The applications of ``app.yaml`` in order of their names. Raises AuthoringError, and what our models raise."""
        return tuple(self._application(name, document[name]) for name in sorted(document))

    def _application(self, name: str, document: Document) -> AppConfiguration:
        if document.get(TYPE, APPLICATION) != APPLICATION:
            raise AuthoringError(f"{name} is of the type {document.get(TYPE)}, which is no application")
        unknown = document.keys() - {TYPE, "workload", "accessories", "labels", "annotations"}
        if unknown:
            raise AuthoringError(f"{APPLICATION} has no translation of the field {min(unknown)}")
        return AppConfiguration(
            name=name,
            workload=self.value(document.get("workload")),
            accessories=self.value(document.get("accessories") or {}),
            labels=document.get("labels"),
            annotations=document.get("annotations"),
        )

    def value(self, value: Any) -> Any:
        """Ours for a value of the ancestor: a component for an object with a type, however deep it lies."""
        if isinstance(value, Mapping):
            return self._component(value) if TYPE in value else {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value

    def _component(self, document: Document) -> Any:
        kind = document[TYPE]
        if kind not in self.forms:
            raise AuthoringError(f"there is no translation of the type {kind}")
        form = self.forms[kind]
        arguments: Arguments = {}
        for name, value in document.items():
            if name == TYPE or value is None:
                continue
            if name not in form.fields:
                raise AuthoringError(f"{kind} has no translation of the field {name}")
            arguments.update(form.fields[name](value, self))
        return _class(form.choose(document) if form.choose else form.component)(**arguments)


def _class(name: str) -> Any:
    package, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(package), attribute)
    except (ImportError, AttributeError) as error:
        raise AuthoringError(f"no module: {error}") from None
