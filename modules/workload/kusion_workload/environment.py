"""Environment variables in an order that depends on them alone.

Kubernetes replaces ``$(NAME)`` in a value by a variable that stands before it
(https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/). So variables
stand in order of their names, and one that uses others after those, however the author's mapping was made: one made
from a set has another order in every run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_USE = re.compile(r"(?<!\$)\$\(([^()$]+)\)")  # $$(NAME) is literal


def environment_manifest(environment: Mapping[str, str]) -> list[dict[str, str]]:
    """The ``env`` of a container. Variables that use each other in a circle stand in order of their names."""
    ordered: dict[str, str] = {}

    def add(name: str, above: tuple[str, ...]) -> None:
        if name in ordered or name in above:
            return
        for used in sorted(set(_USE.findall(environment[name]))):
            if used in environment:
                add(used, (*above, name))
        ordered[name] = environment[name]

    for name in sorted(environment):
        add(name, ())
    return [{"name": name, "value": value} for name, value in ordered.items()]
