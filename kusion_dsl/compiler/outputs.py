"""Tokens become references: what authors and modules wired together gets its form in the Spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kusion_dsl.compiler.generation import Draft, Generated
from kusion_dsl.compiler.tracing import plain
from kusion_dsl.errors import CompileError, did_you_mean
from kusion_dsl.model import reference
from kusion_dsl.model.app import Application
from kusion_dsl.model.generation import Unavailable
from kusion_dsl.model.reference import Reference, secret_reference
from kusion_dsl.model.spec import KUSION
from kusion_dsl.model.token import (
    OutputToken,
    ReferenceToken,
    SecretKeyToken,
    SecretToken,
    Token,
    has_token,
    split,
)

_SECRET_OUTPUTS: Mapping[str, tuple[str, ...]] = {f"{KUSION}:index:RandomPassword": ("result",)}

Part = str | int | float | bool | Reference | SecretKeyToken


class Text(NamedTuple):
    """What a string with tokens in it is made of, and whether anything of it is secret."""

    parts: tuple[Part, ...]
    secret: bool

    @property
    def secret_key(self) -> SecretKeyToken | None:
        """The key of a Kubernetes Secret that it is, if it is one and nothing else."""
        only = self.parts[0] if len(self.parts) == 1 else None
        return only if isinstance(only, SecretKeyToken) else None

    def value(self) -> Any:
        """The value in the Spec: a lone number stays one, everything else is text in the grammar of references."""
        if len(self.parts) == 1 and not isinstance(self.parts[0], str | Reference):
            return self.parts[0]
        return reference.render(part if isinstance(part, Reference) else _as_text(part) for part in self.parts)


def _as_text(part: Part) -> str:
    return str(part).lower() if isinstance(part, bool) else str(part)


@dataclass(frozen=True)
class Wiring:
    """Knows the outputs of all applications of a stack, and which outputs of resources are secret."""

    generated: Sequence[Generated]
    drafts: Mapping[str, Draft]
    _resolving: list[OutputToken] = field(default_factory=list)

    def text(self, text: str, application: Application | None) -> Text:
        """Take a string apart as ``application`` means it. Raises CompileError for outputs that do not exist."""
        parts: list[Part] = []
        secret = False
        for piece in split(text):
            if isinstance(piece, str):
                if has_token(piece):
                    raise CompileError("a text has characters in it that are reserved for outputs", hint="remove them")
                parts.append(piece)
                continue
            found = self._token(piece, application)
            parts.extend(found.parts)
            secret = secret or found.secret
        return Text(tuple(parts), secret)

    def _token(self, token: Token, application: Application | None) -> Text:
        match token:
            case SecretToken():
                return Text((secret_reference(token.name, token.key, token.version),), True)
            case SecretKeyToken():
                return Text((token,), False)
            case ReferenceToken():
                return self._reference(token)
            case OutputToken():
                return self._output(token, application)

    def _reference(self, token: ReferenceToken) -> Text:
        target = self.drafts.get(token.id)
        if target is None:
            hint = did_you_mean(token.id, self.drafts)
            raise CompileError(f"the resource {token.id} is referred to, but nothing makes it", hint=hint)
        path = reference.parse_path(token.path)
        declared = (*target.resource.secret_outputs, *_SECRET_OUTPUTS.get(target.resource.type, ()))
        kubernetes_secret = target.resource.type == "kubernetes:core/v1:Secret" and path[:1] in {
            ("data",),
            ("stringData",),
        }
        return Text((Reference(token.id, path),), path[:1] in {(name,) for name in declared} or kubernetes_secret)

    def _output(self, token: OutputToken, application: Application | None) -> Text:
        owner, name = self._owner(token, application)
        if token in self._resolving:
            chain = [self._owner(each, application) for each in (*self._resolving, token)]
            names = " -> ".join(f"{app.application.name}.{component}" for app, component in chain)
            raise CompileError(
                f"outputs refer to each other in a cycle: {names}", hint="remove one of these references"
            )
        value = owner.outputs[name].get(token.output)
        declared = type(self._component(owner, name)).outputs()
        if token.output not in declared:
            raise CompileError(
                f"{owner.application.name}.{name} has no output '{token.output}'",
                hint=did_you_mean(token.output, declared) or f"it has {', '.join(declared) or 'none'}",
            )
        if isinstance(value, Unavailable):
            raise CompileError(f"{owner.application.name}.{name} has no '{token.output}': {value.why}", hint=value.hint)
        if not isinstance(value, str):
            return Text((value,) if value is not None else (), declared[token.output].secret)
        self._resolving.append(token)
        try:
            found = self.text(value, owner.application)
        finally:
            self._resolving.pop()
        return Text(found.parts, found.secret or declared[token.output].secret)

    def _component(self, owner: Generated, name: str) -> Any:
        return owner.application.workload if name == "workload" else owner.application.accessories[name]

    def _owner(self, token: OutputToken, application: Application | None) -> tuple[Generated, str]:
        """The application and the accessory's name that a token means: the application's own before any other's."""
        own = [
            each
            for each in self.generated
            if each.application is application and token.serial in each.application.bindings
        ]
        others = [each for each in self.generated if token.serial in each.application.bindings]
        owners = own or others
        if len(owners) > 1:
            names = " and ".join(each.application.name for each in owners)
            raise CompileError(
                f"the output '{token.output}' belongs to both {names}", hint="take it from a class of only one of them"
            )
        if not owners:
            raise CompileError(
                f"the output '{token.output}' is one of a component that no application of this stack has",
                hint="give that component a name in an application",
            )
        name = owners[0].application.bindings[token.serial]
        if name not in owners[0].outputs:
            raise CompileError(
                f"{owners[0].application.name}.{name} was removed, but its output '{token.output}' is used",
                hint=f"remove the use, or keep {name}",
            )
        return owners[0], name


