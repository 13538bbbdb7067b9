"""What Pulumi says when something fails, condensed to what a user can act on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kusion_dsl.engine.cluster.refusals import advice, cause
from kusion_dsl.errors import Problem

_COLOR = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")
_GRPC = re.compile(r"\brpc error: code = \w+ desc = ")
_STATUS = re.compile(r"^(error: |warning: |(preview|update|refresh|destroy) failed: |\* |\s)+", re.IGNORECASE)
_CHECK = re.compile(r"\S+ resource '[^']*'(: property (\S+) value \{.*?\})? has a problem: ", re.DOTALL)
_STEP = re.compile(r"^(creating|updating|deleting|replacing|refreshing|reading|importing) urn:pulumi:\S+: ?")
_COUNT = re.compile(r"^\d+ errors? occurred:$")
_SUMMARY = re.compile(
    r"^((one or more )?errors occurred.*|(update|preview|destroy|refresh|step) (failed|application failed.*|canceled)"
    r"|resource monitor (has )?(terminated|shut down).*|BAIL: .*|an unhandled error occurred.*"
    r"|the (update|operation) was canceled.*|context canceled|resource registration failed|)$",
    re.IGNORECASE,
)
_PROTECTED = re.compile(r'resource "urn:pulumi:[^"]*" cannot be deleted\s+because it is protected\..*', re.DOTALL)
_URN = re.compile(r"urn:pulumi:[^\s'\"]*?::[^\s'\"]*?::[^\s'\"]*?::([^\s'\"]+?)(::[^\s'\":]+)?(?=:?([\s'\"]|$))")
_PREMATURE = re.compile(
    r"Detected that (?:\S*/)?(\S+) exited prematurely\.\s+This is \*always\* a bug in the provider\..*?of the plugin:",
    re.DOTALL,
)
_NONE: Mapping[str, str] = {}
_TRACE = re.compile(r'^(Traceback \(most recent call last\)|File ".*", line \d+|[~^ ]+$)')


def condensed(message: str) -> str:
    """One diagnostic without colours, URNs, gRPC's prefixes, stack traces and lines that only say that it failed."""
    lines = []
    plain = _PROTECTED.sub("it is protected: apply it once without the option 'protect', then remove it", message)
    plain = _PREMATURE.sub(r"the provider \1 has ended before its time", plain)
    plain = _CHECK.sub(lambda found: f"{found[2]}: " if found[2] else "", _COLOR.sub("", plain))
    for raw in plain.splitlines():
        line = raw.strip()
        if _TRACE.match(line):
            continue
        former = None
        while line != former:
            former = line
            line = cause(_STEP.sub("", _GRPC.sub("", _STATUS.sub("", line))))
        if not _SUMMARY.match(line) and not _COUNT.match(line):
            lines.append(_URN.sub(r"\1", line))
    return "\n".join(dict.fromkeys(lines))


class Diagnostics:
    """The errors of a run: by resource id, and under the empty id those of the run as a whole."""

    def __init__(self) -> None:
        self._messages: dict[str, dict[str, None]] = {}

    def add(self, id: str, message: str) -> None:
        """Take a diagnostic; one that says nothing is left out."""
        text = condensed(message)
        if text:
            self._messages.setdefault(id, {})[text] = None

    def of(self, id: str) -> str:
        """What was said about one resource."""
        return "\n".join(self._messages.get(id, {}))

    def text(self, failed: Mapping[str, str] = _NONE) -> str:
        """Everything, each message behind its resource; ``failed`` are ids that failed without a word."""
        return "\n".join(f"{id}: {message}" if id else message for id, message in self._each(failed))

    def problems(self, failed: Mapping[str, str] = _NONE) -> tuple[Problem, ...]:
        """Everything as problems, each at the id of its resource, with what to do about it where that is known.

        What many resources failed of for a reason that is none of theirs (the cluster was not reached) is one problem,
        at the first of them. ``failed`` are ids that failed without a word, and what is to be said instead.
        """
        told: dict[str, list[Problem]] = {}
        for id, message in self._each(failed):
            known = advice(message)
            what, *details = message.splitlines()
            problem = Problem(what, id or None, known.text if known else None, tuple(details))
            told.setdefault(known.text if known and known.common else f"{id} {message}", []).append(problem)
        return tuple(_as_one(problems) for problems in told.values())

    def _each(self, failed: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        silent = {id: {text or "failed": None} for id, text in failed.items() if id not in self._messages}
        for id, messages in sorted({**self._messages, **silent}.items()):
            for message in messages:
                yield id, message


def _as_one(problems: list[Problem]) -> Problem:
    """The first problem, and how many other resources have the same one."""
    places = dict.fromkeys(problem.where for problem in problems if problem.where)
    others = len(places) - 1
    first = problems[0]._replace(where=next(iter(places), None))
    if others < 1:
        return first
    more = f"{others} other resources" if others > 1 else "another resource"
    return first._replace(details=(*first.details, f"the same holds for {more}"))
