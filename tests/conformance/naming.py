"""Names that are others with us: DESIGN puts an accessory's own name into what is made for it, where that is not the
module's; ``inference``'s constant names gain the application's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from kusion_dsl.model.names import kebab
from tests.conformance.authoring import TYPE, Document

Rename = Callable[[str], str]

_DEFAULT_NAMES: Mapping[str, str] = {
    "network.Network": "network",
    "mysql.MySQL": "mysql",
    "postgres.PostgreSQL": "postgres",
    "monitoring.Prometheus": "monitoring",
    "opsrule.OpsRule": "ops-rule",
    "inference.v1.inference.Inference": "inference",
    "opensearch.OpenSearch": "opensearch",
}
"""Under these names of accessories, in kebab-case, everything is called as in the ancestor."""

_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "network.Network": ("private", "public", "ingress", "ingressclass"),
    "monitoring.Prometheus": ("service-monitor", "pod-monitor"),
}
"""``<project>-<stack>-<app>-<suffix>`` gains the accessory's name before the suffix."""

_TOKENS: Mapping[str, str] = {
    "opsrule.OpsRule": "kubernetes:apps.kusionstack.io/v1alpha1:PodTransitionRule",
    "opensearch.OpenSearch": "aws:opensearch/domain:Domain",
}
"""Resources called ``<project>-<stack>-<app>`` alone gain the accessory's name."""

_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "opensearch.OpenSearch": ("OPEN_SEARCH_ENDPOINT", "OPEN_SEARCH_REGION"),
    "inference.v1.inference.Inference": ("INFERENCE_URL",),
}
"""Variables that gain the accessory's name."""

_BESIDE_A_DATABASE = ("kusion:index:RandomPassword", "aws:ec2/securityGroup:SecurityGroup")
_DATABASES = {"mysql.MySQL": "mysql", "postgres.PostgreSQL": "postgres"}
_INFERENCE = "inference.v1.inference.Inference"
_CONSTANT = re.compile(r"(?<![-\w])(?:ollama|proxy)-infer-(?:deployment|service)(?![-\w])")


@dataclass
class Naming:
    """What is called otherwise in one case.

    ``texts`` are replaced wherever they stand as a word, ``variables`` where they stand alone, since what authors write
    about them in texts of their own is theirs, and ``own`` (by type) in the names of resources of that type;
    ``inference`` has for each application with an inference accessory what its names gain.
    """

    texts: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    own: dict[tuple[str, str], str] = field(default_factory=dict)
    inference: dict[str, str] = field(default_factory=dict)
    _seen: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of_case(cls, project: str, stack: str, apps: Document, databases: Mapping[str, str]) -> Naming:
        """The names of a case; ``databases`` are the names that the workspace gives, by module."""
        naming = cls()
        for app in sorted(apps):
            unique = f"{project}-{stack}-{app}"
            for name, kind in _single(apps[app].get("accessories") or {}):
                accessory = kebab(name)
                own = [] if accessory == _DEFAULT_NAMES.get(kind) else [accessory]
                if kind == _INFERENCE:
                    naming.inference[unique] = "-".join([unique, *own])
                if own:
                    naming._add(unique, accessory, kind)
                if own and kind in _DATABASES:
                    naming._add_database(unique, accessory, _DATABASES[kind], databases)
        return naming

    def _add(self, unique: str, accessory: str, kind: str) -> None:
        for suffix in _SUFFIXES.get(kind, ()):
            self.texts[f"{unique}-{suffix}"] = f"{unique}-{accessory}-{suffix}"
        if kind in _TOKENS:
            self.own[(_TOKENS[kind], unique)] = f"{unique}-{accessory}"
            self.texts[f"{_TOKENS[kind]}:{unique}"] = f"{_TOKENS[kind]}:{unique}-{accessory}"
        for name in _VARIABLES.get(kind, ()):
            self.variables[name] = f"{name}_{_variable(accessory)}"

    def _add_database(self, unique: str, accessory: str, module: str, databases: Mapping[str, str]) -> None:
        """What the workspace names stands as given; what is made beside it ends in the module's name no more."""
        old = databases.get(module) or f"{unique}-{module}"
        new = databases.get(module) or f"{unique}-{accessory}"
        for kind in _BESIDE_A_DATABASE:
            self.texts[f"{kind}:{old}-{module}"] = f"{kind}:{new}"
        if old != new:
            self.texts[old] = new
            for what in ("HOST", "USERNAME", "PASSWORD"):
                self.variables[f"KUSION_DB_{what}_{_variable(old)}"] = f"KUSION_DB_{what}_{_variable(new)}"

    def of(self, id: str, type: str) -> Rename:
        """How the strings of the resource ``id`` are renamed, its id and the ids that it depends on among them.

        To be called once for each resource of a Spec in its order: applications follow each other by name there.
        """
        name = id.rpartition(":")[2]
        prefix = self._prefix(name)
        own = {old: new for (kind, old), new in self.own.items() if kind == type}
        return partial(self._rename, prefix, own)

    def _prefix(self, name: str) -> str:
        """What inference's names gain in a resource: those of the workload it is, else of the next with that name."""
        if name in self.inference or not self.inference:
            return self.inference.get(name, "")
        prefixes = list(self.inference.values())
        if not _CONSTANT.fullmatch(name):
            return prefixes[0]
        self._seen[name] += 1
        return prefixes[min(self._seen[name], len(prefixes)) - 1]

    def _rename(self, prefix: str, own: Mapping[str, str], text: str) -> str:
        if text in self.variables:
            return self.variables[text]
        if prefix:
            text = _CONSTANT.sub(lambda match: f"{prefix}-{match[0]}", text)
        for old, new in self.texts.items():
            if old in text:
                text = re.sub(rf"(?<![-\w]){re.escape(old)}(?![a-z0-9])", new, text)
        kind, colon, name = text.rpartition(":")
        return f"{kind}{colon}{own.get(name, name)}" if own else text


def _single(accessories: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The accessories by name and type; of several of one type the ancestor keeps any one, so none is named here."""
    count = Counter(str(value.get(TYPE)) for value in accessories.values())
    for name, value in accessories.items():
        if count[str(value.get(TYPE))] == 1:
            yield name, str(value.get(TYPE))


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")