_LARGEST = 2**53 - 1
"""The integer up to which JSON can hold all of them: https://www.rfc-editor.org/rfc/rfc8785#section-3.2.2.3."""


def resolve_tokens(draft: Draft, application: Application | None, wiring: Wiring) -> dict[str, Any]:
    """The attributes of ``draft`` as they stand in the Spec; ``application`` is the one it belongs to, if it does to one.

    Raises CompileError, with the path, for a secret that would be readable in a Kubernetes object, for a
    ``secret_ref`` outside of an environment, for outputs that do not exist, and for numbers that JSON cannot hold.
    """
    problems: list[CompileError] = []

    def walk(value: Any, path: reference.Path) -> Any:
        if isinstance(value, str):
            return resolved(value, path) if has_token(value) else reference.escape(plain(value))
        if isinstance(value, Mapping):
            items = sorted(value.items(), key=lambda item: str(plain(item[0])))  # whatever order they were written in
            return {walk(key, path): walk(item, (*path, plain(key))) for key, item in items}
        if isinstance(value, list):
            return [walk(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, int | float) and not -_LARGEST <= value <= _LARGEST:  # nor is NaN
            what = f"{reference.format_path(path)} of {draft.id} is {value}, which JSON cannot hold exactly"
            problems.append(CompileError(what, where=_where(draft, value, path), hint="write a smaller number"))
        return plain(value)

    def resolved(value: str, path: reference.Path) -> Any:
        try:
            text = wiring.text(value, application)
            _check_readable(draft, path, text)
            return text.value()
        except CompileError as error:
            problems.append(error.at(_where(draft, value, path)))
            return ""

    attributes: dict[str, Any] = walk(draft.attributes, ())
    if problems:
        raise CompileError.of([problem for error in problems for problem in error.problems])
    return attributes


def _where(draft: Draft, value: Any, path: reference.Path) -> Any:
    origin = getattr(value, "origin", None)
    position = origin().position if origin is not None else None
    return position or draft.where


def _check_readable(draft: Draft, path: reference.Path, text: Text) -> None:
    place = f"{reference.format_path(path)} of {draft.id}"
    if any(isinstance(part, SecretKeyToken) for part in text.parts):
        raise CompileError(
            f"a secret_ref stands in {place}",
            hint="it can be the whole value of an environment variable, nothing else",
        )
    kind = draft.resource.type
    if text.secret and kind.startswith("kubernetes:") and kind != "kubernetes:core/v1:Secret":
        raise CompileError(
            f"a secret would be readable in {place}",
            hint="put it into a container's env, where it is kept in a generated Secret",
        )
