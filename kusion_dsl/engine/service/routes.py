"""Which call is answered by what. Whatever is not here is answered with 404."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from kusion_dsl.engine.service import protocol
from kusion_dsl.engine.service.protocol import Answer, Refusal, Request
from kusion_dsl.engine.service.stack import ServedStack
from kusion_dsl.engine.workspace import ORGANIZATION

_Handle = Callable[[ServedStack, Request, str], Mapping[str, Any]]
"""Answers a call, given the id of the update that it is about (empty if about none). Raises Refusal."""


class Service:
    """Answers the calls of the CLI; ``lost`` tells whether the right to write was lost to somebody else."""

    def __init__(self, stack: ServedStack, lost: Callable[[], bool] = lambda: False) -> None:
        self._stack = stack
        self._lost = lost
        place = re.escape(f"/api/stacks/{ORGANIZATION}/{stack.ref.project}/{stack.ref.pulumi_stack}")
        project = re.escape(f"/api/stacks/{ORGANIZATION}/{stack.ref.project}")
        update = rf"{place}/\w+/(?P<update>[0-9a-f]+)"
        self._routes: tuple[tuple[str, re.Pattern[str], _Handle], ...] = tuple(
            (methods, re.compile(path), handle)
            for methods, path, handle in (
                ("GET", "/api/capabilities", lambda *_: protocol.CAPABILITIES),
                ("GET", "/api/user", lambda *_: protocol.USER),
                ("GET", "/api/user/organizations/default", lambda *_: protocol.DEFAULT_ORGANIZATION),
                ("GET", "/api/user/stacks", _stacks),
                ("HEAD GET", project, lambda *_: {}),
                ("POST", project, _create),
                ("GET", place, _stack),
                ("GET", f"{place}/export", lambda stack, *_: stack.export()),
                ("GET", f"{place}/updates", lambda *_: {"updates": []}),
                ("PATCH", f"{place}/tags", lambda *_: {}),
                ("POST", f"{place}/(batch-)?(encrypt|decrypt)", _crypt),
                ("POST", f"{place}/decrypt/log(-batch)?-decryption", lambda *_: {}),
                ("POST", f"{place}/(preview|update|refresh|destroy)", lambda stack, *_: stack.create_update()),
                ("POST", update, _begin),
                ("POST", f"{update}/renew_lease", self._renew),
                ("PATCH", f"{update}/journalentries", lambda stack, request, id: stack.journal(id, request.body)),
                ("POST", f"{update}/(events/batch|complete|cancel)", lambda stack, _, id: stack.check_update(id)),
            )
        )

    def __call__(self, request: Request) -> Answer:
        """Answer one call. Raises Refusal."""
        for methods, path, handle in self._routes:
            match = path.fullmatch(request.path)
            if match and request.method in methods.split():
                return Answer(200, handle(self._stack, request, match.groupdict().get("update") or ""))
        raise Refusal(404, f"{request.method} {request.path} is not served here")

    def _renew(self, stack: ServedStack, request: Request, update: str) -> Mapping[str, Any]:
        return stack.renew(update, self._lost())


def _stacks(stack: ServedStack, request: Request, _: str) -> Mapping[str, Any]:
    return {"stacks": [protocol.stack_document(stack.ref)] if stack.exists else []}


def _stack(stack: ServedStack, request: Request, _: str) -> Mapping[str, Any]:
    if not stack.exists:
        raise Refusal(404, "there is no such stack")
    return protocol.stack_document(stack.ref)


def _create(stack: ServedStack, request: Request, _: str) -> Mapping[str, Any]:
    document = request.document
    if not isinstance(document, dict) or document.get("stackName") != stack.ref.pulumi_stack:
        raise Refusal(400, "only one stack is served here")
    state = document.get("state")
    if state is not None and not (isinstance(state, dict) and isinstance(state.get("deployment"), dict)):
        raise Refusal(400, "the state that the stack is to begin with is not understood")
    return stack.create(state)


def _begin(stack: ServedStack, request: Request, update: str) -> Mapping[str, Any]:
    document = request.document
    return stack.begin_update(update, document.get("journalVersion") if isinstance(document, dict) else None)


def _crypt(stack: ServedStack, request: Request, _: str) -> Mapping[str, Any]:
    """Values are encrypted by the CLI, with the stack's own key; what comes here would be readable."""
    raise Refusal(400, "this stack has a key of its own; nothing is encrypted or decrypted here")
