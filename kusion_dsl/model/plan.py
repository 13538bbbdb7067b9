"""Plans: what a preview showed, kept so that exactly this is applied, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kusion_dsl.errors import DamagedError, KusionError, NewerFormatError
from kusion_dsl.model.identity import ModuleVersion, StackRef
from kusion_dsl.model.spec import Json, digest_of
from kusion_dsl.model.target import Target

FORMAT = 1
"""The version of the stored form."""

_KIND = "kusion plan"
_AGAIN = "nothing was changed; save it again: kusion preview --save FILE"
_LONGEST = 60  # characters of a value in a message


@dataclass(frozen=True)
class Plan:
    """What was shown, and everything that it depends on. There is no secret and no time in it: the same preview of the
    same state of things is the same plan.

    - ``base``: the newest release at that time and the digest of its last record; 0 and empty where there was none
    - ``spec_digest``, ``resources``: the digest of the Spec, and that of each of its resources by id
    - ``live``: whether live objects were read; ``adopt``: whether what is there already may be taken over
    - ``changes``: for each resource that changes its id, ``type``, ``operation`` and ``fields``; of each field ``path``,
      ``cause``, ``before``, ``after`` and ``live`` as far as there are such, masked
    """

    ref: StackRef
    base: tuple[int, str]
    workspace_digest: str
    modules: tuple[ModuleVersion, ...]
    options: Mapping[str, str]
    target: Target
    live: bool
    spec_digest: str
    resources: Mapping[str, str]
    changes: tuple[Json, ...]
    adopt: bool = False

    def to_json(self) -> Json:
        """The stored form, sealed by its own digest."""
        document: Json = {
            "kind": _KIND,
            "version": FORMAT,
            "project": self.ref.project,
            "stack": self.ref.stack,
            "workspace": self.ref.workspace,
            "base": {"revision": self.base[0], "digest": self.base[1]},
            "workspaceDigest": self.workspace_digest,
            "modules": [each.to_json() for each in self.modules],
            "options": dict(sorted(self.options.items())),
            "target": self.target.to_json(),
            "live": self.live,
            **({"adopt": True} if self.adopt else {}),
            "changes": list(self.changes),
            "specDigest": self.spec_digest,
            "resources": dict(self.resources),
        }
        return {**document, "digest": digest_of(document)}

    @classmethod
    def from_json(cls, document: Any, where: str) -> Plan:
        """The inverse of :meth:`to_json`. Raises DamagedError, NewerFormatError."""
        _check(document, where)
        try:
            return cls(
                ref=StackRef(document["project"], document["stack"], document["workspace"]),
                base=(document["base"]["revision"], document["base"]["digest"]),
                workspace_digest=document["workspaceDigest"],
                modules=tuple(ModuleVersion.from_json(each) for each in document["modules"]),
                options=document["options"],
                target=Target.from_json(document["target"]),
                live=document["live"],
                spec_digest=document["specDigest"],
                resources=document["resources"],
                changes=tuple(document["changes"]),
                adopt=document.get("adopt", False),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise damaged(where, repr(error)) from None

    def deviations(self, now: Plan) -> tuple[str, ...]:
        """In what ``now``, which was made of the same stack later, is not this plan: a sentence for each."""
        return tuple([*self._circumstances(now), *self._spec(now), *_changes(self, now)])

    def _circumstances(self, now: Plan) -> Iterator[str]:
        if self.ref != now.ref:
            yield f"it is a plan for {self.ref}, and this is {now.ref}"
        if self.base != now.base:
            yield f"it was made against {_release(self.base)}, and the newest is {_release(now.base)}"
        if self.workspace_digest != now.workspace_digest:
            yield f"the workspace {now.ref.workspace} says something else by now"
        yield from _modules(self.modules, now.modules)
        for name in sorted({*self.options, *now.options}):
            if self.options.get(name) != now.options.get(name):
                yield f"option {name}: {_given(self.options.get(name))} -> {_given(now.options.get(name))}"
        if self.target.identity != now.target.identity:
            yield f"the target: {self.target.identity} -> {now.target.identity}"
        if self.live != now.live:
            yield f"live objects were {'' if self.live else 'not '}read for it, and {'' if now.live else 'not '}now"

    def _spec(self, now: Plan) -> Iterator[str]:
        if self.spec_digest == now.spec_digest:
            return
        told = False
        for id in dict.fromkeys((*self.resources, *now.resources)):
            old, new = self.resources.get(id), now.resources.get(id)
            if old != new:
                told = True
                how = "is new in" if old is None else "is gone from" if new is None else "is another one in"
                yield f"{id} {how} the Spec"
        if not told:
            yield "the Spec has other providers, another context or another secret store"


def damaged(where: str, why: str) -> DamagedError:
    """The error for a plan that is not what was saved."""
    return DamagedError(f"this is not the plan that was saved: {why}", where=where, hint=_AGAIN)


def _check(document: Any, where: str) -> None:
    if not isinstance(document, Mapping) or document.get("kind") != _KIND:
        raise DamagedError("this is no plan", where=where, hint="make one: kusion preview --save FILE")
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise damaged(where, "it has no version")
    if version > FORMAT:
        what = f"it has format {version}, this kusion-dsl reads up to {FORMAT}"
        raise NewerFormatError(what, where=where, hint="upgrade kusion-dsl; nothing was changed")
    rest = {key: value for key, value in document.items() if key != "digest"}
    try:
        intact = digest_of(rest) == document.get("digest")
    except (KusionError, ValueError, RecursionError) as error:
        raise damaged(where, str(error)) from None
    if not intact:
        raise damaged(where, "its digest is not that of what it says")


def _release(base: tuple[int, str]) -> str:
    return f"release {base[0]} ({base[1].removeprefix('sha256:')[:12]})" if base[0] else "nothing"


def _given(value: str | None) -> str:
    return "not given" if value is None else value


def _modules(planned: tuple[ModuleVersion, ...], now: tuple[ModuleVersion, ...]) -> Iterator[str]:
    olds, news = ({each.name: each for each in modules} for modules in (planned, now))
    for name in sorted({*olds, *news}):
        old, new = olds.get(name), news.get(name)
        if old is None or new is None:
            yield f"module {name}: {old or 'none'} -> {new or 'none'}"
        elif str(old) != str(new):
            yield f"module {name}: {old} -> {new}"
        elif old.digest != new.digest:
            yield f"module {name}: {new} has other files than it had"


def _changes(planned: Plan, now: Plan) -> Iterator[str]:
    """How the changes differ that were planned from those that would be made."""
    olds, news = ({each["id"]: each for each in plan.changes} for plan in (planned, now))
    for id in dict.fromkeys((*olds, *news)):
        old, new = olds.get(id), news.get(id)
        if old is None or new is None:
            yield f"{id}: {_operation(old)} -> {_operation(new)}"
            continue
        if old["operation"] != new["operation"]:
            yield f"{id}: {_operation(old)} -> {_operation(new)}"
        yield from (f"{id}: {text}" for text in _fields(old["fields"], new["fields"]))


def _operation(change: Mapping[str, Any] | None) -> str:
    return change["operation"] if change is not None else "no change"


def _fields(planned: list[Json], now: list[Json]) -> Iterator[str]:
    olds, news = ({each["path"]: each for each in fields} for fields in (planned, now))
    for path in dict.fromkeys((*olds, *news)):
        old, new = olds.get(path, {}), news.get(path, {})
        for part in ("before", "after", "live", "cause"):
            if old.get(part) != new.get(part) or (part in old) != (part in new):
                yield f"{path}: {part} {_text(old, part)} -> {_text(new, part)}"


def _text(field: Mapping[str, Any], part: str) -> str:
    text = str(field[part]) if part in field else "(absent)"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
