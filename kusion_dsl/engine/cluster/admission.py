"""What the API server would refuse of a preview: asked beside the provider, which does not tell everything.

In a preview the provider takes the code 403 for credentials that may only read and keeps silent (``Create`` and
``Update`` in https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/provider.go). Quotas, many
policies and namespaces that are being deleted have the same code. What has any other code the provider tells itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from kusion_dsl.engine.cluster.connection import Answer
from kusion_dsl.engine.cluster.live import LiveObjects
from kusion_dsl.engine.cluster.objects import FIELD_MANAGER
from kusion_dsl.engine.cluster.refusals import advice
from kusion_dsl.engine.cluster.termination import with_holders
from kusion_dsl.engine.values import UNKNOWN_TEXT, texts_in
from kusion_dsl.errors import Problem
from kusion_dsl.model.change import Step
from kusion_dsl.model.masking import MASKED
from kusion_dsl.model.spec import KUBERNETES

_AT_ONCE = 8
_DONE, _FORBIDDEN = 200, 403
_MAY_NOT = re.compile(r'User "[^"]+" cannot \w+ resource')
"""RBAC: to preview it is enough that the credentials may read."""


def admitted(live: LiveObjects, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """``steps``, those that the API server would refuse with what it says.

    Asked are those that create or change an object in a namespace that is there. What has values that only the apply
    knows, or that are secret, is not asked about. Raises EngineError where the cluster is not reached.
    """
    asked = [step for step in steps if _can_be_asked(step)]
    there = {space: not space or live.get("v1", "Namespace", space) is not None for space in _namespaces(asked)}
    asked = [step for step in asked if there[_namespace(step)]]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        problems = pool.map(lambda step: _problem(live, step), asked)
        found = {step.id: problem for step, problem in zip(asked, problems, strict=True) if problem is not None}
    refused = dict(zip(found, with_holders(live, found.values()), strict=True))
    return tuple(replace(step, refused=refused.get(step.id, step.refused)) for step in steps)


def _can_be_asked(step: Step) -> bool:
    if step.operation not in ("create", "adopt", "update", "replace") or not step.type.startswith(f"{KUBERNETES}:"):
        return False
    return not any(MASKED in text or UNKNOWN_TEXT in text for text in texts_in(step.wanted))


def _namespaces(steps: Iterable[Step]) -> Iterator[str]:
    yield from dict.fromkeys(map(_namespace, steps))


def _namespace(step: Step) -> str:
    metadata: Any = (step.wanted or {}).get("metadata") or {}
    return str(metadata.get("namespace") or "")


def _problem(live: LiveObjects, step: Step) -> Problem | None:
    answer = live.try_out(step.wanted or {}, FIELD_MANAGER)
    return refusal(step.id, answer) if answer is not None and answer.code == _FORBIDDEN else None


def refusal(id: str, answer: Answer) -> Problem | None:
    """What the API server has against what was tried out; None where it has nothing but that the user may not do it."""
    if answer.code == _DONE or (answer.code == _FORBIDDEN and _MAY_NOT.search(answer.message)):
        return None
    known = advice(answer.message)
    return Problem(answer.message, id, known.text if known else None)
